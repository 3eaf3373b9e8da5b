package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// step carries out one change and settles its outcome.
func (w *writer) step(ctx context.Context, s *Step) {
	w.observe(w.zone.Name, s.Change, Begun, nil)
	s.Outcome, s.Err = w.write(ctx, s.Change)
	w.conclude(s)
}

// conclude records a step's outcome and what follows from it for the zone.
func (w *writer) conclude(s *Step) {
	w.observe(w.zone.Name, s.Change, s.Outcome, s.Err)
	switch {
	case s.Outcome == Done:
	case s.Outcome != Uncertain && (errors.Is(s.Err, provider.ErrRefused) || errors.Is(s.Err, provider.ErrMismatch) || errors.Is(s.Err, provider.ErrNotFound)):
		w.failed(s.Change, s.Err)
	default:
		w.failed(s.Change, s.Err)
		w.stop(s.Err)
	}
}

// write sends one change.
func (w *writer) write(ctx context.Context, c *plan.Change) (Outcome, error) {
	switch c.Action {
	case plan.Create:
		return w.create(ctx, recordOf(c.Key, c.After))
	case plan.Update:
		return w.update(ctx, c.Handle, recordOf(c.Key, c.Before), recordOf(c.Key, c.After))
	default:
		return w.delete(ctx, c.Handle)
	}
}

func recordOf(k schema.Key, r *plan.Record) provider.Record {
	return provider.Record{Name: k.Name, TTL: r.TTL, Data: r.Data}
}

func (w *writer) create(ctx context.Context, r provider.Record) (Outcome, error) {
	stored, err := w.service.CreateRecord(ctx, w.zone, r)
	switch {
	case err == nil || errors.Is(err, provider.ErrMismatch):
		w.account(stored.Handle)
		return outcomeOf(err), err
	case !errors.Is(err, provider.ErrUncertain):
		return Failed, err
	}
	found := w.settle(ctx, func(ctx context.Context) (bool, error) {
		live, rerr := w.service.ReadZone(ctx, w.info)
		if rerr != nil {
			return false, rerr
		}
		return w.claim(live, r), nil
	})
	if found {
		return Done, nil
	}
	return Uncertain, err
}

// claim finds a record equal to r that nobody has accounted for yet, and
// accounts for it. Two creations of one run never claim the same record.
func (w *writer) claim(live *schema.LiveZone, r provider.Record) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range live.Records {
		if !w.known[l.Handle] && is(l, r) {
			w.known[l.Handle] = true
			return true
		}
	}
	return false
}

func (w *writer) account(h schema.Handle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known[h] = true
}

// is reports whether a live record is the one meant.
func is(l schema.LiveRecord, r provider.Record) bool {
	return (l.Name == r.Name || l.Alternative == r.Name) && l.TTL == r.TTL && l.Data == r.Data
}

func (w *writer) update(ctx context.Context, h schema.Handle, before, after provider.Record) (Outcome, error) {
	stored, err := w.service.UpdateRecord(ctx, w.zone, h, before, after)
	switch {
	case err == nil:
		w.account(stored.Handle)
		return Done, nil
	case !errors.Is(err, provider.ErrUncertain):
		return Failed, err
	}
	if w.settle(ctx, func(ctx context.Context) (bool, error) {
		l, rerr := w.service.ReadRecord(ctx, w.zone, h)
		return rerr == nil && is(l, after), rerr
	}) {
		return Done, nil
	}
	return Uncertain, err
}

func (w *writer) delete(ctx context.Context, h schema.Handle) (Outcome, error) {
	err := w.service.DeleteRecord(ctx, w.zone, h)
	switch {
	case err == nil, errors.Is(err, provider.ErrNotFound): // gone is what was meant
		return Done, nil
	case !errors.Is(err, provider.ErrUncertain):
		return Failed, err
	}
	if w.settle(ctx, func(ctx context.Context) (bool, error) {
		_, rerr := w.service.ReadRecord(ctx, w.zone, h)
		return errors.Is(rerr, provider.ErrNotFound), nil
	}) {
		return Done, nil
	}
	return Uncertain, err
}

func outcomeOf(err error) Outcome {
	if err != nil {
		return Failed
	}
	return Done
}

