package sandbox

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// deployments bring the zones to nameservers, as the service does: on each
// change it makes a zone file, which is there after the dialect's deploy-delay.
// What changes meanwhile is in the next one. One that fails, by the fault
// deploy-fail or for what is in the zone, leaves the nameservers with what they
// had, and nothing but another change tries again.
//
// Nothing runs by itself here: what has come due is put in place when the
// nameservers ask for it.
type deployments struct {
	delay time.Duration
	fails func(zone string, nth uint64) bool
	told  func(zone string, err error) // of a failure
	woken chan struct{}                // holds one after a change, for who waits

	next  atomic.Int64 // when something comes due, in Unix nanoseconds
	mu    sync.Mutex
	zones map[string]*deployment // by domain
	open  map[string]*deployment // of them those that due has to do with
}

// deployment is a zone's.
type deployment struct {
	current edition
	running *edition
	due     time.Time // when running is there
	queued  bool      // current is to be deployed after running
	nth     uint64
	there   []edition // what has been deployed and is not in place, the oldest first
	placing bool      // some of it is being put in place

	served  bool   // the nameservers have the zone
	serial  uint32 // with this serial; 0: as one that they cannot load
	problem error  // why not as it was deployed last
}

// maxThere is how many editions are kept for want of a question, or of a
// nameserver that is slow.
const maxThere = 32

const never = math.MaxInt64

// deployments are those to one more group of nameservers, which have nothing
// yet. told may be nil. The store is locked.
func (s *Server) deployments(told func(zone string, err error)) *deployments {
	d := &deployments{
		delay: s.dialect.duration("deploy-delay"), told: told, woken: make(chan struct{}, 1),
		zones: map[string]*deployment{}, open: map[string]*deployment{},
	}
	d.fails = func(string, uint64) bool { return false }
	if s.faulty != nil {
		faults := s.faulty.faults
		d.fails = func(zone string, nth uint64) bool {
			return digest(number(faults.seed()), []byte(zone), number(nth)).hits("deploy-fail", faults.probability("deploy-fail"))
		}
	}
	for domain := range s.store.byDomain {
		e := s.store.edition(domain)
		d.zones[domain] = &deployment{current: e, there: []edition{e}}
		d.open[domain] = d.zones[domain]
	}
	s.store.deployments = append(s.store.deployments, d)
	return d
}

// changed takes note of a zone after a write.
func (d *deployments) changed(domain string, to edition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	z := d.zones[domain]
	if z == nil {
		z = &deployment{}
		d.zones[domain] = z
	}
	d.open[domain] = z
	now := time.Now()
	d.advance(domain, z, now)
	z.current = to
	if z.running != nil {
		z.queued = true
		return
	}
	z.running, z.due = &to, now.Add(d.delay)
	d.next.Store(min(d.next.Load(), z.due.UnixNano()))
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// advance ends the deployments of a zone that have come due.
func (d *deployments) advance(domain string, z *deployment, now time.Time) {
	for z.running != nil && !z.due.After(now) {
		z.nth++
		if d.fails(domain, z.nth) {
			z.problem = errors.New("the deployment has failed, as the fault deploy-fail has it")
			d.tell(domain, z.problem)
		} else {
			z.there = append(z.there, *z.running)
		}
		z.running = nil
		if z.queued {
			e := z.current
			z.running, z.due, z.queued = &e, z.due.Add(d.delay), false
		}
	}
	if len(z.there) > maxThere {
		z.there = fewer(domain, z.there)
	}
}

// fewer are those editions of which nameservers take the newest that they can:
// the last one, and before it one that can be loaded.
func fewer(domain string, there []edition) []edition {
	last := len(there) - 1
	for i, e := range slices.Backward(there) {
		if _, err := e.zone(domain); e.absent || err == nil {
			if i == last {
				return there[last:]
			}
			return []edition{e, there[last]}
		}
	}
	return there[last:]
}

// due gives each zone for which something has come due, with the lock held.
func (d *deployments) due(put func(domain string, z *deployment)) {
	now := time.Now()
	if now.UnixNano() < d.next.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	next := int64(never)
	for domain, z := range d.open {
		if d.advance(domain, z, now); len(z.there) > 0 {
			put(domain, z)
		}
		if z.running != nil {
			next = min(next, z.due.UnixNano())
			continue
		}
		delete(d.open, domain)
		d.forget(domain, z)
	}
	d.next.Store(next)
}

// forget lets go of a zone that is gone everywhere.
func (d *deployments) forget(domain string, z *deployment) {
	if z.current.absent && !z.served && !z.placing && d.open[domain] == nil {
		delete(d.zones, domain)
	}
}

func (d *deployments) tell(domain string, err error) {
	if d.told != nil {
		d.told(domain, err)
	}
}

// status is how far the last change of a zone has come; false where the zone is not known.
func (d *deployments) status(domain string) (shownDeployment, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	z := d.zones[domain]
	if z == nil {
		return shownDeployment{}, false
	}
	shown := shownDeployment{Status: "failed", Serial: z.serial}
	switch {
	case z.running != nil || z.placing || len(z.there) > 0:
		shown.Status = "pending"
	case z.served && z.serial == z.current.serial:
		shown.Status = "deployed"
	}
	if shown.Status != "deployed" && z.problem != nil {
		shown.Detail = z.problem.Error()
	}
	return shown, true
}

// deployment is how far the last change of a zone has come where it has come
// least far; nil where there are no nameservers.
func (s *Server) deployment(domain string) *shownDeployment {
	s.store.mu.RLock()
	all, embedded := s.store.deployments, s.embedded
	s.store.mu.RUnlock()
	if embedded != nil {
		embedded.bring()
	}
	var least *shownDeployment
	for _, d := range all {
		shown, ok := d.status(domain)
		if ok && (least == nil || least.Status == "deployed" || shown.Status == "failed") {
			least = &shown
		}
	}
	return least
}
