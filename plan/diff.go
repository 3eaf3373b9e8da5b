package plan

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/schema"
)

// New compares each zone with its live side. unmanaged are the live zones that
// git does not declare, which are listed and nothing else.
func New(inputs []Input, unmanaged []schema.Name, opts Options) *Plan {
	if opts.Prune == "" {
		opts.Prune = PruneAll
	}
	p := &Plan{Unmanaged: slices.Clone(unmanaged)}
	slices.SortFunc(p.Unmanaged, schema.Name.Compare)
	inputs = slices.Clone(inputs)
	slices.SortFunc(inputs, func(a, b Input) int { return a.Desired.Name.Compare(b.Desired.Name) })
	p.Zones = make([]Zone, len(inputs))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range inputs {
		group.Go(func() error {
			p.Zones[i] = newZone(inputs[i], opts)
			return nil
		})
	}
	_ = group.Wait() // no zone gives an error
	p.Loosened = slices.Clone(opts.Loosened)
	everywhere := slices.ContainsFunc(opts.Loosened, func(l Loosening) bool { return l.Setting == "lenient" })
	for i := range p.Zones {
		p.Summary.Add(p.Zones[i].Summary)
		p.Loosened = append(p.Loosened, p.Zones[i].loosened(inputs[i], everywhere)...)
	}
	linkZones(p.Zones)
	p.guardZones(opts)
	p.Digest = digestOf(p.Zones)
	return p
}

// difference is the working state of one zone's comparison.
type difference struct {
	changes []Change
	sets    []comparedSet
	kept    []schema.LiveRecord // are there before and after
	around  surroundings        // of the names that the changes are about

	verdict verdict // of the RRset that is being recorded

	liveSets, deletedSets, updatedSets, unchanged int
	declared                                      int // RRsets that take part in the comparison
	drift, conflict                               int

	judged    map[schema.Key]bool   // RRsets with a verdict
	external  map[schema.Name]bool  // what external-dns marks, as base leaves it alone
	conflicts map[schema.Key]string // what is live in a conflict, for the digest
}

// comparedSet is an RRset that takes part in the comparison: what is live of
// it, and what is declared.
type comparedSet struct {
	key  schema.Key
	live []schema.LiveRecord
	want []schema.Value
}

// newZone plans one zone.
func newZone(in Input, opts Options) Zone {
	z := Zone{Name: in.Desired.Name, Action: ZoneNone, Live: in.Live, Desired: in.Desired, Base: in.Base, Owned: in.Owned}
	opts.Allow = z.allowedByFile(in, opts.Allow)
	if in.Desired.FromLive { // restoring makes all of the zone equal
		opts.Prune, opts.Ignore, opts.NoDefaultIgnores = PruneAll, nil, true
	}
	switch {
	case in.LiveErr != nil:
		z.refuse(opts.Allow, GuardIncomplete, "%s", in.LiveErr)
		z.Digest = z.digest()
		return z
	case in.Desired.State == schema.Absent:
		if in.Live != nil {
			z.Action = ZoneDelete
			z.refuse(opts.Allow, GuardDeleteZone, "the zone is declared absent and would be deleted irrevocably, with all it holds (records: %d)", len(in.Live.Records))
		}
		z.count()
		z.review(in, nil)
		return z
	case in.Live == nil:
		z.Action = ZoneCreate
		if len(in.Desired.RRsets) == 0 {
			z.Warnings = append(z.Warnings, "the zone file declares no records: an empty zone is created")
		}
	default:
		z.Warnings = append(z.Warnings, in.Live.Notices...)
	}
	d := z.compare(in, opts)
	d.around = d.surroundings()
	z.Changes = order(z.Name, d.changes, d.around)
	assess(z.Name, z.Changes, d)
	z.guard(d, opts)
	z.guardAdoption(in, opts)
	z.Summary = Summary{Unchanged: d.unchanged, Drift: d.drift, Conflict: d.conflict}
	z.count()
	z.noteGone(in, d)
	z.review(in, d)
	return z
}

