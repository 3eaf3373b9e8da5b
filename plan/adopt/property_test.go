package adopt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/diff"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
	"github.com/zoneherd/zoneherd/source/edit/edittest"
)

// sane is a zone without what not even lenience declares.
func sane(z *schema.Zone) *schema.Zone {
	for i := range z.RRsets {
		for j := range z.RRsets[i].Values {
			z.RRsets[i].Values[j].Lenient = true
		}
	}
	// A warning may be about what is left alone then, too.
	return schematest.Without(z, func(p schema.Problem) bool {
		return p.Severity == schema.Error || strings.HasPrefix(p.Rule, "cname-")
	})
}

// divided is a zone in two parts, which may have parts of the same RRset.
func divided(t *rapid.T, z *schema.Zone) (own, included *schema.Zone) {
	own, included = &schema.Zone{Name: z.Name}, &schema.Zone{Name: z.Name}
	for _, s := range z.RRsets {
		n := rapid.IntRange(0, len(s.Values)).Draw(t, "of these")
		if rapid.Bool().Draw(t, "whole") {
			n = len(s.Values) * rapid.IntRange(0, 1).Draw(t, "where")
		}
		a, b := s, s
		a.Values, b.Values = s.Values[:n:n], s.Values[n:]
		if len(a.Values) > 0 {
			own.RRsets = append(own.RRsets, a)
		}
		if len(b.Values) > 0 {
			included.RRsets = append(included.RRsets, b)
		}
	}
	return own, included
}

// drifted is a zone after somebody has changed it by hand.
func drifted(t *rapid.T, z *schema.Zone) *schema.Zone {
	out := &schema.Zone{Name: z.Name}
	sets := map[schema.Key]schema.RRset{}
	for _, s := range z.RRsets {
		s.Values = slices.Clone(s.Values)
		sets[s.Key] = s
	}
	other := schematest.Zone(true).Draw(t, "other")
	for range rapid.IntRange(0, 3).Draw(t, "drifts") {
		if len(z.RRsets) > 0 && rapid.Bool().Draw(t, "change") {
			k := rapid.SampledFrom(z.RRsets).Draw(t, "RRset").Key
			s := sets[k]
			if len(s.Values) == 0 {
				continue
			}
			switch rapid.SampledFrom([]string{"goes", "TTL", "loses", "gains"}).Draw(t, "how") {
			case "goes":
				delete(sets, k)
				continue
			case "TTL":
				ttl := rapid.SampledFrom([]schema.TTL{0, 61, schema.DefaultTTL}).Draw(t, "new TTL")
				for i := range s.Values {
					s.Values[i].TTL = ttl
				}
			case "loses":
				if len(s.Values) > 1 {
					s.Values = s.Values[1:]
				}
			case "gains":
				for _, o := range other.RRsets {
					if o.Type == k.Type && k.Type != schema.TypeCNAME {
						s.Values = append(s.Values[rapid.IntRange(0, len(s.Values)-1).Draw(t, "from"):], schema.Value{Data: o.Values[0].Data, TTL: s.Values[0].TTL})
					}
				}
			}
			sets[k] = s
			continue
		}
		if len(other.RRsets) > 0 {
			s := rapid.SampledFrom(other.RRsets).Draw(t, "new")
			if owner, err := schema.ParseOwner(s.Name.Relative(other.Name), z.Name); err == nil {
				s.Name = owner
				sets[s.Key] = s
			}
		}
	}
	for _, s := range sets {
		var once []schema.Value
		for _, v := range s.Values {
			if !slices.ContainsFunc(once, func(o schema.Value) bool { return o.Data == v.Data }) {
				once = append(once, v)
			}
		}
		s.Values = once
		out.RRsets = append(out.RRsets, s)
	}
	slices.SortFunc(out.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return sane(out)
}

type fatal interface {
	Helper()
	Fatalf(string, ...any)
}

// onlyAbout wants a text to differ from another in the lines of some owner names
// alone, and every comment that has a line to itself to be there still.
func onlyAbout(t fatal, zone schema.Name, before, after []byte, names map[schema.Name]bool) {
	t.Helper()
	others := func(text []byte) (lines, comments []string) {
		about := edit.File{Name: "x", Text: text, Zone: zone}.Lines()
		for i, line := range strings.Split(string(text), "\n") {
			trimmed := strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(trimmed, "#"):
				comments = append(comments, trimmed)
			case trimmed == "", strings.HasPrefix(trimmed, "records:"): // which may come, or be {}
			case !slices.ContainsFunc(about[i+1], func(k schema.Key) bool { return names[k.Name] }):
				lines = append(lines, line)
			}
		}
		return lines, comments
	}
	lines, comments := others(before)
	linesAfter, commentsAfter := others(after)
	if !slices.Equal(lines, linesAfter) || !slices.Equal(comments, commentsAfter) {
		t.Fatalf("lines that are about something else are not the same:\n%s", diff.Diff("before", before, "after", after))
	}
}

