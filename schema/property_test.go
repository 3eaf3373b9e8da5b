package schema

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// anyLabel draws the bytes of a label, mostly the usual ones.
var anyLabel = rapid.OneOf(
	rapid.Map(rapid.StringMatching(`[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?`), func(s string) []byte { return []byte(s) }),
	rapid.SliceOfN(rapid.Byte(), 1, 12),
	rapid.SliceOfN(rapid.SampledFrom([]byte(`.\ "'@;()*0aAzZ`+"\x00\x7f\x80\xff")), 1, 6),
)

// presentationOf writes labels with every byte escaped in one of the ways that a
// master file allows.
func presentationOf(t *rapid.T, labels [][]byte) string {
	var b strings.Builder
	for _, label := range labels {
		for _, c := range label {
			plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
			switch {
			case plain && rapid.Bool().Draw(t, "plain"):
				b.WriteByte(c)
			case c > ' ' && c < 0x7f && (c < '0' || c > '9') && rapid.Bool().Draw(t, "short"):
				b.WriteByte('\\')
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, `\%03d`, c)
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}

// anyWire draws a name of at most 255 bytes on the wire: its labels.
func anyWire(t *rapid.T) [][]byte {
	return rapid.SliceOfN(anyLabel, 1, 8).Draw(t, "labels")
}

func lower(labels [][]byte) [][]byte {
	out := make([][]byte, len(labels))
	for i, l := range labels {
		for _, c := range l {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			out[i] = append(out[i], c)
		}
	}
	return out
}

func parsed(t *rapid.T, labels [][]byte) Name {
	text := presentationOf(t, labels)
	n, err := ParseName(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

func TestEverySpellingOfTheSameBytesIsTheSameName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := anyWire(t)
		a, b := parsed(t, labels), parsed(t, lower(labels))
		if a != b {
			t.Fatalf("%q and %q", a, b)
		}
		if strings.ContainsAny(a.String(), " \t\n") {
			t.Fatalf("a blank stands in %q", a)
		}
		again, err := ParseName(a.String())
		if err != nil || again != a {
			t.Fatalf("%q comes back as %q, %v", a, again, err)
		}
		wire := make([]byte, 256)
		end, err := dns.PackDomainName(a.String(), wire, 0, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := wire[:end], wireOf(lower(labels)); !bytes.Equal(got, want) {
			t.Fatalf("%q is %x on the wire, want %x", a, got, want)
		}
	})
}

func wireOf(labels [][]byte) []byte {
	var out []byte
	for _, l := range labels {
		out = append(out, byte(len(l)))
		out = append(out, l...)
	}
	return append(out, 0)
}

func TestAnOwnerNameComesBackFromItsRelativeForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := parsed(t, rapid.SliceOfN(anyLabel, 1, 3).Draw(t, "zone"))
		below := rapid.SliceOfN(anyLabel, 0, 4).Draw(t, "below")
		owner, err := ParseName(presentationOf(t, below) + zone.String())
		if len(below) == 0 {
			owner, err = zone, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if !owner.In(zone) || owner.Below(zone) != (len(below) > 0) {
			t.Fatalf("%q in %q: %v, below: %v", owner, zone, owner.In(zone), owner.Below(zone))
		}
		back, err := ParseOwner(owner.Relative(zone), zone)
		if err != nil || back != owner {
			t.Fatalf("%q is relative to %q %q, which is %q, %v", owner, zone, owner.Relative(zone), back, err)
		}
		absolute, err := ParseOwner(owner.String(), zone)
		if err != nil || absolute != owner {
			t.Fatalf("%q is %q, %v", owner, absolute, err)
		}
		depth := 0
		for n := owner; n != zone; n = n.Parent() {
			if child, err := n.Parent().Child(n.Label()); err != nil || child != n {
				t.Fatalf("%q is %q below its parent, %v", n, child, err)
			}
			depth++
		}
		if depth != len(below) {
			t.Fatalf("%q is %d labels below %q, want %d", owner, depth, zone, len(below))
		}
	})
}

func TestCompareAgreesWithTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suffix := rapid.SliceOfN(anyLabel, 0, 2).Draw(t, "suffix")
		names := make([]Name, 3)
		wires := make([][][]byte, 3)
		for i := range names {
			labels := append(rapid.SliceOfN(anyLabel, 0, 3).Draw(t, "labels"), suffix...)
			if names[i] = Root(); len(labels) > 0 {
				names[i] = parsed(t, labels)
			}
			wires[i] = lower(labels)
		}
		for i := range names {
			for j := range names {
				if got, want := names[i].Compare(names[j]), compareWire(wires[i], wires[j]); got != want {
					t.Fatalf("%q against %q: %d, want %d", names[i], names[j], got, want)
				}
			}
		}
	})
}

// compareWire is RFC 4034 section 6.1 word for word.
func compareWire(a, b [][]byte) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if c := bytes.Compare(a[len(a)-i], b[len(b)-i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// anyData draws data of a type.
func anyData(t *rapid.T, typ Type) Data {
	name := func(label string) Name {
		labels := rapid.SliceOfN(anyLabel, 0, 4).Draw(t, label)
		if len(labels) == 0 {
			return Root()
		}
		return parsed(t, labels)
	}
	text := func(most int) string {
		return rapid.OneOf(
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, most), func(b []byte) string { return string(b) }),
			rapid.Map(rapid.IntRange(0, most), func(n int) string { return strings.Repeat("ü\"\\;", n)[:n] }),
		).Draw(t, "text")
	}
	switch typ {
	case TypeA:
		return A{netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))}
	case TypeAAAA:
		bytes := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.Bool().Draw(t, "mapped") {
			copy(bytes, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff")
		}
		return AAAA{netip.AddrFrom16([16]byte(bytes))}
	case TypeCAA:
		return CAA{rapid.Uint8().Draw(t, "flags"), rapid.StringMatching(`[a-z0-9]{1,20}`).Draw(t, "tag"), text(600)}
	case TypeCNAME:
		return CNAME{name("target")}
	case TypeMX:
		return MX{rapid.Uint16().Draw(t, "preference"), name("exchange")}
	case TypeNS:
		return NS{name("host")}
	case TypeSRV:
		n := rapid.Uint16()
		return SRV{n.Draw(t, "priority"), n.Draw(t, "weight"), n.Draw(t, "port"), name("target")}
	}
	return TXT{text(1000)}
}

func TestDataComesBackFromItsPresentationForm(t *testing.T) {
	for _, typ := range Types() {
		t.Run(string(typ), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d := anyData(t, typ)
				back, err := ParseData(typ, d.String())
				if err != nil || back != d {
					t.Fatalf("%#v is %s, which is %#v, %v", d, d, back, err)
				}
			})
		})
	}
}

func TestEveryByteOfATextComesBack(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, n := range []int{0, 1, 255, 256, 510, 511, MaxText} {
		text := strings.Repeat(string(all), n/256+1)[:n]
		for _, d := range []Data{TXT{text}, CAA{0, "issue", text}} {
			back, err := ParseData(d.Type(), d.String())
			if err != nil || back != d {
				t.Errorf("%s of %d bytes does not come back: %v", d.Type(), n, err)
			}
		}
	}
}

func TestCompareDataIsATotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() Data {
			if rapid.IntRange(0, 5).Draw(t, "opaque") == 0 {
				return Opaque{rapid.SampledFrom([]Type{"A", "MX", "TXT", "ALIAS"}).Draw(t, "type"), rapid.StringMatching(`[ab"\\]{0,3}`).Draw(t, "raw")}
			}
			return anyData(t, rapid.SampledFrom(Types()).Draw(t, "type"))
		}
		a, b, c := draw(), draw(), draw()
		if CompareData(a, b) != -CompareData(b, a) {
			t.Fatalf("%#v and %#v: %d and %d", a, b, CompareData(a, b), CompareData(b, a))
		}
		if (CompareData(a, b) == 0) != (a == b) {
			t.Fatalf("%#v and %#v are equal in one way and not the other", a, b)
		}
		if CompareData(a, b) <= 0 && CompareData(b, c) <= 0 && CompareData(a, c) > 0 {
			t.Fatalf("%#v, %#v, %#v go round in a circle", a, b, c)
		}
	})
}
