package nameserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// MaxRecords is how many records of one RRset BIND takes
// (max-records-per-type); it does not load a zone that has more.
const MaxRecords = 100

// Zone is a zone as it is served. It does not change.
type Zone struct {
	origin  string // absolute, in lower case, as the library spells names
	soa     *dns.SOA
	nodes   map[string]*node // by owner name, spelt so too
	records []dns.RR         // all but the SOA record, for transfers: by owner name
}

// node is what is at an owner name. One without records is an empty
// non-terminal (RFC 8020), which exists though it holds nothing.
type node struct{ sets []rrset }

// rrset are the records of one owner name and type, at least one.
type rrset []dns.RR

func (s rrset) rrtype() uint16 { return s[0].Header().Rrtype }

func (n *node) set(rrtype uint16) rrset {
	for _, s := range n.sets {
		if s.rrtype() == rrtype {
			return s
		}
	}
	return nil
}

// NewZone makes a zone of its records, of which the owner names are absolute.
// As BIND does when it loads a zone file, it keeps one of equal records, gives
// an RRset the TTL of its first record, and sorts it by its data. What BIND does not load for what
// it is as a zone is an error that names the records: a zone without one SOA
// record or without NS records at the apex, a record that has no wire form or
// is outside of the zone, data beside a CNAME record, an NS record at a
// wildcard, more than a hundred records in an RRset, and an NS record at the
// apex whose host the zone should have the address of and has not.
func NewZone(name string, records []dns.RR) (*Zone, error) {
	origin, err := canonical(name)
	if err != nil {
		return nil, fmt.Errorf("the zone's name: %w", err)
	}
	z := &Zone{origin: origin, nodes: map[string]*node{origin: {}}}
	seen := make(map[string]bool, len(records))
	data := make(map[dns.RR]string, len(records))
	buf := make([]byte, dns.MaxMsgSize)
	for _, r := range records {
		rr := dns.Copy(r)
		h := rr.Header()
		if h.Name, err = canonical(h.Name); err != nil {
			return nil, fmt.Errorf("the owner name of a %s record: %w", dns.TypeToString[h.Rrtype], err)
		}
		if !dns.IsSubDomain(origin, h.Name) {
			return nil, fmt.Errorf("%s is not in the zone %s", h.Name, origin)
		}
		n := z.node(h.Name)
		i := 0
		for i < len(n.sets) && n.sets[i].rrtype() != h.Rrtype {
			i++
		}
		if i == len(n.sets) {
			n.sets = append(n.sets, nil)
		} else {
			h.Ttl = n.sets[i][0].Header().Ttl
		}
		end, err := dns.PackRR(rr, buf, 0, nil, false)
		if err != nil {
			return nil, fmt.Errorf("the %s record of %s has no wire form: %w", dns.TypeToString[h.Rrtype], h.Name, err)
		}
		wire := string(buf[:end])
		if seen[wire] {
			continue
		}
		seen[wire] = true
		_, ownerEnd, err := dns.UnpackDomainName(buf[:end], 0)
		if err != nil {
			return nil, fmt.Errorf("the owner name %s: %w", h.Name, err)
		}
		data[rr] = wire[ownerEnd+10:] // after type, class, TTL and length
		n.sets[i] = append(n.sets[i], rr)
		if soa, ok := rr.(*dns.SOA); ok {
			z.soa = soa
		}
	}
	for _, name := range slices.Sorted(maps.Keys(z.nodes)) {
		for _, s := range z.nodes[name].sets {
			slices.SortFunc(s, func(a, b dns.RR) int { return strings.Compare(data[a], data[b]) })
			if s.rrtype() != dns.TypeSOA {
				z.records = append(z.records, s...)
			}
		}
	}
	return z, z.check()
}

// node is that of a name in the zone, made with those above it where it is new.
func (z *Zone) node(name string) *node {
	n := z.nodes[name]
	for above := name; z.nodes[above] == nil; above = parent(above) {
		z.nodes[above] = &node{}
		if n == nil {
			n = z.nodes[above]
		}
	}
	return n
}

