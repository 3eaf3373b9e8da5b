// Package source reads the zones that git declares: YAML files in a [Tree],
// which is a directory of the work tree or a commit.
//
// [Load] reads zone files in two forms. zoneherd's own has the records below
// a key, beside settings of the zone:
//
//	zone: example.com            # or the file's name, example.com.yaml
//	ttl: 3600
//	include: [shared/mail.yaml]
//	records:
//	  "@":
//	    - {type: MX, values: [{preference: 10, exchange: mail}]}
//	  mail: {type: A, value: 192.0.2.25}
//
// and octoDNS's, whose top level is the owner names themselves. Scalars are
// taken as they are written: 44.74, 0x10, yes and 3am are text.
//
// What is wrong is told as [schema.Problems], all of it in one run, each with
// its position. The spelling of a file is judged here; what the zones mean
// once they are read is judged by [schema.Validate], which Load calls last.
package source

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/schema"
)

// Options are how zone files are read.
type Options struct {
	// DefaultTTL is for records for which neither they nor their file give one.
	DefaultTTL schema.TTL
	// Lenient turns sense errors into warnings everywhere.
	Lenient bool
	// SkipUnsupported turns record types that zoneherd does not manage into
	// warnings, and leaves what is live there alone.
	SkipUnsupported bool
	// OctoDNSTarget is the target that octoDNS's `included` and `excluded` are
	// about; empty where none is named.
	OctoDNSTarget string
}

// Result is what [Load] has read.
type Result struct {
	Zones    []schema.Zone // in order of name
	Problems schema.Problems
	Files    []Path // every file that was read, in order of name
}

// Load reads the zone files at the given paths, files or directories. Every
// problem of every file is in the result; an error is returned only where the
// context ends. Files are read side by side, and the result does not depend on
// how they were scheduled.
func Load(ctx context.Context, paths []Path, opts Options) (Result, error) {
	l := &loader{opts: opts, documents: map[Path]*parsed{}}
	files := l.expand(paths)
	read := make([]fileResult, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			read[i] = l.read(f)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, fmt.Errorf("read zone files: %w", err)
	}
	return l.collect(files, read), nil
}

// loader is one run of Load.
type loader struct {
	opts     Options
	problems schema.Problems

	mu        sync.Mutex
	documents map[Path]*parsed // included files, each parsed once
}

// candidate is a file that may be a zone file.
type candidate struct {
	Path
	given bool // named by the user, rather than found in a directory
}

// fileResult is what came of one candidate.
type fileResult struct {
	zones    []schema.Zone
	problems schema.Problems
	included map[Path]schema.Position
	entries  int  // owner names in the files, counted for each zone
	noZone   bool // nothing says which zone it is
	implicit bool // its zone is named by the file name alone
}

// expand finds the candidates below paths, each once, in order.
func (l *loader) expand(paths []Path) []candidate {
	var files []candidate
	seen := map[Path]bool{}
	add := func(c candidate) {
		if !seen[c.Path] {
			seen[c.Path] = true
			files = append(files, c)
		}
	}
	for _, p := range paths {
		info, err := fs.Stat(p.Tree.FS, p.Name)
		switch {
		case err != nil:
			l.problems.Add(schema.Error, schema.Position{File: p.Shown()}, "file", "%v", fileError(err))
		case info.IsDir():
			l.expandDir(p, add)
		default:
			add(candidate{p, true})
		}
	}
	return files
}

// expandDir finds the candidates in a directory. Directories below it are not
// searched, and hidden files are passed over in silence.
func (l *loader) expandDir(dir Path, add func(candidate)) {
	entries, err := fs.ReadDir(dir.Tree.FS, dir.Name)
	if err != nil {
		l.problems.Add(schema.Error, schema.Position{File: dir.Shown()}, "file", "%v", fileError(err))
		return
	}
	for _, e := range entries {
		p := Path{dir.Tree, path.Join(dir.Name, e.Name())}
		if strings.HasPrefix(e.Name(), ".") || e.Name() == ConfigFile || e.IsDir() {
			continue
		}
		if info, err := fs.Stat(p.Tree.FS, p.Name); err == nil && info.IsDir() {
			continue
		}
		if !mayBeZone(e.Name()) {
			l.problems.Add(schema.Notice, schema.Position{File: p.Shown()}, "no-zone",
				"read as no zone, since its name ends in neither .yaml nor .yml")
			continue
		}
		add(candidate{p, false})
	}
}

