package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Inert replaces what a terminal would act on: control characters, escape
// sequences, bidirectional overrides and invisible characters are shown as
// \u{…}, line ends too. So is the last of `##[`, at which GitHub's runner looks
// for a command anywhere in a line.
func Inert(s string) string {
	clean := !strings.Contains(s, oldCommand)
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= ' ' && s[i] < 0x7f
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '[' && strings.HasSuffix(s[:i+1], oldCommand):
			b.WriteString(`\u{5b}`)
		case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r):
			b.WriteString(s[i : i+n])
		default:
			fmt.Fprintf(&b, `\u{%02x}`, r)
		}
		i += n
	}
	return b.String()
}

// oldCommand begins a command to GitHub's runner in its older form, as in
// ##[group]; the newer one, as in ::group::, begins a line.
const oldCommand = "##["

// InertLine is [Inert] for what stands at the beginning of a line, where two
// colons would make it a command to GitHub's runner.
func InertLine(s string) string {
	s = Inert(s)
	if rest := strings.TrimLeft(s, " "); strings.HasPrefix(rest, "::") {
		return s[:len(s)-len(rest)] + `\u{3a}` + rest[1:]
	}
	return s
}

// InertJSON passes JSON on in which no text begins a command to GitHub's runner,
// nor acts on a terminal, as DEL, C1 control characters and bidirectional
// overrides do, which JSON lets stand. It means the same: they are written as
// their escapes. Each write has to be of whole values, as
// [encoding/json.Encoder] makes them.
func InertJSON(w io.Writer) io.Writer { return inertJSON{w} }

// actsInJSON reports a character that stands in JSON as it is only within a text.
func actsInJSON(r rune) bool {
	return r >= 0x7f && r != utf8.RuneError && (!unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r))
}

type inertJSON struct{ to io.Writer }

func (w inertJSON) Write(b []byte) (int, error) {
	out := b
	if bytes.Contains(b, []byte(oldCommand)) { // else it need not be copied
		out = bytes.ReplaceAll(b, []byte(oldCommand), []byte(`##\u005b`))
	}
	if bytes.ContainsFunc(out, actsInJSON) {
		var clean bytes.Buffer
		for _, r := range string(out) {
			switch {
			case !actsInJSON(r):
				clean.WriteRune(r)
			case r > 0xffff:
				high, low := utf16.EncodeRune(r)
				fmt.Fprintf(&clean, `\u%04x\u%04x`, high, low)
			default:
				fmt.Fprintf(&clean, `\u%04x`, r)
			}
		}
		out = clean.Bytes()
	}
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
