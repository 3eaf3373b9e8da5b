package sandbox_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// deployed is a sandbox whose nameserver is asked without a socket.
type deployed struct {
	*api
	nameserver *nameserver.Server
	mu         sync.Mutex
	failures   []string
}

func deploy(t testing.TB, a *api) *deployed {
	d := &deployed{api: a}
	d.nameserver = a.server.Nameserver(func(zone string, err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.failures = append(d.failures, zone+": "+err.Error())
	})
	return d
}

// ask gives the rcode of an answer, and the data of its records.
func (d *deployed) ask(name string, rrtype uint16) string {
	d.t.Helper()
	replies := d.nameserver.Reply(new(dns.Msg).SetQuestion(name, rrtype), nameserver.Client{Addr: netip.IPv6Loopback(), TCP: true})
	m := new(dns.Msg)
	if err := m.Unpack(replies[0]); err != nil {
		d.t.Fatal(err)
	}
	return strings.Join(append([]string{dns.RcodeToString[m.Rcode]}, dataOf(m)...), " ")
}

// dataOf is the data of an answer's records.
func dataOf(m *dns.Msg) (data []string) {
	for _, rr := range m.Answer {
		data = append(data, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return data
}

func (d *deployed) wants(name string, rrtype uint16, want string) {
	d.t.Helper()
	if got := d.ask(name, rrtype); got != want {
		d.t.Errorf("%s %s: %s, want %s", name, dns.TypeToString[rrtype], got, want)
	}
}

func (d *deployed) serial(zone string) uint32 {
	d.t.Helper()
	d.ask(zone+".", dns.TypeSOA)
	z, _ := d.nameserver.Zone(zone + ".")
	if z == nil {
		d.t.Fatalf("%s is not served", zone)
	}
	return z.Serial()
}

// follows wants each change of a record in the zone example.com to be served,
// under a greater serial, and gives what wants the next one to be.
func (a *api) follows(zone string, serial func() uint32, wants func(name string, rrtype uint16, want string)) (greater func()) {
	a.t.Helper()
	last := serial()
	greater = func() {
		a.t.Helper()
		if now := serial(); now <= last {
			a.t.Errorf("the serial is %d after %d", now, last)
		} else {
			last = now
		}
	}
	wants("example.com.", dns.TypeNS, "NOERROR ns1.vps.org. ns2.vps.org.")
	record := a.record(zone, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	greater()
	wants("www.example.com.", dns.TypeA, "NOERROR 192.0.2.1")
	a.do("PATCH", record, `{"value":"192.0.2.2"}`)
	greater()
	wants("www.example.com.", dns.TypeA, "NOERROR 192.0.2.2")
	a.do("DELETE", record, "")
	greater()
	wants("www.example.com.", dns.TypeA, "NXDOMAIN")
	return greater
}

func TestEachChangeIsServedAtOnceUnderAGreaterSerial(t *testing.T) {
	d := deploy(t, start(t, sandbox.Options{}, ""))
	d.wants("example.com.", dns.TypeSOA, "REFUSED")
	zone := d.zone("example.com")
	greater := d.follows(zone, func() uint32 { return d.serial("example.com") }, d.wants)
	d.do("DELETE", zone, "")
	d.wants("example.com.", dns.TypeSOA, "REFUSED")
	d.zone("example.com")
	greater()
	if len(d.failures) > 0 {
		t.Error(d.failures)
	}
}

func TestEveryTypeIsServedAsItIs(t *testing.T) {
	d := deploy(t, start(t, sandbox.Options{}, ""))
	zone := d.zone("example.com")
	all, escaped := "", ""
	for i := range 256 {
		all += fmt.Sprintf(`\%03d`, i)
	}
	for i := range 256 {
		switch {
		case i == 255:
			escaped += `" "` // after 255 bytes
			fallthrough
		case i < ' ' || i > '~':
			escaped += fmt.Sprintf(`\%03d`, i)
		case i == '"' || i == '\\':
			escaped += `\` + string(rune(i))
		default:
			escaped += string(rune(i))
		}
	}
	long := strings.Repeat("x", 4096)
	var chunks []string
	for rest := long; rest != ""; rest = rest[min(len(rest), 255):] {
		chunks = append(chunks, `"`+rest[:min(len(rest), 255)]+`"`)
	}
	for _, tt := range []struct {
		name, rrtype, value string
		priority            int
		want                string
	}{
		{"a", "A", "192.0.2.1", 0, "192.0.2.1"},
		{"aaaa", "AAAA", "2001:DB8:0::1", 0, "2001:db8::1"},
		{"mapped", "AAAA", "::ffff:192.0.2.1", 0, "::ffff:192.0.2.1"},
		{"caa", "CAA", `128 Issue "ca.example; \"x\""`, 0, `128 issue "ca.example; \"x\""`},
		{"cname", "CNAME", "WWW.example.net", 0, "www.example.net."},
		{"mx", "MX", "mail.example.net.", 10, "10 mail.example.net."},
		{"nomx", "MX", ".", 0, "0 ."},
		{"_sip._udp", "SRV", "20 5060 sip.example.net", 10, "10 20 5060 sip.example.net."},
		{"txt", "TXT", "bare; and \\ so", 0, `"bare; and \\ so"`},
		{"empty", "TXT", `""`, 0, `""`},
		{"bytes", "TXT", `"` + all + `"`, 0, `"` + escaped + `"`},
		{"long", "TXT", long, 0, strings.Join(chunks, " ")},
		{`odd\.dot`, "TXT", "dotted", 0, `"dotted"`},
	} {
		d.record(zone, fmt.Sprintf(`{"record_type":%q,"name":%q,"value":%q,"priority":%d}`, tt.rrtype, tt.name, tt.value, tt.priority))
		d.wants(tt.name+".example.com.", dns.StringToType[tt.rrtype], "NOERROR "+tt.want)
	}
	if len(d.failures) > 0 {
		t.Error(d.failures)
	}
}

// What no nameserver loads leaves the zone as it was, until it is mended.
func TestAZoneThatCannotBeLoadedStaysAsItWas(t *testing.T) {
	d := deploy(t, start(t, sandbox.Options{}, "cname=loose"))
	zone := d.zone("example.com")
	d.record(zone, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	d.record(zone, `{"record_type":"A","name":"two","value":"192.0.2.2"}`)
	bad := d.record(zone, `{"record_type":"CNAME","name":"www","value":"example.net"}`)
	d.wants("two.example.com.", dns.TypeA, "NOERROR 192.0.2.2") // which nobody had asked for before
	d.wants("www.example.com.", dns.TypeA, "NOERROR 192.0.2.1")
	d.record(zone, `{"record_type":"A","name":"later","value":"192.0.2.3"}`)
	d.wants("later.example.com.", dns.TypeA, "NXDOMAIN")
	if len(d.failures) != 2 || !strings.Contains(d.failures[0], "example.com: www.example.com. has other data beside a CNAME record") {
		t.Errorf("told: %q", d.failures)
	}
	d.do("DELETE", bad, "")
	d.wants("later.example.com.", dns.TypeA, "NOERROR 192.0.2.3")

	under := d.record(zone, `{"record_type":"A","name":"_x","value":"192.0.2.4"}`)
	d.wants("_x.example.com.", dns.TypeA, "NXDOMAIN")
	d.do("DELETE", under, "")

	many := d.zone("many.example")
	for i := range 101 {
		d.record(many, fmt.Sprintf(`{"record_type":"TXT","name":"x","value":"%d"}`, i))
	}
	d.wants("y.many.example.", dns.TypeTXT, "NXDOMAIN")
	if n := strings.Count(d.ask("x.many.example.", dns.TypeTXT), `"`); n != 200 {
		t.Errorf("%d records are served", n/2)
	}
}

// A zone that is there from the start, and that no nameserver loads, is SERVFAIL.
func TestAZoneThatNeverLoadedIsAFailure(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	a.zone("example.com")
	if err := a.server.Put("example.com", sandbox.Record{Type: "A", Name: "www", Value: "no address"}); err != nil {
		t.Fatal(err)
	}
	d := deploy(t, a)
	d.wants("www.example.com.", dns.TypeA, "SERVFAIL")
	if len(d.failures) != 1 {
		t.Errorf("told: %q", d.failures)
	}
}

// With a delay a change is there after it, and what comes meanwhile after
// twice: in virtual time, over a network in memory.
func TestADeploymentTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := virtual(t, "deploy-delay=10s", "")
		zone := d.zone("example.com")
		d.wants("example.com.", dns.TypeNS, "REFUSED")
		time.Sleep(9 * time.Second)
		d.record(zone, `{"record_type":"A","name":"one","value":"192.0.2.1"}`)
		d.record(zone, `{"record_type":"A","name":"two","value":"192.0.2.2"}`)
		d.wants("example.com.", dns.TypeNS, "REFUSED")
		time.Sleep(time.Second)
		first := d.serial("example.com")
		d.wants("one.example.com.", dns.TypeA, "NXDOMAIN")
		time.Sleep(5 * time.Second)
		d.record(zone, `{"record_type":"A","name":"three","value":"192.0.2.3"}`)
		time.Sleep(5 * time.Second)
		d.wants("one.example.com.", dns.TypeA, "NOERROR 192.0.2.1")
		d.wants("two.example.com.", dns.TypeA, "NOERROR 192.0.2.2")
		d.wants("three.example.com.", dns.TypeA, "NXDOMAIN")
		if second := d.serial("example.com"); second <= first {
			t.Errorf("the serial is %d after %d", second, first)
		}
		time.Sleep(10 * time.Second)
		d.wants("three.example.com.", dns.TypeA, "NOERROR 192.0.2.3")
		d.do("DELETE", zone, "")
		d.wants("example.com.", dns.TypeNS, "NOERROR ns1.vps.org. ns2.vps.org.")
		time.Sleep(10 * time.Second)
		d.wants("example.com.", dns.TypeNS, "REFUSED")
	})
}

// By the fault some deployments fail, the same ones for the same seed; each
// that does not brings all that there is by then.
func TestDeploymentsFailByTheSeed(t *testing.T) {
	run := func(seed int) string {
		var story strings.Builder
		synctest.Test(t, func(t *testing.T) {
			d := virtual(t, "", fmt.Sprintf("seed=%d,deploy-fail=0.5", seed))
			zone := d.zone("example.com")
			for i := range 20 {
				d.record(zone, fmt.Sprintf(`{"record_type":"A","name":"n%d","value":"192.0.2.1"}`, i))
				failed := len(d.failures)
				answer := d.ask(fmt.Sprintf("n%d.example.com.", i), dns.TypeA)
				if there, fails := answer == "NOERROR 192.0.2.1", len(d.failures) > failed; there == fails {
					t.Errorf("%d: %s, told %q", i, answer, d.failures[failed:])
				}
				if i > 0 && answer == "NOERROR 192.0.2.1" {
					d.wants(fmt.Sprintf("n%d.example.com.", i-1), dns.TypeA, answer)
				}
				story.WriteString(answer[:2])
			}
		})
		return story.String()
	}
	first := run(1)
	if !strings.Contains(first, "NO") || strings.Count(first, "NO") == 20 || first != run(1) || first == run(2) {
		t.Errorf("%s, %s, %s", first, run(1), run(2))
	}
}

// virtual is a sandbox over a network in memory.
func virtual(t *testing.T, dialect, faults string) *deployed {
	t.Helper()
	f, err := sandbox.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	d, err := sandbox.ParseDialect(dialect)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Options{Dialect: d, Faults: f})
	if err != nil {
		t.Fatal(err)
	}
	var network sandbox.Memory
	listener, err := sandbox.Serve(server, network.Listen)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: network.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return deploy(t, &api{t, server, listener.URL, server.Token(), &http.Client{Transport: transport}})
}

// The serial goes on where the state file does, and does not grow for nothing.
func TestTheSerialOutlivesTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	open := func() (*sandbox.Server, uint32) {
		server, err := sandbox.New(sandbox.Options{StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		ns := server.Nameserver(nil)
		ns.Reply(new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA), nameserver.Client{})
		z, _ := ns.Zone("example.com.")
		if z == nil {
			return server, 0
		}
		return server, z.Serial()
	}
	server, _ := open()
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &api{t, server, listener.URL, server.Token(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	zone := a.zone("example.com")
	for i := range 50 {
		a.do("POST", zone+"records/", fmt.Sprintf(`{"record_type":"TXT","name":"x","value":"%d"}`, i))
	}
	ns := server.Nameserver(nil)
	ns.Reply(new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA), nameserver.Client{})
	z, _ := ns.Zone("example.com.")
	last := z.Serial()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		server, serial := open()
		if serial != last {
			t.Errorf("the serial is %d after %d", serial, last)
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
