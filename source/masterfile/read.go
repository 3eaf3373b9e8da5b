package masterfile

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Zone is a zone that was read from master files.
type Zone struct {
	schema.Zone
	// Comments are those that stand on a record's line.
	Comments source.Comments
	// Problems are those of the files that the zone is made of: what is wrong
	// with them are errors; what is left out of the zone, or meant otherwise
	// than one may think, are warnings and notices.
	Problems schema.Problems
}

// Read reads the master files at a path, a file or a directory with all below
// it. A file with a SOA record is a zone, with what it includes; one that is only
// included is none. name is the zone's where nothing in a file says it, or the
// zero Name: then it is taken from the file's name.
//
// The zones are in order of name. The problems are about files that are no zone.
func Read(at source.Path, name schema.Name) ([]Zone, schema.Problems) {
	r := &reader{input: at.Name, name: name}
	info, err := fs.Stat(at.Tree.FS, at.Name)
	switch {
	case err == nil && info.IsDir():
		r.walk(at)
	default:
		r.given, r.input = true, path.Dir(at.Name)
		r.file(at)
	}
	zones := r.zones()
	r.problems.Sort()
	return zones, r.problems
}

type reader struct {
	input    string
	name     schema.Name
	given    bool // one file was, which has to be a zone
	problems schema.Problems
	read     []*read
}

// read is a file that was read as if it were a zone's.
type read struct {
	source.Path
	*zoneReader
	named   bool // after its file
	unknown bool // which zone it is
}

// walk reads the files of a directory, and of those below it. Hidden ones are
// passed over.
func (r *reader) walk(dir source.Path) {
	entries, err := fs.ReadDir(dir.Tree.FS, dir.Name)
	if err != nil {
		r.problems.Add(schema.Error, schema.Position{File: dir.Shown()}, "file", "the directory cannot be read: %v", err)
		return
	}
	for _, e := range entries {
		p := source.Path{Tree: dir.Tree, Name: path.Join(dir.Name, e.Name())}
		info, err := fs.Stat(p.Tree.FS, p.Name)
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			r.walk(p)
		case err == nil && info.IsDir():
			r.noZone(p, "since it is a symbolic link to a directory: give that directory")
		default:
			r.file(p)
		}
	}
}

// noZone tells a file that is read as no zone: a mistake where it was given.
func (r *reader) noZone(p source.Path, why string) {
	severity := schema.Warning
	if r.given {
		severity = schema.Error
	}
	r.problems.Add(severity, schema.Position{File: p.Shown()}, "no-zone", "read as no zone, %s", why)
}

// file reads a file, if it is a master file.
func (r *reader) file(p source.Path) {
	if ext := path.Ext(p.Name); ext == ".jnl" || ext == ".jbk" {
		r.noZone(p, "since it is a journal of BIND's, with changes that the zone's file may lack: run rndc sync -clean, and import again")
		return
	}
	content, err := p.Read()
	if err != nil {
		r.problems.Add(schema.Error, schema.Position{}, "file", "%v", err)
		return
	}
	if strings.HasPrefix(string(content), "\x00\x00\x00") {
		r.noZone(p, "since it is BIND's raw form: run named-compilezone -f raw -F text -o FILE ZONE "+path.Base(p.Name))
		return
	}
	f := &read{Path: p}
	origin, known := r.name, !r.name.IsZero()
	if !known {
		origin, known = zoneOfFile(p.Name)
		f.named = known
	}
	if !known {
		origin = schema.Root()
	}
	text := clean(content)
	f.zoneReader = readZone(p, text, r.input, origin)
	r.read = append(r.read, f)
	switch soa := f.soa; {
	case soa == nil:
	case soa.initial && !known:
		f.unknown = true
	case soa.initial && soa.owner != origin:
		f.mistake(soa.at, "soa", "the SOA record belongs to %s, and the zone is taken to be %s: give the file alone with --zone-name NAME, or begin it with $ORIGIN NAME.", soa.owner.Display(), origin.Display())
	case soa.initial && f.named:
		f.told.problems.Add(schema.Notice, soa.at, "zone-name", "the zone is taken to be %s, by the file's name: --zone-name says otherwise", origin.Display())
	case !r.name.IsZero() && soa.owner != r.name:
		f.mistake(soa.at, "soa", "the SOA record belongs to %s, and --zone-name says %s: leave that out", soa.owner.Display(), r.name.Display())
	case !soa.initial && f.usedInitial && soa.owner != origin:
		// What was relative, was so to the zone.
		f.zoneReader, f.named = readZone(p, text, r.input, soa.owner), false
	}
}

