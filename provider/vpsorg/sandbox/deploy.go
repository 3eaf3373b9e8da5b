package sandbox

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// deployments bring the zones to the nameservers, as the service does: on each
// change it makes a zone file, which is there after the dialect's deploy-delay.
// What changes meanwhile is in the next one. One that fails, by the fault
// deploy-fail or for what is in the zone, leaves the nameservers with what they
// had; the API has no word for it, and nothing but another change tries again.
//
// Nothing runs by itself. Before each answer what has come due is put in place,
// so that an answer is never behind, and no zone is made that nobody asks for.
type deployments struct {
	nameserver *nameserver.Server
	delay      time.Duration
	fails      func(zone string, nth uint64) bool
	told       func(zone string, err error) // of a failure

	next  atomic.Int64 // when something comes due, in Unix nanoseconds
	mu    sync.Mutex
	zones map[string]*deployment // by domain
	open  map[string]*deployment // of them those that bring has to do with
}

// deployment is a zone's.
type deployment struct {
	current edition
	running *edition
	due     time.Time // when running is there
	queued  bool      // current is to be deployed after running
	nth     uint64
	there   []edition // what has been deployed since the nameserver was given one, the oldest first
}

// edition is a zone as it was at a moment.
type edition struct {
	serial  uint32
	records []*Record
	absent  bool
}

// maxThere is how many editions are kept for want of a question. Each that is
// no zone that a nameserver loads leaves the one before.
const maxThere = 32

const never = math.MaxInt64

// Nameserver is the nameserver that the service deploys its zones to. From the
// first call on it has the zones that are there, and follows what is written.
// told, which may be nil, is called for each deployment that fails and, as
// somebody asks, for a zone that no nameserver would load; with locks held, so
// that it must not call the server. Only the first call's told counts.
func (s *Server) Nameserver(told func(zone string, err error)) *nameserver.Server {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.deployments != nil {
		return st.deployments.nameserver
	}
	d := &deployments{delay: s.dialect.duration("deploy-delay"), told: told, zones: map[string]*deployment{}, open: map[string]*deployment{}}
	d.fails = func(string, uint64) bool { return false }
	if s.faulty != nil {
		faults := s.faulty.faults
		d.fails = func(zone string, nth uint64) bool {
			return digest(number(faults.seed()), []byte(zone), number(nth)).hits("deploy-fail", faults.probability("deploy-fail"))
		}
	}
	d.nameserver = nameserver.New(d.bring)
	for domain := range st.byDomain {
		e := st.edition(domain)
		d.zones[domain] = &deployment{current: e, there: []edition{e}}
		d.open[domain] = d.zones[domain]
	}
	st.deployments = d
	return d.nameserver
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
}

// advance ends the deployments of a zone that have come due.
func (d *deployments) advance(domain string, z *deployment, now time.Time) {
	for z.running != nil && !z.due.After(now) {
		z.nth++
		if d.fails(domain, z.nth) {
			d.tell(domain, errors.New("the deployment has failed, as the fault deploy-fail has it"))
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
		d.serve(domain, z)
	}
}

// bring puts in place what has come due.
func (d *deployments) bring() {
	now := time.Now()
	if now.UnixNano() < d.next.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	next := int64(never)
	for domain, z := range d.open {
		d.advance(domain, z, now)
		d.serve(domain, z)
		if z.running != nil {
			next = min(next, z.due.UnixNano())
			continue
		}
		delete(d.open, domain)
		if _, served := d.nameserver.Zone(domain); z.current.absent && !served {
			delete(d.zones, domain)
		}
	}
	d.next.Store(next)
}

// serve gives the nameserver the newest edition of a zone that it can load.
func (d *deployments) serve(domain string, z *deployment) {
	for _, e := range slices.Backward(z.there) {
		if e.absent {
			d.nameserver.Remove(domain)
			break
		}
		zone, err := e.zone(domain)
		if err == nil {
			d.nameserver.Set(domain, zone)
			break
		}
		d.tell(domain, err)
		if _, served := d.nameserver.Zone(domain); !served {
			d.nameserver.Set(domain, nil)
		}
	}
	z.there = nil
}

func (d *deployments) tell(domain string, err error) {
	if d.told != nil {
		d.told(domain, err)
	}
}
