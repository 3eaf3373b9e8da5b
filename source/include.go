package source

import (
	"path"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// builder makes one zone out of its file and what that includes.
type builder struct {
	*loader
	file     zoneFile
	zone     zoneName
	problems *schema.Problems
	included map[Path]schema.Position // every file that was included, and where

	sets  map[schema.Key]*set
	order []*set // the sets as they came, which is mostly the order they end in
	held  []schema.Held
	hosts []hostUse
	files []string

	entries int // owner names that were read
}

// build reads the zone.
func (b *builder) build() schema.Zone {
	b.add(b.file, []Path{b.file.path}, fileDefaults{ttl: b.opts.DefaultTTL})
	b.checkHosts()
	z := schema.Zone{
		Name: b.zone.name, Position: b.zone.at, Files: b.files, State: b.file.state,
		FromLive: b.file.fromLive, Held: b.held, Allow: b.file.allow,
	}
	z.RRsets = b.rrsets()
	return z
}

// fileDefaults are what an including file hands down.
type fileDefaults struct {
	ttl     schema.TTL
	lenient bool
}

// add reads a file's records and then, depth first, what it includes. within
// is the chain of files that led here, this one last.
func (b *builder) add(f zoneFile, within []Path, defaults fileDefaults) {
	b.files = append(b.files, f.path.Shown())
	if f.hasTTL {
		defaults.ttl = f.ttl
	}
	defaults.lenient = defaults.lenient || f.lenient
	if f.records != nil {
		r := recordReader{b: b, doc: f.doc, octodns: f.octodns, foreign: f.foreign, defaults: defaults}
		r.owners(f.records)
	}
	for _, n := range f.includes {
		d := f.doc
		text, ok := d.scalar(n, "a path in include")
		if !ok {
			continue
		}
		name := path.Join(path.Dir(f.path.Name), text)
		if path.IsAbs(text) || name == ".." || strings.HasPrefix(name, "../") {
			d.problem(d.at(n), "path", "the path %q leads out of the repository: include a file inside, by its path from this one", text)
			continue
		}
		p := Path{f.path.Tree, name}
		if i := slices.Index(within, p); i >= 0 {
			var chain []string
			for _, w := range append(slices.Clone(within[i:]), p) {
				chain = append(chain, w.Shown())
			}
			d.problem(d.at(n), "include-cycle", "this file includes itself: %s", strings.Join(chain, " → "))
			continue
		}
		if len(within) > maxIncludeDepth {
			d.problem(d.at(n), "include-depth", "includes are nested more than %d deep: include the file directly", maxIncludeDepth)
			continue
		}
		if slices.Contains(b.files, p.Shown()) {
			continue // read once already: the same records are not there twice
		}
		if at, ok := b.included[p]; !ok || d.at(n).Compare(at) < 0 {
			b.included[p] = d.at(n)
		}
		var unread schema.Problems
		doc := b.include(p, &unread)
		for _, u := range unread {
			if u.Position.Line == 0 { // the file itself: what matters is who asks for it
				u.Position, u.Message = d.at(n), "the included file "+p.Shown()+" "+u.Message
			}
			*b.problems = append(*b.problems, u)
		}
		if doc == nil {
			continue
		}
		doc = doc.again(b.problems)
		b.add(readZoneFile(doc, p, true), append(slices.Clone(within), p), defaults)
	}
}

// maxIncludeDepth bounds includes within one another.
const maxIncludeDepth = 16
