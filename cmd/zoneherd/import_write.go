package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// write writes the zones and reads them again together: an RRset that a plan
// would refuse to read gets `lenient: true`, and a zone that no careful file can
// hold is written into one that is marked from-live.
func (im *importer) write(ctx context.Context, dir string, files []*imported) error {
	byFile := map[string]*imported{}
	for _, f := range files {
		byFile[fileName(f.zone.Name)] = f
	}
	for try := 0; ; try++ {
		for _, f := range files {
			if err := im.writeFile(dir, f); err != nil {
				return err
			}
		}
		read, err := im.load(ctx, dir)
		if err != nil {
			return err
		}
		if read.Problems.Err() == nil {
			return asMeant(files, read.Zones)
		}
		for i := range read.Zones {
			if f := byFile[fileName(read.Zones[i].Name)]; f.own != nil {
				f.lines = linesOf(&read.Zones[i])
			}
		}
		for _, pr := range read.Problems {
			f := byFile[filepath.Base(pr.Position.File)]
			switch {
			case pr.Severity != schema.Error:
			case f == nil || f.exact:
				return pr // nothing can be done about it
			case f.own != nil && try >= 3:
				f.own = nil
			case try >= 6: // being lenient does not help
				im.markExact(f, pr.Message)
			default:
				im.relax(f, pr)
			}
		}
	}
}

// linesOf tells which RRset stands on which line of a zone's file, from where
// it or one of its values begins up to the next one.
func linesOf(z *schema.Zone) map[int]schema.Key {
	begin := map[int]schema.Key{}
	last := 0
	for _, s := range z.RRsets {
		begin[s.Position.Line] = s.Key
		last = max(last, s.Position.Line)
		for _, v := range s.Values {
			begin[v.Position.Line] = s.Key
			last = max(last, v.Position.Line)
		}
	}
	lines := map[int]schema.Key{}
	var current schema.Key
	for n := range last + 1 {
		if k, ok := begin[n]; ok {
			current = k
		}
		if current != (schema.Key{}) {
			lines[n] = current
		}
	}
	return lines
}

// relax makes the RRsets of a problem lenient.
func (im *importer) relax(f *imported, pr schema.Problem) {
	for _, at := range append([]schema.Position{pr.Position}, pr.Related...) {
		if filepath.Base(at.File) != filepath.Base(pr.Position.File) {
			continue
		}
		var keys []schema.Key
		if k, ok := f.lines[at.Line]; ok {
			keys = append(keys, k)
		}
		if pr.Rule == "owner-repeats-zone" && f.own != nil { // told at the name, which may stand above its records
			keys = repeating(f.zone)
		}
		for _, k := range keys {
			if f.lenient[k] {
				continue
			}
			f.lenient[k] = true
			im.m.say("%s: %s %s is made lenient: %s", f.zone.Name.Display(), k.Name.Display(), k.Type, pr.Message)
		}
	}
}

// repeating are the RRsets whose names repeat the zone's, and may not.
func repeating(z *schema.Zone) []schema.Key {
	var keys []schema.Key
	for _, s := range z.RRsets {
		if name, err := schema.ParseName(s.Name.Relative(z.Name)); err == nil && name.In(z.Name) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// markExact has the file marked from-live, where comments have no place.
func (im *importer) markExact(f *imported, why string) {
	f.exact = true
	im.m.say("%s: the file is marked from-live: %s", f.zone.Name.Display(), why)
	comments := 0
	for _, about := range f.comments {
		comments += len(about)
	}
	if comments > 0 {
		im.m.warn("%s: %s at records left out, which such a file has no place for", f.zone.Name.Display(), count(comments, "comment"))
	}
}

func (im *importer) writeFile(dir string, f *imported) error {
	var text []byte
	var err error
	if f.own != nil && !f.exact {
		if text = f.own(); text == nil {
			f.own = nil
		}
	}
	if !f.exact && f.own == nil {
		if text, f.lines, err = source.Write(f.zone, source.Layout{DefaultTTL: im.defaultTTL(), Lenient: f.lenient, Comments: f.comments}); err != nil {
			im.markExact(f, err.Error())
		}
	}
	if f.exact {
		if text, err = source.FromLive(f.all, im.exactHead()); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, fileName(f.zone.Name)), text, 0o644); err != nil {
		return fmt.Errorf("write the zone file of %s: %w", f.zone.Name.Display(), err)
	}
	return nil
}

// exactHead is what a file begins with that is marked from-live.
func (im *importer) exactHead() string {
	if im.live == nil {
		return "What a careful file cannot hold. All that was to be imported is in here."
	}
	return "What a careful file cannot hold. All that is live is in here, ignored or not."
}

// asMeant refuses files that declare anything but the zones they were made of,
// less what is left alone since no DNS serves it, which has been told.
func asMeant(files []*imported, read []schema.Zone) error {
	byName := map[schema.Name]*schema.Zone{}
	for i := range read {
		byName[read[i].Name] = &read[i]
	}
	for _, f := range files {
		z := byName[f.zone.Name]
		if z != nil && f.exact {
			continue
		}
		declared := func(s schema.RRset) bool { return z.Holds(s.Key) == nil }
		if z == nil || !sameHeld(f.zone, z) || !slices.EqualFunc(keep(f.zone.RRsets, declared), z.RRsets, sameSet) {
			return fmt.Errorf("%s: the file would declare something else than what it is made of, so nothing was imported: this is a fault of zoneherd's, please report it", f.zone.Name.Display())
		}
	}
	return nil
}

// sameHeld reports whether a file leaves alone what a zone leaves alone.
func sameHeld(want, got *schema.Zone) bool {
	return !slices.ContainsFunc(want.Held, func(h schema.Held) bool {
		return slices.ContainsFunc(h.Types, func(t schema.Type) bool { return got.Holds(schema.Key{Name: h.Name, Type: t}) == nil })
	})
}

func keep(sets []schema.RRset, wanted func(schema.RRset) bool) []schema.RRset {
	return slices.DeleteFunc(slices.Clone(sets), func(s schema.RRset) bool { return !wanted(s) })
}

// sameSet reports whether two RRsets, in the order that import writes them,
// have the same records.
func sameSet(a, b schema.RRset) bool {
	return a.Key == b.Key && slices.EqualFunc(a.Values, b.Values, func(x, y schema.Value) bool { return x.Data == y.Data && x.TTL == y.TTL })
}
