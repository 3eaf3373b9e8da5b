package verify

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// fakeServer is a nameserver of tests, which answers as its handler says, over
// UDP and TCP at one address.
type fakeServer struct {
	addr  netip.AddrPort
	asked atomic.Int64
	tcp   atomic.Int64
}

func serve(t *testing.T, ip string, port uint16, handler func(w dns.ResponseWriter, q *dns.Msg)) *fakeServer {
	t.Helper()
	s := &fakeServer{}
	counted := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		s.asked.Add(1)
		if w.RemoteAddr().Network() == "tcp" {
			s.tcp.Add(1)
		}
		handler(w, q)
	})
	for try := 0; ; try++ {
		udp, err := net.ListenPacket("udp", netip.AddrPortFrom(netip.MustParseAddr(ip), port).String())
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err != nil { // somebody has the port for TCP
			udp.Close()
			if port == 0 && try < 20 {
				continue
			}
			t.Fatal(err)
		}
		s.addr = netip.MustParseAddrPort(udp.LocalAddr().String())
		for _, srv := range []*dns.Server{{PacketConn: udp, Handler: counted}, {Listener: tcp, Handler: counted}} {
			started := make(chan struct{})
			srv.NotifyStartedFunc = func() { close(started) }
			go func() { _ = srv.ActivateAndServe() }()
			<-started
			t.Cleanup(func() { _ = srv.Shutdown() })
		}
		return s
	}
}

// zoneServer answers for one zone: the records of a master file, without
// wildcards; see the nameservers of other packages for those.
type zoneServer struct {
	apex     string
	records  []dns.RR
	transfer bool
	change   func(q, answer *dns.Msg) // how it misbehaves
}

func newZone(t *testing.T, apex, text string) *zoneServer {
	t.Helper()
	z := &zoneServer{apex: dns.Fqdn(apex)}
	p := dns.NewZoneParser(strings.NewReader(text), z.apex, "")
	p.SetDefaultTTL(3600)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.records = append(z.records, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return z
}

func (z *zoneServer) handle(w dns.ResponseWriter, q *dns.Msg) {
	name, typ := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	answer := new(dns.Msg).SetReply(q)
	overTCP := w.RemoteAddr().Network() == "tcp"
	switch {
	case !dns.IsSubDomain(z.apex, name):
		answer.Rcode = dns.RcodeRefused
	case typ == dns.TypeAXFR && (!z.transfer || name != z.apex):
		answer.Rcode = dns.RcodeRefused
	case typ == dns.TypeAXFR:
		answer.Authoritative = true
		soa := z.find(z.apex, dns.TypeSOA)
		answer.Answer = append(answer.Answer, soa...)
		for _, rr := range z.records {
			if rr.Header().Rrtype != dns.TypeSOA {
				answer.Answer = append(answer.Answer, rr)
			}
		}
		answer.Answer = append(answer.Answer, soa...)
	default:
		z.answer(answer, name, typ)
	}
	if z.change != nil {
		z.change(q, answer)
	}
	if !overTCP {
		size := dns.MinMsgSize
		if opt := q.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		answer.Truncate(size)
	}
	_ = w.WriteMsg(answer)
}

func (z *zoneServer) answer(answer *dns.Msg, name string, typ uint16) {
	for cut := name; cut != z.apex && cut != "."; cut = parent(cut) {
		if ns := z.find(cut, dns.TypeNS); ns != nil {
			answer.Ns = ns
			for _, rr := range ns {
				host := rr.(*dns.NS).Ns
				answer.Extra = append(answer.Extra, z.find(host, dns.TypeA)...)
				answer.Extra = append(answer.Extra, z.find(host, dns.TypeAAAA)...)
			}
			return
		}
	}
	answer.Authoritative = true
	if answer.Answer = z.find(name, typ); answer.Answer == nil {
		answer.Answer = z.find(name, dns.TypeCNAME)
	}
	if answer.Answer == nil {
		answer.Ns = z.find(z.apex, dns.TypeSOA)
		if z.find(name, dns.TypeANY) == nil {
			answer.Rcode = dns.RcodeNameError
		}
	}
}

func (z *zoneServer) find(name string, typ uint16) (found []dns.RR) {
	for _, rr := range z.records {
		if strings.EqualFold(rr.Header().Name, name) && (typ == dns.TypeANY || rr.Header().Rrtype == typ) {
			found = append(found, rr)
		}
	}
	return found
}

func parent(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}
