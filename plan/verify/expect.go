package verify

import (
	"slices"
	"strconv"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// question is one RRset that a nameserver is asked for.
type question struct {
	key  schema.Key
	want []schema.Value // none: it has to be gone
	// cut is the delegation in whose referral it stands; zero where the
	// nameserver answers with authority.
	cut schema.Name
}

// manyRecords is how many records of one RRset named answers by default; with
// more it answers SERVFAIL, though it transfers them.
const manyRecords = 100

// questions are what is asked for a zone, in order of key, and the declared
// RRsets that are not asked for.
func (z *Zone) questions() (asked []question, left []Left) {
	d := z.Desired
	if d.State == schema.Absent {
		return nil, nil
	}
	cuts := map[schema.Name]*schema.RRset{}
	for i := range d.RRsets {
		if s := &d.RRsets[i]; s.Type == schema.TypeNS && s.Name != d.Name {
			cuts[s.Name] = s
		}
	}
	for i := range d.RRsets {
		s := &d.RRsets[i]
		if z.Only != nil && !z.Only[s.Key] {
			continue
		}
		reason := ""
		cut := cutOf(cuts, d.Name, s.Name)
		switch held := d.Holds(s.Key); {
		case held != nil:
			reason = "left alone: " + held.Reason
		case !s.Type.Managed() || slices.ContainsFunc(s.Values, unreadable):
			reason = "not readable as its type"
		case cut == nil, s.Key == cut.Key:
		case s.Name == cut.Name && !glue(cut, s):
			reason = "at the delegation of " + cut.Name.Display() + ", whose nameservers answer for it"
		case !glue(cut, s):
			reason = "below the delegation of " + cut.Name.Display() + ", whose nameservers answer for it"
		}
		if reason != "" {
			left = append(left, Left{s.Key, reason})
			continue
		}
		q := question{key: s.Key, want: s.Values}
		if cut != nil {
			q.cut = cut.Name
		}
		asked = append(asked, q)
	}
	for _, k := range z.Gone {
		if d.RRset(k) == nil && cutOf(cuts, d.Name, k.Name) == nil {
			asked = append(asked, question{key: k, want: z.synthesized(k)})
		}
	}
	slices.SortFunc(asked, func(a, b question) int { return a.key.Compare(b.key) })
	return slices.CompactFunc(asked, func(a, b question) bool { return a.key == b.key }), left
}

// synthesized is what a wildcard answers for an RRset that is gone (RFC 4592).
func (z *Zone) synthesized(k schema.Key) []schema.Value {
	for _, s := range z.Desired.Answering(k.Name) {
		if s.Type == k.Type {
			return s.Values
		}
	}
	return nil
}

func unreadable(v schema.Value) bool {
	_, opaque := v.Data.(schema.Opaque)
	return opaque
}

// cutOf is the topmost delegation that a name is at or below; nil for none.
func cutOf(cuts map[schema.Name]*schema.RRset, apex, name schema.Name) (top *schema.RRset) {
	if len(cuts) == 0 {
		return nil
	}
	for n := name; n != apex && n != schema.Root(); n = n.Parent() {
		if cut := cuts[n]; cut != nil {
			top = cut
		}
	}
	return top
}

// glue reports whether an RRset is the address of one of a delegation's nameservers.
func glue(cut, s *schema.RRset) bool {
	return (s.Type == schema.TypeA || s.Type == schema.TypeAAAA) && slices.ContainsFunc(cut.Values, func(v schema.Value) bool {
		host, ok := schema.Target(v.Data)
		return ok && host == s.Name
	})
}

// judge compares what a nameserver has answered with what was asked for. It is
// package plan that compares: what a plan would leave alone is no finding.
func (z *Zone) judge(questions []question, answers []schema.LiveRecord) []Finding {
	want := &schema.Zone{Name: z.Desired.Name, Held: z.Desired.Held}
	for _, q := range questions {
		if len(q.want) > 0 {
			want.RRsets = append(want.RRsets, schema.RRset{Key: q.key, Values: q.want})
		}
	}
	opts := z.Plan
	opts.Prune = plan.PruneAll // whether it may be there was decided when it was asked for
	var found []Finding
	var gone []question // for which a wildcard answers
	asked, at := byKey(questions), byName(answers)
	for _, k := range z.differing(want, answers, opts) {
		q, ok := asked[k]
		if !ok {
			continue // a CNAME, which is told of below
		}
		found = append(found, compare(q, at[k.Name]))
		if len(q.want) > 0 && z.Desired.RRset(k) == nil {
			gone = append(gone, question{key: k})
		}
	}
	if len(gone) == 0 {
		return found
	}
	// No wildcard answers for a name that is left alone, or that has such names
	// below it: all that counts is what is there.
	left := byKey(gone)
	for _, f := range z.judge(gone, answers) {
		delete(left, f.Key)
	}
	return slices.DeleteFunc(found, func(f Finding) bool {
		_, ok := left[f.Key]
		return ok
	})
}

func byKey(questions []question) map[schema.Key]question {
	asked := make(map[schema.Key]question, len(questions))
	for _, q := range questions {
		asked[q.key] = q
	}
	return asked
}

func byName(records []schema.LiveRecord) map[schema.Name][]schema.LiveRecord {
	at := map[schema.Name][]schema.LiveRecord{}
	for _, r := range records {
		at[r.Name] = append(at[r.Name], r)
	}
	return at
}

// undeclared are the RRsets of a whole zone, as a transfer gives it, that git
// neither declares nor leaves alone, nor asked for.
func (z *Zone) undeclared(questions []question, all []schema.LiveRecord) []Finding {
	if z.Only != nil {
		return nil
	}
	var found []Finding
	asked, at := byKey(questions), byName(all)
	for _, k := range z.differing(z.Desired, all, z.Plan) {
		_, known := asked[k]
		instead := k.Type == schema.TypeCNAME && len(z.Desired.At(k.Name)) > 0 // told of where it is missing
		if known || instead || z.Desired.RRset(k) != nil {
			continue
		}
		found = append(found, compare(question{key: k}, at[k.Name]))
	}
	return found
}

// differing are the keys at which a plan would change something.
func (z *Zone) differing(want *schema.Zone, live []schema.LiveRecord, opts plan.Options) []schema.Key {
	opts.ManageApexNS, opts.NoMixedTTLs = true, true // a nameserver shows what the service does not list
	for i := range live {
		live[i].Handle = schema.Handle(strconv.Itoa(i)) // by which a plan tells records apart
	}
	p := plan.New([]plan.Input{{
		Desired: want,
		Live:    &schema.LiveZone{Name: want.Name, Records: live},
		Owned:   z.Owned,
	}}, nil, opts)
	var keys []schema.Key
	for _, c := range p.Zones[0].Changes {
		keys = append(keys, c.Key)
	}
	slices.SortFunc(keys, schema.Key.Compare)
	return slices.Compact(keys)
}

// compare says in which way an RRset differs from what was asked for, by the
// records at its name.
func compare(q question, at []schema.LiveRecord) Finding {
	f := Finding{Key: q.key}
	for _, v := range q.want {
		f.Want = append(f.Want, Record{v.Data, v.TTL})
	}
	if len(q.want) > 0 {
		f.Position = q.want[0].Position
	}
	for _, r := range at {
		switch {
		case r.Key() == q.key, r.Name == q.key.Name && r.Data.Type() == schema.TypeCNAME && len(q.want) > 0:
			f.Got = append(f.Got, Record{r.Data, r.TTL})
		}
	}
	slices.SortFunc(f.Want, compareRecords)
	slices.SortFunc(f.Got, compareRecords)
	switch {
	case len(f.Want) == 0:
		f.Kind = Extra
	case len(f.Got) == 0:
		f.Kind = Missing
	case slices.EqualFunc(f.Want, f.Got, func(a, b Record) bool { return a.Data == b.Data }):
		f.Kind = OtherTTL
	default:
		f.Kind = Other
	}
	return f
}

func compareRecords(a, b Record) int { return schema.CompareData(a.Data, b.Data) }

// Since adds to what [Extras] gives what has changed since git said was, which is
// in.Base's zone as if it were live. What a plan would delete of it has to be
// gone, unless it is live and left alone; and the TTLs of the RRsets that a plan
// would change in it are how long resolvers may go on answering those.
func (z *Zone) Since(in plan.Input, was *schema.LiveZone) {
	z.Unlisted = in.Live == nil
	if in.Desired.State == schema.Absent {
		for _, r := range was.Records {
			z.OldTTL = max(z.OldTTL, r.TTL)
		}
		return
	}
	stays := map[schema.Key]bool{}
	if in.Live != nil {
		for _, r := range in.Live.Records {
			stays[r.Key()] = true
		}
	}
	for _, k := range z.Gone {
		delete(stays, k)
	}
	in.Live, in.LiveErr = was, nil
	changed := map[schema.Key]bool{}
	for _, c := range plan.New([]plan.Input{in}, nil, z.Plan).Zones[0].Changes {
		gone := in.Desired.RRset(c.Key) == nil
		if changed[c.Key] || gone && stays[c.Key] {
			continue
		}
		changed[c.Key] = true
		if gone {
			z.Gone = append(z.Gone, c.Key)
		}
	}
	for _, r := range was.Records {
		if changed[r.Key()] {
			z.OldTTL = max(z.OldTTL, r.TTL)
		}
	}
}

// Extras are the RRsets of a live zone that a plan would delete, or is to: they
// have to be gone from the nameservers once that is deployed.
func Extras(in plan.Input, opts plan.Options) []schema.Key {
	if in.Live == nil || in.Desired.State == schema.Absent {
		return nil
	}
	var keys []schema.Key
	p := plan.New([]plan.Input{in}, nil, opts)
	for _, c := range p.Zones[0].Changes {
		if c.Action == plan.Delete && in.Desired.RRset(c.Key) == nil {
			keys = append(keys, c.Key)
		}
	}
	slices.SortFunc(keys, schema.Key.Compare)
	return slices.Compact(keys)
}
