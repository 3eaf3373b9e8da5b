package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// errInterrupted is why a step was not begun after an interrupt.
var errInterrupted = errors.New("interrupted before it began")

// zone carries out the plan of one zone.
func (r *runner) zone(ctx context.Context, zr *ZoneReport) {
	z := zr.Zone
	if r.stopped(ctx) {
		zr.giveUp(errInterrupted)
		return
	}
	first, waits := r.unfinished(z.After)
	switch {
	case waits && z.Action == plan.ZoneDelete:
		zr.giveUp(fmt.Errorf("the zone %s has to be done first, and was not done whole", first.Display()))
		return
	case z.Action == plan.ZoneDelete:
		r.deleteZone(ctx, zr)
		return
	}
	var live *schema.LiveZone
	var err error
	if z.Action == plan.ZoneCreate {
		live, err = r.createZone(ctx, zr)
	} else {
		live, err = r.read(ctx, liveInfo(z.Live))
	}
	if err != nil {
		zr.giveUp(err)
		return
	}
	changes, err := r.again(zr, live)
	if err != nil {
		zr.giveUp(err)
		return
	}
	if r.opts.Backup != nil && len(changes) > 0 && z.Action != plan.ZoneCreate {
		if err := r.opts.Backup(live); err != nil {
			zr.giveUp(fmt.Errorf("nothing was written, since the backup failed: %w", err))
			return
		}
	}
	zr.Steps = steps(changes)
	w := newWriter(r, zr, live, zr.Steps)
	w.fresh = z.Action == plan.ZoneCreate
	if waits {
		w.block(first, fmt.Errorf("the zone %s has to be done first, and was not done whole", first.Display()))
	}
	w.waves(ctx)
	if zr.Err = w.halt; zr.Err == nil {
		zr.Err = w.confirm(ctx)
	}
	if r.opts.Rollback && !zr.Complete() && !r.stopped(ctx) {
		w.takeBack(ctx, false)
	}
}

// read reads a zone within the run's bound on requests.
func (r *runner) read(ctx context.Context, info schema.LiveZoneInfo) (*schema.LiveZone, error) {
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.slots.Release(1)
	fresh, err := r.service.FindZone(ctx, info.Name)
	var live *schema.LiveZone
	if err == nil {
		live, err = r.service.ReadZone(ctx, fresh)
	}
	switch {
	case errors.Is(err, provider.ErrStopped):
		return nil, errInterrupted
	case err != nil:
		return nil, fmt.Errorf("read the zone again before writing: %w", err)
	}
	return live, nil
}

// again makes the zone's plan anew from what is live now. The changes are then
// those to write, with the handles of now. At the names that the plan touches
// they may be fewer than planned, where somebody has done the same already,
// but never others; changes at other names were not asked for and are left.
func (r *runner) again(zr *ZoneReport, live *schema.LiveZone) ([]plan.Change, error) {
	z := zr.Zone
	opts := r.opts.Plan
	if z.Action == plan.ZoneCreate {
		// What the service has put into the zone by itself is nobody's data.
		name := []string{z.Name.Display()}
		opts.Allow.Deletes, opts.Allow.Updates, opts.Allow.Empty, opts.Allow.Last = name, name, name, name
	} else {
		opts.Allow = plan.Allow{}
	}
	fresh := plan.New([]plan.Input{{Desired: z.Desired, Live: live, Base: z.Base, Owned: z.Owned}}, nil, opts).Zones[0]
	if z.Action == plan.ZoneCreate {
		for _, refusal := range fresh.Refused {
			if refusal.Guard != plan.GuardApexNS {
				return nil, fmt.Errorf("the zone was created, and its records are not written: %s", refusal.Reason)
			}
			zr.Notices = append(zr.Notices, "the service has put NS records at the apex, which are left: "+refusal.Reason+"; to change them run again with --allow-apex-ns")
			fresh.Changes = slices.DeleteFunc(fresh.Changes, func(c plan.Change) bool {
				return c.Key == schema.Key{Name: z.Name, Type: schema.TypeNS}
			})
		}
		zr.Notices = append(zr.Notices, fresh.Warnings...)
		return fresh.Changes, nil
	}
	planned := map[string]int{}
	touched := map[schema.Name]bool{}
	for i := range z.Changes {
		planned[z.Changes[i].Identity()]++
		touched[z.Changes[i].Key.Name] = true
	}
	left := map[string]bool{}
	for i := range z.Left {
		left[z.Left[i].Identity()] = true
	}
	changes := make([]plan.Change, 0, len(fresh.Changes))
	elsewhere := 0
	for _, c := range fresh.Changes {
		if !touched[c.Key.Name] {
			elsewhere++
			continue
		}
		id := c.Identity()
		if left[id] {
			continue
		}
		if planned[id] == 0 {
			return nil, fmt.Errorf("%s %s: %w", c.Key.Name.Display(), c.Key.Type, ErrStale)
		}
		planned[id]--
		changes = append(changes, c)
	}
	if elsewhere > 0 {
		zr.Notices = append(zr.Notices, fmt.Sprintf("%d more records differ now than when the plan was made; they were left: plan again", elsewhere))
	}
	if already := len(z.Changes) - len(changes); already > 0 {
		zr.Notices = append(zr.Notices, fmt.Sprintf("%d of the planned changes were live already", already))
	}
	return changes, nil
}

