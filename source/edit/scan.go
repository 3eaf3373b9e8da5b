package edit

import (
	"errors"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// comment is a comment, or where its text is empty a blank line.
type comment struct {
	line, column int // as yaml.Node counts, the column in characters
	text         string
	own          bool // has the line to itself
	depth        int  // brackets and braces that are open here
	at           int  // the byte of the text
}

func texts(comments []comment) []string {
	var out []string
	for _, c := range comments {
		if c.text != "" {
			out = append(out, c.text)
		}
	}
	return out
}

// scanner finds comments as what is left between scalars. The YAML library's
// own are not enough: it drops some, and moves others to another node.
type scanner struct {
	lines []string
	// inside are the lines that begin within a scalar.
	inside map[int]bool
	// spans are the scalars by the line on which a part of them stands.
	spans map[int][]span
	// blocks are the lines of text blocks, the mark first, not indented.
	blocks map[*yaml.Node][]string
	// extents are the bytes of the text that a scalar takes up, and starts those
	// where each line begins.
	extents map[*yaml.Node]span
	starts  []int
	// closing are the bytes behind brackets and braces, by those that open them.
	closing  map[int]int
	comments []comment
}

// span is a part of a line, or of the text, in bytes.
type span struct{ from, to int }

// scan finds the comments and blank lines of a text, whose tree is given.
func scan(text string, root *yaml.Node) (*scanner, error) {
	if strings.ContainsAny(text, "\u0085\u2028\u2029") {
		return nil, errors.New("it has a Unicode line separator, which YAML takes for the end of a line: write it as an escape")
	}
	s := &scanner{
		lines: strings.Split(text, "\n"), inside: map[int]bool{}, spans: map[int][]span{}, blocks: map[*yaml.Node][]string{},
		extents: map[*yaml.Node]span{}, closing: map[int]int{},
	}
	next := 0
	for _, line := range s.lines {
		s.starts = append(s.starts, next)
		next += len(line) + 1
	}
	if err := s.scalars(root, 0); err != nil {
		return nil, err
	}
	var open []int
	for i, line := range s.lines {
		n := i + 1
		if s.inside[n] && len(s.spans[n]) == 0 {
			continue // all of it is text
		}
		if strings.TrimSpace(line) == "" {
			if !s.inside[n] {
				s.comments = append(s.comments, comment{line: n, column: 1, own: true, depth: len(open), at: s.starts[i]})
			}
			continue
		}
		spans := s.spans[n]
		for b := 0; b < len(line); b++ {
			if len(spans) > 0 && b >= spans[0].from {
				b, spans = max(b, spans[0].to)-1, spans[1:]
				continue
			}
			switch c := line[b]; c {
			case '[', '{':
				open = append(open, s.starts[i]+b)
			case ']', '}':
				if last := len(open) - 1; last >= 0 {
					s.closing[open[last]] = s.starts[i] + b + 1
					open = open[:last]
				}
			case '#':
				if b > 0 && !strings.ContainsRune(" \t,[]{}:\"'", rune(line[b-1])) {
					continue
				}
				s.comments = append(s.comments, comment{
					line: n, column: 1 + utf8.RuneCountInString(line[:b]), text: strings.TrimRight(line[b:], " \t"),
					own: strings.TrimSpace(line[:b]) == "", depth: len(open), at: s.starts[i] + b,
				})
				b = len(line)
			}
		}
	}
	return s, nil
}

// scalars notes where the scalars below a node stand; indent is the column of
// the mapping or list around them.
func (s *scanner) scalars(n *yaml.Node, indent int) error {
	if n.Kind == yaml.ScalarNode {
		return s.scalar(n, indent)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind != yaml.ScalarNode && c.Kind != yaml.AliasNode {
			return errors.New("a key is a mapping or a list")
		}
		around := n.Column
		switch anchored := n.Anchor != "" || n.Style&yaml.TaggedStyle != 0; {
		case n.Style&yaml.FlowStyle != 0, anchored && n.Kind == yaml.SequenceNode:
			around = indent
		case anchored: // and n stands at that
			around = n.Content[0].Column
		}
		if err := s.scalars(c, around); err != nil {
			return err
		}
	}
	return nil
}

var errNotFound = errors.New("a value is not found at its place")

func (s *scanner) scalar(n *yaml.Node, indent int) error {
	if n.Line < 1 || n.Line > len(s.lines) {
		if n.Value == "" {
			return nil
		}
		return errNotFound
	}
	at, line := offset(s.lines[n.Line-1], n.Column), n.Line
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return s.quoted(n, line, at, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return s.quoted(n, line, at, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.block(n, line, at, indent)
	}
	return s.plain(n, line, at)
}

// plain follows the words of a plain scalar, which may stand on many lines.
func (s *scanner) plain(n *yaml.Node, line, at int) error {
	words := strings.Fields(n.Value)
	if len(words) == 0 {
		return nil
	}
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 { // these stand before it
		skip := strings.Index(s.lines[line-1][min(at, len(s.lines[line-1])):], words[0])
		if skip < 0 {
			return errNotFound
		}
		at += skip
	}
	for _, w := range words {
		for {
			rest := s.lines[line-1][min(at, len(s.lines[line-1])):]
			trimmed := strings.TrimLeft(rest, " \t")
			at += len(rest) - len(trimmed)
			if trimmed != "" {
				break
			}
			if line++; line > len(s.lines) {
				return errNotFound
			}
			at = 0
			s.inside[line] = true
		}
		if !strings.HasPrefix(s.lines[line-1][at:], w) {
			return errNotFound
		}
		s.spans[line] = append(s.spans[line], span{at, at + len(w)})
		s.extend(n, line, at, at+len(w))
		at += len(w)
	}
	return nil
}

// quoted follows a scalar in quotes to its end.
func (s *scanner) quoted(n *yaml.Node, line, at int, quote byte) error {
	open := strings.IndexByte(s.lines[line-1][min(at, len(s.lines[line-1])):], quote)
	if open < 0 {
		return errNotFound
	}
	from := at + open
	s.extend(n, line, from, from+1)
	for at = from + 1; ; at++ {
		text := s.lines[line-1]
		if at >= len(text) {
			s.spans[line] = append(s.spans[line], span{from, len(text)})
			if line++; line > len(s.lines) {
				return errNotFound
			}
			s.inside[line] = true
			from, at = 0, -1
			continue
		}
		switch {
		case text[at] == '\\' && quote == '"':
			at++
		case text[at] == quote && quote == '\'' && at+1 < len(text) && text[at+1] == quote:
			at++
		case text[at] == quote:
			s.spans[line] = append(s.spans[line], span{from, at + 1})
			s.extend(n, line, from, at+1)
			return nil
		}
	}
}

// extend takes note that a scalar takes up a part of a line too.
func (s *scanner) extend(n *yaml.Node, line, from, to int) {
	e, ok := s.extents[n]
	if !ok {
		e.from = s.starts[line-1] + from
	}
	e.to = max(e.to, s.starts[line-1]+to)
	s.extents[n] = e
}

// block follows a literal or folded scalar: the lines that are blank or
// further in than what is around.
func (s *scanner) block(n *yaml.Node, line, at, around int) error {
	header := s.lines[line-1][min(at, len(s.lines[line-1])):]
	mark := strings.IndexAny(header, "|>")
	if mark < 0 {
		return errNotFound
	}
	head := strings.TrimSpace(strings.SplitN(header[mark:], "#", 2)[0])
	if strings.ContainsAny(head, "+123456789") {
		return errors.New("a text block says how far it is indented, or keeps blank lines at its end: write it without, or in quotes")
	}
	indent := -1
	last := line
	for l := line + 1; l <= len(s.lines); l++ {
		text := s.lines[l-1]
		if strings.TrimSpace(text) == "" {
			continue
		}
		in := len(text) - len(strings.TrimLeft(text, " "))
		if indent < 0 {
			indent = max(in, around)
		}
		if in < indent {
			break
		}
		last = l
	}
	s.blocks[n] = []string{head}
	begin := min(at, len(s.lines[line-1])) + mark
	s.extend(n, line, begin, begin+len(head))
	s.extend(n, last, 0, len(s.lines[last-1]))
	for l := line + 1; l <= last; l++ {
		s.inside[l] = true
		s.blocks[n] = append(s.blocks[n], s.lines[l-1][min(indent, len(s.lines[l-1])):])
	}
	return nil
}

// offset is the byte of a line at a column, which counts characters from 1.
func offset(line string, column int) int {
	n := 1
	for b := range line {
		if n >= column {
			return b
		}
		n++
	}
	return len(line)
}
