package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/lint"
	"github.com/zoneherd/zoneherd/source"
)

// desired is what git declares: the configuration and the zones.
type desired struct {
	config   source.Config
	zones    []schema.Zone        // those that were selected
	selected bool                 // --zone, --changed or --shard may have left some out
	declared map[schema.Name]bool // all that the files declare
	problems schema.Problems
	paths    []source.Path     // where the zones were read
	reading  source.Options    // and how
	files    []source.Path     // every file that was read
	contents map[string]string // a file's hash by its name; made where --changed asks for it
	commit   source.Commit
}

// desired reads the configuration and the zone files. What is wrong with them
// is in the problems; an error is returned where nothing could be read at all.
func (p *program) desired(c *cli.Context) (*desired, error) {
	at, err := openPlace(c)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return desiredAt(c, at, c.Args().Slice())
}

// desiredAt is desired for one place, the work tree or a commit, and the paths
// given there.
func desiredAt(c *cli.Context, at *place, given []string) (*desired, error) {
	d := &desired{config: source.NoConfig()}
	configPath, err := configFile(c, at)
	if err != nil {
		return nil, err
	}
	if configPath != nil {
		d.config, d.problems = source.LoadConfig(*configPath)
		d.files = append(d.files, *configPath)
	}
	paths, err := zonePaths(at, given, d.config)
	if err != nil {
		return nil, err
	}
	opts := source.Options{
		DefaultTTL:      schema.DefaultTTL,
		Lenient:         d.config.Lenient || c.Bool("lenient"),
		SkipUnsupported: d.config.Unsupported || c.Bool("skip-unsupported"),
		OctoDNSTarget:   d.config.OctoDNSTarget,
	}
	if d.config.DefaultTTLSet {
		opts.DefaultTTL = d.config.DefaultTTL
	}
	d.paths, d.reading = paths, opts
	result, err := source.Load(c.Context, paths, opts)
	if err != nil {
		return nil, err
	}
	d.problems = append(d.problems, result.Problems...)
	d.problems = append(d.problems, plan.CheckIgnored(result.Zones, d.ignorePatterns())...)
	if c.Bool("strict") && d.problems.Err() == nil { // of what has mistakes, too much is missing
		d.problems = append(d.problems, d.advice(result.Zones)...)
	}
	d.problems.Sort()
	d.files = append(d.files, result.Files...)
	d.commit = at.commit(paths, d.files)
	if c.Bool("changed") {
		d.hash()
	}
	if len(result.Zones) == 0 && d.problems.Err() == nil {
		var given []string
		for _, path := range paths {
			given = append(given, path.Shown())
		}
		return d, noZones(given)
	}
	d.declared = make(map[schema.Name]bool, len(result.Zones))
	for i := range result.Zones {
		d.declared[result.Zones[i].Name] = true
	}
	return d, d.selectZones(c.StringSlice("zone"), result.Zones)
}

// advice is what package lint has to say of the zones.
func (d *desired) advice(zones []schema.Zone) schema.Problems {
	patterns := d.ignorePatterns()
	return lint.Check(zones, lint.Options{
		Off: d.config.NoAdvice,
		Undeclared: func(zone, name schema.Name) bool {
			return d.config.Prune == string(plan.PruneNone) || d.config.Prune == string(plan.PruneOwned) ||
				slices.ContainsFunc(patterns, func(p plan.Pattern) bool { return p.MayCover(zone, name) })
		},
	})
}

// place is where files are read from: the work tree, or the commit of --ref.
type place struct {
	disk *source.Disk       // nil: a commit
	tree *source.CommitTree // nil: the work tree
}

func openPlace(c *cli.Context) (*place, error) {
	if ref := c.String("ref"); ref != "" {
		tree, err := source.OpenCommit(".", ref)
		return &place{tree: tree}, err
	}
	disk, err := source.OpenDisk(".")
	return &place{disk: disk}, err
}

func (p *place) Close() {
	if p.disk != nil {
		_ = p.disk.Close()
	}
}

