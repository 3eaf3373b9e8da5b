package saved

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// Moved gives the RRsets of a zone, of those at the owner names that a plan
// touches, that hold neither what they held before it, nor what it makes of
// them, nor anything that a run of it leaves on the way that came as far as
// progress tells: somebody else has written there.
func Moved(d *report.Document, live *schema.LiveZone, progress Progress) (map[schema.Key]bool, error) {
	i := slices.IndexFunc(d.Zones, func(z report.Zone) bool { return z.Zone == live.Name.Display() })
	if i < 0 {
		return nil, fmt.Errorf("%s is no zone of the saved plan: %w", live.Name.Display(), ErrInconsistent)
	}
	z, prints := &d.Zones[i], d.Fingerprints[live.Name.Display()]
	w, err := newZonePlan(z, live.Name, prints, progress)
	if err != nil {
		return nil, err
	}
	moved := map[schema.Key]bool{}
	values := valuesOf(settled(live, live.Name, prints))
	for k := range values {
		if w.isNew(k) {
			moved[k] = true
		}
	}
	for text, print := range prints {
		k, err := parseKey(text, live.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", z.Zone, err, ErrInconsistent)
		}
		if _, _, ok := w.left(k, values[k], print); !ok {
			moved[k] = true
		}
	}
	return moved, nil
}

// zonePlan is what a saved plan says of the RRsets of one zone.
type zonePlan struct {
	zone    *report.Zone
	apex    schema.Name
	prints  map[string]report.Fingerprint
	changes map[schema.Key][]*report.Change
	touched map[schema.Name]bool // owner names that the plan changes
	kept    map[string]bool      // RRsets that it leaves alone, whatever they hold

	progress Progress // of an earlier run
}

func newZonePlan(z *report.Zone, apex schema.Name, prints map[string]report.Fingerprint, progress Progress) (*zonePlan, error) {
	w := &zonePlan{zone: z, apex: apex, prints: prints, progress: progress, changes: map[schema.Key][]*report.Change{}, touched: map[schema.Name]bool{}, kept: map[string]bool{}}
	for i := range z.Changes {
		c := &z.Changes[i]
		owner, err := schema.ParseOwner(c.Name, apex)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", z.Zone, err, ErrInconsistent)
		}
		k := schema.Key{Name: owner, Type: schema.Type(c.Type)}
		w.touched[owner] = true
		w.changes[k] = append(w.changes[k], c)
	}
	for _, k := range slices.Concat(z.Unmanaged, z.Opaque) {
		w.kept[k.Name+" "+k.Type] = true
	}
	return w, nil
}

// left are the changes of an RRset that have still to be made, by what it holds
// now; begun says that an earlier run has made others. ok is false where neither
// the plan nor that run explains what it holds.
func (w *zonePlan) left(k schema.Key, now []value, print report.Fingerprint) (rest []*report.Change, begun, ok bool) {
	switch held := ofValues(now); {
	case held == print.After: // done already, or not changed
		return nil, false, true
	case held == print.Before:
		return w.changes[k], false, true
	case w.byService(k):
		return nil, false, true
	}
	rest, ok = w.progress.remaining(w.zone.Zone, now, w.changes[k], print.Before)
	return rest, ok, ok
}

// isNew reports whether an RRset that is live was not there when the plan was
// made, at a name that the plan touches.
func (w *zonePlan) isNew(k schema.Key) bool {
	text := keyText(w.apex, k)
	_, known := w.prints[text]
	return w.touched[k.Name] && !known && !w.kept[text] && !w.byService(k)
}

// byService reports whether an RRset is what the service has put at the apex of
// a zone that the earlier run has made, NS records and SOA. It is left, as that
// run has left it.
func (w *zonePlan) byService(k schema.Key) bool {
	return w.progress.Created[w.zone.Zone] && k.Name == w.apex && (k.Type == schema.TypeNS || !k.Type.Managed())
}

// valuesOf are the values of a zone's RRsets; none of a zone that is not live.
func valuesOf(live *schema.LiveZone) map[schema.Key][]value {
	values := map[schema.Key][]value{}
	if live != nil {
		for _, r := range live.Records {
			values[r.Key()] = append(values[r.Key()], value{r.Data.String(), r.TTL})
		}
	}
	return values
}
