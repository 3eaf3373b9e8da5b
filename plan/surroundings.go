package plan

import (
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// surroundings are what stands around a zone's changes: of the names that are
// changed, and those that changed records point at, all that is there before
// and after, changed or not. Of other names nothing is known.
type surroundings struct {
	names     map[schema.Name]*surrounding
	remaining map[schema.Key]int // records of a changed name's RRset afterwards
}

// surrounding is one name before and after.
type surrounding struct {
	before, after presence
	referrers     []schema.Key // who points at it afterwards
	policies      []string     // tags of the policies in its texts afterwards
}

// presence counts the data at an owner name.
type presence struct {
	records   int
	cnames    int
	addresses int // A, AAAA and CNAME: what a target of MX, NS or SRV needs
}

func (p *presence) add(t schema.Type, records int) {
	p.records += records
	switch t {
	case schema.TypeCNAME:
		p.cnames += records
		p.addresses += records
	case schema.TypeA, schema.TypeAAAA:
		p.addresses += records
	}
}

// of gives the counts of a name.
func (s *surroundings) of(name schema.Name) (before, after presence) {
	if a := s.names[name]; a != nil {
		return a.before, a.after
	}
	return presence{}, presence{}
}

// referrers gives the RRsets that point at a changed name afterwards.
func (s *surroundings) referrers(name schema.Name) []schema.Key { return s.names[name].referrers }

// hasPolicy reports whether a changed name has a text with that tag afterwards.
func (s *surroundings) hasPolicy(name schema.Name, tag string) bool {
	return slices.Contains(s.names[name].policies, tag)
}

// surroundings looks at everything that takes part in the comparison or stays.
func (d *difference) surroundings() surroundings {
	s := surroundings{}
	if len(d.changes) == 0 {
		return s
	}
	s.names = make(map[schema.Name]*surrounding, len(d.changes))
	s.remaining = make(map[schema.Key]int, len(d.changes))
	for i := range d.changes {
		c := &d.changes[i]
		s.touch(c.Key.Name)
		for _, r := range []*Record{c.Before, c.After} {
			if r == nil {
				continue
			}
			if target, ok := schema.Target(r.Data); ok {
				s.touch(target)
			}
		}
	}
	for i := range d.sets {
		set := &d.sets[i]
		if a := s.names[set.key.Name]; a != nil {
			a.before.add(set.key.Type, len(set.live))
			a.after.add(set.key.Type, len(set.want))
			s.remaining[set.key] += len(set.want)
		}
		for _, v := range set.want {
			s.refer(set.key, v.Data)
		}
	}
	for _, r := range d.kept {
		k := r.Key()
		if a := s.names[k.Name]; a != nil {
			a.before.add(k.Type, 1)
			a.after.add(k.Type, 1)
			s.remaining[k]++
		}
		s.refer(k, r.Data)
	}
	return s
}

func (s *surroundings) touch(name schema.Name) {
	if s.names[name] == nil {
		s.names[name] = &surrounding{}
	}
}

// refer records what a record that is there afterwards points at or says.
func (s *surroundings) refer(k schema.Key, data schema.Data) {
	if target, ok := schema.Target(data); ok {
		// The values of one RRset come one after another.
		if a := s.names[target]; a != nil && (len(a.referrers) == 0 || a.referrers[len(a.referrers)-1] != k) {
			a.referrers = append(a.referrers, k)
		}
	}
	if txt, ok := data.(schema.TXT); ok {
		if a := s.names[k.Name]; a != nil {
			if t := tag(txt.Text); t == tagSPF || t == tagDMARC {
				a.policies = append(a.policies, t)
			}
		}
	}
}