// path finds a file or directory; an error that is fs.ErrNotExist tells that
// it is not there.
func (p *place) path(given string) (source.Path, error) {
	if p.tree != nil {
		return p.tree.Path(given)
	}
	return p.disk.Path(given)
}

func (p *place) commit(paths, files []source.Path) source.Commit {
	if p.tree != nil {
		return p.tree.Commit()
	}
	return source.HeadOf(paths, files)
}

// configFile finds the configuration; nil where there is none.
func configFile(c *cli.Context, at *place) (*source.Path, error) {
	name := c.String("config")
	if name != "" {
		path, err := at.path(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("the configuration %s does not exist", name)
		}
		return &path, err
	}
	path, err := at.path(source.ConfigFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return &path, err
	}
	// Without its configuration a repository is planned with other settings,
	// so that it is not missed in silence.
	if at.disk != nil {
		if _, lerr := os.Lstat(source.ConfigFile); lerr == nil {
			return nil, fmt.Errorf("the configuration %s is a link to nothing: mend it or remove it", source.ConfigFile)
		}
	}
	if _, yerr := at.path("zoneherd.yml"); yerr == nil {
		return nil, fmt.Errorf("the configuration is called zoneherd.yml here: rename it to %s, or name it with --config", source.ConfigFile)
	}
	return nil, nil
}

