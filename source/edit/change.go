package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// Change is what [Upgrade] is to change besides. Its places are those of the
// file as it is; their file does not matter.
type Change struct {
	// LeaveOut are the records that become comments, by the places of their
	// types, and keys of records, by their own, with the reason for each.
	LeaveOut map[schema.Position]string
	// Lenient are the records that get lenient: true, by their places.
	Lenient map[schema.Position]bool
	// Rename are owner names, by the places of their keys.
	Rename map[schema.Position]string
}

// at is the place of a node, of whichever file.
func at(n *yaml.Node) schema.Position { return schema.Position{Line: n.Line, Column: n.Column} }

// change makes the changes to a file in octoDNS's form.
func (l *layout) change(c Change) {
	for _, o := range slices.Clone(l.root.entries) {
		if name, ok := c.Rename[at(o.key)]; ok {
			o.key.Value, o.key.Tag, o.key.Style = name, "!!str", yaml.DoubleQuotedStyle
		}
		if o.below == nil {
			continue
		}
		if !o.below.isList {
			if reason := c.LeaveOut[o.typeAt()]; reason != "" {
				l.leaveOut(o, roleOwners, reason)
				continue
			}
			l.changeRecord(o, c)
			continue
		}
		for _, r := range slices.Clone(o.below.entries) {
			reason := c.LeaveOut[r.typeAt()]
			switch {
			case r.below == nil:
			case reason != "" && len(o.below.entries) == 1:
				l.leaveOut(o, roleOwners, reason)
			case reason != "":
				l.leaveOut(r, roleRecords, reason)
			default:
				l.changeRecord(r, c)
			}
		}
	}
}

// changeRecord makes the changes within a record.
func (l *layout) changeRecord(r *entry, c Change) {
	if r.below.isList {
		return
	}
	for _, f := range slices.Clone(r.below.entries) {
		if reason := c.LeaveOut[at(f.key)]; reason != "" {
			l.leaveOut(f, roleRecord, reason)
		}
	}
	if c.Lenient[at(r.value)] {
		r.below.makeLenient()
	}
}

// typeAt is where a record says its type.
func (e *entry) typeAt() schema.Position {
	if e.below != nil && !e.below.isList {
		for _, f := range e.below.entries {
			if f.key.Value == "type" {
				return at(f.value)
			}
		}
	}
	return schema.Position{}
}

// makeLenient adds lenient: true to a record.
func (c *collection) makeLenient() {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "lenient"}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}
	c.node.Content = append(c.node.Content, key, value)
	c.entries = append(c.entries, &entry{in: c, key: key, value: value})
}

// leaveOut makes an entry of a collection comments, above what comes next.
func (l *layout) leaveOut(e *entry, in role, reason string) {
	c := e.in
	i := slices.Index(c.entries, e)
	p := &printer{layout: l}
	p.entry(e, in, e.typ(), 0)
	lines := []string{"# left out: " + reason}
	for line := range strings.Lines(strings.TrimSuffix(p.out.String(), "\n")) {
		lines = append(lines, strings.TrimRight("# "+line, " \n"))
	}
	for _, text := range e.inner() { // which are part of those lines now
		if j := slices.IndexFunc(l.comments, func(k comment) bool { return k.text == text }); j >= 0 {
			l.comments = slices.Delete(l.comments, j, j+1)
		}
	}
	for _, line := range lines {
		l.comments = append(l.comments, comment{text: line, own: true})
	}
	lines = append(slices.Clone(e.lead), lines...)
	c.entries = slices.Delete(c.entries, i, i+1)
	step := 2
	if c.isList {
		step = 1
	}
	c.node.Content = slices.Delete(c.node.Content, i*step, (i+1)*step)
	if i < len(c.entries) {
		c.entries[i].lead = append(lines, c.entries[i].lead...)
	} else {
		c.foot = append(lines, c.foot...)
	}
}

// inner are the comments within an entry.
func (e *entry) inner() []string {
	var out []string
	if e.behind != "" {
		out = append(out, e.behind)
	}
	if e.below != nil {
		for _, b := range e.below.entries {
			out = append(append(out, b.lead...), b.inner()...)
		}
		out = append(out, e.below.foot...)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
