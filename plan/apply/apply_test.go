package apply_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live is the real client against the sandbox over a socket, with a place to
// put faults: before a write is sent, and after it was answered.
type live struct {
	provider.Provider
	server *sandbox.Server

	mu     sync.Mutex
	before func(op string, r provider.Record) error // an error keeps the write from being sent
	after  func(op string, r provider.Record) error // an error takes the place of the answer
}

func newLive(t *testing.T, dialect string, observe func(sandbox.Event)) *live {
	t.Helper()
	d, err := sandbox.ParseDialect(dialect)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Options{Dialect: d, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := vpsorg.New(vpsorg.Options{Endpoint: listener.URL, Token: vpsorg.Token(server.Token()), RecordCountSurplus: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return &live{Provider: client, server: server}
}

func (l *live) fault(f func(string, provider.Record) error, op string, r provider.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(op, r)
}

func (l *live) CreateRecord(ctx context.Context, z provider.ZoneID, r provider.Record) (schema.LiveRecord, error) {
	if err := l.fault(l.before, "create", r); err != nil {
		return schema.LiveRecord{}, err
	}
	rec, err := l.Provider.CreateRecord(ctx, z, r)
	if ferr := l.fault(l.after, "create", r); ferr != nil {
		return schema.LiveRecord{}, ferr
	}
	return rec, err
}

func (l *live) UpdateRecord(ctx context.Context, z provider.ZoneID, h schema.Handle, before, after provider.Record) (schema.LiveRecord, error) {
	if err := l.fault(l.before, "update", after); err != nil {
		return schema.LiveRecord{}, err
	}
	rec, err := l.Provider.UpdateRecord(ctx, z, h, before, after)
	if ferr := l.fault(l.after, "update", after); ferr != nil {
		return schema.LiveRecord{}, ferr
	}
	return rec, err
}

func (l *live) DeleteRecord(ctx context.Context, z provider.ZoneID, h schema.Handle) error {
	if err := l.fault(l.before, "delete", provider.Record{}); err != nil {
		return err
	}
	err := l.Provider.DeleteRecord(ctx, z, h)
	if ferr := l.fault(l.after, "delete", provider.Record{}); ferr != nil {
		return ferr
	}
	return err
}

// zone declares a zone: lines of name, type and data in presentation form.
func zone(t *testing.T, name string, lines ...string) schema.Zone {
	t.Helper()
	z := schema.Zone{Name: schema.MustName(name)}
	sets := map[schema.Key]*schema.RRset{}
	for _, line := range lines {
		f := strings.SplitN(line, " ", 3)
		owner, err := schema.ParseOwner(f[0], z.Name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := schema.ParseData(schema.Type(f[1]), f[2])
		if err != nil {
			t.Fatal(err)
		}
		k := schema.Key{Name: owner, Type: data.Type()}
		if sets[k] == nil {
			sets[k] = &schema.RRset{Key: k}
		}
		sets[k].Values = append(sets[k].Values, schema.Value{Data: data, TTL: 300})
	}
	for _, s := range sets {
		z.RRsets = append(z.RRsets, *s)
	}
	slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return z
}

// planFor reads what is live and plans the zones.
func planFor(t *testing.T, l provider.Provider, opts plan.Options, zones ...schema.Zone) *plan.Plan {
	t.Helper()
	var inputs []plan.Input
	for i := range zones {
		in := plan.Input{Desired: &zones[i]}
		info, err := l.FindZone(t.Context(), zones[i].Name)
		if err == nil {
			in.Live, err = l.ReadZone(t.Context(), info)
		}
		if err != nil && !errors.Is(err, provider.ErrNotFound) {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	return plan.New(inputs, nil, opts)
}

// everything lets the guards pass.
var everything = plan.Options{Allow: plan.AllowAll()}

// outcomes writes a report down, a line for each step.
func outcomes(r *apply.Report) []string {
	var out []string
	for _, z := range r.Zones {
		if z.Whole != "" {
			out = append(out, fmt.Sprintf("%s %s: %s", z.Zone.Action, z.Zone.Name.Display(), z.Whole))
		}
		for _, s := range z.Steps {
			out = append(out, fmt.Sprintf("%v: %s", s.Change, s.Outcome))
		}
	}
	return out
}

func wantOutcomes(t *testing.T, r *apply.Report, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, outcomes(r)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// records are what a zone of the sandbox holds, sorted.
func (l *live) records(domain string) []string {
	out := []string{}
	for _, r := range l.server.Snapshot()[domain] {
		value := r.Value
		if r.Priority != nil {
			value = fmt.Sprintf("%d %s", *r.Priority, value)
		}
		out = append(out, r.Name+" "+r.Type+" "+value)
	}
	slices.Sort(out)
	return out
}

func wantRecords(t *testing.T, l *live, domain string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, l.records(domain)); diff != "" {
		t.Errorf("%s holds (-want +got):\n%s", domain, diff)
	}
}

// From any small zone to any other: live is then as declared, the next plan
// has nothing to do, and no name that has data before and after is ever
// without for longer than one write, and that only next to a CNAME.
func TestAnyZoneBecomesAnyOther(t *testing.T) {
	for _, dialect := range []string{"", "type-change=refused", "names=fqdn,txt=chunks,mx=joined,srv=joined,patch=refused", "cname=loose,apex=listed"} {
		t.Run(dialect, func(t *testing.T) {
			gaps := newGaps()
			l := newLive(t, dialect, gaps.observe)
			rnd := rand.New(rand.NewPCG(7, uint64(len(dialect))))
			for i := range 25 {
				name := fmt.Sprintf("z%d.example", i)
				from, to := randomZone(t, name, rnd), randomZone(t, name, rnd)
				if r := apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything}); !r.Complete() {
					t.Fatalf("%s: %v %v", name, r.Zones[0].Err, outcomes(r))
				}
				gaps.begin(name, from, to)
				p := planFor(t, l, everything, to)
				if r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything}); !r.Complete() {
					t.Fatalf("%s: %v %v", name, r.Zones[0].Err, outcomes(r))
				}
				if again := planFor(t, l, everything, to); again.Pending() {
					t.Errorf("%s: after it there are %v", name, again.Zones[0].Changes)
				}
				for _, gap := range gaps.end() {
					t.Errorf("%s: %s\nfrom %v\nto %v", name, gap, from.RRsets, to.RRsets)
				}
			}
		})
	}
}

// gaps watches owner names for moments without data.
type gaps struct {
	mu     sync.Mutex
	zone   string
	counts map[string]int
	both   map[string]bool // has data before and after
	cname  map[string]bool // has a CNAME before or after
	empty  map[string]bool
	found  []string
}

func newGaps() *gaps { return &gaps{} }

func (g *gaps) begin(zone string, from, to schema.Zone) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.zone, g.found = zone, nil
	g.counts, g.both, g.cname, g.empty = map[string]int{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range from.RRsets {
		n := s.Name.Relative(from.Name)
		g.counts[n] += len(s.Values)
		g.cname[n] = g.cname[n] || s.Type == schema.TypeCNAME
		g.both[n] = len(to.At(s.Name)) > 0
	}
	for _, s := range to.RRsets {
		n := s.Name.Relative(to.Name)
		g.cname[n] = g.cname[n] || s.Type == schema.TypeCNAME
	}
}

func (g *gaps) observe(e sandbox.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.zone != e.Zone || g.counts == nil {
		return
	}
	if e.Before != nil {
		g.counts[e.Before.Name]--
	}
	if e.After != nil {
		g.counts[e.After.Name]++
	}
	for n := range g.empty {
		if g.counts[n] == 0 {
			// Something else was written while the name was empty: with
			// several zones' writes side by side that can be, within one name
			// it must be the next write.
			if e.After == nil && e.Before != nil && e.Before.Name == n {
				g.found = append(g.found, n+" is empty for more than one write")
			}
			continue
		}
		delete(g.empty, n)
	}
	if e.Before != nil && g.both[e.Before.Name] && g.counts[e.Before.Name] == 0 {
		if !g.cname[e.Before.Name] {
			g.found = append(g.found, e.Before.Name+" is empty, and no CNAME is the reason")
		}
		g.empty[e.Before.Name] = true
	}
}

func (g *gaps) end() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := range g.empty {
		g.found = append(g.found, n+" stays empty")
	}
	g.counts = nil
	return g.found
}

// randomZone makes a zone of up to five names, each in one of eight states.
func randomZone(t *testing.T, name string, rnd *rand.Rand) schema.Zone {
	t.Helper()
	var lines []string
	hosts := []string{"a", "b", "c", "d"}
	for i, h := range append(hosts, "@") {
		other := hosts[(i+1+rnd.IntN(3))%4] + "." + name + "."
		states := [][]string{
			{}, {"A 192.0.2.1"}, {"A 192.0.2.2"}, {"A 192.0.2.1", "A 192.0.2.2"}, {"MX 10 " + other, "TXT \"v=spf1 -all\""},
			{"A 192.0.2.3", "MX 20 " + other}, {"SRV 1 2 3 " + other, "CAA 0 issue \"ca.example\"", "AAAA 2001:db8::1"}, {"CNAME " + other},
		}
		n := len(states)
		if h == "@" {
			n--
		}
		for _, s := range states[rnd.IntN(n)] {
			lines = append(lines, h+" "+s)
		}
	}
	return zone(t, name, lines...)
}

var errUnknown = fmt.Errorf("the line went dead: %w", provider.ErrUncertain)

func TestAWriteOfUnknownOutcomeIsReadBackAndNeverRepeated(t *testing.T) {
	writes := map[string]int{}
	l := newLive(t, "", func(e sandbox.Event) {
		if e.After != nil {
			writes[e.Method+" "+e.After.Name]++
		} else if e.Before != nil {
			writes[e.Method+" "+e.Before.Name]++
		}
	})
	const name = "example.com"
	first := zone(t, name, "new A 192.0.2.1", "twice A 192.0.2.1", "twice A 192.0.2.2", "old A 192.0.2.1", "change A 192.0.2.1")
	second := zone(t, name, "new A 192.0.2.1", "twice A 192.0.2.1", "twice A 192.0.2.2", "change A 192.0.2.2")

	l.after = func(string, provider.Record) error { return errUnknown }
	r := apply.Run(t.Context(), l, planFor(t, l, everything, first), apply.Options{Plan: everything})
	if !r.Complete() {
		t.Fatalf("not complete: %v", outcomes(r))
	}
	r = apply.Run(t.Context(), l, planFor(t, l, everything, second), apply.Options{Plan: everything})
	wantOutcomes(t, r, "update change.example.com A: done", "delete old.example.com A: done")
	wantRecords(t, l, name, "change A 192.0.2.2", "new A 192.0.2.1", "twice A 192.0.2.1", "twice A 192.0.2.2")
	for w, n := range writes {
		if n != 1 && w != "POST twice" {
			t.Errorf("%s was written %d times", w, n)
		}
	}
}

func TestWhatCannotBeSettledIsUncertainAndStopsItsZoneAlone(t *testing.T) {
	l := newLive(t, "", nil)
	a := zone(t, "a.example", "x A 192.0.2.1", "y CNAME x.a.example.")
	b := zone(t, "b.example", "x A 192.0.2.1")
	l.before = func(op string, r provider.Record) error {
		if r.Name == schema.MustName("x.a.example") {
			return errUnknown // and it never happened
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, a, b), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond})
	wantOutcomes(t, r,
		"create a.example: done", "create x.a.example A: uncertain", "create y.a.example CNAME: not done",
		"create b.example: done", "create x.b.example A: done")
	if r.Complete() || r.Stale() || r.Interrupted {
		t.Errorf("complete %v, stale %v, interrupted %v", r.Complete(), r.Stale(), r.Interrupted)
	}
	l.before = nil
	if r := apply.Run(t.Context(), l, planFor(t, l, everything, a, b), apply.Options{Plan: everything}); !r.Complete() {
		t.Errorf("running again does not finish: %v", outcomes(r))
	}
	wantRecords(t, l, "a.example", "x A 192.0.2.1", "y CNAME x.a.example")
}