// count counts the zone's writes.
func (z *Zone) count() {
	s := &z.Summary
	s.Create, s.Update, s.Delete = 0, 0, 0
	for i := range z.Changes {
		switch z.Changes[i].Action {
		case Create:
			s.Create++
		case Update:
			s.Update++
		case Delete:
			s.Delete++
		}
	}
	switch z.Action {
	case ZoneCreate:
		s.Create++
	case ZoneDelete:
		s.Delete++
	}
	s.Writes = s.Create + s.Update + s.Delete
}

// compare finds the changes of a zone that exists or is to be created.
func (z *Zone) compare(in Input, opts Options) *difference {
	live := z.sortLive(in, opts)
	d := &difference{sets: make([]comparedSet, 0, len(live.declared)+len(live.rest)), kept: live.kept}
	var ttls mixedTTLs
	apex := schema.Key{Name: z.Name, Type: schema.TypeNS}
	apexListed := live.has(in.Desired, apex)
	if in.Desired.RRset(apex) != nil && !apexListed && !opts.ManageApexNS {
		z.Warnings = append(z.Warnings, "the zone file declares NS records for the apex, which the service does not list: they cannot be compared and are not written (set apex-ns: manage to write them)")
	}
	for i := range in.Desired.RRsets {
		set, old := &in.Desired.RRsets[i], live.declared[i]
		if in.Desired.Holds(set.Key) != nil || set.Key == apex && !apexListed && !opts.ManageApexNS {
			continue
		}
		if !set.Type.Managed() {
			z.warnUnreadable(in, set)
			continue
		}
		p := pairUp(old, set.Values)
		if p.dropOpaque() {
			z.warnUnreadable(in, set)
		}
		d.declared++
		ttls.see(old, true)
		z.judge(in, d, set.Key, set.Values, old)
		d.rrset(comparedSet{set.Key, old, set.Values}, p)
		if len(p.update)+len(p.create)+len(p.delete) > 0 {
			if set.Key == apex {
				z.refuse(opts.Allow, GuardApexNS, "the NS records of the zone's apex would change from %d to %d", len(old), len(set.Values))
			}
		}
	}
	for _, old := range live.rest {
		k := old[0].Key()
		switch {
		case k == apex:
			z.Unmanaged = append(z.Unmanaged, Kept{k, len(old), "the service's own: git declares no NS for the apex"})
		case opts.Prune == PruneNone:
			z.Unmanaged = append(z.Unmanaged, Kept{k, len(old), "not declared, and prune is none"})
		case opts.Prune == PruneOwned && !in.Owned[k] && !in.Base.declares(k):
			z.Unmanaged = append(z.Unmanaged, Kept{k, len(old), "never declared in the history of git, and prune is owned"})
		default:
			z.judge(in, d, k, nil, old)
			d.rrset(comparedSet{k, old, nil}, pairing{delete: old})
			continue
		}
		ttls.see(old, false)
		d.liveSets++
		d.kept = append(d.kept, old...)
	}
	if !opts.NoMixedTTLs && !in.Desired.FromLive { // a restored zone is to be so
		z.Warnings = append(z.Warnings, ttls.warnings()...)
	}
	z.refuseExclusive(in, d, opts.Allow)
	for i := range d.changes {
		c := &d.changes[i]
		if c.Action != Create && live.ambiguous[c.Handle] {
			z.refuse(opts.Allow, GuardAmbiguous, "the service lists the name of a %s record with the value %s in a form that can be read as %s or one level deeper, and neither is declared with that value, or was: change it there by hand, or declare it",
				c.Key.Type, c.Before.Data, c.Key.Name.Display())
		}
	}
	return d
}

// warnUnreadable tells which values of a declared RRset, kept as the service
// once gave them, are not live: they cannot be written.
func (z *Zone) warnUnreadable(in Input, set *schema.RRset) {
	for _, v := range set.Values {
		if _, opaque := v.Data.(schema.Opaque); !opaque {
			continue
		}
		isLive := in.Live != nil && slices.ContainsFunc(in.Live.Records, func(r schema.LiveRecord) bool {
			return r.Name == set.Name && r.Data == v.Data && r.TTL == v.TTL
		})
		if !isLive {
			z.Warnings = append(z.Warnings, fmt.Sprintf("%s %s %q cannot be read as its type, so it is not written: create it by hand", set.Name.Display(), set.Type, v.Data))
		}
	}
}

