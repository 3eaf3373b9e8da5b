package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
)

// bound is a sandbox that hands its zones to a named.
type bound struct {
	*api
	named *namedtest.Controlled
	path  string
	stop  func()
	mu    sync.Mutex
	told  []string
}

// begin hands the zones of a sandbox to a named, which does not run yet.
func begin(t testing.TB, a *api, more ...string) *bound {
	t.Helper()
	namedtest.Look(t, "named-checkzone")
	path := t.TempDir()
	b := &bound{api: a, path: path, named: namedtest.Control(t, filepath.Join(path, "zones.conf"), more...)}
	b.deploy(a)
	return b
}

// deploy has a sandbox, which may be another one, write to the directory.
func (b *bound) deploy(a *api) {
	b.t.Helper()
	b.api = a
	dir, err := bind.Open(bind.Options{Path: b.path, Server: b.named.Addr, RNDCConf: b.named.RNDCConf, Patience: 2 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	stop, err := a.server.DeployTo(b.t.Context(), dir, func(zone string, err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, zone+": "+err.Error())
	})
	if err != nil {
		b.t.Fatal(err)
	}
	var once sync.Once
	b.stop = func() {
		once.Do(func() {
			stop()
			_ = dir.Close()
		})
	}
	b.t.Cleanup(b.stop)
}

// tells gives what was told since it was asked last.
func (b *bound) tells() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := b.told
	b.told = nil
	return told
}

type deployment struct {
	Status, Detail string
	Serial         uint32
}

// settled is what the API says of a zone's deployment once that has ended.
func (b *bound) settled(zone string) deployment {
	b.t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		r := b.do("GET", zone, "")
		var body struct{ Deployment deployment }
		if err := json.Unmarshal([]byte(r.text), &body); err != nil {
			b.t.Fatalf("%v: %s", err, r.text)
		}
		if body.Deployment.Status != "pending" {
			return body.Deployment
		}
		if time.Now().After(until) {
			b.t.Fatalf("it is pending still: %s; told: %q", r.text, b.tells())
		}
	}
}

// deployed wants a zone to be as it was written last, and gives its serial.
func (b *bound) deployed(zone string) uint32 {
	b.t.Helper()
	d := b.settled(zone)
	if d.Status != "deployed" || d.Detail != "" {
		b.t.Errorf("%s: %+v; told: %q", zone, d, b.tells())
	}
	return d.Serial
}

// failed wants a zone not to be, for a reason, and to be served with a serial.
func (b *bound) failed(zone, reason string, serial uint32) {
	b.t.Helper()
	d := b.settled(zone)
	if d.Status != "failed" || !strings.Contains(d.Detail, reason) || d.Serial != serial {
		b.t.Errorf("%s: %+v, want %q and the serial %d", zone, d, reason, serial)
	}
	if told := b.tells(); len(told) != 1 || !strings.Contains(told[0], reason) {
		b.t.Errorf("told: %q, want %q", told, reason)
	}
}

// ask gives the rcode of named's answer, and the data of its records.
func (b *bound) ask(name string, rrtype uint16) string {
	b.t.Helper()
	m, _, err := (&dns.Client{Timeout: 10 * time.Second}).Exchange(new(dns.Msg).SetQuestion(name, rrtype), b.named.Addr.String())
	if err != nil {
		b.t.Fatal(err)
	}
	data := dataOf(m)
	slices.Sort(data) // named turns them
	return strings.Join(append([]string{dns.RcodeToString[m.Rcode]}, data...), " ")
}

func (b *bound) wants(name string, rrtype uint16, want string) {
	b.t.Helper()
	if got := b.ask(name, rrtype); got != want {
		b.t.Errorf("%s %s: %s, want %s", name, dns.TypeToString[rrtype], got, want)
	}
}

// becomes waits for an answer.
func (b *bound) becomes(name string, rrtype uint16, want string) {
	b.t.Helper()
	b.until(name+" is "+want, func() bool { return b.ask(name, rrtype) == want })
}

// until waits for something that has to come.
func (b *bound) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(end) {
			b.t.Fatalf("it never came that %s", what)
		}
	}
}

