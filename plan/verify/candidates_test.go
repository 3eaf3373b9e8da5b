package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// TestADelegationIsCheckedBeforeItBreaks plans a delegation of example.com, in a
// zone above it, to nameservers that are asked first.
func TestADelegationIsCheckedBeforeItBreaks(t *testing.T) {
	parent := []string{"example 60 NS ns1.example.com.", "example 60 NS ns2.example.com.", "ns1.example 60 A 127.0.0.4", "ns2.example 60 A 127.0.0.5"}
	for _, tt := range []struct {
		name   string
		change func(*world)
		want   []string
		lines  []string // of the parent zone; nil: parent
		live   []string
		risks  []string
	}{
		{name: "all is well"},
		{name: "one is lame", change: func(w *world) { w.ns2.change = func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) } },
			risks: []string{"example.com. NS: ns2.example.com (127.0.0.5:PORT) would be asked for example.com: it answers REFUSED"}},
		{name: "one is no authority", change: func(w *world) { w.ns1.change = func(_, a *dns.Msg) { a.Authoritative = false } },
			risks: []string{"example.com. NS: ns1.example.com (127.0.0.4:PORT) would be asked for example.com: it answers without authority"}},
		{name: "they are not alike", change: func(w *world) {
			for i, rr := range w.ns2.records {
				if soa, ok := rr.(*dns.SOA); ok {
					soa = dns.Copy(soa).(*dns.SOA)
					soa.Serial = 9
					w.ns2.records[i] = soa
				}
			}
		}, risks: []string{"example.com. NS: ns1.example.com (127.0.0.4:PORT) and ns2.example.com (127.0.0.5:PORT) answer for example.com with different SOA records (serials 7 and 9)"}},
		{name: "a host that has no address", lines: []string{"example 60 NS nowhere.net."}, risks: []string{"example.com. NS: nowhere.net has no address"}},
		{name: "a host that the resolver knows", lines: []string{"example 60 NS ns.elsewhere.net."}},
		{name: "glue alone changes", live: append([]string{"ns2.example 60 A 192.0.2.99"}, parent[:3]...),
			change: func(w *world) { w.ns2.change = func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) } },
			risks:  []string{"ns2.example.com. A: ns2.example.com (127.0.0.5:PORT) would be asked for example.com: it answers REFUSED"}},
		{name: "nothing of it changes", live: parent, change: func(w *world) { w.ns2.change = func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) } }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			lines := tt.lines
			if lines == nil {
				lines = parent
			}
			live := &schema.LiveZone{Name: schema.MustName("com")}
			for _, s := range declared(t, "com", tt.live...).RRsets {
				for _, v := range s.Values {
					live.Records = append(live.Records, schema.LiveRecord{Handle: schema.Handle(s.Name.String() + v.Data.String()), Name: s.Name, TTL: v.TTL, Data: v.Data})
				}
			}
			p := plan.New([]plan.Input{{Desired: declared(t, "com", lines...), Live: live}}, nil, plan.Options{})
			before := p.Digest
			plain := risksOf(p)
			if err := CheckPlan(t.Context(), p, Options{Resolver: w.resolver.addr, Port: w.port, Wait: time.Second}); err != nil {
				t.Fatal(err)
			}
			var more []string
			for _, r := range risksOf(p)[len(plain):] {
				more = append(more, strings.ReplaceAll(r, w.resolver.addr.String()[len("127.0.0.2:"):], "PORT"))
			}
			if diff := cmp.Diff(tt.risks, more); diff != "" {
				t.Error(diff)
			}
			if p.Digest != before {
				t.Error("the digest has changed")
			}
		})
	}
}

// risksOf are the risks of delegations, those of the comparison first.
func risksOf(p *plan.Plan) (told []string) {
	for _, c := range p.Zones[0].Changes {
		for _, r := range c.Risks {
			if r.Kind == plan.RiskDelegation {
				told = append(told, c.Key.Name.String()+" "+string(c.Key.Type)+": "+r.Reason)
			}
		}
	}
	return told
}

func TestDelegationsAreFoundOut(t *testing.T) {
	w := newWorld(t, nil)
	ours := func(n schema.Name) bool { return n.In(schema.MustName("example.com")) }
	zones := []schema.Name{schema.MustName("example.com"), schema.MustName("nowhere.net")}
	seen := make(chan struct{}, len(zones))
	got, err := Delegations(t.Context(), zones, Options{Resolver: w.resolver.addr, Port: w.port, Service: ours}, func() { seen <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Status != OK || len(got[0].Delegation.Parent) != 2 || len(got[0].Delegation.Own) != 2 {
		t.Errorf("%+v", got[0])
	}
	if got[1].Status != Elsewhere || got[1].Reason != "the zone is not delegated" {
		t.Errorf("%+v", got[1])
	}
	if len(seen) != len(zones) {
		t.Errorf("%d were told of", len(seen))
	}
}
