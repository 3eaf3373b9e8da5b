package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// document is one YAML file, parsed but not yet understood.
type document struct {
	file  string // as messages name it
	text  []byte
	root  *yaml.Node // nil for an empty file
	lines []int      // byte offset of each line; made when first needed

	problems *schema.Problems
	// duplicates says that some mapping has a key twice.
	duplicates bool
	// budget is how many more nodes may be reached through aliases; once it is
	// spent, the rest of the file is read no further and nothing more is said.
	budget int
	sizes  map[*yaml.Node]int // of what aliases stand for

	elsewhere map[*yaml.Node]*document // nodes that !include brought; nil where none is read

	// The line that was last looked at character by character.
	lastLine  int
	lastRunes []rune
}

// again is the document for one more reading, with a budget of its own.
func (d *document) again(problems *schema.Problems) *document {
	return &document{file: d.file, text: d.text, root: d.root, problems: problems, duplicates: d.duplicates, budget: maxAliased, elsewhere: d.elsewhere}
}

// Bounds on what one file may hold.
const (
	maxAliased = 100_000 // nodes reached through aliases
	maxDepth   = 64      // mappings and lists within one another

	spent = -1 << 30 // an alias budget that has been reported as overdrawn
)

// parse reads a file's text. What is wrong with it as YAML goes to problems,
// and ok is false where nothing could be read.
func parse(file string, text []byte, problems *schema.Problems) (d *document, ok bool) {
	if d, ok = decode(file, text, problems); !ok || d.root == nil {
		return d, ok
	}
	return d, d.check()
}

// check looks at the nodes of a document; what it returns is false where
// nothing can be read of it.
func (d *document) check() bool {
	before := d.problems.Count(schema.Error)
	d.checkNodes(d.root, 1)
	return d.problems.Count(schema.Error) == before || d.root.Kind == yaml.MappingNode
}

// decode is parse without a look at the nodes.
func decode(file string, text []byte, problems *schema.Problems) (d *document, ok bool) {
	d = &document{file: file, text: text, problems: problems, budget: maxAliased}
	d.text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !d.checkBytes() {
		return d, false
	}
	defer func() {
		if r := recover(); r != nil { // a fault of the YAML library, not of ours to pass on
			d.problem(schema.Position{File: file, Line: 1, Column: 1}, "syntax", "the YAML reader gave up on this file (%v): simplify it", r)
			ok = false
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(d.text))
	var node yaml.Node
	if err := decoder.Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			return d, true
		}
		d.syntaxError(err)
		return d, false
	}
	var second yaml.Node
	switch err := decoder.Decode(&second); {
	case err == nil:
		at := d.at(&second)
		if len(second.Content) > 0 {
			at = d.at(second.Content[0])
		}
		d.problem(at, "documents", "a second YAML document begins here, and only the first would be read: put it into a file of its own")
		return d, false
	case !errors.Is(err, io.EOF):
		d.syntaxError(err)
		return d, false
	}
	if len(node.Content) == 0 {
		return d, true
	}
	d.root = node.Content[0]
	if d.isNull(d.root) {
		d.root = nil
	}
	return d, true
}

