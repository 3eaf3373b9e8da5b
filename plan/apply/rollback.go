package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// Written are the steps of an earlier run in one zone, in the order of the plan.
type Written struct {
	Zone schema.Name
	// Steps are those that were begun: [Done], with the handle of what they
	// left, or [Uncertain], which are looked at first.
	Steps []Step
	// Moved gives the RRsets in which the zone holds something that the run has
	// not left there; nil where that is not known.
	Moved func(*schema.LiveZone) (map[schema.Key]bool, error)
}

// Inverse are the changes that take the steps back, those whose outcome is not
// known included, the last step first.
func (w Written) Inverse() []plan.Change {
	out := make([]plan.Change, 0, len(w.Steps))
	for i := range slices.Backward(w.Steps) {
		out = append(out, inverse(&w.Steps[i]))
	}
	return out
}

// TakeBack undoes what an earlier run has written, the last step first, each
// only while live still holds what the step wrote. What is not there any more
// as it was written is left, and told, and so is an RRset in which somebody else
// has written since: half of what it was would be neither theirs nor ours. The
// creation or deletion of a whole zone cannot be taken back.
func TakeBack(ctx context.Context, service Service, zones []Written, opts Options) *Report {
	r := newRunner(service, opts)
	ctx = provider.WithStop(ctx, opts.Stop)
	report := &Report{Zones: make([]ZoneReport, len(zones))}
	for i := range zones {
		zr := &report.Zones[i]
		zr.Zone, zr.Steps = &plan.Zone{Name: zones[i].Zone}, slices.Clone(zones[i].Steps)
		live, err := r.read(ctx, schema.LiveZoneInfo{Name: zones[i].Zone})
		var moved map[schema.Key]bool
		if err == nil && zones[i].Moved != nil {
			moved, err = zones[i].Moved(live)
		}
		if err == nil && r.opts.Backup != nil {
			err = r.opts.Backup(live)
		}
		if err != nil {
			zr.Err = fmt.Errorf("nothing was taken back: %w", err)
			continue
		}
		w := newWriter(r, zr, live, zr.Steps)
		w.recognise(live)
		w.moved = alsoMoved(moved, zr.Steps)
		w.takeBack(ctx, true)
		zr.Err = w.halt
	}
	report.Interrupted = r.stopped(ctx)
	return report
}

// alsoMoved adds what cannot be taken back for what has moved: a CNAME stands
// alone at its name, so that there all goes or nothing.
func alsoMoved(moved map[schema.Key]bool, done []Step) map[schema.Key]bool {
	all := maps.Clone(moved)
	alias := map[schema.Name]bool{}
	for k := range moved {
		alias[k.Name] = alias[k.Name] || k.Type == schema.TypeCNAME
	}
	for i := range done {
		if k := done[i].Change.Key; k.Type == schema.TypeCNAME {
			if _, any := alias[k.Name]; any {
				alias[k.Name] = true
			}
		}
	}
	for i := range done {
		if k := done[i].Change.Key; alias[k.Name] {
			all[k] = true
		}
	}
	return all
}

// recognise finds out what became of steps whose outcome an earlier run did not
// see, from what is live now.
func (w *writer) recognise(live *schema.LiveZone) {
	for i := range w.steps {
		if s := &w.steps[i]; s.Outcome == Done {
			if r, ok := w.held[s.Handle]; ok && s.Handle != "" { // of two names that it may have, the plan's
				r.Name = s.Change.Key.Name
				w.held[s.Handle] = r
			}
		}
	}
	mine := map[schema.Handle]bool{}
	for i := range w.steps {
		mine[w.steps[i].Handle] = true
	}
	for i := range w.steps {
		s := &w.steps[i]
		if s.Outcome != Uncertain {
			continue
		}
		c := s.Change
		s.Err = nil
		switch c.Action {
		case plan.Create:
			s.Outcome = NotDone
			for _, l := range live.Records {
				if !mine[l.Handle] && is(l, recordOf(c.Key, c.After)) {
					s.Outcome, s.Handle, mine[l.Handle] = Done, l.Handle, true
					w.held[l.Handle] = recordOf(c.Key, c.After)
					break
				}
			}
		case plan.Update:
			switch w.held[c.Handle] {
			case recordOf(c.Key, c.After):
				s.Outcome, s.Handle = Done, c.Handle
			case recordOf(c.Key, c.Before):
				s.Outcome = NotDone
			default:
				s.Err = fmt.Errorf("the record is neither what it was nor what was written: look at it: %w", ErrStale)
			}
		case plan.Delete:
			if s.Outcome = Done; w.held[c.Handle] == recordOf(c.Key, c.Before) {
				s.Outcome = NotDone
			}
		}
	}
}

