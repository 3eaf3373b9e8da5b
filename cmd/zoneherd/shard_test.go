package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Whatever --zone and --changed select, the parts of it are together all of it,
// and no zone is in two.
func TestShardsDivideEverySelection(t *testing.T) {
	names := strings.Fields("a.example x.a.example y.x.a.example b.example x.b.example c.example bücher.example ä.bücher.example a.test b.test")
	rapid.Check(t, func(rt *rapid.T) {
		var zones []schema.Zone
		declared, was, is := map[schema.Name]bool{}, map[string]string{}, map[string]string{}
		b := &base{desired: &desired{config: source.NoConfig(), contents: was}, zones: map[schema.Name]*schema.Zone{}}
		for _, text := range names {
			if !rapid.Bool().Draw(rt, text) {
				continue
			}
			z := schema.Zone{Name: schema.MustName(text), Files: []string{text + ".yaml"}}
			zones, declared[z.Name] = append(zones, z), true
			is[z.Files[0]] = "new"
			was[z.Files[0]] = rapid.SampledFrom([]string{"new", "old"}).Draw(rt, "was")
			b.zones[z.Name] = &z
		}
		globs := rapid.SampledFrom([][]string{nil, {"*"}, {"a.*", "x.*"}, {"*.example"}, {"bücher.*", "?.bücher.example"}}).Draw(rt, "globs")
		changed := rapid.Bool().Draw(rt, "changed")
		selected := func(shard plan.Shard) []string {
			d := &desired{config: source.NoConfig(), declared: declared, contents: is}
			_ = d.selectZones(globs, slices.Clone(zones)) // that none matches is no matter here
			if changed {
				d.selectChanged(b)
			}
			d.selectShard(shard)
			var out []string
			for _, z := range d.zones {
				out = append(out, z.Name.Display())
			}
			return out
		}
		whole := selected(plan.Shard{})
		slices.Sort(whole)
		var parts []string
		n := rapid.IntRange(1, 6).Draw(rt, "parts")
		for i := 1; i <= n; i++ {
			shard, err := plan.ParseShard(fmt.Sprintf("%d/%d", i, n))
			if err != nil {
				rt.Fatal(err)
			}
			parts = append(parts, selected(shard)...)
		}
		slices.Sort(parts)
		if diff := cmp.Diff(whole, parts); diff != "" {
			rt.Fatalf("the parts are not the whole:\n%s", diff)
		}
	})
}
