package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

// verifyWritten asks, with --verify, the nameservers for what was written, or is
// again as it was before, and reports whether they answer it.
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
		m.say("there is no RRset of which it is known that it was written whole, so nothing was verified")
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
	e := z.Effect()
	v := verify.Zone{Desired: e.Zone, Only: map[schema.Key]bool{}, Plan: r.options, Owned: z.Zone.Owned, OldTTL: e.OldTTL, TakenBack: e.TakenBack}
	if z.Zone.Action == plan.ZoneDelete {
		return v, z.Whole == apply.Done
	}
	for _, k := range e.Written {
		if e.Zone.RRset(k) == nil {
			v.Gone = append(v.Gone, k)
		} else {
			v.Only[k] = true
		}
	}
	undone := func(s apply.Step) bool { return s.Outcome != apply.Done }
	if z.Whole == apply.Done && !slices.ContainsFunc(z.Steps, undone) { // a new zone is as declared, all of it
		v.Only = nil
	}
	return v, v.Only == nil || len(v.Only)+len(v.Gone) > 0
}
