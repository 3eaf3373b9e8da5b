package apply_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

var (
	rollbackFrom = []string{"www A 192.0.2.1", "mail A 192.0.2.5", "old TXT \"gone\"", "alias CNAME www.a.example.", "@ MX 10 mail.a.example."}
	rollbackTo   = []string{"www A 192.0.2.2", "www A 192.0.2.3", "mail A 192.0.2.5", "alias A 192.0.2.7", "@ MX 10 new.a.example.", "new A 192.0.2.8", "zz TXT \"last\""}
)

// refuseLast lets the last creation fail.
func refuseLast(op string, r provider.Record) error {
	if op == "create" && r.Name == schema.MustName("zz.a.example") {
		return fmt.Errorf("not this one: %w", provider.ErrUnavailable)
	}
	return nil
}

// A zone that fails takes its own steps back, and is then what it was; a name
// that has data before and after is never without on the way.
func TestAFailedZoneIsTakenBack(t *testing.T) {
	for _, dialect := range []string{"", "type-change=refused", "names=fqdn,patch=refused"} {
		t.Run(dialect, func(t *testing.T) {
			gaps := newGaps()
			l := newLive(t, dialect, gaps.observe)
			from, to := zone(t, "a.example", rollbackFrom...), zone(t, "a.example", rollbackTo...)
			apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
			before := l.records("a.example")
			gaps.begin("a.example", from, from)
			l.before = refuseLast
			r := apply.Run(t.Context(), l, planFor(t, l, everything, to), apply.Options{Plan: everything, Rollback: true, Concurrency: 1})
			if diff := cmp.Diff(before, l.records("a.example")); diff != "" {
				t.Errorf("the zone holds (-before +after):\n%s", diff)
			}
			n := r.Counts()
			if r.Complete() || n[apply.Done] != 0 || n[apply.TakenBack] == 0 || n[apply.Failed] != 1 {
				t.Errorf("complete %v: %v", r.Complete(), outcomes(r))
			}
			if gone := gaps.end(); len(gone) > 0 && dialect == "" {
				t.Error(gone)
			}
		})
	}
}

func TestWhatSomebodyElseHasChangedSinceIsNotTakenBack(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", rollbackFrom...)), apply.Options{Plan: everything})
	l.before = func(op string, r provider.Record) error {
		err := refuseLast(op, r)
		if err != nil {
			l.before = nil
			l.change(t, "192.0.2.8", "192.0.2.99")
		}
		return err
	}
	// The lock of the fault is held while it changes the record by the provider itself.
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", rollbackTo...)), apply.Options{Plan: everything, Rollback: true, Concurrency: 1, SettleFor: 300 * time.Millisecond})
	if got := l.records("a.example"); !strings.Contains(strings.Join(got, "\n"), "new A 192.0.2.99") {
		t.Errorf("the zone holds %v", got)
	}
	if notices := strings.Join(r.Zones[0].Notices, "\n"); !strings.Contains(notices, "create new.a.example A was done and is not taken back") {
		t.Errorf("notices: %s", notices)
	}
}

// An earlier run is taken back from what is known of it, steps that were under
// way when it broke off included.
func TestAnEarlierRunIsTakenBack(t *testing.T) {
	for _, dialect := range []string{"", "names=fqdn"} {
		t.Run(dialect, func(t *testing.T) { takeBackAnEarlierRun(t, dialect) })
	}
}

func takeBackAnEarlierRun(t *testing.T, dialect string) {
	l := newLive(t, dialect, nil)
	from := zone(t, "a.example", rollbackFrom...)
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	before := l.records("a.example")
	for _, unseen := range []plan.Action{"", plan.Create, plan.Update, plan.Delete} {
		var steps []apply.Step
		r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", rollbackTo...)), apply.Options{Plan: everything, Observe: func(e apply.Event) error { return nil }})
		if !r.Complete() {
			t.Fatal(outcomes(r))
		}
		for _, s := range r.Zones[0].Steps {
			if s.Change.Action == unseen {
				s.Outcome, s.Handle = apply.Uncertain, ""
			}
			steps = append(steps, s)
		}
		never := *steps[0].Change // under way, and never happened
		never.Key.Name, never.Handle, never.Action = schema.MustName("never.a.example"), "", plan.Create
		never.Before, never.After = nil, &plan.Record{Data: schema.TXT{Text: "never"}, TTL: 60}
		never.Key.Type = schema.TypeTXT
		steps = append(steps, apply.Step{Change: &never, Outcome: apply.Uncertain})
		back := apply.TakeBack(t.Context(), l, []apply.Written{{Zone: from.Name, Steps: steps}}, apply.Options{})
		if n := back.Counts(); n[apply.TakenBack] != len(steps)-1 || n[apply.NotDone] != 1 || back.Zones[0].Err != nil {
			t.Errorf("unseen %q: %v %v %v", unseen, outcomes(back), back.Zones[0].Err, back.Zones[0].Notices)
		}
		if diff := cmp.Diff(before, l.records("a.example")); diff != "" {
			t.Errorf("unseen %q: the zone holds (-before +after):\n%s", unseen, diff)
		}
	}
}

