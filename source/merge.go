package source

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// set is an RRset being put together from the files of a zone.
type set struct {
	schema.RRset
	explicit   bool // some file gives its TTL at the record
	explicitAt schema.Position
	seen       map[schema.Data]schema.Position // made when the values are many
}

// merge joins a record's values to those of its RRset, which takes them over.
// Within one file the same owner and type do not come twice: the reader has
// seen to that.
func (b *builder) merge(k schema.Key, r *record, values []schema.Value) {
	s := b.sets[k]
	if s == nil {
		s = &set{RRset: schema.RRset{Key: k, Position: r.at, Values: values[:0]}, explicit: r.hasTTL, explicitAt: r.ttlAt}
		b.sets[k] = s
		b.order = append(b.order, s)
	} else if !b.file.fromLive {
		b.mergeTTL(s, r, values)
	}
	for _, v := range values {
		if first, ok := s.find(v.Data); ok && !b.file.fromLive {
			*b.problems = append(*b.problems, schema.Problem{
				Position: v.Position, Rule: "duplicate-value", Related: []schema.Position{first},
				Message: fmt.Sprintf("%s %s has the value %s twice: remove one", k.Name.Display(), k.Type, v.Data),
			})
			continue
		}
		s.add(v)
	}
}

// mergeTTL gives the whole RRset one TTL (RFC 2181 section 5.2): the explicit
// one, where only some files give it.
func (b *builder) mergeTTL(s *set, r *record, values []schema.Value) {
	switch {
	case r.hasTTL && s.explicit && values[0].TTL != s.Values[0].TTL:
		*b.problems = append(*b.problems, schema.Problem{
			Position: r.ttlAt, Rule: "ttl-conflict", Related: []schema.Position{s.explicitAt},
			Message: fmt.Sprintf("%s %s has the TTL %d here and %d elsewhere, and one RRset has one TTL: give it in one place",
				s.Name.Display(), s.Type, values[0].TTL, s.Values[0].TTL),
		})
	case r.hasTTL && !s.explicit:
		s.explicit, s.explicitAt = true, r.ttlAt
		for i := range s.Values {
			s.Values[i].TTL = values[0].TTL
		}
	}
	for i := range values {
		values[i].TTL = s.Values[0].TTL
	}
}

// find tells where a value stands already.
func (s *set) find(d schema.Data) (schema.Position, bool) {
	if s.seen != nil {
		at, ok := s.seen[d]
		return at, ok
	}
	for i := range s.Values {
		if s.Values[i].Data == d {
			return s.Values[i].Position, true
		}
	}
	return schema.Position{}, false
}

func (s *set) add(v schema.Value) {
	s.Values = append(s.Values, v)
	switch {
	case s.seen != nil:
		s.seen[v.Data] = v.Position
	case len(s.Values) > 16:
		s.seen = map[schema.Data]schema.Position{}
		for _, v := range s.Values {
			s.seen[v.Data] = v.Position
		}
	}
}

// rrsets gives the zone's RRsets in order, without those that are held. What
// is both declared and held is an error unless an alias stands in for it.
func (b *builder) rrsets() []schema.RRset {
	sets := b.order
	slices.SortFunc(sets, func(x, y *set) int { return x.Key.Compare(y.Key) })
	out := make([]schema.RRset, 0, len(sets))
	for _, s := range sets {
		k := s.Key
		if h := b.holds(k); h != nil {
			*b.problems = append(*b.problems, schema.Problem{
				Severity: b.severity(s.lenient()), Position: s.Position, Rule: "held", Related: []schema.Position{h.Position},
				Message: fmt.Sprintf("%s %s is declared here and left alone elsewhere (%s), so it is not written: remove one of the two", k.Name.Display(), k.Type, h.Reason),
			})
			continue
		}
		out = append(out, s.RRset)
	}
	return out
}

func (b *builder) holds(k schema.Key) *schema.Held {
	for i := range b.held {
		if b.held[i].Covers(k) {
			return &b.held[i]
		}
	}
	return nil
}

// lenient reports whether all values of the set are lenient.
func (s *set) lenient() bool {
	return !slices.ContainsFunc(s.Values, func(v schema.Value) bool { return !v.Lenient })
}

// severity is how grave a sense problem is.
func (b *builder) severity(lenient bool) schema.Severity {
	if lenient || b.file.fromLive || b.file.foreign != nil {
		return schema.Warning
	}
	return schema.Error
}
