package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

// verifyWritten asks, with --verify, the nameservers for what was written, and
// reports whether they answer it.
func (r *planned) verifyWritten(c *cli.Context, m *messages, result *apply.Report, opts verify.Options, out io.Writer, style report.Style) (bool, error) {
	if !c.Bool("verify") || result.Interrupted {
		return true, nil
	}
	var zones []verify.Zone
	for i := range result.Zones {
		if z, ok := r.effect(&result.Zones[i]); ok {
			zones = append(zones, z)
		}
	}
	if len(zones) == 0 {
		return true, nil
	}
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	go func() { // all is written: an interrupt need not wait
		select {
		case <-r.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	found, err := r.ask(ctx, m, zones, opts)
	if err != nil && ctx.Err() != nil {
		return false, &statusError{exitInterrupted, errors.New("all was written as told, and interrupted before it was verified: zoneherd verify asks for it")}
	}
	if err != nil {
		return false, &statusError{exitPartly, fmt.Errorf("what was written was not verified: %w", err)}
	}
	written := report.NewResult(result)
	written.Verification = report.NewVerification(found)
	if err := errors.Join(report.VerificationText(out, found, style), r.writeResult(c.String("result"), written)); err != nil {
		return false, &statusError{exitPartly, err}
	}
	return found.OK(), nil
}

// effect is what the nameservers of a zone have to answer after what was done
// to it; false where nothing was.
func (r *planned) effect(z *apply.ZoneReport) (verify.Zone, bool) {
	v := verify.Zone{Desired: z.Zone.Desired, Only: map[schema.Key]bool{}, Plan: r.options, Owned: z.Zone.Owned}
	if z.Zone.Action == plan.ZoneDelete {
		return v, z.Whole == apply.Done
	}
	undone := map[schema.Key]bool{}
	for i := range z.Steps {
		if s := &z.Steps[i]; s.Outcome != apply.Done {
			undone[s.Change.Key] = true
		}
	}
	for i := range z.Steps {
		change := z.Steps[i].Change
		if undone[change.Key] {
			continue // told of already
		}
		if change.Before != nil {
			v.OldTTL = max(v.OldTTL, change.Before.TTL)
		}
		if z.Zone.Desired.RRset(change.Key) == nil {
			v.Gone = append(v.Gone, change.Key)
			continue
		}
		v.Only[change.Key] = true
	}
	if z.Whole == apply.Done && len(undone) == 0 { // a new zone is as declared, all of it
		v.Only = nil
	}
	return v, v.Only == nil || len(v.Only)+len(v.Gone) > 0
}