// createZone creates the zone and reads what it then holds.
func (r *runner) createZone(ctx context.Context, zr *ZoneReport) (*schema.LiveZone, error) {
	z := zr.Zone
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.slots.Release(1)
	if err := r.observe(Event{Zone: z.Name, Outcome: Begun}); err != nil {
		return nil, err
	}
	info, err := r.service.CreateZone(ctx, z.Name)
	outcome := Done
	if errors.Is(err, provider.ErrUncertain) {
		outcome = Uncertain
		settled := r.settle(ctx, func(ctx context.Context) (bool, error) {
			found, ferr := r.service.FindZone(ctx, z.Name)
			if ferr == nil {
				info = found
			}
			return ferr == nil, ferr
		})
		if settled {
			outcome, err = Done, nil
		}
	} else if err != nil {
		outcome = Failed
	}
	if zr.Whole = outcome; outcome == Failed && errors.Is(err, provider.ErrStopped) {
		zr.Whole, err = NotDone, errInterrupted
	}
	if terr := r.observe(Event{Zone: z.Name, Handle: info.Handle, Outcome: zr.Whole, Err: err}); err == nil {
		err = terr
	}
	if err != nil {
		return nil, fmt.Errorf("create the zone: %w", err)
	}
	// A zone just created may not be there yet for everybody.
	var live *schema.LiveZone
	read := r.settle(ctx, func(ctx context.Context) (bool, error) {
		live, err = r.service.ReadZone(ctx, info)
		if err != nil && !errors.Is(err, provider.ErrNotFound) && !errors.Is(err, provider.ErrForbidden) && !errors.Is(err, provider.ErrIncomplete) {
			return true, nil // of no use to ask again
		}
		return err == nil, nil
	})
	if !read || err != nil {
		return nil, fmt.Errorf("the zone was created, but could not be read back, so its records are not written yet: %w", err)
	}
	return live, nil
}

// deleteZone deletes a whole zone, if it still holds what the plan saw.
func (r *runner) deleteZone(ctx context.Context, zr *ZoneReport) {
	z := zr.Zone
	live, err := r.read(ctx, liveInfo(z.Live))
	if errors.Is(err, provider.ErrNotFound) {
		zr.Whole = Done
		zr.Notices = append(zr.Notices, "the zone was gone already")
		return
	}
	if err == nil && !sameRecords(live, z.Live) {
		err = ErrStale
	}
	if err == nil && r.opts.Backup != nil {
		err = r.opts.Backup(live)
	}
	if err == nil {
		err = r.slots.Acquire(ctx, 1)
	}
	if err != nil {
		zr.giveUp(err)
		return
	}
	defer r.slots.Release(1)
	if zr.Err = r.observe(Event{Zone: z.Name, Outcome: Begun}); zr.Err != nil {
		zr.Whole = NotDone
		return
	}
	err = r.service.DeleteZone(ctx, provider.ZoneID{Handle: live.Handle, Name: z.Name})
	zr.Whole = Done
	switch {
	case err == nil, errors.Is(err, provider.ErrNotFound):
		err = nil
	case errors.Is(err, provider.ErrUncertain):
		gone := r.settle(ctx, func(ctx context.Context) (bool, error) {
			_, ferr := r.service.FindZone(ctx, z.Name)
			return errors.Is(ferr, provider.ErrNotFound), nil
		})
		if gone {
			err = nil
		} else {
			zr.Whole = Uncertain
		}
	case errors.Is(err, provider.ErrStopped):
		zr.Whole, err = NotDone, errInterrupted
	default:
		zr.Whole = Failed
	}
	zr.Err = errors.Join(err, r.observe(Event{Zone: z.Name, Outcome: zr.Whole, Err: err}))
}

// sameRecords compares two readings of a zone by value, not by handle.
func sameRecords(a, b *schema.LiveZone) bool {
	if len(a.Records) != len(b.Records) {
		return false
	}
	n := map[provider.Record]int{}
	for _, r := range a.Records {
		n[provider.Record{Name: r.Name, TTL: r.TTL, Data: r.Data}]++
	}
	for _, r := range b.Records {
		n[provider.Record{Name: r.Name, TTL: r.TTL, Data: r.Data}]--
	}
	for _, k := range n {
		if k != 0 {
			return false
		}
	}
	return true
}
