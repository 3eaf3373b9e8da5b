package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
)

// resume finishes the run that a journal tells of, or takes it back.
func (p *program) resume(c *cli.Context, m *messages) error {
	file := c.String("resume")
	if c.NArg() > 0 {
		return usage("--resume finishes the plan that is in the journal, and takes no files beside it: %q was given", c.Args().First())
	}
	if err := refuseSettled(c, "a journal, when its run began"); err != nil {
		return err
	}
	if c.IsSet("journal") {
		return usage("--resume goes on in the journal that it is given: leave --journal out")
	}
	if err := checkFormats(c); err != nil {
		return err
	}
	if c.Bool("rollback") {
		if c.Bool("verify") {
			return usage("--verify (or %s) asks for what was applied, and --resume with --rollback takes it back: leave it out", environmentName("verify"))
		}
		if c.IsSet("digest") {
			return usage("--digest (or %s) is of a plan that is applied, and --resume with --rollback applies none: leave it out", environmentName("digest"))
		}
		for _, flag := range []string{"report", "result"} {
			if c.IsSet(flag) {
				m.warn("--%s (or %s) writes nothing, since it is about a plan that is applied, and --resume with --rollback applies none", flag, environmentName(flag))
			}
		}
	}
	j, err := journal.Read(file)
	if err != nil {
		return err
	}
	if j.Complete && !c.Bool("rollback") {
		m.say("the run of this journal is finished: there is nothing to resume")
		return nil
	}
	if c.Bool("rollback") {
		p.goOn(takenBack(file))
	} else {
		p.goOn(finish(file))
	}
	what := "the plan of the journal " + file
	r, err := p.openSaved(c, m, what, j.Plan)
	if err != nil {
		return err
	}
	defer r.live.close()
	unlock, err := r.lockEarlier(c, m, what, j)
	if err != nil {
		return err
	}
	defer unlock()
	if j, err = journal.Read(file); err != nil { // the run may have gone on until then
		return err
	}
	if j.Complete && !c.Bool("rollback") {
		m.say("the run of this journal has been finished meanwhile: there is nothing to resume")
		return nil
	}
	if err := r.letSettle(c.Context, m, j, settleFor(c)); err != nil {
		return err
	}
	if c.Bool("rollback") {
		return r.takeBack(c, m, j)
	}
	if err := r.rebuild(c, m, what, j.Plan, j.Progress()); err != nil {
		return err
	}
	if err := r.show(c); err != nil {
		return err
	}
	if r.plan.Refused() {
		return status(exitRefused)
	}
	if !r.plan.Pending() {
		w, err := journal.Append(file, j)
		if err != nil {
			return err
		}
		defer w.Close()
		return w.End(true)
	}
	if err := r.checkReviewed(c, m); err != nil {
		return err
	}
	if err := r.confirm(c, fmt.Sprintf("Apply these %d writes to", r.plan.Summary.Writes)); err != nil {
		return err
	}
	return r.apply(c, m, j)
}

// lockEarlier is lock for the zones of an earlier run, which may be under way
// still: a journal is read and gone on with by one run at a time.
func (r *planned) lockEarlier(c *cli.Context, m *messages, what string, j *journal.Journal) (unlock func(), err error) {
	names, err := saved.Zones(j.Plan)
	if err != nil {
		return nil, notApplied(what, err)
	}
	return r.lock(c, m, names)
}

// letSettle waits until what was under way when the run broke off can no longer
// take effect, for as long as a run would have looked for it.
func (r *planned) letSettle(ctx context.Context, m *messages, j *journal.Journal, wait time.Duration) error {
	wait -= max(time.Since(j.Last), 0) // it may be from a machine whose clock is ahead
	if j.Open() == 0 || wait <= 0 {
		return nil
	}
	m.say("%s of unknown outcome when the run broke off: waiting for %s until they show", count(j.Open(), "write"), max(wait.Round(time.Second), time.Second))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeBack undoes what the run of a journal has written.
func (r *planned) takeBack(c *cli.Context, m *messages, j *journal.Journal) error {
	zones, not, err := j.Written()
	if err != nil {
		return err
	}
	out, style := r.stdout, r.style()
	if c.String("format") != "text" { // there is no plan to be written that way
		out, style = r.stderr, report.Style{}
	}
	if err := report.ToTakeBack(out, zones, not, style); err != nil {
		return err
	}
	n := 0
	for _, z := range zones {
		n += len(z.Steps)
	}
	switch {
	case n == 0 && len(not) > 0:
		return status(exitPartly)
	case n == 0:
		return nil
	}
	if err := r.confirm(c, fmt.Sprintf("Take these %d writes back from", n)); err != nil {
		return err
	}
	k, err := r.keep(c, j)
	if err != nil {
		return err
	}
	defer k.close()
	r.finishing.Store(true)
	bar := r.progress("taking back", n)
	result := apply.TakeBack(c.Context, r.live, zones, apply.Options{
		Concurrency: r.concurrency, Stop: r.stop, Backup: k.backup(), Observe: k.observe(bar), SettleFor: settleFor(c),
	})
	bar.end()
	if err := k.journal.End(false); err != nil {
		return &statusError{exitPartly, err}
	}
	whole, err := report.TakenBack(out, result, style)
	k.tell(m)
	if !whole {
		m.say("%s", takenBack(k.journal.File()))
	}
	switch {
	case err != nil:
		return &statusError{exitPartly, err}
	case result.Interrupted && !whole:
		return status(exitInterrupted)
	case !whole || len(not) > 0:
		return status(exitPartly)
	case c.Bool("detailed-exitcode"):
		return status(exitChanges)
	}
	return nil
}
