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

	mu      sync.Mutex
	known   map[schema.Handle]bool // records that are accounted for
	blocked map[schema.Name]error  // names at which something failed
	leaving map[schema.Name]error  // names that a failed step was to stop pointing at
	halt    error                  // why the zone takes no new step
}

func newWriter(r *runner, zr *ZoneReport, live *schema.LiveZone) *writer {
	w := &writer{
		runner: r, report: zr, info: liveInfo(live),
		zone:    provider.ZoneID{Handle: live.Handle, Name: live.Name},
		known:   make(map[schema.Handle]bool, len(live.Records)),
		blocked: map[schema.Name]error{}, leaving: map[schema.Name]error{},
	}
	for _, rec := range live.Records {
		w.known[rec.Handle] = true
	}
	return w
}

// waves runs the zone's steps, wave after wave.
func (w *writer) waves(ctx context.Context) {
	steps := w.report.Steps
	for start := 0; start < len(steps); {
		end := start
		for end < len(steps) && steps[end].Change.Wave == steps[start].Change.Wave {
			end++
		}
		w.wave(ctx, steps[start:end])
		start = end
	}
	w.report.Err = w.halt
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
	for i := range w.report.Steps {
		if name := w.report.Steps[i].Change.Key.Name; name.In(below) {
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
