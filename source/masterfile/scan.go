package masterfile

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/schema"
)

// text is a master file and what is known of its lines.
type text struct {
	file    string // as messages name it
	content string
	lines   []int // where each begins
	to      *told
}

// told is what has been found wrong so far.
type told struct {
	problems schema.Problems
	mistakes int
}

func newText(file, content string, to *told) *text {
	t := &text{file: file, content: content, lines: []int{0}, to: to}
	for i := range len(content) {
		if content[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// position is the place of a byte.
func (t *text) position(at int) schema.Position {
	line := sort.SearchInts(t.lines, at+1)
	return schema.Position{File: t.file, Line: line, Column: utf8.RuneCountInString(t.content[t.lines[line-1]:at]) + 1}
}

func (t *text) fail(at int, rule, format string, args ...any) {
	t.to.mistakes++
	t.to.problems.Add(schema.Error, t.position(at), rule, format, args...)
}

func (t *text) warn(at int, rule, format string, args ...any) {
	t.to.problems.Add(schema.Warning, t.position(at), rule, format, args...)
}

// token is a word or a quoted string, with its escapes as they are written.
type token struct {
	text   string // without the quotes
	quoted bool
	at     int
}

// written is the token as a master file has it.
func (t token) written() string {
	if t.quoted {
		return `"` + t.text + `"`
	}
	return t.text
}

// entry is a line, with those that parentheses join to it (RFC 1035 section 5.1).
type entry struct {
	blank    bool // begins with white space, and so belongs to the last owner
	tokens   []token
	comments []string
	bad      bool // something is wrong with it, which has been told
}

// scanner cuts a text into entries.
type scanner struct {
	*text
	off    int
	broken bool // what is left cannot be told apart
}

// next is the next entry that says anything; ok is false at the end.
func (s *scanner) next() (e entry, ok bool) {
	for s.off < len(s.content) && !s.broken {
		if e = s.entry(); len(e.tokens) > 0 || len(e.comments) > 0 || e.bad {
			return e, true
		}
	}
	return entry{}, false
}

func (s *scanner) entry() (e entry) {
	e.blank = s.content[s.off] == ' ' || s.content[s.off] == '\t'
	var open []int
	for s.off < len(s.content) {
		switch c := s.content[s.off]; c {
		case ' ', '\t', '\r':
			s.off++
		case '\n':
			s.off++
			if len(open) == 0 {
				return e
			}
		case ';':
			e.comments = append(e.comments, s.comment())
		case '(':
			open = append(open, s.off)
			s.off++
		case ')':
			if len(open) == 0 {
				e.bad = true
				s.fail(s.off, "parenthesis", "this closes a parenthesis that was never opened: take it out, or write \\)")
			} else {
				open = open[:len(open)-1]
			}
			s.off++
		case '"':
			s.quoted(&e)
		default:
			s.word(&e)
		}
	}
	if len(open) > 0 {
		e.bad, s.broken = true, true
		s.fail(open[0], "parenthesis", "this parenthesis is never closed, so that nothing behind it was read: write ) at the end of the record")
	}
	return e
}

// comment reads up to the end of the line.
func (s *scanner) comment() string {
	rest := s.content[s.off:]
	if n := strings.IndexByte(rest, '\n'); n >= 0 {
		rest = rest[:n]
	}
	s.off += len(rest)
	return strings.Trim(strings.TrimLeft(rest, ";"), " \t\r")
}

// quoted reads a string in quotes, which ends on its line.
func (s *scanner) quoted(e *entry) {
	start := s.off
	for s.off++; s.off < len(s.content) && s.content[s.off] != '\n'; s.off++ {
		switch s.content[s.off] {
		case '"':
			e.tokens = append(e.tokens, token{s.content[start+1 : s.off], true, start})
			s.off++
			return
		case '\\':
			if s.off+1 < len(s.content) && s.content[s.off+1] != '\n' {
				s.off++
			}
		}
	}
	e.bad = true
	s.fail(start, "quote", "this quotation mark is not closed on its line: close it, and write \\010 for a line feed")
}

// word reads up to what ends a word.
func (s *scanner) word(e *entry) {
	start := s.off
	for s.off < len(s.content) && strings.IndexByte(" \t\r\n;()\"", s.content[s.off]) < 0 {
		if s.content[s.off] == '\\' {
			if s.off++; s.off == len(s.content) || s.content[s.off] == '\n' || s.content[s.off] == '\r' {
				e.bad = true
				s.fail(s.off-1, "escape", "this backslash stands at the end of a line: join lines with parentheses")
				return
			}
		}
		s.off++
	}
	e.tokens = append(e.tokens, token{s.content[start:s.off], false, start})
}
