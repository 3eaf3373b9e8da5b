package edit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// File is a zone file, or one that a zone includes, whose records are to be
// changed.
type File struct {
	Name string // as messages name it, and positions in it
	Text []byte
	Zone schema.Name
	// TTL is that of records for which neither they nor the file give one; nil
	// where it is not known, and every new record says its own.
	TTL *schema.TTL
}

// RRset is what becomes of the records of an RRset in one file.
type RRset struct {
	schema.Key
	Values []Value
	// TTL is what the records get. Without it they keep theirs, and a new
	// record has none of its own.
	TTL     *schema.TTL
	Lenient bool // the record gets `lenient: true`
}

// Value is what becomes of one value of an RRset.
type Value struct {
	At   schema.Position // where it stands; the zero Position: it is new
	Data schema.Data     // what it becomes; nil: it goes
}

// Declare changes what a file declares where that stands in the text, and leaves
// every other line alone: values and TTLs become others in the style they are
// written in; new values come at the end of their list, new records of a name
// behind its others, a new name where the order of names wants it. Of the
// comments only those go that stand behind something on a line that goes, and
// gone lists them. A file that was laid out as [Format] does still is, unless that
// would move other lines.
//
// What cannot be changed without touching other records, such as the value that
// an alias stands for, is a [schema.Problem] at its place. Whether the file then
// declares what is wanted is for the caller to see.
func (f File) Declare(sets []RRset) (text []byte, gone schema.Problems, err error) {
	t := newEndings(f.Text)
	if !bytes.Equal(t.restore(t.text), f.Text) {
		return nil, nil, f.problem(f.top(), "%s cannot be changed: its lines end in different ways: give them one", f.Name)
	}
	d, err := f.open(t.text)
	if err != nil {
		return nil, nil, err
	}
	if err := d.declare(sets); err != nil {
		return nil, nil, err
	}
	after, err := d.apply()
	if err != nil {
		return nil, nil, f.problem(f.top(), "%s cannot be changed: %v", f.Name, err)
	}
	if d.layout != nil {
		if err := d.keepsComments(f.Name, after); err != nil {
			return nil, nil, f.problem(f.top(), "%s cannot be changed: %v", f.Name, err)
		}
		for _, c := range d.gone {
			gone.Add(schema.Notice, schema.Position{File: f.Name, Line: c.line, Column: c.column}, "comment", "the comment %q goes with what it stands behind", c.text)
		}
	}
	if was, err := Format(f.Name, f.Text); err == nil && string(was) == string(f.Text) {
		if laid, err := Format(f.Name, []byte(after)); err == nil && slices.Equal(f.others([]byte(after), sets), f.others(laid, sets)) {
			return laid, gone, nil
		}
	}
	return t.restore(after), gone, nil
}

// others are the lines of a text that are not about the names of some RRsets.
func (f File) others(text []byte, sets []RRset) []string {
	f.Text = text
	about, names := f.Lines(), map[schema.Name]bool{}
	for _, s := range sets {
		names[s.Name] = true
	}
	var out []string
	for i, line := range strings.Split(string(text), "\n") {
		if !slices.ContainsFunc(about[i+1], func(k schema.Key) bool { return names[k.Name] }) {
			out = append(out, line)
		}
	}
	return out
}

// Lines tells which RRsets each line of the file is about, from 1: those that it
// declares or, where it is about a name alone, all of the name.
func (f File) Lines() map[int][]schema.Key {
	lines := map[int][]schema.Key{}
	d, err := f.open(newEndings(f.Text).text)
	if err != nil || d.owners == nil {
		return lines
	}
	for _, e := range d.owners.entries {
		var all []schema.Key
		for _, r := range d.records(e) {
			k := schema.Key{Name: d.name(e), Type: r.typ}
			all = append(all, k)
			for n := r.entry.line; n <= d.line(d.entryEnd(r.entry)); n++ {
				lines[n] = append(lines[n], k)
			}
		}
		for n := e.line; n <= d.line(d.entryEnd(e)); n++ {
			if lines[n] == nil {
				lines[n] = all
			}
		}
	}
	return lines
}

func (f File) top() schema.Position { return schema.Position{File: f.Name, Line: 1, Column: 1} }

func (f File) problem(at schema.Position, format string, args ...any) schema.Problem {
	return schema.Problem{Position: at, Rule: "declare", Message: fmt.Sprintf(format, args...)}
}

// declaration is a file whose records are being changed.
type declaration struct {
	File
	splicer
	owners  *collection // nil: the file has no names yet
	aliased map[*yaml.Node]bool
	style   style
	ttl     *schema.TTL // of records that give none
	removed map[*entry]bool
}

