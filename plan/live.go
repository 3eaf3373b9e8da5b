package plan

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// liveSide is what is live of a zone, by what the comparison does with it.
type liveSide struct {
	declared [][]schema.LiveRecord // of each declared RRset, in the order of the zone
	rest     [][]schema.LiveRecord // the undeclared RRsets that can be deleted, in order of key
	kept     []schema.LiveRecord   // stay, whatever is declared
	// ambiguous are the handles of records whose owner name is a guess.
	ambiguous map[schema.Handle]bool
	plain     map[placed]bool // what is live under a name that is no guess; made where it is asked for
}

// has reports whether any record of a declared or undeclared RRset is live.
func (l *liveSide) has(zone *schema.Zone, k schema.Key) bool {
	for i := range l.declared {
		if zone.RRsets[i].Key == k {
			return len(l.declared[i]) > 0
		}
	}
	return slices.ContainsFunc(l.rest, func(set []schema.LiveRecord) bool { return set[0].Key() == k })
}

const opaqueReason = "of a type or value that is not read"

// sortLive groups the live records and lists those that stay.
func (z *Zone) sortLive(in Input, opts Options) liveSide {
	l := liveSide{declared: make([][]schema.LiveRecord, len(in.Desired.RRsets))}
	if in.Live == nil {
		return l
	}
	index := make(map[schema.Key]int, len(in.Desired.RRsets))
	for i := range in.Desired.RRsets {
		index[in.Desired.RRsets[i].Key] = i
	}
	ig := newIgnores(in, opts)
	left := map[schema.Key]*Kept{}
	var leftKeys []schema.Key
	leave := func(r schema.LiveRecord, reason string) {
		l.kept = append(l.kept, r)
		k := r.Key()
		if left[k] == nil {
			left[k] = &Kept{Key: k, Reason: reason}
			leftKeys = append(leftKeys, k)
		}
		left[k].Records++
	}
	var rest []schema.LiveRecord
	for j, r := range in.Live.Records {
		if !r.Alternative.IsZero() {
			r.Name = z.chooseName(in, &l, r)
		}
		k := r.Key()
		i, declared := index[k]
		_, opaque := r.Data.(schema.Opaque)
		switch held := in.Desired.Holds(k); {
		case held != nil:
			leave(r, held.Reason)
			continue
		case opaque && (!k.Type.Managed() || !declared):
			leave(r, opaqueReason)
			continue
		}
		if reason := ig.reason(r, declared); reason != "" {
			leave(r, reason)
			continue
		}
		switch {
		case !declared:
			rest = append(rest, r)
		case l.declared[i] == nil && r.Name == in.Live.Records[j].Name:
			l.declared[i] = in.Live.Records[j : j+1 : j+1] // most RRsets are one record
		default:
			l.declared[i] = append(l.declared[i], r)
		}
	}
	slices.SortStableFunc(rest, func(a, b schema.LiveRecord) int { return a.Key().Compare(b.Key()) })
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].Key() == rest[0].Key() {
			n++
		}
		l.rest = append(l.rest, rest[:n:n])
		rest = rest[n:]
	}
	slices.SortFunc(leftKeys, schema.Key.Compare)
	for _, k := range leftKeys {
		if left[k].Reason == opaqueReason {
			z.Opaque = append(z.Opaque, *left[k])
		} else {
			z.Unmanaged = append(z.Unmanaged, *left[k])
		}
	}
	return l
}

// chooseName decides between the two ways to read a record's owner name: the
// one that git declares with this data, now or else at base. Where both are
// possible and the likelier is live in a spelling that leaves no choice, this
// record is the other. Where git declares neither, the likelier is a guess,
// which is remembered.
func (z *Zone) chooseName(in Input, l *liveSide, r schema.LiveRecord) schema.Name {
	here, there := declares(in.Desired, r.Name, r.Data), declares(in.Desired, r.Alternative, r.Data)
	wasHere, wasThere := false, false
	if in.Base != nil && in.Base.Zone != nil {
		wasHere, wasThere = declares(in.Base.Zone, r.Name, r.Data), declares(in.Base.Zone, r.Alternative, r.Data)
	}
	moved := here != there && here == wasThere && there == wasHere
	if !here && !there {
		here, there = wasHere, wasThere
	}
	switch {
	case !here && !there:
		if l.ambiguous == nil {
			l.ambiguous = map[schema.Handle]bool{}
		}
		l.ambiguous[r.Handle] = true
		return r.Name
	case here && l.isPlain(in.Live, r):
		return r.Alternative
	}
	name := r.Name
	if !here {
		name = r.Alternative
	}
	if moved {
		z.Warnings = append(z.Warnings, fmt.Sprintf("the service lists the name of a %s record with the value %s in a form that can be read as %s or one level deeper, and the declaration has moved from one to the other: it counts as %s, where it is declared now, so look whether it answers there",
			r.Data.Type(), r.Data, r.Name.Display(), name.Display()))
	}
	return name
}

// isPlain reports whether a record like r is live at r's likelier name in a
// spelling that can be read in one way only.
func (l *liveSide) isPlain(live *schema.LiveZone, r schema.LiveRecord) bool {
	if l.plain == nil {
		l.plain = map[placed]bool{}
		for _, o := range live.Records {
			if o.Alternative.IsZero() {
				l.plain[placed{o.Name, o.Data}] = true
			}
		}
	}
	return l.plain[placed{r.Name, r.Data}]
}

// placed is data at a name.
type placed struct {
	name schema.Name
	data schema.Data
}

// declares reports whether the zone declares this very data at a name.
func declares(z *schema.Zone, name schema.Name, d schema.Data) bool {
	set := z.RRset(schema.Key{Name: name, Type: d.Type()})
	return set != nil && slices.ContainsFunc(set.Values, func(v schema.Value) bool { return v.Data == d })
}
