package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

func TestTheLastOfItsKind(t *testing.T) {
	www := rec{"www", "A", "192.0.2.80", 60}
	mx := func(at, data string) rec { return rec{at, "MX", data, 60} }
	for _, c := range []struct {
		about   string
		live    []rec
		desired []rec
		opts    plan.Options
		want    []string // the reasons
	}{
		{about: "the only MX", live: []rec{www, mx("@", "10 mx.example.net.")}, desired: []rec{www},
			want: []string{"the zone's last MX record would be deleted: example.com MX 10 mx.example.net."}},
		{about: "all of several MX", live: []rec{www, mx("@", "10 mx.example.net."), mx("sub", "20 mx.example.net.")}, desired: []rec{www},
			want: []string{"all of the zone's MX records would be deleted (2): example.com MX 10 mx.example.net. and the rest"}},
		{about: "one MX of two", live: []rec{mx("@", "10 mx.example.net."), mx("@", "20 mx.example.net.")}, desired: []rec{mx("@", "10 mx.example.net.")}},
		{about: "an MX at another name stays", live: []rec{mx("@", "10 mx.example.net."), mx("sub", "20 mx.example.net.")}, desired: []rec{mx("sub", "20 mx.example.net.")}},
		{about: "the only MX is changed to another", live: []rec{mx("@", "10 mx.example.net.")}, desired: []rec{mx("@", "20 other.example.org.")}},
		{about: "the only MX moves to another name", live: []rec{mx("@", "10 mx.example.net.")}, desired: []rec{mx("sub", "10 mx.example.net.")}},
		{about: "of two live that are the same one goes", live: []rec{mx("@", "10 mx.example.net."), mx("@", "10 mx.example.net.")}, desired: []rec{mx("@", "10 mx.example.net.")}},
		{about: "an ignored MX stays", live: []rec{www, mx("@", "10 mx.example.net."), mx("lab", "10 mx.example.net.")}, desired: []rec{www},
			opts: plan.Options{Ignore: []plan.Pattern{{Name: "lab"}}}},
		{about: "undeclared, and nothing is pruned", live: []rec{www, mx("@", "10 mx.example.net.")}, desired: []rec{www}, opts: plan.Options{Prune: plan.PruneNone}},
		{about: "an MX that becomes an alias", live: []rec{www, mx("a", "10 mx.example.net.")}, desired: []rec{www, {"a", "CNAME", "www.example.com.", 60}},
			want: []string{"the zone's last MX record would be deleted: a.example.com MX 10 mx.example.net."}},
		{about: "the only delegation", live: []rec{www, {"@", "NS", "ns1.example.net.", 60}, {"sub", "NS", "ns1.example.net.", 60}}, desired: []rec{www},
			want: []string{"the zone's last NS record of a delegation would be deleted: sub.example.com NS ns1.example.net."}},
		{about: "apex NS that are handed back", live: []rec{www, {"@", "NS", "ns1.example.net.", 60}}, desired: []rec{www}},
		{about: "the only address of the apex", live: []rec{www, {"@", "A", "192.0.2.1", 60}}, desired: []rec{www},
			want: []string{"the zone's last address at its apex would be deleted: example.com A 192.0.2.1"}},
		{about: "both addresses of the apex", live: []rec{www, {"@", "A", "192.0.2.1", 60}, {"@", "AAAA", "2001:db8::1", 60}}, desired: []rec{www},
			want: []string{"all of the zone's addresses at its apex would be deleted (2): example.com A 192.0.2.1 and the rest"}},
		{about: "an IPv6 address takes the place of the IPv4 one", live: []rec{{"@", "A", "192.0.2.1", 60}}, desired: []rec{{"@", "AAAA", "2001:db8::1", 60}}},
		{about: "an ALIAS stands in for the apex's address", live: []rec{www, {"@", "A", "192.0.2.1", 60}, {"@", "ALIAS", "a.example.net.", 60}}, desired: []rec{www}},
		{about: "the only address of another name", live: []rec{www, {"old", "A", "192.0.2.1", 60}}, desired: []rec{www}},
		{about: "a zone file that empties the zone has its own guard", live: []rec{{"@", "A", "192.0.2.1", 60}}, desired: nil,
			opts: plan.Options{Allow: plan.Allow{Empty: []string{"*"}}}},
		{about: "overridden", live: []rec{www, mx("@", "10 mx.example.net.")}, desired: []rec{www}, opts: plan.Options{Allow: plan.Allow{Last: []string{"example.com"}}}},
		{about: "overridden for another zone", live: []rec{www, mx("@", "10 mx.example.net.")}, desired: []rec{www}, opts: plan.Options{Allow: plan.Allow{Last: []string{"example.net"}}},
			want: []string{"the zone's last MX record would be deleted: example.com MX 10 mx.example.net."}},
		{about: "switched off", live: []rec{www, mx("@", "10 mx.example.net.")}, desired: []rec{www}, opts: plan.Options{NoLastGuard: true}},
	} {
		t.Run(c.about, func(t *testing.T) {
			z := plan.New([]plan.Input{{Desired: desired(t, c.desired...), Live: live(t, c.live...)}}, nil, c.opts).Zones[0]
			var got []string
			for _, r := range z.Refused {
				if r.Guard != plan.GuardLast || r.Override != "--allow-last example.com" {
					t.Errorf("refused by %v", r)
				}
				got = append(got, r.Reason)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("refused %q, want %q", got, c.want)
			}
		})
	}
}