func (b *bound) files() (names []string) {
	b.t.Helper()
	entries, err := os.ReadDir(b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestNamedServesWhatIsWritten(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, ""))
	b.named.Start(t)
	zone := b.zone("example.com")
	greater := b.follows(zone, func() uint32 { return b.deployed(zone) }, b.wants)

	// Zones come and go, one below the other too.
	below := b.zone("below.example.com")
	b.deployed(below)
	b.wants("below.example.com.", dns.TypeNS, "NOERROR ns1.vps.org. ns2.vps.org.")
	b.do("DELETE", below, "")
	b.becomes("below.example.com.", dns.TypeNS, "NXDOMAIN") // which nothing but named tells
	b.do("DELETE", zone, "")
	b.becomes("example.com.", dns.TypeSOA, "REFUSED")
	zone = b.zone("example.com")
	greater()
	b.stop()
	if got, want := b.files(), []string{".lock", "example.com.zone", "zones.conf"}; !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if told := slices.DeleteFunc(b.tells(), func(s string) bool { return strings.Contains(s, "rndc: connect failed") }); len(told) > 0 {
		t.Errorf("told: %q", told) // but for the time before named ran
	}
}

// Many changes at once, in a hundred zones, are all served in the end.
func TestNamedFollowsManyChanges(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, ""))
	b.named.Start(t)
	var zones []string
	for i := range 100 {
		zones = append(zones, b.zone(fmt.Sprintf("z%d.example", i)))
	}
	for n := range 3 {
		for _, zone := range zones {
			b.record(zone, fmt.Sprintf(`{"record_type":"TXT","name":"n%d","value":"x"}`, n))
		}
	}
	for i, zone := range zones {
		b.deployed(zone)
		b.wants(fmt.Sprintf("n2.z%d.example.", i), dns.TypeTXT, `NOERROR "x"`)
	}
}

func TestAZoneThatBINDRefusesStaysAsItWas(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, "cname=loose"), "check-mx-cname fail;")
	b.named.Start(t)
	zone := b.zone("example.com")
	b.record(zone, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	last := b.deployed(zone)
	b.tells()

	bad := b.record(zone, `{"record_type":"A","name":"_x","value":"192.0.2.2"}`)
	b.failed(zone, "BIND refuses it: _x.example.com: bad owner name (check-names)", last)
	b.record(zone, `{"record_type":"A","name":"later","value":"192.0.2.3"}`)
	b.failed(zone, "bad owner name", last)
	b.wants("www.example.com.", dns.TypeA, "NOERROR 192.0.2.1")
	b.wants("later.example.com.", dns.TypeA, "NXDOMAIN")
	b.do("DELETE", bad, "")
	last = b.deployed(zone)
	b.wants("later.example.com.", dns.TypeA, "NOERROR 192.0.2.3")

	bad = b.record(zone, `{"record_type":"CNAME","name":"www","value":"example.net"}`)
	b.failed(zone, "CNAME and other data", last)
	b.do("DELETE", bad, "")
	b.deployed(zone)

	// What this named refuses and the checkers do not.
	b.record(zone, `{"record_type":"CNAME","name":"alias","value":"www.example.com"}`)
	last = b.deployed(zone)
	bad = b.record(zone, `{"record_type":"MX","name":"@","value":"alias.example.com","priority":10}`)
	b.failed(zone, "named does not answer the serial", last)
	b.named.Stop(t) // another one has it too
	b.named.Start(t)
	b.wants("later.example.com.", dns.TypeA, "NOERROR 192.0.2.3")
	b.do("DELETE", bad, "")
	b.deployed(zone)
}

// A zone that never was any good is not served, and keeps no other from it.
func TestAZoneThatBINDNeverTookIsNotServed(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	bad, good := a.zone("bad.example"), a.zone("good.example")
	if err := a.server.Put("bad.example", sandbox.Record{Type: "A", Name: "_x", Value: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	b := begin(t, a)
	b.named.Start(t)
	b.deployed(good)
	if d := b.settled(bad); d.Status != "failed" || d.Serial != 0 {
		t.Errorf("%+v", d)
	}
	b.wants("bad.example.", dns.TypeSOA, "REFUSED")
}

// A named that does not know of the zones has not refused them.
func TestAConfigurationWithoutTheZonesIsWaitedFor(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, ""))
	config := filepath.Join(t.TempDir(), "zones.conf")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.named = namedtest.Control(t, config)
	b.named.Start(t)
	b.deploy(b.api)
	zone := b.zone("example.com")
	b.until("the include is asked for", func() bool {
		return strings.Contains(strings.Join(b.tells(), " "), "does its configuration include "+b.path)
	})
	if _, err := os.Stat(filepath.Join(b.path, "example.com.zone")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, "include %q;\n", filepath.Join(b.path, "zones.conf")), 0o600); err != nil {
		t.Fatal(err)
	}
	b.named.Stop(t)
	b.named.Start(t)
	b.deployed(zone)
}

