// Package secret finds a token in text that somebody else has written, such as
// a server that echoes what it was sent.
//
// A token is found in any letter case, percent-encoded, and in the escapes of
// JSON and HTML. Other ways to write it down, such as base64, are not looked
// for: whoever answers with those could as well keep it.
package secret

import (
	"bytes"
	"html"
	"strconv"
	"strings"
)

// piece is how many characters of a token in a row are a part of it that is not
// shown: a text may be cut, or a token stand in two halves.
const piece = 12

// Hide puts another text in the place of a token, and of each piece of it.
func Hide(text, token, instead string) string {
	if token == "" {
		return text
	}
	letters, at := read(text)
	token = strings.ToLower(token)
	n := min(piece, len(token))
	pieces := make(map[string]bool, len(token))
	for i := 0; i+n <= len(token); i++ {
		pieces[token[i:i+n]] = true
	}
	var b strings.Builder
	from, hidden := 0, 0 // what is written, in text; what is hidden, in letters
	for i := 0; i+n <= len(letters); i++ {
		if !pieces[string(letters[i:i+n])] {
			continue
		}
		if i > hidden || hidden == 0 {
			b.WriteString(text[from:at[i]])
			b.WriteString(instead)
		}
		hidden = i + n
		from = at[hidden]
	}
	if hidden == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}

// Shows reports whether a text has a whole token in it.
func Shows(text, token string) bool {
	if token == "" || len(text) < len(token) {
		return false
	}
	if !strings.ContainsAny(text, `%\&`) { // no escapes, as in almost all
		for i := 0; i+len(token) <= len(text); i++ {
			if text[i]|0x20 == token[0]|0x20 && strings.EqualFold(text[i:i+len(token)], token) {
				return true
			}
		}
		return false
	}
	letters, _ := read(text)
	return bytes.Contains(letters, []byte(strings.ToLower(token)))
}

// read undoes the escapes of a text, in small letters, and tells where in the
// text each of them begins, and where it ends.
func read(text string) (letters []byte, at []int) {
	letters, at = make([]byte, 0, len(text)), make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		c, n := escaped(text[i:])
		if n == 0 {
			c, n = text[i], 1
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		letters, at = append(letters, c), append(at, i)
		i += n
	}
	return letters, append(at, len(text))
}

// escaped reads the escape of an ASCII character that a text begins with; n is
// 0 where there is none.
func escaped(text string) (c byte, n int) {
	hex := func(digits string) (byte, bool) {
		v, err := strconv.ParseUint(digits, 16, 7)
		return byte(v), err == nil
	}
	switch {
	case len(text) >= 3 && text[0] == '%':
		if c, ok := hex(text[1:3]); ok {
			return c, 3
		}
	case len(text) >= 6 && text[0] == '\\' && text[1] == 'u':
		if c, ok := hex(text[2:6]); ok {
			return c, 6
		}
	case len(text) >= 4 && text[0] == '\\' && text[1] == 'x':
		if c, ok := hex(text[2:4]); ok {
			return c, 4
		}
	case len(text) >= 4 && text[0] == '&':
		if end := strings.IndexByte(text[:min(len(text), 12)], ';'); end > 0 {
			if s := html.UnescapeString(text[:end+1]); len(s) == 1 {
				return s[0], end + 1
			}
		}
	}
	return 0, 0
}
