package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// trio is a small zone as base, head and live have it, and by which settings.
// The model of causes below knows nothing else: records are text.
type trio struct {
	base, head, live         []rec
	unknown, missing, absent bool // base could not be read, lacks the zone, declares it absent
	headSets, baseSets       settings
}

type settings struct {
	pruneNone, noDefaults bool
	ignore                int    // of ignorable, -1 for none
	held                  string // the name that is held, "" for none
}

var ignorable = []struct {
	pattern plan.Pattern
	covers  func(rec) bool
}{
	{plan.Pattern{Name: "a"}, func(r rec) bool { return r.name == "a" }},
	{plan.Pattern{Types: []schema.Type{schema.TypeTXT}}, func(r rec) bool { return r.kind == "TXT" }},
	{plan.Pattern{Name: "b", Value: "192.0.2.1"}, func(r rec) bool { return r.name == "b" && r.data == "192.0.2.1" }},
}

// declarable reports whether the settings let a file declare the record.
func (s settings) declarable(r rec) bool {
	return r.name != s.held && (s.ignore < 0 || !ignorable[s.ignore].covers(r))
}

func (s settings) options() plan.Options {
	o := everything
	if s.pruneNone {
		o.Prune = plan.PruneNone
	}
	if s.ignore >= 0 {
		o.Ignore = []plan.Pattern{ignorable[s.ignore].pattern}
	}
	o.NoDefaultIgnores = s.noDefaults
	return o
}

// looksAway reports whether the settings leave a live record alone whatever
// else is declared; declared tells whether its RRset is.
func (s settings) looksAway(r rec, declared bool) bool {
	challenge := r.name == "_acme-challenge" && r.kind == "TXT"
	return !s.declarable(r) || challenge && !declared && !s.noDefaults
}

func (r rec) key() string  { return r.name + " " + r.kind }
func (r rec) text() string { return fmt.Sprint(r.ttl, " ", r.data) }

// all are the owner names and types that are drawn, with their data.
var all = []struct {
	name, kind string
	data       []string
}{
	{"@", "TXT", []string{`"one"`, `"two"`, `"three"`}},
	{"a", "A", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
	{"a", "TXT", []string{`"one"`, `"two"`, `"three"`}},
	{"b", "A", []string{"192.0.2.1", "192.0.2.2", "198.51.100.1"}},
	{"c", "MX", []string{"10 a.example.com.", "20 a.example.com.", "10 mx.example.net."}},
	{"d", "CNAME", []string{"a.example.com.", "b.example.com."}},
	{"_acme-challenge", "TXT", []string{`"one"`, `"two"`}},
}

// drawTrio draws a trio: most RRsets of head are base's, and those of live are
// base's, head's, something of both, or anything.
func drawTrio(t *rapid.T) trio {
	draw := func(set int, label string, live bool) (out []rec) {
		s := all[set]
		ttl := rapid.SampledFrom([]schema.TTL{60, 300})
		one := ttl.Draw(t, label+" ttl")
		for _, d := range s.data {
			r := rec{s.name, s.kind, d, one}
			if live {
				r.ttl = ttl.Draw(t, label+" its ttl")
			}
			n := rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2}).Draw(t, label+" "+d)
			if n == 2 && !live || s.kind == "CNAME" && len(out) > 0 {
				n = 0
			}
			for range n {
				out = append(out, r)
			}
		}
		return out
	}
	drawSettings := func(label string) settings {
		return settings{rapid.Bool().Draw(t, label+" prune none"), rapid.Bool().Draw(t, label+" no defaults"),
			rapid.IntRange(-3, len(ignorable)-1).Draw(t, label+" ignore"), rapid.SampledFrom([]string{"", "", "b", "c"}).Draw(t, label+" held")}
	}
	c := trio{headSets: drawSettings("head"), baseSets: drawSettings("base")}
	switch rapid.IntRange(0, 9).Draw(t, "base is") {
	case 0:
		c.unknown = true
	case 1:
		c.missing = true
	case 2:
		c.absent = true
	}
	for i := range all {
		var b, h, l []rec
		if !c.missing && !c.absent {
			b = draw(i, "base", false)
		}
		h = b
		if rapid.Bool().Draw(t, "git changes it") {
			h = draw(i, "head", false)
		}
		b = slices.DeleteFunc(slices.Clone(b), func(r rec) bool { return !c.baseSets.declarable(r) })
		h = slices.DeleteFunc(slices.Clone(h), func(r rec) bool { return !c.headSets.declarable(r) })
		switch rapid.IntRange(0, 4).Draw(t, "live is") {
		case 0, 1:
			l = b
		case 2:
			l = h
		case 3:
			for _, r := range slices.Concat(b, h) {
				if rapid.Bool().Draw(t, "some") {
					l = append(l, r)
				}
			}
		default:
			l = draw(i, "live", true)
		}
		c.base, c.head, c.live = append(c.base, b...), append(c.head, h...), append(c.live, l...)
	}
	return c
}

