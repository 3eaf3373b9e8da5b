// Package schematest draws zones for property tests: every type, and data as
// hostile as the DNS allows.
package schematest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
)

// Zone draws a zone that has each key once, in order, no value twice, and one
// TTL for each RRset: all that a careful zone file is about, though what it
// says may make no sense. Its texts are Unicode if unicode is set, else any bytes.
func Zone(unicode bool) *rapid.Generator[*schema.Zone] {
	return rapid.Custom(func(t *rapid.T) *schema.Zone {
		z := &schema.Zone{Name: rapid.SampledFrom(zones).Draw(t, "zone")}
		sets := map[schema.Key]schema.RRset{}
		for range rapid.IntRange(0, 12).Draw(t, "RRsets") {
			owner, err := schema.ParseOwner(owners.Draw(t, "owner"), z.Name)
			if err != nil {
				continue // too long together
			}
			typ := rapid.SampledFrom(schema.Types()).Draw(t, "type")
			s := schema.RRset{Key: schema.Key{Name: owner, Type: typ}}
			ttl := rapid.SampledFrom([]schema.TTL{0, 60, 300, 300, schema.DefaultTTL, schema.MaxTTL}).Draw(t, "TTL")
			for range rapid.IntRange(1, 3).Draw(t, "values") {
				d := data(t, typ, z.Name, unicode)
				if !slices.ContainsFunc(s.Values, func(v schema.Value) bool { return v.Data == d }) {
					s.Values = append(s.Values, schema.Value{Data: d, TTL: ttl})
				}
			}
			slices.SortFunc(s.Values, func(a, b schema.Value) int { return schema.CompareData(a.Data, b.Data) })
			sets[s.Key] = s
		}
		for _, s := range sets {
			z.RRsets = append(z.RRsets, s)
		}
		slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Compare(b.Key) })
		return z
	})
}

var zones = []schema.Name{
	schema.MustName("example.com"), schema.MustName("xn--mnchen-3ya.example"), schema.MustName(`odd\.dot.example`),
	schema.MustName("0/26.2.0.192.in-addr.arpa"), schema.MustName("a.b.c.d.example.org"), schema.MustName(strings.Repeat(strings.Repeat("z", 63)+".", 2) + "example"),
}

// owners are names relative to a zone.
var owners = rapid.OneOf(
	rapid.SampledFrom([]string{"@", "@", "www", "www", "mail", "ns1", "*", "*.www", "_dmarc", "_sip._tcp", "a.b.c", "yes", "no", "null", "~", "0x10", "1e3", "12", "10a", "9", "a10", "a9", "true", "-", "in", "a", "mx", "ttl",
		`\$ttl`, `\$origin`, `\@`, `odd\.dot`, `sp\032ace`, `semi\;colon`, `qu\"ote`, `par\(en\)`, `back\\slash`, `\000\255`, `\010`, "#", "$", "records", "zone", "include", "state",
		"xn--mnchen-3ya", "münchen", "under_score", strings.Repeat("x", 63), strings.Repeat("y", 63) + ".www", "example.com"}),
	rapid.StringMatching(`[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?`),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 20), func(label []byte) string {
		var b strings.Builder
		for _, c := range label {
			if c == '*' { // which a zone file has only as a whole label
				c = '+'
			}
			fmt.Fprintf(&b, `\%03d`, c)
		}
		return b.String()
	}),
)

var hosts = rapid.OneOf(
	rapid.SampledFrom([]string{".", "com.", "mx.example.net.", "@", "www", "mail", "ns1", `odd\.dot.example.net.`, `\@.example.net.`, `\$.example.net.`, "*.example.net.", "_x.example.net.", "xn--mnchen-3ya.example.net.", strings.Repeat("x", 63) + ".example.net."}),
	rapid.StringMatching(`[a-z0-9]{1,10}`), rapid.StringMatching(`[a-z0-9]{1,10}\.example\.org\.`),
)

