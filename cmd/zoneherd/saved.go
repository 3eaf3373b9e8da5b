package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// save writes the plan to the file of --out.
func (r *planned) save(c *cli.Context) error {
	file := c.String("out")
	if file == "" {
		return nil
	}
	if r.live == nil {
		return usage("--out saves a plan for apply, and an --offline plan cannot be applied: use --report %s", file)
	}
	account, err := r.live.account(c.Context)
	if err != nil {
		return err
	}
	document := r.toSave(account)
	var text bytes.Buffer
	if err := report.JSON(&text, document); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	if err := writeFile(file, text.Bytes()); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	return nil
}

// toSave is the document of a plan that is to be applied from it, with a token
// of the account; empty where that is not known.
func (r *planned) toSave(account string) *report.Document {
	return saved.Document(r.plan, r.about(), saved.Origin{Endpoint: r.live.endpoint, Account: account, ConfigDigest: r.desired.config.Digest})
}

// writeFile writes a file whole or not at all, for its owner alone to read.
func writeFile(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".zoneherd-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(file)) // the name is on disk only with its directory
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// savedPlan is the file of `apply PLAN.json`; empty for any other apply.
func savedPlan(c *cli.Context) (string, error) {
	if c.NArg() == 0 || filepath.Ext(c.Args().First()) != ".json" {
		return "", nil
	}
	if c.NArg() > 1 {
		return "", usage("apply takes one saved plan, or zone files and directories, and not both")
	}
	return c.Args().First(), refuseSettled(c, "a saved plan: give it to plan --out")
}

// refuseSettled refuses the flags that were settled when a plan was made.
func refuseSettled(c *cli.Context, where string) error {
	settled := []string{"ref", "base", "changed", "zone", "shard", "prune", "lenient", "skip-unsupported", "require-reviewed"}
	for _, guard := range plan.Overridable() {
		if guard != plan.GuardToken { // the token is the one at hand
			settled = append(settled, "allow-"+guard)
		}
	}
	for _, flag := range settled {
		if on, isBool := c.Value(flag).(bool); c.IsSet(flag) && (on || !isBool) { // the action switches some off by name
			return usage("--%s (or %s) is settled in %s", flag, environmentName(flag), where)
		}
	}
	return nil
}

// loadPlan makes the plan of a saved file ready to be applied: everything that
// it was made with has to be as it was.
func (p *program) loadPlan(c *cli.Context, m *messages, file string) (_ *planned, err error) {
	if err := checkFormats(c); err != nil {
		return nil, err
	}
	what := "the saved plan " + file
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the saved plan: %w", err)
	}
	defer f.Close()
	document, err := saved.Read(f)
	var newer *report.NewerError
	switch {
	case errors.Is(err, saved.ErrTampered), errors.As(err, &newer):
		return nil, notApplied(what, err)
	case err != nil:
		return nil, fmt.Errorf("the saved plan %s cannot be applied: %w", file, err)
	}
	r, err := p.openSaved(c, m, what, document)
	if err != nil {
		return nil, err
	}
	if err := r.rebuild(c, m, what, document, saved.Progress{}); err != nil {
		r.live.close()
		return nil, err
	}
	return r, nil
}

// notApplied is the refusal of a plan that was saved.
func notApplied(what string, err error) error {
	return &statusError{exitRefused, fmt.Errorf("%s is not applied: %w", what, err)}
}

// openSaved opens the live side for a plan that was saved, if configuration,
// service and account are those that it was made with.
func (p *program) openSaved(c *cli.Context, m *messages, what string, document *report.Document) (_ *planned, err error) {
	r := &planned{program: p, desired: &desired{config: source.NoConfig()}, options: saved.Options()}
	at, err := openPlace(c)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	path, err := configFile(c, at)
	if err != nil {
		return nil, err
	}
	if path != nil {
		var problems schema.Problems
		r.desired.config, problems = source.LoadConfig(*path)
		switch digest := r.desired.config.Digest; {
		case digest == "": // it could not be read
			return nil, problems.Err()
		case c.Bool("rollback") && c.String("resume") != "": // which writes what the journal says, whatever is configured
		case digest != document.ConfigDigest:
			return nil, notApplied(what, errors.New("the configuration here is another than the one that it was made with: plan again"))
		}
	}
	r.desired.config.Digest = document.ConfigDigest // what is kept of this run is of the same
	if r.concurrency, err = r.desired.concurrency(c); err != nil {
		return nil, err
	}
	if r.live, err = p.live(c, m, r.desired.config.CountSurplus); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.live.close()
		}
	}()
	if r.live.endpoint != document.Endpoint {
		return nil, notApplied(what, fmt.Errorf("it was made against %s, and this is %s", document.Endpoint, r.live.endpoint))
	}
	id, err := r.live.identity(c.Context)
	if err != nil {
		return nil, err
	}
	account := id.Account
	switch {
	case document.Account != "" && account == "":
		return nil, notApplied(what, fmt.Errorf("it was made with a token of the account %s, and the service does not say whose this one is", document.Account))
	case document.Account != "" && !strings.EqualFold(account, document.Account):
		return nil, notApplied(what, fmt.Errorf("it was made with a token of the account %s, and this one belongs to %s", document.Account, account))
	}
	if document.Commit != nil {
		r.desired.commit.Hash, r.desired.commit.Dirty = *document.Commit, document.Dirty
	}
	return r, nil
}

// rebuild makes the plan that was saved against what is live now.
func (r *planned) rebuild(c *cli.Context, m *messages, what string, document *report.Document, progress saved.Progress) error {
	names, err := saved.Zones(document)
	if err != nil {
		return notApplied(what, err)
	}
	bar := r.progress("reading zones", len(names))
	live, err := r.live.zones(c.Context, names, r.concurrency, bar.step)
	bar.end()
	if err != nil {
		return err
	}
	if r.plan, err = saved.Rebuild(document, live, progress); err != nil {
		return notApplied(what, err)
	}
	id, err := r.live.identity(c.Context)
	if err != nil {
		return err
	}
	r.options.Allow.Token = c.StringSlice("allow-token")
	r.guardToken(c, m, id)
	return nil
}
