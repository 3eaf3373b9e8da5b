package schema

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Type is a record type by its mnemonic in upper case, such as "MX".
type Type string

// The record types that zoneherd manages.
const (
	TypeA     Type = "A"
	TypeAAAA  Type = "AAAA"
	TypeCAA   Type = "CAA"
	TypeCNAME Type = "CNAME"
	TypeMX    Type = "MX"
	TypeNS    Type = "NS"
	TypeSRV   Type = "SRV"
	TypeTXT   Type = "TXT"
)

// Types lists the record types that zoneherd manages, in alphabetical order.
func Types() []Type {
	return []Type{TypeA, TypeAAAA, TypeCAA, TypeCNAME, TypeMX, TypeNS, TypeSRV, TypeTXT}
}

// Managed reports whether t is one of [Types].
func (t Type) Managed() bool {
	switch t {
	case TypeA, TypeAAAA, TypeCAA, TypeCNAME, TypeMX, TypeNS, TypeSRV, TypeTXT:
		return true
	}
	return false
}

// Data is the RDATA of one record as a typed value in canonical form. It is
// one of [A], [AAAA], [CAA], [CNAME], [MX], [NS], [SRV], [TXT] and, on the
// live side and in files marked from-live, [Opaque]. All are comparable: equal
// data are ==, and a Data can be a map key.
type Data interface {
	// Type is the record type that the data belongs to.
	Type() Type
	// String is the data in presentation form (RFC 1035 section 5.1) with
	// absolute names, TXT in quoted strings of at most 255 bytes.
	String() string

	isData()
}

// A is an IPv4 address (RFC 1035 section 3.4.1).
type A struct{ Addr netip.Addr }

// AAAA is an IPv6 address (RFC 3596).
type AAAA struct{ Addr netip.Addr }

// CAA is a certification authority authorization (RFC 8659). Tag is lower case.
type CAA struct {
	Flags uint8
	Tag   string
	Value string
}

// CNAME is the canonical name that its owner is an alias of (RFC 1035 section 3.3.1).
type CNAME struct{ Target Name }

// MX is a mail exchange (RFC 1035 section 3.3.9). The exchange is the root in
// a null MX (RFC 7505).
type MX struct {
	Preference uint16
	Exchange   Name
}

// NS is a name server (RFC 1035 section 3.3.11).
type NS struct{ Host Name }

// SRV is the location of a service (RFC 2782). The target is the root where
// the service is decidedly not available.
type SRV struct {
	Priority, Weight, Port uint16
	Target                 Name
}

// TXT is text (RFC 1035 section 3.3.14): its bytes, in a string. Where the
// text is split into character strings is no part of the data.
type TXT struct{ Text string }

// Opaque is the data of a live record that zoneherd does not read: another
// type, or a value that its type does not allow. Raw is the value as the
// provider gave it.
type Opaque struct {
	RRType Type
	Raw    string
}

func (A) isData()      {}
func (AAAA) isData()   {}
func (CAA) isData()    {}
func (CNAME) isData()  {}
func (MX) isData()     {}
func (NS) isData()     {}
func (SRV) isData()    {}
func (TXT) isData()    {}
func (Opaque) isData() {}

// Type implements [Data].
func (A) Type() Type { return TypeA }

// Type implements [Data].
func (AAAA) Type() Type { return TypeAAAA }

// Type implements [Data].
func (CAA) Type() Type { return TypeCAA }

// Type implements [Data].
func (CNAME) Type() Type { return TypeCNAME }

// Type implements [Data].
func (MX) Type() Type { return TypeMX }

// Type implements [Data].
func (NS) Type() Type { return TypeNS }

// Type implements [Data].
func (SRV) Type() Type { return TypeSRV }

// Type implements [Data].
func (TXT) Type() Type { return TypeTXT }

// Type implements [Data]: the type as the provider names it.
func (d Opaque) Type() Type { return d.RRType }

func (d A) String() string     { return d.Addr.String() }
func (d AAAA) String() string  { return d.Addr.String() }
func (d CNAME) String() string { return d.Target.String() }
func (d NS) String() string    { return d.Host.String() }
func (d MX) String() string {
	return strconv.Itoa(int(d.Preference)) + " " + d.Exchange.String()
}
func (d SRV) String() string {
	return fmt.Sprintf("%d %d %d %s", d.Priority, d.Weight, d.Port, d.Target)
}
func (d CAA) String() string {
	return strconv.Itoa(int(d.Flags)) + " " + d.Tag + " " + quote(d.Value)
}

// String is the value as the provider gave it, with what cannot be shown escaped.
func (d Opaque) String() string { return escape(d.Raw) }

const maxCharacterString = 255 // RFC 1035 section 3.3

func (d TXT) String() string {
	if len(d.Text) <= maxCharacterString {
		return quote(d.Text)
	}
	var b strings.Builder
	for rest := d.Text; rest != ""; {
		n := min(len(rest), maxCharacterString)
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(quote(rest[:n]))
		rest = rest[n:]
	}
	return b.String()
}

