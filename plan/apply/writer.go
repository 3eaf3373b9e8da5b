package apply

import (
	"context"
	"fmt"
	"sync"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// writer writes the records of one zone.
type writer struct {
	*runner
	report *ZoneReport
	zone   provider.ZoneID
	info   schema.LiveZoneInfo
	fresh  bool                // the run has created the zone
	undo   bool                // the steps take others back
	steps  []Step              // in the order of the plan
	moved  map[schema.Key]bool // RRsets whose steps are not taken back

	mu      sync.Mutex
	known   map[schema.Handle]bool            // records that are accounted for
	held    map[schema.Handle]provider.Record // records that are there as far as the run knows
	created map[schema.Handle]bool            // those of them that it has created
	wrote   map[schema.Handle]bool            // those of them that it has created or changed
	turns   map[provider.Record]chan struct{} // records that are being created
	blocked map[schema.Name]error             // names at which something failed
	leaving map[schema.Name]error             // names that a failed step was to stop pointing at
	halt    error                             // why the zone takes no new step
}

func newWriter(r *runner, zr *ZoneReport, live *schema.LiveZone, steps []Step) *writer {
	w := &writer{
		runner: r, report: zr, info: liveInfo(live), steps: steps,
		zone:    provider.ZoneID{Handle: live.Handle, Name: live.Name},
		known:   make(map[schema.Handle]bool, len(live.Records)),
		held:    make(map[schema.Handle]provider.Record, len(live.Records)),
		created: map[schema.Handle]bool{}, wrote: map[schema.Handle]bool{}, turns: map[provider.Record]chan struct{}{},
		blocked: map[schema.Name]error{}, leaving: map[schema.Name]error{},
	}
	r.know(live)
	for _, l := range live.Records {
		w.known[l.Handle] = true
		w.held[l.Handle] = provider.Record{Name: l.Name, TTL: l.TTL, Data: l.Data}
	}
	for i := range steps { // of two names that a record may have, the plan's
		c := steps[i].Change
		if r, ok := w.held[c.Handle]; ok && c.Handle != "" {
			r.Name = c.Key.Name
			w.held[c.Handle] = r
		}
	}
	return w
}

// waves runs the zone's steps, wave after wave.
func (w *writer) waves(ctx context.Context) {
	for start := 0; start < len(w.steps); {
		end := start
		for end < len(w.steps) && w.steps[end].Change.Wave == w.steps[start].Change.Wave {
			end++
		}
		w.wave(ctx, w.steps[start:end])
		start = end
	}
}

// wave runs steps that do not depend on each other side by side, the halves of
// a swap as one.
func (w *writer) wave(ctx context.Context, steps []Step) {
	var wait sync.WaitGroup
	for i := 0; i < len(steps); i++ {
		group := steps[i : i+1]
		if c := steps[i].Change; c.Swap && c.Action == plan.Delete && i+1 < len(steps) {
			if next := steps[i+1].Change; next.Swap && next.Action == plan.Create && next.Key.Name == c.Key.Name {
				group = steps[i : i+2]
				i++
			}
		}
		if why := w.reasonNot(ctx, group); why != nil {
			w.notBegun(ctx, group, why)
			continue
		}
		if err := w.slots.Acquire(ctx, 1); err != nil {
			for j := range group {
				group[j].Err = errInterrupted
			}
			continue
		}
		wait.Go(func() {
			defer w.slots.Release(1)
			if why := w.reasonNot(ctx, group); why != nil { // things may have changed while it waited
				w.notBegun(ctx, group, why)
				return
			}
			if len(group) == 2 {
				w.swap(ctx, &group[0], &group[1])
			} else {
				w.step(ctx, &group[0])
			}
		})
	}
	wait.Wait()
}

// notBegun records why steps are not begun. What had to go before a swap that
// does not come is put back; after an interrupt running again finishes it.
func (w *writer) notBegun(ctx context.Context, group []Step, why error) {
	for i := range group {
		group[i].Err = why
		w.failed(group[i].Change, why)
	}
	if len(group) == 2 && !w.stopped(ctx) {
		w.putBack(context.WithoutCancel(ctx), w.goneBefore(&group[0]), why)
	}
}

// reasonNot says why steps are not begun, or nil.
func (w *writer) reasonNot(ctx context.Context, group []Step) error {
	if w.stopped(ctx) {
		return errInterrupted
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.halt != nil {
		return fmt.Errorf("the zone was stopped: %w", w.halt)
	}
	for _, s := range group {
		c := s.Change
		if err := w.blocked[c.Key.Name]; err != nil {
			return fmt.Errorf("depends on a step that was not done: %w", err)
		}
		if c.After != nil {
			if target, ok := schema.Target(c.After.Data); ok && w.blocked[target] != nil {
				return fmt.Errorf("depends on a step that was not done: %w", w.blocked[target])
			}
		}
		if err := w.leaving[c.Key.Name]; err != nil && c.Action == plan.Delete {
			return fmt.Errorf("depends on a step that was not done: %w", err)
		}
	}
	return nil
}

// failed remembers a step that did not take effect, for those that depend on it.
func (w *writer) failed(c *plan.Change, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blocked[c.Key.Name] == nil {
		w.blocked[c.Key.Name] = err
	}
	if c.Before != nil {
		if target, ok := schema.Target(c.Before.Data); ok && w.leaving[target] == nil {
			w.leaving[target] = err
		}
	}
}

// block keeps everything at and below a name from being written.
func (w *writer) block(below schema.Name, err error) {
	for i := range w.steps {
		if name := w.steps[i].Change.Key.Name; name.In(below) {
			w.blocked[name] = err
		}
	}
}

// stop keeps the zone from taking new steps.
func (w *writer) stop(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.halt == nil {
		w.halt = err
	}
}
