package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/replace"
)

// mergeFlags are those of import --merge alone.
func mergeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "merge", Usage: "change the files that are there so that they declare what is live, and only the lines that differ"},
		&cli.BoolFlag{Name: "diff", Usage: "with --merge: show what changes in the files"},
		&cli.BoolFlag{Name: "dry-run", Usage: "with --merge: write nothing"},
		&cli.StringFlag{Name: "shard", Usage: "with --merge: only the part I of N of the zones that are selected, as `I/N`"},
		&cli.StringFlag{Name: "prune", Usage: "with --merge: which live records that no file declares are written into the files: `all|owned|none`"},
	}
}

// checkMerge refuses flags that do not go together.
func checkMerge(c *cli.Context) error {
	if !c.Bool("merge") {
		for _, flag := range []string{"diff", "dry-run", "shard", "prune"} {
			if c.IsSet(flag) {
				return usage("--%s goes with --merge: import without it writes whole files", flag)
			}
		}
		return nil
	}
	switch {
	case c.String("from") != "live":
		return usage("--merge takes over what is live, and --from %s does not ask that: import into another directory instead", c.String("from"))
	case c.Bool("force"):
		return usage("--merge changes lines of files, and --force writes over whole ones: give one of the two")
	case c.String("input") != "":
		return usage("--merge takes over what is live, which has no --input")
	}
	return nil
}

// merger takes over into the zone files what has drifted.
type merger struct {
	p *program
	m *messages
	c *cli.Context
}

func (mg *merger) run() error {
	shard, err := shardOf(mg.c)
	if err != nil {
		return err
	}
	at, err := openPlace(mg.c)
	if err != nil {
		return err
	}
	defer at.Close()
	d, err := desiredAt(mg.c, at, mg.c.Args().Slice())
	r, err := mg.p.begin(mg.c, mg.m, d, err)
	if err != nil {
		return err
	}
	d.selectShard(shard)
	a, err := mg.adopt(at, r)
	if err != nil {
		return err
	}
	mg.m.problems(a.Notes)
	if mg.c.Bool("diff") {
		for _, f := range a.Files {
			if err := mg.p.printDiff(f.Path.Shown(), f.Before, f.Path.Shown()+" adopted", f.After); err != nil {
				return err
			}
		}
	}
	if !mg.c.Bool("dry-run") {
		if err := write(a.Files); err != nil {
			return err
		}
	}
	return mg.end(a)
}

// adopt reads the live side of the zones and finds what to change in the files.
func (mg *merger) adopt(at *place, r *planned) (*adopt.Adoption, error) {
	d := r.desired
	history, err := r.history(mg.c, mg.m)
	if err != nil {
		return nil, err
	}
	if r.live, err = mg.p.live(mg.c, mg.m, d.config.CountSurplus); err != nil {
		return nil, err
	}
	defer r.live.close()
	inputs, unmanaged, err := r.inputs(mg.c, history)
	if err != nil {
		return nil, err
	}
	if len(unmanaged) > 0 && mg.c.NArg() == 0 { // else a file that is not given may have them
		var names []string
		for _, n := range unmanaged {
			names = append(names, n.Display())
		}
		mg.m.say("live and in no file: %s: zoneherd import --zone NAME writes one", someOf(names, 5))
	}
	opts := adopt.Options{Paths: d.paths, Source: d.reading, Plan: r.options}
	if opts.Others, err = others(at, mg.c.Args().Slice(), d); err != nil {
		return nil, err
	}
	return adopt.New(mg.c.Context, inputs, opts)
}

// others are where zones may be that share files with those of given paths: what
// is read without paths, and the directories of files.
func others(at *place, given []string, d *desired) ([]source.Path, error) {
	if len(given) == 0 {
		return nil, nil
	}
	paths, err := zonePaths(at, nil, d.config)
	if err != nil && !errors.Is(err, errNoZonesHere) {
		return nil, err
	}
	paths = slices.Clone(paths)
	for _, p := range d.paths {
		if info, err := fs.Stat(p.Tree.FS, p.Name); err == nil && !info.IsDir() {
			paths = append(paths, source.Path{Tree: p.Tree, Name: path.Dir(p.Name)})
		}
	}
	return paths, nil
}

// write puts the new texts into their places, if all files are still as they
// were read.
func write(files []adopt.File) error {
	var targets []string
	for _, f := range files {
		text, err := f.Path.Read()
		if err != nil {
			return err
		}
		if !bytes.Equal(text, f.Before) {
			return fmt.Errorf("%s has changed while live was read, and nothing was written: run again", f.Path.Shown())
		}
		target, err := f.Path.OnDisk()
		if err != nil {
			return err
		}
		targets = append(targets, target)
	}
	for i, f := range files {
		if err := replaceFile(targets[i], f.Path.Shown(), f.After); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile gives a file another text, at once, and leaves its permissions.
func replaceFile(target, shown string, text []byte) error {
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("write %s: %w", shown, err)
	}
	if err := replace.Text(target, info.Mode().Perm(), text); err != nil {
		return fmt.Errorf("write %s: %w", shown, err)
	}
	return nil
}

// end says what was adopted, and what was not.
func (mg *merger) end(a *adopt.Adoption) error {
	for _, n := range a.Absent {
		mg.m.say("%s: left as it is: whether there is to be such a zone is for apply, or for who writes its file", n.Display())
	}
	if a.Undeclared > 0 {
		mg.m.say("%s that no file declares left alone: --prune %s takes them over", count(a.Undeclared, "live record"), plan.PruneAll)
	}
	for _, r := range a.Refused {
		mg.refused(r)
	}
	changes := 0
	var files []string
	for _, z := range a.Zones {
		changes += z.Changes
	}
	for _, f := range a.Files {
		files = append(files, f.Path.Shown())
	}
	did := "adopted"
	if mg.c.Bool("dry-run") {
		did = "would adopt"
	}
	line := "nothing has drifted"
	switch {
	case changes > 0:
		line = fmt.Sprintf("%s %s in %s: %s", did, count(changes, "change"), count(len(a.Zones), "zone"), someOf(files, 10))
	case len(a.Refused) > 0:
		line = fmt.Sprintf("%s nothing", did)
	}
	if _, err := fmt.Fprintln(mg.p.stdout, report.InertLine(line)); err != nil {
		return err
	}
	if len(a.Refused) > 0 {
		return &statusError{exitRefused, fmt.Errorf("%s not taken over, whose files are as they were", count(len(a.Refused), "zone"))}
	}
	return nil
}

// refused tells why a zone is not adopted.
func (mg *merger) refused(r adopt.Refusal) {
	var at schema.Problem
	if errors.As(r.Err, &at) {
		at.Message = "not taken over: " + at.Message
		if !strings.Contains(at.Message, r.Zone.Display()) {
			at.Message = r.Zone.Display() + " is " + at.Message
		}
		mg.m.problems(schema.Problems{at})
		return
	}
	mg.m.say("%s is not taken over: %v", r.Zone.Display(), r.Err)
}
