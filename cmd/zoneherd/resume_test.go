package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

// What was under way when a run broke off may still take effect: the run that
// goes on waits, where there is such a thing.
func TestWhatWasUnderWayIsWaitedFor(t *testing.T) {
	z := schema.MustName("a.example")
	c := &plan.Change{Action: plan.Create, Key: schema.Key{Name: z, Type: schema.TypeTXT}, After: &plan.Record{Data: schema.TXT{Text: "x"}, TTL: 60}}
	for _, tt := range []struct {
		told  []apply.Outcome
		waits bool
	}{
		{[]apply.Outcome{apply.Begun}, true},
		{[]apply.Outcome{apply.Begun, apply.Uncertain}, true},
		{[]apply.Outcome{apply.Begun, apply.Done}, false},
		{[]apply.Outcome{apply.Begun, apply.NotDone}, false},
	} {
		file := filepath.Join(t.TempDir(), "j.jsonl")
		w, err := journal.Create(file, saved.Document(plan.New(nil, nil, plan.Options{}), report.About{Live: "x"}, saved.Origin{Endpoint: "e"}))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range tt.told {
			if err := w.Observe(apply.Event{Zone: z, Change: c, Outcome: o}); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		j, err := journal.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		r, _, _, _ := runOn("a")
		if err = r.letSettle(over, &messages{p: r.program}, j, time.Hour); errors.Is(err, context.Canceled) != tt.waits {
			t.Errorf("%v: %v", tt.told, err)
		}
	}
}
