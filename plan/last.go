package plan

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// lasting is something that a zone which has it seldom means to be without.
type lasting struct {
	what, whats string // one of it and several, for people
	counts      func(zone schema.Name, k schema.Key) bool
}

func lastings() []lasting {
	return []lasting{
		{"MX record", "MX records", func(_ schema.Name, k schema.Key) bool { return k.Type == schema.TypeMX }},
		// The zone's own NS records have a guard of their own.
		{"NS record of a delegation", "NS records of delegations", func(zone schema.Name, k schema.Key) bool { return k.Type == schema.TypeNS && k.Name != zone }},
		{"address at its apex", "addresses at its apex", func(zone schema.Name, k schema.Key) bool { return k.Name == zone && addresses(k.Type) }},
	}
}

// addresses reports whether a type is an address, or may stand in for one.
func addresses(t schema.Type) bool {
	switch t {
	case schema.TypeA, schema.TypeAAAA, schema.TypeCNAME, "ALIAS", "ANAME":
		return true
	}
	return false
}

// guardLast refuses to take away all that there is of what a zone seldom means
// to be without. What stays live, for whatever reason, is still there.
func (z *Zone) guardLast(d *difference, allow Allow) {
	for _, l := range lastings() {
		left, deleted, drift := 0, 0, 0 // drift: of those left, what only drift brings back
		var first *Change
		for i := range z.Changes {
			c := &z.Changes[i]
			switch {
			case !l.counts(z.Name, c.Key):
			case c.Action == Create:
				if left++; c.Cause == Drift {
					drift++
				}
			case c.Action == Delete:
				left--
				if deleted++; first == nil {
					first = c
				}
			}
		}
		if deleted == 0 {
			continue
		}
		for i := range d.sets {
			if l.counts(z.Name, d.sets[i].key) {
				left += len(d.sets[i].live)
			}
		}
		for i := range d.kept {
			if l.counts(z.Name, d.kept[i].Key()) {
				left++
			}
		}
		if left-drift > 0 {
			continue
		}
		reason := fmt.Sprintf("the zone's last %s would be deleted: %s %s %s", l.what, first.Key.Name.Display(), first.Key.Type, first.Before.Data)
		if deleted > 1 {
			reason = fmt.Sprintf("all of the zone's %s would be deleted (%d): %s %s %s and the rest", l.whats, deleted, first.Key.Name.Display(), first.Key.Type, first.Before.Data)
		}
		r := Refusal{Guard: GuardLast, Reason: reason, kind: l.what}
		if left > 0 {
			z.lastIfLeft = append(z.lastIfLeft, unlessDrift{r, allow})
			continue
		}
		z.refuseWith(allow, r)
	}
}

// unlessDrift is a refusal that holds where drift is left as it is.
type unlessDrift struct {
	Refusal
	allow Allow
}

// lastIsLeft judges again once drift was left out of the plan: what that does
// not bring back does not count, and what it does not delete is there.
func (z *Zone) lastIsLeft() {
	for _, u := range z.lastIfLeft {
		z.refuseWith(u.allow, u.Refusal)
	}
	z.lastIfLeft = nil
	for _, l := range lastings() {
		if !slices.ContainsFunc(z.Left, func(c Change) bool { return c.Action == Delete && l.counts(z.Name, c.Key) }) {
			continue
		}
		moot := func(r Refusal) bool { return r.kind == l.what }
		z.Refused, z.Overridden = slices.DeleteFunc(z.Refused, moot), slices.DeleteFunc(z.Overridden, moot)
	}
}
