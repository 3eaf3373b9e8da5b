package schema

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
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