func (t *told) mistake(at schema.Position, rule, format string, args ...any) {
	t.mistakes++
	t.problems.Add(schema.Error, at, rule, format, args...)
}

// What the names of zones' files begin and end with, beside the zone's.
var (
	beginnings = []string{"db.", "zone.", "named.", "pri.", "master."}
	endings    = []string{".zone", ".db", ".hosts", ".dns"}
)

// zoneOfFile is the zone that a file is named after, so plainly that it is no
// guess: an ending says so, or the name is in a top-level domain, which that of a
// backup is not. The numbers that a reverse zone's file is named after say nothing.
func zoneOfFile(file string) (schema.Name, bool) {
	base, ended := path.Base(file), false
	for _, b := range beginnings {
		if rest, ok := strings.CutPrefix(base, b); ok {
			base = rest
			break
		}
	}
	for _, e := range endings {
		if rest, ok := strings.CutSuffix(base, e); ok {
			base, ended = rest, true
			break
		}
	}
	n, err := schema.ParseName(base)
	if err != nil || !strings.Contains(n.Display(), ".") || !n.IsHost() || strings.Trim(n.Display(), "0123456789.-") == "" {
		return schema.Name{}, false
	}
	_, known := publicsuffix.PublicSuffix(n.Display())
	return n, known || ended
}

// zones are what the files make.
func (r *reader) zones() []Zone {
	includes := func(f *read, p source.Path) bool { return slices.Contains(f.included, p) }
	byName := map[schema.Name]*Zone{}
	var zones []Zone
	for _, f := range r.read {
		part := slices.ContainsFunc(r.read, func(g *read) bool { return g.soa != nil && !g.unknown && includes(g, f.Path) && !includes(f, g.Path) })
		switch {
		case part && !r.given:
			continue
		case f.unknown:
			r.noZone(f.Path, "since nothing says which zone it is: give it alone with --zone-name NAME, name it after its zone, or begin it with $ORIGIN NAME.")
			continue
		case f.soa == nil:
			r.withoutSOA(f)
			continue
		}
		zones = append(zones, f.zone())
	}
	slices.SortStableFunc(zones, func(a, b Zone) int { return a.Name.Compare(b.Name) })
	for i := range zones {
		z := &zones[i]
		if first := byName[z.Name]; first != nil {
			z.Problems = append(z.Problems, schema.Problem{
				Position: z.Position, Rule: "duplicate-zone", Related: []schema.Position{first.Position},
				Message: fmt.Sprintf("the zone %s is there twice: give the file that is in use alone, or move the other away", z.Name.Display()),
			})
			z.Problems.Sort()
			continue
		}
		byName[z.Name] = z
	}
	return zones
}

// withoutSOA tells a file that has no SOA record.
func (r *reader) withoutSOA(f *read) {
	if !r.given {
		severity := schema.Notice
		if f.named { // it is called like one: something may be wrong with its SOA record
			severity = schema.Warning
		}
		r.problems.Add(severity, schema.Position{File: f.Shown()}, "no-zone", "read as no zone, since it has no SOA record")
		return
	}
	r.problems = append(r.problems, f.problems...)
	r.noZone(f.Path, "since it has no SOA record: give a zone's master file")
}
