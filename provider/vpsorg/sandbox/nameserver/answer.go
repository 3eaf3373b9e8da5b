package nameserver

import (
	"slices"

	"github.com/miekg/dns"
)

// maxRestarts is how many CNAME records of a chain BIND follows
// (max-query-restarts).
const maxRestarts = 11

// For additional data BIND looks names up so often, and not at all for an RRset
// of more records than maxNaming. For MX and SRV it counts twice: it looks for
// TLSA records too.
const (
	maxLookups = 26
	maxNaming  = 13
)

// answer is a reply in the making.
type answer struct {
	server *Server
	zone   *Zone
	reply  *dns.Msg
	sets   [3][]rrset // of the answer, authority and additional section
	small  bool       // the client has little room, and gets nothing that it did not ask for
	glue   int        // of the additional section's sets, from the first: those without which a referral leads nowhere
}

const (
	inAnswer = iota
	inAuthority
	inAdditional
)

// fill answers a question from a zone, by RFC 1034 section 4.3.2. CNAME records
// are followed inside the zone alone, and so are the names of additional
// data: BIND does not use its other zones for them.
func (a *answer) fill(q dns.Question) {
	a.reply.Authoritative = true
	asked := q.Name
	for restarts := 0; ; restarts++ {
		name, err := canonical(asked)
		if err != nil {
			return // the question's has been on the wire, a target's too
		}
		if restarts > 0 {
			if z, _ := a.server.zoneOf(name, q.Qtype); z != a.zone {
				if z, _ = a.server.zoneOf(name, dns.TypeNone); z != a.zone {
					return
				}
			}
		}
		p := a.zone.find(name, q.Qtype)
		switch {
		case p.cut:
			a.refer(p, restarts == 0)
			return
		case p.node == nil:
			a.reply.Rcode = dns.RcodeNameError
			a.add(inAuthority, a.zone.origin, a.zone.negative(q.Qtype == dns.TypeSOA))
			return
		}
		if cname := p.node.set(dns.TypeCNAME); cname != nil && !besideCNAME(q.Qtype) {
			a.add(inAnswer, p.owner, cname)
			if restarts == maxRestarts { // too long, or a loop
				a.reply.Rcode = dns.RcodeServerFailure
				return
			}
			asked = cname[0].(*dns.CNAME).Target
			continue
		}
		a.give(q, p)
		return
	}
}

// besideCNAME reports whether a question for a type is about the CNAME record's
// own name: for itself, for all, and for what DNSSEC puts there (RFC 4034).
func besideCNAME(rrtype uint16) bool {
	switch rrtype {
	case dns.TypeCNAME, dns.TypeANY, dns.TypeRRSIG, dns.TypeSIG, dns.TypeNSEC, dns.TypeKEY:
		return true
	}
	return false
}

// give answers with what a node holds of the type that was asked for.
func (a *answer) give(q dns.Question, p place) {
	found := p.node.sets // ANY: all there is, as RFC 8482 leaves open
	if q.Qtype != dns.TypeANY {
		found = nil
		if s := p.node.set(q.Qtype); s != nil {
			found = []rrset{s}
		}
	}
	if len(found) == 0 {
		a.add(inAuthority, a.zone.origin, a.zone.negative(false))
		return
	}
	for _, s := range found {
		a.add(inAnswer, p.owner, s)
	}
	if a.small {
		return
	}
	// What BIND calls no-auth-recursive: a resolver's clients have no use for it.
	if !a.reply.RecursionDesired {
		a.add(inAuthority, a.zone.origin, a.zone.nodes[a.zone.origin].set(dns.TypeNS))
	}
	if q.Qtype == dns.TypeANY {
		return
	}
	lookups := 0
	for _, s := range slices.Concat(found, a.sets[inAuthority]) {
		for _, rr := range s {
			host := hostOf(rr)
			if host == "" || len(s) > maxNaming {
				break
			}
			switch {
			case rr.Header().Rrtype == dns.TypeNS:
				lookups++
			case host != ".": // no host, and none is looked for
				lookups += 2
			}
			if lookups <= maxLookups {
				a.addresses(host, false)
			}
		}
	}
}

// refer sends the client on to the nameservers of a delegation.
func (a *answer) refer(cut place, first bool) {
	if first {
		a.reply.Authoritative = false
	}
	ns := cut.node.set(dns.TypeNS)
	a.add(inAuthority, cut.owner, ns)
	for _, rr := range ns {
		if host := hostOf(rr); dns.IsSubDomain(cut.owner, dns.CanonicalName(host)) {
			a.addresses(host, true)
		}
	}
	a.glue = len(a.sets[inAdditional])
	for _, rr := range ns {
		a.addresses(hostOf(rr), true)
	}
}

// hostOf is the host that a record names for its addresses to be of use; empty
// for types that name none.
func hostOf(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.NS:
		return rr.Ns
	case *dns.MX:
		return rr.Mx
	case *dns.SRV:
		return rr.Target
	}
	return ""
}

// addresses adds those of a host as far as the zone has them: its own data, or
// the glue below a delegation.
func (a *answer) addresses(host string, glue bool) {
	name, err := canonical(host)
	if err != nil || !dns.IsSubDomain(a.zone.origin, name) {
		return
	}
	p := a.zone.find(name, dns.TypeA)
	if p.cut != glue {
		return
	}
	if p.cut {
		p = place{node: a.zone.nodes[name], owner: name}
	}
	if p.node == nil {
		return
	}
	for _, rrtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		a.add(inAdditional, p.owner, p.node.set(rrtype))
	}
}

// add puts an RRset into a section under a canonical owner name, unless it is
// in the reply.
func (a *answer) add(section int, owner string, s rrset) {
	if len(s) == 0 {
		return
	}
	for _, sets := range a.sets {
		for _, have := range sets {
			if have.rrtype() == s.rrtype() && have[0].Header().Name == owner {
				return
			}
		}
	}
	if s[0].Header().Name != owner { // by a wildcard
		other := make(rrset, len(s))
		for i, rr := range s {
			other[i] = dns.Copy(rr)
			other[i].Header().Name = owner
		}
		s = other
	}
	a.sets[section] = append(a.sets[section], s)
}
