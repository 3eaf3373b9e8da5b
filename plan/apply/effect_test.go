package apply_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// Whichever write fails, and in whichever way, with a rollback or without: what
// is told to have been written is live as told.
func TestWhatARunHasMadeOfAZoneIsLive(t *testing.T) {
	back, forth := 0, 0
	for _, rollback := range []bool{false, true} {
		for _, why := range []error{provider.ErrUnavailable, provider.ErrRefused, errUnknown} {
			for nth := range 12 {
				t.Run(fmt.Sprintf("rollback=%v/%v/%d", rollback, why, nth), func(t *testing.T) {
					l := newLive(t, "", nil)
					apply.Run(t.Context(), l, planFor(t, l, everything, zone(t, "a.example", rollbackFrom...)), apply.Options{Plan: everything})
					writes := 0
					l.before = func(string, provider.Record) error {
						if writes++; writes == nth+1 {
							return why
						}
						return nil
					}
					to := zone(t, "a.example", rollbackTo...)
					r := apply.Run(t.Context(), l, planFor(t, l, everything, to), apply.Options{Plan: everything, Rollback: rollback, Concurrency: 1, SettleFor: 10 * time.Millisecond})
					l.before = nil
					e := r.Zones[0].Effect()
					live := planFor(t, l, everything, to).Zones[0].Live
					for _, k := range e.Written {
						var got, want []string
						for _, rec := range live.Records {
							if rec.Key() == k {
								got = append(got, fmt.Sprint(rec.TTL, rec.Data))
							}
						}
						if s := e.Zone.RRset(k); s != nil {
							for _, v := range s.Values {
								want = append(want, fmt.Sprint(v.TTL, v.Data))
							}
						}
						slices.Sort(got)
						slices.Sort(want)
						if !slices.Equal(got, want) {
							t.Errorf("%v holds %v, and is told to hold %v: %v", k, got, want, outcomes(r))
						}
					}
					if e.TakenBack > 0 && !rollback {
						t.Errorf("%d RRsets taken back", e.TakenBack)
					}
					back, forth = back+e.TakenBack, forth+len(e.Written)-e.TakenBack
				})
			}
		}
	}
	if back < 50 || forth < 100 {
		t.Errorf("%d RRsets taken back and %d written: too few", back, forth)
	}
}

func TestTheEffectOfARunOnAnRRset(t *testing.T) {
	key := func(name string) schema.Key {
		return schema.Key{Name: schema.MustName(name + ".a.example"), Type: schema.TypeA}
	}
	record := func(addr string, ttl schema.TTL) *plan.Record {
		data, err := schema.ParseData(schema.TypeA, addr)
		if err != nil {
			t.Fatal(err)
		}
		return &plan.Record{Data: data, TTL: ttl}
	}
	one, two, other := record("192.0.2.1", 300), record("192.0.2.2", 300), record("192.0.2.2", 60)
	for _, tt := range []struct {
		name    string
		declare []string
		steps   []apply.Step // of www
		want    string       // what www holds, and whether that is certain
		back    int
		ttl     schema.TTL
	}{
		{"done", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{Before: one, After: two}, Outcome: apply.Done}}, "[192.0.2.2] true", 0, 300},
		{"taken back", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{Before: other, After: two}, Outcome: apply.TakenBack}}, "[192.0.2.2] true", 1, 300},
		{"a creation taken back", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{After: two}, Outcome: apply.TakenBack}}, "[] true", 1, 300},
		{"a deletion taken back", nil, []apply.Step{{Change: &plan.Change{Before: one}, Outcome: apply.TakenBack}}, "[192.0.2.1] true", 1, 0},
		{"not begun", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{Before: one, After: two}, Outcome: apply.NotDone}}, "[192.0.2.1] false", 0, 0},
		{"taken back in part", []string{"www A 192.0.2.2"}, []apply.Step{
			{Change: &plan.Change{Before: one, After: two}, Outcome: apply.TakenBack}, {Change: &plan.Change{Before: record("192.0.2.3", 300)}, Outcome: apply.Done}}, "[192.0.2.1] false", 0, 0},
		{"taken back, and the rest not begun", []string{"www A 192.0.2.2"}, []apply.Step{
			{Change: &plan.Change{Before: one, After: two}, Outcome: apply.TakenBack}, {Change: &plan.Change{Before: record("192.0.2.3", 300)}, Outcome: apply.NotDone}}, "[192.0.2.1 192.0.2.3] true", 1, 300},
		{"failed", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{Before: one, After: two}, Outcome: apply.Failed}}, "[192.0.2.2] false", 0, 0},
		{"uncertain", []string{"www A 192.0.2.2"}, []apply.Step{{Change: &plan.Change{Before: one, After: two}, Outcome: apply.Uncertain}}, "[192.0.2.2] false", 0, 0},
		{"two TTLs before, of which DNS serves one", []string{"www A 192.0.2.1", "www A 192.0.2.2"}, []apply.Step{
			{Change: &plan.Change{Before: other, After: two}, Outcome: apply.TakenBack}}, "[192.0.2.1 192.0.2.2] false", 0, 0},
		{"a record twice before", []string{"www A 192.0.2.1"}, []apply.Step{{Change: &plan.Change{Before: one}, Outcome: apply.TakenBack}}, "[192.0.2.1 192.0.2.1] false", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			desired := zone(t, "a.example", append([]string{"first A 192.0.2.9", "zz A 192.0.2.9"}, tt.declare...)...)
			for i := range tt.steps {
				tt.steps[i].Change.Key = key("www")
			}
			was := fmt.Sprint(desired)
			e := (&apply.ZoneReport{Zone: &plan.Zone{Name: desired.Name, Desired: &desired}, Steps: tt.steps}).Effect()
			held := []string{}
			if s := e.Zone.RRset(key("www")); s != nil {
				for _, v := range s.Values {
					held = append(held, v.Data.String())
				}
			}
			if got := fmt.Sprint(held, slices.Contains(e.Written, key("www"))); got != tt.want || e.TakenBack != tt.back || e.OldTTL != tt.ttl {
				t.Errorf("%s, %d taken back, old TTL %d; want %s, %d, %d", got, e.TakenBack, e.OldTTL, tt.want, tt.back, tt.ttl)
			}
			if e.Zone.RRset(key("first")) == nil || e.Zone.RRset(key("zz")) == nil {
				t.Error("another RRset is gone")
			}
			if fmt.Sprint(desired) != was {
				t.Error("what is declared was changed")
			}
		})
	}
}
