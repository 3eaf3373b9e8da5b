package schema

import (
	"fmt"
	"slices"
)

// childZones gives, for each zone, the present zones of the run that lie
// below it.
func childZones(zones []Zone) [][]*Zone {
	children := make([][]*Zone, len(zones))
	byName := make([]int, 0, len(zones))
	for i := range zones {
		byName = append(byName, i)
	}
	slices.SortStableFunc(byName, func(a, b int) int { return zones[a].Name.Compare(zones[b].Name) })
	for at, i := range byName {
		for _, j := range byName[at+1:] {
			if !zones[j].Name.In(zones[i].Name) {
				break
			}
			if zones[j].State == Present && zones[j].Name != zones[i].Name {
				children[i] = append(children[i], &zones[j])
			}
		}
	}
	return children
}

// cut is where another zone begins: a delegation in this zone, a zone of the
// run below this one, or both.
type cut struct {
	name  Name
	ns    *RRset
	child *Zone
}

// delegations reports records at and below a zone cut that are no glue: name
// servers refer to the child there and never give them out (RFC 1034 section
// 4.2.1).
func (c *checker) delegations() {
	cuts := c.cuts()
	if len(cuts) == 0 {
		return
	}
	glue := c.glue()
	i := 0
	for j := range c.zone.RRsets {
		s := &c.zone.RRsets[j]
		for i < len(cuts) && !s.Name.In(cuts[i].name) && cuts[i].name.Compare(s.Name) < 0 {
			i++
		}
		if i == len(cuts) {
			return
		}
		if !s.Name.In(cuts[i].name) || s.Name == cuts[i].name && s.Type == TypeNS ||
			(s.Type == TypeA || s.Type == TypeAAAA) && glue[s.Name] {
			continue
		}
		c.occluded(s, cuts[i])
	}
}

func (c *checker) occluded(s *RRset, at cut) {
	var related []Position
	if at.ns != nil {
		related = append(related, at.ns.Values[0].Position)
	}
	where := "delegated to other name servers"
	todo := "move the record to the zone there, or take the NS records away"
	if at.child != nil {
		related = append(related, at.child.Position)
		where = "a zone of its own (" + at.child.Position.File + ")"
		todo = "move the record to that file"
		if at.child.Position.File == "" {
			where, todo = "a zone of its own in this run", "move the record there"
		}
	}
	c.sense(s.Values, related, "below-delegation", "%s %s is never served, since %s is %s: %s",
		s.Name.Display(), s.Type, at.name.Display(), where, todo)
}

// cuts gives the uppermost zone cuts in order of name.
func (c *checker) cuts() []cut {
	var all []cut
	for i := range c.zone.RRsets {
		s := &c.zone.RRsets[i]
		if s.Type != TypeNS || s.Name == c.zone.Name {
			continue
		}
		if s.Name.IsWildcard() {
			c.sense(s.Values, nil, "ns-wildcard", "%s has NS records at a wildcard, which BIND refuses: delegate each name by its own NS records", s.Name.Display())
			continue
		}
		all = append(all, cut{name: s.Name, ns: s})
	}
	for _, z := range c.children {
		all = append(all, cut{name: z.Name, child: z})
	}
	slices.SortStableFunc(all, func(a, b cut) int { return a.name.Compare(b.name) })
	cuts := all[:0]
	for _, a := range all {
		switch last := len(cuts) - 1; {
		case last >= 0 && cuts[last].name == a.name:
			if cuts[last].child == nil {
				cuts[last].child = a.child
			}
		case last >= 0 && a.name.In(cuts[last].name):
		default:
			cuts = append(cuts, a)
		}
	}
	return cuts
}

// glue gives the hosts of the zone's NS records, whose addresses may stand
// below a delegation.
func (c *checker) glue() map[Name]bool {
	glue := map[Name]bool{}
	for i := range c.zone.RRsets {
		if c.zone.RRsets[i].Type != TypeNS {
			continue
		}
		for _, v := range c.zone.RRsets[i].Values {
			if ns, ok := v.Data.(NS); ok {
				glue[ns.Host] = true
			}
		}
	}
	return glue
}

// apexNameServers reports the zone's own name servers that lie in the zone and
// have no address there: BIND refuses such a zone, and nobody could ask it.
func (c *checker) apexNameServers() {
	s := c.zone.RRset(Key{c.zone.Name, TypeNS})
	if s == nil {
		return
	}
	for i, v := range s.Values {
		ns, ok := v.Data.(NS)
		if !ok || !ns.Host.In(c.zone.Name) || c.addressed(ns.Host) {
			continue
		}
		c.sense(s.Values[i:i+1], nil, "ns-address", "the zone's name server %s lies in the zone and has neither A nor AAAA there: %s",
			ns.Host.Display(), fmt.Sprintf("add its address at %q", ns.Host.Relative(c.zone.Name)))
	}
}

// addressed reports whether the zone may have an address for a host: an alias
// is another rule's, and what is held is not known.
func (c *checker) addressed(host Name) bool {
	if c.zone.Holds(Key{host, TypeA}) != nil || c.zone.Holds(Key{host, TypeAAAA}) != nil {
		return true
	}
	return slices.ContainsFunc(c.zone.Answering(host), func(s RRset) bool {
		return s.Type == TypeA || s.Type == TypeAAAA || s.Type == TypeCNAME
	})
}