// Nor is anything else written to its zone that does not depend on it.
func TestNothingFollowsAnUncertainStepInItsZone(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "old A 192.0.2.1")), apply.Options{Plan: everything})
	l.before = func(op string, r provider.Record) error {
		if op == "create" {
			return errUnknown
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "new A 192.0.2.1")), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond})
	wantOutcomes(t, r, "create new.a.example A: uncertain", "delete old.a.example A: not done")
	wantRecords(t, l, "a.example", "old A 192.0.2.1")
}

func TestARefusedStepStopsWhatDependsOnItAndNothingElse(t *testing.T) {
	l := newLive(t, "", nil)
	z := zone(t, "a.example", "host A 192.0.2.1", "host TXT \"x\"", "www CNAME host.a.example.", "@ MX 10 host.a.example.", "other A 192.0.2.2", "@ TXT \"y\"")
	l.before = func(op string, r provider.Record) error {
		if r.Data != nil && r.Data.String() == "192.0.2.1" {
			return fmt.Errorf("no such address here: %w", provider.ErrRefused)
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything, Concurrency: 1})
	got := map[string]apply.Outcome{}
	for _, s := range r.Zones[0].Steps {
		got[s.Change.String()] = s.Outcome
	}
	want := map[string]apply.Outcome{
		"create host.a.example A": apply.Failed, "create www.a.example CNAME": apply.NotDone, "create a.example MX": apply.NotDone,
		"create other.a.example A": apply.Done,
	}
	for c, o := range want {
		if got[c] != o {
			t.Errorf("%s: %s, want %s (all: %v)", c, got[c], o, got)
		}
	}
	if r.Zones[0].Err != nil {
		t.Errorf("the zone was stopped: %v", r.Zones[0].Err)
	}
}