func TestRandomDriftInRandomFilesIsAdopted(t *testing.T) {
	reasons := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		z := sane(schematest.Zone(true).Draw(t, "zone"))
		name, head := "zones/"+z.Name.Display()+".yaml", ""
		octodns := rapid.Bool().Draw(t, "octodns") && !strings.ContainsAny(z.Name.Display(), `/\`)
		if !octodns {
			name, head = "zones/z.yaml", "zone: "+source.Scalar(z.Name.Display())+"\n"+rapid.SampledFrom([]string{"", "ttl: 60\n"}).Draw(t, "ttl")
		}
		own := z
		files := fstest.MapFS{}
		comments := map[string][]string{}
		draw := func(name string, z *schema.Zone, octodns bool, head string) {
			f := edittest.Draw(t, z, octodns, head)
			if octodns && !f.OctoDNS {
				t.Skip("no records")
			}
			if laid, err := edit.Format("x", f.Text); err == nil && rapid.Bool().Draw(t, "laid out") {
				f.Text = laid
			}
			files[name] = &fstest.MapFile{Data: f.Text}
			comments[name] = f.Comments
		}
		if !octodns && rapid.IntRange(0, 2).Draw(t, "include") == 0 {
			var included *schema.Zone
			own, included = divided(t, z)
			head += "include: [../own/part.yaml]\n"
			draw("own/part.yaml", included, false, "")
		}
		draw(name, own, octodns, head)
		tree := &source.Tree{FS: files}
		paths := []source.Path{{Tree: tree, Name: "zones"}}
		read, err := source.Load(context.Background(), paths, options)
		if err != nil || read.Problems.Err() != nil || len(read.Zones) != 1 {
			t.Skip("not to be read")
		}
		live := drifted(t, &read.Zones[0])
		inputs := []plan.Input{{Desired: &read.Zones[0], Live: liveOf(live)}}
		opts := adopt.Options{Paths: paths, Source: options, Plan: plan.Options{NoDefaultIgnores: true, ManageApexNS: true}}
		got, err := adopt.New(context.Background(), inputs, opts)
		if err != nil {
			t.Fatal(err)
		}
		names := map[schema.Name]bool{}
		for _, c := range plan.New(inputs, nil, opts.Plan).Zones[0].Changes {
			names[c.Key.Name] = true
		}
		switch {
		case len(got.Refused) > 0:
			why := got.Refused[0].Error()
			if strings.Contains(why, "fault") || strings.Contains(why, "no YAML") || strings.Contains(why, "meet in one place") || strings.Contains(why, "lost") {
				t.Fatalf("%s\n%s\n%v", why, files[name].Data, schematest.Lines(live))
			}
			reasons[why[strings.LastIndex(why, ":"):]]++
			return
		case len(names) == 0:
			if len(got.Files) > 0 {
				t.Fatalf("nothing has drifted, and there are %d files", len(got.Files))
			}
			return
		}
		gone := map[string]int{}
		for _, n := range got.Notes {
			if n.Rule == "comment" {
				gone[n.Position.File]++
			}
			if n.Rule == "lenient" {
				for _, s := range live.RRsets {
					if strings.HasPrefix(n.Message, fmt.Sprint(s.Name.Display(), " ", s.Type)) {
						names[s.Name] = true
					}
				}
			}
		}
		texts, all := map[string][]byte{}, ""
		for _, f := range got.Files {
			texts[f.Path.Name] = f.After
			onlyAbout(t, z.Name, f.Before, f.After, names)
		}
		for name, f := range files {
			if texts[name] == nil {
				texts[name] = f.Data
			}
			all += string(texts[name])
			for _, c := range comments[name] {
				if !strings.Contains(string(texts[name]), c) {
					gone[name]--
				}
			}
			if gone[name] != 0 {
				t.Fatalf("the comments that are lost are not those that are said to go (%d more):\n%s", gone[name], diff.Diff("before", f.Data, "after", texts[name]))
			}
		}
		again, err := source.Load(context.Background(), []source.Path{{Tree: tree.With(texts), Name: "zones"}}, options)
		if err != nil || again.Problems.Err() != nil {
			t.Fatal(err, again.Problems)
		}
		inputs[0].Desired = &again.Zones[0]
		if p := plan.New(inputs, nil, opts.Plan); p.Pending() {
			t.Fatalf("the plan is not empty afterwards: %v\n%s", p.Zones[0].Changes, all)
		}
	})
	for why, n := range reasons {
		t.Logf("refused %d: %s", n, why)
	}
}
