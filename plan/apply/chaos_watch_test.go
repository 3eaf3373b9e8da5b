package apply_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// watcher sees each state that the service passes through, and holds the
// claims of the runs against what the service itself has seen.
type watcher struct {
	mu     sync.Mutex
	c      *chaosCase
	found  []string
	last   string               // how the last round went
	log    func(string, ...any) // what happens, one thing a line; nil for nothing
	counts map[schema.Name]int  // records at a name
	both   map[schema.Name]bool // has data before and after
	swaps  map[schema.Name]bool // changes from or to a CNAME
	gap    map[schema.Name]bool // is empty and should not be

	foreign map[schema.Name]bool // somebody else has written there
	writes  int                  // not counting somebody else's
	deletes int
	took    map[string]int // what was added and removed, by the runs
	removed map[string]int // by deletions of records
	planned map[string]int // deletions that a plan asked for, or a rollback
	done    map[string]int // what the runs claim
	maybe   map[string]int // what they say may be
	// unfinished are the names of which a run has said that not all is done.
	unfinished map[schema.Name]bool
}

func watch(c *chaosCase) *watcher {
	w := &watcher{c: c, unfinished: map[schema.Name]bool{}, counts: map[schema.Name]int{}, both: map[schema.Name]bool{}, swaps: map[schema.Name]bool{}, gap: map[schema.Name]bool{},
		foreign: map[schema.Name]bool{}, took: map[string]int{}, planned: map[string]int{}, removed: map[string]int{}, done: map[string]int{}, maybe: map[string]int{}}
	for i := range c.zones {
		z := &c.zones[i]
		kinds := map[schema.Name][2]bool{} // an alias before, after
		for _, r := range z.live {
			if z.missing {
				break
			}
			k := kinds[r.Name]
			k[0] = k[0] || r.Data.Type() == schema.TypeCNAME
			kinds[r.Name] = k
			after := z.unmanaged || len(z.desired.At(r.Name)) > 0 || r.Name.Label() == "_acme-challenge"
			w.both[r.Name] = after && z.desired.State != schema.Absent
		}
		for _, s := range z.desired.RRsets {
			k := kinds[s.Name]
			k[1] = k[1] || s.Type == schema.TypeCNAME
			kinds[s.Name] = k
		}
		for n, k := range kinds {
			w.swaps[n] = k[0] != k[1] || k[0] && k[1]
		}
	}
	return w
}

func (w *watcher) complain(format string, args ...any) {
	if len(w.found) < 10 {
		w.found = append(w.found, fmt.Sprintf(format, args...))
	}
}

// seen is one record as the service has it, in the words of the plan.
func seen(zone string, r *sandbox.Record) (schema.Name, string) {
	apex := schema.MustName(zone)
	name, err := schema.ParseOwner(r.Name, apex)
	if err != nil {
		panic(err)
	}
	return name, fmt.Sprintf("%s %s %d %s", name, r.Type, r.TTL, seenData(r))
}

// seenData is a record's data in presentation form.
func seenData(r *sandbox.Record) string {
	text := r.Value
	switch r.Type {
	case "CNAME", "NS":
		text += "."
	case "MX", "SRV":
		text = fmt.Sprintf("%d %s.", *r.Priority, r.Value)
	}
	if d, err := schema.ParseData(schema.Type(r.Type), text); err == nil {
		return d.String()
	}
	return text
}

