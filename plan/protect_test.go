package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// external-dns's mark keeps its names from being touched, and so is not touched
// itself, also where git declares other texts beside it.
func TestTheMarkOfExternalDNSStaysBesideDeclaredTexts(t *testing.T) {
	want := desired(t, rec{"@", "TXT", `"v=spf1 -all"`, 60}, rec{"www", "A", "192.0.2.1", 60})
	have := live(t, rec{"@", "TXT", `"v=spf1 -all"`, 60}, rec{"@", "TXT", `"heritage=external-dns,external-dns/owner=k8s"`, 60},
		rec{"@", "A", "192.0.2.9", 60}, rec{"www", "A", "192.0.2.1", 60})
	if p := plan.New([]plan.Input{{Desired: want, Live: have}}, nil, everything); p.Pending() {
		t.Errorf("the plan has %v", p.Zones[0].Changes)
	}
	off := everything
	off.NoDefaultIgnores = true
	if p := plan.New([]plan.Input{{Desired: want, Live: have}}, nil, off); p.Summary.Delete != 2 {
		t.Errorf("without the built-in rules %d records are deleted, want 2", p.Summary.Delete)
	}
}

func refusals(p *plan.Plan) []string {
	var out []string
	for _, z := range p.Zones {
		for _, r := range z.Refused {
			out = append(out, r.Guard)
		}
	}
	return out
}

func TestAFileWhoseRecordsCannotBeWrittenDoesNotEmptyAZone(t *testing.T) {
	p := plan.New([]plan.Input{{
		Desired: desired(t, rec{"@", "NS", "ns1.example.net.", 60}),
		Live:    live(t, rec{"@", "A", "192.0.2.1", 60}, rec{"@", "MX", "10 mx.example.net.", 60}),
	}}, nil, plan.Options{})
	if got := refusals(p); len(got) != 1 || got[0] != plan.GuardEmpty {
		t.Errorf("refused %v, want %s", got, plan.GuardEmpty)
	}
}

func TestMoreZonesThanARunMayChangeAreRefused(t *testing.T) {
	other := desired(t, rec{"www", "A", "192.0.2.1", 60})
	other.Name = schema.MustName("example.net")
	inputs := []plan.Input{{Desired: desired(t, rec{"www", "A", "192.0.2.1", 60})}, {Desired: other}}
	if got := refusals(plan.New(inputs, nil, plan.Options{MaxZones: 1})); len(got) != 2 || got[0] != plan.GuardMaxZones {
		t.Errorf("refused %v", got)
	}
	if got := refusals(plan.New(inputs, nil, plan.Options{MaxZones: 2})); got != nil {
		t.Errorf("refused %v", got)
	}
	third := desired(t, rec{"www", "A", "192.0.2.1", 60})
	third.Name = schema.MustName("example.org")
	inputs = append(inputs, plan.Input{Desired: third})
	if got := refusals(plan.New(inputs, nil, plan.Options{MaxZones: 1, Allow: plan.Allow{MaxZones: []string{"example.net"}}})); len(got) != 2 {
		t.Errorf("of three zones, one of them allowed, refused %v", got)
	}
	p := plan.New(inputs, nil, plan.Options{MaxZones: 1, Allow: plan.Allow{MaxZones: []string{"example.net", "example.org"}}})
	if p.Refused() || len(p.Zones[0].Overridden) != 0 || len(p.Zones[1].Overridden) != 1 || len(p.Zones[2].Overridden) != 1 {
		t.Errorf("with two of three allowed, refused %v, zones %v", refusals(p), p.Zones)
	}
}

// What a run may not write at all concerns the zones that it would write to.
func TestARunIsRefusedWhereItWrites(t *testing.T) {
	quiet, other := desired(t, rec{"www", "A", "192.0.2.1", 60}), desired(t, rec{"www", "A", "192.0.2.1", 60})
	other.Name = schema.MustName("example.net")
	for name, c := range map[string]struct {
		allow plan.Allow
		want  []string
	}{
		"no override":            {plan.Allow{}, []string{plan.GuardAccount}},
		"its own override":       {plan.Allow{Account: []string{"example.net"}}, nil},
		"another zone's":         {plan.Allow{Account: []string{"example.com"}}, []string{plan.GuardAccount}},
		"another guard's":        {plan.Allow{Token: []string{"*"}}, []string{plan.GuardAccount}},
		"a glob, whatever where": {plan.Allow{Account: []string{"*.NET"}}, nil},
	} {
		p := plan.New([]plan.Input{{Desired: quiet, Live: live(t, rec{"www", "A", "192.0.2.1", 60})}, {Desired: other}}, nil, plan.Options{})
		p.RefuseWrites(plan.GuardAccount, "the account is another", c.allow)
		if got := refusals(p); !slices.Equal(got, c.want) {
			t.Errorf("%s: refused %v, want %v", name, got, c.want)
		}
		if len(p.Zones[0].Refused)+len(p.Zones[0].Overridden) > 0 {
			t.Errorf("%s: a zone that nothing is written to has %v", name, p.Zones[0])
		}
		if override := "--allow-account example.net"; c.want != nil && p.Zones[1].Refused[0].Override != override {
			t.Errorf("%s: the override is %q", name, p.Zones[1].Refused[0].Override)
		}
	}
}

// `allow:` in a zone file is a flag that is reviewed with the change: it counts
// while base lacks it.
func TestAllowInAFileCountsOnlyWhileItIsNew(t *testing.T) {
	with := func(allow bool) *schema.Zone {
		z := desired(t, rec{"stays", "A", "192.0.2.1", 60})
		if allow {
			z.Allow = []schema.Allowance{{Guard: "deletes", Position: schema.Position{File: "f", Line: 1, Column: 1}}}
		}
		return z
	}
	have := live(t, rec{"stays", "A", "192.0.2.1", 60}, rec{"a", "A", "192.0.2.1", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"c", "A", "192.0.2.1", 60})
	for name, c := range map[string]struct {
		base    *plan.Base
		refused bool
		warning string
	}{
		"without a base":      {nil, true, "counts only in a plan with --base"},
		"new with the change": {&plan.Base{Zone: with(false)}, false, ""},
		"left behind":         {&plan.Base{Zone: with(true)}, true, "was there before and no longer counts"},
		"base is unreadable":  {&plan.Base{Unknown: true}, true, "does not count"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan.New([]plan.Input{{Desired: with(true), Live: have, Base: c.base}}, nil, plan.Options{})
			if p.Refused() != c.refused {
				t.Errorf("refused %v", refusals(p))
			}
			if got := strings.Join(p.Zones[0].Warnings, "\n"); !strings.Contains(got, c.warning) || c.warning == "" && got != "" {
				t.Errorf("warnings %q, want %q", got, c.warning)
			}
		})
	}
}
