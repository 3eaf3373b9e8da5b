package schema

import (
	"cmp"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// Name is an absolute domain name in canonical form: lower-case A-labels with
// a trailing dot, bytes other than letters, digits and common punctuation
// escaped as in a master file (RFC 1035 section 5.1). Names that DNS holds
// equal are equal under ==. The zero Name is no name at all; it is not the root.
type Name struct{ text string }

// Root is the name of the DNS root, also the target that means "none" in a
// null MX (RFC 7505) and in an SRV record (RFC 2782).
func Root() Name { return Name{"."} }

// Child is the name one label below n. The label is in presentation form.
func (n Name) Child(label string) (Name, error) {
	l, err := ParseName(label)
	if err != nil {
		return Name{}, err
	}
	return l.under(n)
}

// IsZero reports whether n is the zero Name, which is no name.
func (n Name) IsZero() bool { return n.text == "" }

// String is the name in canonical form with its trailing dot.
func (n Name) String() string { return n.text }

// Display is the name as people write it: in canonical form without the
// trailing dot (the root stays a dot).
func (n Name) Display() string {
	if len(n.text) > 1 {
		return n.text[:len(n.text)-1]
	}
	return n.text
}

// Unicode is the name without its trailing dot and with A-labels decoded, for
// showing to people beside the canonical form. A label that does not decode to
// one that a person could have typed stays as it is, so that nothing unprintable
// is shown.
func (n Name) Unicode() string {
	if !strings.Contains(n.text, "xn--") {
		return n.Display()
	}
	labels := strings.Split(n.Display(), ".")
	for i, label := range labels {
		u, err := idna.Punycode.ToUnicode(label)
		if err != nil || u == label {
			continue
		}
		if back, err := asciiLabel(u); err == nil && back == label {
			labels[i] = u
		}
	}
	return strings.Join(labels, ".")
}

// In reports whether n is zone or below it.
func (n Name) In(zone Name) bool {
	if zone.text == "." || n.text == zone.text {
		return n.text != ""
	}
	rest, ok := strings.CutSuffix(n.text, zone.text)
	return ok && absolute(rest)
}

// Below reports whether n is below other and not other itself.
func (n Name) Below(other Name) bool { return n != other && n.In(other) }

// Relative is the name as its zone's file writes it: `@` for the apex, else
// without the zone's name; a name outside the zone stays absolute.
func (n Name) Relative(zone Name) string {
	switch {
	case n == zone:
		return "@"
	case !n.In(zone):
		return n.text
	case zone.text == ".":
		return n.Display()
	}
	return n.text[:len(n.text)-len(zone.text)-1]
}

// Parent is the name without its first label; the root's parent is the root.
func (n Name) Parent() Name {
	end := n.labelEnd()
	if end >= len(n.text)-1 {
		return Root()
	}
	return Name{n.text[end+1:]}
}

// Label is the first label in presentation form, empty for the root.
func (n Name) Label() string {
	end := n.labelEnd()
	return n.text[:end]
}

// labelEnd is the index of the dot that ends the first label.
func (n Name) labelEnd() int {
	for i := 0; i < len(n.text); i++ {
		switch n.text[i] {
		case '\\':
			i++
		case '.':
			return i
		}
	}
	return len(n.text)
}

// IsWildcard reports whether the first label is `*` (RFC 4592).
func (n Name) IsWildcard() bool { return strings.HasPrefix(n.text, "*.") }

// IsHost reports whether every label is letters, digits and inner hyphens
// (RFC 952, RFC 1123), as BIND demands of the owners of addresses and of mail,
// name server and service targets. A leading `*` label is allowed.
func (n Name) IsHost() bool {
	text := strings.TrimPrefix(n.Display(), "*.")
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// Compare orders names as DNSSEC does (RFC 4034 section 6.1): by label from
// the right, so that a zone's apex comes first and a name before what is
// below it.
func (n Name) Compare(other Name) int {
	if n.text == other.text {
		return 0
	}
	a, b := n.text, other.text
	if strings.Contains(a, `\`) || strings.Contains(b, `\`) {
		return compareEscaped(a, b)
	}
	a, b = strings.TrimSuffix(a, "."), strings.TrimSuffix(b, ".")
	for a != "" && b != "" {
		i, j := strings.LastIndexByte(a, '.'), strings.LastIndexByte(b, '.')
		if c := cmp.Compare(a[i+1:], b[j+1:]); c != 0 {
			return c
		}
		a, b = a[:max(i, 0)], b[:max(j, 0)]
	}
	return cmp.Compare(len(a), len(b))
}

// compareEscaped is Compare on the bytes that escapes stand for.
func compareEscaped(a, b string) int {
	x, y := wireLabels(a), wireLabels(b)
	for len(x) > 0 && len(y) > 0 {
		if c := cmp.Compare(x[len(x)-1], y[len(y)-1]); c != 0 {
			return c
		}
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return cmp.Compare(len(x), len(y))
}

// wireLabels gives the labels of a canonical name as raw bytes.
func wireLabels(text string) []string {
	wire := make([]byte, 256)
	end, err := dns.PackDomainName(text, wire, 0, nil, false)
	if err != nil {
		return strings.Split(text, ".")
	}
	var labels []string
	for i := 0; i < end && wire[i] != 0; i += int(wire[i]) + 1 {
		labels = append(labels, string(wire[i+1:i+1+int(wire[i])]))
	}
	return labels
}

// MarshalText and UnmarshalText make a Name a JSON string in canonical form.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.text), nil }

// UnmarshalText reads an absolute name; see [ParseName].
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Name{}
		return nil
	}
	parsed, err := ParseName(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
