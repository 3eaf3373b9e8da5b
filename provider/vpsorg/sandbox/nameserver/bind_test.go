package nameserver_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	cmpdiff "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// A real named with the same zones gives the same transfers, and the same answers: 2,000 of 50 zones,
// or ZONEHERD_DNS_QUERIES of a fortieth as many. Of an answer all is compared
// but the order of records in a section, the OPT record's size and options, and
// where a UDP answer breaks off.
func TestAnswersAgreeWithBIND(t *testing.T) {
	queries, err := strconv.Atoi(cmp.Or(os.Getenv("ZONEHERD_DNS_QUERIES"), "2000"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("ZONEHERD_DNS_SEED"), "1"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	var zones []drawn
	for i := 1; len(zones) < max(queries/40, 2); i++ {
		origin := fmt.Sprintf("z%d.test.", i)
		switch i % 4 {
		case 0: // with a zone below it, on the same server
			zones = append(zones, drawZone(r, origin, "child."+origin), drawZone(r, "child."+origin))
		case 1: // with one far below it, which it knows nothing of
			zones = append(zones, drawZone(r, origin), drawZone(r, "a.b."+origin))
		default:
			zones = append(zones, drawZone(r, origin))
		}
	}
	server := nameserver.New(nil)
	for _, z := range zones {
		serve(t, server, z)
	}
	ours := listen(t, server)
	theirs := startNamed(t, zones)

	for _, z := range zones[:min(len(zones), 50)] {
		if diff := cmpdiff.Diff(transferred(t, theirs, z.origin), transferred(t, ours, z.origin)); diff != "" {
			t.Errorf("the transfer of %s (-BIND +this server):\n%s", z.origin, diff)
		}
	}
	ask := map[string]*dns.Client{"udp": {Net: "udp", Timeout: 10 * time.Second}, "tcp": {Net: "tcp", Timeout: 10 * time.Second}}
	conns := map[string]*dns.Conn{}
	exchange := func(network, addr string, m *dns.Msg) *dns.Msg {
		t.Helper()
		key := network + addr
		if conns[key] == nil {
			c, err := ask[network].Dial(addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			conns[key] = c
		}
		answer, _, err := ask[network].ExchangeWithConn(m, conns[key])
		if err != nil {
			t.Fatalf("%s to %s: %v\n%s", network, addr, err, m)
		}
		return answer
	}
	kinds := map[string]int{}
	cutOff, leftOut, wrong := 0, 0, 0
	for range queries {
		z := zones[r.IntN(len(zones))]
		m := drawQuestion(r, z)
		network := []string{"udp", "udp", "udp", "tcp"}[r.IntN(4)]
		got, want := exchange(network, ours, m), exchange(network, theirs, m)
		if got.Truncated || want.Truncated {
			if got.Truncated != want.Truncated {
				cutOff++
			}
			got, want = exchange("tcp", ours, m), exchange("tcp", theirs, m)
		} else if network == "udp" && section(want.Extra, "") != section(got.Extra, "") { // left out for its size
			leftOut++
			got, want = exchange("tcp", ours, m), exchange("tcp", theirs, m)
		}
		kinds[kind(want)]++
		if g, w := compared(got), compared(want); g != w {
			if wrong++; wrong <= 10 {
				t.Errorf("%s over %s, recursion desired %v, room for %d (-BIND +this server):\n%s", &m.Question[0], network, m.RecursionDesired, sizeOf(m), cmpdiff.Diff(w, g))
			}
		}
	}
	t.Logf("%d zones, %d queries, %d differ; truncated by one alone: %d; additional data left out by one alone: %d; BIND's answers: %v", len(zones), queries, wrong, cutOff, leftOut, kinds)
	for _, k := range []string{"data", "NXDOMAIN", "NODATA", "referral", "REFUSED", "CNAME"} {
		if kinds[k] < queries/100 {
			t.Errorf("only %d answers are %s, too few to tell", kinds[k], k)
		}
	}
	if cutOff > 2+queries/1000 || leftOut > 2+queries/500 { // the two compress differently
		t.Errorf("%d answers were truncated, and of %d additional data left out, by one server alone", cutOff, leftOut)
	}
}

// transferred are the records of a zone transfer, sorted.
func transferred(t *testing.T, addr, zone string) []string {
	t.Helper()
	in, err := new(dns.Transfer).In(new(dns.Msg).SetAxfr(zone), addr)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for e := range in {
		if e.Error != nil {
			t.Fatal(e.Error)
		}
		for _, rr := range e.RR {
			out = append(out, rr.String())
		}
	}
	slices.Sort(out)
	return out
}

// kind is what sort of answer it is.
func kind(m *dns.Msg) string {
	switch {
	case m.Rcode != dns.RcodeSuccess:
		return dns.RcodeToString[m.Rcode]
	case len(m.Answer) > 0 && m.Answer[0].Header().Rrtype == dns.TypeCNAME:
		return "CNAME"
	case len(m.Answer) > 0:
		return "data"
	case !m.Authoritative:
		return "referral"
	}
	return "NODATA"
}

// compared is all that is compared of an answer.
func compared(m *dns.Msg) string {
	var b strings.Builder
	fmt.Fprintln(&b, dns.RcodeToString[m.Rcode], "aa", m.Authoritative, "ra", m.RecursionAvailable, "rd", m.RecursionDesired, "cd", m.CheckingDisabled, "ad", m.AuthenticatedData, &m.Question[0])
	if opt := m.IsEdns0(); opt != nil {
		fmt.Fprintln(&b, "EDNS", opt.Version(), opt.Do())
	}
	return b.String() + section(m.Answer, "answer") + section(m.Ns, "authority") + section(m.Extra, "additional")
}

// section are the records of one, sorted, but for the OPT record.
func section(records []dns.RR, name string) string {
	var lines []string
	for _, rr := range records {
		if rr.Header().Rrtype != dns.TypeOPT {
			lines = append(lines, fmt.Sprintln(name, rr))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// sizeOf is the UDP size that a question says; zero without EDNS.
func sizeOf(m *dns.Msg) uint16 {
	if opt := m.IsEdns0(); opt != nil {
		return opt.UDPSize()
	}
	return 0
}

// The limits are BIND's: how long a chain is followed, how many records of an
// RRset additional data is given for, and how often for one answer.
func TestLimitsAgreeWithBIND(t *testing.T) {
	z := drawn{origin: "limits.test."}
	add := func(format string, args ...any) {
		rr, err := dns.NewRR(fmt.Sprintf(format, args...))
		if err != nil {
			t.Fatal(err)
		}
		z.records = append(z.records, rr)
	}
	add("limits.test. 60 IN SOA ns1.vps.org. hostmaster.vps.org. 1 7200 3600 1209600 3600")
	add("chain0.limits.test. 60 IN A 192.0.2.1")
	for i := range 5 {
		add("limits.test. 60 IN NS ns%d.limits.test.", i)
		add("ns%d.limits.test. 60 IN A 192.0.2.2", i)
	}
	const most = 20
	for n := 1; n <= most; n++ {
		add("host%d.limits.test. 60 IN A 192.0.2.3", n)
		add("chain%d.limits.test. 60 IN CNAME chain%d.limits.test.", n, n-1)
		for i := 1; i <= n; i++ {
			add("here%d.limits.test. 60 IN MX %d host%[2]d.limits.test.", n, i)
			add("away%d.limits.test. 60 IN MX %d host%[2]d.example.", n, i)
			add("null%d.limits.test. 60 IN MX %d .", n, i)
			add("srv%d.limits.test. 60 IN SRV 0 0 0 host%d.limits.test.", n, i)
			add("cut%d.limits.test. 60 IN NS host%d.cut%[1]d.limits.test.", n, i)
			add("host%d.cut%d.limits.test. 60 IN A 192.0.2.4", i, n)
		}
	}
	server := nameserver.New(nil)
	serve(t, server, z)
	ours, theirs := listen(t, server), startNamed(t, []drawn{z})
	client := &dns.Client{Net: "tcp", Timeout: 10 * time.Second}
	failures := 0
	for n := 1; n <= most; n++ {
		for name, rrtype := range map[string]uint16{"here": dns.TypeMX, "away": dns.TypeMX, "null": dns.TypeMX, "srv": dns.TypeSRV, "cut": dns.TypeA, "chain": dns.TypeA} {
			m := new(dns.Msg).SetQuestion(fmt.Sprintf("%s%d.limits.test.", name, n), rrtype)
			for _, m.RecursionDesired = range []bool{true, false} {
				got, _, err := client.Exchange(m, ours)
				if err != nil {
					t.Fatal(err)
				}
				want, _, err := client.Exchange(m, theirs)
				if err != nil {
					t.Fatal(err)
				}
				if want.Rcode == dns.RcodeServerFailure {
					failures++
				}
				if diff := cmpdiff.Diff(compared(want), compared(got)); diff != "" {
					t.Errorf("%s%d, recursion desired %v (-BIND +this server):\n%s", name, n, m.RecursionDesired, diff)
				}
			}
		}
	}
	if failures == 0 {
		t.Error("no chain was too long")
	}
}

// parse gives the records of a zone file.
func parse(t testing.TB, text string) (records []dns.RR) {
	t.Helper()
	parser := dns.NewZoneParser(strings.NewReader(text), "", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return records
}

// What BIND does not load is an error, and what it loads is not.
func TestZonesThatBINDLoads(t *testing.T) {
	checkzone := namedtest.Look(t, "named-checkzone")
	many := ""
	for i := range 100 {
		many += fmt.Sprintf("many TXT %d\n", i)
	}
	for _, tt := range []struct {
		name, records string
		wants         string // in the error; empty: it is loaded
		unseen        bool   // by named-checkzone, though not by named
	}{
		{"a zone", "www A 192.0.2.1\n", "", false},
		{"no SOA record", "-", "not one SOA record", false},
		{"a CNAME record at the apex", "@ CNAME example.net.\n", "beside a CNAME", false},
		{"data beside a CNAME record", "www CNAME example.net.\nwww TXT x\n", "beside a CNAME", false},
		{"two CNAME records", "www CNAME example.net.\nwww CNAME example.org.\n", "beside a CNAME", false},
		{"one CNAME record twice", "www CNAME example.net.\nwww CNAME example.net.\n", "", false},
		{"an NS record at a wildcard", "* NS example.net.\n", "wildcard", false},
		{"a nameserver of the zone without an address", "@ NS ns1\n", "no address", false},
		{"a nameserver of the zone by an alias", "@ NS ns1\nns1 CNAME example.net.\n", "no address", false},
		{"a nameserver of the zone by a wildcard", "@ NS ns1\n* AAAA 2001:db8::1\n", "", false},
		{"a nameserver of the zone below a delegation", "@ NS ns1.sub\nsub NS ns1.sub\n", "", false},
		{"a hundred records in an RRset", many, "", false},
		{"one more", many + "many TXT more\n", "101 TXT records", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "$ORIGIN zone.test.\n$TTL 60\n@ SOA ns1.vps.org. hostmaster.vps.org. 1 7200 3600 1209600 3600\n@ NS ns1.vps.org.\n" + tt.records
			if tt.records == "-" {
				text = "$ORIGIN zone.test.\n$TTL 60\n@ NS ns1.vps.org.\n"
			}
			_, err := nameserver.NewZone("zone.test.", parse(t, text))
			if err == nil && tt.wants != "" || err != nil && (tt.wants == "" || !strings.Contains(err.Error(), tt.wants)) {
				t.Errorf("%v, want %q", err, tt.wants)
			}
			file := filepath.Join(t.TempDir(), "zone")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(checkzone, "-i", "none", "-k", "ignore", "zone.test", file).CombinedOutput()
			if refused := tt.wants != "" && !tt.unseen; (err != nil) != refused {
				t.Errorf("named-checkzone: %v\n%s", err, out)
			}
		})
	}
}
