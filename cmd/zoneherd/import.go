package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

func (p *program) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "write zone files of what is live, so that a plan is empty afterwards, or of what another program keeps",
		ArgsUsage: "[DIR], or with --merge [PATH…]",
		Flags: join([]cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "read the configuration from `FILE` instead of zoneherd.yaml in the working directory"},
			&cli.StringSliceFlag{Name: "zone", Usage: "only the zones whose name matches `GLOB` (repeatable)"},
			&cli.StringFlag{Name: "from", Value: "live", Usage: "where the zones come from: `live|bind|dnscontrol|octodns`"},
			&cli.StringFlag{Name: "input", Usage: "for bind: a master file, or a directory of them; for dnscontrol: the `FILE` that dnscontrol print-ir printed; for octodns: its configuration, or the directory of its zone files"},
			&cli.StringFlag{Name: "zone-name", Usage: "for bind: the one file of --input is the zone `NAME`", DefaultText: "what the file says, or its name"},
			&cli.BoolFlag{Name: "force", Usage: "write over files that are there"},
			&cli.IntFlag{Name: "concurrency", Usage: "at most `N` requests at once", DefaultText: "8"},
		}, mergeFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "lenient", Usage: "turn sense errors into warnings, with --merge in the files, else for --sandbox-live"},
			&cli.BoolFlag{Name: "skip-unsupported", Usage: "pass over record types that the service lacks, with --merge in the files, else for --sandbox-live"},
			logFlag(),
		}, liveFlags()),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if err := checkMerge(c); err != nil {
				return err
			}
			if c.Bool("merge") {
				return (&merger{p, m, c}).run()
			}
			if c.NArg() > 1 {
				return usage("import writes into one directory, and was given %d", c.NArg())
			}
			if c.String("zone-name") != "" && c.String("from") != "bind" {
				return usage("--zone-name goes with --from bind")
			}
			im := &importer{p: p, m: m}
			if from := c.String("from"); from != "live" {
				return im.from(c, from)
			}
			if c.String("input") != "" {
				return usage("--input goes with --from: what is live has no file")
			}
			if err := im.open(c); err != nil {
				return err
			}
			defer im.live.close()
			return im.run(c)
		},
	}
}

// importer writes what is live into zone files.
type importer struct {
	p           *program
	m           *messages
	d           *desired // for its configuration
	dir         string
	live        *live
	concurrency int
}

// configure reads the configuration, and which directory to write into.
func (im *importer) configure(c *cli.Context) error {
	var err error
	if im.d, err = im.p.configured(c); err != nil {
		return err
	}
	im.dir = "zones"
	if zones := im.d.config.Zones; len(zones) > 0 {
		im.dir = zones[0].Shown()
	}
	if c.NArg() > 0 {
		im.dir = c.Args().First()
	}
	return nil
}

// open reads the configuration and opens the live side.
func (im *importer) open(c *cli.Context) error {
	err := im.configure(c)
	if err != nil {
		return err
	}
	if im.concurrency, err = im.d.concurrency(c); err != nil {
		return err
	}
	if im.live, err = im.p.live(c, im.m, im.d.config.CountSurplus); err != nil {
		return err
	}
	return nil
}

// configured is the configuration alone, for a run that reads no zone files.
func (p *program) configured(c *cli.Context) (*desired, error) {
	d := &desired{config: source.NoConfig()}
	at, err := openPlace(c)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	path, err := configFile(c, at)
	if err != nil || path == nil {
		return d, err
	}
	var problems schema.Problems
	d.config, problems = source.LoadConfig(*path)
	return d, problems.Err()
}

func (im *importer) run(c *cli.Context) error {
	names, err := im.names(c, "import")
	if err != nil {
		return err
	}
	if err := im.free(c.Context, names, c.Bool("force")); err != nil {
		return err
	}
	live, err := im.read(c, names, "import")
	if err != nil {
		return err
	}
	var files []*imported
	for _, z := range live {
		files = append(files, im.declared(z))
	}
	return im.place(c.Context, files)
}

// read reads zones whole, in the order that they are given. verb is what is done
// with them.
func (im *importer) read(c *cli.Context, names []schema.Name, verb string) ([]*schema.LiveZone, error) {
	bar := im.p.progress("reading zones", len(names))
	live, err := im.live.zones(c.Context, names, im.concurrency, bar.step)
	bar.end()
	if err != nil {
		return nil, err
	}
	var zones []*schema.LiveZone
	for _, name := range names {
		if live[name] == nil {
			return nil, fmt.Errorf("the zone %s has gone while it was %sed: run again", name.Display(), verb)
		}
		zones = append(zones, live[name])
	}
	return zones, nil
}

