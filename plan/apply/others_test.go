package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// change has somebody else change a record of a.example behind the run's back.
func (l *live) change(t *testing.T, from, to string) {
	t.Helper()
	info, err := l.FindZone(t.Context(), schema.MustName("a.example"))
	if err != nil {
		t.Fatal(err)
	}
	live, err := l.ReadZone(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	id := provider.ZoneID{Handle: live.Handle, Name: live.Name}
	for _, r := range live.Records {
		if r.Data.String() != from {
			continue
		}
		was := provider.Record{Name: r.Name, TTL: r.TTL, Data: r.Data}
		if to == "" {
			err = l.Provider.DeleteRecord(t.Context(), id, r.Handle)
		} else {
			now := was
			if now.Data, err = schema.ParseData(r.Data.Type(), to); err == nil {
				_, err = l.Provider.UpdateRecord(t.Context(), id, r.Handle, was, now)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("there is no record %s", from)
}

// whenBegun calls f once, when the first step with an action begins, after
// the zone was read.
func whenBegun(action plan.Action, f func()) func(apply.Event) error {
	done := false
	return func(e apply.Event) error {
		if e.Outcome == apply.Begun && e.Change != nil && e.Change.Action == action && !done {
			done = true
			f()
		}
		return nil
	}
}

func TestARecordThatSomebodyElseChangesIsLeftToThem(t *testing.T) {
	from := zone(t, "a.example", "www A 192.0.2.1", "mail A 192.0.2.5", "x CNAME www.a.example.")
	for name, c := range map[string]struct {
		to     schema.Zone
		action plan.Action
		theirs string
		want   []string
		holds  []string
	}{
		"an update": {zone(t, "a.example", "www A 192.0.2.2", "mail A 192.0.2.5", "x CNAME www.a.example."), plan.Update, "192.0.2.9",
			[]string{"update www.a.example A: failed"}, []string{"mail A 192.0.2.5", "www A 192.0.2.9", "x CNAME www.a.example"}},
		"a deletion": {zone(t, "a.example", "mail A 192.0.2.5", "x CNAME mail.a.example."), plan.Delete, "192.0.2.9",
			[]string{"update x.a.example CNAME: done", "delete www.a.example A: failed"}, []string{"mail A 192.0.2.5", "www A 192.0.2.9", "x CNAME mail.a.example"}},
		"an update to what was meant": {zone(t, "a.example", "www A 192.0.2.2", "mail A 192.0.2.5", "x CNAME www.a.example."), plan.Update, "192.0.2.2",
			[]string{"update www.a.example A: done"}, []string{"mail A 192.0.2.5", "www A 192.0.2.2", "x CNAME www.a.example"}},
		"a deletion that was meant": {zone(t, "a.example", "mail A 192.0.2.5", "x CNAME mail.a.example."), plan.Delete, "",
			[]string{"update x.a.example CNAME: done", "delete www.a.example A: done"}, []string{"mail A 192.0.2.5", "x CNAME mail.a.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, "", nil)
			apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
			r := apply.Run(t.Context(), l, planFor(t, l, everything, c.to), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond,
				Observe: whenBegun(c.action, func() { l.change(t, "192.0.2.1", c.theirs) })})
			wantOutcomes(t, r, c.want...)
			wantRecords(t, l, "a.example", c.holds...)
			for _, s := range r.Zones[0].Steps {
				if s.Outcome == apply.Failed && (!errors.Is(s.Err, apply.ErrStale) || !strings.Contains(s.Err.Error(), "192.0.2.9")) {
					t.Errorf("the reason is %v", s.Err)
				}
			}
		})
	}
}

// unreadable cannot read a single record.
type unreadable struct{ *live }

func (u *unreadable) ReadRecord(context.Context, provider.ZoneID, schema.Handle) (schema.LiveRecord, error) {
	return schema.LiveRecord{}, fmt.Errorf("down: %w", provider.ErrUnavailable)
}

func TestARecordThatCannotBeLookedAtIsNotWritten(t *testing.T) {
	for step, to := range map[string]schema.Zone{
		"update www.a.example A: failed": zone(t, "a.example", "www A 192.0.2.2", "mail A 192.0.2.5"),
		"delete www.a.example A: failed": zone(t, "a.example", "mail A 192.0.2.5"),
	} {
		l := newLive(t, "", nil)
		apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1", "mail A 192.0.2.5")), apply.Options{Plan: everything})
		r := apply.Run(t.Context(), &unreadable{l}, planFor(t, l, everything, to), apply.Options{Plan: everything})
		wantOutcomes(t, r, step)
		wantRecords(t, l, "a.example", "mail A 192.0.2.5", "www A 192.0.2.1")
	}
}

func TestWhatSomebodyElsePutsIntoAWrittenRRsetIsReported(t *testing.T) {
	for name, their := range map[string]struct {
		act  func(*testing.T, *live)
		want string
	}{
		"another value": {func(t *testing.T, l *live) {
			if err := l.server.Put("a.example", sandbox.Record{Type: "A", Name: "www", Value: "192.0.2.7", TTL: 300}); err != nil {
				t.Error(err)
			}
		}, "www.a.example A 300 192.0.2.7 is there too"},
		"a deletion": {func(t *testing.T, l *live) { l.change(t, "192.0.2.1", "") }, "www.a.example A 300 192.0.2.1 is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, "", nil)
			z := zone(t, "a.example", "www A 192.0.2.1", "x CNAME www.a.example.")
			r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond, Observe: func(e apply.Event) error {
				if e.Change != nil && e.Change.Key.Type == schema.TypeCNAME && e.Outcome == apply.Begun {
					their.act(t, l)
				}
				return nil
			}})
			if err := r.Zones[0].Err; !errors.Is(err, apply.ErrForeign) || !strings.Contains(err.Error(), their.want) || r.Complete() {
				t.Errorf("complete %v: %v", r.Complete(), err)
			}
		})
	}
}

