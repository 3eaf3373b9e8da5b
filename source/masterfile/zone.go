package masterfile

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// What a zone's files may ask for, so that reading them ends.
const (
	maxDepth     = 16       // of $INCLUDE
	maxSize      = 64 << 20 // bytes, a file that is included twice counting twice
	maxGenerated = 65536    // records of $GENERATE
	maxMistakes  = 1000     // that are told
)

// zoneReader reads the files of one zone.
type zoneReader struct {
	told
	input string // the directory that was given, in the tree
	files []string

	usedInitial bool // a name was relative to the origin that it began with
	soa         *start
	records     []record
	left        map[string]int // comments that were left out, by file
	included    []source.Path
	size        int
	generated   int
	full        bool // of which has been told

	// TTLs go on across files, as in BIND: that of $TTL or of a SOA record
	// without one, and the last one given.
	ttl, last       schema.TTL
	hasTTL, hasLast bool
}

// start is the SOA record.
type start struct {
	owner   schema.Name
	initial bool // the owner depends on the origin that the reading began with
	data    *SOA // nil where it is no good
	at      schema.Position
}

// record is one record as it was read.
type record struct {
	key     schema.Key
	value   schema.Value // without data for a type that is not managed
	written schema.TTL
	comment string
	count   int // of records that it stands for
}

// frame is a file being read: what $INCLUDE comes back to (RFC 1035 section 5.1).
type frame struct {
	*zoneReader
	*text
	path    source.Path
	within  []string // the names of the files that led here, this one last
	origin  schema.Name
	initial bool // origin depends on the one that the reading began with
	moved   bool // the origin has changed since the last owner
	owner   schema.Name
	noOwner string // why there is none
	run     *run   // nil where there is none
	glue    *run   // of a name server of that run, which goes on behind it; or nil
}

// readZone reads a file as a zone's, with names relative to an origin until
// the file says another.
func readZone(p source.Path, content string, input string, origin schema.Name) *zoneReader {
	r := &zoneReader{input: input, left: map[string]int{}}
	f := &frame{
		zoneReader: r, text: newText(p.Shown(), content, &r.told), path: p, within: []string{p.Name},
		origin: origin, initial: true, noOwner: "there is none before it",
	}
	r.size = len(content)
	f.read()
	return r
}

// read reads a file to its end.
func (f *frame) read() {
	f.files = append(f.files, f.file)
	s := &scanner{text: f.text}
	for e, ok := s.next(); ok; e, ok = s.next() {
		switch {
		case f.full:
			return
		case f.mistakes > maxMistakes:
			f.full = true
			f.problems.Add(schema.Error, schema.Position{File: f.file}, "mistakes", "there are more than %d mistakes, and the rest was not read: is this a master file?", maxMistakes)
			return
		case len(e.tokens) == 0 || e.bad:
			f.pass(e)
		case !e.blank && !e.tokens[0].quoted && strings.HasPrefix(e.tokens[0].text, "$"):
			f.left[f.file] += len(e.comments)
			f.directive(e.tokens)
		default:
			f.record(e)
		}
	}
}

// pass passes over an entry that is no record, or no good as one.
func (f *frame) pass(e entry) {
	f.left[f.file] += len(e.comments)
	if !e.bad {
		return
	}
	owner, initial := f.origin, f.initial
	if !e.blank {
		f.noOwner = "that of the line before it cannot be read"
		if len(e.tokens) > 0 {
			owner, initial, _ = f.name(bare(e.tokens[0]))
		}
	}
	if f.soa == nil && !owner.IsZero() && slices.ContainsFunc(e.tokens, func(t token) bool { return t.text == "SOA" }) {
		f.soa = &start{owner: owner, initial: initial, at: f.position(e.tokens[0].at)}
	}
}

