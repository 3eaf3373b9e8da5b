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
// git does not declare; they are listed and nothing else.
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
	for i := range p.Zones {
		p.Summary.add(p.Zones[i].Summary)
	}
	linkZones(p.Zones)
	p.guardZones(opts)
	p.Digest = digestOf(p.Zones)
	return p
}

// difference is the working state of one zone's comparison.
type difference struct {
	changes   []Change
	before    map[schema.Name]presence
	after     map[schema.Name]presence
	remaining map[schema.Key]int           // records per RRset afterwards
	referrers map[schema.Name][]schema.Key // who points at a name afterwards
	texts     map[schema.Name]map[string]bool

	verdict verdict // of the RRset that is being recorded

	liveSets, deletedSets, updatedSets, unchanged int
	declared                                      int // RRsets that take part in the comparison
	drift, conflict                               int

	judged    map[schema.Key]bool   // RRsets with a verdict
	conflicts map[schema.Key]string // what is live in a conflict, for the digest
}

// newZone plans one zone.
func newZone(in Input, opts Options) Zone {
	z := Zone{Name: in.Desired.Name, Action: ZoneNone, Live: in.Live, Desired: in.Desired}
	opts.Allow = z.allowedByFile(in, opts.Allow)
	switch {
	case in.LiveErr != nil:
		z.refuse(GuardIncomplete, "", "%s", in.LiveErr)
		z.Digest = z.digest()
		return z
	case in.Desired.State == schema.Absent:
		if in.Live != nil {
			z.Action = ZoneDelete
			if !allows(opts.Allow.DeleteZone, z.Name) {
				z.refuse(GuardDeleteZone, "--allow-delete-zone", "the zone is declared absent and would be deleted irrevocably, with all it holds (records: %d)", len(in.Live.Records))
			}
		}
		z.summarize(0)
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
	z.Changes = order(z.Name, d.changes, d.before, d.after)
	assess(z.Name, z.Changes, d)
	z.guard(d, opts)
	z.guardAdoption(in, opts)
	z.summarize(d.unchanged)
	z.Summary.Drift, z.Summary.Conflict = d.drift, d.conflict
	z.noteGone(in, d)
	z.review(in, d)
	return z
}

func (z *Zone) summarize(unchanged int) {
	s := Summary{Unchanged: unchanged}
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
	z.Summary = s
	z.Digest = z.digest()
}

// compare finds the changes of a zone that exists or is to be created.
func (z *Zone) compare(in Input, opts Options) *difference {
	d := &difference{
		before:    map[schema.Name]presence{},
		after:     map[schema.Name]presence{},
		remaining: map[schema.Key]int{},
		referrers: map[schema.Name][]schema.Key{},
		texts:     map[schema.Name]map[string]bool{},
	}
	live, kept, ambiguous := z.sortLive(in, opts, d)
	apex := schema.Key{Name: z.Name, Type: schema.TypeNS}
	apexListed := len(live[apex]) > 0
	if in.Desired.RRset(apex) != nil && !apexListed && !opts.ManageApexNS {
		z.Warnings = append(z.Warnings, "the zone file declares NS records for the apex, which the service does not list: they cannot be compared and are not written (set apex-ns: manage to write them)")
	}
	for _, set := range in.Desired.RRsets {
		if in.Desired.Holds(set.Key) != nil || set.Key == apex && !apexListed && !opts.ManageApexNS {
			continue
		}
		if !set.Type.Managed() {
			z.warnUnreadable(in, set)
			continue
		}
		p := pairUp(live[set.Key], set.Values)
		if p.dropOpaque() {
			z.warnUnreadable(in, set)
		}
		d.declared++
		d.verdict = in.Base.judge(set.Key, set.Values, live[set.Key])
		z.note(set.Key, d, live[set.Key])
		d.rrset(set.Key, live[set.Key], p, set.Values)
		if len(p.update)+len(p.create)+len(p.delete) > 0 {
			if set.Key == apex && !allows(opts.Allow.ApexNS, z.Name) {
				z.refuse(GuardApexNS, "--allow-apex-ns", "the NS records of the zone's apex would change from %d to %d", len(live[apex]), len(set.Values))
			}
		}
		delete(live, set.Key)
	}
	rest := make([]schema.Key, 0, len(live))
	for k := range live {
		rest = append(rest, k)
	}
	slices.SortFunc(rest, schema.Key.Compare)
	for _, k := range rest {
		switch {
		case k == apex:
			z.Unmanaged = append(z.Unmanaged, Kept{k, len(live[k]), "the service's own: git declares no NS for the apex"})
		case opts.Prune == PruneNone:
			z.Unmanaged = append(z.Unmanaged, Kept{k, len(live[k]), "not declared, and prune is none"})
		default:
			d.verdict = in.Base.judge(k, nil, live[k])
			z.note(k, d, live[k])
			d.rrset(k, live[k], pairing{delete: live[k]}, nil)
			continue
		}
		d.liveSets++
		kept = append(kept, live[k]...)
	}
	for _, r := range kept {
		d.stays(r)
	}
	z.refuseExclusive(in, kept)
	for i := range d.changes {
		c := &d.changes[i]
		if c.Action != Create && ambiguous[c.Handle] {
			z.refuse(GuardAmbiguous, "", "the service lists the name of a %s record with the value %s in a form that can be read as %s or one level deeper, and neither is declared with that value: change it there by hand, or declare it",
				c.Key.Type, c.Before.Data, c.Key.Name.Display())
		}
	}
	return d
}

// warnUnreadable tells which values of a declared RRset, kept as the service
// once gave them, are not live: they cannot be written.
func (z *Zone) warnUnreadable(in Input, set schema.RRset) {
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

// sortLive groups the live records that the comparison is about by RRset; the
// others, which stay, come second. ambiguous are the handles of records whose
// owner name is a guess.
func (z *Zone) sortLive(in Input, opts Options, d *difference) (live map[schema.Key][]schema.LiveRecord, kept []schema.LiveRecord, ambiguous map[schema.Handle]bool) {
	if in.Live == nil {
		return nil, nil, nil
	}
	live = make(map[schema.Key][]schema.LiveRecord, len(in.Live.Records))
	ig := newIgnores(in, opts)
	left := map[schema.Key]*Kept{}
	var leftKeys []schema.Key
	leave := func(r schema.LiveRecord, reason string) {
		kept = append(kept, r)
		k := r.Key()
		if left[k] == nil {
			left[k] = &Kept{Key: k, Reason: reason}
			leftKeys = append(leftKeys, k)
		}
		left[k].Records++
	}
	for _, r := range in.Live.Records {
		if !r.Alternative.IsZero() {
			here, there := declares(in.Desired, r.Name, r.Data), declares(in.Desired, r.Alternative, r.Data)
			switch {
			case there && !here:
				r.Name = r.Alternative
			case !there && !here:
				if ambiguous == nil {
					ambiguous = map[schema.Handle]bool{}
				}
				ambiguous[r.Handle] = true
			}
		}
		_, opaque := r.Data.(schema.Opaque)
		k := r.Key()
		switch held := in.Desired.Holds(k); {
		case held != nil:
			leave(r, held.Reason)
		case opaque && (!k.Type.Managed() || in.Desired.RRset(k) == nil):
			leave(r, "of a type or value that is not read")
		default:
			if reason := ig.reason(r); reason != "" {
				leave(r, reason)
				continue
			}
			live[k] = append(live[k], r)
		}
	}
	slices.SortFunc(leftKeys, schema.Key.Compare)
	for _, k := range leftKeys {
		if left[k].Reason == "of a type or value that is not read" {
			z.Opaque = append(z.Opaque, *left[k])
		} else {
			z.Unmanaged = append(z.Unmanaged, *left[k])
		}
	}
	return live, kept, ambiguous
}

// declares reports whether the zone declares this very data at a name.
func declares(z *schema.Zone, name schema.Name, d schema.Data) bool {
	set := z.RRset(schema.Key{Name: name, Type: d.Type()})
	return set != nil && slices.ContainsFunc(set.Values, func(v schema.Value) bool { return v.Data == d })
}

// rrset records what becomes of one RRset.
func (d *difference) rrset(k schema.Key, live []schema.LiveRecord, p pairing, want []schema.Value) {
	before, after := d.before[k.Name], d.after[k.Name]
	for range live {
		before.add(k.Type)
	}
	for _, v := range want {
		after.add(k.Type)
		d.refer(k, v.Data)
	}
	if len(live) > 0 {
		d.before[k.Name] = before
		d.liveSets++
	}
	if len(want) > 0 {
		d.after[k.Name] = after
	}
	d.remaining[k] = len(want)
	switch {
	case len(p.update)+len(p.create)+len(p.delete) == 0:
		d.unchanged++
	case len(want) == 0:
		d.deletedSets++
	case len(live) > 0:
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
		d.changes = append(d.changes, Change{Action: Delete, Key: k, Handle: r.Handle, Cause: cause, Before: &Record{r.Data, r.TTL}})
	}
}

// stays records a live record that is there before and after.
func (d *difference) stays(r schema.LiveRecord) {
	k := r.Key()
	before, after := d.before[k.Name], d.after[k.Name]
	before.add(k.Type)
	after.add(k.Type)
	d.before[k.Name], d.after[k.Name] = before, after
	d.remaining[k]++
	d.refer(k, r.Data)
}

func (d *difference) refer(k schema.Key, data schema.Data) {
	if target, ok := schema.Target(data); ok {
		// The values of one RRset come one after another.
		if rs := d.referrers[target]; len(rs) == 0 || rs[len(rs)-1] != k {
			d.referrers[target] = append(rs, k)
		}
	}
	if txt, ok := data.(schema.TXT); ok {
		if t := tag(txt.Text); t == "v=spf1" || t == "v=dmarc1" {
			if d.texts[k.Name] == nil {
				d.texts[k.Name] = map[string]bool{}
			}
			d.texts[k.Name][t] = true
		}
	}
}

// refuseExclusive refuses a declared record that cannot stand beside a live
// one that stays.
func (z *Zone) refuseExclusive(in Input, kept []schema.LiveRecord) {
	slices.SortFunc(kept, func(a, b schema.LiveRecord) int { return cmp.Or(a.Key().Compare(b.Key()), compareLive(a, b)) })
	var last schema.Name
	for _, r := range kept {
		if r.Name == last {
			continue
		}
		for _, set := range in.Desired.At(r.Name) {
			cname := r.Data.Type() == schema.TypeCNAME || set.Type == schema.TypeCNAME
			if cname && set.Type != r.Data.Type() && in.Desired.Holds(set.Key) == nil {
				last = r.Name
				z.refuse(GuardExclusive, "", "%s: %s %s is declared, but the live %s record there stays, and nothing can stand beside a CNAME: remove the live record by hand, or the declaration",
					set.Values[0].Position, r.Name.Display(), set.Type, r.Data.Type())
				break
			}
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
