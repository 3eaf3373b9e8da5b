package saved_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

var zone = schema.MustName("a.example")

// The records that the zones of a test are made of: what can stand together.
var pool = []schema.LiveRecord{
	record("www", "A", "192.0.2.1"), record("www", "A", "192.0.2.2"), record("www", "A", "192.0.2.3"), record("www", "AAAA", "2001:db8::1"),
	record("mail", "A", "192.0.2.25"), record("@", "MX", "10 mail.a.example."), record("@", "MX", "20 mail.a.example."),
	record("@", "TXT", `"v=spf1 -all"`), record("x", "TXT", `"a \"b\" \009 \255"`), record(`odd\.name`, "A", "192.0.2.1"), record("*", "A", "192.0.2.1"),
	{Name: schema.MustName("www.a.example"), Data: schema.Opaque{RRType: "LOC", Raw: "51 N"}},
	{Name: schema.MustName("www.a.example"), Data: schema.Opaque{RRType: "A", Raw: "none"}},
	record("_acme-challenge", "TXT", `"token"`),
}

func record(name, typ, data string) schema.LiveRecord {
	owner, err := schema.ParseOwner(name, zone)
	if err != nil {
		panic(err)
	}
	d, err := schema.ParseData(schema.Type(typ), data)
	if err != nil {
		panic(err)
	}
	return schema.LiveRecord{Name: owner, Data: d}
}

// drawLive draws what is live, duplicates and TTLs that disagree included.
func drawLive(t *rapid.T, label string) *schema.LiveZone {
	if !rapid.Bool().Draw(t, label+" is there") {
		return nil
	}
	z := &schema.LiveZone{Handle: "z", Name: zone}
	for i, n := range rapid.SliceOfN(rapid.IntRange(0, len(pool)-1), 0, 12).Draw(t, label) {
		r := pool[n]
		r.Handle, r.TTL = schema.Handle(fmt.Sprint(label, i)), rapid.SampledFrom([]schema.TTL{60, 300}).Draw(t, "ttl")
		z.Records = append(z.Records, r)
	}
	return z
}

func drawDesired(t *rapid.T) *schema.Zone {
	z := &schema.Zone{Name: zone}
	if rapid.IntRange(0, 9).Draw(t, "state") == 0 {
		z.State = schema.Absent
		return z
	}
	for i, r := range pool {
		if _, opaque := r.Data.(schema.Opaque); opaque || r.Name.Label() == "_acme-challenge" || !rapid.Bool().Draw(t, "declared") {
			continue
		}
		v := schema.Value{Data: r.Data, TTL: 300, Position: schema.Position{File: "a.yaml", Line: i + 1, Column: 1}}
		if s := z.RRset(r.Key()); s != nil {
			s.Values = append(s.Values, v)
			continue
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: r.Key(), Values: []schema.Value{v}})
		slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	}
	return z
}

func makePlan(t *rapid.T, desired *schema.Zone, live *schema.LiveZone) *plan.Plan {
	prune := rapid.SampledFrom([]plan.Prune{plan.PruneAll, plan.PruneNone}).Draw(t, "prune")
	everything := saved.Options()
	return plan.New([]plan.Input{{Desired: desired, Live: live}}, nil, plan.Options{Prune: prune, MaxDeletes: 100, MaxUpdates: 100, Allow: everything.Allow, ManageApexNS: true})
}

// through writes the document of a plan and reads it again.
func through(t interface{ Fatal(...any) }, p *plan.Plan) *report.Document {
	var b bytes.Buffer
	if err := report.JSON(&b, saved.Document(p, report.About{Live: "x"}, saved.Origin{Endpoint: "e", Account: "a"})); err != nil {
		t.Fatal(err)
	}
	d, err := saved.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// text writes a plan's changes down, in their order.
func text(p *plan.Plan, keep func(plan.Change) bool) string {
	var b strings.Builder
	for _, z := range p.Zones {
		fmt.Fprintln(&b, z.Name, z.Action)
		for _, c := range z.Changes {
			if keep(c) {
				fmt.Fprintln(&b, c, c.Before, c.After, c.Handle)
			}
		}
	}
	return b.String()
}

func all(plan.Change) bool { return true }

// A saved plan is the plan that was saved; carried out in part, it is the rest;
// carried out, it is nothing.
func TestASavedPlanIsThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live := drawDesired(t), drawLive(t, "live")
		p := makePlan(t, desired, live)
		if p.Refused() || p.Summary.Writes == 0 {
			t.Skip("nothing to save")
		}
		d := through(t, p)
		again, err := saved.Rebuild(d, liveNow(live), saved.Progress{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(again, all), text(p, all); got != want {
			t.Fatalf("rebuilt:\n%s\nsaved:\n%s", got, want)
		}
		if p.Zones[0].Action == plan.ZoneDelete {
			return
		}
		done := map[schema.Key]bool{}
		rest, err := saved.Rebuild(d, liveNow(carryOut(t, live, p.Zones[0].Changes, done)), saved.Progress{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range rest.Zones[0].Changes {
			if done[c.Key] {
				t.Fatalf("%s is done and planned again", c)
			}
		}
		if got, want := len(rest.Zones[0].Changes), len(p.Zones[0].Changes)-count(p.Zones[0].Changes, done); got != want {
			t.Fatalf("%d changes are left, want %d", got, want)
		}
	})
}

func count(changes []plan.Change, done map[schema.Key]bool) int {
	n := 0
	for _, c := range changes {
		if done[c.Key] {
			n++
		}
	}
	return n
}

func liveNow(z *schema.LiveZone) map[schema.Name]*schema.LiveZone {
	if z == nil {
		return nil
	}
	return map[schema.Name]*schema.LiveZone{z.Name: z}
}

// carryOut makes the changes of some RRsets, and tells of which.
func carryOut(t *rapid.T, live *schema.LiveZone, changes []plan.Change, done map[schema.Key]bool) *schema.LiveZone {
	out := &schema.LiveZone{Handle: "z", Name: zone}
	if live != nil {
		out.Records = slices.Clone(live.Records)
	}
	for _, c := range changes {
		if _, drawn := done[c.Key]; !drawn {
			done[c.Key] = rapid.Bool().Draw(t, "done")
		}
		if !done[c.Key] {
			continue
		}
		if c.Before != nil {
			out.Records = slices.DeleteFunc(out.Records, func(r schema.LiveRecord) bool { return r.Handle == c.Handle })
		}
		if c.After != nil {
			out.Records = append(out.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint("new", len(out.Records))), Name: c.Key.Name, TTL: c.After.TTL, Data: c.After.Data})
		}
	}
	return out
}

