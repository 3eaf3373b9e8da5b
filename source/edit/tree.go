package edit

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/source"
)

// layout is a file as it is laid out: what it holds, with the comments and
// blank lines that stand at each entry.
type layout struct {
	octodns bool
	anchors bool     // some node has an anchor
	header  []string // lines up to the --- that begins the document
	root    *collection
	*scanner
}

// collection is a mapping or a list.
type collection struct {
	node    *yaml.Node
	isList  bool
	column  int
	owner   *entry // nil: the root
	entries []*entry
	foot    []string // comments and blank lines at its end
}

func (c *collection) flow() bool { return c.node.Style&yaml.FlowStyle != 0 }

// depth counts the brackets and braces around the entries of a collection.
func (c *collection) depth() int {
	n := 0
	for ; ; c = c.owner.in {
		if c.flow() {
			n++
		}
		if c.owner == nil {
			return n
		}
	}
}

// within reports whether a collection is another or stands in it.
func (c *collection) within(other *collection) bool {
	for c != other {
		if c.owner == nil {
			return false
		}
		c = c.owner.in
	}
	return true
}

// entry is a key with its value, or an element of a list.
type entry struct {
	in           *collection
	key          *yaml.Node // nil in a list
	value        *yaml.Node
	below        *collection // the value, where it is a mapping or a list
	line, column int
	lead         []string // comments above it; "" is a blank line
	behind       string   // the comment at the end of its line
}

// typ is what a record says its type is.
func (e *entry) typ() string {
	if e.below == nil || e.below.isList {
		return ""
	}
	for _, f := range e.below.entries {
		if f.key.Value == "type" {
			return strings.ToUpper(f.value.Value)
		}
	}
	return ""
}

// read puts the comments of a file to the entries that they stand at.
func read(text string, from source.Text) (*layout, error) {
	scanned, err := scan(text, from.Root)
	if err != nil {
		return nil, err
	}
	l := &layout{octodns: from.OctoDNS, scanner: scanned}
	begin, err := l.readHeader(l.lines, from.Root.Line)
	if err != nil {
		return nil, err
	}
	if from.Root.Kind != yaml.MappingNode {
		return nil, errNoMapping
	}
	l.root = l.collect(from.Root, nil, l.lines)
	l.attach(begin)
	if !l.knowsAll(from.Root) {
		return nil, errUnknownComment
	}
	return l, nil
}

// readHeader reads what stands above the document's beginning; begin is the
// first line below it.
func (l *layout) readHeader(lines []string, root int) (begin int, err error) {
	for i, line := range lines {
		if line == "..." || strings.HasPrefix(line, "... ") {
			return 0, errEndMark
		}
		if i >= root || !strings.HasPrefix(line, "---") {
			continue
		}
		if rest := strings.TrimSpace(line[3:]); rest != "" && rest[0] != '#' {
			return 0, errContentBehindMark
		}
		header := strings.TrimSuffix(tidy(strings.Join(lines[:i+1], "\n")), "\n")
		l.header = append(l.header, strings.Split(header, "\n")...)
		return i + 2, nil
	}
	return 1, nil
}

// collect makes the collection of a node.
func (l *layout) collect(n *yaml.Node, owner *entry, lines []string) *collection {
	c := &collection{node: n, isList: n.Kind == yaml.SequenceNode, column: n.Column, owner: owner}
	l.anchors = l.anchors || n.Anchor != ""
	step := 2
	if c.isList {
		step = 1
	}
	if len(n.Content) > 0 && !c.flow() { // where there is an anchor or a tag, n stands at that
		first := n.Content[0]
		c.column = first.Column
		if c.isList {
			c.column = n.Column
			if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
				c.column = dashColumn(lines, first)
			}
		}
	}
	last := n.Line
	for i := 0; i+step <= len(n.Content); i += step {
		at := n.Content[i]
		e := &entry{in: c, value: n.Content[i+step-1], line: at.Line, column: at.Column}
		switch {
		case !c.isList:
			e.key = at
			l.anchors = l.anchors || at.Anchor != ""
		case !c.flow():
			e.line, e.column = dash(lines, last, at.Line, c.column), c.column
		}
		last = max(last, e.line)
		l.anchors = l.anchors || e.value.Anchor != ""
		if e.value.Kind == yaml.MappingNode || e.value.Kind == yaml.SequenceNode {
			e.below = l.collect(e.value, e, lines)
		}
		c.entries = append(c.entries, e)
	}
	return c
}

