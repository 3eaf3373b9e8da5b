package adopt

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

var errFault = errors.New("the files would not be shown to declare what is live, and nothing else anew: this is a fault of zoneherd's, please report it")

// verify reads the new texts as a plan would. An RRset that would be refused
// gets `lenient: true`; a zone that does not come out as meant is refused. Each
// round does one of the two, or is the last.
func (a *adopter) verify(ctx context.Context) error {
	for len(a.byName) > 0 {
		texts := map[string][]byte{}
		for _, z := range a.byName {
			maps.Copy(texts, z.texts)
		}
		read, err := a.load(ctx, texts)
		if err != nil {
			return err
		}
		read.Problems = append(read.Problems, plan.CheckIgnored(read.Zones, a.opts.Plan.Ignore)...)
		if read.Problems.Err() != nil {
			a.mend(read, texts)
			continue
		}
		if !a.compare(read.Zones) {
			return nil
		}
	}
	return nil
}

// mend makes lenient what may be, and refuses the zones of what may not.
func (a *adopter) mend(read source.Result, texts map[string][]byte) {
	mended := map[*zone]bool{}
	for _, pr := range read.Problems {
		if pr.Severity != schema.Error {
			continue
		}
		var about []*zone
		for _, at := range append([]schema.Position{pr.Position}, pr.Related...) {
			if z := a.zoneOf(at.File, texts); z != nil && !slices.Contains(about, z) {
				about = append(about, z)
			}
		}
		if len(about) == 0 { // it is about what did not change, as seen from what did
			about = a.zones()
		}
		for _, z := range about {
			if a.byName[z.plan.Name] == nil || mended[z] {
				continue
			}
			if a.relax(z, pr) {
				if err := a.edit(z); err == nil {
					mended[z] = true
					continue
				}
			}
			why := pr
			why.Message = "what is live cannot be declared: " + pr.Message
			a.refuse(z, why)
		}
	}
}

// zoneOf is the zone that changes a file.
func (a *adopter) zoneOf(file string, texts map[string][]byte) *zone {
	if texts[file] == nil {
		return nil
	}
	for _, z := range a.byName {
		if z.texts[file] != nil {
			return z
		}
	}
	return nil
}

// relax makes the RRsets of a problem lenient, and tells whether any was not.
func (a *adopter) relax(z *zone, pr schema.Problem) bool {
	done := false
	for _, at := range append([]schema.Position{pr.Position}, pr.Related...) {
		if z.texts[at.File] == nil {
			continue
		}
		f := a.files.edited(z, at.File, a.opts.Source.DefaultTTL)
		f.Text = z.texts[at.File]
		for _, k := range f.Lines()[at.Line] {
			if z.lenient[k] == "" {
				z.lenient[k] = pr.Message
				done = true
			}
		}
	}
	return done
}

// compare refuses the zones whose files do not declare what is live, and tells
// whether there was any.
func (a *adopter) compare(read []schema.Zone) bool {
	after := zonesByName(read)
	refused := false
	for i := range a.files.zones {
		was := &a.files.zones[i]
		is, z := after[was.Name], a.byName[was.Name]
		if a.asMeant(was, is, z) {
			continue
		}
		refused = true
		if z != nil {
			a.refuse(z, errFault)
			continue
		}
		for _, z := range a.zones() { // one of them has changed another zone
			a.refuse(z, errFault)
		}
	}
	return refused
}

// asMeant reports whether a zone is as before but for what is adopted, and a plan
// of it has nothing to do.
func (a *adopter) asMeant(was, is *schema.Zone, z *zone) bool {
	if is == nil || is.State != was.State || is.FromLive != was.FromLive || !slices.EqualFunc(was.Held, is.Held, sameHeld) || !slices.EqualFunc(was.Allow, is.Allow, sameAllow) {
		return false
	}
	changed := map[schema.Key]bool{}
	if z != nil {
		for i := range z.plan.Changes {
			changed[z.plan.Changes[i].Key] = true
		}
	}
	others := func(zone *schema.Zone) []schema.RRset {
		return slices.DeleteFunc(slices.Clone(zone.RRsets), func(s schema.RRset) bool { return changed[s.Key] })
	}
	if !slices.EqualFunc(others(was), others(is), func(x, y schema.RRset) bool {
		return x.Key == y.Key && slices.EqualFunc(x.Values, y.Values, func(v, w schema.Value) bool {
			return v.Data == w.Data && v.TTL == w.TTL && (v.Lenient == w.Lenient || z != nil && z.lenient[x.Key] != "")
		})
	}) {
		return false
	}
	if z == nil {
		return true
	}
	in := a.inputs[was.Name]
	in.Desired = is
	return len(plan.New([]plan.Input{in}, nil, a.opts.Plan).Zones[0].Changes) == 0
}

func sameHeld(a, b schema.Held) bool {
	return a.Name == b.Name && slices.Equal(a.Types, b.Types) && a.Reason == b.Reason
}

func sameAllow(a, b schema.Allowance) bool { return a.Guard == b.Guard }