// mayBeZone reports whether a file of that name in a directory of zones is
// looked at as one.
func mayBeZone(name string) bool {
	return (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml") && !strings.HasPrefix(name, ".") && name != ConfigFile
}

// read reads one candidate.
func (l *loader) read(c candidate) (r fileResult) {
	d, ok := l.parse(c.Path, &r.problems)
	if d == nil {
		return r
	}
	zf := readZoneFile(d, c.Path, false)
	base := strings.TrimSuffix(path.Base(c.Name), path.Ext(c.Name))
	if len(zf.names) == 0 && !zf.named {
		r.implicit = true
		if !strings.Contains(base, ".") {
			r.noZone = true
			if c.given {
				d.problem(schema.Position{File: d.file, Line: 1, Column: 1}, "no-zone",
					"nothing says which zone this is: add zone: NAME, or name the file after its zone, such as example.com.yaml")
			} else if ok && len(r.problems) > 0 { // no zone, so its mistakes are nobody's
				r.problems = nil
			}
			return r
		}
		name, err := schema.ParseName(base)
		if err == nil {
			err = checkZoneName(name)
		}
		if err != nil {
			d.problem(schema.Position{File: d.file, Line: 1, Column: 1}, "zone-name", "the file's name is no zone name: %v", err)
			return r
		}
		zf.names = []zoneName{{name, schema.Position{File: d.file, Line: 1, Column: 1}}}
	}
	r.included = map[Path]schema.Position{}
	for _, z := range zf.names {
		zf.doc = d.again(&r.problems)
		b := &builder{loader: l, file: zf, zone: z, problems: &r.problems, included: r.included}
		r.zones = append(r.zones, b.build())
		r.entries += b.entries
	}
	return r
}

// parse reads and parses a file; d is nil where it could not even be read.
// Where its YAML is broken, ok is false.
func (l *loader) parse(p Path, problems *schema.Problems) (d *document, ok bool) {
	text, err := readFile(p.Tree, p.Name)
	if err != nil {
		problems.Add(schema.Error, schema.Position{File: p.Shown()}, "file", "%v", err)
		return nil, false
	}
	d, ok = parse(p.Shown(), text, problems)
	if !ok {
		d.root = nil
		return nil, false
	}
	return d, true
}

// parsed is an included file, parsed once for all zones.
type parsed struct {
	once     sync.Once
	document *document
	problems schema.Problems
}

// include gives an included file for one zone's use.
func (l *loader) include(p Path, problems *schema.Problems) *document {
	l.mu.Lock()
	doc := l.documents[p]
	if doc == nil {
		doc = &parsed{}
		l.documents[p] = doc
	}
	l.mu.Unlock()
	doc.once.Do(func() { doc.document, _ = l.parse(p, &doc.problems) })
	*problems = append(*problems, doc.problems...)
	if doc.document == nil {
		return nil
	}
	return doc.document.again(problems)
}

// collect puts the files' results together.
func (l *loader) collect(files []candidate, read []fileResult) Result {
	included := map[Path]schema.Position{}
	for i := range read {
		for p, at := range read[i].included {
			if old, ok := included[p]; !ok || at.Compare(old) < 0 {
				included[p] = at
			}
		}
	}
	r := Result{Problems: l.problems}
	first := map[schema.Name]schema.Position{}
	for i := range read {
		f := &read[i]
		at, isIncluded := included[files[i].Path]
		switch {
		case f.noZone && !files[i].given:
			if !isIncluded {
				r.Problems.Add(schema.Notice, schema.Position{File: files[i].Shown()}, "no-zone",
					"read as no zone, since its name has no dot and nothing in it says zone: or zones:")
			}
			continue
		case f.implicit && isIncluded && len(f.zones) > 0:
			r.Problems = append(r.Problems, schema.Problem{
				Position: f.zones[0].Position, Rule: "include-zone", Related: []schema.Position{at},
				Message: fmt.Sprintf("this file is included elsewhere and would also be read as the zone %s: move it out of the directory of zones, or say zone: in it", f.zones[0].Name.Display()),
			})
		}
		r.Problems = append(r.Problems, f.problems...)
		r.Files = append(r.Files, files[i].Path)
		for _, z := range f.zones {
			if at, ok := first[z.Name]; ok {
				r.Problems = append(r.Problems, schema.Problem{
					Position: z.Position, Rule: "duplicate-zone", Related: []schema.Position{at},
					Message: fmt.Sprintf("the zone %s is declared twice: keep one file for it", z.Name.Display()),
				})
				continue
			}
			first[z.Name] = z.Position
			r.Zones = append(r.Zones, z)
		}
	}
	for p := range included {
		if !slices.Contains(r.Files, p) {
			r.Files = append(r.Files, p)
		}
	}
	slices.SortFunc(r.Files, func(a, b Path) int { return strings.Compare(a.Shown(), b.Shown()) })
	slices.SortFunc(r.Zones, func(a, b schema.Zone) int { return a.Name.Compare(b.Name) })
	r.Problems = append(r.Problems, schema.Validate(r.Zones)...)
	r.Problems.Sort()
	return r
}
