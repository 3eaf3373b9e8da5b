package edit

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// same reports whether two trees say the same: the order of keys, and of the
// records in a list, aside; styles and comments aside.
func same(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) || a.Style&yaml.TaggedStyle != b.Style&yaml.TaggedStyle {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.Value == b.Value && (a.Style&yaml.TaggedStyle == 0 || a.Tag == b.Tag) &&
			special(a) == special(b)
	case yaml.AliasNode:
		return a.Value == b.Value
	case yaml.MappingNode:
		left := map[string][][2]*yaml.Node{}
		for _, q := range pairs(b) {
			left[q[0].Value] = append(left[q[0].Value], q)
		}
		for _, p := range pairs(a) {
			key := p[0].Value
			i := slices.IndexFunc(left[key], func(q [2]*yaml.Node) bool {
				return p[0].Kind == q[0].Kind && p[0].Anchor == q[0].Anchor &&
					(p[0].Tag == "!!merge") == (q[0].Tag == "!!merge") && same(p[1], q[1])
			})
			if i < 0 {
				return false
			}
			left[key] = slices.Delete(left[key], i, i+1)
		}
		return true
	case yaml.SequenceNode:
		if !slices.ContainsFunc(a.Content, func(n *yaml.Node) bool { return n.Kind != yaml.MappingNode }) {
			left := slices.Clone(b.Content)
			for _, n := range a.Content {
				i := slices.IndexFunc(left, func(m *yaml.Node) bool { return same(n, m) })
				if i < 0 {
					return false
				}
				left = slices.Delete(left, i, i+1)
			}
			return true
		}
		return slices.EqualFunc(a.Content, b.Content, same)
	}
	return true
}

// special is the tag of a scalar that is more than text to zoneherd: nothing
// at all, or true or false.
func special(n *yaml.Node) string {
	if n.Tag == "!!null" || n.Tag == "!!bool" {
		return n.Tag
	}
	return ""
}

func pairs(n *yaml.Node) [][2]*yaml.Node {
	var out [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	return out
}
