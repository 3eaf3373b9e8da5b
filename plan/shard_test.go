package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// shardOf is the part, of so many, that a zone is in: there is exactly one.
func shardOf(t interface{ Fatalf(string, ...any) }, zone schema.Name, parts int, declared map[schema.Name]bool) int {
	in := 0
	for i := 1; i <= parts; i++ {
		s, err := plan.ParseShard(fmt.Sprintf("%d/%d", i, parts))
		if err != nil {
			t.Fatalf("%v", err)
		}
		if !s.Holds(zone, declared) {
			continue
		}
		if in > 0 {
			t.Fatalf("%s is in the parts %d and %d of %d", zone, in, i, parts)
		}
		in = i
	}
	if in == 0 {
		t.Fatalf("%s is in none of %d parts", zone, parts)
	}
	return in
}

// The parts that zones are in are remembered outside of the program, by jobs
// and by people. The numbers are those of
// printf NAME | sha256sum | cut -c 1-16, modulo 2, 3, 4 and 7, plus 1.
func TestAZoneStaysInItsShard(t *testing.T) {
	for text, want := range map[string][4]int{
		"a.example":             {1, 1, 3, 5},
		"b.example":             {2, 1, 4, 7},
		"z.example":             {2, 2, 2, 3},
		"Example.COM":           {2, 2, 2, 6},
		"bücher.example":        {1, 2, 1, 4},
		"xn--bcher-kva.example": {1, 2, 1, 4},
	} {
		zone := schema.MustName(text)
		for i, parts := range []int{2, 3, 4, 7} {
			if got := shardOf(t, zone, parts, map[schema.Name]bool{zone: true}); got != want[i] {
				t.Errorf("%s is in the part %d of %d, want %d", text, got, parts, want[i])
			}
		}
	}
}

// Of 97 parts, no two of these names are in one by chance.
func TestZonesWithinOneAnotherAreInOneShard(t *testing.T) {
	const parts = 97
	top, middle, low := schema.MustName("a.example"), schema.MustName("y.a.example"), schema.MustName("x.y.a.example")
	set := func(names ...schema.Name) map[schema.Name]bool {
		declared := map[schema.Name]bool{}
		for _, n := range names {
			declared[n] = true
		}
		return declared
	}
	of := func(zone schema.Name, declared map[schema.Name]bool) int { return shardOf(t, zone, parts, declared) }
	all := set(top, middle, low)
	if of(low, all) != of(top, all) || of(middle, all) != of(top, all) {
		t.Error("a zone is in another part than the topmost that it lies within")
	}
	if of(low, set(top, low)) != of(top, all) {
		t.Error("a zone does not go with the topmost over a name between them that is no zone")
	}
	if of(low, set(low)) == of(top, all) {
		t.Error("a zone goes with one that is not declared")
	}
	if of(low, set(middle, low)) != of(middle, set(middle)) {
		t.Error("a zone does not go with the topmost that there is")
	}
}

// Every zone is in one part, whatever other zones there are, and zones of which
// one has to wait for the other are in the same.
func TestAnyZonesAndTheirShards(t *testing.T) {
	names := strings.Fields("example a.example b.example x.a.example y.x.a.example z.y.x.a.example bücher.example ä.bücher.example www.b.example ba.example a.test x.a.test")
	waiting := 0
	rapid.Check(t, func(rt *rapid.T) {
		declared := map[schema.Name]bool{}
		var inputs []plan.Input
		for _, text := range names {
			name := schema.MustName(text)
			z := &schema.Zone{Name: name}
			in := plan.Input{Desired: z}
			switch rapid.SampledFrom([]string{"none", "new", "live", "gone"}).Draw(rt, text) {
			case "none":
				continue
			case "live":
				in.Live = &schema.LiveZone{Handle: "z", Name: name}
			case "gone":
				z.State = schema.Absent
				in.Live = &schema.LiveZone{Handle: "z", Name: name}
			}
			declared[name] = true
			inputs = append(inputs, in)
		}
		parts := rapid.IntRange(1, 9).Draw(rt, "parts")
		p := plan.New(inputs, nil, everything)
		for i := range p.Zones {
			z := &p.Zones[i]
			in := shardOf(rt, z.Name, parts, declared)
			for _, other := range z.After {
				waiting++
				if got := shardOf(rt, other, parts, declared); got != in {
					rt.Fatalf("%s in the part %d of %d waits for %s in %d", z.Name, in, parts, other, got)
				}
			}
			fewer := map[schema.Name]bool{}
			for _, text := range names {
				if n := schema.MustName(text); declared[n] && (z.Name.In(n) || rapid.Bool().Draw(rt, "keep")) {
					fewer[n] = true
				}
			}
			if got := shardOf(rt, z.Name, parts, fewer); got != in {
				rt.Fatalf("%s moves from the part %d of %d to %d when zones elsewhere go", z.Name, in, parts, got)
			}
		}
	})
	if waiting == 0 {
		t.Error("no zone waited for another")
	}
}

func TestParseShard(t *testing.T) {
	for _, text := range []string{"", "x", "1", "1/", "/2", "0/3", "4/3", "1/0", "0/0", "-1/3", "+1/3", "1/3/4", " 1/3", "1 / 3", "1.5/3", "1/99999999999999999999", "¹/3"} {
		if s, err := plan.ParseShard(text); err == nil || !s.IsZero() {
			t.Errorf("%q is the shard %v", text, s)
		}
	}
	for _, text := range []string{"1/1", "3/3", "1/1000"} {
		if _, err := plan.ParseShard(text); err != nil {
			t.Error(err)
		}
	}
	if !(plan.Shard{}).Holds(schema.MustName("a.example"), nil) {
		t.Error("without a shard, a zone is left out")
	}
}
