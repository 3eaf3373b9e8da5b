// Package verify asks nameservers whether they answer what git declares.
//
// In go zones, each with what is declared and what has to be gone ([Zone]); out
// comes a [Report] that says of each nameserver of each zone whether it is good,
// and if not, in which way ([Status]) and at which RRsets ([Finding]):
//
//	ok           every RRset as declared, with its TTL
//	lagging      other answers, and an older serial than another nameserver's
//	wrong        other answers
//	lame         no authority for the zone
//	unreachable  no answer
//
// Each nameserver is asked for the zone's SOA first, then for a transfer where
// it may have one, else for each RRset: over UDP, and over TCP where the answer
// is cut short. A delegation and its glue are looked for in the referral. What
// was not as declared is asked again until [Options.Timeout], since deploying
// takes a while.
//
// What is compared is compared by package plan, as when git meets the live
// side, so that both mean the same by equal, by ignored and by left alone.
package verify

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// Zone is what the nameservers of one zone have to answer.
type Zone struct {
	// Desired is what git declares. A zone that is declared absent has to be
	// answered for by no nameserver.
	Desired *schema.Zone
	// Only are the RRsets of Desired that are asked for; nil for all of them.
	Only map[schema.Key]bool
	// Gone are RRsets that have to be there no longer.
	Gone []schema.Key
	// Unlisted says that what the service lists is not known, so that something
	// that has to be gone may have been put there anew by somebody whom a plan
	// leaves alone.
	Unlisted bool
	// Plan says what is left alone, and whether anything more than Desired may
	// be there, which only a zone transfer can tell.
	Plan plan.Options
	// Owned are the RRsets that git has ever declared, for [plan.PruneOwned].
	Owned map[schema.Key]bool
	// OldTTL is how long resolvers may go on answering what was there before.
	OldTTL schema.TTL
	// TakenBack is how many of these RRsets are in Desired, or in Gone, not as
	// git declares them but as they were before a run that was taken back.
	TakenBack int
}

// Options are how nameservers are asked.
type Options struct {
	// Nameservers are asked for every zone. Without any, those that the zone's
	// NS records name are.
	Nameservers []Server
	// Resolver is where a zone's nameservers are looked up.
	Resolver netip.AddrPort
	// AskResolver has the resolver itself asked for every RRset, as users see them.
	AskResolver bool
	// Service reports whether a host is one of the service's nameservers; nil
	// where that is not known.
	Service func(schema.Name) bool
	// Port is that of nameservers which NS records name; 0 means 53.
	Port uint16
	// Timeout is how long it is waited for answers as declared, for all zones
	// together; each is asked once at least.
	Timeout time.Duration
	// Interval is the first pause between two rounds of questions, which doubles
	// up to ten of it; 0 means one second.
	Interval time.Duration
	// Rate is how many questions a second are put to one nameserver; 0 means
	// any number.
	Rate int
	// Wait is how long one answer is waited for; 0 means two seconds.
	Wait time.Duration
	// Concurrency is how many zones are verified at once; 0 means 8.
	Concurrency int
	// Observe is told of each zone that is done, and of each round after which
	// more is waited for, from several goroutines at once; nil for nothing.
	Observe func(Event)
	// Progress counts while the run is under way; nil for nothing.
	Progress *Progress
}

// Progress counts the RRsets that nameservers are asked for one by one, the
// first time, at each of them. It may be read at any moment: of so many, none is
// told of.
type Progress struct {
	Asked atomic.Int64 // and answered, or given up
	Of    atomic.Int64 // as far as is known which nameservers give no transfer
}

// Event is one step of a run.
type Event struct {
	Zone   schema.Name
	Done   bool   // the zone is
	Server Server // that is waited for
	Open   int    // how many RRsets it does not answer as declared yet
	Status Status
}

// Run asks the nameservers of each zone. It returns an error only where nothing
// can be asked at all, such as when ctx is done before all is known.
func Run(ctx context.Context, zones []Zone, opts Options) (*Report, error) {
	r := newRun(opts)
	defer r.close()
	report := &Report{Zones: make([]ZoneReport, len(zones))}
	var group errgroup.Group
	group.SetLimit(r.opts.Concurrency)
	for i := range zones {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			report.Zones[i] = r.zone(ctx, &zones[i])
			r.opts.Observe(Event{Zone: zones[i].Desired.Name, Done: true, Status: report.Zones[i].Status()})
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(report.Zones, func(a, b ZoneReport) int { return a.Zone.Compare(b.Zone) })
	return report, nil
}

func (o *Options) defaults() {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.Port == 0 {
		o.Port = 53
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if o.Progress == nil {
		o.Progress = &Progress{}
	}
}

// run is what the zones of one run share.
type run struct {
	opts     Options
	deadline time.Time // after which nothing is asked again
	mu       sync.Mutex
	servers  map[netip.AddrPort]*asker
}

func newRun(opts Options) *run {
	opts.defaults()
	return &run{opts: opts, deadline: time.Now().Add(opts.Timeout), servers: map[netip.AddrPort]*asker{}}
}

// asker is the one that puts questions to an address.
func (r *run) asker(addr netip.AddrPort) *asker {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.servers[addr] == nil {
		r.servers[addr] = newAsker(addr, r.opts.Rate, r.opts.Wait)
	}
	return r.servers[addr]
}

func (r *run) close() {
	for _, s := range r.servers {
		s.close()
	}
}

// zone verifies one zone at each of its nameservers, side by side.
func (r *run) zone(ctx context.Context, z *Zone) ZoneReport {
	report := ZoneReport{Zone: z.Desired.Name, OldTTL: z.OldTTL, TakenBack: z.TakenBack}
	questions, left := z.questions()
	report.Asked, report.Left = len(questions), left
	report.Whole = z.Only == nil && z.Plan.Prune != plan.PruneNone && z.Desired.State == schema.Present
	servers, problem := r.nameservers(ctx, z, &report)
	if problem != nil {
		report.Problem = problem
		return report
	}
	report.Servers = make([]ServerReport, len(servers))
	var group sync.WaitGroup
	for i, s := range servers {
		group.Go(func() { report.Servers[i] = r.server(ctx, z, s, questions) })
	}
	group.Wait()
	report.dropNoRoute()
	report.conclude()
	return report
}

// server asks one nameserver until it answers as declared, or time is up.
func (r *run) server(ctx context.Context, z *Zone, s Server, questions []question) ServerReport {
	v := &visit{zone: z, server: s, asker: r.asker(s.Addr), questions: questions, progress: r.opts.Progress}
	pause := r.opts.Interval
	for {
		v.round(ctx)
		left := time.Until(r.deadline)
		if v.report.Status == OK || ctx.Err() != nil || left <= 0 {
			return v.report
		}
		r.opts.Observe(Event{Zone: z.Desired.Name, Server: s, Open: len(v.report.Findings), Status: v.report.Status})
		select {
		case <-ctx.Done():
		case <-time.After(min(pause, left)):
		}
		pause = min(2*pause, 10*r.opts.Interval)
	}
}

// errNoResolver is why nameservers cannot be looked up.
var errNoResolver = errors.New("no resolver is known: name one with --resolver, or the nameservers with --nameserver")
