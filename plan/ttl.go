package plan

import (
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/lint"
)

// mixedTTLs are the RRsets of a zone whose live records differ in TTL, which
// resolvers cannot keep apart (RFC 2181 section 5.2).
type mixedTTLs struct {
	first [2]schema.LiveRecord // two records of one of them
	sets  int
	kept  int // of these, not declared and not deleted
}

// see looks at the live records of an RRset that stays, declared or not.
func (m *mixedTTLs) see(set []schema.LiveRecord, declared bool) {
	for _, r := range set {
		if r.TTL == set[0].TTL {
			continue
		}
		if m.sets == 0 {
			m.first = [2]schema.LiveRecord{set[0], r}
		}
		m.sets++
		if !declared {
			m.kept++
		}
		return
	}
}

// warnings tells them, once for the zone.
func (m *mixedTTLs) warnings() []string {
	if m.sets == 0 {
		return nil
	}
	more, todo := "", "applying gives all of them the declared one"
	if m.sets > 1 {
		more = fmt.Sprintf(" (and so %d more of the zone's RRsets)", m.sets-1)
	}
	if m.kept > 0 {
		todo = "declare them, which gives all of them one"
	}
	a, b := m.first[0], m.first[1]
	return []string{fmt.Sprintf("the live records of %s %s have the TTLs %d and %d%s, and resolvers then take the lowest, or what they like: %s [%s]",
		a.Name.Display(), a.Data.Type(), min(a.TTL, b.TTL), max(a.TTL, b.TTL), more, todo, lint.TTLMixed)}
}
