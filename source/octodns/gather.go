package octodns

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// source finds the provider that a zone names as a source, if zones can be
// read from it; nil where they cannot, which is told.
func (c *config) source(n source.Node) *provider {
	p := c.providers[n.Text()]
	if p != nil {
		c.load(p)
	}
	switch {
	case p == nil:
		c.once(schema.Error, n.At(), "source", fmt.Sprintf("there is no provider %q to be a source: name one of providers:", n.Text()))
	case p.yaml == nil:
		c.once(schema.Error, n.At(), "source", fmt.Sprintf("the source %s (%s) is no YAML file: %s; or leave the zones that have it out with --zone", p.Key, cmp.Or(p.class, "no class"), otherSource(p.class)))
	case !p.bad:
		return p
	}
	return nil
}

// from is a provider that a zone is read from, and where the zone says so.
type from struct {
	*provider
	at schema.Position
}

// from are the providers of a zone's records.
func (c *config) from(z *zone) []from {
	out := slices.Clone(z.given)
	for _, n := range z.sources {
		if p := c.source(n); p != nil {
			out = append(out, from{p, n.At()})
		}
	}
	if len(z.sources) == 0 && len(z.given) == 0 {
		c.fail(z.at, "sources", "the zone %s has no sources: say where its records are from", z.key)
	}
	return out
}

// otherSource says how to come by what another source holds.
func otherSource(class string) string {
	switch className(class) {
	case "ZoneFileSource", "ZoneFileProvider":
		return "read its master files with import --from bind, if they hold the whole zone"
	case "EnvVarSource", "SpfSource":
		return "write the record that it makes into the zone's file, and take the source out"
	}
	return "let octodns-dump write the zone from all its sources into a YAML file, and import that"
}

// className is a Python class without its module.
func className(class string) string { return class[strings.LastIndex(class, ".")+1:] }

// in is the path of something in the provider's directory.
func (y *yamlProvider) in(name string) string { return path.Join(y.dir.Name, name) }

// files are the files in which a zone may stand, in octoDNS's order: that of
// their paths.
func (y *yamlProvider) files(z schema.Name) ([]source.Path, error) {
	var names []string
	if y.extension != "" {
		dir, err := y.named(z, y.extension, fs.FileInfo.IsDir)
		if err != nil {
			return nil, err
		}
		if dir != "" {
			entries, err := fs.ReadDir(y.dir.Tree.FS, y.in(dir))
			if err != nil {
				return nil, fmt.Errorf("the directory %s cannot be read: check its permissions", path.Join(y.dir.Shown(), dir))
			}
			for _, e := range entries {
				if strings.HasSuffix(e.Name(), ".yaml") {
					names = append(names, dir+"/"+e.Name())
				}
			}
		}
	}
	if !y.noZoneFile {
		file, err := y.named(z, ".yaml", func(i fs.FileInfo) bool { return i.Mode().IsRegular() })
		if err != nil {
			return nil, err
		}
		if file != "" {
			names = append(names, file)
		}
	}
	if y.shared != "" {
		names = append(names, y.shared)
	}
	slices.Sort(names)
	var out []source.Path
	for _, n := range names {
		p := y.in(n)
		if p == ".." || strings.HasPrefix(p, "../") || path.IsAbs(n) {
			return nil, fmt.Errorf("%s leads out of the repository, which is never followed: put the file inside", n)
		}
		out = append(out, source.Path{Tree: y.dir.Tree, Name: p})
	}
	return out, nil
}