// rrset records what becomes of one RRset.
func (d *difference) rrset(set comparedSet, p pairing) {
	d.sets = append(d.sets, set)
	k := set.key
	if len(set.live) > 0 {
		d.liveSets++
	}
	switch {
	case len(p.update)+len(p.create)+len(p.delete) == 0:
		d.unchanged++
	case len(set.want) == 0:
		d.deletedSets++
	case len(set.live) > 0:
		d.updatedSets++
	}
	switch d.verdict.cause {
	case Drift:
		d.drift++
	case Conflict:
		d.conflict++
	}
	cause := d.verdict.cause
	for _, u := range p.update {
		d.changes = append(d.changes, Change{Action: Update, Key: k, Handle: u.old.Handle, Position: u.new.Position, Cause: cause,
			Before: &Record{u.old.Data, u.old.TTL}, After: &Record{u.new.Data, u.new.TTL}})
	}
	for _, v := range p.create {
		d.changes = append(d.changes, Change{Action: Create, Key: k, Position: v.Position, Cause: cause, After: &Record{v.Data, v.TTL}})
	}
	for _, r := range p.delete {
		d.changes = append(d.changes, Change{Action: Delete, Key: k, Handle: r.Handle, Cause: cause, Before: &Record{r.Data, r.TTL},
			Adopted: cause == Intended && !d.verdict.changed})
	}
}

// refuseExclusive refuses to write a declared record that cannot stand beside a
// live one that stays. Where both are live already, nothing is written.
func (z *Zone) refuseExclusive(in Input, d *difference, allow Allow) {
	kept := d.kept
	slices.SortFunc(kept, func(a, b schema.LiveRecord) int { return cmp.Or(a.Key().Compare(b.Key()), compareLive(a, b)) })
	var last schema.Name
	for _, r := range kept {
		if r.Name == last {
			continue
		}
		for _, set := range in.Desired.At(r.Name) {
			cname := r.Data.Type() == schema.TypeCNAME || set.Type == schema.TypeCNAME
			if !cname || set.Type == r.Data.Type() || in.Desired.Holds(set.Key) != nil {
				continue
			}
			last = r.Name
			if !slices.ContainsFunc(d.changes, func(c Change) bool { return c.Key == set.Key && c.After != nil }) {
				z.Warnings = append(z.Warnings, fmt.Sprintf("%s: %s %s and a %s record are both live, and no DNS serves anything beside a CNAME: remove one of them", set.Values[0].Position, r.Name.Display(), set.Type, r.Data.Type()))
				break
			}
			z.refuse(allow, GuardExclusive, "%s: %s %s is declared, but the live %s record there stays, and nothing can stand beside a CNAME: remove the live record by hand, or the declaration",
				set.Values[0].Position, r.Name.Display(), set.Type, r.Data.Type())
			break
		}
	}
}

// linkZones orders zones that lie within one another: a child that appears, or
// that is filled, is done before its parent delegates to it, and goes after its
// parent has stopped.
func linkZones(zones []Zone) {
	byName := make(map[schema.Name]int, len(zones))
	for i := range zones {
		byName[zones[i].Name] = i
	}
	for i := range zones {
		for up := zones[i].Name.Parent(); up.String() != "."; up = up.Parent() {
			j, ok := byName[up]
			if !ok {
				continue
			}
			switch {
			case zones[i].Action == ZoneCreate, zones[i].Action == ZoneNone && zones[i].Summary.Writes > 0 && delegates(&zones[j], zones[i].Name):
				zones[j].After = append(zones[j].After, zones[i].Name)
			case zones[i].Action == ZoneDelete:
				zones[i].After = append(zones[i].After, zones[j].Name)
			}
			break
		}
	}
}

// delegates reports whether a zone's plan creates a delegation of a name.
func delegates(parent *Zone, child schema.Name) bool {
	return slices.ContainsFunc(parent.Changes, func(c Change) bool {
		return c.Action == Create && c.Key == schema.Key{Name: child, Type: schema.TypeNS}
	})
}

// String is for messages: sign, name, type.
func (c Change) String() string {
	return fmt.Sprintf("%s %s %s", c.Action, c.Key.Name.Display(), c.Key.Type)
}
