package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// journalLine is a line of a journal, read without the package that wrote it.
type journalLine struct {
	Plan   *report.Document
	Step   int
	Event  string
	Zone   string
	Change *report.Change
}

// begun is a step of a journal: what it was to do, and how the file's last line
// of it has it.
type begun struct{ does, event string }

// judge compares what the journal tells with what the server took.
func (k *killed) judge(t *testing.T, file string, events []sandbox.Event, takenBack bool) {
	t.Helper()
	if file == "" {
		if len(events) > 0 {
			t.Errorf("the server took %d writes of which there is no journal", len(events))
		}
		return
	}
	plan, steps := readSteps(t, filepath.Join(k.dir, file))
	planned, may, claimed := map[string]int{}, map[string]int{}, map[string]int{}
	for _, z := range plan.Zones {
		if z.Action == "create" || z.Action == "delete" {
			planned[z.Action+" the zone "+z.Zone]++
		}
		for i := range z.Changes {
			planned[does(z.Zone, &z.Changes[i])]++
		}
	}
	for _, s := range steps {
		may[s.does]++
		if s.event == "done" {
			claimed[s.does]++
		}
	}
	took := map[string]int{}
	for i := range events {
		for _, act := range acts(&events[i]) {
			took[act]++
		}
	}
	for act, n := range took {
		if n > may[act] {
			t.Errorf("%s: %d times, and the journal has it begun %d times", act, n, may[act])
		}
		if n > planned[act] && !takenBack {
			t.Errorf("%s: %d times, and it is planned %d times", act, n, planned[act])
		}
	}
	for act, n := range claimed {
		if n > took[act] {
			t.Errorf("%s: done %d times by the journal, and %d times by the server", act, n, took[act])
		}
	}
	for act, n := range planned {
		if strings.HasPrefix(act, "delete ") && took[act] != n && !takenBack {
			t.Errorf("%s: %d times, and it is planned %d times", act, took[act], n)
		}
	}
}

func readSteps(t *testing.T, file string) (*report.Document, map[int]*begun) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var plan *report.Document
	steps := map[int]*begun{}
	for line := range bytes.Lines(text) {
		var l journalLine
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v: %s", file, err, line)
		}
		switch {
		case l.Plan != nil:
			plan = l.Plan
		case l.Event == "begun":
			i := slices.IndexFunc(plan.Zones, func(z report.Zone) bool { return z.Zone == l.Zone })
			what := plan.Zones[i].Action + " the zone " + l.Zone
			if l.Change != nil {
				what = does(l.Zone, l.Change)
			}
			steps[l.Step] = &begun{what, l.Event}
		case l.Step > 0:
			steps[l.Step].event = l.Event
		}
	}
	return plan, steps
}

// does is what a step of a plan does, in the words of acts.
func does(zone string, c *report.Change) string {
	in := func(r *report.Record) string {
		return canonical(fmt.Sprintf("%s %d %s %s", c.Name, r.TTL, c.Type, r.Data))
	}
	text := c.Action + " in " + zone + ":"
	if c.Before != nil {
		text += " " + in(c.Before)
	}
	if c.After != nil {
		text += " → " + in(c.After)
	}
	return text
}

// acts are what a write that took effect did: a change of type is a deletion
// and a creation, as it is in a plan.
func acts(e *sandbox.Event) []string {
	switch {
	case e.Before == nil && e.After == nil:
		return []string{map[string]string{"POST": "create", "DELETE": "delete"}[e.Method] + " the zone " + e.Zone}
	case e.Before == nil:
		return []string{"create in " + e.Zone + ": → " + inFull(e.After)}
	case e.After == nil:
		return []string{"delete in " + e.Zone + ": " + inFull(e.Before)}
	case e.Before.Type != e.After.Type:
		return []string{"delete in " + e.Zone + ": " + inFull(e.Before), "create in " + e.Zone + ": → " + inFull(e.After)}
	}
	return []string{"update in " + e.Zone + ": " + inFull(e.Before) + " → " + inFull(e.After)}
}
