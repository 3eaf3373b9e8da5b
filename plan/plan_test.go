package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

var apex = schema.MustName("example.com")

type rec struct {
	name, kind, data string
	ttl              schema.TTL
}

func desired(t testing.TB, recs ...rec) *schema.Zone {
	sets := map[schema.Key][]schema.Value{}
	for _, r := range recs {
		name, d := parse(t, r)
		k := schema.Key{Name: name, Type: d.Type()}
		sets[k] = append(sets[k], schema.Value{Data: d, TTL: r.ttl})
	}
	z := &schema.Zone{Name: apex}
	for k, vs := range sets {
		z.RRsets = append(z.RRsets, schema.RRset{Key: k, Values: vs})
	}
	slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return z
}

func live(t testing.TB, recs ...rec) *schema.LiveZone {
	z := &schema.LiveZone{Handle: "z", Name: apex}
	for i, r := range recs {
		name, d := parse(t, r)
		z.Records = append(z.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprintf("r%03d", i)), Name: name, TTL: r.ttl, Data: d})
	}
	return z
}

func parse(t testing.TB, r rec) (schema.Name, schema.Data) {
	name, err := schema.ParseOwner(r.name, apex)
	if err != nil {
		t.Fatal(err)
	}
	if typ := schema.Type(r.kind); !typ.Managed() {
		return name, schema.Opaque{RRType: typ, Raw: r.data}
	}
	d, err := schema.ParseData(schema.Type(r.kind), r.data)
	if err != nil {
		t.Fatal(err)
	}
	return name, d
}

// everything lets every change through that the guards would refuse.
var everything = plan.Options{Allow: plan.AllowAll(), ManageApexNS: true}

func lines(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Zones[0].Changes {
		line := fmt.Sprintf("%d %s %s %s", c.Wave, c.Action, c.Key.Name.Relative(apex), c.Key.Type)
		if c.Before != nil {
			line += fmt.Sprintf(" -%s/%d", c.Before.Data, c.Before.TTL)
		}
		if c.After != nil {
			line += fmt.Sprintf(" +%s/%d", c.After.Data, c.After.TTL)
		}
		if c.Swap {
			line += " swap"
		}
		out = append(out, line)
	}
	return out
}

