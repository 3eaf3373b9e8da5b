package sandbox

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
)

// bound is a BIND that the zones are deployed to, one round after the other.
type bound struct {
	*deployments
	dir     *bind.Dir
	trouble string // with named as a whole, when it was tried last
	said    bool   // which was told
}

// retry is after how long named is asked again where it could not be.
const retry = time.Second

// DeployTo has the BIND of a directory serve the zones, those that are there and
// what becomes of them, until stop is called or ctx ends; the files stay then. When it
// returns they are written as they are, so that a named which is started now
// has them. told is called for each deployment that fails, with the zone as it
// was still served, and with no zone for what concerns them all, such as that
// named does not run, which is waited for.
func (s *Server) DeployTo(ctx context.Context, dir *bind.Dir, told func(zone string, err error)) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	b := s.bind(dir, told)
	b.place(ctx)
	err = ctx.Err()
	if err == nil {
		err = dir.List()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.run(ctx)
	}()
	return func() {
		cancel()
		<-done
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		s.store.deployments = slices.DeleteFunc(slices.Clone(s.store.deployments), func(d *deployments) bool { return d == b.deployments })
	}, nil
}

// bind begins with what is in the directory.
func (s *Server) bind(dir *bind.Dir, told func(zone string, err error)) *bound {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	for domain, serial := range dir.Zones() {
		st.follow(domain, serial, dir)
	}
	b := &bound{deployments: s.deployments(told), dir: dir}
	for domain, serial := range dir.Zones() {
		z := b.zones[domain]
		if z == nil { // which the directory has from an earlier run
			gone := edition{absent: true}
			z = &deployment{current: gone, there: []edition{gone}}
			b.zones[domain], b.open[domain] = z, z
		}
		z.served, z.serial = true, serial
	}
	return b
}

// follow has the serial of a zone go on from where that of another run has come
// to: by its serial it is told whether the zone is served.
func (s *store) follow(domain string, serial uint32, dir *bind.Dir) {
	z := s.byDomain[domain]
	if z == nil {
		s.serials[domain] = max(s.serials[domain], serial)
		return
	}
	rrs, err := s.edition(domain).rrs(domain)
	if z.Serial > serial || err == nil && dir.Has(domain, rrs) {
		return
	}
	z.Serial = serial + 1
	for _, d := range s.deployments {
		d.changed(domain, s.edition(domain))
	}
}

func (b *bound) run(ctx context.Context) {
	for ctx.Err() == nil {
		b.place(ctx)
		told := b.reload(ctx)
		wait := time.Until(time.Unix(0, b.next.Load()))
		if !told {
			wait = min(wait, retry)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-b.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// place writes the files of the zones that have come due.
func (b *bound) place(ctx context.Context) {
	batch := map[string][]edition{}
	b.due(func(domain string, z *deployment) {
		batch[domain] = z.there
		z.there, z.placing = nil, true
	})
	domains := slices.Sorted(maps.Keys(batch))
	chosen := make([]choice, len(domains))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, domain := range domains {
		group.Go(func() error {
			chosen[i] = b.choose(ctx, domain, batch[domain])
			return nil
		})
	}
	_ = group.Wait() // no choice gives an error
	if ctx.Err() != nil {
		return
	}
	for i, domain := range domains {
		c := chosen[i]
		placing := false
		switch {
		case c.absent:
			placing = b.dir.Remove(domain)
		case c.checked != nil:
			err := b.dir.Write(c.checked)
			if placing = err == nil; !placing {
				c.problem = errors.Join(err, c.problem)
			}
		}
		if c.problem != nil {
			b.tell(domain, c.problem)
		}
		b.settle(domain, func(z *deployment) {
			z.problem, z.placing = c.problem, placing
		})
	}
}

// choice is the newest edition of a zone that BIND takes.
type choice struct {
	checked *bind.Checked // nil: none, or absent
	absent  bool
	problem error // why none newer
}

func (b *bound) choose(ctx context.Context, domain string, there []edition) (c choice) {
	for _, e := range slices.Backward(there) {
		if e.absent {
			c.absent = true
			return c
		}
		rrs, err := e.rrs(domain)
		if err == nil {
			c.checked, err = b.dir.Check(ctx, domain, rrs)
		}
		if err == nil {
			return c
		}
		if c.problem == nil {
			c.problem = err
		}
	}
	return c
}

// reload has named load what was written, and reports whether it could be told.
func (b *bound) reload(ctx context.Context) bool {
	outcomes, err := b.dir.Reload(ctx)
	for _, o := range outcomes {
		if o.Err != nil {
			b.tell(o.Domain, o.Err)
		}
		b.settle(o.Domain, func(z *deployment) {
			z.placing, z.served, z.serial = false, o.Serial != 0, o.Serial
			if o.Err != nil {
				z.problem = o.Err
			}
		})
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		b.trouble, b.said = "", false
	case err.Error() != b.trouble: // which may be about to pass, as while named starts
		b.trouble, b.said = err.Error(), false
	case !b.said:
		b.said = true
		b.tell("", err)
	}
	return err == nil
}

// settle notes what has become of a zone.
func (b *bound) settle(domain string, note func(z *deployment)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if z := b.zones[domain]; z != nil {
		note(z)
		b.forget(domain, z)
	}
}
