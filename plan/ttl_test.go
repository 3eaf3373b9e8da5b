package plan_test

import (
	"slices"
	"testing"

	"github.com/zoneherd/zoneherd/plan"
)

// Where live records of one RRset have several TTLs is told, of those that
// stay, and not of what somebody else keeps.
func TestLiveTTLsThatDiffer(t *testing.T) {
	mixed := []rec{{"www", "A", "192.0.2.1", 60}, {"www", "A", "192.0.2.2", 300}}
	keep := rec{"keep", "A", "192.0.2.9", 60}
	applying := "the live records of www.example.com A have the TTLs 60 and 300, and resolvers then take the lowest, or what they like: applying gives all of them the declared one [ttl-mixed]"
	declare := "the live records of www.example.com A have the TTLs 60 and 300, and resolvers then take the lowest, or what they like: declare them, which gives all of them one [ttl-mixed]"
	for _, c := range []struct {
		about   string
		live    []rec
		desired []rec
		opts    plan.Options
		want    []string
	}{
		{about: "declared", live: mixed, desired: []rec{{"www", "A", "192.0.2.1", 60}, {"www", "A", "192.0.2.2", 60}}, want: []string{applying}},
		{about: "not declared, and kept", live: append(mixed, keep), desired: []rec{keep}, opts: plan.Options{Prune: plan.PruneNone}, want: []string{declare}},
		{about: "not declared, and deleted", live: append(mixed, keep), desired: []rec{keep}},
		{about: "ignored", live: append(mixed, keep), desired: []rec{keep}, opts: plan.Options{Ignore: []plan.Pattern{{Name: "www"}}}},
		{about: "two types at one name", live: []rec{{"www", "A", "192.0.2.1", 60}, {"www", "AAAA", "2001:db8::1", 300}}, desired: []rec{{"www", "A", "192.0.2.1", 60}, {"www", "AAAA", "2001:db8::1", 300}}},
		{about: "switched off", live: mixed, desired: mixed[:1], opts: plan.Options{NoMixedTTLs: true}},
	} {
		t.Run(c.about, func(t *testing.T) {
			p := plan.New([]plan.Input{{Desired: desired(t, c.desired...), Live: live(t, c.live...)}}, nil, c.opts)
			if got := p.Zones[0].Warnings; !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}
