package schema

import "strings"

// owner checks what an RRset's type asks of its owner name.
func (c *checker) owner(s *RRset) {
	switch s.Type {
	case TypeA, TypeAAAA:
		if !s.Name.IsHost() && !addressOwner(s.Name, s.Type) {
			c.sense(s.Values, nil, "owner-host", "%s has %s records and is no host name, so that BIND refuses the zone: use letters, digits and inner hyphens", s.Name.Display(), s.Type)
		}
	case TypeMX:
		if !s.Name.IsHost() {
			c.sense(s.Values, nil, "owner-host", "%s has MX records and is no host name, so that BIND refuses the zone: use letters, digits and inner hyphens", s.Name.Display())
		}
	case TypeSRV:
		if !serviceOwner(s.Name) {
			c.sense(s.Values, nil, "srv-owner", "%s has SRV records and does not begin with _service._proto, where clients look for them: write a name such as _sip._tcp", s.Name.Display())
		}
	}
}

// serviceOwner reports whether a name begins with _service._proto (RFC 2782),
// where the service may be a wildcard.
func serviceOwner(n Name) bool {
	service, proto := n.Label(), n.Parent().Label()
	return (service == "*" || len(service) > 1 && service[0] == '_') && len(proto) > 1 && proto[0] == '_'
}

// addressOwner reports whether BIND takes a name as the owner of addresses
// that is no host name: the global catalogue of an Active Directory and, for A
// alone, what SPF's macros look up (RFC 7208 section 5.7 and appendix D).
func addressOwner(n Name, t Type) bool {
	if rest, ok := strings.CutPrefix(n.String(), "gc._msdcs."); ok {
		return Name{rest}.IsHost()
	}
	for p := n; t == TypeA && p != Root(); p = p.Parent() {
		switch p.Label() {
		case "_spf", "_spf_verify", "_spf_rate":
			return true
		}
	}
	return false
}

// targets checks the hosts that an RRset points at.
func (c *checker) targets(s *RRset) {
	if s.Type != TypeMX && s.Type != TypeNS && s.Type != TypeSRV {
		return
	}
	for i, v := range s.Values {
		target, ok := Target(v.Data)
		if !ok || target == Root() && s.Type != TypeNS {
			continue
		}
		if target == Root() {
			c.sense(s.Values[i:i+1], nil, "target-host", "%s NS points at the DNS root, which serves no zone but its own: name the server", s.Name.Display())
			continue
		}
		if !target.IsHost() || target.IsWildcard() {
			c.sense(s.Values[i:i+1], nil, "target-host", "%s %s points at %q, which is no host name, so that BIND refuses the zone: use letters, digits and inner hyphens",
				s.Name.Display(), s.Type, target.Display())
			continue
		}
		if alias := c.cname(target); alias != nil {
			to, _ := Target(alias.Values[0].Data)
			c.sense(s.Values[i:i+1], positions(alias.Values), "target-cname", "%s %s points at %s, which is a CNAME, and an alias must not be used there (RFC 2181 section 10.3): point at %s",
				s.Name.Display(), s.Type, target.Display(), to.Display())
		}
	}
}

// nullMX reports a null MX (RFC 7505), which says that the name takes no mail,
// beside other exchanges.
func (c *checker) nullMX(s *RRset) {
	if len(s.Values) < 2 {
		return
	}
	for i, v := range s.Values {
		mx, ok := v.Data.(MX)
		if !ok || mx.Exchange != Root() {
			continue
		}
		values := append([]Value{v}, s.Values[:i]...)
		values = append(values, s.Values[i+1:]...)
		c.sense(values, positions(values[1:]), "null-mx", "%s has a null MX, which says that it takes no mail, and other MX besides: remove the one or the others", s.Name.Display())
		return
	}
}

// mapped reports IPv4-mapped addresses (RFC 4291 section 2.5.5.2), which reach
// nothing over IPv6.
func (c *checker) mapped(s *RRset) {
	for i, v := range s.Values {
		if d, ok := v.Data.(AAAA); ok && d.Addr.Is4In6() {
			c.sense(s.Values[i:i+1], nil, "aaaa-mapped", "%s AAAA %s is an IPv4 address in IPv6 form, which nothing can reach: write A %s",
				s.Name.Display(), d.Addr, d.Addr.Unmap())
		}
	}
}
