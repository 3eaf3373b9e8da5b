package apply

import (
	"errors"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// Outcome is what became of a step.
type Outcome string

// The outcomes of a step.
const (
	Begun     Outcome = "begun"      // only in an [Event]
	Done      Outcome = "done"       // it took effect as meant
	Failed    Outcome = "failed"     // it did not take effect, or otherwise than meant
	Uncertain Outcome = "uncertain"  // it may have taken effect; reading back did not tell
	NotDone   Outcome = "not done"   // it was never begun
	TakenBack Outcome = "taken back" // it took effect, and was then undone
)

// Step is one change with what became of it.
type Step struct {
	Change  *plan.Change
	Outcome Outcome
	Err     error // why, where it is not [Done]
	// Handle is the record's that a step which is [Done] has left; empty for a
	// deletion.
	Handle schema.Handle
}

// ZoneReport is what was done to one zone.
type ZoneReport struct {
	Zone *plan.Zone
	// Whole is the outcome of the zone's own creation or deletion; empty where
	// the plan has none.
	Whole Outcome
	// Steps are the zone's changes in the order of the plan. In a zone that
	// the run created they are those that were made against what it held.
	Steps []Step
	// Err is why the zone was not done whole; nil where it was.
	Err error
	// Notices are what a reader should know besides.
	Notices []string
}

// Report is what a run did.
type Report struct {
	Zones       []ZoneReport // those that the plan changes, in order of name
	Interrupted bool         // an interrupt left steps that were not begun
}

// Counts sums steps by outcome, a zone's own creation or deletion as one.
func (z *ZoneReport) Counts() map[Outcome]int {
	n := map[Outcome]int{}
	if z.Whole != "" {
		n[z.Whole]++
	}
	for i := range z.Steps {
		n[z.Steps[i].Outcome]++
	}
	return n
}

// Complete reports whether all of the zone's plan took effect.
func (z *ZoneReport) Complete() bool {
	if z.Err != nil || z.Whole != "" && z.Whole != Done {
		return false
	}
	for i := range z.Steps {
		if z.Steps[i].Outcome != Done {
			return false
		}
	}
	return true
}

// Counts sums the zones.
func (r *Report) Counts() map[Outcome]int {
	n := map[Outcome]int{}
	for i := range r.Zones {
		for o, k := range r.Zones[i].Counts() {
			n[o] += k
		}
	}
	return n
}

// Complete reports whether the whole plan took effect.
func (r *Report) Complete() bool {
	for i := range r.Zones {
		if !r.Zones[i].Complete() {
			return false
		}
	}
	return true
}

// Stale reports whether nothing at all was written because the plan is stale.
func (r *Report) Stale() bool {
	stale := false
	for i := range r.Zones {
		stale = stale || errors.Is(r.Zones[i].Err, ErrStale)
	}
	n := r.Counts()
	return stale && n[Done]+n[Failed]+n[Uncertain]+n[TakenBack] == 0
}

// steps are those of the given changes, none done yet.
func steps(changes []plan.Change) []Step {
	out := make([]Step, len(changes))
	for i := range changes {
		out[i] = Step{Change: &changes[i], Outcome: NotDone}
	}
	return out
}

// giveUp ends a zone before any of its steps has begun.
func (z *ZoneReport) giveUp(err error) {
	if z.Steps == nil {
		z.Steps = steps(z.Zone.Changes)
	}
	z.Err = err
	if z.Whole == "" && z.Zone.Action != plan.ZoneNone {
		z.Whole = NotDone
	}
}

// liveInfo is how a zone that has been read is named to the service again.
func liveInfo(z *schema.LiveZone) schema.LiveZoneInfo {
	return schema.LiveZoneInfo{Handle: z.Handle, Name: z.Name, Records: -1}
}
