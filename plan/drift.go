package plan

import (
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// LeaveDrift takes the changes that drift is the cause of out of the plan:
// they are for nobody's review, and stay as they are live. What git's change
// cannot be made beside is refused.
func (p *Plan) LeaveDrift() {
	p.Summary = Summary{}
	for i := range p.Zones {
		z := &p.Zones[i]
		z.leaveDrift()
		p.Summary.Add(z.Summary)
	}
}

func (z *Zone) leaveDrift() {
	if z.Action == ZoneDelete && !z.Reviewed && z.Base != nil && !z.Base.Unknown {
		z.Action = ZoneNone
		z.Warnings = append(z.Warnings, "the zone is declared absent, as it was at the base, and is live: that is drift, which is left as it is")
		z.count()
		return
	}
	drift := func(c Change) bool { return c.Cause == Drift }
	if !slices.ContainsFunc(z.Changes, drift) {
		return
	}
	var kept []Change
	for _, c := range z.Changes {
		if drift(c) {
			z.Left = append(z.Left, c)
		} else {
			kept = append(kept, c)
		}
	}
	told := map[schema.Name]bool{}
	for _, left := range z.Left {
		if left.Before == nil || told[left.Key.Name] {
			continue
		}
		for _, c := range kept {
			exclusive := (c.Key.Type == schema.TypeCNAME) != (left.Key.Type == schema.TypeCNAME)
			if c.Key.Name == left.Key.Name && c.After != nil && exclusive {
				told[left.Key.Name] = true
				z.refuse(Allow{}, GuardExclusive, "%s: git's change of the %s record meets a live %s record that git does not declare, and nothing can stand beside a CNAME: remove that by hand", left.Key.Name.Display(), c.Key.Type, left.Key.Type)
				break
			}
		}
	}
	z.Changes = kept
	z.lastIsLeft()
	z.count()
}