// takeBack undoes the steps that are done, in reverse order, under the rules
// that hold for any step. again says that the zone was read after them, so that
// what was deleted may be there again.
func (w *writer) takeBack(ctx context.Context, again bool) {
	done := w.steps
	var back []*Step // what each undoing undoes
	var changes []plan.Change
	wave, was := 0, 0
	for i := range slices.Backward(done) {
		s := &done[i]
		if s.Outcome != Done {
			continue
		}
		if !again && s.Change.After != nil && !w.wrote[s.Handle] { // see surplus
			w.notice("%s was done and is not taken back: the record that is there is somebody else's", s.Change)
			continue
		}
		if w.moved[s.Change.Key] {
			w.notice("%s was done and is not taken back: somebody else has written there since: %s", s.Change, w.at(s.Change.Key.Name))
			continue
		}
		c := inverse(s)
		if c.Wave != was {
			wave, was = wave+1, c.Wave
		}
		c.Wave = wave
		if again && w.isBack(done, &c) { // somebody has put it back already, or an earlier try
			s.Outcome = TakenBack
			continue
		}
		if _, listed := w.held[c.Handle]; again && c.Action == plan.Delete && !listed {
			if _, err := w.service.ReadRecord(ctx, w.zone, c.Handle); errors.Is(err, provider.ErrNotFound) {
				s.Outcome = TakenBack
			} else { // it may be one of another zone
				w.notice("%s was done and is not taken back: the zone does not list the record", s.Change)
			}
			continue
		}
		at := len(changes)
		if c.Swap && c.Action == plan.Create { // right behind the other half, which a journal may not have it
			for i, other := range changes {
				if other.Swap && other.Action == plan.Delete && other.Wave == c.Wave && other.Key.Name == c.Key.Name {
					at = i + 1
				}
			}
		}
		back, changes = slices.Insert(back, at, s), slices.Insert(changes, at, c)
	}
	w.steps, w.undo = steps(changes), true
	w.blocked, w.leaving, w.halt = map[schema.Name]error{}, map[schema.Name]error{}, nil
	w.waves(ctx)
	for i := range w.steps {
		switch undone, s := &w.steps[i], back[i]; undone.Outcome {
		case Done:
			s.Outcome = TakenBack
		case Uncertain:
			s.Outcome, s.Err = Uncertain, fmt.Errorf("it was done, and whether it was taken back is not known: %w", undone.Err)
		default:
			w.notice("%s was done and is not taken back: %v", s.Change, undone.Err)
		}
	}
	w.steps, w.undo = done, false
}

// isBack reports whether what an undoing would bring about is there already.
func (w *writer) isBack(done []Step, c *plan.Change) bool {
	now := w.held[c.Handle]
	switch c.Action {
	case plan.Create:
		return w.holds(recordOf(c.Key, c.After))
	case plan.Update:
		return now == recordOf(c.Key, c.After)
	default: // a swap in one write: the record is again what was there before
		return slices.ContainsFunc(done, func(s Step) bool {
			return s.Change.Swap && s.Change.Action == plan.Delete && now == recordOf(s.Change.Key, s.Change.Before)
		})
	}
}

// inverse is the change that undoes a step.
func inverse(s *Step) plan.Change {
	c := plan.Change{Key: s.Change.Key, Before: s.Change.After, After: s.Change.Before, Handle: s.Handle, Swap: s.Change.Swap, Wave: s.Change.Wave}
	switch s.Change.Action {
	case plan.Create:
		c.Action = plan.Delete
	case plan.Update:
		c.Action = plan.Update
	default:
		c.Action, c.Handle = plan.Create, ""
	}
	return c
}

// at says what a name holds.
func (w *writer) at(name schema.Name) string {
	var all []string
	for _, r := range w.held {
		if r.Name == name {
			all = append(all, fmt.Sprintf("%s %d %s", r.Data.Type(), r.TTL, r.Data))
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		all = []string{"nothing"}
	}
	return name.Display() + " now holds " + strings.Join(few(all), ", ")
}

// holds reports whether an equal record is there.
func (w *writer) holds(r provider.Record) bool {
	for _, held := range w.held {
		if held == r {
			return true
		}
	}
	return false
}
