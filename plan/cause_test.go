package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// Each cell of the table of causes, by name: what base, head and live have at
// one name, "" for nothing.
func TestEachCellOfTheTableOfCauses(t *testing.T) {
	one, two, three := "192.0.2.1", "192.0.2.2", "192.0.2.3"
	for name, c := range map[string]struct {
		base, head, live string
		cause            plan.Cause
		writes           int
		already          int
	}{
		"all the same":                   {one, one, one, "", 0, 0},
		"only live differs":              {one, one, two, plan.Drift, 1, 0},
		"live has lost it":               {one, one, "", plan.Drift, 1, 0},
		"git changes it":                 {one, two, one, plan.Intended, 1, 0},
		"git adds it":                    {"", one, "", plan.Intended, 1, 0},
		"git takes it away":              {one, "", one, plan.Intended, 1, 0},
		"git's change is live":           {one, two, two, "", 0, 1},
		"git's addition is live":         {"", one, one, "", 0, 1},
		"git's removal is live":          {one, "", "", "", 0, 1},
		"live is neither":                {one, two, three, plan.Conflict, 1, 0},
		"git adds what is live as other": {"", one, two, plan.Conflict, 1, 0},
		"git takes away what changed":    {one, "", two, plan.Conflict, 1, 0},
		"live lost what git changes":     {one, two, "", plan.Conflict, 1, 0},
		"nobody declared it":             {"", "", one, plan.Drift, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			recs := func(addr string) []rec {
				out := []rec{{"stays", "A", "192.0.2.9", 60}}
				if addr != "" {
					out = append(out, rec{"www", "A", addr, 60})
				}
				return out
			}
			p := plan.New([]plan.Input{{Desired: desired(t, recs(c.head)...), Live: live(t, recs(c.live)...),
				Base: &plan.Base{Zone: desired(t, recs(c.base)...)}}}, nil, everything)
			z := p.Zones[0]
			if len(z.Changes) != c.writes || len(z.AlreadyLive) != c.already {
				t.Fatalf("%d changes and %d already live, want %d and %d", len(z.Changes), len(z.AlreadyLive), c.writes, c.already)
			}
			for _, ch := range z.Changes {
				if ch.Cause != c.cause {
					t.Errorf("the cause is %q, want %q", ch.Cause, c.cause)
				}
			}
		})
	}
}

func TestWhatBaseLeftAloneIsIntendedToGo(t *testing.T) {
	head := desired(t, rec{"www", "A", "192.0.2.1", 60})
	have := live(t, rec{"www", "A", "192.0.2.1", 60}, rec{"old", "A", "192.0.2.2", 60})
	for name, c := range map[string]struct {
		base *plan.Base
		want plan.Cause
	}{
		"prune was all":          {&plan.Base{Zone: head}, plan.Drift},
		"prune was none":         {&plan.Base{Zone: head, Options: plan.Options{Prune: plan.PruneNone}}, plan.Intended},
		"it was ignored":         {&plan.Base{Zone: head, Options: plan.Options{Ignore: []plan.Pattern{{Name: "old"}}}}, plan.Intended},
		"the zone was not there": {&plan.Base{}, plan.Intended},
		"base is unreadable":     {&plan.Base{Unknown: true}, plan.NoCause},
	} {
		t.Run(name, func(t *testing.T) {
			z := plan.New([]plan.Input{{Desired: head, Live: have, Base: c.base}}, nil, everything).Zones[0]
			if len(z.Changes) != 1 || z.Changes[0].Cause != c.want {
				t.Errorf("changes %v, cause %q, want %q", z.Changes, z.Changes[0].Cause, c.want)
			}
		})
	}
	marked := live(t, rec{"www", "A", "192.0.2.1", 60}, rec{"old", "A", "192.0.2.2", 60}, rec{"a-old", "TXT", `"heritage=external-dns"`, 60})
	freed := everything
	freed.NoDefaultIgnores = true
	for _, c := range plan.New([]plan.Input{{Desired: head, Live: marked, Base: &plan.Base{Zone: head}}}, nil, freed).Zones[0].Changes {
		if c.Cause != plan.Intended {
			t.Errorf("%s, which external-dns held, goes for %q", c, c.Cause)
		}
	}
	z := plan.New([]plan.Input{{Desired: head, Live: have, Base: &plan.Base{}}}, nil, plan.Options{}).Zones[0]
	if len(z.Refused) != 1 || z.Refused[0].Guard != plan.GuardAdoption || z.Refused[0].Override != "--allow-deletes example.com" {
		t.Errorf("a zone that is new to git: refused %v", z.Refused)
	}
}