// Drift that is left as it is deletes nothing.
func TestTheLastThatIsLeftIsNotRefused(t *testing.T) {
	git, mx := rec{"www", "A", "192.0.2.80", 60}, rec{"hand", "MX", "10 mx.example.net.", 60}
	apexAddress := rec{"@", "A", "192.0.2.1", 60}
	p := plan.New([]plan.Input{{Desired: desired(t, git), Live: live(t, git, mx, apexAddress), Base: &plan.Base{Zone: desired(t, git, apexAddress)}}}, nil, plan.Options{})
	if got := refusals(p); len(got) != 2 {
		t.Fatalf("refused %v", got)
	}
	p.LeaveDrift()
	if r := p.Zones[0].Refused; len(r) != 1 || !strings.Contains(r[0].Reason, "example.com A 192.0.2.1") {
		t.Errorf("with the MX left, refused %v", r)
	}
}

func TestADeletedZoneIsGuardedAsAWhole(t *testing.T) {
	absent := desired(t)
	absent.State = schema.Absent
	p := plan.New([]plan.Input{{Desired: absent, Live: live(t, rec{"@", "MX", "10 mx.example.net.", 60})}}, nil, plan.Options{})
	if got := refusals(p); !slices.Equal(got, []string{plan.GuardDeleteZone}) {
		t.Errorf("refused %v", got)
	}
}

// What drift would bring back counts only where it is brought back.
func TestTheLastGoesThoughDriftThatIsLeftWouldReplaceIt(t *testing.T) {
	www, v4, v6 := rec{"www", "A", "192.0.2.80", 60}, rec{"@", "A", "192.0.2.1", 60}, rec{"@", "AAAA", "2001:db8::1", 60}
	for _, allow := range []plan.Allow{{}, {Last: []string{"*"}}} {
		p := plan.New([]plan.Input{{Desired: desired(t, www, v6), Live: live(t, www, v4), Base: &plan.Base{Zone: desired(t, www, v4, v6)}}}, nil, plan.Options{Allow: allow})
		if got := refusals(p); len(got) != 0 {
			t.Fatalf("with the AAAA record to be created, refused %v", got)
		}
		p.LeaveDrift()
		z := &p.Zones[0]
		refused := slices.ContainsFunc(z.Refused, func(r plan.Refusal) bool { return strings.Contains(r.Reason, "example.com A 192.0.2.1") })
		if want := len(allow.Last) == 0; refused != want || want == (len(z.Overridden) == 1) {
			t.Errorf("allowed %v: refused %v, overridden %v", allow.Last, z.Refused, z.Overridden)
		}
	}
}
