package schema

import "strings"

// hosts checks owners and targets that have to be host names, as BIND checks
// them, and targets that are aliases.
func (v *validator) hosts(set *RRset) {
	switch set.Type {
	case TypeA, TypeAAAA:
		if !set.Name.IsHost() {
			v.sense("owner-host", set.Values, "%s has an address and is no host name, for which BIND refuses the whole zone: use letters, digits and hyphens", set.Name.Display())
		}
	case TypeSRV:
		if !isService(set.Name, v.zone.Name) {
			v.sense("srv-owner", set.Values, "the SRV record of %s has no service and protocol in its name: write it as _service._tcp or _service._udp", set.Name.Display())
		}
	case TypeNS:
		if set.Name.IsWildcard() {
			v.sense("ns-wildcard", set.Values, "the NS record stands at the wildcard %s, which delegates nothing and for which BIND refuses the whole zone: name the child zone", set.Name.Display())
		}
		if set.Name == v.zone.Name {
			v.apexServers(set)
		}
	}
	if set.Type == TypeCNAME {
		return
	}
	for i, value := range set.Values {
		target, ok := Target(value.Data)
		if !ok || target == Root() {
			continue
		}
		if !target.IsHost() || target.IsWildcard() {
			v.sense("target-host", set.Values[i:i+1], "the target %s of %s %s is no host name, for which BIND refuses the whole zone: use letters, digits and hyphens", target.Display(), set.Name.Display(), set.Type)
		}
		if alias := v.zone.RRset(Key{target, TypeCNAME}); alias != nil {
			v.sense("target-cname", []Value{value, {Position: alias.Values[0].Position, Lenient: true}},
				"the target %s of %s %s is a CNAME, which RFC 2181 does not allow: name the host that it is an alias of", target.Display(), set.Name.Display(), set.Type)
		}
	}
}

// isService reports whether a name begins with _service._proto.
func isService(n, zone Name) bool {
	labels := strings.SplitN(n.Relative(zone), ".", 3)
	if labels[0] == "@" { // a zone of its own for one service
		labels = strings.SplitN(zone.Display(), ".", 3)
	}
	return len(labels) >= 2 && strings.HasPrefix(labels[0], "_") && strings.HasPrefix(labels[1], "_")
}

// apexServers checks that name servers within the zone have an address there.
func (v *validator) apexServers(set *RRset) {
	for i, value := range set.Values {
		host, _ := Target(value.Data)
		if !host.In(v.zone.Name) || v.zone.RRset(Key{host, TypeA}) != nil || v.zone.RRset(Key{host, TypeAAAA}) != nil {
			continue
		}
		v.sense("ns-address", set.Values[i:i+1], "the name server %s of the zone has no address in it, for which BIND refuses the whole zone: add an A or AAAA record", host.Display())
	}
}