// A zone is new to git too where base declared it absent, and where base could
// not be read: nothing of what is live there is deleted for that.
func TestNothingIsDeletedWhereBaseDidNotHaveTheZone(t *testing.T) {
	head := desired(t, rec{"www", "A", "192.0.2.1", 60})
	have := live(t, rec{"www", "A", "192.0.2.1", 60}, rec{"old", "A", "192.0.2.2", 60})
	absent := desired(t)
	absent.State = schema.Absent
	for name, base := range map[string]*plan.Base{
		"absent":          {Zone: absent},
		"not there":       {},
		"unreadable":      {Unknown: true},
		"unreadable file": {Zone: desired(t, rec{"www", "A", "192.0.2.1", 60}), Unknown: true},
	} {
		z := plan.New([]plan.Input{{Desired: head, Live: have, Base: base}}, nil, plan.Options{}).Zones[0]
		if len(z.Refused) != 1 || z.Refused[0].Guard != plan.GuardAdoption {
			t.Errorf("%s: refused %v", name, z.Refused)
		}
		if !base.Unknown && z.Changes[0].Cause != plan.Intended {
			t.Errorf("%s: the cause is %q", name, z.Changes[0].Cause)
		}
	}
	if z := plan.New([]plan.Input{{Desired: head, Live: have, Base: &plan.Base{Zone: head}}}, nil, plan.Options{}).Zones[0]; len(z.Refused) > 0 {
		t.Errorf("a zone that base has: refused %v", z.Refused)
	}
}

func TestAnRRsetThatIsAppliedInPartStaysIntended(t *testing.T) {
	a := func(addrs ...string) (out []rec) {
		for _, addr := range addrs {
			out = append(out, rec{"www", "A", addr, 60})
		}
		return out
	}
	base, head := desired(t, a("192.0.2.1", "192.0.2.2")...), desired(t, a("198.51.100.1", "203.0.113.2")...)
	at := func(addrs ...string) *plan.Plan {
		return plan.New([]plan.Input{{Desired: head, Live: live(t, a(addrs...)...), Base: &plan.Base{Zone: base}}}, nil, everything)
	}
	before, half, foreign := at("192.0.2.1", "192.0.2.2"), at("198.51.100.1", "192.0.2.2"), at("198.51.100.9", "192.0.2.2")
	if half.Zones[0].Changes[0].Cause != plan.Intended || half.Digest != before.Digest {
		t.Errorf("half done: the cause is %q, the digest moved: %v", half.Zones[0].Changes[0].Cause, half.Digest != before.Digest)
	}
	if foreign.Zones[0].Changes[0].Cause != plan.Conflict || foreign.Digest == before.Digest {
		t.Errorf("somebody else's: the cause is %q", foreign.Zones[0].Changes[0].Cause)
	}
}

// An apply that is interrupted between the records of an RRset that it creates,
// or removes, leaves nothing that git did not say.
func TestAnRRsetThatIsCreatedOrRemovedInPartStaysIntended(t *testing.T) {
	one, two := rec{"@", "MX", "10 mx1.example.net.", 60}, rec{"@", "MX", "20 mx2.example.net.", 60}
	for name, c := range map[string]struct{ base, head, before, half, foreign []rec }{
		"created": {nil, []rec{one, two}, nil, []rec{one}, []rec{{"@", "MX", "10 mx1.example.net.", 61}}},
		"removed": {[]rec{one, two}, nil, []rec{one, two}, []rec{two}, []rec{{"@", "MX", "20 mx2.example.net.", 61}}},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(l []rec) *plan.Plan {
				return plan.New([]plan.Input{{Desired: desired(t, c.head...), Live: live(t, l...), Base: &plan.Base{Zone: desired(t, c.base...)}}}, nil, everything)
			}
			before, half, foreign := at(c.before), at(c.half), at(c.foreign)
			if half.Zones[0].Changes[0].Cause != plan.Intended || half.Digest != before.Digest {
				t.Errorf("half done: the cause is %q, the digest moved: %v", half.Zones[0].Changes[0].Cause, half.Digest != before.Digest)
			}
			if foreign.Zones[0].Changes[0].Cause != plan.Conflict || foreign.Digest == before.Digest {
				t.Errorf("somebody else's: the cause is %q", foreign.Zones[0].Changes[0].Cause)
			}
		})
	}
}

// The digest of a three-way plan is what a reviewer approves: it stays the same
// while the change is applied in part and while live drifts elsewhere, equals
// the one without a live side, and moves with a conflict and with the change.
func TestTheDigestOfAThreeWayPlanIsOverTheChange(t *testing.T) {
	base := desired(t, rec{"a", "A", "192.0.2.1", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"gone", "A", "192.0.2.1", 60})
	head := desired(t, rec{"a", "A", "192.0.2.2", 60}, rec{"b", "A", "192.0.2.2", 60})
	digest := func(head *schema.Zone, l ...rec) plan.Digest {
		return plan.New([]plan.Input{{Desired: head, Live: live(t, l...), Base: &plan.Base{Zone: base}}}, nil, everything).Digest
	}
	offline := digest(head, rec{"a", "A", "192.0.2.1", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"gone", "A", "192.0.2.1", 60})
	for i, l := range [][]rec{
		{{"a", "A", "192.0.2.2", 60}, {"b", "A", "192.0.2.1", 60}, {"gone", "A", "192.0.2.1", 60}},
		{{"a", "A", "192.0.2.2", 60}, {"b", "A", "192.0.2.2", 60}},
		{{"a", "A", "192.0.2.1", 60}, {"b", "A", "192.0.2.1", 60}, {"gone", "A", "192.0.2.1", 60}, {"drift", "TXT", `"x"`, 60}},
	} {
		if got := digest(head, l...); got != offline {
			t.Errorf("live %d: the digest moved", i)
		}
	}
	conflict := digest(head, rec{"a", "A", "192.0.2.7", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"gone", "A", "192.0.2.1", 60})
	other := digest(desired(t, rec{"a", "A", "192.0.2.3", 60}, rec{"b", "A", "192.0.2.2", 60}), rec{"a", "A", "192.0.2.1", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"gone", "A", "192.0.2.1", 60})
	if conflict == offline || other == offline || conflict == other {
		t.Errorf("digests that ought to differ: %v", []string{fmt.Sprint(offline), fmt.Sprint(conflict), fmt.Sprint(other)})
	}
}

