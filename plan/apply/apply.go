// Package apply carries out a [plan.Plan] against a live service.
//
// [Run] takes zones side by side and, within a zone, the changes of one wave
// side by side. Before a zone's first write it reads the zone anew and makes
// the plan again: what it then writes is never more than what the plan said
// ([ErrStale] where the touched names have moved). A zone that it creates is
// read back first, since a service may put records there by itself.
//
// No write is ever repeated blindly. A write whose outcome is unknown is
// settled by reading back; what cannot be settled stops its zone and is
// reported as uncertain. A write that the service refuses as invalid stops
// what depends on it, and nothing else. Nothing stops other zones. Running
// again finishes the job.
//
// Others may write at the same time, and the service has no conditional write.
// A record is read just before it is changed or removed, which leaves a window
// of one request, and the zone after its last write ([ErrForeign]). A creation
// takes nothing away from anybody, so that its duplicates are looked for
// afterwards: of two equal records the one with the lower handle stays.
package apply

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// ErrStale is the error of a zone whose live records at the touched names are
// no longer those that the plan was made from. Nothing was written there.
var ErrStale = errors.New("the live zone has changed since the plan was made: plan again")

// ErrForeign is the error of a zone in which, after the last write, an RRset
// was not as this run had left it: somebody else writes there.
var ErrForeign = errors.New("somebody else writes there at the same time: plan again to see")

// Service is what apply needs of a provider.
type Service interface {
	provider.Lister
	provider.Reader
	provider.ZoneWriter
	provider.RecordWriter
	Capabilities() provider.Capabilities
}

// Options are how a plan is applied.
type Options struct {
	// Plan are the options that the plan was made with.
	Plan plan.Options
	// Concurrency bounds the requests under way at once; 0 means
	// [DefaultConcurrency].
	Concurrency int
	// Stop, once closed, ends the run in good order: no new step is begun,
	// and those under way are finished and settled. The context's end, on
	// the other hand, breaks off.
	Stop <-chan struct{}
	// Backup, if set, is given a zone's live records before the zone's first
	// write. Its error keeps the zone from being written.
	Backup func(*schema.LiveZone) error
	// Observe, if set, is told of each step before and after. It may be called
	// from several goroutines at once. Its error keeps a step from being begun,
	// and the zone from taking further ones.
	Observe func(Event) error
	// Rollback has a zone that was not done whole take its own steps back.
	// After an interrupt nothing is taken back, since that would be new steps.
	Rollback bool
	// SettleFor bounds how long a write of unknown outcome is looked for; 0
	// means [DefaultSettle].
	SettleFor time.Duration
}

// The defaults of [Options].
const (
	DefaultConcurrency = 8
	DefaultSettle      = 15 * time.Second
)

// Event is a moment of a run: a step that begins (Outcome is [Begun]) or ends.
type Event struct {
	Zone schema.Name
	// Change is nil for the creation or deletion of the zone itself.
	Change *plan.Change
	// Handle is, once a step is done, the record's that it left; empty where
	// it left none.
	Handle  schema.Handle
	Outcome Outcome
	Err     error
	// Undo says that the step takes another one back.
	Undo bool
}

// Run applies the plan, which must not be refused. It always gives a report.
func Run(ctx context.Context, service Service, p *plan.Plan, opts Options) *Report {
	r := newRunner(service, opts)
	ctx = provider.WithStop(ctx, opts.Stop)
	report := &Report{Zones: make([]ZoneReport, 0, len(p.Zones))}
	for i := range p.Zones {
		if live := p.Zones[i].Live; live != nil {
			r.know(live)
		}
		if p.Zones[i].Summary.Writes > 0 {
			report.Zones = append(report.Zones, ZoneReport{Zone: &p.Zones[i]})
			r.finished[p.Zones[i].Name] = make(chan struct{})
		}
	}
	var wait sync.WaitGroup
	zones := semaphore.NewWeighted(int64(r.opts.Concurrency))
	for i := range report.Zones {
		zr := &report.Zones[i]
		wait.Go(func() {
			defer close(r.finished[zr.Zone.Name])
			// A zone waits for its predecessors before it takes a place, or
			// the places could all be taken by those that wait.
			r.await(ctx, zr.Zone.After)
			if err := zones.Acquire(ctx, 1); err != nil {
				zr.giveUp(err)
				return
			}
			defer zones.Release(1)
			r.zone(ctx, zr)
			if !zr.Complete() {
				r.markBroken(zr.Zone.Name)
			}
		})
	}
	wait.Wait()
	report.Interrupted = r.stopped(ctx) && !report.Complete()
	return report
}

func newRunner(service Service, opts Options) *runner {
	if opts.Concurrency <= 0 {
		opts.Concurrency = DefaultConcurrency
	}
	if opts.SettleFor <= 0 {
		opts.SettleFor = DefaultSettle
	}
	return &runner{
		service:  service,
		opts:     opts,
		slots:    semaphore.NewWeighted(int64(opts.Concurrency)),
		typed:    service.Capabilities().TypeChange,
		finished: map[schema.Name]chan struct{}{},
		broken:   map[schema.Name]bool{},
	}
}

// know takes note of the records that a zone has.
func (r *runner) know(live *schema.LiveZone) {
	for _, l := range live.Records {
		r.handles.Store(l.Handle, true)
	}
}

// runner is one run.
type runner struct {
	service Service
	handles sync.Map // of all records that the run knows, in any zone
	opts    Options
	slots   *semaphore.Weighted

	finished map[schema.Name]chan struct{}

	mu     sync.Mutex
	typed  bool                 // whether a change of type in place is worth trying
	broken map[schema.Name]bool // zones that were not done whole
}

// await waits for zones that have to be done first.
func (r *runner) await(ctx context.Context, after []schema.Name) {
	for _, name := range after {
		if done, ok := r.finished[name]; ok {
			select {
			case <-done:
			case <-ctx.Done():
			}
		}
	}
}

func (r *runner) markBroken(name schema.Name) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken[name] = true
}

// unfinished gives the first of the zones that was not done whole.
func (r *runner) unfinished(after []schema.Name) (schema.Name, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range after {
		if r.broken[name] {
			return name, true
		}
	}
	return schema.Name{}, false
}

// stopped reports whether no new step is to be begun.
func (r *runner) stopped(ctx context.Context) bool {
	select {
	case <-r.opts.Stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

func (r *runner) observe(e Event) error {
	if r.opts.Observe == nil {
		return nil
	}
	return r.opts.Observe(e)
}
