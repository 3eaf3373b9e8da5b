package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// name is the owner name that an entry is about.
func (d *declaration) name(e *entry) schema.Name {
	name, err := schema.ParseOwner(follow(e.key).Value, d.Zone)
	if err != nil {
		return schema.Name{}
	}
	return name
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// record is a record of a name in the file.
type record struct {
	entry *entry // the name's own where it has one record and no list
	typ   schema.Type
}

// records are those of a name.
func (d *declaration) records(e *entry) []record {
	if e.below == nil || !e.below.isList {
		return []record{{e, typeOf(e.value)}}
	}
	var out []record
	for _, r := range e.below.entries {
		out = append(out, record{r, typeOf(r.value)})
	}
	return out
}

// typeOf is a record's type, also where it comes from an alias or a merge key.
func typeOf(n *yaml.Node) schema.Type {
	if n = lookUp(n, 0, "type"); n == nil {
		return ""
	}
	return schema.Type(strings.ToUpper(n.Value))
}

// lookUp finds what stands at one of some keys of a mapping, its own before those
// that merge keys bring.
func lookUp(n *yaml.Node, depth int, keys ...string) *yaml.Node {
	if n = follow(n); n.Kind != yaml.MappingNode || depth > 16 {
		return nil
	}
	var merged *yaml.Node
	for _, p := range pairs(n) {
		value := follow(p[1])
		if p[0].Tag != "!!merge" {
			if slices.Contains(keys, follow(p[0]).Value) {
				return value
			}
			continue
		}
		sources := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			sources = value.Content
		}
		for _, s := range sources {
			if merged == nil {
				merged = lookUp(s, depth+1, keys...)
			}
		}
	}
	return merged
}

// valuesOf is the entry with a record's values; nil where they come from elsewhere.
func valuesOf(r *entry) *entry {
	if r.below == nil {
		return nil
	}
	for _, f := range r.below.entries {
		if f.key.Value == "value" || f.key.Value == "values" {
			return f
		}
	}
	return nil
}

// values are the nodes of a record's values, wherever they stand.
func (d *declaration) values(r *entry, s RRset) ([]*yaml.Node, error) {
	n := lookUp(r.value, 0, "value", "values")
	switch {
	case n == nil && len(s.Values) == 0:
		return nil, nil
	case n == nil:
		return nil, d.problem(d.at(r.value), "the values of %s %s are not found at their place: write them out here, and run again", s.Name.Display(), s.Type)
	case n.Kind == yaml.SequenceNode:
		return n.Content, nil
	}
	return []*yaml.Node{n}, nil
}

// findAliased takes note of what aliases stand for.
func (d *declaration) findAliased(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		d.aliased[n.Alias] = true
	}
	for _, c := range n.Content {
		d.findAliased(c)
	}
}

// free wants nodes to stand for themselves alone.
func (d *declaration) free(nodes ...*yaml.Node) error {
	for _, n := range nodes {
		if n.Kind == yaml.AliasNode {
			return d.problem(d.at(n), "this comes from the alias *%s, and a change would be one of all that use it: write it out here, and run again", n.Value)
		}
		if d.aliased[n] {
			return d.problem(d.at(n), "the alias *%s stands for this elsewhere too, and a change would be one of all that use it: write it out there, and run again", n.Anchor)
		}
	}
	return nil
}

// freeBelow wants a node and all within it to be of no use elsewhere.
func (d *declaration) freeBelow(n *yaml.Node) error {
	if d.aliased[n] {
		return d.free(n)
	}
	for _, c := range n.Content {
		if err := d.freeBelow(c); err != nil {
			return err
		}
	}
	return nil
}