// place makes all files, and reads them again as a plan would read them, before
// any of them is put into its place.
func (im *importer) place(ctx context.Context, files []*imported) error {
	if err := os.MkdirAll(im.dir, 0o755); err != nil {
		return fmt.Errorf("make the directory for zone files: %w", err)
	}
	staged, err := os.MkdirTemp(im.dir, ".import-")
	if err != nil {
		return fmt.Errorf("make the directory for zone files: %w", err)
	}
	defer os.RemoveAll(staged)
	if err := im.write(ctx, staged, files); err != nil {
		return err
	}
	records := 0
	for _, f := range files {
		if records += f.zone.Records(); f.exact {
			records += len(f.all.Records) - f.zone.Records()
		}
		name := fileName(f.zone.Name)
		if err := os.Rename(filepath.Join(staged, name), filepath.Join(im.dir, name)); err != nil {
			return fmt.Errorf("write the zone file of %s: %w", f.zone.Name.Display(), err)
		}
	}
	fmt.Fprintf(im.p.stdout, "imported %s with %s into %s\n", count(len(files), "zone"), count(records, "record"), im.dir)
	return nil
}

// names are those of the live zones that --zone selects. verb is what is done
// with them.
func (im *importer) names(c *cli.Context, verb string) ([]schema.Name, error) {
	listed, err := im.live.ListZones(c.Context)
	if err != nil {
		return nil, err
	}
	var names []schema.Name
	for _, info := range listed {
		if matchesAny(c.StringSlice("zone"), info.Name.Display()) {
			names = append(names, info.Name)
		}
	}
	switch {
	case len(names) == 0 && len(listed) > 0:
		return nil, usage("no live zone matches --zone %s", strings.Join(c.StringSlice("zone"), ", "))
	case len(names) == 0:
		return nil, fmt.Errorf("there are no zones to %s", verb)
	}
	return names, nil
}

// free refuses to import zones that have files already, but with force.
func (im *importer) free(ctx context.Context, names []schema.Name, force bool) error {
	if err := im.undeclared(ctx, names); err != nil {
		return err
	}
	var there []string
	for _, name := range names {
		for _, ending := range []string{".yaml", ".yml"} {
			file := filepath.Join(im.dir, strings.TrimSuffix(fileName(name), ".yaml")+ending)
			if _, err := os.Lstat(file); err != nil {
				continue
			}
			if there = append(there, file); force && ending == ".yml" {
				return fmt.Errorf("nothing was imported: %s would be beside a new %s, and the zone be declared twice: rename it to that, or remove it", file, fileName(name))
			}
		}
	}
	if len(there) == 0 || force {
		return nil
	}
	return fmt.Errorf("nothing was imported, since there are files already: %s: select other zones with --zone, another directory, or --force to write over them", someOf(there, 5))
}

// undeclared refuses zones that files of other names declare, such as one for
// many domains: not even --force has a zone in two files.
func (im *importer) undeclared(ctx context.Context, names []schema.Name) error {
	if info, err := os.Stat(im.dir); err != nil || !info.IsDir() {
		return nil // nothing is there, or writing tells
	}
	there, err := im.load(ctx, im.dir)
	if err != nil {
		return err
	}
	for _, z := range there.Zones {
		own := fileName(z.Name)
		if at := z.Position.File; slices.Contains(names, z.Name) && at != own && at != strings.TrimSuffix(own, ".yaml")+".yml" {
			return fmt.Errorf("nothing was imported: %s is declared at %s already: take it out there, or select other zones with --zone", z.Name.Display(), filepath.Join(im.dir, z.Position.String()))
		}
	}
	return nil
}

// fileName is the name of a zone's file.
func fileName(zone schema.Name) string {
	return strings.ReplaceAll(zone.Display(), "/", "%2F") + ".yaml"
}

// imported is one zone on its way into a file.
type imported struct {
	all      *schema.LiveZone
	zone     *schema.Zone // what of it is to be declared
	lenient  map[schema.Key]bool
	exact    bool            // the file is marked from-live
	comments source.Comments // about its records
	own      func() []byte   // the file's text, where another file is to be kept; nil where it cannot be
	lines    map[int]schema.Key
}

