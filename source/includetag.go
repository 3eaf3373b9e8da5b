package source

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// Bounds on what `!include` may bring into one file.
const (
	maxIncludeTags = 1000
	maxIncludeSize = 4 * MaxFileSize // all files together
)

const includeTag = "!include"

// tagReader reads YAML as octoDNS's loader does: `!include FILE` stands for
// what that file holds, and a merge key brings its mapping where it stands, so
// that of equal keys the last one counts.
type tagReader struct {
	tree     *Tree
	problems *schema.Problems
	all      map[*yaml.Node]*document // what was included
	files    []Path                   // in the order in which they were included
	size     int                      // of their texts
	comments map[string]int           // lines of comments by file
}

// readTagged reads a file; nil where nothing can be read of it, which has been
// told.
func readTagged(p Path, problems *schema.Problems) (*document, *tagReader) {
	t := &tagReader{tree: p.Tree, problems: problems, all: map[*yaml.Node]*document{}, comments: map[string]int{}}
	text, err := readFile(p.Tree, p.Name)
	if err != nil {
		problems.Add(schema.Error, schema.Position{File: p.Shown()}, "file", "%v", err)
		return nil, t
	}
	d, ok := decode(p.Shown(), text, problems)
	if !ok {
		return nil, t
	}
	if d.root != nil {
		t.comments[d.file] = countComments(d.root)
		d.root = t.resolve(d, d.root, []Path{p}, 1)
		d.elsewhere = t.all
		if !d.check() {
			return nil, t
		}
	}
	return d, t
}

// countComments counts the comments in a file, a line each.
func countComments(n *yaml.Node) int {
	total := 0
	for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		for line := range strings.Lines(c) {
			if strings.TrimSpace(line) != "" {
				total++
			}
		}
	}
	for _, c := range n.Content {
		total += countComments(c)
	}
	return total
}

// resolve gives what a node stands for, and resolves what is below it. within
// is the chain of files that led here.
func (t *tagReader) resolve(d *document, n *yaml.Node, within []Path, depth int) *yaml.Node {
	if depth > maxDepth {
		return n // which check tells
	}
	if n.Kind == yaml.ScalarNode && n.Tag == includeTag {
		return t.include(d, n, within, depth)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		n.Content[i] = t.resolve(d, c, within, depth+1)
	}
	if n.Kind == yaml.MappingNode {
		t.flatten(d, n)
	}
	return n
}

// include reads the file that a node names; where that fails, it gives a node
// of which nothing more is said.
func (t *tagReader) include(d *document, n *yaml.Node, within []Path, depth int) *yaml.Node {
	p, err := t.included(n.Value, within)
	var text []byte
	if err == nil {
		text, err = readFile(t.tree, p.Name)
	}
	if t.size += len(text); err == nil && t.size > maxIncludeSize {
		err = fmt.Errorf("what is included is larger than %d MiB together: divide the file", maxIncludeSize>>20)
	}
	if err != nil {
		d.problem(d.at(n), "include", "%s %s: %v", includeTag, n.Value, err)
		return &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.TaggedStyle, Tag: toldTag, Line: n.Line, Column: n.Column}
	}
	t.files = append(t.files, p)
	other, ok := decode(p.Shown(), text, t.problems)
	if !ok || other.root == nil {
		nothing := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null", Line: n.Line, Column: n.Column}
		if !ok {
			nothing.Style, nothing.Tag = yaml.TaggedStyle, toldTag
		}
		return nothing
	}
	t.comments[other.file] = countComments(other.root)
	other.budget = d.budget
	defer func() { d.budget = other.budget }()
	root := t.resolve(other, other.root, append(slices.Clone(within), p), depth+1)
	t.own(other, root)
	return root
}

// own notes that a node and what is below it stand in a file.
func (t *tagReader) own(d *document, n *yaml.Node) {
	if t.all[n] != nil {
		return
	}
	t.all[n] = d
	for _, c := range n.Content {
		t.own(d, c)
	}
}

// included finds the file that an !include names, within bounds.
func (t *tagReader) included(text string, within []Path) (Path, error) {
	p := Path{t.tree, path.Join(path.Dir(within[len(within)-1].Name), text)}
	switch {
	case path.IsAbs(text), strings.HasPrefix(text, "~"), p.Name == "..", strings.HasPrefix(p.Name, "../"):
		return p, errors.New("leads out of the repository, which is never followed: put the file inside")
	case slices.Contains(within, p):
		return p, fmt.Errorf("%s includes itself: take the circle out", p.Shown())
	case len(within) > maxIncludeDepth:
		return p, fmt.Errorf("includes are nested more than %d deep: include the file directly", maxIncludeDepth)
	case len(t.files) >= maxIncludeTags:
		return p, fmt.Errorf("this file includes more than %d files: divide it", maxIncludeTags)
	}
	return p, nil
}

// flatten puts what merge keys bring into their place. Of a key that stands
// there more than once for that, the last counts; a key that a person wrote
// twice stays, to be told.
func (t *tagReader) flatten(d *document, n *yaml.Node) {
	if !slices.ContainsFunc(n.Content, isMerge) {
		return
	}
	var out []*yaml.Node
	last, merged := map[string]int{}, map[string]bool{}
	put := func(key, value *yaml.Node, brought bool) {
		if text, ok := keyText(key); ok {
			last[text] = len(out)
			merged[text] = merged[text] || brought
		}
		out = append(out, key, value)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !isMerge(key) {
			put(key, value, false)
			continue
		}
		from := d.follow(value)
		sources := []*yaml.Node{from}
		if from.Kind == yaml.SequenceNode {
			sources = slices.Clone(from.Content)
			slices.Reverse(sources) // the first of a list counts most
		}
		for _, s := range sources {
			s = d.follow(s)
			switch {
			case isBad(s):
			case s == n || s.Kind != yaml.MappingNode:
				d.problem(d.at(value), "kind", "the merge key << takes a mapping, and this is a %s", kindName(s))
			default:
				for j := 0; j+1 < len(s.Content); j += 2 {
					if !isMerge(s.Content[j]) { // one that is not resolved yet is a circle
						put(s.Content[j], s.Content[j+1], true)
					}
				}
			}
		}
	}
	n.Content = nil
	for i := 0; i < len(out); i += 2 {
		if text, ok := keyText(out[i]); !ok || !merged[text] || last[text] == i {
			n.Content = append(n.Content, out[i], out[i+1])
		}
	}
}
