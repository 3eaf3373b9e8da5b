// Package adopt takes drift over into the zone files: a plan read the other way
// round. Where applying a plan makes live equal to the files, adopting it
// changes the files so that they declare what is live, and only at the places
// that the plan's changes are about:
//
//	the plan would    so in the file
//	create a record   its value goes
//	update a record   its value becomes what is live
//	delete a record   its value comes, behind the others
//
// What a plan leaves alone, such as ignored records, is left alone here too.
// Nothing is written: [New] gives the new texts, once they have been read again
// and a plan of them has shown to have nothing to do. A zone for which that
// cannot be had is refused, with the reason; others are adopted all the same.
package adopt

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
)

// Options are how the files are read, and how a plan of them is made.
type Options struct {
	Paths  []source.Path // the files and directories that hold the zones
	Others []source.Path // more of them, whose zones may share files with those
	Source source.Options
	Plan   plan.Options
}

// Adoption is what adopting changes.
type Adoption struct {
	Zones   []Zone // those that are adopted, in order of name
	Files   []File // with other texts, in order of name
	Refused []Refusal
	// Absent are zones that are declared and not live, or declared absent and
	// live: whether they are to be is not for the files to learn.
	Absent []schema.Name
	// Undeclared counts live records that no file declares and that the plan
	// leaves alone, for its prune.
	Undeclared int
	// Notes are what was made lenient, and which comments went.
	Notes schema.Problems
}

// Zone is a zone that is adopted.
type Zone struct {
	Name    schema.Name
	Changes int // of records
}

// File is a file that gets another text.
type File struct {
	Path          source.Path
	Before, After []byte
}

// Refusal is a zone that is not adopted, and why.
type Refusal struct {
	Zone schema.Name
	Err  error // a [schema.Problem] where there is a place to name
}

func (r Refusal) Error() string { return fmt.Sprintf("%s: %v", r.Zone.Display(), r.Err) }
func (r Refusal) Unwrap() error { return r.Err }

// New adopts what a plan of the inputs would change. An error means that the
// files could not be read again as they were.
func New(ctx context.Context, inputs []plan.Input, opts Options) (*Adoption, error) {
	p := plan.New(inputs, nil, opts.Plan)
	a := &adopter{opts: opts, inputs: map[schema.Name]plan.Input{}, byName: map[schema.Name]*zone{}, out: &Adoption{}}
	for _, in := range inputs {
		a.inputs[in.Desired.Name] = in
	}
	a.out.Undeclared = undeclared(inputs, p, opts.Plan)
	for i := range p.Zones {
		a.sort(&p.Zones[i])
	}
	if len(a.byName) == 0 {
		return a.out, nil
	}
	if err := a.read(ctx); err != nil {
		return nil, err
	}
	for _, z := range a.zones() {
		if err := a.edit(z); err != nil {
			a.refuse(z, err)
		}
	}
	if err := a.verify(ctx); err != nil {
		return nil, err
	}
	return a.result(), nil
}

// undeclared counts the records that only a plan with prune all would delete.
func undeclared(inputs []plan.Input, p *plan.Plan, opts plan.Options) int {
	if opts.Prune == "" || opts.Prune == plan.PruneAll {
		return 0
	}
	opts.Prune = plan.PruneAll
	return plan.New(inputs, nil, opts).Summary.Delete - p.Summary.Delete
}

// adopter is one run of New.
type adopter struct {
	opts   Options
	inputs map[schema.Name]plan.Input
	byName map[schema.Name]*zone // that are not refused
	files  files
	out    *Adoption
}

// zone is a zone with something to adopt.
type zone struct {
	plan    *plan.Zone
	lenient map[schema.Key]string // RRsets that get `lenient: true`, and why
	texts   map[string][]byte     // of its files that change, by their shown names
	gone    schema.Problems
}

func (a *adopter) zones() []*zone {
	var out []*zone
	for _, z := range a.byName {
		out = append(out, z)
	}
	slices.SortFunc(out, func(x, y *zone) int { return x.plan.Name.Compare(y.plan.Name) })
	return out
}

// refuse leaves a zone's files as they are.
func (a *adopter) refuse(z *zone, err error) {
	delete(a.byName, z.plan.Name)
	a.out.Refused = append(a.out.Refused, Refusal{z.plan.Name, err})
}

// sort decides what a zone of the plan is to adopting.
func (a *adopter) sort(p *plan.Zone) {
	z := &zone{plan: p, lenient: map[schema.Key]string{}}
	for _, r := range p.Refused { // other guards are about writing to the service
		if r.Guard == plan.GuardIncomplete || r.Guard == plan.GuardAmbiguous {
			a.refuse(z, fmt.Errorf("what is live is not known for certain: %s", r.Reason))
			return
		}
	}
	switch {
	case p.Action != plan.ZoneNone:
		a.out.Absent = append(a.out.Absent, p.Name)
	case len(p.Changes) == 0:
	case p.Desired.FromLive:
		a.refuse(z, schema.Problem{Position: p.Desired.Position, Rule: "adopt",
			Message: "a file marked from-live holds all that was live at one time, and is not edited: write it anew with zoneherd import --force --zone " + p.Name.Display()})
	default:
		a.byName[p.Name] = z
	}
}

// edit makes the new texts of a zone's files.
func (a *adopter) edit(z *zone) error {
	z.texts, z.gone = map[string][]byte{}, nil
	perFile, err := a.files.distribute(z)
	if err != nil {
		return err
	}
	for _, shown := range z.plan.Desired.Files {
		sets := perFile[shown]
		if len(sets) == 0 {
			continue
		}
		f := a.files.edited(z, shown, a.opts.Source.DefaultTTL)
		text, gone, err := f.Declare(sets)
		if err != nil {
			return err
		}
		z.texts[shown] = text
		z.gone = append(z.gone, gone...)
	}
	return nil
}

// edited is one of a zone's files, to be edited.
func (f *files) edited(z *zone, shown string, ttl schema.TTL) edit.File {
	e := edit.File{Name: shown, Text: f.texts[shown], Zone: z.plan.Name}
	if shown == z.plan.Desired.Files[0] { // others have it from who includes them
		e.TTL = &ttl
	}
	return e
}

// result is what is left of the zones.
func (a *adopter) result() *Adoption {
	for _, z := range a.zones() {
		a.out.Zones = append(a.out.Zones, Zone{z.plan.Name, len(z.plan.Changes)})
		for shown, text := range z.texts {
			if bytes.Equal(text, a.files.texts[shown]) {
				continue
			}
			a.out.Files = append(a.out.Files, File{a.files.paths[shown], a.files.texts[shown], text})
		}
		a.out.Notes = append(a.out.Notes, z.gone...)
		for k, why := range z.lenient {
			at := z.plan.Desired.Position
			if set := z.plan.Desired.RRset(k); set != nil {
				at = set.Position
			}
			a.out.Notes.Add(schema.Notice, at, "lenient", "%s %s is made lenient: %s", k.Name.Display(), k.Type, why)
		}
	}
	slices.SortFunc(a.out.Files, func(x, y File) int {
		return schema.Position{File: x.Path.Shown()}.Compare(schema.Position{File: y.Path.Shown()})
	})
	slices.SortFunc(a.out.Refused, func(x, y Refusal) int { return x.Zone.Compare(y.Zone) })
	a.out.Notes.Sort()
	return a.out
}
