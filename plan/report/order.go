package report

import (
	"cmp"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// The order in which a reader looks for changes: those that git asks for, then
// conflicts, then drift, each by name as zone files are. The order of applying
// is in each change's wave.

func causeRank(c plan.Cause) int {
	return slices.Index([]plan.Cause{plan.Conflict, plan.Drift}, c)
}

// inReadingOrder sorts a zone's changes.
func inReadingOrder(changes []plan.Change) []*plan.Change {
	out := make([]*plan.Change, len(changes))
	for i := range changes {
		out[i] = &changes[i]
	}
	slices.SortStableFunc(out, func(a, b *plan.Change) int {
		return cmp.Or(cmp.Compare(causeRank(a.Cause), causeRank(b.Cause)), a.Key.Compare(b.Key))
	})
	return out
}

// inReadingOrder sorts the zone's changes.
func (z *Zone) inReadingOrder() []*Change {
	type ordered struct {
		*Change
		rank int
		key  schema.Key
	}
	zone, _ := schema.ParseName(z.Zone) // what is no name, as no plan has, keeps its place
	list := make([]ordered, len(z.Changes))
	for i := range z.Changes {
		c := &z.Changes[i]
		name, _ := schema.ParseOwner(c.Name, zone)
		list[i] = ordered{c, causeRank(plan.Cause(c.Cause)), schema.Key{Name: name, Type: schema.Type(c.Type)}}
	}
	slices.SortStableFunc(list, func(a, b ordered) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.key.Compare(b.key)) })
	out := make([]*Change, len(list))
	for i := range list {
		out[i] = list[i].Change
	}
	return out
}

// except gives a list without those.
func except[T comparable](list, those []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return slices.Contains(those, x) })
}