// write writes the zones and reads them again together: an RRset that a plan
// would refuse to read gets `lenient: true`, and a zone that no careful file can
// hold is written into one that is marked from-live.
func (im *importer) write(ctx context.Context, dir string, files []*imported) error {
	byFile := map[string]*imported{}
	for _, f := range files {
		byFile[fileName(f.zone.Name)] = f
	}
	for try := 0; ; try++ {
		for _, f := range files {
			if err := im.writeFile(dir, f); err != nil {
				return err
			}
		}
		read, err := im.load(ctx, dir)
		if err != nil {
			return err
		}
		if read.Problems.Err() == nil {
			return asMeant(files, read.Zones)
		}
		for i := range read.Zones {
			if f := byFile[fileName(read.Zones[i].Name)]; f.own != nil {
				f.lines = linesOf(&read.Zones[i])
			}
		}
		for _, pr := range read.Problems {
			f := byFile[filepath.Base(pr.Position.File)]
			switch {
			case pr.Severity != schema.Error:
			case f == nil || f.exact:
				return pr // nothing can be done about it
			case f.own != nil && try >= 3:
				f.own = nil
			case try >= 6: // being lenient does not help
				im.markExact(f, pr.Message)
			default:
				im.relax(f, pr)
			}
		}
	}
}

// linesOf tells which RRset stands on which line of a zone's file, from where
// it or one of its values begins up to the next one.
func linesOf(z *schema.Zone) map[int]schema.Key {
	begin := map[int]schema.Key{}
	last := 0
	for _, s := range z.RRsets {
		begin[s.Position.Line] = s.Key
		last = max(last, s.Position.Line)
		for _, v := range s.Values {
			begin[v.Position.Line] = s.Key
			last = max(last, v.Position.Line)
		}
	}
	lines := map[int]schema.Key{}
	var current schema.Key
	for n := range last + 1 {
		if k, ok := begin[n]; ok {
			current = k
		}
		if current != (schema.Key{}) {
			lines[n] = current
		}
	}
	return lines
}

// relax makes the RRsets of a problem lenient.
func (im *importer) relax(f *imported, pr schema.Problem) {
	for _, at := range append([]schema.Position{pr.Position}, pr.Related...) {
		if filepath.Base(at.File) != filepath.Base(pr.Position.File) {
			continue
		}
		var keys []schema.Key
		if k, ok := f.lines[at.Line]; ok {
			keys = append(keys, k)
		}
		if pr.Rule == "owner-repeats-zone" && f.own != nil { // told at the name, which may stand above its records
			keys = repeating(f.zone)
		}
		for _, k := range keys {
			if f.lenient[k] {
				continue
			}
			f.lenient[k] = true
			im.m.say("%s: %s %s is made lenient: %s", f.zone.Name.Display(), k.Name.Display(), k.Type, pr.Message)
		}
	}
}

