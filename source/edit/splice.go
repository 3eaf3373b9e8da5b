package edit

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// splice is a part of a text, in bytes, and what stands there instead.
type splice struct {
	span
	text string
}

// splicer gathers changes to the text of a file. Where several insert text at
// the same place, what was said first comes first.
type splicer struct {
	*layout
	text    string
	splices []splice
	gone    []comment // that went with the lines they stood behind
}

func (s *splicer) put(from, to int, text string) {
	s.splices = append(s.splices, splice{span{from, to}, text})
}

func (s *splicer) insert(at int, text string) { s.put(at, at, text) }

var errOverlap = errors.New("two changes meet in one place: make one of them by hand")

// apply is the text with everything in its place.
func (s *splicer) apply() (string, error) {
	slices.SortStableFunc(s.splices, func(a, b splice) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out strings.Builder
	var last splice
	at := 0
	for _, p := range s.splices {
		line, isLine := strings.CutPrefix(p.text, "\n")
		switch {
		case p.from >= at:
			last = p
		case p.from == p.to && isLine && last.text == "" && last.to > last.from: // a line behind one that goes
			out.WriteString(line + "\n")
			continue
		default:
			return "", errOverlap
		}
		out.WriteString(s.text[at:p.from] + p.text)
		at = p.to
	}
	out.WriteString(s.text[at:])
	return out.String(), nil
}

// start is the byte where a node begins: at its anchor or tag, if it has one.
func (s *splicer) start(n *yaml.Node) int {
	line := min(max(n.Line, 1), len(s.lines))
	return s.starts[line-1] + offset(s.lines[line-1], n.Column)
}

// content is the part of the text that a node takes up, without its anchor or
// tag. A mapping or list that is no flow ends with the last thing in it.
func (s *splicer) content(n *yaml.Node) span {
	at := s.start(n)
	switch {
	case n.Kind == yaml.ScalarNode:
		if e, ok := s.extents[n]; ok {
			return e
		}
	case n.Kind == yaml.AliasNode:
		return span{at, at + 1 + len(n.Value)}
	case n.Style&yaml.FlowStyle != 0:
		if open := strings.IndexAny(s.text[at:], "[{"); open >= 0 {
			return span{at + open, s.closing[at+open]}
		}
	case len(n.Content) > 0:
		return span{s.start(n.Content[0]), s.end(n)}
	}
	return span{at, at}
}

func (s *splicer) end(n *yaml.Node) int {
	if n.Style&yaml.FlowStyle != 0 || len(n.Content) == 0 {
		return s.content(n).to
	}
	end := 0
	for _, c := range n.Content[max(0, len(n.Content)-2):] {
		end = max(end, s.end(c))
	}
	return end
}

// entryEnd is the byte behind an entry.
func (s *splicer) entryEnd(e *entry) int {
	end := s.end(e.value)
	if e.key != nil {
		end = max(end, s.end(e.key)+1) // with its colon
	}
	return end
}

// entryStart is the byte where an entry begins, its dash included.
func (s *splicer) entryStart(e *entry) int {
	return s.starts[e.line-1] + offset(s.lines[e.line-1], e.column)
}

// line is the line of a byte, from 1.
func (s *splicer) line(at int) int {
	i, found := slices.BinarySearch(s.starts, at)
	if found {
		return i + 1
	}
	return i
}

// eol is the byte behind the line of a byte, without its end.
func (s *splicer) eol(at int) int {
	n := s.line(at)
	return s.starts[n-1] + len(s.lines[n-1])
}

// behind is the byte behind the line of a byte, and behind the comments that
// follow it further in than a column: what stands at that is above them.
func (s *splicer) behind(at, column int) int {
	last := s.line(at)
	for _, c := range s.comments {
		switch {
		case c.line <= last || c.text == "":
		case !c.own || c.column <= column || strings.TrimSpace(strings.Join(s.lines[last:c.line-1], "")) != "":
			return s.eol(s.starts[last-1])
		default:
			last = c.line
		}
	}
	return s.eol(s.starts[last-1])
}

// before is what stands on the line before a byte.
func (s *splicer) before(at int) string { return s.text[s.starts[s.line(at)-1]:at] }

// commentIn reports whether a comment begins in a part of the text.
func (s *splicer) commentIn(from, to int) bool {
	return slices.ContainsFunc(s.comments, func(c comment) bool { return c.text != "" && c.at >= from && c.at < to })
}

// dropLines takes lines out, but for comments that have one to themselves.
func (s *splicer) dropLines(first, last int) {
	own := map[int]bool{}
	for _, c := range s.comments {
		switch {
		case c.text == "" || c.line < first || c.line > last:
		case c.own:
			own[c.line] = true
		default:
			s.gone = append(s.gone, c)
		}
	}
	for n := first; n <= last; n++ {
		if own[n] {
			continue
		}
		from := s.starts[n-1]
		for n < last && !own[n+1] {
			n++
		}
		to := min(len(s.text), s.starts[n-1]+len(s.lines[n-1])+1)
		s.put(from, to, "")
	}
}

var errComment = errors.New("a comment stands in the midst of what would go: move it above or behind whole records")

// remove takes entries out of a collection, of which others stay.
func (s *splicer) remove(c *collection, gone func(*entry) bool) error {
	if !c.flow() {
		for _, e := range c.entries {
			if !gone(e) {
				continue
			}
			if at := s.entryStart(e); strings.TrimSpace(s.before(at)) != "" {
				return errors.New("it begins behind something else on its line: begin a new line there")
			}
			s.dropLines(e.line, s.line(s.entryEnd(e)))
		}
		return nil
	}
	for i := 0; i < len(c.entries); i++ {
		if !gone(c.entries[i]) {
			continue
		}
		j := i
		for j+1 < len(c.entries) && gone(c.entries[j+1]) {
			j++
		}
		if err := s.removeRun(c, i, j); err != nil {
			return err
		}
		i = j
	}
	return nil
}

// removeRun takes entries that follow one another out of a flow collection, as
// whole lines where they have those to themselves.
func (s *splicer) removeRun(c *collection, i, j int) error {
	from, to := s.entryStart(c.entries[i]), s.entryEnd(c.entries[j])
	rest := s.text[to:s.eol(to)]
	if hash := strings.IndexByte(rest, '#'); hash >= 0 && s.commentIn(to+hash, to+hash+1) {
		rest = rest[:hash]
	}
	if rest = strings.TrimSpace(rest); strings.TrimSpace(s.before(from)) == "" && (rest == "," || rest == "") {
		s.dropLines(s.line(from), s.line(to))
		return nil
	}
	if i > 0 {
		from = s.entryEnd(c.entries[i-1])
	} else {
		to = s.entryStart(c.entries[j+1])
	}
	if s.commentIn(from, to) {
		return errComment
	}
	s.put(from, to, "")
	return nil
}

// add puts texts behind an entry of a collection, or before its first where
// after is nil: fields, or for a list values. Of one with several lines those
// but the first are indented already.
func (s *splicer) add(c *collection, after *entry, texts ...string) {
	dash := ""
	if c.isList && !c.flow() {
		dash = "- "
	}
	switch {
	case after == nil && c.flow():
		s.insert(s.entryStart(c.entries[0]), strings.Join(texts, ", ")+", ")
	case after == nil:
		for _, text := range texts {
			s.insert(s.entryStart(c.entries[0]), dash+text+"\n"+blanks(c.entries[0].column))
		}
	case !c.flow():
		for _, text := range texts {
			s.insert(s.behind(s.entryEnd(after), after.column), "\n"+blanks(after.column)+dash+text)
		}
	default:
		s.addFlow(after, texts)
	}
}

// blanks indent to a column.
func blanks(column int) string { return strings.Repeat(" ", column-1) }

// addFlow puts texts behind an entry of a flow collection: on lines of their
// own, if that has one.
func (s *splicer) addFlow(after *entry, texts []string) {
	begin, end := s.entryStart(after), s.entryEnd(after)
	indent := s.before(begin)
	if strings.TrimSpace(indent) != "" || s.line(begin) == s.line(s.start(after.in.node)) {
		s.insert(end, ", "+strings.Join(texts, ", "))
		return
	}
	lines := "\n" + indent + strings.Join(texts, ",\n"+indent)
	tail := strings.TrimLeft(s.text[end:s.eol(end)], " \t")
	behind, comma := strings.CutPrefix(tail, ",")
	switch behind = strings.TrimLeft(behind, " \t"); {
	case comma && (behind == "" || behind[0] == '#'):
		s.insert(s.eol(end), lines+",")
	case !comma && (behind == "" || behind[0] == '#'):
		s.insert(end, ",")
		s.insert(s.eol(end), lines)
	default:
		s.insert(end, ","+lines)
	}
}
