package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// What a writer knows of its zone: the records that it began with, and those
// that it has written since, by their handles.

// hold takes note of a record that the run has written.
func (w *writer) hold(h schema.Handle, r provider.Record, created bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[h], w.known[h], w.wrote[h] = r, true, true
	w.created[h] = w.created[h] || created
}

// release takes note of a record that is gone.
func (w *writer) release(h schema.Handle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, h)
}

// turn is held by whoever creates a record.
func (w *writer) turn(r provider.Record) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turns[r] == nil {
		w.turns[r] = make(chan struct{}, 1)
	}
	return w.turns[r]
}

// claim finds a record equal to r that nobody has accounted for yet, and
// accounts for it. Two creations of one run never claim the same record.
func (w *writer) claim(live *schema.LiveZone, r provider.Record) (schema.Handle, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range live.Records {
		if !w.known[l.Handle] && is(l, r) {
			w.handles.Store(l.Handle, true)
			w.held[l.Handle], w.known[l.Handle], w.wrote[l.Handle], w.created[l.Handle] = r, true, true, true
			return l.Handle, true
		}
	}
	return "", false
}

// confirm reads the zone once more after its last write. At the RRsets that
// were written whole it has to hold what the run has left; a duplicate of the
// run's own record is taken back. Readings may lag, so that a difference counts
// only if it stays.
func (w *writer) confirm(ctx context.Context) error {
	keys := w.written()
	if len(keys) == 0 || w.halt != nil || w.stopped(ctx) {
		return nil
	}
	var differ []string
	var failure error
	if w.settle(ctx, func(ctx context.Context) (bool, error) {
		var live *schema.LiveZone
		if live, failure = w.service.ReadZone(ctx, w.info); failure != nil {
			return false, failure
		}
		differ = w.compare(ctx, live, keys)
		return len(differ) == 0, nil
	}) {
		return nil
	}
	if failure != nil && differ == nil {
		return fmt.Errorf("every step was answered, and the zone could not be read back after the last one: %w", failure)
	}
	return fmt.Errorf("%s: %w", strings.Join(few(differ), "; "), ErrForeign)
}

// few are the first five of several things, and how many more there are.
func few(all []string) []string {
	if more := len(all) - 5; more > 0 {
		return append(all[:5:5], fmt.Sprintf("and %d more", more))
	}
	return all
}

// written are the RRsets that the run has written, without those of which a
// step failed or is uncertain, which has been told.
func (w *writer) written() map[schema.Key]bool {
	keys := map[schema.Key]bool{}
	for i := range w.steps {
		if w.steps[i].Outcome == Done {
			keys[w.steps[i].Change.Key] = true
		}
	}
	for i := range w.steps {
		if o := w.steps[i].Outcome; o == Failed || o == Uncertain {
			delete(keys, w.steps[i].Change.Key)
		}
	}
	return keys
}

// compare says in which RRsets the live zone differs from what was left there:
// by value, since a service might give a record a new handle.
func (w *writer) compare(ctx context.Context, live *schema.LiveZone, keys map[schema.Key]bool) []string {
	more := map[provider.Record]int{} // how many more are live than were left
	at := map[provider.Record][]schema.LiveRecord{}
	for _, l := range live.Records {
		k := l.Key()
		// Of two names that it may have, the one under which the run knows it.
		if known, ok := w.held[l.Handle]; ok && known.Name == l.Alternative || !ok && !keys[k] {
			k.Name = l.Alternative
		}
		if keys[k] {
			r := provider.Record{Name: k.Name, TTL: l.TTL, Data: l.Data}
			more[r]++
			at[r] = append(at[r], l)
		}
	}
	for _, r := range w.held {
		if keys[(schema.Key{Name: r.Name, Type: r.Data.Type()})] {
			more[r]--
		}
	}
	var differ []string
	for r, n := range more {
		for _, l := range at[r] {
			if _, ours := w.held[l.Handle]; n > 0 && !ours && w.surplus(ctx, l, r) {
				n--
			}
		}
		text := fmt.Sprintf("%s %s %d %s", r.Name.Display(), r.Data.Type(), r.TTL, r.Data)
		switch {
		case n > 0 && n == len(at[r]):
			differ = append(differ, text+" is there too")
		case n > 0:
			differ = append(differ, text+" is there more than once")
		case n < 0:
			differ = append(differ, text+" is gone")
		}
	}
	slices.Sort(differ)
	return differ
}

// surplus deals with another record equal to one that the run has created: the
// one with the lower handle stays. It reports whether the run's own was taken
// back for it.
func (w *writer) surplus(ctx context.Context, other schema.LiveRecord, r provider.Record) bool {
	for h, own := range w.held {
		if own != r || !w.created[h] || h < other.Handle {
			continue
		}
		// A reading may lag: the other one has to be there still.
		if now, err := w.service.ReadRecord(ctx, w.zone, other.Handle); err != nil || !is(now, r) {
			return false
		}
		c := &plan.Change{Action: plan.Delete, Key: schema.Key{Name: r.Name, Type: r.Data.Type()}, Before: &plan.Record{Data: r.Data, TTL: r.TTL}, Handle: h}
		e := Event{Zone: w.zone.Name, Change: c, Outcome: Begun, Undo: true}
		if err := w.observe(e); err != nil {
			return false
		}
		e.Outcome, e.Err = w.delete(ctx, h, r)
		if err := w.observe(e); err != nil || e.Outcome != Done {
			return false
		}
		for i := range w.steps {
			if w.steps[i].Handle == h {
				w.steps[i].Handle = other.Handle
			}
		}
		w.known[other.Handle], w.held[other.Handle] = true, r
		w.notice("somebody else has created %s %s %s at the same time: this run's own was taken back", r.Name.Display(), r.Data.Type(), r.Data)
		return true
	}
	return false
}

// notice adds what a reader should know besides.
func (w *writer) notice(format string, args ...any) {
	w.report.Notices = append(w.report.Notices, fmt.Sprintf(format, args...))
}
