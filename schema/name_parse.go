package schema

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

const (
	maxLabel = 63
	maxName  = 253 // characters, without the trailing dot
)

// ParseName reads an absolute domain name in presentation form, with or
// without the trailing dot. A label that is not ASCII is converted by IDNA
// (UTS 46, non-transitional); an ASCII label is taken as it is, so that
// `_dmarc`, `*` and `xn--…` pass unchanged but for their case.
func ParseName(text string) (Name, error) {
	if text == "." {
		return Root(), nil
	}
	if absolute(text) {
		text = strings.TrimSuffix(text, ".")
	}
	if text == "" {
		return Name{}, errors.New("the name is empty")
	}
	if canonical(text) {
		return checkLengths(text)
	}
	labels, err := splitLabels(text)
	if err != nil {
		return Name{}, err
	}
	var b strings.Builder
	for i, label := range labels {
		if label == "" {
			return Name{}, fmt.Errorf("the name %q has an empty label: remove the extra dot", text)
		}
		ascii, err := asciiLabel(label)
		if err != nil {
			return Name{}, err
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(ascii)
	}
	return checkLengths(b.String())
}

// MustName is [ParseName] for names known to be good, as in tests; it panics
// on a bad one.
func MustName(text string) Name {
	n, err := ParseName(text)
	if err != nil {
		panic(err)
	}
	return n
}

// canonical reports whether text is made of plain lower-case labels only, the
// usual case, which needs no rewriting.
func canonical(text string) bool {
	label := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '*', c == '/', c == '+', c == '=':
			label++
		default:
			return false
		}
	}
	return label > 0
}

// splitLabels splits at the dots that no backslash escapes.
func splitLabels(text string) ([]string, error) {
	var labels []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return nil, fmt.Errorf(`the name %q has a backslash that begins no escape: write \DDD with three digits up to 255, or \X for the character X`, text)
			}
			i += n - 1
		case c == '.':
			labels = append(labels, text[start:i])
			start = i + 1
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			return nil, fmt.Errorf("the name %q holds white space: remove it", text)
		case c < ' ' || c == 0x7f:
			return nil, fmt.Errorf("the name %q holds a control character: remove it", text)
		}
	}
	return append(labels, text[start:]), nil
}

// escapeLength is the length of the escape that text begins with (RFC 1035
// section 5.1): 4 for \DDD, 2 for \X, 0 where it is none. X is ASCII.
func escapeLength(text string) int {
	switch {
	case len(text) < 2 || text[1] >= 0x80:
		return 0
	case text[1] < '0' || text[1] > '9':
		return 2
	case len(text) >= 4 && digits(text[1:4]) && text[1:4] <= "255":
		return 4
	}
	return 0
}

// toASCII maps case and width, and composes, as a resolver would for a name
// that a person types (UTS 46); underscores and the like are left alone.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

// asciiLabel gives one label in canonical form.
func asciiLabel(label string) (string, error) {
	for i := range len(label) {
		if label[i] >= 0x80 {
			ascii, err := toASCII.ToASCII(label)
			if err != nil || !utf8.ValidString(label) || !hostLike(ascii) {
				return "", fmt.Errorf("the label %q is no valid internationalised label: check its characters, or write its xn-- form", label)
			}
			return ascii, nil
		}
	}
	if !strings.Contains(label, `\`) && canonical(label) {
		return label, nil
	}
	// The wire form and back gives one spelling for every escape.
	wire := make([]byte, 256)
	end, err := dns.PackDomainName(label+".", wire, 0, nil, false)
	if err != nil || end < 2 {
		if len(label) > maxLabel {
			return "", fmt.Errorf("the label %q is longer than %d bytes", label, maxLabel)
		}
		return "", fmt.Errorf("the label %q is not well formed: check its escapes", label)
	}
	if int(wire[0])+2 != end {
		return "", fmt.Errorf("the label %q is not well formed: check its escapes", label)
	}
	for i, c := range wire[1 : end-1] {
		if c >= 'A' && c <= 'Z' {
			wire[1+i] = c + 'a' - 'A'
		}
	}
	text, _, err := dns.UnpackDomainName(wire[:end], 0)
	if err != nil {
		return "", fmt.Errorf("the label %q is not well formed: %w", label, err)
	}
	// A name holds no blank, so that data in presentation form splits at blanks.
	return strings.ReplaceAll(strings.TrimSuffix(text, "."), `\ `, `\032`), nil
}

// hostLike reports whether a label has only letters, digits, hyphens and
// underscores. A label that is not ASCII may map to others, such as a blank.
func hostLike(label string) bool {
	return label != "" && !strings.ContainsFunc(label, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// checkLengths enforces RFC 1035 section 2.3.4 on a name in canonical form
// without its trailing dot.
func checkLengths(text string) (Name, error) {
	length, total := 0, 0
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i += max(escapeLength(text[i:]), 1) - 1
			length++
		case '.':
			length, start = 0, i+1
		default:
			length++
		}
		total++
		if length > maxLabel {
			label, _, _ := strings.Cut(text[start:], ".")
			return Name{}, fmt.Errorf("the label %q has %d bytes, more than the %d that DNS allows", label, len(label), maxLabel)
		}
	}
	if total > maxName {
		return Name{}, fmt.Errorf("the name %q… has %d bytes, more than the %d that DNS allows", text[:32], total, maxName)
	}
	return Name{text + "."}, nil
}

// ParseOwner reads an owner name as a zone file writes it: `@` or nothing is
// the apex, a trailing dot makes the name absolute, and anything else is
// relative to the zone however many dots it has. A name outside the zone is
// an error.
func ParseOwner(text string, zone Name) (Name, error) {
	if text == "@" || text == "" {
		return zone, nil
	}
	if text == "." {
		return Name{}, fmt.Errorf("the name %q is the DNS root, outside the zone %s: write \"@\" for the apex", text, zone.Display())
	}
	if absolute(text) {
		n, err := ParseName(text)
		if err == nil && !n.In(zone) {
			return Name{}, fmt.Errorf("the name %q is outside the zone %s: move it to its own zone, or remove its trailing dot to make it relative", text, zone.Display())
		}
		return n, err
	}
	rel, err := ParseName(text)
	if err != nil {
		return Name{}, err
	}
	return rel.under(zone)
}

// ParseHost reads a host name as it stands in a record's data: a trailing dot
// is absolute, `@` is the apex, a lone dot the root, a name without any dot
// is relative to the zone, and a dotted name without a trailing dot is
// absolute. (Owner names go the other way: see [ParseOwner].)
func ParseHost(text string, zone Name) (Name, error) {
	switch {
	case text == "@":
		return zone, nil
	case text == "":
		return Name{}, errors.New("the host is empty")
	case absolute(text):
		return ParseName(text)
	}
	n, err := ParseName(text)
	if err != nil || n.Parent() != Root() {
		return n, err
	}
	return n.under(zone)
}

// absolute reports whether text ends in a dot that no backslash escapes.
func absolute(text string) bool {
	rest, dotted := strings.CutSuffix(text, ".")
	return dotted && (len(rest)-len(strings.TrimRight(rest, `\`)))%2 == 0
}

// under puts a name that was read without a trailing dot below zone.
func (n Name) under(zone Name) (Name, error) {
	if zone.text == "." {
		return n, nil
	}
	return checkLengths(n.text + strings.TrimSuffix(zone.text, "."))
}
