package verify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// live is a declared zone as the service would list it.
func live(z *schema.Zone) *schema.LiveZone {
	l := &schema.LiveZone{Name: z.Name}
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			l.Records = append(l.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint(len(l.Records))), Name: s.Name, TTL: v.TTL, Data: v.Data})
		}
	}
	return l
}

func TestWhatGitDeclaresNoLongerHasToBeGone(t *testing.T) {
	was := []string{"www 60 A 192.0.2.1", "www 60 A 192.0.2.2", "old 7200 A 192.0.2.3", "same 86400 A 192.0.2.4"}
	is := []string{"www 60 A 192.0.2.1", "same 86400 A 192.0.2.4"}
	mark := `a-old 60 TXT "heritage=external-dns,external-dns/owner=x"`
	for _, tt := range []struct {
		name    string
		was, is []string
		live    []string // nil: not known
		opts    plan.Options
		change  func(was, is *schema.Zone)
		gone    string
		ttl     schema.TTL
	}{
		{name: "an RRset, and not what is declared in part", was: was, is: is, gone: "old A", ttl: 7200},
		{name: "nothing has changed", was: was, is: was},
		{name: "the old TTL counts", was: []string{"www 7200 A 192.0.2.1"}, is: []string{"www 60 A 192.0.2.1"}, ttl: 7200},
		{name: "the TTL of an RRset to which a value was added", was: is, is: was, ttl: 60},
		{name: "a new RRset had none", was: is, is: append([]string{"new 7200 A 192.0.2.9"}, is...)},
		{name: "prune: none", was: was, is: is, opts: plan.Options{Prune: plan.PruneNone}, ttl: 60},
		{name: "prune: owned", was: was, is: is, opts: plan.Options{Prune: plan.PruneOwned}, gone: "old A", ttl: 7200},
		{name: "it is ignored", was: was, is: is, opts: plan.Options{Ignore: []plan.Pattern{{Name: "old"}}}, ttl: 60},
		{name: "it is held", was: was, is: is, change: func(_, is *schema.Zone) {
			is.Held = []schema.Held{{Name: schema.MustName("old.example.com"), Reason: "octodns.ignored"}}
		}, ttl: 60},
		{name: "a certificate challenge", was: []string{`_acme-challenge 60 TXT "x"`}, is: is},
		{name: "NS records of the apex are handed back", was: []string{"@ 60 NS ns.example.net."}, is: is},
		{name: "its type has become another", was: []string{"www 300 CNAME example.net."}, is: is, gone: "www CNAME", ttl: 300},
		{name: "it is live", was: was, is: is, live: was, gone: "old A", ttl: 7200},
		{name: "it is not live", was: was, is: is, live: is, gone: "old A", ttl: 7200},
		{name: "it is live and external-dns's by now", was: was, is: is, live: append([]string{mark}, was...), ttl: 60},
		{name: "it is live, and more is", was: was, is: is, live: append([]string{"more 60 A 192.0.2.5"}, was...), gone: "more A, old A", ttl: 7200},
		{name: "the zone is absent", was: was, is: nil, change: func(_, is *schema.Zone) { is.State = schema.Absent }, ttl: 86400},
		{name: "the zone was absent", was: nil, is: is, change: func(was, _ *schema.Zone) { was.State = schema.Absent }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := declared(t, "example.com", tt.was...), declared(t, "example.com", tt.is...)
			if tt.change != nil {
				tt.change(before, after)
			}
			in := plan.Input{Desired: after, Base: &plan.Base{Zone: before}}
			if tt.live != nil {
				in.Live = live(declared(t, "example.com", tt.live...))
			}
			z := Zone{Desired: after, Plan: tt.opts, Gone: Extras(in, tt.opts)}
			z.Since(in, live(before))
			var gone []string
			asked, _ := z.questions()
			for _, q := range asked {
				if len(q.want) == 0 {
					gone = append(gone, fmt.Sprintf("%s %s", q.key.Name.Relative(after.Name), q.key.Type))
				}
			}
			if diff := cmp.Diff(tt.gone, strings.Join(gone, ", ")); diff != "" {
				t.Error(diff)
			}
			if z.OldTTL != tt.ttl {
				t.Errorf("the old TTL is %d, want %d", z.OldTTL, tt.ttl)
			}
		})
	}
}

// What has been put in the place of what was deleted may be left alone by a plan,
// which nobody knows who has not been told what is live.
func TestWhatIsPutThereInsteadMayBeExternalDNSs(t *testing.T) {
	const registry = ` TXT "heritage=external-dns,external-dns/owner=x"` + "\n"
	old := schema.Key{Name: schema.MustName("old.example.com"), Type: schema.TypeA}
	found := []string{"wrong", "extra old A 3600 192.0.2.9"}
	for _, tt := range []struct {
		name   string
		served string
		known  bool
		opts   plan.Options
		want   []string
	}{
		{"it is nobody's", "", false, plan.Options{}, found},
		{"marked at its name", "old" + registry, false, plan.Options{}, []string{"ok"}},
		{"marked by its type", "a-old" + registry, false, plan.Options{}, []string{"ok"}},
		{"marked by another type", "cname-old" + registry, false, plan.Options{}, []string{"ok"}},
		{"another name is marked", "a-older" + registry, false, plan.Options{}, found},
		{"another text is there", `old TXT "owner=x"` + "\n", false, plan.Options{}, found},
		{"marks mean nothing", "old" + registry, false, plan.Options{NoDefaultIgnores: true}, found},
		{"a plan has seen what is live, and deletes it", "", true, plan.Options{}, found},
	} {
		for _, transfer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/transfer=%v", tt.name, transfer), func(t *testing.T) {
				z := newZone(t, "example.com", served+"old A 192.0.2.9\n"+tt.served)
				z.transfer = transfer
				tt.opts.Prune = plan.PruneNone // found since it has to be gone, not as what is undeclared
				zone := Zone{Desired: declared(t, "example.com", asServed...), Gone: []schema.Key{old}, Unlisted: !tt.known, Plan: tt.opts}
				if diff := cmp.Diff(tt.want, told(verifyAt(t, zone, Options{}, serve(t, "127.0.0.1", 0, z.handle)))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// Records that have moved into a zone of their own are answered still, by that.
func TestWhatAnotherZoneAnswersIsNotThere(t *testing.T) {
	parent := newZone(t, "example.com", served)
	child := newZone(t, "kid.example.com", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS ns.example.net.\nwww A 192.0.2.1\n")
	soa := func(q, a *dns.Msg) { // as RFC 2308 has it, with or without data
		if len(a.Answer) == 0 {
			a.Ns = child.find(child.apex, dns.TypeSOA)
		}
	}
	child.change = soa
	s := serveBoth(t, parent, child)
	k := schema.Key{Name: schema.MustName("www.kid.example.com"), Type: schema.TypeA}
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...), Gone: []schema.Key{k}}, Options{}, s)
	if diff := cmp.Diff([]string{"ok"}, told(r)); diff != "" {
		t.Error(diff)
	}
	if len(r.Servers[0].Unseen) != 1 || r.Servers[0].Unseen[0] != k {
		t.Errorf("unseen: %v", r.Servers[0].Unseen)
	}
}
