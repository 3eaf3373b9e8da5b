package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// kept is what a run keeps on disk: what zones held before it wrote to them, in
// a directory of its own for each run, and the journal of what it does, in the
// same place unless --journal names another.
type kept struct {
	dir     string // empty: zones are not saved
	saved   atomic.Int32
	journal *journal.Writer   // nil: none
	earlier map[string]string // by zone, where the run that is finished has saved it
	begun   func()            // tells how to go on from the first step on
}

// keep makes ready to keep what a run of this plan needs. earlier is the
// journal that is resumed; nil for none. A sandbox is kept nothing of but what
// is asked for.
func (r *planned) keep(c *cli.Context, earlier *journal.Journal) (_ *kept, err error) {
	k := &kept{begun: func() {}}
	if parent := c.String("backup-dir"); parent != "" {
		k.dir, err = runDir(parent)
	} else if !c.Bool("sandbox") {
		if parent, err = stateDir("backups"); err == nil {
			k.dir, err = runDir(parent)
		} else {
			err = fmt.Errorf("%w: name a directory with --backup-dir, or set XDG_STATE_HOME", err)
		}
	}
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		if !c.Bool("rollback") { // what is there now is half of that run, and not to be mistaken for what was
			k.earlier = stillThere(earlier.Backups)
		}
		k.journal, err = journal.Append(c.String("resume"), earlier)
		return k, err
	}
	file := c.String("journal")
	if file == "" && k.dir != "" {
		file = filepath.Join(k.dir, "journal.jsonl")
	}
	if file == "" {
		return k, nil
	}
	account, _ := r.live.account(c.Context) // who wanted to know has been told that it is not known
	if k.journal, err = journal.Create(file, r.toSave(account)); err != nil {
		k.close()
		return nil, err
	}
	k.begun = sync.OnceFunc(func() { r.goOn(finish(file)) })
	return k, nil
}

// goOn keeps how to go on from here, for when the run does not come to its end.
func (p *program) goOn(how string) { p.then.Store(&how) }

// finish says how to go on with a run, and takenBack with one that is taken back.
func finish(file string) string {
	return fmt.Sprintf("to finish: zoneherd apply --resume %s, or to take back what was done: the same with --rollback", report.Inert(file))
}

func takenBack(file string) string {
	return fmt.Sprintf("to take back the rest: zoneherd apply --resume %s --rollback, or to finish the plan instead: the same without --rollback", report.Inert(file))
}

// stillThere gives those backups that this machine has.
func stillThere(backups map[string]string) map[string]string {
	there := map[string]string{}
	for zone, file := range backups {
		if _, err := os.Stat(file); err == nil {
			there[zone] = file
		}
	}
	return there
}

// stateDir is a directory for what outlives a run on this machine.
func stateDir(name string) (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("there is no home directory to keep %s in: %w", name, err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "zoneherd", name), nil
}

// runDir makes a new directory for a run below parent.
func runDir(parent string) (string, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fmt.Errorf("make the directory for backups: %w: name another with --backup-dir", err)
	}
	stamp := time.Now().UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		dir := filepath.Join(parent, stamp)
		if n > 1 {
			dir += fmt.Sprintf("-%d", n)
		}
		if err := os.Mkdir(dir, 0o700); err == nil {
			return dir, nil
		} else if !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("make the directory for backups: %w: name another with --backup-dir", err)
		}
	}
}

// backup is for [apply.Options]; nil where zones are not saved.
func (k *kept) backup() func(*schema.LiveZone) error {
	if k.dir == "" {
		return nil
	}
	return func(z *schema.LiveZone) error {
		if k.earlier[z.Name.Display()] != "" {
			return nil
		}
		file := filepath.Join(k.dir, strings.ReplaceAll(z.Name.Display(), "/", "%2F")+".yaml")
		text, err := source.FromLive(z, fmt.Sprintf("What %s held before zoneherd wrote to it. To make it hold that again:\nzoneherd apply %s", z.Name.Display(), file))
		if err == nil {
			err = writeFile(file, text)
		}
		if err == nil && k.journal != nil {
			err = k.journal.Backup(z.Name, file)
		}
		if err == nil {
			k.saved.Add(1)
		}
		return err
	}
}

// observe is for [apply.Options]: it keeps the journal, and counts steps.
func (k *kept) observe(bar *progress) func(apply.Event) error {
	return func(e apply.Event) error {
		if e.Outcome != apply.Begun {
			bar.step()
		}
		if k.journal == nil {
			return nil
		}
		k.begun()
		return k.journal.Observe(e)
	}
}

// end writes down how the run ended, and tells what has been kept and what it
// is for.
func (k *kept) end(m *messages, result *apply.Report) error {
	var err error
	if k.journal != nil {
		err = k.journal.End(result.Complete())
	}
	k.tell(m)
	if k.journal != nil && k.journal.Begun() && !result.Complete() {
		m.say("%s", finish(k.journal.File()))
	}
	return err
}

// tell tells where zones have been saved.
func (k *kept) tell(m *messages) {
	switch {
	case k.saved.Load() > 0:
		m.say("what the zones held before is in %s: zoneherd apply makes one of those files live again", k.dir)
	case len(k.earlier) > 0:
		m.say("what the zones held before is where the run that was resumed has left it: zoneherd apply makes one of those files live again")
	}
}

// close takes the directory away again if nothing is in it.
func (k *kept) close() {
	if k.journal != nil {
		_ = k.journal.Close() // each line is on disk
	}
	if k.dir != "" {
		_ = os.Remove(k.dir) // of use only where it is empty
	}
}
