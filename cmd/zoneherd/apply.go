package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
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
			&cli.StringFlag{Name: "backup-dir", Usage: "keep what zones held before below `DIR`", DefaultText: "~/.local/state/zoneherd/backups"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"},
		}),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
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
				return nil
			}
			if err := r.checkReviewed(c, m); err != nil {
				return err
			}
			if err := r.confirm(c); err != nil {
				return err
			}
			return r.apply(c, m)
		},
	}
}

// confirm asks on a terminal, and elsewhere wants --yes.
func (r *planned) confirm(c *cli.Context) error {
	if c.Bool("yes") {
		return nil
	}
	if !isTerminal(r.stdin) {
		return usage("nobody can be asked here: review the plan, then give --yes to apply it")
	}
	fmt.Fprintf(r.stderr, "\nApply these %d writes to %s? Only \"yes\" does it: ", r.plan.Summary.Writes, r.live.about)
	answer := make(chan string, 1)
	go func() { // an interrupt does not wait for the answer
		line, _ := bufio.NewReader(r.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-c.Context.Done():
		return c.Context.Err()
	case text := <-answer:
		if text == "yes" {
			return nil
		}
		return &statusError{exitError, fmt.Errorf("not applied, nothing was written")}
	}
}

// apply carries the plan out and reports what was done.
func (r *planned) apply(c *cli.Context, m *messages) error {
	saved, err := r.backups(c)
	if err != nil {
		return err
	}
	defer saved.close()
	var backup func(*schema.LiveZone) error
	if saved != nil {
		backup = saved.save
	}
	r.finishing.Store(true)
	bar := r.progress("writing", r.plan.Summary.Writes)
	result := apply.Run(c.Context, r.live, r.plan, apply.Options{
		Plan:        r.options,
		Concurrency: r.concurrency,
		Stop:        r.stop,
		Backup:      backup,
		Observe: func(e apply.Event) error {
			if e.Outcome != apply.Begun {
				bar.step()
			}
			return nil
		},
	})
	bar.end()
	out, style := r.stdout, r.style()
	if c.String("format") != "text" { // stdout is the plan's alone
		out, style = r.stderr, report.Style{}
	}
	told := report.Outcome(out, result, style)
	if saved != nil && saved.saved.Load() > 0 {
		m.say("what the zones held before is in %s: zoneherd apply makes one of those files live again", saved.dir)
	}
	if err := errors.Join(told, r.writeResult(c.String("result"), result)); err != nil {
		return &statusError{exitPartly, err} // what was written is written
	}
	switch {
	case result.Interrupted:
		return status(exitInterrupted)
	case result.Stale():
		return status(exitRefused)
	case !result.Complete():
		return status(exitPartly)
	case c.Bool("detailed-exitcode"):
		return status(exitChanges)
	}
	return nil
}

// writeResult writes what was done to the file of --result.
func (r *planned) writeResult(file string, result *apply.Report) error {
	if file == "" {
		return nil
	}
	var text bytes.Buffer
	err := report.NewResult(result).WriteJSON(&text)
	if err == nil {
		err = writeFile(file, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