func TestASwapThatIsRefusedIsTakenBack(t *testing.T) {
	l := newLive(t, "type-change=refused", nil)
	from := zone(t, "a.example", "www A 192.0.2.1")
	to := zone(t, "a.example", "www CNAME host.example.")
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	l.before = func(op string, r provider.Record) error {
		if op == "create" && r.Data.Type() == schema.TypeCNAME {
			return fmt.Errorf("no aliases here: %w", provider.ErrRefused)
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, to), apply.Options{Plan: everything})
	wantOutcomes(t, r, "delete www.a.example A: failed", "create www.a.example CNAME: failed")
	wantRecords(t, l, "a.example", "www A 192.0.2.1")
}

func TestAStalePlanWritesNothing(t *testing.T) {
	l := newLive(t, "", nil)
	from := zone(t, "a.example", "www A 192.0.2.1", "x A 192.0.2.1")
	to := zone(t, "a.example", "www A 192.0.2.2", "x A 192.0.2.1")
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	p := planFor(t, l, everything, to)

	// Somebody else changes the very name.
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.9", "x A 192.0.2.1")), apply.Options{Plan: everything})
	r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything})
	if !r.Stale() || !errors.Is(r.Zones[0].Err, apply.ErrStale) {
		t.Errorf("stale %v: %v", r.Stale(), r.Zones[0].Err)
	}
	wantRecords(t, l, "a.example", "www A 192.0.2.9", "x A 192.0.2.1")
}

