package schema

import (
	"slices"
)

// Validate checks what zones mean, once they have been read: each zone by
// itself, and where one lies within another.
//
// Exclusivity (what no DNS serves) is an error. Sense (what a DNS serves, but
// nobody can want) is an error too, and a warning where all values concerned
// are lenient. In a zone marked from-live everything is a warning.
//
// Where all records at a name with a CNAME beside other data are lenient, the
// name is moved from the zone's RRsets to its Held: no DNS serves both, and
// dropping either would be a guess.
func Validate(zones []Zone) Problems {
	var problems Problems
	children := enclosed(zones)
	for i := range zones {
		if zones[i].State == Absent {
			continue
		}
		c := checker{zone: &zones[i], children: children[i], problems: &problems}
		c.holdCNAMEs()
		c.delegations()
		c.aliases()
		c.apexNameServers()
		zeroTTL := 0
		for j := range c.zone.RRsets {
			s := &c.zone.RRsets[j]
			c.size(s)
			c.owner(s)
			c.targets(s)
			c.content(s)
			if hasZeroTTL(s) {
				zeroTTL++
			}
		}
		v := &validator{zone: &zones[i], children: children[zones[i].Name], problems: &problems}
		v.cnames()
		v.delegations()
		for j := range v.zone.RRsets {
			set := &v.zone.RRsets[j]
			v.size(set)
			v.hosts(set)
			v.data(set)
		}
		v.zeroTTLs()
	}
	problems.Sort()
	return problems
}

// enclosed finds for each zone the others that lie directly within it.
func enclosed(zones []Zone) map[Name][]*Zone {
	byName := make(map[Name]bool, len(zones))
	for i := range zones {
		byName[zones[i].Name] = true
	}
	children := map[Name][]*Zone{}
	for i := range zones {
		if zones[i].State == Absent {
			continue
		}
		for up := zones[i].Name.Parent(); up != Root(); up = up.Parent() {
			if byName[up] {
				children[up] = append(children[up], &zones[i])
				break
			}
		}
	}
	return children
}

// validator checks one zone.
type validator struct {
	zone     *Zone
	children []*Zone
	problems *Problems
}

// problem adds a problem at the first of the values, with the others related.
func (v *validator) problem(severity Severity, rule string, values []Value, format string, args ...any) {
	if v.zone.FromLive && severity == Error {
		severity = Warning
	}
	v.problems.Add(severity, values[0].Position, rule, format, args...)
	p := &(*v.problems)[len(*v.problems)-1]
	for _, other := range values[1:] {
		p.Related = append(p.Related, other.Position)
	}
}

// sense adds a sense problem, which leniency of all values makes a warning.
func (v *validator) sense(rule string, values []Value, format string, args ...any) {
	severity := Error
	if lenient(values) {
		severity = Warning
	}
	v.problem(severity, rule, values, format, args...)
}

func lenient(values []Value) bool {
	return !slices.ContainsFunc(values, func(v Value) bool { return !v.Lenient })
}

// maxServed is BIND's default for max-records-per-type.
const maxServed = 100

// content checks the data of an RRset by its type.
func (c *checker) content(s *RRset) {
	switch s.Type {
	case TypeTXT:
		values := c.texts(s)
		c.spf(s.Name, values)
		c.dkim(s.Name, values)
		c.dmarc(s.Name, values)
	case TypeCAA:
		c.caa(s)
	case TypeMX:
		c.nullMX(s)
	case TypeAAAA:
		c.mapped(s)
	}
}

// zeroTTLs warns once, since one `ttl: 0` at the top is in every record.
func (v *validator) zeroTTLs() {
	var first *RRset
	rrsets := 0
	for i := range v.zone.RRsets {
		if v.zone.RRsets[i].Values[0].TTL == 0 {
			if rrsets++; first == nil {
				first = &v.zone.RRsets[i]
			}
		}
	}
	if first != nil {
		v.problem(Warning, "ttl-zero", first.Values[:1], "%s %s has the TTL 0 (RRsets of this zone that have it: %d), so that every question reaches the name servers: give it at least 60", first.Name.Display(), first.Type, rrsets)
	}
}

func hasZeroTTL(s *RRset) bool {
	return slices.ContainsFunc(s.Values, func(v Value) bool { return v.TTL == 0 })
}

// zeroTTL warns once a zone, since one `ttl: 0` at its top is in every record.
func (c *checker) zeroTTL(rrsets int) {
	if rrsets == 0 {
		return
	}
	i := slices.IndexFunc(c.zone.RRsets, func(s RRset) bool { return hasZeroTTL(&s) })
	s := &c.zone.RRsets[i]
	v := s.Values[slices.IndexFunc(s.Values, func(v Value) bool { return v.TTL == 0 })]
	more := ""
	if rrsets > 1 {
		more = fmt.Sprintf(" (so have %d more RRsets of this zone)", rrsets-1)
	}
	c.warn(v, "ttl-zero", "%s %s has the TTL 0%s, so that no resolver keeps the answer and every query reaches the name servers: give it a minute or more unless you mean that",
		s.Name.Display(), s.Type, more)
}
