package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func BenchmarkParseName(b *testing.B) {
	for _, bench := range []struct{ about, text string }{
		{"Plain", "www.example.com"},
		{"Capitals", "WWW.Example.COM."},
		{"Unicode", "bücher.example.com"},
		{"Escapes", `john\.doe.example.com`},
	} {
		b.Run(bench.about, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseName(bench.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, bench := range []struct{ about, x, y string }{
		{"Siblings", "host1.example.com", "host2.example.com"},
		{"Escapes", `a\.b.example.com`, `a\.c.example.com`},
	} {
		b.Run(bench.about, func(b *testing.B) {
			x, y := MustName(bench.x), MustName(bench.y)
			b.ReportAllocs()
			for b.Loop() {
				if x.Compare(y) >= 0 {
					b.Fatal("out of order")
				}
			}
		})
	}
}

// BenchmarkValidate checks one zone of n records: addresses, mail, aliases,
// texts, and a tenth of it delegations with their glue. The time per record
// should hardly grow.
func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			zones := []Zone{largeZone(n)}
			b.ReportAllocs()
			for b.Loop() {
				if problems := Validate(zones); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}

func largeZone(n int) Zone {
	z := Zone{Name: MustName("example.com")}
	add := func(owner Name, d Data) {
		z.RRsets = append(z.RRsets, RRset{Key: Key{owner, d.Type()}, Values: []Value{{Data: d, TTL: 300, Position: Position{File: "example.com.yaml", Line: len(z.RRsets) + 1, Column: 1}}}})
	}
	name := func(format string, i int) Name { return MustName(fmt.Sprintf(format, i)) }
	for i := 0; i < n; i += 10 {
		host := name("host%d.example.com", i)
		for j := range 4 {
			add(name(fmt.Sprintf("a%d.host%%d.example.com", j), i), A{netip.AddrFrom4([4]byte{192, 0, 2, byte(j)})})
		}
		add(host, MX{10, name("a1.host%d.example.com", i)})
		add(host, TXT{"v=spf1 include:_spf.example.net ip4:192.0.2.0/24 ~all"})
		add(name("www.host%d.example.com", i), CNAME{host})
		add(name("alias.host%d.example.com", i), CNAME{name("www.host%d.example.com", i)})
		add(name("sub%d.example.com", i), NS{name("ns.sub%d.example.com", i)})
		add(name("ns.sub%d.example.com", i), A{netip.AddrFrom4([4]byte{192, 0, 2, 53})})
	}
	slices.SortFunc(z.RRsets, func(a, b RRset) int { return a.Key.Compare(b.Key) })
	return z
}