// Two runs that do not know of each other create the same record: one of the
// two is left, whichever was first.
func TestADuplicateOfItsOwnRecordIsTakenBack(t *testing.T) {
	l := newLive(t, "", nil)
	empty := zone(t, "a.example", "www A 192.0.2.1")
	apply.Run(t.Context(), l, planFor(t, l, everything, empty), apply.Options{Plan: everything})
	z := zone(t, "a.example", "www A 192.0.2.1", "www A 192.0.2.2", "mail A 192.0.2.3")
	first, second := planFor(t, l, everything, z), planFor(t, l, everything, z)
	reports := make(chan *apply.Report)
	var begun, done sync.WaitGroup
	begun.Add(4)
	done.Add(4)
	// Both have read the zone before either writes, and written before either
	// reads it again: one that has ended by then only tells of the duplicate.
	meet := func(e apply.Event) error {
		switch all := map[apply.Outcome]*sync.WaitGroup{apply.Begun: &begun, apply.Done: &done}[e.Outcome]; {
		case e.Undo || all == nil:
		default:
			all.Done()
			all.Wait()
		}
		return nil
	}
	for _, p := range []*plan.Plan{first, second} {
		go func() {
			reports <- apply.Run(t.Context(), l, p, apply.Options{Plan: everything, Observe: meet, SettleFor: 5 * time.Second})
		}()
	}
	notices := 0
	for range 2 {
		r := <-reports
		if !r.Complete() {
			t.Errorf("%v %v", outcomes(r), r.Zones[0].Err)
		}
		notices += len(r.Zones[0].Notices)
	}
	wantRecords(t, l, "a.example", "mail A 192.0.2.3", "www A 192.0.2.1", "www A 192.0.2.2")
	if notices != 2 {
		t.Errorf("%d notices of records taken back, want 2", notices)
	}
}