// quote gives one character string in presentation form.
func quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// escape writes bytes that are no printable ASCII as \DDD.
func escape(s string) string {
	q := quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Target is the host that the data points at, for the types that have one.
func Target(d Data) (Name, bool) {
	switch d := d.(type) {
	case CNAME:
		return d.Target, true
	case MX:
		return d.Exchange, true
	case NS:
		return d.Host, true
	case SRV:
		return d.Target, true
	}
	return Name{}, false
}

// CompareData orders data by type, then as a reader expects: addresses and
// numbers by value, names and text by their bytes.
func CompareData(a, b Data) int {
	if c := cmp.Compare(a.Type(), b.Type()); c != 0 {
		return c
	}
	switch a := a.(type) {
	case A:
		if b, ok := b.(A); ok {
			return a.Addr.Compare(b.Addr)
		}
	case AAAA:
		if b, ok := b.(AAAA); ok {
			return a.Addr.Compare(b.Addr)
		}
	case MX:
		if b, ok := b.(MX); ok {
			return cmp.Or(cmp.Compare(a.Preference, b.Preference), a.Exchange.Compare(b.Exchange))
		}
	case SRV:
		if b, ok := b.(SRV); ok {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight),
				cmp.Compare(a.Port, b.Port), a.Target.Compare(b.Target))
		}
	}
	_, x := a.(Opaque)
	_, y := b.(Opaque)
	if x != y {
		if x {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.String(), b.String())
}

// ParseData reads data in presentation form with absolute names, the form
// that [Data].String writes and that plans carry: one line without comments
// or parentheses.
func ParseData(t Type, presentation string) (Data, error) {
	if !t.Managed() {
		return nil, fmt.Errorf("the type %q is none that zoneherd manages", t)
	}
	if !oneLine(presentation) {
		return nil, fmt.Errorf("the data %s is not well formed for %s: it holds a line break, comment or parenthesis outside quotes", excerpt(presentation), t)
	}
	if t == TypeCAA {
		return parseCAA(presentation)
	}
	rr, err := dns.NewRR(". 0 IN " + string(t) + " " + presentation)
	if err != nil {
		return nil, fmt.Errorf("the data %s is not well formed for %s: %w", excerpt(presentation), t, err)
	}
	if rr == nil || rr.Header().Rrtype != dns.StringToType[string(t)] {
		return nil, fmt.Errorf("the data %s is not well formed for %s", excerpt(presentation), t)
	}
	return dataOf(rr)
}

// oneLine reports whether text has none of what a master file reads as more or
// less than one line of data (RFC 1035 section 5.1).
func oneLine(text string) bool {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '\n' || c == '\r':
			return false
		case !quoted && (c == ';' || c == '(' || c == ')'):
			return false
		}
	}
	return true
}

// parseCAA reads CAA data in presentation form. Its value is one string that
// may be longer than the character strings of other types (RFC 8659 section
// 4.1.1), for which miekg/dns has no room.
func parseCAA(presentation string) (Data, error) {
	flags, rest, _ := strings.Cut(strings.Trim(presentation, " \t"), " ")
	tag, value, ok := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	value = strings.TrimLeft(value, " \t")
	if inner, quoted := strings.CutPrefix(value, `"`); quoted {
		value, ok = strings.CutSuffix(inner, `"`)
	} else {
		ok = ok && value != "" && !strings.ContainsAny(value, " \t")
	}
	text, err := unescape(value)
	if err != nil || !ok || unescapedQuote(value) {
		return nil, fmt.Errorf(`the data %s is not well formed for CAA: write flags, tag and one quoted value, such as 0 issue "letsencrypt.org"`, excerpt(presentation))
	}
	return ParseCAA(flags, tag, text)
}

// unescapedQuote reports whether a text holds a quotation mark that no
// backslash escapes.
func unescapedQuote(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return true
		}
	}
	return false
}

// dataOf converts what miekg/dns has parsed.
func dataOf(rr dns.RR) (Data, error) {
	switch rr := rr.(type) {
	case *dns.A:
		addr, ok := netip.AddrFromSlice(rr.A.To4())
		if !ok {
			return nil, fmt.Errorf("the data %q is no IPv4 address", rr.A)
		}
		return A{addr}, nil
	case *dns.AAAA:
		addr, ok := netip.AddrFromSlice(rr.AAAA.To16())
		if !ok {
			return nil, fmt.Errorf("the data %q is no IPv6 address", rr.AAAA)
		}
		return AAAA{addr}, nil
	case *dns.CNAME:
		n, err := ParseName(rr.Target)
		return CNAME{n}, err
	case *dns.MX:
		n, err := ParseName(rr.Mx)
		return MX{rr.Preference, n}, err
	case *dns.NS:
		n, err := ParseName(rr.Ns)
		return NS{n}, err
	case *dns.SRV:
		n, err := ParseName(rr.Target)
		return SRV{rr.Priority, rr.Weight, rr.Port, n}, err
	case *dns.TXT:
		var b strings.Builder
		for _, s := range rr.Txt {
			text, err := unescape(s)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
		}
		return TXT{b.String()}, nil
	}
	return nil, fmt.Errorf("the type %s is none that zoneherd manages", dns.TypeToString[rr.Header().Rrtype])
}

// unescape gives the bytes of a character string as miekg/dns keeps it.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		switch escapeLength(s[i:]) {
		case 4:
			n, err := strconv.ParseUint(s[i+1:i+4], 10, 8)
			if err != nil {
				return "", fmt.Errorf("the escape %q stands for no byte: %w", s[i:i+4], err)
			}
			b.WriteByte(byte(n))
			i += 3
		case 2:
			i++
			b.WriteByte(s[i])
		default:
			return "", fmt.Errorf(`the text %q has a backslash that begins no escape: write \DDD with three digits up to 255, or \X for the character X`, s)
		}
	}
	return b.String(), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
