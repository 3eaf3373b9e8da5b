package octodns

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Options are how a configuration is read.
type Options struct {
	// Selected tells which zones are wanted; the others are not looked at.
	Selected func(schema.Name) bool
	// Find finds a provider's directory, as it is written in the configuration.
	Find func(directory string) (source.Path, error)
	// Target and SkipUnsupported are as in [source.Options].
	Target          string
	SkipUnsupported bool
}

// Zone is a zone as octoDNS would publish it.
type Zone struct {
	schema.Zone
	// Whole says that one file alone, at File, says all of it: no other source,
	// no !include, and no processor that changed anything.
	Whole      bool
	File       source.Path
	Records    source.OctoDNSRecords // of that file
	DefaultTTL schema.TTL            // of the provider that was read last
	Comments   map[string]int        // how many lines of comments each file has

	aliases []schema.Held // what of ALIAS records a processor may yet leave alone
}

// Read reads octoDNS's configuration and the zones that its YAML files make, in
// order of name. What cannot be carried over is a warning at its place; what
// would make a zone another than octoDNS's is an error.
func Read(ctx context.Context, file source.Path, opts Options) ([]*Zone, schema.Problems) {
	r := &reader{opts: opts, told: map[string]bool{}}
	if r.config = readConfig(file, opts.Find, &r.problems); r.config == nil {
		r.problems.Sort()
		return nil, r.problems
	}
	r.config.expand()
	return r.read(ctx)
}

// ReadDirectory reads a directory of zone files without a configuration, each
// named after its zone, or a directory of that name with a dot at its end.
func ReadDirectory(ctx context.Context, dir source.Path, opts Options) ([]*Zone, schema.Problems) {
	r := &reader{opts: opts, told: map[string]bool{}}
	y := &yamlProvider{ttl: 3600, extension: ".", dir: dir}
	r.config = &config{problems: &r.problems, said: map[string]bool{}}
	entries, err := fs.ReadDir(dir.Tree.FS, dir.Name)
	if err != nil {
		r.problems.Add(schema.Error, schema.Position{File: dir.Shown()}, "file", "the directory cannot be read: check its permissions")
	}
	named := map[schema.Name]bool{}
	listed := y.list()
	for _, e := range entries {
		at := schema.Position{File: path.Join(dir.Shown(), e.Name())}
		key, isZone := listed[e.Name()]
		if !isZone {
			if !strings.HasPrefix(e.Name(), ".") {
				r.config.note(at, "no-zone", "read as no zone, since it is not named after one, as example.com.yaml is")
			}
			continue
		}
		if name := r.config.zoneName(at, key); !name.IsZero() && !named[name] {
			named[name] = true
			r.config.zones = append(r.config.zones, &zone{key: key, name: name, at: at, given: []from{{&provider{Member: source.Member{Key: "octoDNS"}, read: true, yaml: y}, at}}})
		}
	}
	return r.read(ctx)
}

type reader struct {
	opts     Options
	config   *config
	problems schema.Problems
	told     map[string]bool // what has been told of files
}

// read reads the zones that are wanted.
func (r *reader) read(ctx context.Context) ([]*Zone, schema.Problems) {
	done := map[schema.Name]*Zone{}
	var out []*Zone
	for _, z := range r.config.zones {
		if !r.opts.Selected(z.name) {
			continue
		}
		if read := r.zone(ctx, z, done); read != nil {
			out = append(out, read)
		}
	}
	slices.SortFunc(out, func(a, b *Zone) int { return a.Name.Compare(b.Name) })
	r.problems.Sort()
	return out, r.problems
}

// zone reads one zone, once; nil where it is an alias of none.
func (r *reader) zone(ctx context.Context, z *zone, done map[schema.Name]*Zone) *Zone {
	if read := done[z.name]; read != nil {
		return read
	}
	var read *Zone
	if z.alias.IsZero() {
		read = r.gather(ctx, z)
	} else {
		target := r.target(z)
		if target == nil {
			return nil
		}
		var err error
		if read, err = r.zone(ctx, target, done).as(z); err != nil {
			r.config.fail(z.alias.At(), "alias", "%s is an alias of %s: %v", z.key, target.key, err)
		}
		r.config.note(z.alias.At(), "alias", "%s gets a copy of what %s has, and no alias: change both alike from now on, or declare zones: [%s, %s] in one file", z.name.Display(), target.name.Display(), target.name.Display(), z.name.Display())
	}
	if isTrue(z.node.Get("ignore_subzone_adds")) {
		r.config.cutSubzones(z, read)
	}
	r.config.process(z, read)
	done[z.name] = read
	return read
}

// target is the zone that an alias copies; nil where it may not, which is told.
func (r *reader) target(z *zone) *zone {
	name := r.config.zoneName(z.alias.At(), z.alias.Text())
	if name.IsZero() {
		return nil
	}
	for _, other := range r.config.zones {
		switch {
		case other.name != name:
		case !other.alias.IsZero():
			r.config.fail(z.alias.At(), "alias", "%s is an alias of %s, which is an alias itself: name the zone that has the records", z.key, other.key)
			return nil
		default:
			return other
		}
	}
	r.config.fail(z.alias.At(), "alias", "%s is an alias of %s, which is no zone of this configuration: name one", z.key, z.alias.Text())
	return nil
}

// as is the zone's copy by another name.
func (z *Zone) as(alias *zone) (*Zone, error) {
	out := *z
	out.Name, out.Position, out.Comments = alias.name, alias.at, nil
	var bad error
	moved := func(n schema.Name) schema.Name {
		name, err := schema.ParseOwner(n.Relative(z.Name), alias.name)
		if bad == nil {
			bad = err // a name that is too long there
		}
		return name
	}
	out.RRsets, out.Held, out.aliases = nil, nil, nil
	for _, s := range z.RRsets {
		s.Name = moved(s.Name)
		out.RRsets = append(out.RRsets, s)
	}
	for _, h := range z.Held {
		h.Name = moved(h.Name)
		out.Held = append(out.Held, h)
	}
	for _, h := range z.aliases {
		h.Name = moved(h.Name)
		out.aliases = append(out.aliases, h)
	}
	slices.SortFunc(out.RRsets, func(a, b schema.RRset) int { return a.Compare(b.Key) })
	return &out, bad
}

// cutSubzones leaves out what belongs to other zones of the configuration, as
// ignore_subzone_adds says.
func (c *config) cutSubzones(z *zone, read *Zone) {
	n := read.drop(func(k schema.Key) bool {
		for _, sub := range c.zones {
			if sub.name == read.Name || !sub.name.In(read.Name) || !k.Name.In(sub.name) {
				continue
			}
			if s := read.RRset(k); k.Name == sub.name && k.Type == schema.TypeNS || z.lenient || s != nil && s.Values[0].Lenient {
				continue
			}
			return true
		}
		return false
	})
	if n > 0 {
		c.warn(z.at, "subzone", "%s: ignore_subzone_adds leaves out what belongs to other zones here (%d)", z.name.Display(), n)
	}
}
