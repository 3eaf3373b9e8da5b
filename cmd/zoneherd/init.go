package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/examples"
	"github.com/zoneherd/zoneherd/source"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "begin a repository of zones in the working directory: configuration, zones, workflows",
		Flags: join([]cli.Flag{
			&cli.BoolFlag{Name: "import", Usage: "write zone files of what is live instead of an example"},
			&cli.StringSliceFlag{Name: "zone", Usage: "with --import: only the zones whose name matches `GLOB` (repeatable)"},
			&cli.StringFlag{Name: "account", Usage: "have the configuration want a token of the account `ADDRESS`"},
			&cli.BoolFlag{Name: "workflows", Value: true, Usage: "write workflows for GitHub that plan, apply and watch for drift"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be written"},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask"},
			&cli.IntFlag{Name: "concurrency", Usage: "at most `N` requests at once", DefaultText: "8"},
		}, liveAloneFlags()),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if c.NArg() > 0 {
				return usage("init begins a repository in the working directory, and takes no arguments: %q was given", c.Args().First())
			}
			root, err := os.OpenRoot(".")
			if err != nil {
				return fmt.Errorf("open the working directory: %w", err)
			}
			defer root.Close()
			return (&beginning{p: p, m: m, root: root}).run(c)
		},
	}
}

// beginning is a repository that is begun. Files are only written where there
// are none, and never through a link out of it.
type beginning struct {
	p     *program
	m     *messages
	root  *os.Root
	zones string // the directory with the zone files
	has   bool   // which has some already
}

// newFile is a file to write.
type newFile struct{ path, text, does string }

func (b *beginning) run(c *cli.Context) error {
	b.zones, b.has = b.findZones()
	live := c.Bool("import")
	if !live && !b.has && b.asks(c) && os.Getenv("VPSORG_TOKEN") != "" {
		var err error
		if live, err = b.ask(c, "Write zone files of what is live now, in place of an example?"); err != nil {
			return err
		}
	}
	files, err := b.files(c, live)
	if err != nil {
		return err
	}
	var write []newFile
	for _, f := range files {
		switch _, err := b.root.Lstat(f.path); {
		case err == nil:
			b.m.say("left as it is: %s", f.path)
		case errors.Is(err, fs.ErrNotExist):
			write = append(write, f)
		default:
			return fmt.Errorf("look for %s: %w", f.path, err)
		}
	}
	if c.Bool("dry-run") || len(write) > 0 && b.asks(c) {
		for _, f := range write {
			fmt.Fprintf(b.p.stdout, "to write: %-36s %s\n", f.path, f.does)
		}
		if live {
			fmt.Fprintf(b.p.stdout, "to write: %-36s one for each live zone\n", b.zones+"/*.yaml")
		}
	}
	if c.Bool("dry-run") {
		return nil
	}
	if len(write) > 0 && b.asks(c) {
		switch ok, err := b.ask(c, "Write these files?"); {
		case err != nil:
			return err
		case !ok:
			return errors.New("nothing was written")
		}
	}
	if live { // first, since it may fail
		im := &importer{p: b.p, m: b.m}
		if err := im.open(c); err != nil {
			return err
		}
		defer im.live.close()
		im.dir = b.zones
		if err := im.run(c); err != nil {
			return err
		}
	}
	for _, f := range write {
		if err := b.write(f); err != nil {
			return err
		}
		fmt.Fprintf(b.p.stdout, "wrote %s: %s\n", f.path, f.does)
	}
	b.next(write)
	return nil
}

// asks reports whether there is somebody to ask.
func (b *beginning) asks(c *cli.Context) bool {
	return !c.Bool("yes") && !c.Bool("dry-run") && isTerminal(b.p.stdin)
}

// ask asks a question whose answer is yes unless it begins with n.
func (b *beginning) ask(c *cli.Context, question string) (bool, error) {
	fmt.Fprintf(b.p.stderr, "%s [Y/n] ", question)
	text, err := b.p.answer(c.Context)
	return !strings.HasPrefix(strings.ToLower(text), "n"), err
}

// zoneFile is the name of a file that is named after its zone.
var zoneFile = regexp.MustCompile(`^[^.].*\..*\.ya?ml$`)

// findZones finds the directory with zone files, zoneherd's or octoDNS's.
func (b *beginning) findZones() (dir string, has bool) {
	for _, dir := range []string{"zones", "config", "dns", "domains"} {
		entries, err := fs.ReadDir(b.root.FS(), dir)
		if err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return zoneFile.MatchString(e.Name()) }) {
			return dir, true
		}
	}
	return "zones", false
}

