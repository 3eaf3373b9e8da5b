package verify

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// What a transfer has shown and no answer would is not forgotten in later rounds.
func TestWhatOnlyATransferShowsStaysFound(t *testing.T) {
	z := newZone(t, "example.com", served+"ns.sub AAAA 2001:db8::54\nhidden.sub A 192.0.2.66\n")
	z.transfer = true
	s := serve(t, "127.0.0.1", 0, z.handle)
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, Options{Timeout: 20 * time.Millisecond}, s)
	want := []string{"wrong", "extra hidden.sub A 3600 192.0.2.66", "extra ns.sub AAAA 3600 2001:db8::54"}
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Error(diff)
	}
}

// A nameserver that answers for the zone and then falls silent is given up, and
// not asked for each of many RRsets until each is given up.
func TestASilentNameserverIsGivenUp(t *testing.T) {
	z := newZone(t, "example.com", served)
	s := serve(t, "127.0.0.1", 0, func(w dns.ResponseWriter, q *dns.Msg) {
		if typ := q.Question[0].Qtype; typ == dns.TypeSOA || typ == dns.TypeDNSKEY {
			z.handle(w, q)
		}
	})
	lines := slices.Clone(asServed)
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("h%d 60 A 192.0.2.1", i))
	}
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", lines...)}, Options{Wait: 10 * time.Millisecond}, s)
	if r.Status() != Wrong || len(r.Servers[0].Findings) != 1006 {
		t.Errorf("%s, %d findings", r.Status(), len(r.Servers[0].Findings))
	}
	if asked := s.asked.Load(); asked > 10+3*(giveUp+sideBySide) {
		t.Errorf("%d questions", asked)
	}
}

// serveBoth serves a zone and one below it at the same nameserver.
func serveBoth(t *testing.T, parent, child *zoneServer) *fakeServer {
	t.Helper()
	return serve(t, "127.0.0.1", 0, func(w dns.ResponseWriter, q *dns.Msg) {
		if dns.IsSubDomain(child.apex, strings.ToLower(q.Question[0].Name)) {
			child.handle(w, q)
			return
		}
		parent.handle(w, q)
	})
}

func TestADelegationThatAChildZoneHidesIsNoFinding(t *testing.T) {
	parent := newZone(t, "example.com", strings.ReplaceAll(strings.ReplaceAll(served, "sub      NS", "other    NS"), "ns.sub ", "ns.other "))
	child := newZone(t, "sub.example.com", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS ns.example.net.\n")
	s := serveBoth(t, parent, child)
	k := schema.Key{Name: schema.MustName("sub.example.com"), Type: schema.TypeNS}
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", "@ 3600 A 192.0.2.1", "@ 3600 A 192.0.2.2"), Gone: []schema.Key{k}}, Options{}, s)
	if diff := cmp.Diff([]string{"ok"}, told(r)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]schema.Key{k}, r.Servers[0].Unseen, cmp.Comparer(func(a, b schema.Key) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// With prune: none a wildcard that nobody declares stays, and answers for what
// is gone.
func TestAWildcardThatNobodyDeclaresMayAnswer(t *testing.T) {
	z := newZone(t, "example.com", served+"*.w 60 A 192.0.2.80\n")
	z.change = func(q, answer *dns.Msg) {
		if name := q.Question[0].Name; strings.HasSuffix(name, ".w.example.com.") && name[0] != '*' && q.Question[0].Qtype == dns.TypeA {
			answer.Rcode, answer.Ns = dns.RcodeSuccess, nil
			rr := dns.Copy(z.find("*.w.example.com.", dns.TypeA)[0])
			rr.Header().Name = name
			if name == "other.w.example.com." { // which is a record of its own
				rr.(*dns.A).A = net.IPv4(192, 0, 2, 81)
			}
			answer.Answer = []dns.RR{rr}
		}
	}
	s := serve(t, "127.0.0.1", 0, z.handle)
	zone := Zone{Desired: declared(t, "example.com", asServed...), Plan: plan.Options{Prune: plan.PruneNone}}
	for _, name := range []string{"gone.w.example.com", "other.w.example.com"} {
		zone.Gone = append(zone.Gone, schema.Key{Name: schema.MustName(name), Type: schema.TypeA})
	}
	if diff := cmp.Diff([]string{"wrong", "extra other.w A 60 192.0.2.81"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
		t.Error(diff)
	}
}

// A zone that is declared absent may be delegated to somebody else, or still be
// delegated to nameservers that have it no longer.
func TestAnAbsentZoneMayBeDelegatedAnywhere(t *testing.T) {
	ours := func(n schema.Name) bool { return n.In(schema.MustName("example.com")) }
	absent := Zone{Desired: &schema.Zone{Name: schema.MustName("example.com"), State: schema.Absent}}
	for name, change := range map[string]func(*world){
		"elsewhere": func(w *world) {
			w.answers["example.com. NS"] = "example.com. NS ns.elsewhere.net."
			w.parent.records = slices.DeleteFunc(w.parent.records, func(rr dns.RR) bool { return rr.Header().Name == "example.com." })
			rr, _ := dns.NewRR("example.com. 60 NS ns.elsewhere.net.")
			w.parent.records = append(w.parent.records, rr)
		},
		"still, and served no longer": func(w *world) {
			w.answers["example.com. NS"] = "SERVFAIL"
			refuse := func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) }
			w.ns1.change, w.ns2.change = refuse, refuse
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			r := verifyAt(t, absent, Options{Resolver: w.resolver.addr, Port: w.port, Service: ours})
			if r.Status() != OK {
				t.Errorf("%s: %v %v", r.Status(), r.Problem, told(r))
			}
		})
	}
	t.Run("still, and served", func(t *testing.T) {
		w := newWorld(t, nil)
		if r := verifyAt(t, absent, Options{Resolver: w.resolver.addr, Port: w.port, Service: ours}); r.Status() != Wrong {
			t.Errorf("%s: %v", r.Status(), told(r))
		}
	})
}

func TestAZoneThatThePlanCreatesNeedNotAnswerBefore(t *testing.T) {
	p := plan.New([]plan.Input{
		{Desired: declared(t, "com", "example 60 NS ns1.example.com.", "ns1.example 60 A 127.0.0.4"), Live: &schema.LiveZone{Name: schema.MustName("com")}},
		{Desired: declared(t, "example.com", "@ 60 A 192.0.2.1")},
	}, nil, plan.Options{})
	if found := redelegated(p); len(found) > 0 {
		t.Errorf("%v would be asked", found[0].Hosts)
	}
}

// The time to wait is that of all zones together.
func TestTheTimeoutIsOfTheWholeRun(t *testing.T) {
	s := serve(t, "127.0.0.1", 0, newZone(t, "example.com", served).handle)
	zone := Zone{Desired: declared(t, "example.com", "nowhere 60 A 192.0.2.1")}
	waits := 0
	zones := slices.Repeat([]Zone{zone}, 50)
	_, err := Run(t.Context(), zones, Options{
		Nameservers: []Server{{Addr: s.addr}}, Timeout: 100 * time.Millisecond, Interval: 20 * time.Millisecond, Concurrency: 1,
		Observe: func(e Event) {
			if !e.Done {
				waits++
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if waits >= len(zones) { // as each for itself would
		t.Errorf("it was waited %d times", waits)
	}
}
