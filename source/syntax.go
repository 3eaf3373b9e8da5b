package source

import (
	"bytes"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// syntaxError says in plain words, at line and column, what the YAML library
// says in its own and with half a position. Its scanner counts lines from 1
// and its parser from 0; the line is that of the mapping or list around the
// mistake unless that begins on the first line, and then that of the mistake;
// the first line is never named, and no error has a column.
func (d *document) syntaxError(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := atLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = m[2]
	}
	switch {
	case strings.Contains(text, "unexpected end of stream"):
		if at, ok := d.openQuote(); ok {
			d.problem(at, "syntax", "the quote that opens here is never closed: close it at the end of the text")
			return
		}
	case unknownAnchor.MatchString(text):
		d.unknownAnchor(unknownAnchor.FindStringSubmatch(text)[1])
		return
	case strings.HasPrefix(text, "did not find expected ',' or "):
		d.openBracket(line+1, text)
		return
	case strings.HasPrefix(text, "did not find expected key"), strings.HasPrefix(text, "did not find expected '-'"):
		line = d.firstLineOf(text)
	case strings.HasPrefix(text, "did not find expected node"), strings.HasPrefix(text, "did not find expected <"):
		line++
	}
	line = min(line, max(1, bytes.Count(d.text, []byte{'\n'})+1))
	column, message := d.explain(text, d.line(line))
	d.problem(schema.Position{File: d.file, Line: line, Column: column}, "syntax", "%s", message)
}

// firstLineOf finds the line that brings an error about: the shortest
// beginning of the file that has it.
func (d *document) firstLineOf(text string) int {
	d.line(1) // makes the index of lines
	return 1 + sort.Search(len(d.lines)-1, func(i int) bool {
		var n yaml.Node
		end := len(d.text)
		if i+1 < len(d.lines) {
			end = d.lines[i+1]
		}
		err := yaml.Unmarshal(d.text[:end], &n)
		return err != nil && strings.Contains(err.Error(), text)
	})
}

// openBracket places a bracket or brace that is not closed, or after which a
// comma is missing: on the given line, or on the first.
func (d *document) openBracket(line int, text string) {
	open, message := byte('['), "the list that opens here is not closed, or lacks a comma: check for ] and , from here on"
	if strings.HasSuffix(text, "'}'") {
		open, message = '{', "the mapping that opens here is not closed, or lacks a comma: check for } and , from here on"
	}
	at := schema.Position{File: d.file, Line: line, Column: 1}
	for _, l := range []int{1, line} {
		if i := unclosed(d.line(l), open); i >= 0 {
			at.Line, at.Column = l, 1+utf8.RuneCountInString(d.line(l)[:i])
			break
		}
	}
	d.problem(at, "syntax", "%s", message)
}

// unclosed gives the index of the last bracket of a kind that a line opens and
// does not close, or -1.
func unclosed(line string, open byte) int {
	var stack []int
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case '"', '\'':
			if end := closing([]byte(line), i); end > 0 {
				i = end
			}
		case open:
			stack = append(stack, i)
		case open + 2: // ] after [, } after {
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		}
	}
	if len(stack) == 0 {
		return -1
	}
	return stack[len(stack)-1]
}

var (
	atLine        = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

	noToken   = regexp.MustCompile("(?:^|[\\s\\[{,])([@`%]|\t)")
	aliasSign = regexp.MustCompile(`(?:^|[\s\[{,])(\*|&)(?:[^\w-]|$)`)
	colon     = regexp.MustCompile(`:(?:\s|$)`)
	dash      = regexp.MustCompile(`-(?:\s|$)`)
	badEscape = regexp.MustCompile(`\\[^0abt\tnvfre "'/\\N_LPxuU]`)
)

