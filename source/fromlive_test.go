package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
)

// Whatever a service may hold, written down and read again, is the same
// multiset of name, type, TTL and data.
func TestALiveZoneIsWrittenDownWhole(t *testing.T) {
	zone := schema.MustName("example.com")
	host := rapid.SampledFrom([]schema.Name{schema.Root(), zone, schema.MustName("a.example.com"), schema.MustName("b.example.net"), schema.MustName(`x\.y.example.org`)})
	name := rapid.SampledFrom([]string{"@", "www", "*", "_dmarc", "a.b", `odd\.dot`, `sp\032ace`, "yes", "1e3", "example.com", "xn--bcher-kva", `\@`, "null", "<<"})
	bytes := rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 600), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"", "v=spf1 -all", " lead", "trail ", "\"quoted\"", `back\slash`, "a: b", "# no comment", "\u00e9\u202e", "a\nb", "\x00", "0x10", "true", "~", "- x", "{a: b}", "\u2028", "\ufeff"}))
	rapid.Check(t, func(rt *rapid.T) {
		z := &schema.LiveZone{Name: zone}
		for i := range rapid.IntRange(0, 8).Draw(rt, "records") {
			owner, err := schema.ParseOwner(name.Draw(rt, "name"), zone)
			if err != nil {
				rt.Fatal(err)
			}
			var d schema.Data
			switch rapid.IntRange(0, 7).Draw(rt, "type") {
			case 0:
				addr, _ := schema.ParseIPv4(fmt.Sprintf("192.0.2.%d", rapid.IntRange(0, 3).Draw(rt, "address")))
				d = schema.A{Addr: addr}
			case 1:
				d = schema.MX{Preference: rapid.Uint16().Draw(rt, "preference"), Exchange: host.Draw(rt, "host")}
			case 2:
				d = schema.CNAME{Target: host.Draw(rt, "host")}
			case 3:
				d = schema.NS{Host: host.Draw(rt, "host")}
			case 4:
				d = schema.SRV{Priority: 1, Weight: rapid.Uint16().Draw(rt, "weight"), Port: 3, Target: host.Draw(rt, "host")}
			case 5:
				d = schema.Opaque{RRType: rapid.SampledFrom([]schema.Type{"LOC", "A", "HTTPS", "TXT"}).Draw(rt, "opaque"), Raw: strings.ToValidUTF8(bytes.Draw(rt, "raw"), "?")}
			default:
				d = schema.TXT{Text: bytes.Draw(rt, "text")}
			}
			z.Records = append(z.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint(i)), Name: owner, TTL: rapid.SampledFrom([]schema.TTL{0, 60, schema.MaxTTL}).Draw(rt, "ttl"), Data: d})
		}
		text, err := FromLive(z, "how to restore")
		if err != nil {
			rt.Fatal(err)
		}
		tree := &Tree{FS: fstest.MapFS{"x.yaml": {Data: text}}}
		r, err := Load(t.Context(), []Path{{tree, "x.yaml"}}, Options{DefaultTTL: 7})
		if err != nil {
			rt.Fatal(err)
		}
		if err := r.Problems.Err(); err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		var want, got []string
		for _, rec := range z.Records {
			want = append(want, fmt.Sprintf("%s %s %d %q", rec.Name, rec.Data.Type(), rec.TTL, rec.Data))
		}
		for _, s := range r.Zones[0].RRsets {
			for _, v := range s.Values {
				if v.Data.Type() != s.Type {
					rt.Fatalf("%s holds %s", s.Type, v.Data.Type())
				}
				got = append(got, fmt.Sprintf("%s %s %d %q", s.Name, s.Type, v.TTL, v.Data))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			rt.Fatalf("wrote %q\nread  %q\n%s", want, got, text)
		}
	})
}
