package nameserver_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// zoneText makes a zone of master file text.
func zoneText(t testing.TB, origin, text string) drawn {
	t.Helper()
	z := drawn{origin: origin}
	parser := dns.NewZoneParser(strings.NewReader("$ORIGIN "+origin+"\n$TTL 300\n@ SOA ns1.vps.org. hostmaster.vps.org. 7 7200 3600 1209600 60\n@ NS ns1.vps.org.\n"+text), "", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		z.records = append(z.records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return z
}

func sample(t testing.TB) *nameserver.Server {
	server := nameserver.New(nil)
	serve(t, server, zoneText(t, "example.com.", `
@        A     192.0.2.1
@        MX    10 mail
mail     A     192.0.2.2
mail     AAAA  2001:db8::2
www      CNAME @
long     CNAME www
away     CNAME www.example.net.
dangling CNAME nothing
wild     CNAME any.of.wildcards
kid      CNAME www.child
loop     CNAME loop
deep.ent A     192.0.2.3
*.wildcards    TXT wild
there.wildcards A 192.0.2.4
sub      NS    ns.sub
sub      NS    ns.example.net.
sub      NS    mail
ns.sub   A     192.0.2.5
child    NS    ns1.vps.org.
`))
	serve(t, server, zoneText(t, "child.example.com.", "www A 192.0.2.6\n"))
	server.Set("broken.test.", nil)
	return server
}

// What an answer is, by the sections of the RFCs that have it so.
func TestAnswers(t *testing.T) {
	addr := listen(t, sample(t))
	const soa = "example.com. 60 SOA"
	for _, tt := range []struct {
		name  string
		query string // name and type
		flags string // rcode, and aa where it is set
		want  []string
	}{
		{"RFC 1034 4.3.2: data", "mail.example.com. A", "NOERROR aa", []string{"mail.example.com. 300 A 192.0.2.2"}},
		{"RFC 4343: case does not count", "MaIl.eXample.com. A", "NOERROR aa", []string{"mail.example.com. 300 A 192.0.2.2"}},
		{"RFC 1034 3.7: additional data for a mail exchange", "example.com. MX", "NOERROR aa", []string{"example.com. 300 MX 10 mail.example.com.", "+ mail.example.com. 300 A 192.0.2.2", "+ mail.example.com. 300 AAAA 2001:db8::2"}},
		{"the apex says its nameservers", "example.com. NS", "NOERROR aa", []string{"example.com. 300 NS ns1.vps.org."}},
		{"RFC 2308 2.2: no data of the type", "mail.example.com. TXT", "NOERROR aa", []string{soa}},
		{"RFC 2308 2.1: no such name", "nothing.example.com. A", "NXDOMAIN aa", []string{soa}},
		{"RFC 8020: what is below exists not either", "a.b.nothing.example.com. A", "NXDOMAIN aa", []string{soa}},
		{"RFC 8020 3.1: an empty non-terminal exists", "ent.example.com. A", "NOERROR aa", []string{soa}},
		{"RFC 1034 3.6.2: an alias", "www.example.com. A", "NOERROR aa", []string{"www.example.com. 300 CNAME example.com.", "example.com. 300 A 192.0.2.1"}},
		{"a chain of aliases", "long.example.com. A", "NOERROR aa", []string{"long.example.com. 300 CNAME www.example.com.", "www.example.com. 300 CNAME example.com.", "example.com. 300 A 192.0.2.1"}},
		{"the alias itself", "long.example.com. CNAME", "NOERROR aa", []string{"long.example.com. 300 CNAME www.example.com."}},
		{"an alias out of the zone", "away.example.com. A", "NOERROR aa", []string{"away.example.com. 300 CNAME www.example.net."}},
		{"an alias into another zone here is not followed either", "kid.example.com. A", "NOERROR aa", []string{"kid.example.com. 300 CNAME www.child.example.com."}},
		{"RFC 6604 3: an alias to nothing", "dangling.example.com. A", "NXDOMAIN aa", []string{"dangling.example.com. 300 CNAME nothing.example.com.", soa}},
		{"an alias to a name of a wildcard", "wild.example.com. TXT", "NOERROR aa", []string{"wild.example.com. 300 CNAME any.of.wildcards.example.com.", `any.of.wildcards.example.com. 300 TXT "wild"`}},
		{"a loop", "loop.example.com. A", "SERVFAIL aa", []string{"loop.example.com. 300 CNAME loop.example.com."}},
		{"RFC 4592 3.3.1: a wildcard gives the name asked for", "any.wildcards.example.com. TXT", "NOERROR aa", []string{`any.wildcards.example.com. 300 TXT "wild"`}},
		{"RFC 4592 2.2.1: at any depth", "a.b.c.wildcards.example.com. TXT", "NOERROR aa", []string{`a.b.c.wildcards.example.com. 300 TXT "wild"`}},
		{"of the types it has", "any.wildcards.example.com. A", "NOERROR aa", []string{soa}},
		{"not for a name that is there", "there.wildcards.example.com. TXT", "NOERROR aa", []string{soa}},
		{"nor below one", "a.there.wildcards.example.com. TXT", "NXDOMAIN aa", []string{soa}},
		{"and it can be asked for", "*.wildcards.example.com. TXT", "NOERROR aa", []string{`*.wildcards.example.com. 300 TXT "wild"`}},
		{"RFC 1034 4.2.1: a referral with its glue", "www.sub.example.com. A", "NOERROR", []string{
			"sub.example.com. 300 NS ns.sub.example.com.", "sub.example.com. 300 NS ns.example.net.", "sub.example.com. 300 NS mail.example.com.", "+ ns.sub.example.com. 300 A 192.0.2.5"}},
		{"for the cut too", "sub.example.com. NS", "NOERROR", []string{
			"sub.example.com. 300 NS ns.sub.example.com.", "sub.example.com. 300 NS ns.example.net.", "sub.example.com. 300 NS mail.example.com.", "+ ns.sub.example.com. 300 A 192.0.2.5"}},
		{"RFC 4035 3.1.4.1: the question for DS is the parent's", "sub.example.com. DS", "NOERROR aa", []string{soa}},
		{"where the server has both", "child.example.com. DS", "NOERROR aa", []string{soa}},
		{"a zone below answers for itself", "www.child.example.com. A", "NOERROR aa", []string{"www.child.example.com. 300 A 192.0.2.6"}},
		{"RFC 8482 4.3: ANY is all there is", "mail.example.com. ANY", "NOERROR aa", []string{"mail.example.com. 300 A 192.0.2.2", "mail.example.com. 300 AAAA 2001:db8::2"}},
		{"no zone of the server", "example.org. A", "REFUSED", nil},
		{"a zone that could not be loaded", "www.broken.test. A", "SERVFAIL", nil},
		{"RFC 6895 3.1: no type that data has", "example.com. TYPE200", "FORMERR", nil},
		{"RFC 3597: a type that nobody knows", "example.com. TYPE65280", "NOERROR aa", []string{soa}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, rrtype, _ := strings.Cut(tt.query, " ")
			m := new(dns.Msg).SetQuestion(name, typeOf(t, rrtype))
			for _, network := range []string{"udp", "tcp"} {
				m := exchange(t, network, addr, m)
				flags := dns.RcodeToString[m.Rcode]
				if m.Authoritative {
					flags += " aa"
				}
				if flags != tt.flags || m.RecursionAvailable || !m.RecursionDesired || m.Truncated {
					t.Errorf("over %s: %s, want %s\n%s", network, flags, tt.flags, m)
				}
				if diff := cmp.Diff(tt.want, lines(m)); diff != "" {
					t.Errorf("over %s (-want +got):\n%s", network, diff)
				}
			}
		})
	}
}

func typeOf(t testing.TB, text string) uint16 {
	t.Helper()
	if n, ok := dns.StringToType[text]; ok {
		return n
	}
	var n uint16
	if _, err := fmt.Sscanf(text, "TYPE%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func exchange(t testing.TB, network, addr string, m *dns.Msg) *dns.Msg {
	t.Helper()
	client := &dns.Client{Net: network, Timeout: 10 * time.Second}
	tries := 1
	if network == "udp" { // which may lose a datagram where many come at once
		client.Timeout, tries = 2*time.Second, 5
	}
	var err error
	for range tries {
		var got *dns.Msg
		if got, _, err = client.Exchange(m, addr); err == nil {
			return got
		}
	}
	t.Fatal(err)
	return nil
}

// lines are a reply's records in order, additional ones after a plus sign. Of
// an SOA record there is no data.
func lines(m *dns.Msg) []string {
	var out []string
	for i, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
		h := rr.Header()
		line := fmt.Sprintf("%s %d %s %s", h.Name, h.Ttl, dns.TypeToString[h.Rrtype], strings.TrimPrefix(rr.String(), h.String()))
		switch {
		case h.Rrtype == dns.TypeOPT:
			continue
		case h.Rrtype == dns.TypeSOA:
			line = fmt.Sprintf("%s %d SOA", h.Name, h.Ttl)
		case i >= len(m.Answer)+len(m.Ns):
			line = "+ " + line
		}
		out = append(out, line)
	}
	return out
}

// What a message may be beside its question.
func TestMessages(t *testing.T) {
	server := sample(t)
	big := zoneText(t, "big.test.", "")
	for i := range 40 {
		big.records = append(big.records, &dns.TXT{Hdr: dns.RR_Header{Name: fmt.Sprintf("t%d.big.test.", i/20), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}, Txt: []string{fmt.Sprint(i, strings.Repeat("x", 100))}})
	}
	serve(t, server, big)
	addr := listen(t, server)
	ask := func(change func(m *dns.Msg)) *dns.Msg {
		m := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA)
		change(m)
		return m
	}
	edns := func(m *dns.Msg) { m.SetEdns0(4096, false) }
	for _, tt := range []struct {
		name  string
		query *dns.Msg
		rcode int
		tc    bool
		check func(m *dns.Msg) bool
	}{
		{"without EDNS none comes back", ask(func(*dns.Msg) {}), dns.RcodeSuccess, false, func(m *dns.Msg) bool { return m.IsEdns0() == nil }},
		{"RFC 6891 6.1.1: with EDNS it does, with the DO bit (RFC 3225)", ask(func(m *dns.Msg) { m.SetEdns0(4096, true) }), dns.RcodeSuccess, false, func(m *dns.Msg) bool {
			return m.IsEdns0() != nil && m.IsEdns0().Do() && m.IsEdns0().UDPSize() == 1232
		}},
		{"RFC 6891 6.1.3: another version", ask(func(m *dns.Msg) { edns(m); m.IsEdns0().SetVersion(1) }), dns.RcodeBadVers, false, func(m *dns.Msg) bool { return len(m.Answer) == 0 }},
		{"RFC 6891 6.1.1: two OPT records", ask(func(m *dns.Msg) { edns(m); edns(m) }), dns.RcodeFormatError, false, nil},
		{"another class", ask(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), dns.RcodeRefused, false, nil},
		{"an update", ask(func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }), dns.RcodeNotImplemented, false, nil},
		{"a notification", ask(func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }), dns.RcodeNotImplemented, false, nil},
		{"no question", ask(func(m *dns.Msg) { m.Question = nil }), dns.RcodeFormatError, false, nil},
		{"two questions", ask(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), dns.RcodeFormatError, false, nil},
		{"RFC 2181 9: too large for UDP, by whole RRsets", ask(func(m *dns.Msg) {
			m.Question[0] = dns.Question{Name: "t0.big.test.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET}
			edns(m)
		}), dns.RcodeSuccess, true, func(m *dns.Msg) bool {
			return len(m.Answer) == 0 && m.IsEdns0() != nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := exchange(t, "udp", addr, tt.query)
			if m.Rcode != tt.rcode || m.Truncated != tt.tc || tt.check != nil && !tt.check(m) {
				t.Errorf("%s", m)
			}
			if tt.tc {
				if m := exchange(t, "tcp", addr, tt.query); len(m.Answer) != 20 || m.Truncated {
					t.Errorf("over TCP: %s", m)
				}
			}
		})
	}
}