// observe is for [sandbox.Options].
func (w *watcher) observe(e sandbox.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Before != nil && e.After != nil {
		_, before := seen(e.Zone, e.Before)
		if _, after := seen(e.Zone, e.After); before == after {
			return
		}
	}
	for _, side := range []struct {
		r    *sandbox.Record
		by   int
		sign string
	}{{e.Before, -1, "- "}, {e.After, +1, "+ "}} {
		if side.r == nil || side.r.System {
			continue
		}
		name, text := seen(e.Zone, side.r)
		w.counts[name] += side.by
		if e.Foreign {
			w.foreign[name] = true
			continue
		}
		w.took[side.sign+text]++
		if w.c.zone(e.Zone).unmanaged {
			w.complain("%s%s in a zone that git does not know", side.sign, text)
		}
		if name.Label() == "_acme-challenge" && side.r.Type == "TXT" && !w.foreign[name] {
			w.complain("%s%s, which is to be left alone", side.sign, text)
		}
	}
	if w.log != nil {
		w.log("  service: %s %s %v → %v, foreign %v", e.Method, e.Zone, e.Before, e.After, e.Foreign)
	}
	if e.Foreign {
		return
	}
	w.writes++
	if e.Method == "DELETE" {
		w.deletes++
		if e.Before == nil {
			if w.c.zone(e.Zone).desired.State != schema.Absent {
				w.complain("the zone %s was deleted", e.Zone)
			}
			for n := range w.counts {
				if n.In(schema.MustName(e.Zone)) && w.c.zoneOf(n).name == schema.MustName(e.Zone) {
					w.counts[n] = 0
				}
			}
		} else {
			_, text := seen(e.Zone, e.Before)
			w.removed[text]++
		}
	}
	if e.After != nil && !e.After.System {
		name, _ := seen(e.Zone, e.After)
		delete(w.gap, name)
		delete(w.unfinished, name)
	}
	if e.Before == nil || e.Before.System {
		return
	}
	name, _ := seen(e.Zone, e.Before)
	if w.gap[name] && !w.foreign[name] && e.After == nil {
		w.complain("%s was empty, and something is deleted there", name)
	}
	if w.counts[name] == 0 && w.both[name] && !w.foreign[name] {
		if !w.swaps[name] {
			w.complain("%s has no data any more, and no alias is the reason", name)
		}
		w.gap[name] = true
	}
}

func (c *chaosCase) zone(name string) *chaosZone {
	for i := range c.zones {
		if c.zones[i].name.Display() == name {
			return &c.zones[i]
		}
	}
	panic("no zone " + name)
}

// zoneOf is the zone in which a name lies, the lowest one.
func (c *chaosCase) zoneOf(n schema.Name) *chaosZone {
	var best *chaosZone
	for i := range c.zones {
		if z := &c.zones[i]; n.In(z.name) && (best == nil || z.name.In(best.name)) {
			best = z
		}
	}
	return best
}

// plan takes note of what a run may delete.
func (w *watcher) plan(p *plan.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, z := range p.Zones {
		for i, c := range z.Changes {
			if c.Before != nil {
				w.planned[change(c.Key, c.Before)]++
			}
			// Of two runs one may change the type of the record that the other is
			// about to delete, within the window of one request: what goes is then
			// what both are about to create.
			if w.c.two && c.Swap && c.Action == plan.Delete && i+1 < len(z.Changes) {
				if in := z.Changes[i+1]; in.Swap && in.Action == plan.Create && in.Key.Name == c.Key.Name {
					w.planned[change(in.Key, in.After)]++
					w.maybe["- "+change(in.Key, in.After)]++
				}
			}
		}
	}
}

// undone takes note of a deletion by which a run takes its own creation back:
// with a rollback, or where somebody else has created the same.
func (w *watcher) undone(e apply.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Undo && e.Outcome == apply.Begun && e.Change.Before != nil {
		w.planned[change(e.Change.Key, e.Change.Before)]++
		w.maybe["- "+change(e.Change.Key, e.Change.Before)]++
	}
}

func change(k schema.Key, r *plan.Record) string {
	return fmt.Sprintf("%s %s %d %s", k.Name, k.Type, r.TTL, r.Data)
}

// written is how many writes the runs have made.
func (w *watcher) written() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

func (w *watcher) wentSo(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = text
}

