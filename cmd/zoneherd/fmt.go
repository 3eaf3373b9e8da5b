package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
)

func (p *program) fmtCommand() *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "lay zone files out as everywhere, keeping the comments",
		ArgsUsage: "[PATH…|-]",
		Description: "Without PATH the files that validate reads, with what they include. With - stdin is laid out to stdout.\n" +
			"Names are sorted as DNS does within the groups that blank lines and comments make. What a file declares never changes.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "read the configuration from `FILE` instead of zoneherd.yaml in the working directory"},
			&cli.BoolFlag{Name: "check", Usage: "write nothing, list the files that are laid out otherwise, and exit with 1 if there are any"},
			&cli.BoolFlag{Name: "diff", Usage: "write nothing, and show what would change"},
			&cli.BoolFlag{Name: "upgrade", Usage: "make files in octoDNS's form files in zoneherd's, which declare the same"},
			logFlag(),
		},
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			f := &formatter{p: p, m: m, layOut: edit.Format, check: c.Bool("check"), diff: c.Bool("diff")}
			if c.Bool("upgrade") {
				f.layOut = edit.Upgrade
			}
			if args := c.Args().Slice(); slices.Contains(args, "-") {
				if len(args) > 1 {
					return usage("- stands for stdin, and goes with no other path")
				}
				return f.stdin()
			}
			return f.files(c)
		},
	}
}

// formatter is one run of fmt.
type formatter struct {
	p           *program
	m           *messages
	layOut      func(file string, text []byte) ([]byte, error)
	check, diff bool
	differ      int // files that are laid out otherwise, or were
	failed      int
}

func (f *formatter) stdin() error {
	text, err := io.ReadAll(io.LimitReader(f.p.stdin, source.MaxFileSize+1))
	if err != nil {
		return fmt.Errorf("read stdin: %w", err)
	}
	if len(text) > source.MaxFileSize {
		return errors.New("stdin is larger than any zone file may be")
	}
	out, ok := f.format("stdin", text)
	switch {
	case !ok:
	case f.check || f.diff:
		if err := f.show("stdin", text, out); err != nil {
			return err
		}
	default:
		if _, err := f.p.stdout.Write(out); err != nil {
			return err
		}
	}
	return f.end(1)
}

// files lays out the files that are given, or those of the configuration.
func (f *formatter) files(c *cli.Context) error {
	at, err := openPlace(c)
	if err != nil {
		return err
	}
	defer at.Close()
	files, err := filesToEdit(c, at)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := f.file(path); err != nil {
			return err
		}
	}
	return f.end(len(files))
}

// filesToEdit finds the files: of paths that are given only what they name,
// else also what is included.
func filesToEdit(c *cli.Context, at *place) ([]source.Path, error) {
	config := source.NoConfig()
	configPath, err := configFile(c, at)
	if err != nil {
		return nil, err
	}
	if configPath != nil {
		var problems schema.Problems
		if config, problems = source.LoadConfig(*configPath); problems.Err() != nil {
			return nil, fmt.Errorf("the configuration has mistakes: %w", problems.Err())
		}
	}
	given := c.Args().Slice()
	paths, err := zonePaths(at, given, config)
	if err != nil {
		return nil, err
	}
	result, err := source.Load(c.Context, paths, source.Options{DefaultTTL: schema.DefaultTTL})
	if err != nil {
		return nil, err
	}
	files := result.Files
	if len(given) > 0 {
		files = slices.DeleteFunc(files, func(p source.Path) bool {
			return !slices.ContainsFunc(paths, func(q source.Path) bool {
				return p == q || p.Tree == q.Tree && (q.Name == "." || strings.HasPrefix(p.Name, q.Name+"/"))
			})
		})
	}
	if len(files) == 0 {
		return nil, errors.New("there are no zone files there: give a file, or a directory with files named after their zones")
	}
	return files, nil
}

// file lays one file out. What is wrong with it is told, and counted.
func (f *formatter) file(path source.Path) error {
	shown := path.Shown()
	text, err := path.Read()
	if err != nil {
		f.fail(err)
		return nil
	}
	out, ok := f.format(shown, text)
	switch {
	case !ok || bytes.Equal(text, out):
		return nil
	case f.check || f.diff:
		return f.show(shown, text, out)
	}
	f.differ++
	target, err := path.OnDisk()
	if err != nil {
		f.fail(err)
		return nil
	}
	if err := replaceFile(target, shown, out); err != nil {
		return err
	}
	_, err = fmt.Fprintln(f.p.stdout, report.InertLine(shown))
	return err
}

func (f *formatter) format(shown string, text []byte) ([]byte, bool) {
	out, err := f.layOut(shown, text)
	if err != nil {
		f.fail(err)
		return nil, false
	}
	return out, true
}

// fail tells why a file is left as it is.
func (f *formatter) fail(err error) {
	f.failed++
	var problems schema.Problems
	if errors.As(err, &problems) {
		f.m.problems(problems)
		return
	}
	f.m.say("%v", err)
}

// show lists a file that is laid out otherwise, with --diff as a diff.
func (f *formatter) show(shown string, text, out []byte) error {
	if bytes.Equal(text, out) {
		return nil
	}
	f.differ++
	if !f.diff {
		_, err := fmt.Fprintln(f.p.stdout, report.InertLine(shown))
		return err
	}
	return f.p.printDiff(shown, text, shown+" laid out", out)
}

// printDiff shows what changes in a file.
func (p *program) printDiff(old string, text []byte, new string, out []byte) error {
	for line := range strings.Lines(string(diff.Diff(old, text, new, out))) {
		if _, err := fmt.Fprintln(p.stdout, report.InertLine(strings.TrimRight(line, "\r\n"))); err != nil {
			return err
		}
	}
	return nil
}

func (f *formatter) end(files int) error {
	switch {
	case f.failed > 0:
		return fmt.Errorf("%s of %d could not be laid out", count(f.failed, "file"), files)
	case f.check && f.differ > 0:
		return fmt.Errorf("%s of %d to be laid out: run zoneherd fmt", count(f.differ, "file"), files)
	}
	return nil
}
