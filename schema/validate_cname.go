package schema

import (
	"slices"
	"strings"
)

// holdCNAMEs reports each CNAME that does not stand alone (RFC 1034 section
// 3.6.2, RFC 2181 section 10.1). Where all that stands at its name is lenient,
// the name is held instead of refused.
func (c *checker) holdCNAMEs() {
	held := map[Name]bool{}
	for i := range c.zone.RRsets {
		s := &c.zone.RRsets[i]
		if s.Type != TypeCNAME {
			continue
		}
		values, rule, message := c.exclusive(s)
		if message == "" {
			continue
		}
		hold := allLenient(values) && !c.zone.FromLive
		if hold {
			message += "; since all of it is lenient, the whole name is left alone, neither written nor deleted"
		}
		c.sense(values, positions(values[1:]), rule, "%s", message)
		if hold {
			held[s.Name] = true
			c.zone.Held = append(c.zone.Held, Held{Name: s.Name, Reason: "a CNAME that cannot stand there", Position: values[0].Position})
		}
	}
	if len(held) > 0 {
		c.zone.RRsets = slices.DeleteFunc(c.zone.RRsets, func(s RRset) bool { return held[s.Name] })
	}
}

// exclusive says what stands in the way of a CNAME and which values make the
// problem, all those at the name; the message is empty where nothing does.
func (c *checker) exclusive(s *RRset) (values []Value, rule, message string) {
	values = slices.Clone(s.Values)
	var others []string
	for _, o := range c.zone.At(s.Name) {
		if o.Type != TypeCNAME {
			others = append(others, string(o.Type))
			values = append(values, o.Values...)
		}
	}
	name := s.Name.Display()
	switch {
	case s.Name == c.zone.Name:
		return values, "cname-apex", "the apex " + name + " cannot be a CNAME, since SOA and NS always stand there: write the target's addresses as A and AAAA"
	case len(others) > 0:
		return values, "cname-exclusive", name + " is a CNAME and has " + strings.Join(others, ", ") +
			" besides, and no DNS serves both: remove the CNAME or the rest"
	case len(s.Values) > 1:
		values[0], values[1] = values[1], values[0]
		return values, "cname-several", name + " has several CNAME values, and a name is the alias of one: keep one of them"
	}
	return nil, "", ""
}

// aliases reports CNAMEs that lead back to themselves within the zone, each
// loop once.
func (c *checker) aliases() {
	const visiting, done = 1, 2
	state := map[Name]int{}
	for i := range c.zone.RRsets {
		s := &c.zone.RRsets[i]
		if s.Type != TypeCNAME || state[s.Name] == done {
			continue
		}
		var path []*RRset
		for s != nil && state[s.Name] == 0 {
			state[s.Name] = visiting
			path = append(path, s)
			s = c.follow(s)
		}
		if s != nil && state[s.Name] == visiting {
			start := slices.IndexFunc(path, func(p *RRset) bool { return p.Name == s.Name })
			c.loop(path[start:])
		}
		for _, p := range path {
			state[p.Name] = done
		}
	}
}

// follow gives the CNAME RRset that answers for the target of another, or nil.
func (c *checker) follow(s *RRset) *RRset {
	target, ok := Target(s.Values[0].Data)
	if !ok {
		return nil
	}
	return c.cname(target)
}

// loop reports one loop of CNAMEs.
func (c *checker) loop(path []*RRset) {
	var values []Value
	var names []string
	for _, s := range path {
		values = append(values, s.Values[0])
		names = append(names, s.Name.Display())
	}
	if len(path) == 1 {
		c.sense(values, nil, "cname-itself", "%s is a CNAME that points at itself%s, so that it has no address: give it the target that is meant",
			names[0], through(path[0].Name))
		return
	}
	c.sense(values, positions(values[1:]), "cname-loop", "these CNAMEs go round in a circle and lead nowhere: %s → %s; point one of them elsewhere",
		strings.Join(names, " → "), names[0])
}

func through(owner Name) string {
	if owner.IsWildcard() {
		return ", since its target has no records and matches the wildcard"
	}
	return ""
}

// cname gives the CNAME RRset that answers for a name in this zone, or nil.
func (c *checker) cname(n Name) *RRset {
	at := c.zone.Answering(n)
	for i := range at {
		if at[i].Type == TypeCNAME {
			return &at[i]
		}
	}
	return nil
}