// check finds what BIND does not load.
func (z *Zone) check() error {
	apex := z.nodes[z.origin]
	if len(apex.set(dns.TypeSOA)) != 1 || apex.set(dns.TypeNS) == nil {
		return fmt.Errorf("the zone %s has not one SOA record and NS records at its apex", z.origin)
	}
	for name, n := range z.nodes {
		for _, s := range n.sets {
			switch rrtype := s.rrtype(); {
			case rrtype == dns.TypeSOA && name != z.origin:
				return fmt.Errorf("%s has an SOA record, which only an apex has", name)
			case rrtype == dns.TypeCNAME && (len(s) > 1 || len(n.sets) > 1):
				return fmt.Errorf("%s has other data beside a CNAME record", name)
			case rrtype == dns.TypeNS && strings.HasPrefix(name, "*."):
				return fmt.Errorf("%s is a wildcard with an NS record", name)
			case len(s) > MaxRecords:
				return fmt.Errorf("%s has %d %s records, and BIND takes %d", name, len(s), dns.TypeToString[rrtype], MaxRecords)
			}
		}
	}
	for _, rr := range apex.set(dns.TypeNS) {
		host, err := canonical(rr.(*dns.NS).Ns)
		if err != nil || !dns.IsSubDomain(z.origin, host) {
			continue
		}
		p := z.find(host, dns.TypeA)
		if !p.cut && (p.node == nil || p.node.set(dns.TypeA) == nil && p.node.set(dns.TypeAAAA) == nil) {
			return fmt.Errorf("%s is a nameserver of the zone, and has no address in it", host)
		}
	}
	return nil
}

// Serial is that of the zone's SOA record.
func (z *Zone) Serial() uint32 { return z.soa.Serial }

// negative is the SOA record for an answer that something is not there, with
// the TTL of RFC 2308 section 5; or zero, as BIND has it where somebody has
// asked for the SOA record of a name that does not exist (zero-no-soa-ttl).
func (z *Zone) negative(zero bool) rrset {
	soa := *z.soa
	soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	if zero {
		soa.Hdr.Ttl = 0
	}
	return rrset{&soa}
}

// place is where in a zone a name leads (RFC 1034 section 4.3.2).
type place struct {
	node  *node  // nil: the name does not exist
	owner string // of the node's records in an answer; of the cut
	cut   bool   // the node is that of a delegation at or above the name
}

// find gives the place of a canonical name in the zone. The name is the owner
// of what a wildcard gives (RFC 4592), in lower case however it was asked for,
// as BIND has it.
func (z *Zone) find(name string, rrtype uint16) place {
	starts := dns.Split(name)
	closest := z.nodes[z.origin]
	encloser := z.origin
	for i := len(starts) - dns.CountLabel(z.origin) - 1; i >= 0; i-- {
		below := name[starts[i]:]
		n := z.nodes[below]
		if n == nil {
			if wild := z.nodes[under("*", encloser)]; wild != nil {
				return place{node: wild, owner: name}
			}
			return place{}
		}
		// The question for DS records at a cut is the parent's (RFC 4035 section 3.1.4.1).
		if n.set(dns.TypeNS) != nil && (i > 0 || rrtype != dns.TypeDS) {
			return place{node: n, owner: below, cut: true}
		}
		closest, encloser = n, below
	}
	return place{node: closest, owner: encloser}
}

// canonical is a name as the keys of a zone are spelt: absolute, in lower case,
// with the library's escapes.
func canonical(name string) (string, error) {
	var wire [255]byte
	end, err := dns.PackDomainName(dns.Fqdn(name), wire[:], 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("%q is no domain name: %w", name, err)
	}
	text, _, err := dns.UnpackDomainName(wire[:end], 0)
	if err != nil {
		return "", fmt.Errorf("%q is no domain name: %w", name, err)
	}
	return dns.CanonicalName(text), nil
}

func parent(name string) string {
	next, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[next:]
}

func under(label, name string) string {
	if name == "." {
		return label + "."
	}
	return label + "." + name
}