// repeating are the RRsets whose names repeat the zone's, and may not.
func repeating(z *schema.Zone) []schema.Key {
	var keys []schema.Key
	for _, s := range z.RRsets {
		if name, err := schema.ParseName(s.Name.Relative(z.Name)); err == nil && name.In(z.Name) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// markExact has the file marked from-live, where comments have no place.
func (im *importer) markExact(f *imported, why string) {
	f.exact = true
	im.m.say("%s: the file is marked from-live: %s", f.zone.Name.Display(), why)
	comments := 0
	for _, about := range f.comments {
		comments += len(about)
	}
	if comments > 0 {
		im.m.warn("%s: %s at records left out, which such a file has no place for", f.zone.Name.Display(), count(comments, "comment"))
	}
}

func (im *importer) writeFile(dir string, f *imported) error {
	var text []byte
	var err error
	if f.own != nil && !f.exact {
		if text = f.own(); text == nil {
			f.own = nil
		}
	}
	if !f.exact && f.own == nil {
		if text, f.lines, err = source.Write(f.zone, source.Layout{DefaultTTL: im.defaultTTL(), Lenient: f.lenient, Comments: f.comments}); err != nil {
			im.markExact(f, err.Error())
		}
	}
	if f.exact {
		if text, err = source.FromLive(f.all, im.exactHead()); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, fileName(f.zone.Name)), text, 0o644); err != nil {
		return fmt.Errorf("write the zone file of %s: %w", f.zone.Name.Display(), err)
	}
	return nil
}

// exactHead is what a file begins with that is marked from-live.
func (im *importer) exactHead() string {
	if im.live == nil {
		return "What a careful file cannot hold. All that was to be imported is in here."
	}
	return "What a careful file cannot hold. All that is live is in here, ignored or not."
}

func (im *importer) defaultTTL() schema.TTL {
	if im.d.config.DefaultTTLSet {
		return im.d.config.DefaultTTL
	}
	return schema.DefaultTTL
}

// load reads the files as a plan would.
func (im *importer) load(ctx context.Context, dir string) (source.Result, error) {
	disk, err := source.OpenDisk(dir)
	if err != nil {
		return source.Result{}, err
	}
	defer disk.Close()
	path, err := disk.Path(".")
	if err != nil {
		return source.Result{}, err
	}
	return source.Load(ctx, []source.Path{path}, im.reading())
}

// reading is how the files will be read.
func (im *importer) reading() source.Options {
	return source.Options{
		DefaultTTL: im.defaultTTL(), Lenient: im.d.config.Lenient,
		SkipUnsupported: im.d.config.Unsupported, OctoDNSTarget: im.d.config.OctoDNSTarget,
	}
}

// asMeant refuses files that declare anything but the zones they were made of,
// less what is left alone since no DNS serves it, which has been told.
func asMeant(files []*imported, read []schema.Zone) error {
	byName := map[schema.Name]*schema.Zone{}
	for i := range read {
		byName[read[i].Name] = &read[i]
	}
	for _, f := range files {
		z := byName[f.zone.Name]
		if z != nil && f.exact {
			continue
		}
		declared := func(s schema.RRset) bool { return z.Holds(s.Key) == nil }
		if z == nil || !sameHeld(f.zone, z) || !slices.EqualFunc(keep(f.zone.RRsets, declared), z.RRsets, sameSet) {
			return fmt.Errorf("%s: the file would declare something else than what it is made of, so nothing was imported: this is a fault of zoneherd's, please report it", f.zone.Name.Display())
		}
	}
	return nil
}

// sameHeld reports whether a file leaves alone what a zone leaves alone.
func sameHeld(want, got *schema.Zone) bool {
	return !slices.ContainsFunc(want.Held, func(h schema.Held) bool {
		return slices.ContainsFunc(h.Types, func(t schema.Type) bool { return got.Holds(schema.Key{Name: h.Name, Type: t}) == nil })
	})
}

func keep(sets []schema.RRset, wanted func(schema.RRset) bool) []schema.RRset {
	return slices.DeleteFunc(slices.Clone(sets), func(s schema.RRset) bool { return !wanted(s) })
}

// sameSet reports whether two RRsets, in the order that import writes them,
// have the same records.
func sameSet(a, b schema.RRset) bool {
	return a.Key == b.Key && slices.EqualFunc(a.Values, b.Values, func(x, y schema.Value) bool { return x.Data == y.Data && x.TTL == y.TTL })
}

// declared is what of a live zone is to be declared: not what a plan leaves
// alone, and not the name servers at the apex, which are the service's own.
func (im *importer) declared(live *schema.LiveZone) *imported {
	opts := plan.Options{Ignore: im.d.ignorePatterns(), NoDefaultIgnores: !im.d.config.IgnoreDefaults}
	ignored := plan.Ignored(live, opts)
	var declared []schema.LiveRecord
	left := map[string]int{}
	for _, r := range live.Records {
		switch typ := r.Data.Type(); {
		case ignored[r.Handle] != "":
			left[ignored[r.Handle]]++
		case !typ.Managed():
			left[fmt.Sprintf("records of the type %s, which stay as they are", typ)]++
		case typ == schema.TypeNS && r.Name == live.Name:
			left["name servers at the apex, which are the service's own: declare them to manage them"]++
		default:
			declared = append(declared, r)
		}
	}
	var reasons []string
	for reason := range left {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		im.m.say("%s: left out: %d of %s", live.Name.Display(), left[reason], reason)
	}
	return &imported{all: live, zone: zoneOf(live.Name, declared), lenient: map[schema.Key]bool{}}
}

// zoneOf is the zone that live records make.
func zoneOf(name schema.Name, records []schema.LiveRecord) *schema.Zone {
	z := &schema.Zone{Name: name}
	for _, r := range records {
		s := z.RRset(r.Key())
		if s == nil {
			i, _ := slices.BinarySearchFunc(z.RRsets, r.Key(), func(s schema.RRset, k schema.Key) int { return s.Key.Compare(k) })
			z.RRsets = slices.Insert(z.RRsets, i, schema.RRset{Key: r.Key()})
			s = &z.RRsets[i]
		}
		s.Values = append(s.Values, schema.Value{Data: r.Data, TTL: r.TTL})
	}
	for i := range z.RRsets {
		slices.SortFunc(z.RRsets[i].Values, func(a, b schema.Value) int { return schema.CompareData(a.Data, b.Data) })
	}
	return z
}