func TestDriftElsewhereIsLeftAndTold(t *testing.T) {
	l := newLive(t, "", nil)
	from := zone(t, "a.example", "www A 192.0.2.1")
	to := zone(t, "a.example", "www A 192.0.2.2")
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	p := planFor(t, l, everything, to)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1", "new A 192.0.2.9")), apply.Options{Plan: everything})
	r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything})
	wantOutcomes(t, r, "update www.a.example A: done")
	wantRecords(t, l, "a.example", "new A 192.0.2.9", "www A 192.0.2.2")
	if n := r.Zones[0].Notices; len(n) != 1 || !strings.Contains(n[0], "1 more records differ now") {
		t.Errorf("notices: %v", n)
	}
}

func TestAnInterruptEndsInGoodOrder(t *testing.T) {
	stop := make(chan struct{})
	l := newLive(t, "", func(e sandbox.Event) {
		if e.After != nil && e.After.Name == "b" {
			close(stop) // it has taken effect, and was not answered yet
		}
	})
	begun := 0
	z := zone(t, "a.example", "a A 192.0.2.1", "b CNAME a.a.example.", "c CNAME b.a.example.", "d CNAME c.a.example.")
	r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything, Stop: stop, Observe: func(e apply.Event) error {
		if e.Outcome == apply.Begun {
			begun++
		}
		return nil
	}})
	if begun != 3 { // the zone, a and b
		t.Errorf("%d steps were begun", begun)
	}
	if !r.Interrupted || r.Complete() {
		t.Errorf("interrupted %v, complete %v", r.Interrupted, r.Complete())
	}
	wantOutcomes(t, r, "create a.example: done", "create a.a.example A: done", "create b.a.example CNAME: done", "create c.a.example CNAME: not done", "create d.a.example CNAME: not done")
	wantRecords(t, l, "a.example", "a A 192.0.2.1", "b CNAME a.a.example")
}