// files are those of a repository, as far as they are of use in this one.
func (b *beginning) files(c *cli.Context, live bool) ([]newFile, error) {
	config := "# Settings of this repository. `zoneherd schema config` describes them all, README.md\n# of zoneherd the guards. The endpoint and the token are never set here.\n" +
		"zones: [" + b.zones + "]\n"
	if account := c.String("account"); account != "" {
		config += "account: " + strconv.Quote(account) + " # a token of any other is refused\n"
	}
	config += `prune: all # what is live and in no file is deleted; owned: only what a file has ever declared; none: nothing
# Names that others write to are left alone, as those of certificate challenges are anyhow:
# ignore:
#   - {name: "preview-*", type: [A, AAAA, CNAME]}
`
	files := []newFile{{"zoneherd.yaml", config, "settings of this repository"}}
	if !b.has && !live {
		files = append(files, newFile{b.zones + "/example.com.yaml", exampleZone, "a zone to copy from, marked as an example"})
	}
	files = append(files,
		newFile{".editorconfig", "root = true\n\n[*.{yaml,yml}]\nindent_style = space\nindent_size = 2\nend_of_line = lf\ncharset = utf-8\ninsert_final_newline = true\ntrim_trailing_whitespace = true\n", "how editors indent"},
		newFile{".pre-commit-config.yaml", "repos:\n  - repo: https://github.com/zoneherd/zoneherd\n    rev: " + release() + "\n    hooks:\n      - id: zoneherd-fmt\n      - id: zoneherd-validate\n", "checks before each commit, for pre-commit"},
	)
	if !c.Bool("workflows") {
		return files, nil
	}
	if at, ok := b.repository(); ok && at != "." {
		b.m.say("no workflows: GitHub reads those in the root of the repository alone, and this is %s in it: run init there, or copy examples/workflows of zoneherd", at)
		return files, nil
	}
	branch := cmp.Or(source.DefaultBranch("."), "main")
	for _, w := range []struct{ name, does string }{
		{"plan", "comments on each pull request what merging it would do"},
		{"apply", "applies what was reviewed, once it is merged into " + branch},
		{"drift", "keeps an issue open while live differs"},
		{"adopt-drift", "keeps a pull request open that takes over what differs"},
	} {
		text, err := examples.Workflow(w.name)
		if err != nil {
			return nil, err
		}
		text = strings.ReplaceAll(text, "zoneherd/zoneherd@"+noCommit, "zoneherd/zoneherd@"+release())
		pattern := literal.Replace(branch)
		text = strings.ReplaceAll(text, "branches: [main]", "branches: ["+source.Scalar(pattern)+"]")
		files = append(files, newFile{".github/workflows/zoneherd-" + w.name + ".yml", text, w.does})
	}
	return files, nil
}

// literal makes a pattern for GitHub of a branch: these are special there, of the
// characters that git lets be.
var literal = strings.NewReplacer("+", `\+`, "!", `\!`)

const exampleZone = `# yaml-language-server: $schema=https://raw.githubusercontent.com/zoneherd/zoneherd/main/schema/jsonschema/zone.schema.json
# The zone example.com, after which the file is named. Take it away before the first
# apply, which would create it.
ttl: 3600
records:
  "@":
    - {type: A, values: [192.0.2.1, 192.0.2.2]}
    - {type: MX, value: 10 mail}
    - {type: TXT, value: "v=spf1 mx -all"}
  _dmarc: {type: TXT, value: "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"}
  mail: {type: A, value: 192.0.2.25}
  www: {type: CNAME, value: "@"}
`

// adoptDrift is the workflow that wants a setting.
const adoptDrift = ".github/workflows/zoneherd-adopt-drift.yml"

// noCommit stands in the workflows where the commit of a release belongs.
const noCommit = "0000000000000000000000000000000000000000"

// release is what a workflow pins: the commit of this program, or its version;
// noCommit where neither is known.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return noCommit
	}
	commit, clean := "", true
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			clean = s.Value == "false"
		}
	}
	switch version := info.Main.Version; {
	case len(commit) == len(noCommit) && clean:
		return commit
	case strings.HasPrefix(version, "v") && !strings.ContainsAny(version, "-+"):
		return version
	}
	return noCommit
}

// repository finds where in a repository of git this directory is: "." in its
// root. ok is false where there is no repository.
func (b *beginning) repository() (at string, ok bool) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return "", false
	}
	for at := "."; ; {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return at, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		at, dir = path.Join(filepath.Base(dir), at), up
	}
}

// write makes one file, with its directories.
func (b *beginning) write(f newFile) error {
	err := b.root.MkdirAll(path.Dir(f.path), 0o755)
	var out *os.File
	if err == nil {
		out, err = b.root.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	}
	if err == nil {
		_, err = out.WriteString(f.text)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		return fmt.Errorf("write %s: %w: what was written before it stays, and init goes on from there", f.path, err)
	}
	return nil
}

// next says what to do with what was written.
func (b *beginning) next(written []newFile) {
	wrote := func(prefix string) bool {
		return slices.ContainsFunc(written, func(f newFile) bool { return strings.HasPrefix(f.path, prefix) })
	}
	fmt.Fprint(b.p.stdout, "\nnext:\n    zoneherd validate\n    zoneherd plan   # with VPSORG_TOKEN set; without it: zoneherd plan --sandbox\n")
	if !wrote(".github/") {
		return
	}
	fmt.Fprintf(b.p.stdout, `
on GitHub:
    a secret VPSORG_READ_TOKEN, of a token that has dns:list alone
    an environment dns with the secret VPSORG_TOKEN, of one that may write, and with somebody who approves
    in .github/CODEOWNERS who reviews: /%s/ @your-organisation/your-team
`, b.zones)
	if wrote(adoptDrift) {
		fmt.Fprintf(b.p.stdout, `    for %s in Settings, Actions, General: "Allow GitHub Actions to
    create and approve pull requests"; or remove it, and run zoneherd import --merge yourself
`, path.Base(adoptDrift))
	}
	if release() == noCommit {
		fmt.Fprintf(b.p.stdout, "    in the workflows and in .pre-commit-config.yaml the commit of the release that you use, in place of %s…\n", noCommit[:7])
	}
}
