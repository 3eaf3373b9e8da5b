// Package plan compares what git declares with what is live and says what has
// to be written, in which order, at what risk, and what must not be done.
//
// In go the desired zones ([schema.Zone]), the live ones ([schema.LiveZone])
// and [Options]; out comes a [Plan]. It is pure: the same input gives the same
// plan, byte for byte, whatever the order of its parts; there is no I/O and no
// clock.
//
// The comparison is per RRset and the writes are per record, as the service's
// API has them. Records equal on both sides stay; of the rest, as many as
// stand on both sides become updates and only the surplus is created or
// deleted, so that an RRset costs max(old, new) writes, the least possible:
//
//	live            desired         changes
//	A 192.0.2.1     A 192.0.2.1     none
//	A 192.0.2.2     A 192.0.2.3     update 192.0.2.2 → 192.0.2.3
//	A 192.0.2.9                     delete 192.0.2.9
//
// A plan is a list of zones, each with its [Change]s in an order that keeps
// names answering (order.go), [Risk]s in words (risk.go), and [Refusal]s
// (guard.go): a plan with a refusal in any zone is not applied at all.
package plan

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// Plan is what would have to be written to make live equal to git.
type Plan struct {
	Zones     []Zone        // in order of name
	Unmanaged []schema.Name // live zones that git does not declare
	// Undeclared are zones that base declares and head does not: they stay
	// live, and are unmanaged from now on.
	Undeclared []schema.Name
	// Loosened are the settings by which head protects less than base did.
	Loosened []Loosening
	Digest   Digest // what a reviewer approves
	Summary  Summary
}

// Refused reports whether a guard refuses any zone, and so the whole plan.
func (p *Plan) Refused() bool {
	for i := range p.Zones {
		if len(p.Zones[i].Refused) > 0 {
			return true
		}
	}
	return false
}

// Pending reports whether applying the plan would write anything.
func (p *Plan) Pending() bool { return p.Summary.Writes > 0 }

// ZoneAction is what happens to a zone as a whole.
type ZoneAction string

// The zone actions.
const (
	ZoneNone   ZoneAction = "none" // its records may change all the same
	ZoneCreate ZoneAction = "create"
	ZoneDelete ZoneAction = "delete"
)

// Zone is the plan of one zone.
type Zone struct {
	Name    schema.Name
	Action  ZoneAction
	Changes []Change // in the order of applying
	Refused []Refusal
	// Overridden are refusals that a flag, or the zone's own file, has
	// overridden.
	Overridden []Refusal
	// Warnings are what a reader should know that is no refusal.
	Warnings []string
	// Unmanaged and Opaque are live RRsets that stay as they are: not declared
	// by git, and not readable.
	Unmanaged []Kept
	Opaque    []Kept
	// AlreadyLive are the RRsets that base → head changes and that are live as
	// head has them.
	AlreadyLive []Kept
	Digest      Digest
	Summary     Summary
	// After names the zones of this plan that must be done before this one.
	After []schema.Name
	// Live is what the plan was made against; nil where the zone is not live.
	Live *schema.LiveZone
	// Desired is what git declares, Base what it said before (nil for a two-way
	// plan), and Owned what it has ever declared.
	Desired *schema.Zone
	Base    *Base
	Owned   map[schema.Key]bool

	// Reviewed: the digest is over what base → head changes, live or not, and
	// that is something.
	Reviewed bool
	// LiveBound: the digest is over something live too, in a conflict.
	LiveBound bool
	// Left are changes that [Plan.LeaveDrift] has taken out.
	Left []Change

	threeWay   bool          // the digest is over base → head
	lastIfLeft []unlessDrift // of [GuardLast]
}

// Notes are the warnings, and which guards are overridden.
func (z *Zone) Notes() []string {
	out := slices.Clone(z.Warnings)
	for _, r := range z.Overridden {
		out = append(out, fmt.Sprintf("the guard %s is overridden: %s", r.Guard, r.Reason))
	}
	return out
}

// Kept is a live RRset that the plan leaves alone.
type Kept struct {
	Key     schema.Key
	Records int
	Reason  string
}

// Action is what one write does to a record.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Change is one write: one record created, updated or deleted.
type Change struct {
	Action Action
	Key    schema.Key
	// Before is the live record (nil for a creation), After the declared one
	// (nil for a deletion).
	Before, After *Record
	// Handle is the live record's; empty for a creation.
	Handle schema.Handle
	// Swap marks the two halves of a change from or to a CNAME, which no other
	// data can stand beside (RFC 2181 section 10.1): a deletion and a creation
	// that follow one another directly, in one wave.
	Swap bool
	// Wave numbers the steps of a zone from 1: changes of one wave do not
	// depend on each other, except for the halves of a swap.
	Wave     int
	Risks    []Risk
	Cause    Cause           // why, where the plan has a base
	Position schema.Position // where git declares it; none for a deletion
	// Adopted marks a deletion of what base left alone, which no difference in
	// git shows: the digest is not over it.
	Adopted bool
}

// Record is one side of a change.
type Record struct {
	Data schema.Data
	TTL  schema.TTL
}

// Summary counts. Create, Update, Delete and Writes count records, a zone's
// own creation or deletion as one; Unchanged, Drift and Conflict count RRsets.
type Summary struct {
	Create, Update, Delete, Unchanged, Drift, Conflict, Writes int
}

// Add sums two summaries.
func (s *Summary) Add(other Summary) {
	s.Create += other.Create
	s.Update += other.Update
	s.Delete += other.Delete
	s.Unchanged += other.Unchanged
	s.Writes += other.Writes
	s.Drift += other.Drift
	s.Conflict += other.Conflict
}

// Prune says what happens to live RRsets that git does not declare.
type Prune string

// The prune modes.
const (
	PruneAll  Prune = "all"  // deleted
	PruneNone Prune = "none" // listed as unmanaged, left alone
	// PruneOwned deletes what git has declared before ([Input.Owned]) and
	// leaves the rest alone.
	PruneOwned Prune = "owned"
)

// Options are the settings that a plan depends on.
type Options struct {
	Prune Prune // empty: PruneAll
	// Ignore are live records that are never touched, besides the built-in
	// ones unless NoDefaultIgnores is set.
	Ignore           []Pattern
	NoDefaultIgnores bool
	// ManageApexNS writes declared apex NS records even where the service
	// lists none.
	ManageApexNS bool
	// MaxDeletes and MaxUpdates are the percentages of a zone's live RRsets
	// above which the guards refuse; 0 means [DefaultThreshold].
	MaxDeletes, MaxUpdates int
	// MaxZones is how many zones a plan may change; 0 means any number.
	MaxZones int
	// NoLastGuard lets the last MX, delegation or apex address of a zone go
	// like any other record.
	NoLastGuard bool
	// NoMixedTTLs tells nothing of live RRsets whose records differ in TTL.
	NoMixedTTLs bool
	Allow       Allow
	// Loosened is what the configuration loosens since base, for the reader.
	Loosened []Loosening
}

// Input is one zone of a run, as both sides have it.
type Input struct {
	Desired *schema.Zone
	// Live is the zone as the service serves it; nil where there is none.
	Live *schema.LiveZone
	// LiveErr is why the live zone could not be read whole; then Live is nil
	// and the zone is refused.
	LiveErr error
	// Base is what git said before; nil for a two-way plan.
	Base *Base
	// Owned are the RRsets that git has ever declared in its history; of use
	// with [PruneOwned] alone.
	Owned map[schema.Key]bool
}
