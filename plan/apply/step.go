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

// step carries out one change and settles its outcome.
func (w *writer) step(ctx context.Context, s *Step) {
	if err := w.begin(s); err != nil {
		return
	}
	s.Handle, s.Outcome, s.Err = w.write(ctx, s.Change)
	w.conclude(s)
}

// begin tells of a step before it is sent. Where that cannot be kept, nothing
// is sent.
func (w *writer) begin(s *Step) error {
	err := w.observe(Event{Zone: w.zone.Name, Change: s.Change, Outcome: Begun, Undo: w.undo})
	if err != nil {
		s.Err = err
		w.failed(s.Change, err)
		w.stop(err)
	}
	return err
}

// conclude records a step's outcome and what follows from it for the zone.
func (w *writer) conclude(s *Step) {
	if s.Outcome == Failed && errors.Is(s.Err, provider.ErrStopped) { // it was not sent
		s.Outcome, s.Err = NotDone, errInterrupted
	}
	if err := w.tell(s); err != nil {
		w.stop(err)
	}
	switch {
	case s.Outcome == Done:
	case s.Outcome == Failed && isOnlyThis(s.Err):
		w.failed(s.Change, s.Err)
	default:
		w.failed(s.Change, s.Err)
		w.stop(s.Err)
	}
}

// tell tells of what became of a step.
func (w *writer) tell(s *Step) error {
	return w.observe(Event{Zone: w.zone.Name, Change: s.Change, Handle: s.Handle, Outcome: s.Outcome, Err: s.Err, Undo: w.undo})
}

