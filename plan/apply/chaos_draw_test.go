package apply_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// chaosCase is what a seed makes.
type chaosCase struct {
	seed        uint64
	dialect     string
	faults      string
	foreign     bool // somebody else writes too
	two         bool // two runs at once do the same
	concurrency int
	rollback    bool
	typed       bool // the service changes types in place
	zones       []chaosZone
}

// chaosZone is a zone as it is and as it is to be.
type chaosZone struct {
	name      schema.Name
	live      []schema.LiveRecord // nil, with missing: there is none
	missing   bool
	unmanaged bool // undeclared and unselected: never to be touched
	desired   schema.Zone
}

func drawChaos(seed uint64) chaosCase {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	c := chaosCase{seed: seed, concurrency: 1 + r.IntN(8), rollback: r.IntN(5) == 0}
	if r.IntN(3) > 0 {
		// A plan without a base refuses full names without their last dot, which
		// can be read in two ways.
		c.dialect = strings.Replace(sandbox.RandomDialect(r), "names=fqdn", "names=dot", 1)
	}
	c.typed = !strings.Contains(c.dialect, "type-change=refused")
	for i := range 1 + r.IntN(4) {
		c.zones = append(c.zones, drawChaosZone(r, fmt.Sprintf("z%d.example", i)))
	}
	if r.IntN(4) == 0 { // a child of the first one
		c.zones = append(c.zones, drawChaosZone(r, "sub.z0.example"))
	}
	other := drawChaosZone(r, "other.example")
	other.unmanaged, other.missing = true, false
	c.zones = append(c.zones, other)
	lines := 2 // of the state file, when it is loaded
	for _, z := range c.zones {
		if !z.missing {
			lines += 1 + chaosSystem + len(z.live)
		}
	}
	c.faults, c.foreign = drawFaults(r, seed, lines)
	// What one run takes back another may count on: the window is one request.
	c.two = r.IntN(6) == 0 && !c.rollback
	return c
}

// drawFaults draws some of the faults, each so seldom that runs get somewhere.
func drawFaults(r *rand.Rand, seed uint64, lines int) (list string, foreign bool) {
	if r.IntN(20) == 0 {
		return "", false
	}
	parts := []string{fmt.Sprintf("seed=%d", seed), "hold=40s"}
	kinds := []string{"refused", "reset-before", "reset-after", "timeout-before", "timeout-after", "late", "error-before", "error-after", "throttled",
		"truncated", "oversized", "malformed", "html", "type", "slow", "mixed-up", "page-missing", "page-twice", "page-moving", "count"}
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, k := range kinds[:1+r.IntN(6)] {
		parts = append(parts, fmt.Sprintf("%s=%.3f", k, 0.01+0.12*r.Float64()))
	}
	if r.IntN(3) == 0 {
		parts = append(parts, fmt.Sprintf("lag=%dms", 1+r.IntN(int(chaosLag.Milliseconds()))))
	}
	if foreign = r.IntN(4) == 0; foreign {
		parts = append(parts, fmt.Sprintf("foreign=%.3f", 0.005+0.03*r.Float64()))
	}
	if r.IntN(12) == 0 {
		parts = append(parts, fmt.Sprintf("revoke-after=%d", 5+r.IntN(60)))
	}
	if r.IntN(12) == 0 {
		parts = append(parts, fmt.Sprintf("disk-full=%d", lines+r.IntN(60)))
	}
	return strings.Join(parts, ","), foreign
}

// chaosStates are what may stand at an owner name: all types, several values,
// awkward data, an alias.
func chaosStates(zone string) [][]string {
	other := "b." + zone + "."
	return [][]string{
		{}, {"A 192.0.2.1"}, {"A 192.0.2.2"}, {"A 192.0.2.1", "A 192.0.2.2", "A 192.0.2.3"}, {"A 192.0.2.3", "AAAA 2001:db8::1"},
		{"MX 10 " + other, `TXT "v=spf1 -all"`}, {"MX 10 a." + zone + ".", "MX 20 " + other, "A 192.0.2.4"},
		{"SRV 1 2 3 " + other, `CAA 0 issue "ca.example"`}, {`TXT "a \"quoted\" \\ text; with # all"`, `TXT "two"`, `TXT "\009\255"`},
		{"CNAME " + other}, {"CNAME a." + zone + "."}, {"AAAA 2001:db8::1", "AAAA 2001:db8::2", `TXT "two"`}, {"NS ns1.example.net.", "NS ns2.example.net."},
	}
}

func drawChaosZone(r *rand.Rand, name string) chaosZone {
	z := chaosZone{name: schema.MustName(name), missing: r.IntN(6) == 0}
	z.desired.Name = z.name
	states := chaosStates(name)
	for _, host := range []string{"@", "a", "b", "c", "*", "_x.d", "e", "f"} {
		owner, _ := schema.ParseOwner(host, z.name)
		draw := func() []string {
			for {
				s := states[r.IntN(len(states))]
				apex := host == "@" && len(s) > 0 && (strings.HasPrefix(s[0], "CNAME") || strings.HasPrefix(s[0], "NS"))
				if !apex && !(host == "*" && len(s) > 0 && strings.HasPrefix(s[0], "NS")) {
					return s
				}
			}
		}
		was, is := draw(), draw()
		if r.IntN(3) == 0 {
			is = was
		}
		for _, line := range was {
			rec := schema.LiveRecord{Name: owner, TTL: schema.TTL(300 * (1 + r.IntN(2))), Data: chaosData(line)}
			z.live = append(z.live, rec)
			if r.IntN(12) == 0 { // a duplicate, as a service may hold
				z.live = append(z.live, rec)
			}
		}
		for _, line := range is {
			d := chaosData(line)
			k := schema.Key{Name: owner, Type: d.Type()}
			s := z.desired.RRset(k)
			if s == nil {
				z.desired.RRsets = append(z.desired.RRsets, schema.RRset{Key: k})
				slices.SortFunc(z.desired.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
				s = z.desired.RRset(k)
			}
			s.Values = append(s.Values, schema.Value{TTL: 300, Data: d})
		}
	}
	// What is left alone whatever git says.
	challenge, _ := schema.ParseOwner("_acme-challenge", z.name)
	z.live = append(z.live, schema.LiveRecord{Name: challenge, TTL: 60, Data: schema.TXT{Text: "token"}})
	if r.IntN(15) == 0 && !z.missing {
		z.desired = schema.Zone{Name: z.name, State: schema.Absent}
	}
	return z
}

func chaosData(line string) schema.Data {
	typ, text, _ := strings.Cut(line, " ")
	d, err := schema.ParseData(schema.Type(typ), text)
	if err != nil {
		panic(err)
	}
	return d
}

// load puts the live side into the sandbox, as files could not hold it.
func (c *chaosCase) load(s *sandbox.Server) error {
	for _, z := range c.zones {
		if z.missing {
			continue
		}
		declared := schema.Zone{Name: z.name}
		for _, r := range z.live {
			declared.RRsets = append(declared.RRsets, schema.RRset{Key: r.Key(), Values: []schema.Value{{TTL: r.TTL, Data: r.Data}}})
		}
		if err := s.Load([]schema.Zone{declared}); err != nil {
			return err
		}
	}
	return nil
}

// inputs are the zones that git declares.
func (c *chaosCase) inputs() []plan.Input {
	var in []plan.Input
	for i := range c.zones {
		if !c.zones[i].unmanaged {
			in = append(in, plan.Input{Desired: &c.zones[i].desired})
		}
	}
	return in
}