// swap changes a name from or to a CNAME: in one write where the service can
// change a record's type, else by deleting the old record and creating the new
// one, and putting the old one back where that is refused.
func (w *writer) swap(ctx context.Context, out, in *Step) {
	w.observe(w.zone.Name, out.Change, Begun, nil)
	w.observe(w.zone.Name, in.Change, Begun, nil)
	defer func() { w.conclude(out); w.conclude(in) }()
	before, after := recordOf(out.Change.Key, out.Change.Before), recordOf(in.Change.Key, in.Change.After)
	if w.mayChangeType() {
		outcome, err := w.update(ctx, out.Change.Handle, before, after)
		if !errors.Is(err, provider.ErrRefused) {
			out.Outcome, in.Outcome = outcome, outcome
			out.Err, in.Err = err, err
			if outcome == Failed && !errors.Is(err, provider.ErrMismatch) {
				w.putBack(context.WithoutCancel(ctx), w.goneBefore(out), err)
			}
			return
		}
		w.neverChangeType()
	}
	if out.Outcome, out.Err = w.delete(ctx, out.Change.Handle); out.Outcome != Done {
		in.Outcome, in.Err = NotDone, fmt.Errorf("depends on a step that was not done: %w", out.Err)
		if out.Outcome == Failed {
			w.putBack(context.WithoutCancel(ctx), w.goneBefore(out), out.Err)
		}
		return
	}
	// From here on the name is empty: an interrupt waits until it is not.
	ctx = context.WithoutCancel(ctx)
	in.Outcome, in.Err = w.create(ctx, after)
	switch {
	case in.Outcome == Done, errors.Is(in.Err, provider.ErrMismatch):
	// Where the outcome is unknown: long after it was sent the new record is not
	// there, and a name without data is worse than one that may get a second.
	case in.Outcome == Failed, w.isEmpty(ctx, before.Name):
		w.putBack(ctx, append([]*Step{out}, w.goneBefore(out)...), in.Err)
	default:
		in.Err = fmt.Errorf("%w; %s may have no data now", in.Err, before.Name.Display())
	}
}

// isEmpty reports whether a name certainly has no record.
func (w *writer) isEmpty(ctx context.Context, name schema.Name) bool {
	live, err := w.service.ReadZone(ctx, w.info)
	return err == nil && !slices.ContainsFunc(live.Records, func(r schema.LiveRecord) bool { return r.Name == name || r.Alternative == name })
}

// goneBefore gives the deletions that this run has made at a swap's name for
// the record that was to come.
func (w *writer) goneBefore(out *Step) []*Step {
	var steps []*Step
	for i := range w.report.Steps {
		s := &w.report.Steps[i]
		if s != out && s.Change.Action == plan.Delete && s.Change.Key.Name == out.Change.Key.Name && s.Outcome == Done {
			steps = append(steps, s)
		}
	}
	return steps
}

// putBack creates again what was deleted for a record that did not come.
func (w *writer) putBack(ctx context.Context, steps []*Step, why error) {
	for _, s := range steps {
		switch outcome, err := w.create(ctx, recordOf(s.Change.Key, s.Change.Before)); outcome {
		case Done:
			s.Outcome, s.Err = Failed, fmt.Errorf("deleted and put back, since the record that was to follow did not come: %w", why)
		case Uncertain:
			s.Outcome, s.Err = Uncertain, fmt.Errorf("deleted, and whether it was put back is not known; look at %s: %w", s.Change.Key.Name.Display(), err)
		default:
			s.Outcome, s.Err = Failed, fmt.Errorf("deleted, and could not be put back: create %s %s %s by hand, or run again: %w", s.Change.Key.Name.Display(), s.Change.Key.Type, s.Change.Before.Data, err)
			w.stop(s.Err)
		}
		w.observe(w.zone.Name, s.Change, s.Outcome, s.Err)
	}
}

func (w *writer) mayChangeType() bool {
	w.runner.mu.Lock()
	defer w.runner.mu.Unlock()
	return w.typed
}

func (w *writer) neverChangeType() {
	w.runner.mu.Lock()
	defer w.runner.mu.Unlock()
	w.typed = false
}

// settle asks until the answer is yes or the time for it is over, at growing
// intervals. An error of asking is as good as no answer.
func (r *runner) settle(ctx context.Context, ask func(context.Context) (bool, error)) bool {
	// Asking goes on for its time even when the run is broken off: whether a
	// write took effect is the one thing that has to be known.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.SettleFor)
	defer cancel()
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 4*time.Second) {
		if ok, err := ask(ctx); ok && err == nil {
			return true
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}
