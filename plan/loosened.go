package plan

import (
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
)

// Loosening is a setting by which head protects less than base did: a reader
// sees these first, since they are about what the rest is judged by.
type Loosening struct {
	Setting  string // as it is written: "prune", "guards.max-deletes", "allow: deletes"
	Was, Is  string // in words
	Position schema.Position
}

// loosened finds what a zone's own file loosens; where the configuration has
// made everything lenient, that is not told again.
func (z *Zone) loosened(in Input, lenientEverywhere bool) []Loosening {
	if in.Base == nil || in.Base.Unknown {
		return nil
	}
	var out []Loosening
	for _, a := range in.Desired.Allow {
		if in.Base.Zone == nil || !in.Base.Zone.Allows(a.Guard) {
			out = append(out, Loosening{"allow: " + a.Guard, "the guard holds for " + z.Name.Display(), "overridden while this change is under way", a.Position})
		}
	}
	lenient, first := 0, schema.Position{}
	for i := range in.Desired.RRsets {
		set := &in.Desired.RRsets[i]
		for _, v := range set.Values {
			if v.Lenient && !in.Base.lenient(set.Key, v.Data) {
				if lenient++; lenient == 1 {
					first = v.Position
				}
			}
		}
	}
	if lenient > 0 && !lenientEverywhere {
		out = append(out, Loosening{"lenient", "mistakes are errors in " + z.Name.Display(), fmt.Sprintf("warnings for records that had none (%d)", lenient), first})
	}
	return out
}

// lenient reports whether base declares this very record as lenient.
func (b *Base) lenient(k schema.Key, d schema.Data) bool {
	for _, v := range b.set(k) {
		if v.Data == d {
			return v.Lenient
		}
	}
	return false
}
