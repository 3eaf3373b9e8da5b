// Package report shows a plan, and what became of it, to a reader: as text for
// people ([Text], [Outcome]), as a page for a browser ([HTML]) and as JSON for
// programs ([JSON]).
//
// All that comes from a record or a server passes [Inert] on its way to a
// terminal or a page, so that no control character in it takes effect.
package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// About says which plan is shown: what was read and what it was compared with.
type About struct {
	Commit string // the commit that the zone files were read at; empty outside git
	Dirty  bool   // the work tree differs from the commit
	Base   string // the commit of a three-way plan's base; empty without
	Live   string // the live side in words, such as the endpoint
	Files  string // the URL below which the commit's files can be looked at; empty for none
}

// Inert replaces what a terminal would act on: control characters, escape
// sequences, bidirectional overrides and invisible characters are shown as
// \u{…}, line ends too.
func Inert(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			clean = false
			break
		}
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
		case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r):
			b.WriteString(s[i : i+n])
		default:
			fmt.Fprintf(&b, `\u{%02x}`, r)
		}
		i += n
	}
	return b.String()
}