func (f File) open(text string) (*declaration, error) {
	parsed, problems := source.ParseText(f.Name, []byte(text))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	d := &declaration{File: f, splicer: splicer{text: text}, aliased: map[*yaml.Node]bool{}, ttl: f.TTL, removed: map[*entry]bool{}}
	if parsed.Root == nil {
		return d, nil
	}
	var err error
	if d.layout, err = read(text, parsed); err != nil {
		return nil, f.problem(f.top(), "%s cannot be changed: %v", f.Name, err)
	}
	if e := d.explicitKey(d.root); e != nil {
		return nil, f.problem(d.at(e.key), "%s cannot be changed: a key is marked with ?, or is nothing: write key: value", f.Name)
	}
	for n, lines := range d.blocks {
		if d.extents[n].to == len(text) && !strings.HasSuffix(lines[0], "-") { // a line behind it would become part of it
			return nil, f.problem(d.at(n), "%s cannot be changed: it ends with a text block that has no line end, and then another text: write |- or >-", f.Name)
		}
	}
	d.findAliased(parsed.Root)
	d.owners = d.root
	if !d.octodns {
		d.owners = nil
		for _, e := range d.root.entries {
			switch {
			case e.key.Value == "records" && e.below != nil && !e.below.isList && len(e.below.entries) > 0:
				d.owners = e.below
			case e.key.Value == "ttl":
				if ttl, err := schema.ParseTTL(e.value.Value); err == nil {
					d.ttl = &ttl
				}
			}
		}
	}
	d.style = d.styleOf()
	return d, nil
}

// explicitKey finds an entry that is not written as key: value.
func (d *declaration) explicitKey(c *collection) *entry {
	for _, e := range c.entries {
		if e.key != nil && (e.key.Kind == yaml.ScalarNode && e.key.Value == "" && isPlain(e.key) || strings.HasSuffix(strings.TrimRight(d.before(d.entryStart(e)), " \t"), "?")) {
			return e
		}
		if e.below != nil {
			if found := d.explicitKey(e.below); found != nil {
				return found
			}
		}
	}
	return nil
}

// keepsComments wants every comment to be there still, but for those that are gone.
func (d *declaration) keepsComments(file, text string) error {
	after, problems := source.ParseText(file, []byte(text))
	if err := problems.Err(); err != nil {
		return fmt.Errorf("it would be no YAML any more: %w", err)
	}
	var is []string
	if after.Root != nil {
		s, err := scan(text, after.Root)
		if err != nil {
			return err
		}
		is = texts(s.comments)
	} else {
		is = loneComments(text)
	}
	was := append(is, texts(d.gone)...)
	want := texts(d.comments)
	slices.Sort(was)
	slices.Sort(want)
	if !slices.Equal(was, want) {
		return errors.New("a comment would be lost: put comments above or behind whole records")
	}
	return nil
}

// loneComments are the comments of a text that has nothing else.
func loneComments(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if _, c, ok := strings.Cut(line, "#"); ok {
			out = append(out, strings.TrimRight("#"+c, " \t\n"))
		}
	}
	return out
}

// declare makes the changes, name by name.
func (d *declaration) declare(sets []RRset) error {
	byName := map[schema.Name][]RRset{}
	for _, s := range sets {
		byName[s.Name] = append(byName[s.Name], s)
	}
	entries := map[schema.Name]*entry{}
	if d.owners != nil {
		for _, e := range d.owners.entries {
			entries[d.name(e)] = e
		}
	}
	var fresh []newOwner
	for _, name := range slices.SortedFunc(maps.Keys(byName), schema.Name.Compare) {
		sets := byName[name]
		slices.SortFunc(sets, func(a, b RRset) int { return a.Key.Compare(b.Key) })
		e := entries[name]
		if e == nil {
			fresh = append(fresh, newOwner{name, d.ownerKey(name), sets})
			continue
		}
		if err := d.owner(e, sets); err != nil {
			return err
		}
	}
	if len(d.removed) > 0 {
		if err := d.removeOwners(); err != nil {
			return err
		}
	}
	return d.addOwners(fresh)
}

func (d *declaration) at(n *yaml.Node) schema.Position {
	return schema.Position{File: d.Name, Line: max(n.Line, 1), Column: max(n.Column, 1)}
}

// endings is a text with one kind of line end, and how to give it its own back.
type endings struct {
	text     string
	bom      string
	original string // the line end of the file
}

func newEndings(text []byte) endings {
	e := endings{text: normalise(text), original: "\n"}
	if strings.HasPrefix(string(text), "\ufeff") {
		e.bom = "\ufeff"
	}
	if i := strings.IndexByte(string(text), '\n'); i > 0 && text[i-1] == '\r' {
		e.original = "\r\n"
	}
	return e
}

func (e endings) restore(text string) []byte {
	return []byte(e.bom + strings.ReplaceAll(text, "\n", e.original))
}