// Of equal records the run takes back only what it has made.
func TestARecordThatWasThereBeforeIsNotTakenBack(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1")), apply.Options{Plan: everything})
	p := planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1", "www A 192.0.2.2"))
	was := p.Zones[0].Live.Records[0].Handle
	r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond, Observe: whenBegun(plan.Create, func() {
		for range 30 { // of which some have a lower handle
			if err := l.server.Put("a.example", sandbox.Record{Type: "A", Name: "www", Value: "192.0.2.1", TTL: 300}); err != nil {
				t.Error(err)
			}
		}
	})})
	if _, err := l.ReadRecord(t.Context(), provider.ZoneID{Name: schema.MustName("a.example")}, was); err != nil {
		t.Errorf("the record that was there: %v", err)
	}
	if err := r.Zones[0].Err; !errors.Is(err, apply.ErrForeign) || !strings.Contains(err.Error(), "192.0.2.1 is there more than once") {
		t.Errorf("the zone's error is %v", err)
	}
}

// Of two equal records the one with the lower handle stays, so that two runs
// never take both back.
func TestOnlyTheHigherOfTwoEqualRecordsIsTakenBack(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.99")), apply.Options{Plan: everything})
	lines := []string{"b A 192.0.2.99"}
	for i := range 8 {
		lines = append(lines, fmt.Sprintf("www A 192.0.2.%d", i))
	}
	own := map[string]schema.Handle{}
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", lines...)), apply.Options{Plan: everything, Concurrency: 1, SettleFor: 300 * time.Millisecond, Observe: func(e apply.Event) error {
		if value := e.Change.Key.Name.Label(); value == "www" && e.Outcome == apply.Done && !e.Undo {
			data := e.Change.After.Data.String()
			own[data] = e.Handle
			return l.server.Put("a.example", sandbox.Record{Type: "A", Name: "www", Value: data, TTL: 300})
		}
		return nil
	}})
	info, err := l.FindZone(t.Context(), schema.MustName("a.example"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := l.ReadZone(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string][]schema.Handle{}
	for _, rec := range z.Records {
		left[rec.Data.String()] = append(left[rec.Data.String()], rec.Handle)
	}
	for data, h := range own {
		for _, other := range left[data] {
			if there := slices.Contains(left[data], h); other != h && there != (h < other) {
				t.Errorf("%s: of %s, which is the run's own, and %s there are left %v", data, h, other, left[data])
			}
		}
	}
	if n := len(r.Zones[0].Notices); len(own) != 8 || n == 0 || n == 8 {
		t.Errorf("%d records made, %d taken back", len(own), n)
	}
}

// phantom lists an equal record beside each of www, which is not there any more.
type phantom struct{ *live }

func (p *phantom) ReadZone(ctx context.Context, info schema.LiveZoneInfo) (*schema.LiveZone, error) {
	z, err := p.live.ReadZone(ctx, info)
	if err != nil {
		return nil, err
	}
	for _, r := range z.Records {
		if r.Name == schema.MustName("www.a.example") {
			r.Handle = "!" // lower than any
			z.Records = append(z.Records, r)
		}
	}
	return z, nil
}

func TestNothingIsTakenBackForADuplicateThatIsGone(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.1")), apply.Options{Plan: everything})
	s := &phantom{l}
	apply.Run(t.Context(), s, planFor(t, s, everything, zone(t, "a.example", "b A 192.0.2.1", "www A 192.0.2.1")), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond})
	wantRecords(t, l, "a.example", "b A 192.0.2.1", "www A 192.0.2.1")
}