// zonePaths are the files and directories to read: those given, else those of
// the configuration, else zones/.
func zonePaths(at *place, given []string, config source.Config) ([]source.Path, error) {
	if len(given) == 0 && config.Zones != nil {
		return config.Zones, nil
	}
	if len(given) == 0 {
		path, err := at.path("zones")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNoZonesHere
		}
		return []source.Path{path}, err
	}
	var paths []source.Path
	for _, g := range given {
		path, err := at.path(g)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// hash takes note of what the files hold.
func (d *desired) hash() {
	d.contents = make(map[string]string, len(d.files))
	for _, f := range d.files {
		text, err := fs.ReadFile(f.Tree.FS, f.Name)
		if err == nil { // else it is as good as not there
			d.contents[f.Shown()] = fmt.Sprintf("%x", sha256.Sum256(text))
		}
	}
}

// selectChanged keeps the zones of which a file, an included one too, or the
// configuration differs from base. Without a base all are.
func (d *desired) selectChanged(b *base) {
	d.selected = true
	if b == nil || b.desired == nil || !sameConfig(d.config, b.desired.config) {
		return
	}
	d.zones = slices.DeleteFunc(d.zones, func(z schema.Zone) bool {
		was := b.zones[z.Name]
		if was == nil || !slices.Equal(was.Files, z.Files) {
			return false
		}
		for _, file := range z.Files {
			if d.contents[file] != b.desired.contents[file] {
				return false
			}
		}
		return true
	})
}

// sameConfig compares what two configurations say, wherever they say it.
func sameConfig(a, b source.Config) bool {
	strip := func(c source.Config) source.Config {
		c.Zones, c.Positions, c.Digest = nil, nil, "" // which zones there are is told by the zones
		c.NoAdvice = nil                              // it writes nothing
		c.Ignore = slices.Clone(c.Ignore)
		for i := range c.Ignore {
			c.Ignore[i].Position = schema.Position{}
		}
		return c
	}
	return reflect.DeepEqual(strip(a), strip(b))
}

var errNoZonesHere = errors.New("there is no directory zones here: name the zone files or their directory, or set zones: in zoneherd.yaml")

func noZones(paths []string) error {
	if len(paths) == 0 {
		return errors.New("the configuration's zones: is an empty list: name the zone files or their directory")
	}
	return errors.New("no zone files in " + strings.Join(paths, ", ") + ": a zone file is named after its zone, such as example.com.yaml")
}

// selectZones keeps the zones that a glob of --zone names.
func (d *desired) selectZones(globs []string, zones []schema.Zone) error {
	if len(globs) == 0 {
		d.zones = zones
		return nil
	}
	d.selected = true
	for _, g := range globs {
		if err := (plan.Pattern{Name: g}).Check(); err != nil {
			return usage("--zone: %v", err)
		}
	}
	for _, z := range zones {
		for _, g := range globs {
			if plan.Glob(strings.TrimSuffix(g, "."), z.Name.Display()) || plan.Glob(g, z.Name.Unicode()) {
				d.zones = append(d.zones, z)
				break
			}
		}
	}
	if len(d.zones) == 0 && d.problems.Err() == nil {
		return usage("no zone of these files matches --zone %s", strings.Join(globs, ", "))
	}
	return nil
}

// selectShard keeps the zones of one part. There may be none, which is no
// mistake: whoever divides the zones does not know how many there are.
func (d *desired) selectShard(s plan.Shard) {
	if s.IsZero() {
		return
	}
	d.selected = true
	d.zones = slices.DeleteFunc(d.zones, func(z schema.Zone) bool { return !s.Holds(z.Name, d.declared) })
}

// ignorePatterns are the configuration's `ignore:`.
func (d *desired) ignorePatterns() []plan.Pattern {
	var out []plan.Pattern
	for _, i := range d.config.Ignore {
		out = append(out, plan.Pattern{Name: i.Name, Types: i.Types, Value: i.Value})
	}
	return out
}

// planOptions are the options of a plan: the command line's, else the
// configuration's.
func (d *desired) planOptions(c *cli.Context) (plan.Options, error) {
	prune := c.String("prune")
	if prune == "" {
		prune = d.config.Prune
	}
	switch prune {
	case "", "all", "owned", "none":
	default:
		return plan.Options{}, usage("--prune is all, owned or none, not %q", prune)
	}
	var allow plan.Allow
	for _, guard := range plan.Overridable() {
		globs := c.StringSlice("allow-" + guard)
		for _, glob := range globs {
			if err := (plan.Pattern{Name: glob}).Check(); err != nil {
				return plan.Options{}, usage("--allow-%s: %v", guard, err)
			}
		}
		*allow.Of(guard) = globs
	}
	return plan.Options{
		Prune:            plan.Prune(prune),
		Ignore:           d.ignorePatterns(),
		NoDefaultIgnores: !d.config.IgnoreDefaults,
		ManageApexNS:     d.config.ManageApexNS,
		MaxDeletes:       d.config.MaxDeletes,
		MaxUpdates:       d.config.MaxUpdates,
		MaxZones:         d.config.MaxZones,
		NoLastGuard:      d.config.NoLastGuard,
		NoMixedTTLs:      slices.Contains(d.config.NoAdvice, lint.TTLMixed),
		Allow:            allow,
	}, nil
}

// history reads what git has ever declared, where a mode of pruning asks for it.
func (r *planned) history(c *cli.Context, m *messages) (*source.History, error) {
	owned := r.options.Prune == plan.PruneOwned || r.base != nil && r.base.options.Prune == plan.PruneOwned
	if !owned || c.Bool("offline") { // offline, all that could be deleted is base's
		return nil, nil
	}
	revision := c.String("ref")
	if revision == "" {
		revision = "HEAD"
	}
	h, err := source.ReadHistory(c.Context, ".", revision, source.HistoryOptions{Config: c.String("config"), Paths: c.Args().Slice()})
	if err != nil {
		return nil, err
	}
	if h.Unreadable > 0 {
		m.say("%d versions of zone files in the history of git have mistakes: what could not be read there is not deleted for its sake", h.Unreadable)
	}
	return h, nil
}

// concurrency is the bound on requests at once.
func (d *desired) concurrency(c *cli.Context) (int, error) {
	n := c.Int("concurrency")
	if c.IsSet("concurrency") && (n < 1 || n > 64) {
		return 0, usage("--concurrency is a number from 1 to 64, not %d", n)
	}
	if n == 0 {
		n = d.config.Concurrency
	}
	if n == 0 {
		n = 8
	}
	return n, nil
}
