// Package edit changes the text of zone files, and keeps what people wrote.
package edit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/octodns"
)

// Format lays a zone file, or one that others include, out as [source.Write]
// does: a record on one line where it fits, else its keys on lines of their
// own; names in the order of DNS, the apex first, types by name. In octoDNS's
// form it is octoDNS's order, which octoDNS insists on.
//
// Comments stay where they are meant: one at a line's end goes with the line,
// and one above a name stays above it. What stands below a blank line or a
// comment is sorted by itself, so that groups which people made stay groups.
//
// What the file declares never changes, and no comment is lost: a file for
// which that cannot be shown is an error, as is one that is no good as YAML
// (then with [schema.Problems] inside).
func Format(file string, text []byte) ([]byte, error) {
	clean := normalise(text)
	before, problems := source.ParseText(file, []byte(clean))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if before.Root == nil {
		return []byte(tidy(clean)), nil
	}
	l, err := read(clean, before)
	if err != nil {
		return nil, fmt.Errorf("%s is left as it is: %w", file, err)
	}
	out := l.print()
	if err := l.check(file, out); err != nil {
		return nil, fmt.Errorf("%s is left as it is: %w", file, err)
	}
	return []byte(out), nil
}

// normalise gives every line the same end.
func normalise(text []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(text), "\ufeff"))
}

// tidy is a text without blanks at line ends, and with one line end at its end.
func tidy(text string) string {
	var out strings.Builder
	blank := true // also at the beginning
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\n")
		if line == "" {
			blank = blank || out.Len() > 0
			continue
		}
		if blank && out.Len() > 0 {
			out.WriteByte('\n')
		}
		blank = false
		out.WriteString(line + "\n")
	}
	return out.String()
}

// check holds the new text to what Format promises.
func (l *layout) check(file, out string) error {
	after, problems := source.ParseText(file, []byte(out))
	if problems.Err() != nil || after.Root == nil || after.OctoDNS != l.octodns || !same(l.root.node, after.Root) {
		return errors.New("laid out anew it would not be shown to say the same: write it with fewer of YAML's special forms")
	}
	again, err := scan(out, after.Root)
	if err != nil {
		return err
	}
	was, is := texts(l.comments), texts(again.comments)
	slices.Sort(was)
	slices.Sort(is)
	if !slices.Equal(was, is) {
		return errors.New("a comment would be lost: put comments above or behind whole records")
	}
	return nil
}

// sortKeys puts the entries of the mappings and lists whose order means
// nothing into the canonical one.
func (l *layout) sortKeys(c *collection, role role) {
	for _, e := range c.entries {
		if e.below != nil {
			l.sortKeys(e.below, l.roleBelow(role, e))
		}
	}
	if role == roleRecord || role == roleValue { // a record is one group, however it was spread
		for _, e := range c.entries {
			e.lead = slices.DeleteFunc(e.lead, func(s string) bool { return s == "" })
		}
	}
	rank := l.order(c, role)
	if rank == nil {
		return
	}
	for start := 0; start < len(c.entries); {
		end := start + 1
		for end < len(c.entries) && len(c.entries[end].lead) == 0 {
			end++
		}
		group := c.entries[start:end]
		start = end
		first := group[0]
		if slices.ContainsFunc(first.lead, func(s string) bool { return s != "" }) {
			slices.SortStableFunc(group[1:], rank) // the comment may be the name's or the group's: it stays with both
			continue
		}
		lead := first.lead
		first.lead = nil
		slices.SortStableFunc(group, rank)
		group[0].lead = lead
	}
}

// order compares entries of a collection; nil where their order is kept.
func (l *layout) order(c *collection, role role) func(a, b *entry) int {
	switch {
	case l.anchors: // an alias has to come after its anchor
		return nil
	case role == roleRecords:
		return func(a, b *entry) int { return strings.Compare(a.typ(), b.typ()) }
	case c.isList:
		return nil
	case role == roleOwners && l.octodns:
		return func(a, b *entry) int { return octodns.Natural(a.key.Value, b.key.Value) }
	case role == roleOwners:
		return compareOwners
	case l.octodns && (role == roleRecord || role == roleValue):
		return func(a, b *entry) int { return octodns.Natural(a.key.Value, b.key.Value) }
	case role == roleTop:
		return byRank([]string{"zone", "zones", "state", "from-live", "lenient", "allow", "ttl", "include", "records"})
	case role == roleRecord:
		return byRank([]string{"type", "ttl", "value", "values", "raw", "lenient", "octodns"})
	case role == roleValue:
		return byRank([]string{"flags", "tag", "preference", "priority", "weight", "port", "exchange", "target", "value", "data", "ttl"})
	}
	return nil
}

// byRank compares keys by their places in a list, others after them.
func byRank(keys []string) func(a, b *entry) int {
	rank := func(e *entry) int {
		if i := slices.Index(keys, e.key.Value); i >= 0 {
			return i
		}
		return len(keys)
	}
	return func(a, b *entry) int { return rank(a) - rank(b) }
}

// somewhere stands for the zone of an included file, which has many.
var somewhere = schema.MustName("invalid")

// compareOwners compares names as DNS does; what is no relative name comes last.
func compareOwners(a, b *entry) int {
	x, xerr := schema.ParseOwner(a.key.Value, somewhere)
	y, yerr := schema.ParseOwner(b.key.Value, somewhere)
	switch {
	case xerr == nil && yerr == nil:
		return x.Compare(y)
	case xerr == nil:
		return -1
	case yerr == nil:
		return 1
	}
	return strings.Compare(a.key.Value, b.key.Value)
}
