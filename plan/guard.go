package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// The guards that can refuse a zone.
const (
	GuardDeletes    = "deletes"        // too much of a zone is deleted
	GuardUpdates    = "updates"        // too much of a zone is updated
	GuardEmpty      = "empty"          // a zone file declares nothing
	GuardDeleteZone = "delete-zone"    // a zone is to be deleted
	GuardApexNS     = "apex-ns"        // the zone's own NS records change
	GuardIncomplete = "incomplete"     // live was not read whole
	GuardAmbiguous  = "ambiguous-name" // a live owner name can be read in two ways
	GuardMaxZones   = "max-zones"      // more zones change than a run may change
	GuardAdoption   = "adoption"       // live records of a zone that is new to git are deleted
	GuardLast       = "last"           // the last MX, delegation or apex address of a zone is deleted
	GuardAccount    = "account"        // the token is another account's than the configuration wants
	GuardToken      = "token"          // the token may do more than the run needs
	GuardExclusive  = "exclusive"      // a live record that stays cannot stand beside a declared one
)

// DefaultThreshold is the percentage of a zone's live RRsets above which
// deletions, and likewise updates, are refused; octoDNS has the same.
const DefaultThreshold = 30

// thresholdFrom is the number of live RRsets from which percentages count.
const thresholdFrom = 10

// Refusal is a guard's no to a zone, which stops the whole plan.
type Refusal struct {
	Guard    string
	Reason   string // a sentence with the numbers
	Override string // the flag that overrides it; empty where nothing does

	kind string // of [GuardLast], what would be gone
}

// Allow names the zones, by name or glob, for which a guard is overridden.
type Allow struct {
	Deletes, Updates, Empty, DeleteZone, ApexNS, Last, MaxZones, Account, Token []string
}

// Overridable are the guards that have a flag of their own, --allow-… with the
// guard's name, in the order of the README.
func Overridable() []string {
	return []string{GuardDeletes, GuardUpdates, GuardEmpty, GuardDeleteZone, GuardApexNS, GuardLast, GuardMaxZones, GuardAccount, GuardToken}
}

// Of is where the zones stand for which a guard is overridden; nil for a guard
// that nothing overrides.
func (a *Allow) Of(guard string) *[]string {
	switch guard {
	case GuardDeletes, GuardAdoption:
		return &a.Deletes
	case GuardUpdates:
		return &a.Updates
	case GuardEmpty:
		return &a.Empty
	case GuardDeleteZone:
		return &a.DeleteZone
	case GuardApexNS:
		return &a.ApexNS
	case GuardLast:
		return &a.Last
	case GuardMaxZones:
		return &a.MaxZones
	case GuardAccount:
		return &a.Account
	case GuardToken:
		return &a.Token
	}
	return nil
}

// AllowAll overrides every guard that can be overridden.
func AllowAll() Allow {
	var a Allow
	for _, guard := range Overridable() {
		*a.Of(guard) = []string{"*"}
	}
	return a
}

// allows reports whether any of the globs names the zone.
func allows(globs []string, zone schema.Name) bool {
	for _, g := range globs {
		if Glob(strings.TrimSuffix(g, "."), zone.Display()) || g == zone.Unicode() {
			return true
		}
	}
	return false
}

// refuse refuses the zone, or notes that it would but for an override.
func (z *Zone) refuse(allow Allow, guard, format string, args ...any) {
	z.refuseWith(allow, Refusal{Guard: guard, Reason: fmt.Sprintf(format, args...)})
}

func (z *Zone) refuseWith(allow Allow, r Refusal) {
	if globs := allow.Of(r.Guard); globs != nil {
		flag := r.Guard
		if flag == GuardAdoption { // it is about deletions too
			flag = GuardDeletes
		}
		r.Override = "--allow-" + flag + " " + z.Name.Display()
		if allows(*globs, z.Name) {
			z.Overridden = append(z.Overridden, r)
			return
		}
	}
	z.Refused = append(z.Refused, r)
}

