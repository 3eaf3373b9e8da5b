// Package report shows a plan, and what became of it, to a reader: as text for
// people ([Text], [Outcome]) and as JSON for programs ([JSON]).
//
// All that comes from a record or a server passes [Inert] on its way to a
// terminal, so that no control character in it takes effect.
package report

import (
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
			b.WriteString(`\x`)
			b.WriteString(hex(uint32(s[i])))
		case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(`\u{`)
			b.WriteString(hex(uint32(r)))
			b.WriteString(`}`)
		}
		i += n
	}
	return b.String()
}

func hex(n uint32) string {
	const digits = "0123456789abcdef"
	out := []byte{digits[n>>4&15], digits[n&15]}
	for n >>= 8; n > 0; n >>= 4 {
		out = append([]byte{digits[n&15]}, out...)
	}
	return string(out)
}