// texts that somebody's reader takes for something else.
var texts = []string{"", "v=spf1 -all", `v=DMARC1; p=none`, `a\;b`, `\`, `\\`, `a\`, `"`, `"quoted"`, `'`, "# no", "a # b", "a: b", "- x", "[x]", "{x}", "yes", "null", "0x10", "1e3", "~", "\t", " lead", "trail ", "line\nfeed", "carriage\r",
	"\x00", "@", "%x", "!t", "&a", "*a", "? k", "| x", "> x", "`", "$TTL 3", "(", ")", ";", "; no", `\065`, "\u202e", "\u2028", "\ufeff", "münchen", "a,b", "=1+1", "\u0085", "--- x", "...",
	strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat(`";\`, 400)}

func data(t *rapid.T, typ schema.Type, zone schema.Name, unicode bool) schema.Data {
	host := func() schema.Name {
		n, err := schema.ParseHost(hosts.Draw(t, "host"), zone)
		if err != nil {
			return zone
		}
		return n
	}
	text := func() string {
		if unicode {
			return rapid.OneOf(rapid.SampledFrom(texts), rapid.String()).Draw(t, "text")
		}
		return rapid.OneOf(rapid.SampledFrom(texts), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 700), func(b []byte) string { return string(b) })).Draw(t, "text")
	}
	number := rapid.Uint16()
	switch typ {
	case schema.TypeA:
		return schema.A{Addr: netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))}
	case schema.TypeAAAA:
		address := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.Bool().Draw(t, "mapped") {
			copy(address, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff")
		}
		return schema.AAAA{Addr: netip.AddrFrom16([16]byte(address))}
	case schema.TypeCAA:
		return schema.CAA{Flags: rapid.Uint8().Draw(t, "flags"), Tag: rapid.StringMatching(`issue|iodef|[a-z0-9]{1,20}`).Draw(t, "tag"), Value: text()}
	case schema.TypeCNAME:
		return schema.CNAME{Target: host()}
	case schema.TypeMX:
		return schema.MX{Preference: number.Draw(t, "preference"), Exchange: host()}
	case schema.TypeNS:
		return schema.NS{Host: host()}
	case schema.TypeSRV:
		return schema.SRV{Priority: number.Draw(t, "priority"), Weight: number.Draw(t, "weight"), Port: number.Draw(t, "port"), Target: host()}
	}
	return schema.TXT{Text: text()}
}

// Without is the zone without the RRsets that a problem of [schema.Validate]
// is about, as far as bad says that it matters, until there is none left.
func Without(z *schema.Zone, bad func(schema.Problem) bool) *schema.Zone {
	for {
		out := schema.Zone{Name: z.Name, RRsets: slices.Clone(z.RRsets)}
		for i := range out.RRsets {
			s := &out.RRsets[i]
			s.Position = schema.Position{File: "zone", Line: i + 1, Column: 1}
			s.Values = slices.Clone(s.Values)
			for j := range s.Values {
				s.Values[j].Position = s.Position
			}
		}
		drop := map[int]bool{}
		checked := out // from which is taken out what no DNS serves
		checked.RRsets = slices.Clone(out.RRsets)
		for _, p := range schema.Validate([]schema.Zone{checked}) {
			if bad(p) {
				drop[p.Position.Line-1] = true
			}
		}
		if len(drop) == 0 {
			return &out
		}
		z = &schema.Zone{Name: z.Name}
		for i := range out.RRsets {
			if !drop[i] {
				z.RRsets = append(z.RRsets, out.RRsets[i])
			}
		}
	}
}

// Lines are the records of a zone in an order of their own, for comparing.
func Lines(z *schema.Zone) []string {
	out := []string{}
	for i := range z.RRsets {
		for _, v := range z.RRsets[i].Values {
			out = append(out, fmt.Sprintf("%s %d %s %q", z.RRsets[i].Name, v.TTL, z.RRsets[i].Type, fmt.Sprint(v.Data)))
		}
	}
	slices.Sort(out)
	return out
}