// claim takes note of what a run says it has done.
func (w *watcher) claim(r *apply.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	add := func(to map[string]int, c *plan.Change) {
		if c.Before != nil {
			to["- "+change(c.Key, c.Before)]++
		}
		if c.After != nil {
			to["+ "+change(c.Key, c.After)]++
		}
	}
	for i := range r.Zones {
		z := &r.Zones[i]
		for j := range z.Steps {
			s := &z.Steps[j]
			if w.log != nil {
				w.log("report: %v %v → %v: %s %v", s.Change, s.Change.Before, s.Change.After, s.Outcome, s.Err)
			}
			if w.c.rollback && !z.Complete() { // undoing may have been tried in vain, and put back
				inverse := plan.Change{Key: s.Change.Key, Before: s.Change.After, After: s.Change.Before}
				add(w.maybe, s.Change)
				add(w.maybe, &inverse)
			}
			switch s.Outcome {
			case apply.Done:
				if s.Change.Action == plan.Delete { // gone is what was meant, whoever it was
					w.maybe["- "+change(s.Change.Key, s.Change.Before)]++
				} else {
					add(w.done, s.Change)
				}
				continue
			case apply.Failed: // it may have been put back
				if s.Err != nil && strings.Contains(s.Err.Error(), "deleted") {
					add(w.maybe, s.Change)
					w.maybe["+ "+change(s.Change.Key, s.Change.Before)] += 2
				}
				if strings.Contains(w.c.faults, "mixed-up=") { // the refusal may be that of another request
					add(w.maybe, s.Change)
				}
			case apply.Uncertain:
				add(w.maybe, s.Change)
				if s.Change.Before != nil {
					w.maybe["+ "+change(s.Change.Key, s.Change.Before)] += 2 // put back, or taken back
				}
				if s.Change.After != nil {
					w.maybe["- "+change(s.Change.Key, s.Change.After)]++
				}
			case apply.TakenBack:
				add(w.done, s.Change)
				inverse := plan.Change{Key: s.Change.Key, Before: s.Change.After, After: s.Change.Before}
				add(w.done, &inverse)
			}
			w.unfinished[s.Change.Key.Name] = true
		}
		if z.Err != nil { // the zone as such was not done
			for n := range w.gap {
				if n.In(z.Zone.Name) {
					w.unfinished[n] = true
				}
			}
		}
	}
}

// check holds what the runs claim against what the service has seen since the
// beginning.
func (w *watcher) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, n := range w.removed {
		if name, _, _ := strings.Cut(what, " "); n > w.planned[what] && !w.foreign[schema.MustName(name)] {
			w.complain("%s was deleted %d times, which was asked for %d times", what, n, w.planned[what])
		}
	}
	for what, n := range w.done {
		if name, _, _ := strings.Cut(what[2:], " "); w.foreign[schema.MustName(name)] {
			continue
		}
		if got := w.took[what]; got < n && !w.c.deceives() {
			w.complain("%d times %s is claimed, and the service has seen it %d times", n, what, got)
		}
	}
	for what, n := range w.took {
		if name, _, _ := strings.Cut(what[2:], " "); w.foreign[schema.MustName(name)] {
			continue
		}
		if n > w.done[what]+w.maybe[what] {
			w.complain("the service has seen %d times %s, and %d are claimed, %d as uncertain", n, what, w.done[what], w.maybe[what])
		}
	}
	for name := range w.gap {
		if w.counts[name] > 0 {
			delete(w.gap, name)
		} else if !w.unfinished[name] && !w.foreign[name] {
			w.complain("%s is left without data, and the report says nothing of it", name)
		}
	}
}

// deceives reports whether the service says things that nobody can tell from
// the truth: where readings lag, what was there long ago, so that a run writes
// once more what is there; the answer that an equal request once got, to one of
// which nothing came; and where two runs do the same, that a write took effect
// which the other one had done. What is claimed may then be more than was done.
func (c *chaosCase) deceives() bool {
	return c.two || strings.Contains(c.faults, "lag=") || strings.Contains(c.faults, "mixed-up=")
}

// end compares what the service holds with what git declares.
func (w *watcher) end(held map[string][]sandbox.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.c.zones {
		z := &w.c.zones[i]
		want := map[string]int{}
		for _, r := range z.live {
			if z.unmanaged || r.Name.Label() == "_acme-challenge" && !z.missing && z.desired.State != schema.Absent {
				want[fmt.Sprintf("%s %s %d %s", r.Name, r.Data.Type(), r.TTL, r.Data)]++
			}
		}
		for _, s := range z.desired.RRsets {
			for _, v := range s.Values {
				if z.unmanaged {
					break
				}
				want[fmt.Sprintf("%s %s %d %s", s.Name, s.Type, v.TTL, v.Data)]++
			}
		}
		records, there := held[z.name.Display()]
		if there != (z.unmanaged || z.desired.State != schema.Absent) {
			w.complain("the zone %s is there: %v", z.name.Display(), there)
		}
		for _, r := range records {
			_, text := seen(z.name.Display(), &r)
			want[text]--
		}
		for _, text := range slices.Sorted(maps.Keys(want)) {
			name, _, _ := strings.Cut(text, " ")
			if n := want[text]; n != 0 && !w.foreign[schema.MustName(name)] {
				w.complain("at the end there are %d too few of %s", n, text)
			}
		}
	}
}