// A service may list `www.example.com` for the name www.example.com and for
// www.example.com.example.com: what git declares, or declared, tells which.
// Who reviews the deletion of a zone has seen what it holds.
func TestTheDigestOfADeletedZoneIsOverWhatItHolds(t *testing.T) {
	www := rec{"www", "A", "192.0.2.1", 60}
	absent := desired(t)
	absent.State = schema.Absent
	digest := func(l ...rec) plan.Digest {
		return plan.New([]plan.Input{{Desired: absent, Live: live(t, l...), Base: &plan.Base{Zone: desired(t, www)}}}, nil, everything).Digest
	}
	if digest(www) == digest(www, rec{"new", "A", "192.0.2.2", 60}) {
		t.Error("the digest is the same though the zone holds more")
	}
}

func TestGitTellsHowToReadANameThatRepeatsTheZone(t *testing.T) {
	plain := rec{"www", "A", "192.0.2.1", 60}
	twice := rec{"www.example.com", "A", "192.0.2.1", 60}
	other := rec{"www.example.com", "A", "192.0.2.2", 60}
	for name, c := range map[string]struct {
		base, head, live []rec // a live record of the deeper name is listed in the form of two readings
		want             []string
		refused          bool
	}{
		"declared at neither":               {nil, []rec{other}, []rec{twice}, nil, true},
		"taken away":                        {[]rec{twice}, nil, []rec{twice}, []string{"1 delete www.example.com A -192.0.2.1/60"}, false},
		"changed":                           {[]rec{twice}, []rec{other}, []rec{twice}, []string{"1 update www.example.com A -192.0.2.1/60 +192.0.2.2/60"}, false},
		"declared at both, and live":        {nil, []rec{plain, twice}, []rec{twice, plain}, nil, false},
		"taken away from both":              {[]rec{plain, twice}, nil, []rec{twice, plain}, []string{"1 delete www.example.com A -192.0.2.1/60", "1 delete www A -192.0.2.1/60"}, false},
		"the deeper one is taken away":      {[]rec{plain, twice}, []rec{plain}, []rec{twice, plain}, []string{"1 delete www.example.com A -192.0.2.1/60"}, false},
		"the deeper one was never declared": {nil, []rec{plain}, []rec{twice, plain}, []string{"1 delete www.example.com A -192.0.2.1/60"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := live(t, c.live...)
			for i := range l.Records {
				if l.Records[i].Name != schema.MustName("www.example.com") {
					l.Records[i].Name, l.Records[i].Alternative = schema.MustName("www.example.com"), l.Records[i].Name
				}
			}
			in := plan.Input{Desired: desired(t, c.head...), Live: l}
			if c.base != nil {
				in.Base = &plan.Base{Zone: desired(t, c.base...)}
			}
			p := plan.New([]plan.Input{in}, nil, everything)
			if p.Refused() != c.refused {
				t.Fatalf("refused %v", p.Zones[0].Refused)
			}
			if diff := cmp.Diff(c.want, lines(p)); diff != "" && !c.refused {
				t.Error(diff)
			}
			for _, ch := range p.Zones[0].Changes {
				if in.Base != nil && ch.Cause != plan.Intended {
					t.Errorf("%v: the cause is %q", ch, ch.Cause)
				}
			}
		})
	}
}

// Moved by one level with the same data, the record that is live looks the same
// before and after.
func TestARecordThatMayHaveMovedALevelIsToldOf(t *testing.T) {
	up, down := rec{"www", "A", "192.0.2.1", 60}, rec{"www.example.com", "A", "192.0.2.1", 60}
	for _, c := range [][2]rec{{up, down}, {down, up}} {
		l := live(t, up)
		l.Records[0].Alternative = schema.MustName("www.example.com.example.com")
		in := plan.Input{Desired: desired(t, c[1]), Live: l, Base: &plan.Base{Zone: desired(t, c[0])}}
		z := plan.New([]plan.Input{in}, nil, everything).Zones[0]
		if len(z.Changes) > 0 || len(z.Warnings) != 1 || !strings.Contains(z.Warnings[0], "look whether it answers there") {
			t.Errorf("changes %v, warnings %v", z.Changes, z.Warnings)
		}
	}
}
