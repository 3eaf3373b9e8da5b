package verify

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// A named that serves what is declared is never called bad, and one difference
// is told as that one and nothing else: 40 random zones, or ZONEHERD_VERIFY_ZONES,
// each with and without a transfer.
func TestNamedIsJudgedRightly(t *testing.T) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("ZONEHERD_VERIFY_ZONES"), "40"))
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for seed := 0; good < n; seed++ {
		zones := map[schema.Name]*schema.Zone{} // of several names, at one server
		texts := map[string]string{}
		for i := range 12 {
			z := schematest.Without(schematest.Zone(false).Example(seed*12+i), refusedByBIND)
			if zones[z.Name] != nil || len(z.RRsets) == 0 || strings.Contains(z.Name.String(), "\\") { // named.conf reads escapes in another way
				continue
			}
			zones[z.Name] = z
			texts[z.Name.String()] = string(masterfile.Write(z, masterfile.Head{SOA: masterfile.Placeholder(z.Name), NS: []schema.Name{masterfile.PlaceholderNS()}}))
		}
		for _, transfer := range []string{"none", "127.0.0.1"} {
			addr := namedtest.Start(t, texts, "allow-transfer { "+transfer+"; };")
			for _, z := range zones {
				good++
				if r := verifyNamed(t, addr, z); r.Status() != OK || r.Transferred() != (transfer != "none") {
					t.Errorf("%s, transfer by %s: %s", z.Name.Display(), transfer, strings.Join(told(r), "\n"))
				}
				key, other := differently(z, seed)
				if key == (schema.Key{}) {
					continue
				}
				bad++
				r := verifyNamed(t, addr, other)
				s := r.Servers[0]
				if s.Status != Wrong || len(s.Findings) != 1 || s.Findings[0].Key != key {
					t.Errorf("%s, transfer by %s: %v differs, and is told as %s", z.Name.Display(), transfer, key, strings.Join(told(r), "\n"))
				}
			}
		}
	}
	t.Logf("%d zones as declared, %d with one difference", good, bad)
	if bad < good/2 {
		t.Error("too few differ")
	}
}

func verifyNamed(t *testing.T, addr netip.AddrPort, z *schema.Zone) *ZoneReport {
	t.Helper()
	report, err := Run(t.Context(), []Zone{{Desired: z}}, Options{Nameservers: []Server{{Addr: addr}}})
	if err != nil {
		t.Fatal(err)
	}
	return &report.Zones[0]
}

// differently is a zone with one RRset declared otherwise, of those that are
// asked for.
func differently(z *schema.Zone, seed int) (schema.Key, *schema.Zone) {
	asked, _ := (&Zone{Desired: z}).questions()
	if len(asked) == 0 {
		return schema.Key{}, nil
	}
	key := asked[rapid.IntRange(0, len(asked)-1).Example(seed)].key
	other := *z
	other.RRsets = slices.Clone(z.RRsets)
	set := other.RRset(key)
	set.Values = slices.Clone(set.Values)
	ttl := set.Values[0].TTL + 1
	if ttl > schema.MaxTTL {
		ttl = 5
	}
	for i := range set.Values {
		set.Values[i].TTL = ttl
	}
	return key, &other
}

// refusedByBIND tells the problems for which BIND refuses a zone, whatever its
// configuration.
func refusedByBIND(p schema.Problem) bool {
	switch p.Rule {
	case "cname-apex", "cname-exclusive", "cname-several", "ns-wildcard", "ns-address":
		return true
	case "target-cname":
		return strings.Contains(p.Message, " NS ")
	}
	return false
}

// Ten thousand RRsets at a named that allows no transfer.
func BenchmarkVerify(b *testing.B) {
	z := &schema.Zone{Name: schema.MustName("example.com")}
	for i := range 10_000 {
		name := schema.MustName(fmt.Sprintf("host%d.example.com", i))
		data, err := schema.ParseData(schema.TypeA, fmt.Sprintf("198.18.%d.%d", i/256, i%256))
		if err != nil {
			b.Fatal(err)
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeA}, Values: []schema.Value{{Data: data, TTL: 300}}})
	}
	slices.SortFunc(z.RRsets, func(x, y schema.RRset) int { return x.Key.Compare(y.Key) })
	text := string(masterfile.Write(z, masterfile.Head{SOA: masterfile.Placeholder(z.Name), NS: []schema.Name{masterfile.PlaceholderNS()}}))
	for _, transfer := range []string{"none", "127.0.0.1"} {
		b.Run("transfer="+transfer, func(b *testing.B) {
			addr := namedtest.Start(b, map[string]string{"example.com": text}, "allow-transfer { "+transfer+"; };")
			b.ReportAllocs()
			for b.Loop() {
				report, err := Run(b.Context(), []Zone{{Desired: z}}, Options{Nameservers: []Server{{Addr: addr}}})
				if err != nil || !report.OK() {
					b.Fatal(err)
				}
			}
		})
	}
}
