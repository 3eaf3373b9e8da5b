// Package nameserver is an authoritative nameserver: it answers for zones as
// BIND 9.18 does in its default configuration, without recursion.
//
//	server := nameserver.New(nil)
//	zone, err := nameserver.NewZone("example.com.", records) // of github.com/miekg/dns
//	server.Set("example.com.", zone)
//	listener, err := nameserver.Listen(server, "127.0.0.1:0")
//
// How to find the answer is in [Zone] and answer.go; what a message may be is
// in message.go; transfers are in transfer.go. It has no DNSSEC, no TSIG, no
// cookies and no dynamic updates, and sends no NOTIFY.
package nameserver

import (
	"sync"

	"github.com/miekg/dns"
)

// Server answers for the zones that it was given. It is safe for concurrent use.
type Server struct {
	due func()

	mu    sync.RWMutex
	zones map[string]*Zone // by canonical name; nil: one that could not be loaded
}

// New makes a server without zones. due, if not nil, is called before each
// answer: it may set and remove zones, and is called by several goroutines at
// once.
func New(due func()) *Server {
	return &Server{due: due, zones: map[string]*Zone{}}
}

// Set serves a zone from the next answer on, in place of the one of this name
// that was served before. Nil is a zone that could not be loaded: for its
// names the answer is SERVFAIL.
func (s *Server) Set(name string, z *Zone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[dns.CanonicalName(name)] = z
}

// Remove serves a zone no more.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.zones, dns.CanonicalName(name))
}

// Zone is what is served under a name; ok is false where there is no such
// zone, and the zone is nil where it could not be loaded.
func (s *Server) Zone(name string) (z *Zone, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	z, ok = s.zones[dns.CanonicalName(name)]
	return z, ok
}

// zoneOf gives the zone that answers for a canonical name and type: the one
// with the longest name of those that enclose it. For DS it is the parent's,
// where the server has that too.
func (s *Server) zoneOf(name string, rrtype uint16) (z *Zone, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var own *Zone
	owned := false
	for above := name; ; above = parent(above) {
		if z, ok = s.zones[above]; ok {
			if rrtype != dns.TypeDS || above != name {
				return z, true
			}
			own, owned = z, true
		}
		if above == "." {
			return own, owned
		}
	}
}
