package plan

import (
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// Cause says why a three-way plan has a change. With base what git said before
// and head what it says now, RRset by RRset, TTL and data together, absent
// being a value like any other:
//
//	base = head = live                  unchanged
//	base = head ≠ live                  drift (undeclared on both: drift with prune all, else unmanaged)
//	base ≠ head, live = base            intended
//	base ≠ head, live = head            already live, no write
//	base ≠ head, live is neither        conflict
//
// A live RRset that base would have left alone, by its own configuration, and
// head deletes is intended. Where base could not be read there is no cause.
type Cause string

// The causes.
const (
	NoCause  Cause = "" // the plan has no base, or base is unknown here
	Intended Cause = "intended"
	Drift    Cause = "drift"
	Conflict Cause = "conflict"
)

// Base is what git said about a zone before.
type Base struct {
	// Zone is nil where base does not declare the zone.
	Zone *schema.Zone
	// Unknown says that the zone's files could not be read whole at base: it
	// gives no causes, and nothing is deleted for its sake.
	Unknown bool
	// Options are base's own: what it would have left alone.
	Options Options
}

// set is what base declares at a key, nil for nothing.
func (b *Base) set(k schema.Key) []schema.Value {
	if b.Zone == nil || b.Zone.Holds(k) != nil {
		return nil
	}
	if s := b.Zone.RRset(k); s != nil {
		return s.Values
	}
	return nil
}

// declares reports whether base, where there is one, declares an RRset.
func (b *Base) declares(k schema.Key) bool { return b != nil && b.set(k) != nil }

// verdict is a cell of the table of causes.
type verdict struct {
	cause       Cause
	alreadyLive bool // base → head, and live is there already
	changed     bool // base → head differ
}

// judge finds the cell for one RRset.
func (b *Base) judge(k schema.Key, head []schema.Value, live []schema.LiveRecord, left leftAlone) verdict {
	if b.Unknown {
		return verdict{}
	}
	base := b.set(k)
	switch {
	case sameValues(base, head):
		if sameAsLive(head, live) {
			return verdict{}
		}
		if base == nil && b.leavesAlone(k, live, left) {
			return verdict{cause: Intended}
		}
		return verdict{cause: Drift}
	case sameAsLive(head, live):
		return verdict{alreadyLive: true, changed: true}
	case sameAsLive(base, live):
		return verdict{cause: Intended, changed: true}
	case between(base, head, live):
		return verdict{cause: Intended, changed: true} // applied in part
	}
	return verdict{cause: Conflict, changed: true}
}

// leftAlone is what, besides base's own words, decides whether base would have
// left an RRset alone.
type leftAlone struct {
	owned    map[schema.Key]bool  // what git has ever declared
	external map[schema.Name]bool // names that external-dns marks
}

// leavesAlone reports whether base, which does not declare the RRset, would
// have left all of it: it does not have the zone, prunes nothing, or ignores it.
func (b *Base) leavesAlone(k schema.Key, live []schema.LiveRecord, left leftAlone) bool {
	if b.Zone == nil || b.Zone.State == schema.Absent || b.Options.Prune == PruneNone || b.Zone.Holds(k) != nil {
		return true
	}
	if b.Options.Prune == PruneOwned && !left.owned[k] {
		return true
	}
	ig := &ignores{zone: b.Zone.Name, patterns: b.Options.Ignore, external: left.external,
		declaresThis: func(schema.LiveRecord) bool { return false }, defaults: !b.Options.NoDefaultIgnores}
	return !slices.ContainsFunc(live, func(r schema.LiveRecord) bool { return ig.reason(r, false) == "" })
}

// judge finds and records the verdict on one RRset.
func (z *Zone) judge(in Input, d *difference, k schema.Key, head []schema.Value, live []schema.LiveRecord) {
	if in.Base == nil {
		return
	}
	if d.judged == nil {
		d.judged, d.conflicts = map[schema.Key]bool{}, map[schema.Key]string{}
		if in.Live != nil {
			d.external = externalNames(in.Live.Records)
		}
	}
	d.verdict = in.Base.judge(k, head, live, leftAlone{in.Owned, d.external})
	d.judged[k] = true
	switch {
	case d.verdict.alreadyLive:
		z.AlreadyLive = append(z.AlreadyLive, Kept{Key: k, Records: len(live), Reason: "live already as declared"})
	case d.verdict.cause == Conflict:
		d.conflicts[k] = textOf(len(live), func(i int) Record { return Record{live[i].Data, live[i].TTL} })
	}
}

// noteGone records what base declares, head does not, and live does not have.
func (z *Zone) noteGone(in Input, d *difference) {
	if in.Base == nil || in.Base.Unknown || in.Base.Zone == nil || in.Live == nil {
		return
	}
	for _, s := range in.Base.Zone.RRsets {
		if s.Key == (schema.Key{Name: z.Name, Type: schema.TypeNS}) {
			continue // handed back, and hidden or not the service's own
		}
		if !d.judged[s.Key] && in.Desired.RRset(s.Key) == nil && in.Base.set(s.Key) != nil && !slices.ContainsFunc(in.Live.Records, func(r schema.LiveRecord) bool { return r.Key() == s.Key }) {
			z.AlreadyLive = append(z.AlreadyLive, Kept{Key: s.Key, Reason: "gone already"})
		}
	}
	slices.SortFunc(z.AlreadyLive, func(a, b Kept) int { return a.Key.Compare(b.Key) })
}

// review makes the zone's digest. In a three-way plan it is over each RRset
// that base → head changes, whether or not it is live already, and over what is
// live where that is a conflict: so it survives a partial apply and drift
// elsewhere. Where the zone is to be deleted it is over all that it holds.
func (z *Zone) review(in Input, d *difference) {
	z.Digest = z.digest()
	if in.Base == nil || in.Base.Unknown {
		return
	}
	keys := map[schema.Key]bool{}
	if in.Base.Zone != nil {
		for _, s := range in.Base.Zone.RRsets {
			keys[s.Key] = true
		}
	}
	head := func(k schema.Key) []schema.Value {
		if s := in.Desired.RRset(k); s != nil && in.Desired.State == schema.Present && in.Desired.Holds(k) == nil {
			return s.Values
		}
		return nil
	}
	for _, s := range in.Desired.RRsets {
		keys[s.Key] = true
	}
	var lines []string
	isThere := func(zone *schema.Zone) bool { return zone != nil && zone.State == schema.Present }
	switch was, is := isThere(in.Base.Zone), isThere(in.Desired); {
	case is && !was:
		lines = append(lines, line("state", z.Name.String(), "present"))
	case !is && in.Live != nil && (was || in.Base.Zone == nil):
		held := make([]string, len(in.Live.Records))
		for i, r := range in.Live.Records {
			held[i] = line(r.Name.String(), string(r.Data.Type()), side(&Record{r.Data, r.TTL}))
		}
		slices.Sort(held)
		lines = append(lines, line("state", z.Name.String(), "absent", line(held...)))
	case !is && was:
		lines = append(lines, line("state", z.Name.String(), "absent"))
	}
	z.LiveBound = d != nil && len(d.conflicts) > 0 || z.Action == ZoneDelete
	for k := range keys {
		before, after := in.Base.set(k), head(k)
		if sameValues(before, after) {
			continue
		}
		fields := []string{z.Name.String(), k.Name.String(), string(k.Type),
			textOf(len(before), func(i int) Record { return Record{before[i].Data, before[i].TTL} }),
			textOf(len(after), func(i int) Record { return Record{after[i].Data, after[i].TTL} })}
		if d != nil && d.conflicts[k] != "" {
			fields = append(fields, d.conflicts[k])
		}
		lines = append(lines, line(fields...))
	}
	slices.Sort(lines)
	z.Digest, z.threeWay, z.Reviewed = sum(lines), true, len(lines) > 0
}

// textOf writes records down in one order.
func textOf(n int, at func(int) Record) string {
	lines := make([]string, n)
	for i := range n {
		r := at(i)
		lines[i] = side(&r)
	}
	slices.Sort(lines)
	return line(lines...)
}

// guardAdoption refuses to delete anything in a zone that base does not
// contain: what is live there was somebody's before git knew of it.
func (z *Zone) guardAdoption(in Input, opts Options) {
	if in.Base == nil || in.Live == nil {
		return
	}
	if in.Base.Zone != nil && in.Base.Zone.State == schema.Present && !in.Base.Unknown {
		return
	}
	deletes := 0
	for i := range z.Changes {
		if z.Changes[i].Action == Delete && !z.Changes[i].Swap {
			deletes++
		}
	}
	if deletes > 0 && in.Base.Unknown {
		z.refuse(opts.Allow, GuardAdoption, "what the base said of the zone could not be read, and %d live records would be deleted", deletes)
	} else if deletes > 0 {
		z.refuse(opts.Allow, GuardAdoption, "the zone is new to git and live already, and %d of its live records are not declared and would be deleted", deletes)
	}
}

// between reports whether live is on its way from base to head: all that both
// have, nothing that neither has, and no more or fewer records than either.
func between(base, head []schema.Value, live []schema.LiveRecord) bool {
	if len(live) < min(len(base), len(head)) || len(live) > max(len(base), len(head)) {
		return false
	}
	was, is := map[Record]bool{}, map[Record]bool{}
	for _, v := range base {
		was[Record{v.Data, v.TTL}] = true
	}
	for _, v := range head {
		is[Record{v.Data, v.TTL}] = true
	}
	have := map[Record]bool{}
	for _, r := range live {
		rec := Record{r.Data, r.TTL}
		if !was[rec] && !is[rec] || have[rec] {
			return false
		}
		have[rec] = true
	}
	for rec := range was {
		if is[rec] && !have[rec] {
			return false
		}
	}
	return true
}

func sameValues(a, b []schema.Value) bool {
	return sameMultiset(len(a), func(i int) Record { return Record{a[i].Data, a[i].TTL} }, len(b), func(i int) Record { return Record{b[i].Data, b[i].TTL} })
}

func sameAsLive(a []schema.Value, live []schema.LiveRecord) bool {
	return sameMultiset(len(a), func(i int) Record { return Record{a[i].Data, a[i].TTL} }, len(live), func(i int) Record { return Record{live[i].Data, live[i].TTL} })
}

func sameMultiset(n int, a func(int) Record, m int, b func(int) Record) bool {
	if n != m {
		return false
	}
	if n == 1 {
		return a(0) == b(0)
	}
	count := make(map[Record]int, n)
	for i := range n {
		count[a(i)]++
		count[b(i)]--
	}
	for _, c := range count {
		if c != 0 {
			return false
		}
	}
	return true
}