// checkBytes refuses what is no text at all, at the byte where it shows.
func (d *document) checkBytes() bool {
	if len(d.text) >= 2 && (d.text[0] == 0xff && d.text[1] == 0xfe || d.text[0] == 0xfe && d.text[1] == 0xff) {
		d.problem(d.offset(0), "utf8", "the file is UTF-16: save it as UTF-8")
		return false
	}
	for i := 0; i < len(d.text); {
		c := d.text[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(d.text[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			d.problem(d.offset(i), "utf8", "the byte 0x%02x is not UTF-8: save the file as UTF-8", c)
			return false
		case r < ' ', r >= 0x7f && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff, r == 0xfeff:
			d.problem(d.offset(i), "control", "the character U+%04X is not allowed in YAML: remove it, or in double quotes write it as an escape", r)
			return false
		}
		i += n
	}
	return true
}

// checkNodes looks at every node once: tags, duplicate keys, depth.
func (d *document) checkNodes(n *yaml.Node, depth int) {
	if depth > maxDepth {
		d.problem(d.at(n), "depth", "mappings and lists stand more than %d deep within one another here: a zone file needs five", maxDepth)
		n.Content = nil
		return
	}
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.Tag {
		case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", toldTag:
		default:
			d.problem(d.at(n), "tag", "the tag %s means nothing here, and what it stands for is not looked up: write the value itself", n.Tag)
			n.Tag = badTag
		}
	}
	if n.Kind == yaml.MappingNode {
		var seen map[string]*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			text, ok := keyText(key)
			if !ok {
				continue
			}
			if len(n.Content) > 16 {
				if seen == nil {
					seen = make(map[string]*yaml.Node, len(n.Content)/2)
				}
				if first := seen[text]; first != nil {
					d.duplicateKey(key, first, text)
				} else {
					seen[text] = key
				}
				continue
			}
			for j := 0; j < i; j += 2 {
				if first, ok := keyText(n.Content[j]); ok && first == text {
					d.duplicateKey(key, n.Content[j], text)
					break
				}
			}
		}
	}
	for _, c := range n.Content {
		d.checkNodes(c, depth+1)
	}
}

// badTag marks a node whose tag has been reported: what it would have meant is
// not known, and nothing more is said about it.
const badTag = "!"

// toldTag is such a mark that no file can have.
const toldTag = "! "

func isBad(n *yaml.Node) bool {
	return (n.Tag == badTag || n.Tag == toldTag) && n.Style&yaml.TaggedStyle != 0
}

// keyText is what a key says, an alias followed.
func keyText(key *yaml.Node) (string, bool) {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	return key.Value, key.Kind == yaml.ScalarNode
}

func (d *document) duplicateKey(key, first *yaml.Node, text string) {
	d.duplicates = true
	*d.problems = append(*d.problems, schema.Problem{
		Position: d.at(key), Rule: "duplicate-key", Related: []schema.Position{d.at(first)},
		Message: fmt.Sprintf("the key %q stands twice in this mapping, and only one of them would count: remove one or join them", text),
	})
}

// pair is a key of a mapping with its value, aliases followed.
type pair struct {
	key   *yaml.Node
	value *yaml.Node
	text  string // the key as written
}

// pairs gives the entries of a mapping in the order of the file, with what
// merge keys (`<<`) bring after its own. Own keys win over merged ones, and
// the first of two equal keys wins; duplicates have been reported already.
func (d *document) pairs(n *yaml.Node) []pair {
	out := make([]pair, 0, len(n.Content)/2)
	var seen map[string]bool
	d.appendPairs(n, &out, &seen, 0)
	return out
}

func (d *document) appendPairs(n *yaml.Node, out *[]pair, seen *map[string]bool, depth int) {
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := d.follow(n.Content[i]), n.Content[i+1]
		if isMerge(n.Content[i]) {
			merges = append(merges, value)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			d.problem(d.at(n.Content[i]), "kind", "a key is text here, and this is a %s: put it in quotes", kindName(key))
			continue
		}
		if (depth > 0 || d.duplicates) && d.known(*out, seen, key.Value) {
			continue
		}
		*out = append(*out, pair{n.Content[i], d.follow(value), key.Value})
	}
	for _, m := range merges {
		d.merge(m, out, seen, depth)
	}
}

// merge adds what one merge key brings: a mapping or a list of mappings.
func (d *document) merge(m *yaml.Node, out *[]pair, seen *map[string]bool, depth int) {
	from := d.follow(m)
	sources := []*yaml.Node{from}
	if from.Kind == yaml.SequenceNode {
		sources = from.Content
	}
	for _, s := range sources {
		s = d.follow(s)
		if s.Kind != yaml.MappingNode {
			d.problem(d.at(m), "kind", "the merge key << takes an alias of a mapping, and this is a %s", kindName(s))
			continue
		}
		if depth > maxDepth || d.budget < 0 {
			d.tooMuch(m)
			return
		}
		d.appendPairs(s, out, seen, depth+1)
	}
}

// known reports whether a key is there already, and remembers it.
func (d *document) known(out []pair, seen *map[string]bool, key string) bool {
	if *seen == nil && len(out) < 8 {
		for i := range out {
			if out[i].text == key {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]bool, 2*len(out))
		for i := range out {
			(*seen)[out[i].text] = true
		}
	}
	was := (*seen)[key]
	(*seen)[key] = true
	return was
}