// isOnlyThis reports whether a failure is of one step, so that the steps that
// do not depend on it may go on.
func isOnlyThis(err error) bool {
	for _, kind := range []error{provider.ErrRefused, provider.ErrMismatch, provider.ErrNotFound, ErrStale} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// write sends one change, and gives the handle of the record that it left.
func (w *writer) write(ctx context.Context, c *plan.Change) (schema.Handle, Outcome, error) {
	switch c.Action {
	case plan.Create:
		return w.create(ctx, recordOf(c.Key, c.After))
	case plan.Update:
		return w.update(ctx, c.Handle, recordOf(c.Key, c.Before), recordOf(c.Key, c.After))
	default:
		if err := w.leavesData(ctx, c); err != nil {
			return "", Failed, err
		}
		outcome, err := w.delete(ctx, c.Handle, recordOf(c.Key, c.Before))
		return "", outcome, err
	}
}

// leavesData makes sure, before something is deleted at an owner name, that one
// of the records that are to stay there is there indeed: the zone's reading may
// have been an old one. What the run has written itself needs no looking at.
func (w *writer) leavesData(ctx context.Context, c *plan.Change) error {
	h, stays := w.staying(c.Key.Name)
	if !stays {
		return nil
	}
	_, err := w.service.ReadRecord(ctx, w.zone, h)
	if errors.Is(err, provider.ErrNotFound) {
		return fmt.Errorf("%s would be left without data, since a record that was to stay there is gone: %w", c.Key.Name.Display(), ErrStale)
	}
	return err
}

// staying gives a record of the zone's reading that is to stay at a name; none
// where something stays that the run has written, or where nothing does.
func (w *writer) staying(name schema.Name) (one schema.Handle, ok bool) {
	going := map[schema.Handle]bool{}
	for i := range w.steps {
		if c := w.steps[i].Change; c.Key.Name == name && c.Action == plan.Delete {
			going[c.Handle] = true
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for h, r := range w.held {
		if r.Name != name || going[h] {
			continue
		}
		if w.wrote[h] {
			return "", false
		}
		if !ok || h < one {
			one, ok = h, true
		}
	}
	return one, ok
}

func recordOf(k schema.Key, r *plan.Record) provider.Record {
	return provider.Record{Name: k.Name, TTL: r.TTL, Data: r.Data}
}

func (w *writer) create(ctx context.Context, r provider.Record) (schema.Handle, Outcome, error) {
	// Of two equal creations at once, as when duplicates are put back, one that
	// is not answered could take the other's record for its own.
	turn := w.turn(r)
	turn <- struct{}{}
	defer func() { <-turn }()
	stored, err := w.service.CreateRecord(ctx, w.zone, r)
	if w.fresh && notYetThere(err) {
		w.settle(ctx, func(ctx context.Context) (bool, error) {
			stored, err = w.service.CreateRecord(ctx, w.zone, r)
			return !notYetThere(err), nil
		})
	}
	if err == nil && !w.isNew(stored.Handle) {
		// With this handle a later step would hit somebody else's record, maybe of another zone.
		err = fmt.Errorf("create %s %s: the answer is of a record that was there already: %w", r.Name.Display(), r.Data.Type(), provider.ErrUncertain)
	}
	switch {
	case err == nil:
		w.hold(stored.Handle, r, true)
		return stored.Handle, Done, nil
	case !errors.Is(err, provider.ErrUncertain) && !errors.Is(err, provider.ErrMismatch):
		return "", Failed, err
	}
	var handle schema.Handle
	otherwise := false
	found := w.settle(ctx, func(ctx context.Context) (bool, error) {
		live, rerr := w.service.ReadZone(ctx, w.info)
		if rerr != nil {
			return false, rerr
		}
		var ok bool
		if handle, ok = w.claim(live, r); !ok && errors.Is(err, provider.ErrMismatch) {
			otherwise = w.hasStored(live, stored)
		}
		return ok || otherwise, nil
	})
	switch {
	case otherwise:
		w.hold(stored.Handle, provider.Record{Name: stored.Name, TTL: stored.TTL, Data: stored.Data}, true)
		return "", Failed, err
	case found:
		return handle, Done, nil
	}
	return "", Uncertain, err
}

// isNew reports whether the run has not known a record until now.
func (w *writer) isNew(h schema.Handle) bool {
	_, known := w.handles.LoadOrStore(h, true)
	return !known
}

// hasStored reports whether a zone holds, under a handle that is new, what the
// service says it has stored in place of what was meant. Else its answer was
// that of another request.
func (w *writer) hasStored(live *schema.LiveZone, stored schema.LiveRecord) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.known[stored.Handle] && slices.ContainsFunc(live.Records, func(l schema.LiveRecord) bool {
		return l.Handle == stored.Handle && l.Data == stored.Data && l.TTL == stored.TTL
	})
}

// notYetThere reports whether a zone that was just created is not there yet
// for everybody.
func notYetThere(err error) bool {
	return errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrForbidden)
}

func (w *writer) update(ctx context.Context, h schema.Handle, before, after provider.Record) (schema.Handle, Outcome, error) {
	if err := w.unchanged(ctx, h, before, after); err != nil {
		return "", Failed, err
	}
	stored, err := w.service.UpdateRecord(ctx, w.zone, h, before, after)
	switch {
	case err == nil:
		w.release(h)
		w.hold(stored.Handle, after, false)
		return stored.Handle, Done, nil
	case !errors.Is(err, provider.ErrUncertain) && !errors.Is(err, provider.ErrMismatch):
		return "", Failed, err
	}
	// An answer that tells of something else may be that of another request.
	otherwise := false
	if w.settle(ctx, func(ctx context.Context) (bool, error) {
		l, rerr := w.service.ReadRecord(ctx, w.zone, h)
		otherwise = rerr == nil && !is(l, after) && !is(l, before) && errors.Is(err, provider.ErrMismatch)
		return rerr == nil && is(l, after) || otherwise, rerr
	}) && !otherwise {
		w.hold(h, after, false)
		return h, Done, nil
	}
	if otherwise {
		return "", Failed, err
	}
	return "", Uncertain, err
}

func (w *writer) delete(ctx context.Context, h schema.Handle, was provider.Record) (Outcome, error) {
	if err := w.unchanged(ctx, h, was); err != nil {
		return Failed, err
	}
	err := w.service.DeleteRecord(ctx, w.zone, h)
	switch {
	case err == nil, errors.Is(err, provider.ErrNotFound): // gone is what was meant
		w.release(h)
		return Done, nil
	case !errors.Is(err, provider.ErrUncertain):
		return Failed, err
	}
	if w.settle(ctx, func(ctx context.Context) (bool, error) {
		_, rerr := w.service.ReadRecord(ctx, w.zone, h)
		return errors.Is(rerr, provider.ErrNotFound), nil
	}) {
		w.release(h)
		return Done, nil
	}
	return Uncertain, err
}

// unchanged looks at a record just before it is written, and gives [ErrStale]
// where it is none of those that it may be. One that is not there is left to
// the write itself to find out, since a reading may lag behind.
func (w *writer) unchanged(ctx context.Context, h schema.Handle, may ...provider.Record) error {
	var now schema.LiveRecord
	var err error
	asExpected := func(ctx context.Context) (bool, error) {
		read, rerr := w.service.ReadRecord(ctx, w.zone, h)
		if rerr != nil && now.Handle != "" && ctx.Err() != nil {
			return false, nil // the time for looking is over, and what was seen holds
		}
		if now, err = read, rerr; err != nil {
			return true, nil
		}
		for _, r := range may {
			if is(now, r) {
				return true, nil
			}
		}
		return false, nil
	}
	if ok, _ := asExpected(ctx); !ok && !w.settle(ctx, asExpected) {
		return fmt.Errorf("%s %s is now %d %s: %w", now.Name.Display(), now.Data.Type(), now.TTL, now.Data, ErrStale)
	}
	if err != nil && !errors.Is(err, provider.ErrNotFound) {
		return fmt.Errorf("nothing was sent, since the record could not be read before it: %w", err)
	}
	return nil
}

// is reports whether a live record is the one meant.
func is(l schema.LiveRecord, r provider.Record) bool {
	return (l.Name == r.Name || l.Alternative == r.Name) && l.TTL == r.TTL && l.Data == r.Data
}