// explain gives the column in a line, and the sentence, for an error of the
// YAML library.
func (d *document) explain(text, line string) (column int, message string) {
	first := 1 + utf8.RuneCountInString(line[:len(line)-len(strings.TrimLeft(line, " \t"))])
	at := func(byteOffset int) int { return 1 + utf8.RuneCountInString(line[:byteOffset]) }
	switch {
	case strings.Contains(text, "cannot start any token"):
		if m := noToken.FindStringSubmatchIndex(line); m != nil {
			switch sign := line[m[2]:m[3]]; sign {
			case "\t":
				return at(m[2]), "a tab stands where YAML allows only spaces: indent with spaces"
			case "@":
				if isKey(line[m[2]:]) {
					return at(m[2]), `a key that begins with @ has to be quoted: write "@" for the apex`
				}
				return at(m[2]), `a value that begins with @ has to be quoted: write "@" for the apex`
			default:
				return at(m[2]), "a value that begins with " + sign + " has to be quoted"
			}
		}
		return first, "a character stands here that can begin no YAML value: put the value in quotes"
	case strings.Contains(text, "expected alphabetic or numeric character"):
		if m := aliasSign.FindStringSubmatchIndex(line); m != nil {
			if line[m[2]] == '*' && isKey(line[m[2]:]) {
				key, _, _ := strings.Cut(line[m[2]:], ":")
				return at(m[2]), "a key that begins with * has to be quoted: write " + strconv.Quote(strings.TrimSpace(key))
			}
			return at(m[2]), "a value that begins with " + line[m[2]:m[3]] + " has to be quoted"
		}
		return first, "a value that begins with * or & has to be quoted"
	case strings.Contains(text, "mapping values are not allowed"):
		if m := colon.FindAllStringIndex(line, 2); m != nil {
			return at(m[len(m)-1][0]), "a colon begins a mapping where none can be: quote the value if the colon is part of it, or check the indentation and the line above"
		}
	case strings.Contains(text, "block sequence entries are not allowed"):
		if m := dash.FindStringIndex(line); m != nil {
			return at(m[0]), "a list begins on the line of its key: begin it on the next line, or write it as [a, b]"
		}
	case strings.Contains(text, "did not find expected key"):
		return first, "this line fits neither the mapping above it nor a new key: check its indentation and the line before"
	case strings.Contains(text, "did not find expected '-' indicator"):
		return first, "this line is no element of the list above it: begin it with -, or check its indentation"
	case strings.Contains(text, "unknown escape character"):
		if m := badEscape.FindStringIndex(line); m != nil {
			return at(m[0]), "the escape " + line[m[0]:m[1]] + ` is none of YAML's: in double quotes write \\ for a backslash, or use single quotes`
		}
	case strings.Contains(text, "could not find expected ':'"):
		return first, "a key without a colon stands here or on the line before: write key: value"
	case strings.Contains(text, "exceeded max depth"):
		return first, "mappings and lists stand too deep within one another here"
	}
	return first, "not valid YAML: " + strings.TrimSuffix(text, ".")
}

// isKey reports whether a line goes on to a colon as a key does.
func isKey(rest string) bool {
	m := colon.FindStringIndex(rest)
	return m != nil && !strings.ContainsAny(rest[:m[0]], ",[{}]\"'")
}

// unknownAnchor places an alias that stands for nothing. A key such as
// *foo is one, and was meant as a wildcard.
func (d *document) unknownAnchor(name string) {
	sign := regexp.MustCompile(`(?m)(?:^|[\s\[{,])(\*` + regexp.QuoteMeta(name) + `)(?:[\s\]},:]|$)`)
	at := d.offset(0)
	if m := sign.FindSubmatchIndex(d.text); m != nil {
		at = d.offset(m[2])
		if rest, _, _ := bytes.Cut(d.text[m[2]:], []byte{'\n'}); isKey(string(rest)) {
			d.problem(at, "syntax", "a key that begins with * has to be quoted: write %q", "*"+name)
			return
		}
	}
	d.problem(at, "syntax", "the alias *%s stands for nothing in this file: define it with &%s, or quote it if the star is part of the text", name, name)
}

// openQuote finds a quote that opens a scalar and is never closed.
func (d *document) openQuote() (schema.Position, bool) {
	text := d.text
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\n' || text[i-1] == '\t'):
			end := bytes.IndexByte(text[i:], '\n')
			if end < 0 {
				return schema.Position{}, false
			}
			i += end
		case c == '"' || c == '\'':
			if i > 0 && !strings.ContainsRune(" \t\n[{,", rune(text[i-1])) {
				continue
			}
			end := closing(text, i)
			if end < 0 {
				return d.offset(i), true
			}
			i = end
		}
	}
	return schema.Position{}, false
}

// closing gives the index of the quote that closes the one at i, or -1.
func closing(text []byte, i int) int {
	quote := text[i]
	for j := i + 1; j < len(text); j++ {
		switch {
		case quote == '"' && text[j] == '\\':
			j++
		case text[j] == quote && quote == '\'' && j+1 < len(text) && text[j+1] == '\'':
			j++
		case text[j] == quote:
			return j
		}
	}
	return -1
}