// follow gives the node that an alias stands for, and n itself where it is
// none. Each node below an alias counts against the file's budget.
func (d *document) follow(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode {
		return n
	}
	if d.budget -= d.size(n.Alias, 0); d.budget < 0 {
		d.tooMuch(n)
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}
	}
	return n.Alias
}

// size counts the nodes below one, aliases written out, up to more than the
// budget ever is.
func (d *document) size(n *yaml.Node, depth int) int {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if len(n.Content) == 0 {
		return 1
	}
	if s, ok := d.sizes[n]; ok {
		return s
	}
	if depth > maxDepth { // a circle, or as good as one
		return maxAliased + 1
	}
	total := 1
	for _, c := range n.Content {
		if total += d.size(c, depth+1); total > maxAliased {
			break
		}
	}
	if d.sizes == nil {
		d.sizes = map[*yaml.Node]int{}
	}
	d.sizes[n] = total
	return total
}

func (d *document) tooMuch(n *yaml.Node) {
	d.problem(d.at(n), "aliases", "aliases of this file stand for more than %d values: write them out or use fewer", maxAliased)
	d.budget = spent
}

// elements gives the elements of a list, aliases followed, and a single value
// as a list of one.
func (d *document) elements(n *yaml.Node) []*yaml.Node {
	n = d.follow(n)
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out[i] = c
		if c.Kind == yaml.AliasNode {
			out[i] = d.follow(c)
		}
	}
	return out
}

// isNull reports whether a node is nothing at all, or a plain null or ~.
func (d *document) isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0
}

// isMerge reports whether a key is a plain `<<`.
func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.Tag == "!!merge" }

// boolean reads true or false.
func (d *document) boolean(p pair) (value, ok bool) {
	if p.value.Kind == yaml.ScalarNode && p.value.Tag == "!!bool" {
		switch p.value.Value {
		case "true", "True", "TRUE":
			return true, true
		case "false", "False", "FALSE":
			return false, true
		}
	}
	if !isBad(p.value) {
		d.problem(d.at(p.value), "kind", "%s is true or false, not %s", p.text, d.describe(p.value))
	}
	return false, false
}

// scalar reads a scalar as it is written.
func (d *document) scalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case isBad(n):
	case n.Kind != yaml.ScalarNode:
		d.problem(d.at(n), "kind", "%s is a single value here, not a %s", what, kindName(n))
	case d.isNull(n):
		d.problem(d.at(n), "empty", "%s is empty: give a value, or quote it if %q is what you mean", what, n.Value)
	default:
		return n.Value, true
	}
	return "", false
}

// describe names a node for a message.
func (d *document) describe(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "a " + kindName(n)
	case d.isNull(n):
		return "nothing"
	}
	return fmt.Sprintf("%q", n.Value)
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	}
	return "single value"
}

// at is the position of a node.
func (d *document) at(n *yaml.Node) schema.Position {
	file := d.file
	if other := d.elsewhere[n]; other != nil {
		file = other.file
	}
	return schema.Position{File: file, Line: max(n.Line, 1), Column: max(n.Column, 1)}
}

func (d *document) problem(at schema.Position, rule, format string, args ...any) {
	if d.budget > spent {
		d.problems.Add(schema.Error, at, rule, format, args...)
	}
}

// line gives the text of a line, from 1, without its end.
func (d *document) line(number int) string {
	if d.lines == nil {
		d.lines = []int{0}
		for i, c := range d.text {
			if c == '\n' {
				d.lines = append(d.lines, i+1)
			}
		}
	}
	if number < 1 || number > len(d.lines) {
		return ""
	}
	rest := d.text[d.lines[number-1]:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSuffix(string(rest), "\r")
}

// offset is the position of a byte of the text.
func (d *document) offset(i int) schema.Position {
	before := d.text[:i]
	start := bytes.LastIndexByte(before, '\n') + 1
	return schema.Position{File: d.file, Line: 1 + bytes.Count(before, []byte{'\n'}), Column: 1 + utf8.RuneCount(before[start:])}
}