// What was sent when an interrupt came is looked for, as it would be without.
func TestAnInterruptDoesNotKeepFromLookingForWhatWasSent(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.1")), apply.Options{Plan: everything})
	stop := make(chan struct{})
	l.after = func(string, provider.Record) error {
		close(stop)
		return errUnknown
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1", "b A 192.0.2.1")), apply.Options{Plan: everything, Stop: stop, SettleFor: 300 * time.Millisecond})
	wantOutcomes(t, r, "create www.a.example A: done")
}

// An interrupt in the middle of a swap waits until its name has data again.
func TestAnInterruptFinishesASwap(t *testing.T) {
	stop := make(chan struct{})
	l := newLive(t, "type-change=refused", func(e sandbox.Event) {
		if e.Before != nil && e.After == nil {
			close(stop)
		}
	})
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1")), apply.Options{Plan: everything})
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www CNAME host.example.")), apply.Options{Plan: everything, Stop: stop})
	wantOutcomes(t, r, "delete www.a.example A: done", "create www.a.example CNAME: done")
	wantRecords(t, l, "a.example", "www CNAME host.example")
}

// Where the service can change a record's type, the name is never empty.
func TestASwapIsOneWriteWhereThatCanBe(t *testing.T) {
	var writes []string
	l := newLive(t, "", func(e sandbox.Event) { writes = append(writes, e.Method) })
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1")), apply.Options{Plan: everything})
	writes = nil
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www CNAME host.example.")), apply.Options{Plan: everything})
	wantOutcomes(t, r, "delete www.a.example A: done", "create www.a.example CNAME: done")
	if diff := cmp.Diff([]string{"PUT"}, writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// A step that has been told of and waits for its turn, as in a throttled
// service's pause, is not sent any more.
func TestAnInterruptSendsNothingThatWaits(t *testing.T) {
	l := newLive(t, "", nil)
	z := zone(t, "a.example", "a A 192.0.2.1", "b CNAME a.a.example.")
	stop := make(chan struct{})
	r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything, Stop: stop, Observe: func(e apply.Event) error {
		if e.Change != nil && e.Change.Key.Type == schema.TypeCNAME && e.Outcome == apply.Begun {
			close(stop)
		}
		return nil
	}})
	wantOutcomes(t, r, "create a.example: done", "create a.a.example A: done", "create b.a.example CNAME: not done")
	wantRecords(t, l, "a.example", "a A 192.0.2.1")
}

func TestAParentDelegatesOnlyToAChildThatIsThere(t *testing.T) {
	l := newLive(t, "", nil)
	parent := zone(t, "a.example", "@ A 192.0.2.1", "sub NS ns1.vps.org.")
	child := zone(t, "sub.a.example", "www A 192.0.2.1")
	l.before = func(op string, r provider.Record) error {
		if r.Name == schema.MustName("www.sub.a.example") {
			return fmt.Errorf("not today: %w", provider.ErrUnavailable)
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, parent, child), apply.Options{Plan: everything})
	wantOutcomes(t, r, "create a.example: done", "create a.example A: done", "create sub.a.example NS: not done", "create sub.a.example: done", "create www.sub.a.example A: failed")
	l.before = nil
	var order []string
	var mu sync.Mutex
	r = apply.Run(t.Context(), l, planFor(t, l, everything, parent, child), apply.Options{Plan: everything, Observe: func(e apply.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Outcome == apply.Done {
			order = append(order, e.Change.String())
		}
		return nil
	}})
	if !r.Complete() {
		t.Fatalf("%v", outcomes(r))
	}
	if diff := cmp.Diff([]string{"create www.sub.a.example A", "create sub.a.example NS"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestABackupComesBeforeTheFirstWriteAndItsFailureKeepsTheZone(t *testing.T) {
	l := newLive(t, "", nil)
	from := zone(t, "a.example", "www A 192.0.2.1")
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	to := zone(t, "a.example", "www A 192.0.2.2")
	var saved []int
	opts := apply.Options{Plan: everything, Backup: func(z *schema.LiveZone) error {
		saved = append(saved, len(z.Records))
		return errors.New("disk full")
	}}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, to), opts)
	wantOutcomes(t, r, "update www.a.example A: not done")
	if len(saved) != 1 || saved[0] != 1 {
		t.Errorf("saved %v", saved)
	}
	wantRecords(t, l, "a.example", "www A 192.0.2.1")
}

func TestAZoneIsDeletedOnlyAsItWasPlanned(t *testing.T) {
	l := newLive(t, "", nil)
	z := zone(t, "a.example", "www A 192.0.2.1")
	apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything})
	gone := schema.Zone{Name: z.Name, State: schema.Absent}
	p := planFor(t, l, everything, gone)
	for _, moved := range []schema.Zone{zone(t, "a.example", "www A 192.0.2.1", "more A 192.0.2.1"), zone(t, "a.example", "www A 192.0.2.2")} {
		apply.Run(t.Context(), l, planFor(t, l, everything, moved), apply.Options{Plan: everything})
		if r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything}); !r.Stale() {
			t.Errorf("not stale: %v", outcomes(r))
		}
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, gone), apply.Options{Plan: everything, Backup: func(*schema.LiveZone) error { return errors.New("disk full") }})
	wantOutcomes(t, r, "delete a.example: not done")
	wantRecords(t, l, "a.example", "www A 192.0.2.2")
	r = apply.Run(t.Context(), l, planFor(t, l, everything, gone), apply.Options{Plan: everything})
	wantOutcomes(t, r, "delete a.example: done")
	if _, there := l.server.Snapshot()["a.example"]; there {
		t.Error("the zone is still there")
	}
}

