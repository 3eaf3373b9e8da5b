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
}

// Allow names the zones, by name or glob, for which a guard is overridden.
type Allow struct {
	Deletes, Updates, Empty, DeleteZone, ApexNS []string
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

func (z *Zone) refuse(guard, override, format string, args ...any) {
	if override != "" {
		override += " " + z.Name.Display()
	}
	z.Refused = append(z.Refused, Refusal{guard, fmt.Sprintf(format, args...), override})
}

// guardZones refuses a plan that changes more zones than a run may.
func (p *Plan) guardZones(opts Options) {
	changed := 0
	for i := range p.Zones {
		if p.Zones[i].Summary.Writes > 0 {
			changed++
		}
	}
	if opts.MaxZones == 0 || changed <= opts.MaxZones {
		return
	}
	for i := range p.Zones {
		if z := &p.Zones[i]; z.Summary.Writes > 0 {
			z.Refused = append(z.Refused, Refusal{GuardMaxZones, fmt.Sprintf("the plan changes %d zones, and max-zones allows %d: select fewer with --zone, or raise max-zones", changed, opts.MaxZones), ""})
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
		list := map[string]*[]string{"deletes": &allow.Deletes, "updates": &allow.Updates, "empty": &allow.Empty, "delete-zone": &allow.DeleteZone}[a.Guard]
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
	if d.declared == 0 && deleted > 0 && !allows(opts.Allow.Empty, z.Name) {
		z.refuse(GuardEmpty, "--allow-empty", "the zone file declares no records that can be written, which would delete %d live RRsets", deleted)
	}
	if !allows(opts.Allow.Deletes, z.Name) {
		switch {
		case live >= thresholdFrom && deleted*100 > live*maxDeletes:
			z.refuse(GuardDeletes, "--allow-deletes", "%d of %d live RRsets would be deleted, more than %d %%", deleted, live, maxDeletes)
		case live < thresholdFrom && deleted >= 3 && deleted*2 > live:
			z.refuse(GuardDeletes, "--allow-deletes", "%d of %d live RRsets would be deleted, more than half", deleted, live)
		}
	}
	if live >= thresholdFrom && updated*100 > live*maxUpdates && !allows(opts.Allow.Updates, z.Name) {
		z.refuse(GuardUpdates, "--allow-updates", "%d of %d live RRsets would be updated, more than %d %%", updated, live, maxUpdates)
	}
}
