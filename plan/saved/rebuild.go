package saved

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// ErrStale is why a saved plan is not applied: live has moved.
var ErrStale = errors.New("live has changed since the plan was made: plan again")

// ErrInconsistent is why a saved plan is not applied: its parts contradict
// each other.
var ErrInconsistent = errors.New("the saved plan contradicts itself: plan again")

// Zones are the zones that a saved plan writes, whose live side [Rebuild] needs.
func Zones(d *report.Document) ([]schema.Name, error) {
	var names []schema.Name
	for i := range d.Zones {
		if d.Zones[i].Summary.Writes == 0 {
			continue
		}
		name, err := schema.ParseName(d.Zones[i].Zone)
		if err != nil {
			return nil, fmt.Errorf("the zone %q of the saved plan: %w", d.Zones[i].Zone, err)
		}
		names = append(names, name)
	}
	return names, nil
}

// Options are those that [Rebuild] makes its plan with, and that it has to be
// applied with: the saved plan has been through the guards and the patterns of
// what is left alone, and what it does not change is declared as it is.
func Options() plan.Options {
	return plan.Options{
		Prune: plan.PruneAll, NoDefaultIgnores: true, ManageApexNS: true, MaxDeletes: 100, MaxUpdates: 100,
		NoMixedTTLs: true, Allow: plan.AllowAll(),
	}
}

