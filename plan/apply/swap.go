package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// swap changes a name from or to a CNAME: in one write where the service can
// change a record's type, else by deleting the old record and creating the new
// one, and putting the old one back where that is refused.
func (w *writer) swap(ctx context.Context, out, in *Step) {
	for _, s := range []*Step{out, in} {
		if err := w.begin(s); err != nil {
			out.Err, in.Err = err, err
			return
		}
	}
	defer func() { w.conclude(out); w.conclude(in) }()
	before, after := recordOf(out.Change.Key, out.Change.Before), recordOf(in.Change.Key, in.Change.After)
	if w.mayChangeType() {
		handle, outcome, err := w.update(ctx, out.Change.Handle, before, after)
		gone := errors.Is(err, provider.ErrNotFound) // then the other half is what is left
		if !errors.Is(err, provider.ErrRefused) && !gone {
			out.Outcome, in.Outcome, in.Handle = outcome, outcome, handle
			out.Err, in.Err = err, err
			if outcome == Failed && !errors.Is(err, provider.ErrMismatch) {
				w.putBack(context.WithoutCancel(ctx), w.goneBefore(out), err)
			}
			return
		}
		if !gone {
			w.neverChangeType()
		}
	}
	if out.Outcome, out.Err = w.delete(ctx, out.Change.Handle, before); out.Outcome != Done {
		in.Outcome, in.Err = NotDone, fmt.Errorf("depends on a step that was not done: %w", out.Err)
		if out.Outcome == Failed {
			w.putBack(context.WithoutCancel(ctx), w.goneBefore(out), out.Err)
		}
		return
	}
	// From here on the name is empty: an interrupt waits until it is not.
	ctx = provider.WithStop(context.WithoutCancel(ctx), nil)
	in.Handle, in.Outcome, in.Err = w.create(ctx, after)
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
	var gone []*Step
	for i := range w.steps {
		s := &w.steps[i]
		if s != out && s.Change.Action == plan.Delete && s.Change.Key.Name == out.Change.Key.Name && s.Outcome == Done {
			gone = append(gone, s)
		}
	}
	return gone
}

// putBack creates again what was deleted for a record that did not come.
func (w *writer) putBack(ctx context.Context, gone []*Step, why error) {
	ctx = provider.WithStop(ctx, nil)
	for _, s := range gone {
		switch _, outcome, err := w.create(ctx, recordOf(s.Change.Key, s.Change.Before)); outcome {
		case Done:
			s.Outcome, s.Err = Failed, fmt.Errorf("deleted and put back, since the record that was to follow did not come: %w", why)
		case Uncertain:
			s.Outcome, s.Err = Uncertain, fmt.Errorf("deleted, and whether it was put back is not known; look at %s: %w", s.Change.Key.Name.Display(), err)
		default:
			s.Outcome, s.Err = Failed, fmt.Errorf("deleted, and could not be put back: create %s %s %s by hand, or run again: %w", s.Change.Key.Name.Display(), s.Change.Key.Type, s.Change.Before.Data, err)
			w.stop(s.Err)
		}
		if err := w.tell(s); err != nil {
			w.stop(err)
		}
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