// deaf loses the answers about whole zones, and the requests too.
type deaf struct {
	*live
	never bool // the requests do not arrive
}

func (d *deaf) CreateZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	if !d.never {
		if _, err := d.live.CreateZone(ctx, name); err != nil {
			return schema.LiveZoneInfo{}, err
		}
	}
	return schema.LiveZoneInfo{}, errUnknown
}

func (d *deaf) DeleteZone(ctx context.Context, zone provider.ZoneID) error {
	if !d.never {
		if err := d.live.DeleteZone(ctx, zone); err != nil {
			return err
		}
	}
	return errUnknown
}

func TestAZoneOfUnknownOutcomeIsLookedFor(t *testing.T) {
	for _, c := range []struct {
		never            bool
		created, deleted []string
	}{
		{false, []string{"create a.example: done", "create www.a.example A: done"}, []string{"delete a.example: done"}},
		{true, []string{"create a.example: uncertain", "create www.a.example A: not done"}, []string{"delete a.example: uncertain"}},
	} {
		opts := apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond}
		l := newLive(t, "", nil)
		s := &deaf{l, c.never}
		z := zone(t, "a.example", "www A 192.0.2.1")
		wantOutcomes(t, apply.Run(t.Context(), s, planFor(t, s, everything, z), opts), c.created...)
		apply.Run(t.Context(), l, planFor(t, l, everything, z), opts)
		wantOutcomes(t, apply.Run(t.Context(), s, planFor(t, s, everything, schema.Zone{Name: z.Name, State: schema.Absent}), opts), c.deleted...)
	}
}

func TestANameStaysWhileARecordThatPointsAtItDoes(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "old A 192.0.2.1", "new A 192.0.2.2", "x CNAME old.a.example.")), apply.Options{Plan: everything})
	l.before = func(op string, r provider.Record) error {
		if op == "update" {
			return fmt.Errorf("not this one: %w", provider.ErrRefused)
		}
		return nil
	}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "new A 192.0.2.2", "x CNAME new.a.example.")), apply.Options{Plan: everything})
	wantOutcomes(t, r, "update x.a.example CNAME: failed", "delete old.a.example A: not done")
	wantRecords(t, l, "a.example", "new A 192.0.2.2", "old A 192.0.2.1", "x CNAME old.a.example")
}

