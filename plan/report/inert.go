package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
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

// InertJSON passes JSON on in which no text begins a command to GitHub's runner.
// It means the same: a bracket in a text is written as its escape. Each write has
// to be of whole values, as [encoding/json.Encoder] makes them.
func InertJSON(w io.Writer) io.Writer { return inertJSON{w} }

type inertJSON struct{ to io.Writer }

func (w inertJSON) Write(b []byte) (int, error) {
	out := b
	if bytes.Contains(b, []byte(oldCommand)) { // else it need not be copied
		out = bytes.ReplaceAll(b, []byte(oldCommand), []byte(`##\u005b`))
	}
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
