package adopt

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// files are the files of the zones as they were read, and who else uses them.
type files struct {
	paths map[string]source.Path // by the names that are shown
	texts map[string][]byte
	zones []schema.Zone            // as they declare them
	users map[string][]schema.Name // the zones of a file
	blind string                   // why it may have more users; empty: it has not
}

var errChanged = errors.New("the files have changed while live was read: run again")

// read takes note of what the files hold, which has to be what the plan was
// made of.
func (a *adopter) read(ctx context.Context) error {
	first, err := source.Load(ctx, a.opts.Paths, a.opts.Source)
	if err != nil {
		return err
	}
	f := files{paths: map[string]source.Path{}, texts: map[string][]byte{}, users: map[string][]schema.Name{}}
	for _, p := range first.Files {
		text, err := p.Read()
		if err != nil {
			return err
		}
		f.paths[p.Shown()], f.texts[p.Shown()] = p, text
	}
	a.files = f
	again, err := a.load(ctx, nil)
	if err != nil {
		return err
	}
	byName := zonesByName(again.Zones)
	for _, in := range a.inputs {
		z := byName[in.Desired.Name]
		if again.Problems.Err() != nil || z == nil || !slices.EqualFunc(z.RRsets, in.Desired.RRsets, sameSet) {
			return errChanged
		}
	}
	a.files.zones = again.Zones
	return a.findUsers(ctx)
}

func zonesByName(zones []schema.Zone) map[schema.Name]*schema.Zone {
	out := make(map[schema.Name]*schema.Zone, len(zones))
	for i := range zones {
		out[zones[i].Name] = &zones[i]
	}
	return out
}

// sameSet reports whether two RRsets are the same at the same places.
func sameSet(a, b schema.RRset) bool { return a.Key == b.Key && slices.Equal(a.Values, b.Values) }

// load reads the zones from what the files held, but for other texts.
func (a *adopter) load(ctx context.Context, other map[string][]byte) (source.Result, error) {
	texts := map[*source.Tree]map[string][]byte{}
	for shown, p := range a.files.paths {
		if texts[p.Tree] == nil {
			texts[p.Tree] = map[string][]byte{}
		}
		texts[p.Tree][p.Name] = a.files.texts[shown]
		if text, ok := other[shown]; ok {
			texts[p.Tree][p.Name] = text
		}
	}
	trees := map[*source.Tree]*source.Tree{}
	var paths []source.Path
	for _, p := range a.opts.Paths {
		if trees[p.Tree] == nil {
			trees[p.Tree] = p.Tree.With(texts[p.Tree])
		}
		paths = append(paths, source.Path{Tree: trees[p.Tree], Name: p.Name})
	}
	return source.Load(ctx, paths, a.opts.Source)
}

// findUsers finds out which zones each file is of, by whatever name it is read.
func (a *adopter) findUsers(ctx context.Context) error {
	others, err := source.Load(ctx, a.opts.Others, a.opts.Source)
	if err != nil {
		return err
	}
	if err := others.Problems.Err(); err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		a.files.blind = line
	}
	byFile := map[string][]schema.Name{} // by where it is on disk
	real := map[string]string{}
	for shown, p := range a.files.paths {
		real[shown] = onDisk(p)
	}
	for _, p := range others.Files {
		real[p.Shown()] = onDisk(p)
	}
	for _, z := range slices.Concat(a.files.zones, others.Zones) {
		for _, shown := range z.Files {
			if at := real[shown]; !slices.Contains(byFile[at], z.Name) {
				byFile[at] = append(byFile[at], z.Name)
			}
		}
	}
	for shown := range a.files.paths {
		a.files.users[shown] = byFile[real[shown]]
	}
	return nil
}

func onDisk(p source.Path) string {
	if at, err := p.OnDisk(); err == nil {
		return at
	}
	return p.Shown() // of a commit, or of a test
}
