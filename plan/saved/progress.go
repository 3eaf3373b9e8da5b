package saved

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// Progress is how far an earlier run of a plan came, as its journal tells. The
// zero Progress is that of no run.
type Progress struct {
	// Created are the zones whose creation has begun.
	Created map[string]bool
	// Steps counts changes by their [Identity].
	Steps map[string]Steps
}

// Steps counts equal changes: those that took effect, and those of which that
// is not known.
type Steps struct{ Done, Open int }

// Identity is what makes two changes of saved plans the same.
func Identity(zone string, c report.Change) string {
	side := func(r *report.Record) string {
		if r == nil {
			return "-"
		}
		return fmt.Sprintf("%d %s", r.TTL, r.Data)
	}
	return fmt.Sprintf("%q %q %q %q %q %q", zone, c.Action, c.Name, c.Type, side(c.Before), side(c.After))
}

// maxStates bounds how many states an RRset is compared with.
const maxStates = 1 << 12

// remaining finds out which of an RRset's changes have still to be made, where
// its values are what the earlier run may have left: what is done is done, what
// is open is so or so, and the rest is not. ok is false where they are not.
func (p Progress) remaining(zone string, now []value, changes []*report.Change, before string) (rest []*report.Change, ok bool) {
	var kinds []*kind
	byID := map[string]*kind{}
	for _, c := range changes {
		id := Identity(zone, *c)
		if byID[id] == nil {
			n := p.Steps[id]
			byID[id] = &kind{from: n.Done, most: n.Done + n.Open}
			kinds = append(kinds, byID[id])
		}
		byID[id].changes = append(byID[id].changes, c)
	}
	tried := 0
	var try func(i int, state []value) bool
	try = func(i int, state []value) bool {
		if i == len(kinds) {
			tried++
			return ofValues(state) == before
		}
		k := kinds[i]
		for _, made := range k.likelyFirst(now) {
			if tried >= maxStates {
				break
			}
			if undone, possible := undo(state, k.changes[:made]); possible && try(i+1, undone) {
				rest = append(rest, k.changes[made:]...)
				return true
			}
		}
		return false
	}
	return rest, try(0, now)
}

// kind are changes of an RRset that are equal to one another.
type kind struct {
	changes []*report.Change
	from    int // the least that may have been made
	most    int
}

// likelyFirst gives how many of the changes may have been made, first what it
// looks like: what they make is there, or what they take away is not.
func (k *kind) likelyFirst(now []value) []int {
	n := len(k.changes)
	count := func(r *report.Record) int {
		seen := 0
		for _, v := range now {
			if v == (value{r.Data, r.TTL}) {
				seen++
			}
		}
		return min(seen, n)
	}
	var likely int
	if c := k.changes[0]; c.After != nil {
		likely = count(c.After)
	} else {
		likely = n - count(c.Before)
	}
	var out []int
	for made := min(k.from, n); made <= min(k.most, n); made++ {
		out = append(out, made)
	}
	away := func(made int) int { return max(made-likely, likely-made) }
	slices.SortStableFunc(out, func(a, b int) int { return away(a) - away(b) })
	return out
}

// undo gives the values from which changes have made the given ones.
func undo(values []value, changes []*report.Change) (before []value, possible bool) {
	before = slices.Clone(values)
	for _, c := range changes {
		if c.After != nil {
			var there bool
			if before, there = without(before, value{c.After.Data, c.After.TTL}); !there {
				return nil, false
			}
		}
		if c.Before != nil {
			before = append(before, value{c.Before.Data, c.Before.TTL})
		}
	}
	return before, true
}

// Change reads a change of a saved plan, without its handle.
func Change(zone schema.Name, c report.Change) (plan.Change, error) {
	owner, err := schema.ParseOwner(c.Name, zone)
	if err != nil {
		return plan.Change{}, err
	}
	out := plan.Change{Action: plan.Action(c.Action), Key: schema.Key{Name: owner, Type: schema.Type(c.Type)}, Swap: c.Swap, Wave: c.Wave, Cause: plan.Cause(c.Cause), Adopted: c.Adopted}
	if out.Before, err = record(out.Key.Type, c.Before); err == nil {
		out.After, err = record(out.Key.Type, c.After)
	}
	if err == nil && ((out.Before == nil) != (out.Action == plan.Create) || (out.After == nil) != (out.Action == plan.Delete)) {
		err = fmt.Errorf("it does not have the sides of a step that is to %s", c.Action)
	}
	if err != nil {
		return plan.Change{}, fmt.Errorf("%s %s %s: %w", c.Action, owner.Display(), c.Type, err)
	}
	return out, nil
}

func record(typ schema.Type, r *report.Record) (*plan.Record, error) {
	if r == nil {
		return nil, nil
	}
	data, err := schema.ParseData(typ, r.Data)
	if err != nil {
		return nil, err
	}
	return &plan.Record{Data: data, TTL: r.TTL}, nil
}