func (c trio) plan(t *testing.T) *plan.Plan {
	hold := func(z *schema.Zone, s settings) *schema.Zone {
		if s.held != "" {
			name, err := schema.ParseOwner(s.held, apex)
			if err != nil {
				t.Fatal(err)
			}
			z.Held = []schema.Held{{Name: name, Reason: "held"}}
		}
		return z
	}
	base := &plan.Base{Unknown: c.unknown, Options: c.baseSets.options()}
	if !c.missing {
		base.Zone = hold(desired(t, c.base...), c.baseSets)
	}
	if c.absent {
		base.Zone.State = schema.Absent
	}
	return plan.New([]plan.Input{{Desired: hold(desired(t, c.head...), c.headSets), Live: live(t, c.live...), Base: base}}, nil, c.headSets.options())
}

// of gives the records of an RRset as text, sorted.
func of(key string, recs []rec) (out []string) {
	for _, r := range recs {
		if r.key() == key {
			out = append(out, r.text())
		}
	}
	slices.Sort(out)
	return out
}

// causes is the model: by RRset, the cause of its changes or that it is live.
func (c trio) causes() map[string]string {
	out := map[string]string{}
	for _, s := range all {
		k := rec{name: s.name, kind: s.kind}.key()
		b, h := of(k, c.base), of(k, c.head)
		var seen []rec
		for _, r := range c.live {
			if r.key() == k && !c.headSets.looksAway(r, len(h) > 0) {
				seen = append(seen, r)
			}
		}
		l := of(k, seen)
		switch {
		case c.unknown:
			if !slices.Equal(h, l) && !(len(h) == 0 && c.headSets.pruneNone) {
				out[k] = "no cause"
			}
		case len(h) == 0 && len(l) == 0: // nothing to do; told where it is git's doing, and nothing is hidden there
			if len(b) > 0 && len(of(k, c.live)) == 0 {
				out[k] = "live already"
			}
		case len(h) == 0 && c.headSets.pruneNone:
		case slices.Equal(l, h):
			if !slices.Equal(b, h) {
				out[k] = "live already"
			}
		case slices.Equal(b, h):
			out[k] = string(plan.Drift)
			hidden := func(r rec) bool { return c.baseSets.looksAway(r, false) }
			if len(b) == 0 && (c.missing || c.absent || c.baseSets.pruneNone || !slices.ContainsFunc(seen, func(r rec) bool { return !hidden(r) })) {
				out[k] = string(plan.Intended)
			}
		case slices.Equal(l, b), onTheWay(b, h, l):
			out[k] = string(plan.Intended)
		default:
			out[k] = string(plan.Conflict)
		}
	}
	return out
}

// onTheWay reports whether live is what writes from base to head, each done or
// not, may leave: no record twice.
func onTheWay(base, head, live []string) bool {
	for i, r := range live {
		if slices.Contains(live[:i], r) || !slices.Contains(base, r) && !slices.Contains(head, r) {
			return false
		}
	}
	for _, r := range base {
		if slices.Contains(head, r) && !slices.Contains(live, r) {
			return false
		}
	}
	return len(live) >= min(len(base), len(head)) && len(live) <= max(len(base), len(head))
}

