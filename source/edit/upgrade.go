package edit

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Upgrade makes a file in octoDNS's form one in zoneherd's, laid out as by
// [Format]: the names stand below records:, the apex is "@", and a `\;` in a
// text is `;`, without the quotes that octoDNS takes off. Options of octoDNS's
// stay, and mean what they did. A file in zoneherd's form is laid out alone.
func Upgrade(file string, text []byte) ([]byte, error) {
	return UpgradeWith(file, text, Change{})
}

// UpgradeWith is Upgrade with changes, which the caller has to look at: what the
// file declares is held to be the same only where there are none.
func UpgradeWith(file string, text []byte, c Change) ([]byte, error) {
	clean := normalise(text)
	before, problems := source.ParseText(file, []byte(clean))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if before.Root == nil || !before.OctoDNS {
		return Format(file, text)
	}
	l, err := read(clean, before)
	if err != nil {
		return nil, fmt.Errorf("%s is left as it is: %w", file, err)
	}
	l.change(c)
	l.upgrade()
	out := l.print()
	err = l.check(file, out)
	changed := len(c.LeaveOut)+len(c.Lenient)+len(c.Rename) > 0
	if err == nil && !changed && !slices.Equal(declared(file, clean), declared(file, out)) {
		err = errors.New("in zoneherd's form it would not be shown to declare the same: write records out that are merged or aliased, and see what zoneherd validate says of it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s is left as it is: %w", file, err)
	}
	return []byte(out), nil
}

// upgrade puts the names below records:.
func (l *layout) upgrade() {
	for _, o := range l.root.entries {
		if o.key.Value == "" {
			o.key.Value, o.key.Tag, o.key.Style = "@", "!!str", yaml.DoubleQuotedStyle
		}
		if o.below == nil {
			continue
		}
		if !o.below.isList {
			l.unescape(o.below)
		}
		for _, r := range o.below.entries {
			if o.below.isList && r.below != nil {
				l.unescape(r.below)
			}
		}
	}
	l.octodns = false
	l.header = slices.DeleteFunc(l.header, func(line string) bool { return line == "---" })
	owners := l.root
	top := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "records"}
	top.Content = []*yaml.Node{key, owners.node}
	l.root = &collection{node: top}
	records := &entry{in: l.root, key: key, value: owners.node, below: owners}
	l.root.entries = []*entry{records}
	owners.owner = records
	if len(owners.entries) > 0 { // what stands above a blank line is about the file
		first := owners.entries[0]
		if i := lastBlank(first.lead); i > 0 {
			records.lead, first.lead = first.lead[:i+1], first.lead[i+1:]
		}
	}
}

func lastBlank(lines []string) int {
	for i, line := range slices.Backward(lines) {
		if line == "" {
			return i
		}
	}
	return -1
}

// unescape takes the backslashes before semicolons, and the quotes that
// octoDNS takes off, out of a record's texts.
func (l *layout) unescape(record *collection) {
	if record.isList || record.owner.typ() != "TXT" {
		return
	}
	plain := func(n *yaml.Node) {
		if v := n.Value; len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
			n.Value = v[1 : len(v)-1]
		}
		n.Value = strings.ReplaceAll(n.Value, `" "`, "")
		n.Value = strings.ReplaceAll(n.Value, `\;`, ";")
		for i, line := range l.blocks[n] {
			l.blocks[n][i] = strings.ReplaceAll(line, `\;`, ";")
		}
	}
	for _, f := range record.entries {
		if !valueKey[f.key.Value] {
			continue
		}
		if f.value.Kind == yaml.ScalarNode {
			plain(f.value)
		}
		if f.below == nil {
			continue
		}
		for _, v := range f.below.entries {
			if v.value.Kind == yaml.ScalarNode {
				plain(v.value)
			}
		}
	}
}

// declared is what a file declares, a line for each record, and which mistakes
// are found in it; the zone is the one that its name says, or any.
func declared(file, text string) []string {
	name := path.Base(file)
	if !strings.Contains(strings.TrimSuffix(name, path.Ext(name)), ".") {
		name = "example.com.yaml"
	}
	r, err := source.Load(context.Background(), []source.Path{source.InMemory(name, []byte(text))}, source.Options{DefaultTTL: schema.DefaultTTL, SkipUnsupported: true})
	if err != nil {
		return []string{err.Error()} // which ends no comparison as equal by chance: only the context ends Load
	}
	var out []string
	for _, z := range r.Zones {
		for _, s := range z.RRsets {
			for _, v := range s.Values {
				out = append(out, fmt.Sprint(s.Name, " ", s.Type, " ", v.TTL, " ", v.Data, " ", v.Lenient))
			}
		}
		for _, h := range z.Held {
			out = append(out, fmt.Sprint("held ", h.Name, h.Types, h.Reason))
		}
	}
	for _, p := range r.Problems {
		out = append(out, p.Severity.String()+" "+p.Rule)
	}
	slices.Sort(out)
	return out
}