// Whole zones go to this machine, from SOA record to SOA record.
func TestTransfers(t *testing.T) {
	server := sample(t)
	big := zoneText(t, "big.test.", "")
	for i := range 3000 {
		big.records = append(big.records, &dns.TXT{Hdr: dns.RR_Header{Name: fmt.Sprintf("t%d.big.test.", i), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}, Txt: []string{strings.Repeat("x", 200)}})
	}
	serve(t, server, big)
	addr := listen(t, server)
	transfer := func(m *dns.Msg) (records, messages int) {
		t.Helper()
		in, err := new(dns.Transfer).In(m, addr)
		if err != nil {
			t.Fatal(err)
		}
		for e := range in {
			if e.Error != nil {
				t.Fatal(e.Error)
			}
			records, messages = records+len(e.RR), messages+1
		}
		return records, messages
	}
	if records, messages := transfer(new(dns.Msg).SetAxfr("big.test.")); records != 3003 || messages < 10 {
		t.Errorf("%d records in %d messages", records, messages)
	}
	if records, _ := transfer(new(dns.Msg).SetIxfr("big.test.", 6, "ns1.vps.org.", "hostmaster.vps.org.")); records != 3003 {
		t.Errorf("an old serial gives %d records", records)
	}
	if m := exchange(t, "udp", addr, new(dns.Msg).SetIxfr("big.test.", 6, "ns1.vps.org.", "hostmaster.vps.org.")); len(m.Answer) != 1 {
		t.Errorf("over UDP: %s", m)
	}
	if m := exchange(t, "tcp", addr, new(dns.Msg).SetIxfr("big.test.", 7, "ns1.vps.org.", "hostmaster.vps.org.")); len(m.Answer) != 1 {
		t.Errorf("of one who is up to date: %s", m)
	}
	if m := exchange(t, "tcp", addr, new(dns.Msg).SetAxfr("www.example.com.")); m.Rcode != dns.RcodeNotAuth {
		t.Errorf("of a name that is no zone: %s", m)
	}
	if m := exchange(t, "udp", addr, new(dns.Msg).SetAxfr("big.test.")); m.Rcode != dns.RcodeFormatError {
		t.Errorf("AXFR over UDP: %s", m)
	}
	for _, tt := range []struct {
		addr            string
		rcode, messages int
	}{{"192.0.2.1", dns.RcodeRefused, 1}, {"2001:db8::1", dns.RcodeRefused, 1}, {"::ffff:127.0.0.1", dns.RcodeSuccess, 1}} {
		replies := server.Reply(new(dns.Msg).SetAxfr("example.com."), nameserver.Client{Addr: netip.MustParseAddr(tt.addr), TCP: true})
		m := new(dns.Msg)
		if err := m.Unpack(replies[0]); err != nil || m.Rcode != tt.rcode || len(replies) != tt.messages {
			t.Errorf("to %s: %v %s", tt.addr, err, m)
		}
	}
}

