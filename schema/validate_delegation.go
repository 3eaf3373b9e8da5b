package schema

// delegations finds records that nobody is answered with, since they stand at
// or below a name that is delegated: by NS records, or to another zone of the
// run. Glue, the addresses of name servers, belongs there (RFC 9499).
func (v *validator) delegations() {
	cuts := map[Name]*Zone{}
	for _, child := range v.children {
		cuts[child.Name] = child
	}
	glue := map[Name]bool{}
	for i := range v.zone.RRsets {
		set := &v.zone.RRsets[i]
		if set.Type != TypeNS {
			continue
		}
		for _, value := range set.Values {
			if host, ok := Target(value.Data); ok {
				glue[host] = true
			}
		}
		if _, known := cuts[set.Name]; set.Name != v.zone.Name && !known {
			cuts[set.Name] = nil
		}
	}
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
	where := "another zone by the NS records here"
	todo := "move the record to that zone, or take the delegation out"
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
		isGlue := glue[set.Name] && (set.Type == TypeA || set.Type == TypeAAAA)
		if set.Type == TypeNS && set.Name == cut || isGlue {
			continue
		}
		c.sense(s.Values[i:i+1], nil, "ns-address", "the zone's name server %s lies in the zone and has neither A nor AAAA there: %s",
			ns.Host.Display(), fmt.Sprintf("add its address at %q", ns.Host.Relative(c.zone.Name)))
	}
}

// cutAbove is the highest delegated name that a name is at or below.
func (v *validator) cutAbove(n Name, cuts map[Name]*Zone) Name {
	var highest Name
	for ; n != v.zone.Name && n != Root(); n = n.Parent() {
		if _, ok := cuts[n]; ok {
			highest = n
		}
	}
	return highest
}
