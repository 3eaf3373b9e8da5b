package main

import (
	"fmt"
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

func (im *importer) defaultTTL() schema.TTL {
	if im.d.config.DefaultTTLSet {
		return im.d.config.DefaultTTL
	}
	return schema.DefaultTTL
}

// reading is how the files will be read.
func (im *importer) reading() source.Options {
	return source.Options{
		DefaultTTL: im.defaultTTL(), Lenient: im.d.config.Lenient,
		SkipUnsupported: im.d.config.Unsupported, OctoDNSTarget: im.d.config.OctoDNSTarget,
	}
}