// Requests that come together on one connection are all answered, and Close
// does not wait for a client that says nothing.
func TestPipelining(t *testing.T) {
	l, err := nameserver.Listen(sample(t), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dns.DialTimeout("tcp", l.Addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want := map[uint16]bool{}
	for id := range uint16(100) { // random ones would meet now and then
		m := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA)
		m.Id, want[id] = id, true
		if err := conn.WriteMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	for len(want) > 0 {
		m, err := conn.ReadMsg()
		if err != nil {
			t.Fatal(err)
		}
		if !want[m.Id] || len(m.Answer) != 1 {
			t.Fatalf("%s", m)
		}
		delete(want, m.Id)
	}
	begun := time.Now()
	if err := l.Close(); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("closing took %s: %v", time.Since(begun), err)
	}
}

func BenchmarkQueriesOverLoopback(b *testing.B) {
	for _, network := range []string{"udp", "tcp"} {
		b.Run(network, func(b *testing.B) {
			addr := listen(b, sample(b))
			client := &dns.Client{Net: network, Timeout: 10 * time.Second}
			b.RunParallel(func(pb *testing.PB) {
				conn, err := client.Dial(addr)
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				m := new(dns.Msg).SetQuestion("www.example.com.", dns.TypeA)
				for pb.Next() {
					if _, _, err := client.ExchangeWithConn(m, conn); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
		})
	}
}
