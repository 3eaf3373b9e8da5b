package apply

import (
	"maps"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// Effect is what a run has made of one zone, as far as it knows.
type Effect struct {
	// Zone is what git declares, but that RRsets with steps that were not begun
	// or were taken back are as those steps found them.
	Zone *schema.Zone
	// Written are the RRsets that were written to and are as in Zone, or gone
	// where that has none. What failed, in part too, is not among them.
	Written []schema.Key
	// TakenBack is how many of them are as they were before the run.
	TakenBack int
	// OldTTL is how long resolvers may go on answering what was written over.
	OldTTL schema.TTL
}

// Effect gives what the run has made of the zone.
func (z *ZoneReport) Effect() Effect {
	zone := *z.Zone.Desired
	zone.RRsets = slices.Clone(zone.RRsets)
	e := Effect{Zone: &zone}
	if z.Whole == Done && z.Zone.Action == plan.ZoneDelete && z.Zone.Live != nil {
		for _, r := range z.Zone.Live.Records {
			e.OldTTL = max(e.OldTTL, r.TTL)
		}
	}
	sets := map[schema.Key][]*Step{}
	for i := range z.Steps {
		k := z.Steps[i].Change.Key
		sets[k] = append(sets[k], &z.Steps[i])
	}
	for _, k := range slices.SortedFunc(maps.Keys(sets), schema.Key.Compare) {
		e.rrset(k, sets[k])
	}
	return e
}

// rrset adds what has become of one RRset.
func (e *Effect) rrset(k schema.Key, steps []*Step) {
	var values []schema.Value
	if s := e.Zone.RRset(k); s != nil {
		values = slices.Clone(s.Values)
	}
	n := map[Outcome]int{}
	old, between := schema.TTL(0), schema.TTL(0)
	for _, s := range steps {
		n[s.Outcome]++
		if s.Change.Before != nil {
			old = max(old, s.Change.Before.TTL)
		}
		if s.Change.After != nil && s.Outcome == TakenBack {
			between = max(between, s.Change.After.TTL)
		}
		if s.Outcome != Done {
			values = without(values, s.Change)
		}
	}
	switch len(steps) {
	case n[Done]:
		e.Written, e.OldTTL = append(e.Written, k), max(e.OldTTL, old)
	case n[TakenBack] + n[NotDone]:
		e.put(k, values)
		if n[TakenBack] > 0 && servedAsStored(values) {
			e.Written, e.OldTTL = append(e.Written, k), max(e.OldTTL, between)
			e.TakenBack++
		}
	case n[Done] + n[TakenBack] + n[NotDone]:
		e.put(k, values)
	}
}

// without gives values as they were before a change.
func without(values []schema.Value, c *plan.Change) []schema.Value {
	if c.After != nil {
		i := slices.IndexFunc(values, func(v schema.Value) bool { return v.Data == c.After.Data && v.TTL == c.After.TTL })
		if i >= 0 {
			values = slices.Delete(values, i, i+1)
		}
	}
	if c.Before != nil {
		values = append(values, schema.Value{Data: c.Before.Data, TTL: c.Before.TTL})
	}
	return values
}

// servedAsStored reports whether nameservers answer the records of an RRset one
// by one as the service stores them, where one may be there twice, and each has
// a TTL of its own.
func servedAsStored(values []schema.Value) bool {
	for i, v := range values {
		if v.TTL != values[0].TTL || slices.ContainsFunc(values[:i], func(other schema.Value) bool { return other.Data == v.Data }) {
			return false
		}
	}
	return true
}

// put makes an RRset of the zone hold values, none for no RRset.
func (e *Effect) put(k schema.Key, values []schema.Value) {
	sets := e.Zone.RRsets
	i, there := slices.BinarySearchFunc(sets, k, func(s schema.RRset, k schema.Key) int { return s.Key.Compare(k) })
	switch {
	case there && len(values) == 0:
		e.Zone.RRsets = slices.Delete(sets, i, i+1)
	case there:
		sets[i].Values = values
	case len(values) > 0:
		e.Zone.RRsets = slices.Insert(sets, i, schema.RRset{Key: k, Values: values})
	}
}