func TestNothingIsSentThatCannotBeToldBefore(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "old A 192.0.2.1")), apply.Options{Plan: everything})
	full := errors.New("no space left on device")
	begun := 0
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "a A 192.0.2.1", "b CNAME a.a.example.")), apply.Options{Plan: everything, Observe: func(e apply.Event) error {
		if e.Outcome == apply.Begun {
			if begun++; begun == 2 {
				return full
			}
		}
		return nil
	}})
	wantOutcomes(t, r, "create a.a.example A: done", "create b.a.example CNAME: not done", "delete old.a.example A: not done")
	if !errors.Is(r.Zones[0].Err, full) {
		t.Errorf("the zone's error is %v", r.Zones[0].Err)
	}
	wantRecords(t, l, "a.example", "a A 192.0.2.1", "old A 192.0.2.1")
}

// A zone that was just created may not be there yet for everybody.
func TestAWriteIntoANewZoneWaitsForTheZone(t *testing.T) {
	for _, failure := range []error{provider.ErrNotFound, provider.ErrForbidden} {
		l := newLive(t, "", nil)
		times := 0
		l.before = func(string, provider.Record) error {
			if times++; times <= 2 {
				return fmt.Errorf("no such zone yet: %w", failure)
			}
			return nil
		}
		z := zone(t, "a.example", "a A 192.0.2.1")
		r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything})
		wantOutcomes(t, r, "create a.example: done", "create a.a.example A: done")
		times = 0
		r = apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "a A 192.0.2.1", "b A 192.0.2.1")), apply.Options{Plan: everything})
		wantOutcomes(t, r, "create b.a.example A: failed") // in an old zone it is final
	}
}

// old gives a reading of the zone that is out of date.
type old struct {
	*live
	reading *schema.LiveZone
}

func (o *old) ReadZone(context.Context, schema.LiveZoneInfo) (*schema.LiveZone, error) {
	return o.reading, nil
}

// A service may answer with what was there long ago. What was to stay at a name
// is looked for before the rest is deleted.
func TestAnOldReadingLeavesNoNameWithoutData(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.3", "www TXT \"x\"", "b A 192.0.2.1")), apply.Options{Plan: everything})
	info, err := l.FindZone(t.Context(), schema.MustName("a.example"))
	if err != nil {
		t.Fatal(err)
	}
	reading, err := l.ReadZone(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	l.change(t, "192.0.2.3", "")
	o := &old{l, reading}
	r := apply.Run(t.Context(), o, planFor(t, o, everything, zone(t, "a.example", "www A 192.0.2.3", "b A 192.0.2.1")), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond})
	wantOutcomes(t, r, "delete www.a.example TXT: failed")
	wantRecords(t, l, "a.example", "b A 192.0.2.1", `www TXT "x"`)
}

// odd answers a creation with something else: the answer to another request,
// whether or not the record was made, or what the service has stored indeed.
type odd struct {
	*live
	stores string
}

func (o *odd) CreateRecord(ctx context.Context, z provider.ZoneID, r provider.Record) (schema.LiveRecord, error) {
	other := r
	other.TTL++
	if o.stores == "another" {
		stored, err := o.live.CreateRecord(ctx, z, other)
		if err != nil {
			return stored, err
		}
		return stored, &provider.MismatchError{Meant: r, Stored: stored}
	}
	if o.stores == "it" {
		if _, err := o.live.CreateRecord(ctx, z, r); err != nil {
			return schema.LiveRecord{}, err
		}
	}
	stored := schema.LiveRecord{Handle: "another's", Name: r.Name, TTL: other.TTL, Data: r.Data}
	return stored, &provider.MismatchError{Meant: r, Stored: stored}
}

func TestAnAnswerThatTellsOfSomethingElseIsLookedInto(t *testing.T) {
	for stores, c := range map[string]struct {
		want  string
		holds []string
	}{
		"it":      {"create www.a.example A: done", []string{"b A 192.0.2.1", "www A 192.0.2.1"}},
		"another": {"create www.a.example A: failed", []string{"b A 192.0.2.1", "www A 192.0.2.1"}},
		"nothing": {"create www.a.example A: uncertain", []string{"b A 192.0.2.1"}},
	} {
		l := newLive(t, "", nil)
		apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.1")), apply.Options{Plan: everything})
		o := &odd{l, stores}
		r := apply.Run(t.Context(), o, planFor(t, o, everything, zone(t, "a.example", "www A 192.0.2.1", "b A 192.0.2.1")), apply.Options{Plan: everything, SettleFor: 300 * time.Millisecond})
		wantOutcomes(t, r, c.want)
		wantRecords(t, l, "a.example", c.holds...)
	}
}