// The plan's causes are the model's, RRset by RRset, and are counted rightly.
func TestCausesAreThoseOfTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawTrio(rt)
		p := c.plan(t)
		got, drift, conflict := map[string]string{}, 0, 0
		for _, ch := range p.Zones[0].Changes {
			k := ch.Key.Name.Relative(apex) + " " + string(ch.Key.Type)
			cause := string(ch.Cause)
			if cause == "" {
				cause = "no cause"
			}
			if was, ok := got[k]; ok && was != cause {
				rt.Fatalf("%s has the causes %q and %q", k, was, cause)
			}
			if got[k] == "" && ch.Cause == plan.Drift {
				drift++
			}
			if got[k] == "" && ch.Cause == plan.Conflict {
				conflict++
			}
			got[k] = cause
		}
		for _, k := range p.Zones[0].AlreadyLive {
			got[k.Key.Name.Relative(apex)+" "+string(k.Key.Type)] += "live already"
		}
		if diff := cmp.Diff(c.causes(), got); diff != "" {
			rt.Fatalf("causes (-model +plan):\n%s\n%+v", diff, c)
		}
		for _, s := range []plan.Summary{p.Summary, p.Zones[0].Summary} {
			if s.Drift != drift || s.Conflict != conflict {
				rt.Fatalf("%d drift and %d conflict are counted, of %d and %d", s.Drift, s.Conflict, drift, conflict)
			}
		}
	})
}

// What a reviewer approves stays the same while live drifts where base → head
// changes nothing, and while its own intended changes are carried out, RRset by
// RRset or write by write.
func TestTheDigestSurvivesDriftElsewhereAndAPartialApply(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawTrio(rt)
		c.unknown = false
		before := c.plan(t)

		drifted, other := c, drawTrio(rt)
		drifted.live = slices.DeleteFunc(slices.Clone(c.live), func(r rec) bool { return slices.Equal(of(r.key(), c.base), of(r.key(), c.head)) })
		for _, r := range other.live {
			if slices.Equal(of(r.key(), c.base), of(r.key(), c.head)) {
				drifted.live = append(drifted.live, r)
			}
		}
		if p := drifted.plan(t); p.Digest != before.Digest || p.Zones[0].Digest != before.Zones[0].Digest {
			rt.Fatalf("drift elsewhere moved the digest: %+v, then live %v", c, drifted.live)
		}

		applied := c
		applied.live = slices.Clone(c.live)
		whole := map[schema.Key]bool{}
		for _, ch := range before.Zones[0].Changes {
			if _, ok := whole[ch.Key]; !ok {
				whole[ch.Key] = rapid.Bool().Draw(rt, "the whole RRset")
			}
			if ch.Cause == plan.Intended && (whole[ch.Key] || rapid.Bool().Draw(rt, "this write")) {
				applied.live = carryOut(applied.live, ch)
			}
		}
		after := applied.plan(t)
		if after.Digest != before.Digest || after.Zones[0].Digest != before.Zones[0].Digest {
			rt.Fatalf("applying it in part moved the digest: %+v, then live %v", c, applied.live)
		}
		if after.Summary.Conflict != before.Summary.Conflict {
			rt.Fatalf("applying it in part made a conflict: %+v, then live %v", c, applied.live)
		}
	})
}

// carryOut is live after one write.
func carryOut(live []rec, c plan.Change) []rec {
	as := func(r *plan.Record) rec {
		return rec{c.Key.Name.Relative(apex), string(c.Key.Type), r.Data.String(), r.TTL}
	}
	if c.Before != nil {
		i := slices.Index(live, as(c.Before))
		live = slices.Delete(live, i, i+1)
	}
	if c.After != nil {
		live = append(live, as(c.After))
	}
	return live
}
