package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
	"github.com/zoneherd/zoneherd/source/octodns"
)

// fromOctoDNS imports the zones of octoDNS's configuration, or of a directory
// of its zone files.
func (im *importer) fromOctoDNS(c *cli.Context) error {
	input := c.String("input")
	if input == "" {
		return usage("--from octodns wants --input FILE, octoDNS's configuration, or --input DIR, its zone files")
	}
	if err := im.configure(c); err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	disk, err := source.OpenDisk(cwd)
	if err != nil {
		return err
	}
	defer disk.Close()
	zones, err := im.readOctoDNS(c, disk, cwd, input)
	if err != nil {
		return err
	}
	var files []*imported
	for _, z := range zones {
		f := foreign(&z.Zone)
		for _, s := range z.RRsets {
			if slices.ContainsFunc(s.Values, func(v schema.Value) bool { return v.Lenient }) {
				f.lenient[s.Key] = true
			}
		}
		if z.Whole {
			text, err := z.File.Read()
			if err != nil {
				return err
			}
			var made []byte
			lenient := -1
			f.own = func() []byte {
				if lenient != len(f.lenient) {
					made, lenient = im.upgraded(c.Context, z, text, f.lenient), len(f.lenient)
				}
				return made
			}
		}
		files = append(files, f)
	}
	if err := im.bring(c, files); err != nil {
		return err
	}
	for i, f := range files {
		if f.own == nil || f.exact {
			im.tellComments(zones[i])
		}
	}
	return nil
}

// readOctoDNS reads the zones that --zone selects, and tells what is wrong.
func (im *importer) readOctoDNS(c *cli.Context, disk *source.Disk, cwd, input string) ([]*octodns.Zone, error) {
	file, err := disk.Path(input)
	if err != nil {
		return nil, fmt.Errorf("read --input: %w", err)
	}
	info, err := fs.Stat(file.Tree.FS, file.Name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", input, err)
	}
	found := false
	opts := octodns.Options{
		Target: im.d.config.OctoDNSTarget, SkipUnsupported: im.d.config.Unsupported,
		Selected: func(n schema.Name) bool { found = true; return matchesAny(c.StringSlice("zone"), n.Display()) },
		Find:     func(dir string) (source.Path, error) { return findDirectory(disk, cwd, input, dir) },
	}
	read := octodns.Read
	if info.IsDir() {
		read = octodns.ReadDirectory
	}
	zones, problems := read(c.Context, file, opts)
	return zones, im.readable(c, problems, len(zones), found)
}

// findDirectory finds a provider's directory. octoDNS takes it to be relative to
// where it runs, which the configuration does not say: that is the working
// directory where the configuration is below it, else the nearest directory
// around the configuration that has it.
func findDirectory(disk *source.Disk, cwd, input, dir string) (source.Path, error) {
	if filepath.IsAbs(dir) {
		return disk.Path(dir)
	}
	file, err := filepath.Abs(input)
	if err != nil {
		return source.Path{}, fmt.Errorf("find %s: %w", input, err)
	}
	home, err := filepath.Rel(cwd, filepath.Dir(file))
	if err != nil {
		return source.Path{}, fmt.Errorf("find %s: %w", input, err)
	}
	below := filepath.IsLocal(home)
	var there []string
	if below && isDir(filepath.Join(cwd, dir)) {
		return disk.Path(dir)
	}
	for at := filepath.Dir(file); at != filepath.Dir(at); at = filepath.Dir(at) {
		if full := filepath.Join(at, dir); isDir(full) && !slices.Contains(there, full) {
			there = append(there, full)
		}
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil || below && at == cwd {
			break
		}
	}
	switch len(there) {
	case 0:
		return source.Path{}, fmt.Errorf("there is no directory %s, neither here nor around %s: run zoneherd where octoDNS is run", dir, input)
	case 1:
		shown := there[0]
		if rel, err := filepath.Rel(cwd, shown); err == nil {
			shown = rel
		}
		return disk.Path(shown)
	}
	return source.Path{}, fmt.Errorf("the directory %s may be %s: run zoneherd where octoDNS is run", dir, strings.Join(there, " or "))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

var recordsLine = regexp.MustCompile(`(?m)^records:`)

// upgraded is the text of the one file that a zone is from, comments and all, in
// zoneherd's form; nil where that would not be the same zone.
func (im *importer) upgraded(ctx context.Context, z *octodns.Zone, text []byte, lenient map[schema.Key]bool) []byte {
	name := fileName(z.Name)
	change := edit.Change{LeaveOut: z.Records.LeftOut, Rename: z.Records.Renamed, Lenient: map[schema.Position]bool{}}
	for i := range z.RRsets {
		if s := &z.RRsets[i]; lenient[s.Key] && !s.Values[0].Lenient {
			change.Lenient[schema.Position{Line: s.Position.Line, Column: s.Position.Column}] = true
		}
	}
	text, err := edit.UpgradeWith(name, text, change)
	if err != nil {
		return nil
	}
	head := ""
	if !z.Name.IsHost() || !strings.Contains(z.Name.Display(), ".") {
		head = fmt.Sprintf("zone: %s\n", z.Name.Display())
	}
	if z.DefaultTTL != im.defaultTTL() {
		head += fmt.Sprintf("ttl: %d\n", z.DefaultTTL)
	}
	i := recordsLine.FindIndex(text)
	if i == nil { // an empty file
		return nil
	}
	text = slices.Insert(text, i[0], []byte(head)...) // below the comments at its head
	read, err := source.Load(ctx, []source.Path{source.InMemory(name, text)}, im.reading())
	if err != nil || asMeant([]*imported{{zone: &z.Zone}}, read.Zones) != nil {
		return nil
	}
	return text
}

// tellComments tells how many comments a zone's new file lacks.
func (im *importer) tellComments(z *octodns.Zone) {
	for _, file := range slices.Sorted(maps.Keys(z.Comments)) {
		if n := z.Comments[file]; n > 0 {
			im.m.say("%s: %s of %s not carried over: look whether they are worth keeping", z.Name.Display(), count(n, "line")+" of comments", file+" "+map[bool]string{true: "is", false: "are"}[n == 1])
		}
	}
}