// dash finds the line of the dash before an element that begins on a line,
// from there upwards.
func dash(lines []string, first, line, column int) int {
	for n := min(line, len(lines)); n >= first && n >= 1; n-- {
		text := lines[n-1]
		if at := offset(text, column); at < len(text) && text[at] == '-' && !strings.HasPrefix(strings.TrimSpace(text), "#") {
			return n
		}
	}
	return line
}

// dashColumn is the column of the dash before an element on its line.
func dashColumn(lines []string, element *yaml.Node) int {
	if element.Line > len(lines) {
		return element.Column
	}
	line := lines[element.Line-1]
	before := strings.TrimRight(line[:offset(line, element.Column)], " \t")
	return max(1, utf8.RuneCountInString(before))
}

// attach gives each comment and blank line to an entry, or to the end of a
// collection.
func (l *layout) attach(begin int) {
	var all []*entry // as they come in the file
	var add func(c *collection)
	add = func(c *collection) {
		for _, e := range c.entries {
			all = append(all, e)
			if e.below != nil {
				add(e.below)
			}
		}
	}
	add(l.root)
	next := 0
	blank := false
	for _, c := range l.comments {
		if c.line < begin {
			continue
		}
		for next < len(all) && (all[next].line < c.line || all[next].line == c.line && all[next].column < c.column) {
			if blank { // above an entry without a comment
				all[next].lead = append(all[next].lead, "")
				blank = false
			}
			next++
		}
		if c.text == "" {
			blank = true
			continue
		}
		var before, after *entry
		if next > 0 {
			before = all[next-1]
		}
		if next < len(all) {
			after = all[next]
		}
		if !c.own && before != nil {
			for before.in.depth() > c.depth && before.in.owner != nil {
				before = before.in.owner
			}
			if before.behind == "" {
				before.behind = c.text
				continue
			}
		}
		lead := l.place(c, before, after)
		if blank {
			*lead = append(*lead, "")
			blank = false
		}
		*lead = append(*lead, c.text)
	}
	if blank && next < len(all) {
		all[next].lead = append(all[next].lead, "")
	}
}

// place is where a comment on a line of its own goes: above the next entry, or
// to the end of a collection that it is indented as, or bracketed, with.
func (l *layout) place(c comment, before, after *entry) *[]string {
	if before == nil {
		if after == nil {
			return &l.root.foot
		}
		return &after.lead
	}
	in := before.in
	if before.below != nil {
		in = before.below // which has no entries
	}
	for in.depth() > c.depth && in.owner != nil {
		in = in.owner.in
	}
	if c.depth > 0 {
		if after != nil && after.in.within(in) {
			return &after.lead
		}
		return &in.foot
	}
	column := l.root.column
	if after != nil {
		column = after.column
	}
	if c.column > column {
		for ; in.owner != nil && (after == nil || !after.in.within(in)); in = in.owner.in {
			if in.column <= c.column {
				return &in.foot
			}
		}
	}
	if after == nil {
		return &l.root.foot
	}
	return &after.lead
}

// knowsAll reports whether each comment that the YAML library sees was found.
func (l *layout) knowsAll(root *yaml.Node) bool {
	found := texts(l.comments)
	known := make(map[string]bool, len(found))
	for _, t := range found {
		known[t] = true
	}
	var walk func(n *yaml.Node) bool
	walk = func(n *yaml.Node) bool {
		for _, text := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.SplitSeq(text, "\n") {
				if line = strings.TrimSpace(line); line != "" && !known[line] {
					return false
				}
			}
		}
		return !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return !walk(c) })
	}
	return walk(root)
}
