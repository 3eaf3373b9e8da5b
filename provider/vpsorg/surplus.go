package vpsorg

import (
	"sync"

	"github.com/zoneherd/zoneherd/schema"
)

// surplus is by how much record_count exceeds what is listed: what is known of
// it, for all zones of a run.
type surplus struct {
	known int // from the configuration; 0 or less: not known

	mu        sync.Mutex
	confirmed map[int]map[schema.Name]bool // which zones confirm which surplus

	looking chan struct{} // held by the one who looks at other zones
	looked  map[int]bool  // for which surplus that was done
}

func newSurplus(known int) *surplus {
	return &surplus{known: known, confirmed: map[int]map[schema.Name]bool{}, looking: make(chan struct{}, 1), looked: map[int]bool{}}
}

func (s *surplus) confirm(n int, zone schema.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.confirmed[n] == nil {
		s.confirmed[n] = map[schema.Name]bool{}
	}
	s.confirmed[n][zone] = true
}

// isKnown reports whether the configuration says it, or two zones other than
// the one asked about.
func (s *surplus) isKnown(n int, zone schema.Name) bool {
	if s.known > 0 {
		return s.known == n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	others := len(s.confirmed[n])
	if s.confirmed[n][zone] {
		others--
	}
	return others >= 2
}
