package verify

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// world is a resolver, the nameservers of a parent zone, and two nameservers of
// a zone, at addresses of their own and one port.
type world struct {
	resolver *fakeServer
	parent   *zoneServer
	ns1, ns2 *zoneServer
	answers  map[string]string // what the resolver knows, in master file form, by name and type
	port     uint16
}

// change is made before anybody is asked.
func newWorld(t *testing.T, change func(*world)) *world {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	w := &world{ns1: newZone(t, "example.com", served), ns2: newZone(t, "example.com", served)}
	w.parent = newZone(t, "com", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS a.gtld\na.gtld A 127.0.0.3\nexample NS ns1.example\nexample NS ns2.example\nns1.example A 127.0.0.4\nns2.example A 127.0.0.5\n")
	w.answers = map[string]string{
		"example.com. NS":     "example.com. NS ns1.example.com.\nexample.com. NS ns2.example.com.",
		"com. NS":             "com. NS a.gtld.com.",
		"a.gtld.com. A":       "a.gtld.com. A 127.0.0.3",
		"ns1.example.com. A":  "ns1.example.com. A 127.0.0.4",
		"ns2.example.com. A":  "ns2.example.com. A 127.0.0.5",
		"ns.elsewhere.net. A": "ns.elsewhere.net. A 127.0.0.5",
	}
	if change != nil {
		change(w)
	}
	w.resolver = serve(t, "127.0.0.2", 0, func(rw dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg).SetReply(q)
		a.RecursionAvailable = true
		text, ok := w.answers[strings.ToLower(q.Question[0].Name)+" "+dns.TypeToString[q.Question[0].Qtype]]
		switch {
		case !ok:
			a.Rcode = dns.RcodeNameError
		case text == "SERVFAIL":
			a.Rcode = dns.RcodeServerFailure
		}
		for line := range strings.SplitSeq(text, "\n") {
			if rr, err := dns.NewRR(line); err == nil && rr != nil {
				a.Answer = append(a.Answer, rr)
			}
		}
		_ = rw.WriteMsg(a)
	})
	w.port = w.resolver.addr.Port()
	serve(t, "127.0.0.3", w.port, w.parent.handle)
	serve(t, "127.0.0.4", w.port, w.ns1.handle)
	serve(t, "127.0.0.5", w.port, w.ns2.handle)
	return w
}

func (w *world) verify(t *testing.T, service func(schema.Name) bool, lines ...string) *ZoneReport {
	t.Helper()
	return verifyAt(t, Zone{Desired: declared(t, "example.com", lines...)}, Options{Resolver: w.resolver.addr, Port: w.port, Service: service})
}

func TestNameserversAreFoundThroughNSRecords(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.ns2.change = func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) }
	})
	r := w.verify(t, nil, asServed...)
	if diff := cmp.Diff([]string{"ok", "lame: it answers REFUSED"}, told(r)); diff != "" {
		t.Error(diff)
	}
	var hosts []string
	for _, s := range r.Servers {
		hosts = append(hosts, s.Server.Host+" "+s.Server.Addr.Addr().String())
	}
	if diff := cmp.Diff([]string{"ns1.example.com 127.0.0.4", "ns2.example.com 127.0.0.5"}, hosts); diff != "" {
		t.Error(diff)
	}
	if len(r.Notices) > 0 {
		t.Errorf("notices: %q", r.Notices)
	}
}

func TestAZoneThatIsDelegatedElsewhereIsToldApart(t *testing.T) {
	elsewhere := func(w *world) { // the parent has moved on, and the resolver knows
		w.parent.records = slices.DeleteFunc(w.parent.records, func(rr dns.RR) bool { return rr.Header().Name == "example.com." })
		rr, _ := dns.NewRR("example.com. 60 NS ns.elsewhere.net.")
		w.parent.records = append(w.parent.records, rr)
	}
	ours := func(n schema.Name) bool { return n.In(schema.MustName("example.com")) }
	for _, tt := range []struct {
		name    string
		change  func(*world)
		service func(schema.Name) bool
		lines   []string
		want    string
		notice  string
	}{
		{name: "to the service", service: ours},
		{name: "to the service, in part", change: func(w *world) {
			rr, _ := dns.NewRR("example.com. 60 NS ns.elsewhere.net.")
			w.parent.records = append(w.parent.records, rr)
		}, service: ours, notice: "the parent zone delegates to nameservers that the zone does not name: ns.elsewhere.net"},
		{name: "to others", change: elsewhere, service: ours, want: "elsewhere: the zone is delegated to ns.elsewhere.net, and none of them is meant to serve it"},
		{name: "to others than are declared", change: elsewhere, lines: []string{"@ 60 NS ns1.example.com."},
			want: "elsewhere: the zone is delegated to ns.elsewhere.net, and none of them is meant to serve it"},
		{name: "to nobody", change: func(w *world) {
			delete(w.answers, "example.com. NS")
			w.parent.records = w.parent.records[:3]
		}, want: "elsewhere: the zone is not delegated: "},
		{name: "a resolver that fails", change: func(w *world) { w.answers["com. NS"] = ""; delete(w.answers, "com. NS") }, service: ours},
		{name: "a parent that does not answer", change: func(w *world) {
			w.parent.change = func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeServerFailure) }
		}, service: ours},
		{name: "nameservers without addresses", change: func(w *world) {
			delete(w.answers, "ns1.example.com. A")
			delete(w.answers, "ns2.example.com. A")
		}, want: "elsewhere: none of its nameservers has an address: ns1.example.com, ns2.example.com"},
		{name: "one nameserver without an address", change: func(w *world) { delete(w.answers, "ns2.example.com. A") },
			notice: "nameservers without an address: ns2.example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			r := w.verify(t, tt.service, append(slices.Clone(asServed), tt.lines...)...)
			got := ""
			if r.Problem != nil {
				got = string(r.Problem.Status) + ": " + r.Problem.Reason
			}
			if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("%q, and not %q", got, tt.want)
			}
			if notice := strings.Join(r.Notices, "; "); notice != tt.notice {
				t.Errorf("notices: %q", notice)
			}
			if r.Problem == nil && r.Status() != OK {
				t.Errorf("%v", told(r))
			}
		})
	}
}

func TestWithoutAResolverNameserversHaveToBeNamed(t *testing.T) {
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, Options{})
	if r.Status() != Unknown || !strings.Contains(r.Problem.Reason, "--nameserver") {
		t.Errorf("%v", r.Problem)
	}
}