func (f *frame) directive(tokens []token) {
	name, args := tokens[0], tokens[1:]
	want := func(least, most int, form string) bool {
		if len(args) < least || len(args) > most {
			f.fail(name.at, "directive", "%s is not well formed: write %s", name.text, form)
			return false
		}
		return true
	}
	switch strings.ToUpper(name.text) {
	case "$ORIGIN":
		if want(1, 1, "$ORIGIN NAME") {
			if origin, initial, ok := f.name(args[0]); ok {
				f.origin, f.initial, f.moved = origin, initial, true
			}
		}
	case "$TTL":
		if want(1, 1, "$TTL and a number of seconds") {
			ttl, err := parseTTL(args[0].text)
			if err != nil {
				f.fail(args[0].at, "ttl", "%v", err)
			}
			f.ttl, f.hasTTL = ttl, true
		}
	case "$INCLUDE":
		if want(1, 2, "$INCLUDE FILE, or $INCLUDE FILE ORIGIN") {
			f.include(args)
		}
	case "$GENERATE":
		if want(4, 1<<30, `$GENERATE 1-10 host$ A 192.0.2.$`) {
			f.generate(args)
		}
	default:
		f.fail(name.at, "directive", "%q is no directive: there are $ORIGIN, $TTL, $INCLUDE and $GENERATE, and an owner name that begins so is written \\%s", name.text, name.text)
	}
}

// include reads another file. It begins with the owner that this one has, and
// what it makes of owner and origin ends with it, as in BIND.
func (f *frame) include(args []token) {
	p, content, ok := f.find(args[0])
	if !ok {
		return
	}
	sub := *f
	sub.path, sub.text = p, newText(p.Shown(), content, &f.zoneReader.told)
	sub.within = append(slices.Clone(f.within), p.Name)
	if len(args) == 2 {
		if sub.origin, sub.initial, ok = f.name(args[1]); !ok {
			return
		}
		sub.moved = true
	}
	if !slices.Contains(f.included, p) {
		f.included = append(f.included, p)
	}
	sub.run, sub.glue = f.now().anew(), nil
	sub.read()
	f.run, f.glue = f.run.anew(), f.glue.anew()
}

// find finds and reads a file that is to be included. BIND looks in the directory
// that it runs in, which is not known here.
func (f *frame) find(t token) (p source.Path, content string, ok bool) {
	fail := func(rule, format string, args ...any) (source.Path, string, bool) {
		f.fail(t.at, rule, format, args...)
		return source.Path{}, "", false
	}
	if path.IsAbs(t.text) {
		return fail("path", "the path %q is absolute, and is not followed: write it relative to this file, or to the directory that is given with --input", t.text)
	}
	var there []source.Path
	out := true
	for _, dir := range []string{path.Dir(f.path.Name), f.input} {
		c := source.Path{Tree: f.path.Tree, Name: path.Join(dir, t.text)}
		if c.Name == ".." || strings.HasPrefix(c.Name, "../") || f.input != "." && !strings.HasPrefix(c.Name, f.input+"/") {
			continue
		}
		out = false
		if _, err := fs.Stat(c.Tree.FS, c.Name); !errors.Is(err, fs.ErrNotExist) && !slices.Contains(there, c) {
			there = append(there, c)
		}
	}
	switch {
	case out:
		return fail("path", "the path %q leads out of the directory that is read: put the file inside", t.text)
	case len(there) == 0:
		return fail("file", "the file %q is neither beside this one nor in the directory that is read: give the directory that BIND runs in with --input", t.text)
	case len(there) > 1:
		return fail("file", "the file %q may be %s or %s, since BIND looks in the directory that it runs in: write a path that is only one of them", t.text, there[0].Shown(), there[1].Shown())
	}
	p = there[0]
	if i := slices.Index(f.within, p.Name); i >= 0 {
		return fail("include-cycle", "this file includes itself: %s", strings.Join(append(slices.Clone(f.within[i:]), p.Name), " → "))
	}
	if len(f.within) > maxDepth {
		return fail("include-depth", "files are included more than %d deep: include the file directly", maxDepth)
	}
	read, err := p.Read()
	if err != nil {
		return fail("file", "the included file %v", err)
	}
	if f.size += len(read); f.size > maxSize {
		f.full = true
		return fail("size", "the files of this zone have more than %d MiB together, the most that is read: split the zone", maxSize>>20)
	}
	return p, clean(read), true
}

// clean is a file's content without a byte order mark.
func clean(content []byte) string { return strings.TrimPrefix(string(content), "\ufeff") }