// A try that broke off before it could tell what it had taken back is gone on
// with: what is back already is not written again.
func TestWhatIsTakenBackAlreadyIsNotWrittenAgain(t *testing.T) {
	var writes int
	l := newLive(t, "", func(sandbox.Event) { writes++ })
	from := zone(t, "a.example", rollbackFrom...)
	apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
	before := l.records("a.example")
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", rollbackTo...)), apply.Options{Plan: everything})
	for try := range 2 {
		writes = 0
		back := apply.TakeBack(t.Context(), l, []apply.Written{{Zone: from.Name, Steps: r.Zones[0].Steps}}, apply.Options{})
		if n := back.Counts(); n[apply.TakenBack] != len(r.Zones[0].Steps) {
			t.Errorf("try %d: %v %v", try, outcomes(back), back.Zones[0].Notices)
		}
	}
	if writes > 0 {
		t.Errorf("the second try has written %d times", writes)
	}
	if diff := cmp.Diff(before, l.records("a.example")); diff != "" {
		t.Errorf("the zone holds (-before +after):\n%s", diff)
	}
}

// The steps of several swaps are in a journal as they were begun, side by side;
// and a try to take them back may have broken off between the two writes of one.
func TestSwapsAreTakenBackFromAnyHalf(t *testing.T) {
	for _, dialect := range []string{"", "type-change=refused"} {
		t.Run(dialect, func(t *testing.T) {
			l := newLive(t, dialect, nil)
			from := zone(t, "a.example", "x A 192.0.2.1", "y CNAME host.example.net.", "z A 192.0.2.3")
			to := zone(t, "a.example", "x CNAME host.example.net.", "y A 192.0.2.2", "z CNAME host.example.net.")
			apply.Run(t.Context(), l, planFor(t, l, everything, from), apply.Options{Plan: everything})
			before := l.records("a.example")
			r := apply.Run(t.Context(), l, planFor(t, l, everything, to), apply.Options{Plan: everything})
			var steps []apply.Step
			for _, action := range []plan.Action{plan.Delete, plan.Create} {
				for _, s := range r.Zones[0].Steps {
					if s.Change.Action == action {
						steps = append(steps, s)
					}
				}
			}
			l.change(t, "host.example.net.", "") // the first of them is x
			back := apply.TakeBack(t.Context(), l, []apply.Written{{Zone: from.Name, Steps: steps}}, apply.Options{})
			if n := back.Counts(); n[apply.TakenBack] != 6 {
				t.Errorf("%v %v", outcomes(back), back.Zones[0].Notices)
			}
			if diff := cmp.Diff(before, l.records("a.example")); diff != "" {
				t.Errorf("the zone holds (-before +after):\n%s", diff)
			}
		})
	}
}

// Of two equal records that are put back side by side, one is not answered and
// never came to be: it does not take the other one for its own.
func TestOfTwoEqualCreationsEachHasItsOwnRecord(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "www A 192.0.2.1")), apply.Options{Plan: everything})
	if err := l.server.Put("a.example", sandbox.Record{Type: "A", Name: "www", Value: "192.0.2.1", TTL: 300}); err != nil {
		t.Fatal(err)
	}
	creations := 0
	l.before = func(op string, r provider.Record) error {
		if op != "create" || r.Name != schema.MustName("www.a.example") {
			return nil
		}
		if creations++; creations == 1 {
			return errUnknown
		}
		return nil
	}
	p := planFor(t, l, everything, zone(t, "a.example"))
	r := apply.Run(t.Context(), l, p, apply.Options{Plan: everything})
	back := apply.TakeBack(t.Context(), l, []apply.Written{{Zone: schema.MustName("a.example"), Steps: r.Zones[0].Steps}}, apply.Options{SettleFor: 400 * time.Millisecond})
	if n := back.Counts(); n[apply.TakenBack]+n[apply.Uncertain] != 2 || n[apply.TakenBack] != len(l.records("a.example")) {
		t.Errorf("%v, and %v", outcomes(back), l.records("a.example"))
	}
}

// A record of somebody else that is equal to one that the run has created, and
// was left in its place, is not the run's to take back.
func TestWhatSomebodyElseHasCreatedTooIsNotTakenBack(t *testing.T) {
	l := newLive(t, "", nil)
	apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.5")), apply.Options{Plan: everything})
	const theirs = 12 // of handles that are drawn one is lower, mostly, and several remain to be told
	r := apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", "b A 192.0.2.5", "www A 192.0.2.1")), apply.Options{
		Plan: everything, Rollback: true, SettleFor: 300 * time.Millisecond,
		Observe: whenBegun(plan.Create, func() {
			for range theirs {
				if err := l.server.Put("a.example", sandbox.Record{Type: "A", Name: "www", Value: "192.0.2.1", TTL: 300}); err != nil {
					t.Error(err)
				}
			}
		}),
	})
	if n := len(l.records("a.example")); n != theirs+1 {
		t.Errorf("the zone holds %d records, want %d: %v %v", n, theirs+1, r.Zones[0].Notices, r.Zones[0].Err)
	}
	// Its handle may happen to be the lowest, and it was left and then taken back.
	replaced := strings.Contains(strings.Join(r.Zones[0].Notices, "\n"), "this run's own was taken back")
	if n := r.Counts(); (n[apply.TakenBack] == 0) != replaced || r.Complete() {
		t.Errorf("complete %v: %v %v", r.Complete(), outcomes(r), r.Zones[0].Notices)
	}
}
