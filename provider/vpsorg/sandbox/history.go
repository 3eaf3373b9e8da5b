package sandbox

import (
	"slices"
	"strings"
	"time"
)

// With the fault lag a read shows the state of a while ago. Each write keeps
// the zone as it was before, for as long as a read may still ask for it: the
// slice of its records, which no later write changes.

// version is what a zone was until a write.
type version struct {
	until   time.Time
	records []*Record
	absent  bool
}

// remember keeps a zone as it is, right before a write.
func (s *store) remember(z *zone) {
	if s.lag == 0 {
		return
	}
	now := time.Now()
	for _, gone := range s.gone {
		if gone.past[len(gone.past)-1].until.Before(now.Add(-s.lag)) {
			delete(s.gone, gone.ID)
		}
	}
	z.past = slices.DeleteFunc(z.past, func(v version) bool { return v.until.Before(now.Add(-s.lag)) })
	z.past = append(z.past, version{now, z.records, s.zones[z.ID] != z})
}

// forget makes a zone look as if it had always been as it is.
func (s *store) forget(z *zone) { z.past = nil }

// asOf gives a zone's records at a time; ok is false where there was no zone.
// Zero is the present.
func (s *store) asOf(z *zone, at time.Time) (records []*Record, ok bool) {
	if !at.IsZero() {
		for _, v := range z.past {
			if v.until.After(at) {
				return v.records, !v.absent
			}
		}
	}
	return z.records, s.zones[z.ID] == z
}

// zonesAt gives all zones at a time, in order of domain.
func (s *store) zonesAt(at time.Time) []*zone {
	var all []*zone
	for _, m := range []map[string]*zone{s.zones, s.gone} {
		for _, z := range m {
			if _, ok := s.asOf(z, at); ok {
				all = append(all, z)
			}
		}
	}
	slices.SortFunc(all, func(a, b *zone) int { return strings.Compare(a.Domain, b.Domain) })
	return all
}

// findAt finds a record at a time.
func (s *store) findAt(account, record string, at time.Time) (*zone, *Record, bool) {
	for _, z := range s.zonesAt(at) {
		if z.Account != account {
			continue
		}
		records, _ := s.asOf(z, at)
		if i := slices.IndexFunc(records, func(r *Record) bool { return r.ID == record }); i >= 0 {
			return z, records[i], true
		}
	}
	return nil, nil, false
}
