package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

func (p *program) applyCommand() *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Usage:     "make live equal to the files: show the plan, ask, and carry it out",
		ArgsUsage: "[PATH… | PLAN.json]",
		Flags: join(fileFlags(), liveFlags(), planFlags(), reviewFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "require-reviewed", Usage: "apply only what the comments on the pull requests merged since --base show, and leave drift"},
			&cli.StringFlag{Name: "digest", Usage: "apply only the plan that has this `DIGEST`"},
			&cli.StringFlag{Name: "result", Usage: "write what was done to `FILE`, as JSON"},
			&cli.StringFlag{Name: "backup-dir", Usage: "keep what zones held before, and the journal, below `DIR`", DefaultText: "~/.local/state/zoneherd/backups"},
			&cli.StringFlag{Name: "journal", Usage: "keep the journal in `FILE`, a new one", DefaultText: "beside the backups"},
			&cli.StringFlag{Name: "resume", Usage: "finish the run that a journal in `FILE` tells of"},
			&cli.BoolFlag{Name: "rollback", Usage: "take a zone's own steps back where not all of them can be done; with --resume, those of the earlier run"},
			&cli.DurationFlag{Name: "settle-for", Usage: "look for a write of unknown outcome for so `LONG`", Value: apply.DefaultSettle},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"},
			&cli.BoolFlag{Name: "verify", Usage: "then ask the zones' nameservers until what was changed is answered as declared, or as before where it was taken back"},
		}, verifyFlags()),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if c.String("resume") != "" {
				return p.resume(c, m)
			}
			file, err := savedPlan(c)
			if err != nil {
				return err
			}
			var r *planned
			if file != "" {
				r, err = p.loadPlan(c, m, file)
			} else {
				r, err = p.makePlan(c, m)
			}
			if err != nil {
				return err
			}
			defer r.live.close()
			if c.Bool("require-reviewed") || c.String("digest") != "" && r.base != nil {
				r.plan.LeaveDrift() // what is reviewed is what git changes
			}
			if c.Bool("yes") { // nobody is asked: from here on an interrupt ends in good order
				r.finishing.Store(true)
			}
			if err := r.show(c); err != nil {
				return err
			}
			if r.plan.Refused() {
				return status(exitRefused)
			}
			if !r.plan.Pending() {
				if c.Bool("verify") {
					m.say("nothing was written, so nothing was verified: zoneherd verify asks for all that is declared")
				}
				return nil
			}
			if err := r.checkReviewed(c, m); err != nil {
				return err
			}
			if err := r.confirm(c, fmt.Sprintf("Apply these %d writes to", r.plan.Summary.Writes)); err != nil {
				return err
			}
			return r.apply(c, m, nil)
		},
	}
}

// confirm asks on a terminal, and elsewhere wants --yes.
func (r *planned) confirm(c *cli.Context, question string) error {
	if c.Bool("yes") {
		return nil
	}
	if !isTerminal(r.stdin) {
		return usage("nobody can be asked here: review the plan, then give --yes to apply it")
	}
	fmt.Fprintf(r.stderr, "\n%s %s? Only \"yes\" does it: ", question, r.live.about)
	switch text, err := r.answer(c.Context); {
	case err != nil:
		return err
	case text != "yes":
		return &statusError{exitError, fmt.Errorf("not applied, nothing was written")}
	}
	return nil
}

// answer reads a line from stdin. An interrupt does not wait for it.
func (p *program) answer(ctx context.Context) (string, error) {
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case text := <-answer:
		return text, nil
	}
}

// apply carries the plan out and reports what was done. earlier is the journal
// of the run that it goes on with, whose zones are locked already; nil for none.
func (r *planned) apply(c *cli.Context, m *messages, earlier *journal.Journal) error {
	var ask verify.Options
	if c.Bool("verify") { // whom cannot be told after something was written
		var err error
		if ask, err = r.verifyOptions(c); err != nil {
			return err
		}
	}
	k, err := r.keep(c, earlier)
	if err != nil {
		return err
	}
	defer k.close()
	if earlier == nil {
		unlock, err := r.lock(c, m, r.written())
		if err != nil {
			return err
		}
		defer unlock()
	}
	r.finishing.Store(true)
	bar := r.progress("writing", r.plan.Summary.Writes)
	result := apply.Run(c.Context, r.live, r.plan, apply.Options{
		Plan:        r.options,
		Concurrency: r.concurrency,
		Stop:        r.stop,
		Backup:      k.backup(),
		Observe:     k.observe(bar),
		Rollback:    c.Bool("rollback"),
		SettleFor:   settleFor(c),
	})
	bar.end()
	out, style := r.stdout, r.style()
	if c.String("format") != "text" { // stdout is the plan's alone
		out, style = r.stderr, report.Style{}
	}
	told := report.Outcome(out, result, style)
	if err := errors.Join(told, k.end(m, result), r.writeResult(c.String("result"), report.NewResult(result))); err != nil {
		return &statusError{exitPartly, err} // what was written is written
	}
	verified, err := r.verifyWritten(c, m, result, ask, out, style)
	if err != nil {
		return err
	}
	switch {
	case result.Interrupted:
		return status(exitInterrupted)
	case result.Stale():
		return status(exitRefused)
	case !result.Complete(), !verified:
		return status(exitPartly)
	case c.Bool("detailed-exitcode"):
		return status(exitChanges)
	}
	return nil
}

// written are the zones that the plan writes to.
func (r *planned) written() []schema.Name {
	var names []schema.Name
	for i := range r.plan.Zones {
		if r.plan.Zones[i].Summary.Writes > 0 {
			names = append(names, r.plan.Zones[i].Name)
		}
	}
	return names
}

// settleFor is how long a write of unknown outcome is looked for.
func settleFor(c *cli.Context) time.Duration { return max(c.Duration("settle-for"), time.Millisecond) }

// writeResult writes what was done to the file of --result.
func (r *planned) writeResult(file string, result *report.Result) error {
	if file == "" {
		return nil
	}
	var text bytes.Buffer
	err := result.WriteJSON(&text)
	if err == nil {
		err = writeFile(file, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
