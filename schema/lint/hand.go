package lint

import (
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// hand are the zones at hand.
type hand struct {
	zones      map[schema.Name]*schema.Zone
	undeclared func(zone, name schema.Name) bool
}

func newHand(zones []schema.Zone, undeclared func(zone, name schema.Name) bool) hand {
	h := hand{make(map[schema.Name]*schema.Zone, len(zones)), undeclared}
	for i := range zones {
		h.zones[zones[i].Name] = &zones[i]
	}
	return h
}

// answer is what the zones at hand say of a name.
type answer struct {
	zone *schema.Zone   // that answers; nil where none at hand does, and nothing is known
	sets []schema.RRset // what the name has; of an absent zone nothing
}

func (a answer) has(types ...schema.Type) bool {
	return slices.ContainsFunc(a.sets, func(s schema.RRset) bool { return slices.Contains(types, s.Type) })
}

// besides gives the place of the zone that answers, where it is not z itself.
func (a answer) besides(z *schema.Zone) []schema.Position {
	if a.zone == z {
		return nil
	}
	return []schema.Position{a.zone.Position}
}

// ask looks a name up. It is known only where no other server and no other
// tool can have a say: not below a delegation, nor where something is held.
func (h hand) ask(n schema.Name) answer {
	z := h.enclosing(n)
	if z == nil || delegated(z, n) || held(z, n) {
		return answer{}
	}
	if z.State == schema.Absent {
		return answer{zone: z}
	}
	sets := z.Answering(n)
	if len(sets) == 0 && h.undeclared != nil && h.undeclared(z.Name, n) {
		return answer{}
	}
	return answer{z, sets}
}

// enclosing gives the nearest zone at hand that a name lies in: a present one,
// since it is what answers once the absent one is gone.
func (h hand) enclosing(n schema.Name) *schema.Zone {
	var absent *schema.Zone
	for ; n != schema.Root(); n = n.Parent() {
		switch z := h.zones[n]; {
		case z != nil && z.State == schema.Present:
			return z
		case z != nil && absent == nil:
			absent = z
		}
	}
	return absent
}

// delegated reports whether a zone refers to other name servers for a name.
func delegated(z *schema.Zone, n schema.Name) bool {
	for ; n != z.Name; n = n.Parent() {
		k := schema.Key{Name: n, Type: schema.TypeNS}
		if z.RRset(k) != nil || z.Holds(k) != nil {
			return true
		}
	}
	return false
}

// held reports whether something is left alone at a name, or at a wildcard
// that may cover it.
func held(z *schema.Zone, n schema.Name) bool {
	return slices.ContainsFunc(z.Held, func(h schema.Held) bool {
		return h.Name == n || h.Name.IsWildcard() && n.Below(h.Name.Parent())
	})
}