// A run that broke off anywhere is finished from what its journal tells: what is
// done stays, what is open is looked at, and the end is as planned.
func TestARunThatBrokeOffIsFinished(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live := drawDesired(t), drawLive(t, "live")
		p := makePlan(t, desired, live)
		if p.Refused() || p.Summary.Writes == 0 || p.Zones[0].Action == plan.ZoneDelete {
			t.Skip("nothing to finish")
		}
		d := through(t, p)
		now, end := &schema.LiveZone{Handle: "z", Name: zone}, map[string]int{}
		if live != nil {
			now.Records = slices.Clone(live.Records)
		}
		carry := func(c plan.Change, to []schema.LiveRecord) []schema.LiveRecord {
			if c.Before != nil {
				to = slices.DeleteFunc(slices.Clone(to), func(r schema.LiveRecord) bool { return r.Handle == c.Handle })
			}
			if c.After != nil {
				to = append(to, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint("new", len(to))), Name: c.Key.Name, TTL: c.After.TTL, Data: c.After.Data})
			}
			return to
		}
		progress := saved.Progress{Created: map[string]bool{"a.example": live == nil}, Steps: map[string]saved.Steps{}}
		after := now.Records
		for _, c := range p.Zones[0].Changes {
			after = carry(c, after)
			n := progress.Steps[saved.Identity("a.example", report.NewChange(zone, &c))]
			switch rapid.SampledFrom([]string{"done", "seen", "unseen", "never"}).Draw(t, "what became of it") {
			case "done":
				n.Done++
				now.Records = carry(c, now.Records)
			case "seen": // under way, and it took effect
				n.Open++
				now.Records = carry(c, now.Records)
			case "unseen": // under way, and it did not
				n.Open++
			}
			progress.Steps[saved.Identity("a.example", report.NewChange(zone, &c))] = n
		}
		for _, r := range after {
			end[fmt.Sprint(r.Name, r.Data, r.TTL)]++
		}
		if now.Records != nil {
			notMoved(t, d, now, progress)
		}
		rest, err := saved.Rebuild(d, liveNow(now), progress)
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range rest.Zones {
			for _, c := range z.Changes {
				now.Records = carry(c, now.Records)
			}
		}
		for _, r := range now.Records {
			end[fmt.Sprint(r.Name, r.Data, r.TTL)]--
		}
		for r, n := range end {
			if n != 0 {
				t.Fatalf("at the end there are %d too few of %s", n, r)
			}
		}
	})
}

// However many changes of one RRset are open, as after a rollback that broke off,
// what is live tells which of them hold.
func TestManyOpenChangesOfOneRRset(t *testing.T) {
	live := &schema.LiveZone{Handle: "z", Name: zone}
	for i := range 60 {
		live.Records = append(live.Records, record("www", "A", fmt.Sprintf("192.0.2.%d", i)))
		live.Records[i].Handle, live.Records[i].TTL = schema.Handle(fmt.Sprint(i)), 300
	}
	desired := schema.Zone{Name: zone, RRsets: []schema.RRset{{Key: live.Records[0].Key()}}}
	for i := range 10 { // the first few become others, the rest goes
		data, err := schema.ParseData(schema.TypeA, fmt.Sprintf("198.51.100.%d", i))
		if err != nil {
			t.Fatal(err)
		}
		desired.RRsets[0].Values = append(desired.RRsets[0].Values, schema.Value{Data: data, TTL: 300})
	}
	p := plan.New([]plan.Input{{Desired: &desired, Live: live}}, nil, saved.Options())
	d := through(t, p)
	progress := saved.Progress{Created: map[string]bool{}, Steps: map[string]saved.Steps{}}
	now := *live
	for i, c := range p.Zones[0].Changes {
		progress.Steps[saved.Identity("a.example", report.NewChange(zone, &c))] = saved.Steps{Open: 1}
		if i%3 == 0 {
			continue
		}
		now.Records = slices.DeleteFunc(slices.Clone(now.Records), func(r schema.LiveRecord) bool { return r.Handle == c.Handle })
		if c.After != nil {
			now.Records = append(now.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint("new", i)), Name: c.Key.Name, TTL: c.After.TTL, Data: c.After.Data})
		}
	}
	if moved, err := saved.Moved(d, &now, progress); err != nil || len(moved) > 0 {
		t.Errorf("moved: %v, %v", moved, err)
	}
	if _, err := saved.Rebuild(d, liveNow(&now), progress); err != nil {
		t.Error(err)
	}
}

