package source

import (
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// Node is a value in a YAML file of another program's, with its place.
type Node struct {
	doc  *document
	node *yaml.Node
}

// Member is a key of a mapping, and what it is.
type Member struct {
	Key  string
	At   schema.Position // of the key
	Node                 // the value
}

// ReadNode reads a YAML file as octoDNS reads its configuration, with
// !include. ok is false where nothing can be read of it, which has been told;
// an empty file is an empty mapping.
func ReadNode(p Path, problems *schema.Problems) (n Node, ok bool) {
	d, _ := readTagged(p, problems)
	if d == nil {
		return Node{}, false
	}
	if d.root == nil {
		d.root = &yaml.Node{Kind: yaml.MappingNode}
	}
	return Node{d, d.root}, true
}

// At is where the value stands.
func (n Node) At() schema.Position { return n.doc.at(n.node) }

// IsZero reports whether there is no such value.
func (n Node) IsZero() bool { return n.node == nil }

// IsMapping reports whether the value is a mapping.
func (n Node) IsMapping() bool { return n.node != nil && n.node.Kind == yaml.MappingNode }

// IsList reports whether the value is a list.
func (n Node) IsList() bool { return n.node != nil && n.node.Kind == yaml.SequenceNode }

// IsNull reports whether the value is nothing, or null.
func (n Node) IsNull() bool { return n.node == nil || n.doc.isNull(n.node) }

// Text is a scalar as it is written; empty for anything else.
func (n Node) Text() string {
	if n.IsNull() || n.node.Kind != yaml.ScalarNode {
		return ""
	}
	return n.node.Value
}

// Members are the keys of a mapping, in the order of the file.
func (n Node) Members() []Member {
	if !n.IsMapping() {
		return nil
	}
	var out []Member
	for _, p := range n.doc.pairs(n.node) {
		out = append(out, Member{p.text, n.doc.at(p.key), Node{n.doc, p.value}})
	}
	return out
}

// Get finds a key of a mapping; zero where it has none.
func (n Node) Get(key string) Node {
	for _, m := range n.Members() {
		if m.Key == key {
			return m.Node
		}
	}
	return Node{}
}

// List are the elements of a list; a scalar is a list of one, and nothing is
// an empty one.
func (n Node) List() []Node {
	if n.IsNull() {
		return nil
	}
	var out []Node
	for _, e := range n.doc.elements(n.node) {
		out = append(out, Node{n.doc, e})
	}
	return out
}
