package nameserver_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// Whatever can be read as a request gets answers that can be read, of its ID,
// with its question, and no larger than the client and the transport take.
func FuzzReply(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	server := nameserver.New(nil)
	for _, origin := range []string{"z1.test.", "a.b.z1.test.", "z2.test."} {
		z := drawZone(r, origin)
		serve(f, server, z)
		for range 20 {
			wire, err := drawQuestion(r, z).Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(wire, false)
			f.Add(wire, true)
		}
		for _, rrtype := range []uint16{dns.TypeAXFR, dns.TypeIXFR, dns.TypeOPT, dns.TypeTKEY, dns.TypeMAILB} {
			m := new(dns.Msg).SetQuestion(origin, rrtype)
			if rrtype == dns.TypeIXFR {
				m.SetIxfr(origin, 1, "ns1.vps.org.", "hostmaster.vps.org.")
			}
			wire, err := m.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(wire, true)
		}
	}
	server.Set("broken.test.", nil)
	f.Fuzz(func(t *testing.T, wire []byte, tcp bool) {
		request := new(dns.Msg)
		if request.Unpack(wire) != nil {
			return
		}
		replies := server.Reply(request, nameserver.Client{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), TCP: tcp})
		if answered := !request.Response && len(request.Question) == 1; answered != (len(replies) > 0) {
			t.Fatalf("%d replies to %s", len(replies), request)
		}
		size := dns.MaxMsgSize
		if !tcp {
			size = 512
			if opt := request.IsEdns0(); opt != nil {
				size = max(size, min(int(opt.UDPSize()), 1232))
			}
			if len(replies) > 1 {
				t.Fatalf("%d replies over UDP", len(replies))
			}
		}
		for i, reply := range replies {
			if len(reply) > size {
				t.Errorf("%d bytes for %d", len(reply), size)
			}
			m := new(dns.Msg)
			if err := m.Unpack(reply); err != nil {
				t.Fatalf("%v: %x", err, reply)
			}
			if m.Id != request.Id || !m.Response || m.Opcode != request.Opcode || i == 0 && (len(m.Question) != 1 || m.Question[0] != request.Question[0]) {
				t.Errorf("%s\nto %s", m, request)
			}
			if m.Rcode == dns.RcodeNameError && len(m.Ns) != 1 && !m.Truncated {
				t.Errorf("a name error without SOA record: %s", m)
			}
		}
	})
}
