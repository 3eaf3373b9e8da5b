package masterfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// generate makes the records of BIND's $GENERATE: a range, an owner name, what
// a record says before its data, and the data as one word or string. In name and
// data a $ stands for the number.
func (f *frame) generate(args []token) {
	numbers, err := parseSpan(args[0].text)
	if err != nil {
		f.fail(args[0].at, "generate", "%v", err)
		return
	}
	owner, tokens := args[1], args[2:]
	h, ok := f.header(tokens, owner.at)
	switch {
	case !ok:
		return
	case len(h.data) != 1:
		f.fail(h.at, "generate", "the data of $GENERATE is one word: write it in quotes, as in $GENERATE 1-2 @ MX \"10 mx$\"")
		return
	case h.typ == "SOA":
		f.fail(h.at, "generate", "a zone has one SOA record: write it by itself")
		return
	}
	if f.generated += numbers.count(); f.generated > maxGenerated {
		f.fail(args[0].at, "generate", "the zone has more than %d records of $GENERATE, the most that are made: split it", maxGenerated)
		return
	}
	if !h.typ.Managed() { // told once
		n := len(f.records)
		if f.add(f.origin, h, owner.at, false, "") {
			f.records[n].count = numbers.count()
		}
		return
	}
	data := h.data[0]
	if data.quoted {
		data.text = unquote(data.text)
	}
	for n := numbers.first; n <= numbers.last; n += numbers.step {
		name, err := substitute(owner.text, n)
		if err != nil {
			f.fail(owner.at, "generate", "%v", err)
			return
		}
		at := owner
		at.text = name
		key, _, ok := f.name(at)
		if !ok {
			return
		}
		before := f.mistakes
		if h.data, ok = f.made(data, n); !ok || !f.add(key, h, owner.at, false, "") && f.mistakes > before {
			return // at the first of them that is no good
		}
	}
}

// made is the data for one number.
func (f *frame) made(data token, n int64) ([]token, bool) {
	text, err := substitute(data.text, n)
	if err != nil {
		f.fail(data.at, "generate", "%v", err)
		return nil, false
	}
	if f.size += len(text); f.size > maxSize {
		f.full = true
		f.fail(data.at, "size", "the files of this zone and what $GENERATE makes have more than %d MiB together, the most that is read: split the zone", maxSize>>20)
		return nil, false
	}
	var wrong told
	e, _ := (&scanner{text: newText(f.file, text, &wrong)}).next()
	if e.bad || strings.Contains(text, "\n") {
		f.fail(data.at, "generate", "the data %q that this makes is not well formed: close its quotes and parentheses", text)
		return nil, false
	}
	for i := range e.tokens {
		e.tokens[i].at = data.at
	}
	return e.tokens, true
}

// span is the numbers of a $GENERATE.
type span struct{ first, last, step int64 }

func (s span) count() int { return int((s.last-s.first)/s.step) + 1 }

func parseSpan(text string) (s span, err error) {
	first, rest, _ := strings.Cut(text, "-")
	last, step, stepped := strings.Cut(rest, "/")
	s.step = 1
	read := func(to *int64, text string) {
		n, bad := strconv.ParseUint(text, 10, 31)
		*to, err = int64(n), errors.Join(err, bad)
	}
	read(&s.first, first)
	read(&s.last, last)
	if stepped {
		read(&s.step, step)
	}
	if err != nil || s.last < s.first || s.step == 0 {
		return s, fmt.Errorf("%q is no range: write it as 1-10, or 0-100/2 for every second number", text)
	}
	return s, nil
}

// unquote is what BIND makes of a quoted string before it reads it again.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] != '"' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

const (
	// maxWidth bounds the digits of a number: a label or a string holds no more.
	maxWidth = 255
	// maxMade bounds what is made of one word: no record's data is longer, had each
	// byte its escape.
	maxMade = 4 * 65535
)

// substitute puts a number in the place of each $, as BIND does: $$ is a dollar
// sign, \ keeps what follows it, and ${OFFSET,WIDTH,BASE} says what to write.
func substitute(text string, n int64) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case b.Len() > maxMade:
			return "", fmt.Errorf("what $GENERATE makes of %q… is longer than any record: shorten it", text[:32])
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i++
		case text[i] != '$':
			b.WriteByte(text[i])
		case strings.HasPrefix(text[i:], "$$"):
			b.WriteByte('$')
			i++
		case strings.HasPrefix(text[i:], "${"):
			inner, _, closed := strings.Cut(text[i+2:], "}")
			number, err := modified(inner, n)
			if err != nil || !closed {
				return "", fmt.Errorf("%q in $GENERATE is not well formed: write ${OFFSET,WIDTH,BASE}, a width up to %d, and d, o, x, X, n or N as the base, which number no negative ones but in d", "${"+inner, maxWidth)
			}
			b.WriteString(number)
			i += len("${") + len(inner)
		default:
			fmt.Fprint(&b, n)
		}
	}
	return b.String(), nil
}

// modified is a number as what stands in the braces wants it.
func modified(inner string, n int64) (string, error) {
	parts := strings.Split(inner, ",")
	offset, err := strconv.ParseInt(parts[0], 10, 32)
	n += offset
	width, base := uint64(0), "d"
	if len(parts) > 1 && err == nil {
		width, err = strconv.ParseUint(parts[1], 10, 16)
	}
	if len(parts) > 2 {
		base = parts[2]
	}
	switch {
	case err != nil, len(parts) > 3, width > maxWidth, n < 0 && base != "d":
		return "", errors.New("not well formed")
	case base == "n":
		return nibbles(n, int(width), "0123456789abcdef"), nil
	case base == "N":
		return nibbles(n, int(width), "0123456789ABCDEF"), nil
	case len(base) == 1 && strings.Contains("doxX", base):
		return fmt.Sprintf("%0*"+base, int(width), n), nil
	}
	return "", errors.New("no such base")
}

// nibbles is a number in hexadecimal as ip6.arpa has it, the last digit first,
// at least as wide as said, dots included.
func nibbles(n int64, width int, digits string) string {
	var b strings.Builder
	for {
		b.WriteByte(digits[n&15])
		n >>= 4
		width--
		if width <= 0 && n == 0 {
			return b.String()
		}
		b.WriteByte('.')
		if width--; width <= 0 && n == 0 {
			return b.String() // as BIND, which ends in a dot then
		}
	}
}