// named finds what is named after a zone, in Unicode or as DNS has it; empty
// where there is nothing.
func (y *yamlProvider) named(z schema.Name, ending string, is func(fs.FileInfo) bool) (string, error) {
	var found []string
	for _, name := range []string{z.Unicode(), z.Display()} {
		info, err := fs.Stat(y.dir.Tree.FS, y.in(name+ending))
		if err == nil && is(info) && !slices.Contains(found, name+ending) {
			found = append(found, name+ending)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("both %s and %s are there for %s, and octoDNS takes neither: keep one", found[0], found[1], z.Display())
}

// passedOver are the files and directories that are named after a zone in
// capital letters.
func (y *yamlProvider) passedOver(z schema.Name) []string {
	if y.unasked == nil {
		y.unasked = map[schema.Name][]string{}
		for file, key := range y.list() {
			if name, err := schema.ParseName(key); err == nil && key != name.Unicode()+"." && key != name.Display()+"." {
				y.unasked[name] = append(y.unasked[name], file)
			}
		}
	}
	return y.unasked[z]
}

// declared is what stands for an owner name and type so far: an RRset, or what
// is left alone, or an ALIAS record that is left out.
type declared struct {
	set     *schema.RRset
	held    *schema.Held
	leftOut bool
}

func (d declared) at() schema.Position {
	if d.set != nil {
		return d.set.Position
	}
	return d.held.Position
}

// gather reads a zone from all its sources.
func (r *reader) gather(ctx context.Context, z *zone) *Zone {
	c := r.config
	out := &Zone{Zone: schema.Zone{Name: z.name, Position: z.at}, Comments: map[string]int{}}
	all := map[schema.Key]declared{}
	for _, from := range c.from(z) {
		p := from.provider
		files, err := p.yaml.files(z.name)
		if err != nil {
			c.fail(from.at, "file", "%v", err)
			continue
		}
		for _, name := range p.yaml.passedOver(z.name) {
			c.warn(schema.Position{File: path.Join(p.yaml.dir.Shown(), name)}, "file-case", "passed over, as octoDNS does, which looks for names in small letters: what is in here is not imported as %s: join it with the file that counts, or remove it", z.name.Display())
		}
		if len(files) == 0 && !p.yaml.ignoreMissing {
			c.fail(from.at, "no-file", "the zone %s has no file in %s, the directory of %s: add %s, or take the zone out", z.name.Display(), p.yaml.dir.Shown(), p.Key, z.name.Display()+".yaml")
		}
		for _, f := range files {
			records, problems := source.OctoDNSFile{
				Path: f, Zone: z.name, DefaultTTL: p.yaml.ttl, PlainSemicolons: p.yaml.plainSemicolon,
				Target: r.opts.Target, SkipUnsupported: r.opts.SkipUnsupported,
			}.Read(ctx)
			for _, pr := range problems {
				if key := pr.Error(); !r.told[key] { // a shared file is read for each zone
					r.told[key] = true
					*c.problems = append(*c.problems, pr)
				}
			}
			for file, n := range records.Comments {
				if n > 0 {
					out.Comments[file] += n
				}
			}
			out.Files = append(out.Files, f.Shown())
			for _, i := range records.Included {
				out.Files = append(out.Files, i.Shown())
			}
			out.File, out.Records, out.DefaultTTL = f, records, p.yaml.ttl
			r.add(all, p, &records)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(all), schema.Key.Compare) {
		switch d := all[k]; {
		case d.set != nil:
			out.RRsets = append(out.RRsets, *d.set)
		case d.leftOut:
			out.aliases = append(out.aliases, *d.held)
		default:
			out.Held = append(out.Held, *d.held)
		}
	}
	out.Whole = len(out.Files) == 1
	return out
}

// add adds what a file declares to what others do.
func (r *reader) add(all map[schema.Key]declared, p *provider, read *source.OctoDNSRecords) {
	z := &read.Zone
	put := func(k schema.Key, d declared) {
		if first, twice := all[k]; twice && !p.yaml.replace {
			*r.config.problems = append(*r.config.problems, schema.Problem{
				Position: d.at(), Rule: "duplicate", Related: []schema.Position{first.at()},
				Message: fmt.Sprintf("%s %s is declared twice, which octoDNS refuses: remove one, or say populate_should_replace: true at the provider %s if this one is to count", k.Name.Display(), k.Type, p.Key),
			})
			return
		}
		all[k] = d
	}
	for i := range z.RRsets {
		put(z.RRsets[i].Key, declared{set: &z.RRsets[i]})
	}
	for i := range z.Held {
		put(keyOf(z.Held[i]), declared{held: &z.Held[i]})
	}
	for i := range read.Aliases {
		put(keyOf(read.Aliases[i]), declared{held: &read.Aliases[i], leftOut: true})
	}
}

// keyOf is the owner name and type of the record that is left alone.
func keyOf(h schema.Held) schema.Key { return schema.Key{Name: h.Name, Type: h.Types[0]} }