// guardZones refuses a plan that changes more zones than a run may, those not
// counted for which that is overridden.
func (p *Plan) guardZones(opts Options) {
	changed, counted := 0, 0
	for i := range p.Zones {
		if z := &p.Zones[i]; z.Summary.Writes > 0 {
			changed++
			if !allows(opts.Allow.MaxZones, z.Name) {
				counted++
			}
		}
	}
	if opts.MaxZones == 0 || changed <= opts.MaxZones {
		return
	}
	for i := range p.Zones {
		z := &p.Zones[i]
		if z.Summary.Writes > 0 && (counted > opts.MaxZones || allows(opts.Allow.MaxZones, z.Name)) {
			z.refuse(opts.Allow, GuardMaxZones, "the plan changes %d zones, and max-zones allows %d: select fewer with --zone, or raise max-zones", changed, opts.MaxZones)
		}
	}
}

// RefuseWrites refuses each zone that the plan would write to, for a reason
// that lies in the run and not in the zone, such as whose token it has.
func (p *Plan) RefuseWrites(guard, reason string, allow Allow) {
	for i := range p.Zones {
		if z := &p.Zones[i]; z.Summary.Writes > 0 {
			z.refuse(allow, guard, "%s", reason)
		}
	}
}

// allowedByFile adds the guards that the zone file itself overrides: only with
// a base that lacks that line, so that the line is reviewed with the change and
// expires with the merge.
func (z *Zone) allowedByFile(in Input, allow Allow) Allow {
	for _, a := range in.Desired.Allow {
		switch {
		case in.Base == nil:
			z.Warnings = append(z.Warnings, fmt.Sprintf("%s: allow: %s counts only in a plan with --base: give --allow-%s here", a.Position, a.Guard, a.Guard))
			continue
		case in.Base.Unknown:
			z.Warnings = append(z.Warnings, fmt.Sprintf("%s: allow: %s does not count, since the zone could not be read at the base", a.Position, a.Guard))
			continue
		case in.Base.Zone != nil && in.Base.Zone.Allows(a.Guard):
			z.Warnings = append(z.Warnings, fmt.Sprintf("%s: allow: %s was there before and no longer counts: take it out", a.Position, a.Guard))
			continue
		}
		list := allow.Of(a.Guard)
		*list = append(slices.Clone(*list), z.Name.Display())
	}
	return allow
}

// guard applies the guards that count.
func (z *Zone) guard(d *difference, opts Options) {
	maxDeletes, maxUpdates := opts.MaxDeletes, opts.MaxUpdates
	if maxDeletes == 0 {
		maxDeletes = DefaultThreshold
	}
	if maxUpdates == 0 {
		maxUpdates = DefaultThreshold
	}
	live, deleted, updated := d.liveSets, d.deletedSets, d.updatedSets
	emptied := d.declared == 0 && deleted > 0
	if emptied {
		z.refuse(opts.Allow, GuardEmpty, "the zone file declares no records that can be written, which would delete %d live RRsets", deleted)
	}
	switch {
	case live >= thresholdFrom && deleted*100 > live*maxDeletes:
		z.refuse(opts.Allow, GuardDeletes, "%d of %d live RRsets would be deleted, more than %d %%", deleted, live, maxDeletes)
	case live < thresholdFrom && deleted >= 3 && deleted*2 > live:
		z.refuse(opts.Allow, GuardDeletes, "%d of %d live RRsets would be deleted, more than half", deleted, live)
	}
	if !emptied && !opts.NoLastGuard { // of a zone that is emptied, the last of everything goes
		z.guardLast(d, opts.Allow)
	}
	if live >= thresholdFrom && updated*100 > live*maxUpdates {
		z.refuse(opts.Allow, GuardUpdates, "%d of %d live RRsets would be updated, more than %d %%", updated, live, maxUpdates)
	}
}
