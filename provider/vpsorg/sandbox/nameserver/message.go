package nameserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// maxUDP is how many bytes a reply over UDP has at most, whatever the client
// says that it takes: what passes without fragments.
const maxUDP = 1232

// Client is who asks, and how.
type Client struct {
	Addr netip.Addr
	TCP  bool
}

// Reply gives the messages that answer a request, in wire form: one, several
// for a transfer, or none. The request has one question.
func (s *Server) Reply(request *dns.Msg, client Client) [][]byte {
	if request.Response || len(request.Question) != 1 {
		return nil
	}
	if s.due != nil {
		s.due()
	}
	a := &answer{server: s, reply: new(dns.Msg).SetReply(request)}
	a.reply.Compress = true
	size := dns.MinMsgSize
	opts := options(request)
	if len(opts) == 1 {
		size = max(size, min(int(opts[0].UDPSize()), maxUDP))
		a.small = size == dns.MinMsgSize && !client.TCP
		a.reply.SetEdns0(maxUDP, opts[0].Do())
	}
	if client.TCP {
		size = dns.MaxMsgSize
	}
	q := request.Question[0]
	name, err := canonical(q.Name)
	switch {
	case request.Opcode != dns.OpcodeQuery:
		a.reply.Rcode = dns.RcodeNotImplemented
	case len(opts) > 1 || err != nil:
		a.reply.Rcode = dns.RcodeFormatError
	case len(opts) == 1 && opts[0].Version() != 0:
		a.reply.Rcode = dns.RcodeBadVers
	case q.Qclass != dns.ClassINET:
		a.reply.Rcode = dns.RcodeRefused
	case q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR:
		return s.transfer(a, request, name, client)
	case q.Qtype == dns.TypeMAILA || q.Qtype == dns.TypeMAILB:
		a.reply.Rcode = dns.RcodeNotImplemented
	case q.Qtype == dns.TypeOPT || q.Qtype >= 128 && q.Qtype < dns.TypeANY:
		a.reply.Rcode = dns.RcodeFormatError // no type that data can have (RFC 6895 section 3.1)
	default:
		z, ok := s.zoneOf(name, q.Qtype)
		switch {
		case !ok:
			a.reply.Rcode = dns.RcodeRefused
		case z == nil:
			a.reply.Rcode = dns.RcodeServerFailure
		default:
			a.zone = z
			a.fill(q)
		}
	}
	return a.pack(size)
}

func options(m *dns.Msg) []*dns.OPT {
	var out []*dns.OPT
	for _, rr := range m.Extra {
		if opt, ok := rr.(*dns.OPT); ok {
			out = append(out, opt)
		}
	}
	return out
}

// pack is the reply in at most size bytes. What does not fit is left out from
// the end, by whole RRsets. Additional data may be missing without a word, but
// for glue below the delegation that a referral is to (RFC 9471 section 3.1); without anything else the reply
// says that it is truncated.
func (a *answer) pack(size int) [][]byte {
	opt := a.reply.Extra
	for {
		a.reply.Answer = flat(a.sets[inAnswer])
		a.reply.Ns = flat(a.sets[inAuthority])
		a.reply.Extra = append(flat(a.sets[inAdditional]), opt...)
		wire, err := a.reply.Pack() // Len counts the escapes of a text
		if err == nil && len(wire) <= size {
			return [][]byte{wire}
		}
		last := inAdditional
		for last > inAnswer && len(a.sets[last]) == 0 {
			last--
		}
		if len(a.sets[last]) == 0 { // nothing is left, and yet it has no wire form
			a.reply.Rcode = dns.RcodeServerFailure
			wire, _ = a.reply.Pack()
			return [][]byte{wire}
		}
		a.sets[last] = a.sets[last][:len(a.sets[last])-1]
		if last != inAdditional || len(a.sets[last]) < a.glue {
			a.reply.Truncated = true
		}
	}
}

func flat(sets []rrset) []dns.RR {
	var out []dns.RR
	for _, s := range sets {
		out = append(out, s...)
	}
	return out
}
