package nameserver

import "github.com/miekg/dns"

// transferSize is about how large the messages of a transfer become.
const transferSize = 16 << 10

// transfer answers AXFR (RFC 5936) and IXFR (RFC 1995), which gets the whole
// zone too, or the SOA record alone where the client is up to date. Whole zones
// go to this machine only, and not over UDP.
func (s *Server) transfer(a *answer, request *dns.Msg, name string, client Client) [][]byte {
	refuse := func(rcode int) [][]byte {
		a.reply.Rcode = rcode
		return a.pack(dns.MinMsgSize)
	}
	incremental := request.Question[0].Qtype == dns.TypeIXFR
	if !incremental && !client.TCP {
		return refuse(dns.RcodeFormatError)
	}
	if !client.Addr.Unmap().IsLoopback() {
		return refuse(dns.RcodeRefused)
	}
	z, ok := s.Zone(name)
	switch {
	case !ok:
		return refuse(dns.RcodeNotAuth)
	case z == nil:
		return refuse(dns.RcodeServerFailure)
	}
	a.reply.Authoritative = true
	if incremental {
		var has *dns.SOA
		for _, rr := range request.Ns {
			if soa, ok := rr.(*dns.SOA); ok {
				has = soa
			}
		}
		if has == nil {
			return refuse(dns.RcodeFormatError)
		}
		// By serial number arithmetic (RFC 1982).
		if !client.TCP || int32(z.soa.Serial-has.Serial) <= 0 {
			a.sets[inAnswer] = []rrset{{z.soa}}
			return a.pack(dns.MinMsgSize)
		}
	}
	return z.messages(a.reply)
}

// messages are the zone from its SOA record to the same again, in as many
// messages as it takes.
func (z *Zone) messages(head *dns.Msg) [][]byte {
	var out [][]byte
	m := head
	size := 0
	flush := func() {
		if wire, err := m.Pack(); err == nil {
			out = append(out, wire)
		}
		next := *head
		next.Answer, next.Question, next.Extra = nil, nil, nil // the first says them (RFC 5936 section 2.2)
		m, size = &next, 0
	}
	add := func(rr dns.RR) {
		n := dns.Len(rr)
		if size > 0 && size+n > transferSize {
			flush()
		}
		m.Answer = append(m.Answer, rr)
		size += n
	}
	add(z.soa)
	for _, rr := range z.records {
		add(rr)
	}
	add(z.soa)
	flush()
	return out
}