// slow answers to a third reading of a record only once nobody waits any more.
type slow struct {
	*live
	times int
}

func (s *slow) ReadRecord(ctx context.Context, z provider.ZoneID, h schema.Handle) (schema.LiveRecord, error) {
	if s.times++; s.times > 2 {
		<-ctx.Done()
		return schema.LiveRecord{}, ctx.Err()
	}
	return s.live.ReadRecord(ctx, z, h)
}

func TestWhatWasSeenHoldsWhenTheTimeForLookingIsOver(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1", "b A 192.0.2.5")), apply.Options{Plan: everything})
	s := &slow{live: l}
	r := apply.Run(t.Context(), s, planFor(t, s, everything, zone(t, "a.example", "www A 192.0.2.2", "b A 192.0.2.5")), apply.Options{Plan: everything, SettleFor: 400 * time.Millisecond,
		Observe: whenBegun(plan.Update, func() { l.change(t, "192.0.2.1", "192.0.2.9") })})
	wantOutcomes(t, r, "update www.a.example A: failed")
	if err := r.Zones[0].Steps[0].Err; !errors.Is(err, apply.ErrStale) {
		t.Errorf("the reason is %v", err)
	}
}

// crossed answers a creation in b.example with what the equal one in a.example
// was answered, as a proxy that mixes answers up.
type crossed struct {
	*live
	mu     sync.Mutex
	answer schema.LiveRecord
}

func (c *crossed) CreateRecord(ctx context.Context, z provider.ZoneID, r provider.Record) (schema.LiveRecord, error) {
	rec, err := c.live.CreateRecord(ctx, z, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if z.Name == schema.MustName("a.example") {
		c.answer = rec
	} else if r.Name.Label() == "www" && err == nil {
		rec.Handle = c.answer.Handle
	}
	return rec, err
}

// The record of another zone, with which a creation is answered, is not taken
// for the run's own: taking that back would delete it.
func TestTheRecordOfAnotherZoneIsNotTakenForTheOneCreated(t *testing.T) {
	l := newLive(t, "names=relative", nil) // the two records look alike
	c := &crossed{live: l}
	old := func(name string) schema.Zone { return zone(t, name, "x A 192.0.2.5") }
	apply.Run(t.Context(), l, planFor(t, l, everything, old("a.example"), old("b.example")), apply.Options{Plan: everything})
	l.before = func(op string, r provider.Record) error {
		if op == "create" && r.Name == schema.MustName("zz.b.example") {
			return fmt.Errorf("not this one: %w", provider.ErrUnavailable)
		}
		return nil
	}
	a := zone(t, "a.example", "x A 192.0.2.5", "www A 192.0.2.1")
	b := zone(t, "b.example", "x A 192.0.2.5", "www A 192.0.2.1", "zz A 192.0.2.1")
	apply.Run(t.Context(), c, planFor(t, l, everything, a, old("b.example")), apply.Options{Plan: everything, Concurrency: 1})
	r := apply.Run(t.Context(), c, planFor(t, l, everything, a, b), apply.Options{Plan: everything, Rollback: true, Concurrency: 1, SettleFor: 300 * time.Millisecond})
	if n := r.Counts(); n[apply.TakenBack] != 1 {
		t.Errorf("%v", outcomes(r))
	}
	if got := l.records("a.example"); len(got) != 2 {
		t.Errorf("a.example holds %v", got)
	}
	if got := l.records("b.example"); len(got) != 1 {
		t.Errorf("b.example holds %v", got)
	}
}