func TestChanges(t *testing.T) {
	for _, tt := range []struct {
		name    string
		live    []rec
		desired []rec
		want    []string
	}{
		{"equal sides need nothing", []rec{{"www", "A", "192.0.2.1", 60}}, []rec{{"www", "A", "192.0.2.1", 60}}, nil},
		{"an address that changes is one update", []rec{{"www", "A", "192.0.2.1", 60}}, []rec{{"www", "A", "192.0.2.2", 60}},
			[]string{"1 update www A -192.0.2.1/60 +192.0.2.2/60"}},
		{"the same data with another TTL pairs first",
			[]rec{{"@", "TXT", `"a"`, 60}, {"@", "TXT", `"b"`, 60}}, []rec{{"@", "TXT", `"b"`, 300}, {"@", "TXT", `"c"`, 60}},
			[]string{`1 update @ TXT -"a"/60 +"c"/60`, `1 update @ TXT -"b"/60 +"b"/300`}},
		{"a live duplicate goes, and the lowest handle stays",
			[]rec{{"www", "A", "192.0.2.1", 60}, {"www", "A", "192.0.2.1", 60}}, []rec{{"www", "A", "192.0.2.1", 60}},
			[]string{"1 delete www A -192.0.2.1/60"}},
		{"MX pairs by exchange",
			[]rec{{"@", "MX", "10 a.example.", 60}, {"@", "MX", "20 b.example.", 60}}, []rec{{"@", "MX", "10 b.example.", 60}, {"@", "MX", "20 a.example.", 60}},
			[]string{"1 update @ MX -10 a.example./60 +20 a.example./60", "1 update @ MX -20 b.example./60 +10 b.example./60"}},
		{"a target is there before what points at it",
			nil, []rec{{"@", "MX", "10 mail.example.com.", 60}, {"mail", "A", "192.0.2.1", 60}},
			[]string{"1 create mail A +192.0.2.1/60", "2 create @ MX +10 mail.example.com./60"}},
		{"a referrer goes before its target",
			[]rec{{"@", "MX", "10 mail.example.com.", 60}, {"mail", "A", "192.0.2.1", 60}}, []rec{{"@", "MX", "10 mx.example.net.", 60}},
			[]string{"1 update @ MX -10 mail.example.com./60 +10 mx.example.net./60", "2 delete mail A -192.0.2.1/60"}},
		{"a referrer goes before its target where both go",
			[]rec{{"a", "A", "192.0.2.1", 60}, {"x", "CNAME", "a.example.com.", 60}}, []rec{},
			[]string{"1 delete x CNAME -a.example.com./60", "2 delete a A -192.0.2.1/60"}},
		{"additions come before removals",
			[]rec{{"old", "A", "192.0.2.1", 60}}, []rec{{"new", "A", "192.0.2.1", 60}},
			[]string{"1 create new A +192.0.2.1/60", "2 delete old A -192.0.2.1/60"}},
		{"addresses that become a CNAME go but for one, which is swapped",
			[]rec{{"www", "A", "192.0.2.1", 60}, {"www", "TXT", `"x"`, 60}}, []rec{{"www", "CNAME", "a.example.", 60}},
			[]string{`1 delete www TXT -"x"/60`, "2 delete www A -192.0.2.1/60 swap", "2 create www CNAME +a.example./60 swap"}},
		{"a CNAME that becomes addresses is swapped for the first",
			[]rec{{"www", "CNAME", "a.example.", 60}}, []rec{{"www", "A", "192.0.2.1", 60}, {"www", "A", "192.0.2.2", 60}},
			[]string{"1 delete www CNAME -a.example./60 swap", "1 create www A +192.0.2.1/60 swap", "2 create www A +192.0.2.2/60"}},
		{"of two equal CNAMEs one goes before the other changes, which a service may refuse beside it",
			[]rec{{"www", "CNAME", "a.example.", 60}, {"www", "CNAME", "a.example.", 60}}, []rec{{"www", "CNAME", "a.example.", 300}},
			[]string{"1 delete www CNAME -a.example./60", "2 update www CNAME -a.example./60 +a.example./300"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan.New([]plan.Input{{Desired: desired(t, tt.desired...), Live: live(t, tt.live...)}}, nil, everything)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGuards(t *testing.T) {
	ten := func(n int) (out []rec) {
		for i := range n {
			out = append(out, rec{fmt.Sprintf("h%d", i), "A", "192.0.2.1", 60})
		}
		return out
	}
	changed := func(recs []rec) []rec {
		for i := range recs {
			recs[i].data = "192.0.2.2"
		}
		return recs
	}
	for _, tt := range []struct {
		name          string
		live, desired []rec
		in            plan.Input
		want          []string
	}{
		{name: "30 % of ten RRsets may go", live: ten(10), desired: ten(7)},
		{name: "more than 30 % may not", live: ten(10), desired: ten(6), want: []string{"deletes"}},
		{name: "two of three RRsets may go in a small zone", live: ten(3), desired: ten(1)},
		{name: "three of four may not", live: ten(4), desired: ten(1), want: []string{"deletes"}},
		{name: "30 % of ten RRsets may be updated", live: ten(10), desired: slices.Concat(ten(10)[:7], changed(ten(10)[7:]))},
		{name: "more than 30 % may not be updated", live: ten(10), desired: slices.Concat(ten(10)[:6], changed(ten(10)[6:])), want: []string{"updates"}},
		{name: "an empty zone file may not empty a zone", live: ten(1), want: []string{"empty"}},
		{name: "the apex NS may not change", live: []rec{{"@", "NS", "a.example.", 60}}, desired: []rec{{"@", "NS", "b.example.", 60}}, want: []string{"apex-ns"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan.New([]plan.Input{{Desired: desired(t, tt.desired...), Live: live(t, tt.live...)}}, nil, plan.Options{})
			var got []string
			for _, r := range p.Zones[0].Refused {
				got = append(got, r.Guard)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("guards (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a zone that was not read whole has no changes", func(t *testing.T) {
		p := plan.New([]plan.Input{{Desired: desired(t, ten(3)...), LiveErr: fmt.Errorf("cut")}}, nil, everything)
		if z := p.Zones[0]; len(z.Changes) != 0 || len(z.Refused) != 1 || z.Refused[0].Guard != plan.GuardIncomplete {
			t.Errorf("got %d changes and %v", len(z.Changes), z.Refused)
		}
	})
	t.Run("undeclared apex NS are handed back", func(t *testing.T) {
		p := plan.New([]plan.Input{{Desired: desired(t, ten(1)...), Live: live(t, append(ten(1), rec{"@", "NS", "a.example.", 60})...)}}, nil, everything)
		if p.Pending() {
			t.Errorf("got %v", lines(p))
		}
	})
}

func TestWhatIsIgnoredStays(t *testing.T) {
	l := live(t,
		rec{"_acme-challenge.www", "TXT", `"token"`, 60},
		rec{"a-app", "TXT", `"heritage=external-dns,external-dns/owner=x"`, 60},
		rec{"app", "A", "192.0.2.9", 60},
		rec{"vpn", "A", "192.0.2.8", 60},
		rec{"gone", "A", "192.0.2.7", 60})
	opts := everything
	opts.Ignore = []plan.Pattern{{Name: "vpn*"}}
	p := plan.New([]plan.Input{{Desired: desired(t, rec{"www", "A", "192.0.2.1", 60}), Live: l}}, nil, opts)
	want := []string{"1 create www A +192.0.2.1/60", "2 delete gone A -192.0.2.7/60"}
	if diff := cmp.Diff(want, lines(p)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// With prune owned only what git has declared before goes, at any time or at base.
func TestWhatGitNeverDeclaredStaysWithPruneOwned(t *testing.T) {
	www, hand, was, based := rec{"www", "A", "192.0.2.1", 60}, rec{"hand", "A", "192.0.2.2", 60}, rec{"was", "A", "192.0.2.3", 60}, rec{"based", "A", "192.0.2.4", 60}
	opts := everything
	opts.Prune = plan.PruneOwned
	p := plan.New([]plan.Input{{Desired: desired(t, www), Live: live(t, www, hand, was, based), Base: &plan.Base{Zone: desired(t, www, based)},
		Owned: map[schema.Key]bool{{Name: schema.MustName("was.example.com"), Type: schema.TypeA}: true}}}, nil, opts)
	if diff := cmp.Diff([]string{"1 delete based A -192.0.2.4/60", "1 delete was A -192.0.2.3/60"}, lines(p)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// Nothing can stand beside a CNAME, and one that stays live is not written beside.
func TestWhatCannotStandBesideALiveCNAMEIsRefused(t *testing.T) {
	alias, www := rec{"www", "CNAME", "a.example.net.", 60}, rec{"www", "A", "192.0.2.1", 60}
	opts := everything
	opts.Prune = plan.PruneNone
	for _, c := range [][2]rec{{alias, www}, {www, alias}} {
		p := plan.New([]plan.Input{{Desired: desired(t, c[1]), Live: live(t, c[0])}}, nil, opts)
		if r := p.Zones[0].Refused; len(r) != 1 || r[0].Guard != plan.GuardExclusive {
			t.Errorf("%s beside %s: refused %v, changes %v", c[1].kind, c[0].kind, r, lines(p))
		}
	}
}

// state is one owner name's records in the small exhaustive space.
func states(name string) [][]rec {
	other := map[string]string{"a": "b", "b": "c", "c": "a"}[name] + ".example.com."
	return [][]rec{
		nil,
		{{name, "A", "192.0.2.1", 60}},
		{{name, "A", "192.0.2.2", 60}},
		{{name, "A", "192.0.2.1", 60}, {name, "A", "192.0.2.2", 60}},
		{{name, "CNAME", other, 60}},
		{{name, "MX", "10 " + other, 60}},
		{{name, "A", "192.0.2.1", 60}, {name, "MX", "10 " + other, 60}},
		{{name, "NS", "ns.example.net.", 60}},
	}
}

// TestEveryPairOfSmallZones tries each of the 512 zones of three names against
// each: the result is right, the writes are the fewest, no name is emptied.
func TestEveryPairOfSmallZones(t *testing.T) {
	var wants []*schema.Zone
	var lives []*schema.LiveZone
	for _, a := range states("a") {
		for _, b := range states("b") {
			for _, c := range states("c") {
				recs := slices.Concat(a, b, c)
				wants = append(wants, desired(t, recs...))
				lives = append(lives, live(t, recs...))
			}
		}
	}
	tried, broken := 0, 0
	for i, l := range lives {
		if i%every != 0 {
			continue
		}
		for _, w := range wants {
			p := plan.New([]plan.Input{{Desired: w, Live: l}}, nil, everything)
			broken += brokenPromises(p.Zones[0].Changes)
			if err := simulate(l, w, p.Zones[0].Changes); err != nil {
				t.Fatalf("live %v, desired %v: %v\n%v", l.Records, w.RRsets, err, lines(p))
			}
			tried++
		}
	}
	t.Logf("%d pairs tried, %d broken promises of order stated as risks", tried, broken)
	if tried != 512*512/every {
		t.Errorf("%d pairs tried", tried)
	}
}

type item struct {
	key  schema.Key
	data plan.Record
}

// simulate carries the changes out one by one on a plain list.
func simulate(l *schema.LiveZone, w *schema.Zone, changes []plan.Change) error {
	have := map[schema.Handle]item{}
	at := map[schema.Name]int{}
	cname := map[schema.Name]int{}
	count := map[schema.Key]int{}
	put := func(h schema.Handle, it item, n int) {
		at[it.key.Name] += n
		if it.key.Type == schema.TypeCNAME {
			cname[it.key.Name] += n
		}
		if n > 0 {
			have[h] = it
		} else {
			delete(have, h)
		}
	}
	for _, r := range l.Records {
		put(r.Handle, item{r.Key(), plan.Record{Data: r.Data, TTL: r.TTL}}, 1)
		count[r.Key()]++
	}
	beforeAt := map[schema.Name]bool{}
	for n := range at {
		beforeAt[n] = true
	}
	writes := map[schema.Key]int{}
	for i, c := range changes {
		if i > 0 && c.Wave < changes[i-1].Wave {
			return fmt.Errorf("wave %d follows %d", c.Wave, changes[i-1].Wave)
		}
		writes[c.Key]++
		switch c.Action {
		case plan.Create:
			put(schema.Handle("new"+strconv.Itoa(i)), item{c.Key, *c.After}, 1)
		case plan.Update:
			have[c.Handle] = item{c.Key, *c.After}
		case plan.Delete:
			put(c.Handle, have[c.Handle], -1)
		}
		n := c.Key.Name
		if at[n] > 1 && cname[n] > 0 {
			return fmt.Errorf("after step %d a CNAME has company at %s", i+1, n)
		}
		if at[n] == 0 && beforeAt[n] && len(w.At(n)) > 0 {
			swapped := c.Swap && c.Action == plan.Delete && i+1 < len(changes) &&
				changes[i+1].Swap && changes[i+1].Action == plan.Create && changes[i+1].Key.Name == n && changes[i+1].Wave == c.Wave
			if !swapped {
				return fmt.Errorf("after step %d %s is empty", i+1, n)
			}
		}
	}
	got := map[item]int{}
	for _, it := range have {
		got[it]++
	}
	want := map[item]int{}
	for _, s := range w.RRsets {
		for _, v := range s.Values {
			want[item{s.Key, plan.Record{Data: v.Data, TTL: v.TTL}}]++
		}
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("the result is %v", got)
	}
	same := map[schema.Key]int{}
	for _, r := range l.Records {
		it := item{r.Key(), plan.Record{Data: r.Data, TTL: r.TTL}}
		if want[it] > 0 {
			want[it]--
			same[it.key]++
		}
	}
	for k, n := range writes {
		declared := 0
		if s := w.RRset(k); s != nil {
			declared = len(s.Values)
		}
		if least := max(count[k], declared) - same[k]; n != least {
			return fmt.Errorf("%s %s takes %d writes where %d do", k.Name, k.Type, n, least)
		}
	}
	return nil
}

// TestAnyPairOfZones is the same for larger random zones, and besides that the
// order of the input changes nothing.
func TestAnyPairOfZones(t *testing.T) {
	names := []string{"@", "a", "b", "c", "x.a", "*.b"}
	draw := func(t *rapid.T, label string) []rec {
		var out []rec
		for _, n := range names {
			kind := rapid.IntRange(0, 5).Draw(t, label+n)
			if n == "@" && kind == 1 {
				kind = 2
			}
			target := schema.MustName("example.com")
			pick := rapid.SampledFrom(names[1:4]).Draw(t, label+n+"target")
			host := pick + "." + target.String()
			ttl := schema.TTL(rapid.SampledFrom([]int{60, 300}).Draw(t, label+n+"ttl"))
			switch kind {
			case 1:
				out = append(out, rec{n, "CNAME", host, ttl})
			case 2, 3:
				for i := range rapid.IntRange(0, 4).Draw(t, label+n+"count") {
					out = append(out, rec{n, "A", fmt.Sprintf("192.0.2.%d", i+rapid.IntRange(0, 3).Draw(t, "addr")), ttl})
				}
				if kind == 3 {
					out = append(out, rec{n, "MX", "10 " + host, ttl}, rec{n, "TXT", `"v=spf1 -all"`, ttl})
				}
			case 4:
				out = append(out, rec{n, "SRV", "1 2 3 " + host, ttl}, rec{n, "CAA", `0 issue "ca.example"`, ttl})
			}
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		l, w := live(t, draw(rt, "live")...), desired(t, draw(rt, "want")...)
		p := plan.New([]plan.Input{{Desired: w, Live: l}}, nil, everything)
		if err := simulate(l, w, p.Zones[0].Changes); err != nil {
			rt.Fatalf("%v\n%v", err, lines(p))
		}
		shuffled := *l
		shuffled.Records = slices.Clone(l.Records)
		r := rand.New(rand.NewPCG(1, uint64(len(l.Records))))
		r.Shuffle(len(shuffled.Records), func(i, j int) {
			shuffled.Records[i], shuffled.Records[j] = shuffled.Records[j], shuffled.Records[i]
		})
		again := plan.New([]plan.Input{{Desired: w, Live: &shuffled}}, nil, everything)
		if diff := cmp.Diff(lines(p), lines(again)); diff != "" || p.Digest != again.Digest {
			rt.Fatalf("shuffling changed the plan:\n%s", diff)
		}
	})
}

// TestManyRandomPairs tries random pairs of zones of a wider space: eight names
// at three depths, a wildcard and the apex among them, seven types, up to four
// values, two TTLs, live duplicates. ZONEHERD_PAIRS says how many.
func TestManyRandomPairs(t *testing.T) {
	pairs := 10_000 / every
	if text := os.Getenv("ZONEHERD_PAIRS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		pairs = n
	}
	var tried, broken, writes atomic.Int64
	var group errgroup.Group
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() error {
			r := rand.New(rand.NewPCG(2026, uint64(worker)))
			g := newZoneMaker()
			for range pairs / workers {
				l, w := g.live(r), g.desired(r)
				p := plan.New([]plan.Input{{Desired: w, Live: l}}, nil, everything)
				changes := p.Zones[0].Changes
				if err := simulate(l, w, changes); err != nil {
					return fmt.Errorf("live %v, desired %v: %w\n%v", l.Records, w.RRsets, err, lines(p))
				}
				permuted := permuteWaves(changes, r)
				if err := simulate(l, w, permuted); err != nil {
					return fmt.Errorf("side by side: live %v, desired %v: %w\n%v", l.Records, w.RRsets, err, permuted)
				}
				if n := brokenPromises(changes); n > 0 {
					broken.Add(int64(n))
				}
				writes.Add(int64(len(changes)))
				tried.Add(1)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pairs tried with %d writes, %d broken promises of order stated as risks", tried.Load(), writes.Load(), broken.Load())
	if int(tried.Load()) != pairs/workers*workers {
		t.Errorf("%d pairs tried", tried.Load())
	}
}

func brokenPromises(changes []plan.Change) (n int) {
	for _, c := range changes {
		if slices.ContainsFunc(c.Risks, func(r plan.Risk) bool { return r.Kind == plan.RiskOrder }) {
			n++
		}
	}
	return n
}

// permuteWaves gives the changes in another order that side-by-side waves
// allow: any within a wave, but for the halves of a swap.
func permuteWaves(changes []plan.Change, r *rand.Rand) []plan.Change {
	var out []plan.Change
	for i := 0; i < len(changes); {
		var units [][]plan.Change
		wave := changes[i].Wave
		for ; i < len(changes) && changes[i].Wave == wave; i++ {
			if c := changes[i]; c.Swap && c.Action == plan.Create && len(units) > 0 {
				units[len(units)-1] = append(units[len(units)-1], c)
				continue
			}
			units = append(units, []plan.Change{changes[i]})
		}
		r.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		out = append(out, slices.Concat(units...)...)
	}
	return out
}

// zoneMaker makes random zones of a small vocabulary, quickly.
type zoneMaker struct {
	names []schema.Name
	addrs []schema.Data
	texts []schema.Data
}

type drawn struct {
	Name schema.Name
	TTL  schema.TTL
	Data schema.Data
}

func newZoneMaker() *zoneMaker {
	g := &zoneMaker{}
	for _, n := range []string{"example.com", "a.example.com", "b.example.com", "c.example.com", "x.a.example.com", "y.x.a.example.com", "*.b.example.com", "d.example.com"} {
		g.names = append(g.names, schema.MustName(n))
	}
	for i := range 6 {
		g.addrs = append(g.addrs, schema.A{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})})
		g.texts = append(g.texts, schema.TXT{Text: []string{"v=spf1 -all", "v=spf1 mx -all", "k=1", "k=2", "plain", "other"}[i]})
	}
	return g
}

// records draws a zone's records: at each name nothing, a CNAME, or a mixture.
func (g *zoneMaker) records(r *rand.Rand, duplicates bool) []drawn {
	var out []drawn
	for i, n := range g.names {
		ttl := schema.TTL(60 + 240*r.IntN(2))
		host := func() schema.Name { return g.names[1+r.IntN(len(g.names)-1)] }
		add := func(d schema.Data) { out = append(out, drawn{Name: n, TTL: ttl, Data: d}) }
		switch kind := r.IntN(12); {
		case kind < 7:
		case kind < 9 && i > 0:
			add(schema.CNAME{Target: host()})
		default:
			for _, j := range r.Perm(len(g.addrs))[:r.IntN(4)] {
				add(g.addrs[j])
				if duplicates && r.IntN(20) == 0 {
					add(g.addrs[j])
				}
			}
			if r.IntN(3) == 0 {
				add(schema.MX{Preference: uint16(10 * r.IntN(2)), Exchange: host()})
			}
			if r.IntN(4) == 0 {
				add(schema.SRV{Port: 1, Target: host()})
			}
			if r.IntN(5) == 0 && i > 0 {
				add(schema.NS{Host: host()})
			}
			if r.IntN(5) == 0 {
				add(schema.CAA{Tag: "issue", Value: "ca.example"})
			}
			for _, j := range r.Perm(len(g.texts))[:r.IntN(3)] {
				add(g.texts[j])
			}
		}
	}
	return out
}

func (g *zoneMaker) live(r *rand.Rand) *schema.LiveZone {
	z := &schema.LiveZone{Handle: "z", Name: apex}
	for i, rec := range g.records(r, true) {
		z.Records = append(z.Records, schema.LiveRecord{Handle: schema.Handle(strconv.Itoa(i)), Name: rec.Name, TTL: rec.TTL, Data: rec.Data})
	}
	return z
}

func (g *zoneMaker) desired(r *rand.Rand) *schema.Zone {
	z := &schema.Zone{Name: apex}
	sets := map[schema.Key]int{}
	for _, rec := range g.records(r, false) {
		k := schema.Key{Name: rec.Name, Type: rec.Data.Type()}
		i, ok := sets[k]
		if !ok {
			i = len(z.RRsets)
			sets[k] = i
			z.RRsets = append(z.RRsets, schema.RRset{Key: k})
		}
		z.RRsets[i].Values = append(z.RRsets[i].Values, schema.Value{Data: rec.Data, TTL: rec.TTL})
	}
	slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return z
}

// BenchmarkOrder plans the creation and removal of half the zone each.
func BenchmarkOrder(b *testing.B) {
	for _, n := range []int{10_000, 40_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var old, want []rec
			for i := range n / 2 {
				old = append(old, rec{fmt.Sprintf("old%d", i), "CNAME", "t.example.com.", 60})
				want = append(want, rec{fmt.Sprintf("new%d", i), "CNAME", fmt.Sprintf("new%d.example.com.", i+1), 60})
			}
			l, w := live(b, old...), desired(b, want...)
			for b.Loop() {
				plan.New([]plan.Input{{Desired: w, Live: l}}, nil, everything)
			}
		})
	}
}
