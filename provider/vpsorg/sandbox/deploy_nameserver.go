package sandbox

import (
	"slices"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// embedded is a nameserver in this process. Before each answer what has come due
// is put in place, so that an answer is never behind, and no zone is made that
// nobody asks for.
type embedded struct {
	*deployments
	nameserver *nameserver.Server
}

// Nameserver is a nameserver that the service deploys its zones to. From the
// first call on it has the zones that are there, and follows what is written.
// told, which may be nil, is called for each deployment that fails and, as
// somebody asks, for a zone that no nameserver would load; with locks held, so
// that it must not call the server. Only the first call's told counts.
func (s *Server) Nameserver(told func(zone string, err error)) *nameserver.Server {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.embedded == nil {
		e := &embedded{deployments: s.deployments(told)}
		e.nameserver = nameserver.New(e.bring)
		s.embedded = e
	}
	return s.embedded.nameserver
}

// bring puts in place what has come due.
func (e *embedded) bring() { e.due(e.put) }

// put gives the nameserver the newest edition of a zone that it can load.
func (e *embedded) put(domain string, z *deployment) {
	there := z.there
	z.there, z.problem = nil, nil
	for _, to := range slices.Backward(there) {
		if to.absent {
			e.nameserver.Remove(domain)
			z.served = false
			return
		}
		zone, err := to.zone(domain)
		if err == nil {
			e.nameserver.Set(domain, zone)
			z.served, z.serial = true, zone.Serial()
			return
		}
		e.tell(domain, err)
		if z.problem == nil {
			z.problem = err
		}
	}
	if !z.served {
		e.nameserver.Set(domain, nil)
		z.served = true
	}
}