// Rebuild makes the plan again from the saved document and what is live now,
// by zone; a zone that is not live is not in the map. RRsets that are already
// as the plan would leave them, or as an earlier run of it left them, are only
// written as far as something is left to do. Where anything else has moved the
// error is [ErrStale].
func Rebuild(d *report.Document, live map[schema.Name]*schema.LiveZone, progress Progress) (*plan.Plan, error) {
	names, err := Zones(d)
	if err != nil {
		return nil, err
	}
	var inputs []plan.Input
	planned := &changesOf{map[string]*report.Change{}, map[schema.Name]map[schema.Key]*report.Change{}}
	for i := range d.Zones {
		z := &d.Zones[i]
		if len(z.Refused) > 0 { // one refused zone stops the whole plan
			return nil, fmt.Errorf("the saved plan is refused in %s (%s): resolve that and plan again", z.Zone, z.Refused[0].Guard)
		}
		if z.Summary.Writes == 0 {
			continue
		}
		name := names[len(inputs)]
		in, err := rebuild(d, z, name, live[name], progress, planned)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	p := plan.New(inputs, nil, Options())
	for i := range p.Zones {
		z := &p.Zones[i]
		if len(z.Refused) > 0 {
			return nil, fmt.Errorf("%s: %s: %w", z.Name.Display(), z.Refused[0].Reason, ErrInconsistent)
		}
		for j := range z.Changes {
			c := &z.Changes[j]
			was := planned.all[Identity(z.Name.Display(), report.NewChange(z.Name, c))]
			if was == nil { // what is left of an RRset may be paired otherwise
				was = planned.begun[z.Name][c.Key]
			}
			if was == nil {
				return nil, fmt.Errorf("%s: %s was not in it: %w", z.Name.Display(), c, ErrInconsistent)
			}
			c.Cause, c.Adopted = plan.Cause(was.Cause), was.Adopted
		}
	}
	p.Digest = d.Digest
	return p, nil
}

// changesOf are the changes of a saved plan: all by their identity, and one of
// each RRset that an earlier run has begun and not finished.
type changesOf struct {
	all   map[string]*report.Change
	begun map[schema.Name]map[schema.Key]*report.Change
}

// rebuild makes the input of one zone: what is live now, with the changes that
// are not live yet.
func rebuild(d *report.Document, z *report.Zone, name schema.Name, live *schema.LiveZone, progress Progress, planned *changesOf) (plan.Input, error) {
	prints, given := d.Fingerprints[z.Zone], live
	if z.Action != string(plan.ZoneDelete) {
		live = settled(live, name, prints)
	}
	in := plan.Input{Desired: &schema.Zone{Name: name}, Live: live}
	stale := func(what string) (plan.Input, error) {
		return in, fmt.Errorf("%s: %s: %w", z.Zone, what, ErrStale)
	}
	switch {
	case z.Action == string(plan.ZoneDelete):
		if live != nil && ofZone(live) != prints[wholeZone].Before {
			return stale("the zone holds something else than it did")
		}
		in.Desired.State = schema.Absent
		return in, nil
	case z.Action == string(plan.ZoneNone) && live == nil:
		return stale("the zone is gone")
	}
	w, err := newZonePlan(z, name, prints, progress)
	if err != nil {
		return in, err
	}
	for i := range z.Changes {
		planned.all[Identity(z.Zone, z.Changes[i])] = &z.Changes[i]
	}
	changes := w.changes
	sets := map[schema.Key][]schema.Value{}
	values := valuesOf(live)
	if given != nil {
		for i, r := range given.Records {
			k := live.Records[i].Key()
			changed := slices.ContainsFunc(changes[k], func(c *report.Change) bool {
				return c.Before != nil && c.Before.Data == r.Data.String() && c.Before.TTL == r.TTL
			})
			if k.Name != r.Name && changed { // writing reads it again, and knows no more than this
				return in, fmt.Errorf("%s: the service lists the name of %s %s in a form that can be read in two ways, and a saved plan cannot tell which: apply from the files", z.Zone, k.Name.Display(), k.Type)
			}
		}
	}
	if live != nil {
		for _, r := range live.Records {
			k := r.Key()
			if k.Type.Managed() { // what is not stays whether or not it is declared
				sets[k] = append(sets[k], schema.Value{Data: r.Data, TTL: r.TTL})
			}
		}
	}
	for k := range values {
		if w.isNew(k) {
			return stale(k.Name.Display() + " " + string(k.Type) + " is new there")
		}
	}
	for k := range changes {
		if _, known := prints[keyText(name, k)]; !known {
			return in, fmt.Errorf("%s: %s %s has no fingerprint: %w", z.Zone, k.Name.Display(), k.Type, ErrInconsistent)
		}
	}
	for text, print := range prints {
		k, err := parseKey(text, name)
		if err != nil {
			return in, fmt.Errorf("%s: %w: %w", z.Zone, err, ErrInconsistent)
		}
		rest, begun, ok := w.left(k, values[k], print)
		if !ok {
			return stale(k.Name.Display() + " " + string(k.Type) + " is neither what it was nor what the plan makes of it")
		}
		if begun {
			if planned.begun[name] == nil {
				planned.begun[name] = map[schema.Key]*report.Change{}
			}
			planned.begun[name][k] = changes[k][0]
		}
		if sets[k], err = changed(sets[k], rest, k.Type); err != nil {
			return in, fmt.Errorf("%s: %s %s: %w: %w", z.Zone, k.Name.Display(), k.Type, err, ErrInconsistent)
		}
	}
	for k, values := range sets {
		if len(values) > 0 {
			in.Desired.RRsets = append(in.Desired.RRsets, schema.RRset{Key: k, Values: values})
		}
	}
	slices.SortFunc(in.Desired.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return in, nil
}

// settled is a zone in which each record has one name: of those that can be
// read in two ways, the one of which the plan had a fingerprint.
func settled(live *schema.LiveZone, zone schema.Name, prints map[string]report.Fingerprint) *schema.LiveZone {
	if live == nil || !slices.ContainsFunc(live.Records, func(r schema.LiveRecord) bool { return !r.Alternative.IsZero() }) {
		return live
	}
	out := *live
	out.Records = slices.Clone(live.Records)
	for i := range out.Records {
		r := &out.Records[i]
		if r.Alternative.IsZero() {
			continue
		}
		_, here := prints[keyText(zone, r.Key())]
		_, there := prints[keyText(zone, schema.Key{Name: r.Alternative, Type: r.Data.Type()})]
		if there && !here {
			r.Name = r.Alternative
		}
		r.Alternative = schema.Name{}
	}
	return &out
}

// changed carries out the changes of an RRset on its values.
func changed(values []schema.Value, changes []*report.Change, typ schema.Type) ([]schema.Value, error) {
	values = slices.Clone(values)
	for _, c := range changes {
		if c.Before == nil {
			continue
		}
		i := slices.IndexFunc(values, func(v schema.Value) bool { return v.TTL == c.Before.TTL && v.Data.String() == c.Before.Data })
		if i < 0 {
			return nil, fmt.Errorf("%q is not there to be changed", c.Before.Data)
		}
		values = slices.Delete(values, i, i+1)
	}
	for _, c := range changes {
		if c.After == nil {
			continue
		}
		data, err := schema.ParseData(typ, c.After.Data)
		if err != nil {
			return nil, err
		}
		v := schema.Value{Data: data, TTL: c.After.TTL}
		if c.Position != nil {
			v.Position = *c.Position
		}
		values = append(values, v)
	}
	return values, nil
}

// parseKey reads what keyText writes.
func parseKey(text string, zone schema.Name) (schema.Key, error) {
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == ' ' {
			owner, err := schema.ParseOwner(text[:i], zone)
			return schema.Key{Name: owner, Type: schema.Type(text[i+1:])}, err
		}
	}
	return schema.Key{}, fmt.Errorf("%q names no RRset", text)
}