// Everything that had to go before a swap is put back when the swap fails: by
// a refusal, and by an answer that never comes to a write that never happened.
func TestWhatWentBeforeAFailedSwapIsPutBack(t *testing.T) {
	creates := func(failure error) func(string, provider.Record) error {
		return func(op string, r provider.Record) error {
			if op == "create" && r.Data.Type() == schema.TypeCNAME {
				return failure
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		dialect string
		fault   func(string, provider.Record) error
	}{
		"the new record is refused":  {"type-change=refused", creates(fmt.Errorf("no aliases here: %w", provider.ErrRefused))},
		"the new record never comes": {"type-change=refused", creates(errUnknown)},
		"the change in place is refused": {"", func(op string, r provider.Record) error {
			if op == "update" {
				return fmt.Errorf("not yours: %w", provider.ErrForbidden)
			}
			return nil
		}},
		"the last deletion is refused": {"type-change=refused", func() func(string, provider.Record) error {
			deletions := 0
			return func(op string, r provider.Record) error {
				if op == "delete" {
					if deletions++; deletions == 4 {
						return fmt.Errorf("not this one: %w", provider.ErrRefused)
					}
				}
				return nil
			}
		}()},
		"an earlier deletion is refused": {"type-change=refused", func() func(string, provider.Record) error {
			deletions := 0
			return func(op string, r provider.Record) error {
				if op == "delete" {
					if deletions++; deletions == 2 {
						return fmt.Errorf("not this one: %w", provider.ErrRefused)
					}
				}
				return nil
			}
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, c.dialect, nil)
			from := zone(t, "a.example", "www A 192.0.2.1", "www A 192.0.2.2", "www MX 10 mx.example.", `www TXT "v=spf1 mx -all"`)
			apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
			before := l.records("a.example")
			l.before = c.fault
			r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www CNAME host.example.")), apply.Options{Plan: everything, SettleFor: 200 * time.Millisecond})
			if r.Complete() {
				t.Error("the run calls itself complete")
			}
			for _, o := range outcomes(r) {
				if strings.HasSuffix(o, ": done") {
					t.Errorf("%s, though it was put back", o)
				}
			}
			if diff := cmp.Diff(before, l.records("a.example")); diff != "" {
				t.Errorf("www holds (-before +after):\n%s", diff)
			}
		})
	}
}

// A name that repeats the zone's is listed as another could be, and is changed
// and removed all the same, since base says which of them it is.
func TestANameThatRepeatsTheZoneIsApplied(t *testing.T) {
	for _, dialect := range []string{"", "names=relative", "names=fqdn", "names=dot"} {
		t.Run(dialect, func(t *testing.T) {
			l := newLive(t, dialect, nil)
			opts := everything
			var before *schema.Zone
			for _, z := range []schema.Zone{
				zone(t, "example.com", "www A 192.0.2.1", "www.example.com A 192.0.2.1"),
				zone(t, "example.com", "www A 192.0.2.1", "www.example.com A 192.0.2.2"),
				zone(t, "example.com", "www A 192.0.2.1"),
			} {
				planned := func() *plan.Plan {
					p := planFor(t, l, opts, z)
					if before == nil {
						return p
					}
					return plan.New([]plan.Input{{Desired: &z, Live: p.Zones[0].Live, Base: &plan.Base{Zone: before}}}, nil, opts)
				}
				p := planned()
				if p.Refused() || !p.Pending() {
					t.Fatalf("refused %v, changes %v", p.Zones[0].Refused, p.Zones[0].Changes)
				}
				if r := apply.Run(t.Context(), l, p, apply.Options{Plan: opts}); !r.Complete() {
					t.Fatal(outcomes(r))
				}
				if p := planned(); p.Pending() {
					t.Fatalf("the plan once more has %v", p.Zones[0].Changes)
				}
				before = &z
			}
			wantRecords(t, l, "example.com", "www A 192.0.2.1")
		})
	}
}

// What a service puts into a zone that is created is seen: its name servers at
// the apex are left, and told, whatever git declares there.
func TestWhatTheServicePutsIntoANewZoneIsLeft(t *testing.T) {
	l := newLive(t, "apex=listed", nil)
	opts := plan.Options{}
	z := zone(t, "a.example", "@ NS ns1.other.example.", "www A 192.0.2.1")
	r := apply.Run(t.Context(), l, planFor(t, l, opts, z), apply.Options{Plan: opts})
	if notices := strings.Join(r.Zones[0].Notices, "\n"); !strings.Contains(notices, "the service has put NS records at the apex, which are left") {
		t.Errorf("%v, notices: %s", outcomes(r), notices)
	}
	if got := strings.Join(l.records("a.example"), "\n"); strings.Contains(got, "other.example") || !strings.Contains(got, "www A 192.0.2.1") {
		t.Errorf("the zone holds\n%s", got)
	}
}