// notMoved wants no RRset to have moved, and one to have that gets a value of
// somebody else's.
func notMoved(t *rapid.T, d *report.Document, now *schema.LiveZone, progress saved.Progress) {
	moved, err := saved.Moved(d, now, progress)
	if err != nil || len(moved) > 0 {
		t.Fatalf("moved: %v, %v", moved, err)
	}
	c := rapid.SampledFrom(d.Zones[0].Changes).Draw(t, "somebody else's")
	one, err := saved.Change(zone, c)
	if err != nil {
		return // a value that cannot be read
	}
	either := cmp.Or(one.After, one.Before)
	theirs := *now
	theirs.Records = append(slices.Clone(now.Records), schema.LiveRecord{Handle: "theirs", Name: one.Key.Name, TTL: 77, Data: either.Data})
	moved, err = saved.Moved(d, &theirs, progress)
	if err != nil || len(moved) != 1 || !moved[one.Key] {
		t.Fatalf("with a value more at %v moved: %v, %v", one.Key, moved, err)
	}
}

// A zone that the run has made holds what the service has put at its apex, and
// none of that keeps the run from being finished.
func TestWhatTheServicePutsIntoANewZoneIsNotStale(t *testing.T) {
	everything := saved.Options()
	mail, www := record("@", "MX", "10 mail.a.example."), record("www", "A", "192.0.2.1")
	desired := &schema.Zone{Name: zone, RRsets: []schema.RRset{
		{Key: mail.Key(), Values: []schema.Value{{Data: mail.Data, TTL: 300}}},
		{Key: www.Key(), Values: []schema.Value{{Data: www.Data, TTL: 300}}},
	}}
	d := through(t, plan.New([]plan.Input{{Desired: desired}}, nil, everything))
	mail.TTL = 300
	now := &schema.LiveZone{Handle: "z", Name: zone, Records: []schema.LiveRecord{
		mail, record("@", "NS", "ns1.example.net."), {Name: zone, Data: schema.Opaque{RRType: "SOA", Raw: "ns1.example.net. host.example.net. 1 2 3 4 5"}},
	}}
	for i := range now.Records {
		now.Records[i].Handle = schema.Handle(fmt.Sprint(i))
	}
	p, err := saved.Rebuild(d, liveNow(now), saved.Progress{Created: map[string]bool{"a.example": true}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Zones[0].Changes); got != "[create www.a.example A]" {
		t.Errorf("left to do: %s", got)
	}
	if _, err := saved.Rebuild(d, liveNow(now), saved.Progress{}); !errors.Is(err, saved.ErrStale) {
		t.Errorf("in a zone that somebody else has made: %v, want it stale", err)
	}
}

// Whatever else has moved at a name that is touched is stale.
func TestASavedPlanIsStaleWhereLiveHasMoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live := drawDesired(t), drawLive(t, "live")
		p := makePlan(t, desired, live)
		if p.Refused() || p.Summary.Writes == 0 || live == nil {
			t.Skip("nothing to save")
		}
		d := through(t, p)
		moved := &schema.LiveZone{Handle: "z", Name: zone, Records: slices.Clone(live.Records)}
		r := pool[rapid.IntRange(0, 10).Draw(t, "added")]
		r.Handle, r.TTL = "added", 17
		moved.Records = append(moved.Records, r)
		touched := p.Zones[0].Action == plan.ZoneDelete || slices.ContainsFunc(p.Zones[0].Changes, func(c plan.Change) bool { return c.Key.Name == r.Name })
		kept := slices.ContainsFunc(slices.Concat(p.Zones[0].Unmanaged, p.Zones[0].Opaque), func(k plan.Kept) bool { return k.Key == r.Key() })
		switch _, err := saved.Rebuild(d, liveNow(moved), saved.Progress{}); {
		case touched && !kept && !errors.Is(err, saved.ErrStale):
			t.Fatalf("%s %s was added, and the error is %v", r.Name, r.Data, err)
		case !touched && err != nil:
			t.Fatalf("%s %s was added elsewhere, and the error is %v", r.Name, r.Data, err)
		}
	})
}