// What named alone refuses from the start is not in its configuration after that.
func TestAZoneThatNamedNeverTookIsNotServed(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	zone := a.zone("bad.example")
	for _, r := range []sandbox.Record{{Type: "CNAME", Name: "alias", Value: "www.example.com"}, {Type: "MX", Name: "@", Value: "alias.bad.example", Priority: new(10)}} {
		if err := a.server.Put("bad.example", r); err != nil {
			t.Fatal(err)
		}
	}
	b := begin(t, a, "check-mx-cname fail;")
	b.named.Start(t)
	if d := b.settled(zone); d.Status != "failed" || d.Serial != 0 || !strings.Contains(d.Detail, "its log says why") {
		t.Errorf("%+v", d)
	}
	b.becomes("bad.example.", dns.TypeSOA, "REFUSED")
	b.stop()
	if got, want := b.files(), []string{".lock", "zones.conf"}; !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// A hundred and one records, which no checker of BIND's counts.
func TestAnRRsetThatIsTooLargeIsNotServed(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, ""))
	b.named.Start(t)
	zone := b.zone("example.com")
	for i := range 100 {
		b.record(zone, fmt.Sprintf(`{"record_type":"TXT","name":"x","value":"%d"}`, i))
	}
	last := b.deployed(zone)
	b.tells()
	b.record(zone, `{"record_type":"TXT","name":"x","value":"more"}`)
	b.failed(zone, "x.example.com. has 101 TXT records, and BIND serves 100", last)
}

// A named that does not run is waited for, and told of all that came meanwhile.
func TestNamedMayComeLater(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	one := a.zone("one.example")
	b := begin(t, a)
	two := b.zone("two.example")
	b.until("it is told", func() bool { return len(b.tells()) > 0 })
	b.named.Start(t)
	b.deployed(one)
	last := b.deployed(two)
	b.named.Stop(t)
	b.record(two, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	b.do("DELETE", one, "")
	b.until("it is told", func() bool { return len(b.tells()) > 0 })
	b.named.Start(t)
	if serial := b.deployed(two); serial <= last {
		t.Errorf("the serial is %d after %d", serial, last)
	}
	b.wants("www.two.example.", dns.TypeA, "NOERROR 192.0.2.1")
	b.wants("one.example.", dns.TypeSOA, "REFUSED")
}

// Another sandbox goes on with the directory, and with the serials, whatever
// its zones are.
func TestAnotherSandboxGoesOn(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, ""))
	b.named.Start(t)
	zone := b.zone("example.com")
	gone := b.zone("gone.example")
	b.deployed(gone)
	for i := range 20 {
		b.record(zone, fmt.Sprintf(`{"record_type":"TXT","name":"x","value":"%d"}`, i))
	}
	last := b.deployed(zone)
	b.stop()

	other := start(t, sandbox.Options{}, "")
	zone = other.zone("example.com")
	b.deploy(other)
	if serial := b.deployed(zone); serial <= last {
		t.Errorf("the serial is %d after %d", serial, last)
	}
	b.wants("x.example.com.", dns.TypeTXT, "NXDOMAIN")
	b.becomes("gone.example.", dns.TypeSOA, "REFUSED")
	b.stop()
	if got, want := b.files(), []string{".lock", "example.com.zone", "zones.conf"}; !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// The delay and the fault are those of any deployment.
func TestNamedWaitsForADeployment(t *testing.T) {
	b := begin(t, start(t, sandbox.Options{}, "deploy-delay=300ms"))
	b.named.Start(t)
	zone := b.zone("example.com")
	b.wants("example.com.", dns.TypeSOA, "REFUSED")
	b.deployed(zone)
	b.wants("example.com.", dns.TypeNS, "NOERROR ns1.vps.org. ns2.vps.org.")

	faults, err := sandbox.ParseFaults("deploy-fail=1")
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, sandbox.Options{Faults: faults}, "")
	b = begin(t, a)
	b.named.Start(t)
	zone = b.zone("example.com")
	if d := b.settled(zone); d.Status != "failed" || !strings.Contains(d.Detail, "deploy-fail") {
		t.Errorf("%+v", d)
	}
	b.wants("example.com.", dns.TypeSOA, "REFUSED")
}

// Checking a thousand zones takes its time, which an interrupt cuts short.
func TestAnInterruptEndsTheFirstWriting(t *testing.T) {
	namedtest.Look(t, "named-checkzone")
	namedtest.Look(t, "rndc")
	a := start(t, sandbox.Options{}, "")
	a.zone("example.com")
	dir, err := bind.Open(bind.Options{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stop, err := a.server.DeployTo(ctx, dir, nil)
	if err == nil {
		stop()
	}
	if !errors.Is(err, context.Canceled) || len(dir.Zones()) > 0 {
		t.Errorf("%v, with %v written", err, dir.Zones())
	}
}
