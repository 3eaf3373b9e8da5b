package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/edit"
)

// distribute says what becomes of each RRset of a zone in which of its files.
func (f *files) distribute(z *zone) (map[string][]edit.RRset, error) {
	out := map[string][]edit.RRset{}
	changes := map[schema.Key][]*plan.Change{}
	var keys []schema.Key
	for i := range z.plan.Changes {
		c := &z.plan.Changes[i]
		if changes[c.Key] == nil {
			keys = append(keys, c.Key)
		}
		changes[c.Key] = append(changes[c.Key], c)
	}
	for k := range z.lenient {
		if changes[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, schema.Key.Compare)
	left := map[schema.Key]bool{} // of what changes or not, what there is afterwards
	for i := range z.plan.Desired.RRsets {
		left[z.plan.Desired.RRsets[i].Key] = true
	}
	for _, k := range keys {
		w, err := wantedOf(z, k, changes[k])
		if err != nil {
			return nil, err
		}
		left[k] = w.left
		_, lenient := z.lenient[k]
		if err := f.place(z, w, lenient, out); err != nil {
			return nil, err
		}
	}
	for k, is := range left {
		if cname := (schema.Key{Name: k.Name, Type: schema.TypeCNAME}); is && k != cname && left[cname] && (changes[k] != nil || changes[cname] != nil) {
			return nil, refusal(z.plan.Desired.Position, "%s has a CNAME record live and others beside it, which no DNS serves: remove the one or the others at the service", k.Name.Display())
		}
	}
	return out, nil
}

// wanted is an RRset as the files are to declare it.
type wanted struct {
	schema.Key
	declared *schema.RRset // as they do; nil: not at all
	ttl      schema.TTL
	changed  map[int]schema.Data // of declared values; nil: it goes
	fresh    []schema.Data
	left     bool // there are values afterwards
}

// wantedOf turns a plan's changes of one RRset round.
func wantedOf(z *zone, k schema.Key, changes []*plan.Change) (*wanted, error) {
	w := &wanted{Key: k, declared: z.plan.Desired.RRset(k), changed: map[int]schema.Data{}}
	at := z.plan.Desired.Position
	if w.declared != nil {
		at = w.declared.Position
	}
	var ttls []schema.TTL
	var data []schema.Data
	for _, c := range changes {
		if c.Before != nil {
			ttls, data = append(ttls, c.Before.TTL), append(data, c.Before.Data)
		}
		if c.After == nil {
			w.fresh = append(w.fresh, c.Before.Data)
			continue
		}
		i := -1
		if w.declared != nil {
			i = slices.IndexFunc(w.declared.Values, func(v schema.Value) bool { return v.Position == c.Position && v.Data == c.After.Data })
		}
		if i < 0 {
			return nil, fmt.Errorf("what the plan says of %s %s stands in no file: this is a fault of zoneherd's, please report it", k.Name.Display(), k.Type)
		}
		if w.changed[i] = nil; c.Before != nil {
			w.changed[i] = c.Before.Data
		}
	}
	if w.declared != nil {
		for i, v := range w.declared.Values {
			if _, changed := w.changed[i]; !changed {
				ttls, data = append(ttls, v.TTL), append(data, v.Data)
			}
		}
	}
	for i, d := range data {
		switch _, opaque := d.(schema.Opaque); {
		case opaque:
			return nil, refusal(at, "the live value %s of %s %s cannot be read, and so not be written: mend it at the service", d, k.Name.Display(), k.Type)
		case slices.Contains(data[:i], d):
			return nil, refusal(at, "%s %s is live with the value %s twice, which a zone file cannot hold: remove one at the service", k.Name.Display(), k.Type, d)
		case ttls[i] != ttls[0]:
			return nil, refusal(at, "the live records of %s %s have the TTLs %d and %d, and one RRset has one TTL in a zone file: make them one at the service", k.Name.Display(), k.Type, min(ttls[0], ttls[i]), max(ttls[0], ttls[i]))
		}
	}
	if w.left = len(ttls) > 0; w.left {
		w.ttl = ttls[0]
	}
	slices.SortFunc(w.fresh, schema.CompareData)
	return w, nil
}

func refusal(at schema.Position, format string, args ...any) error {
	return schema.Problem{Position: at, Rule: "adopt", Message: fmt.Sprintf(format, args...)}
}

// place says in which files an RRset changes.
func (f *files) place(z *zone, w *wanted, lenient bool, out map[string][]edit.RRset) error {
	sets := map[string]*edit.RRset{}
	in := func(file string) *edit.RRset {
		if sets[file] == nil {
			sets[file] = &edit.RRset{Key: w.Key}
		}
		return sets[file]
	}
	// Where a file changes at all, it is the zone's alone.
	touch := func(file string, at schema.Position) (*edit.RRset, error) {
		if err := f.ownedBy(z, file, at, w.Key); err != nil {
			return nil, err
		}
		return in(file), nil
	}
	if w.declared != nil {
		left := map[string]bool{} // files in which some of it is left
		for i, v := range w.declared.Values {
			file := v.Position.File
			data, changed := w.changed[i]
			left[file] = left[file] || !changed || data != nil
			if !changed || data == v.Data {
				continue
			}
			s, err := touch(file, v.Position)
			if err != nil {
				return err
			}
			s.Values = append(s.Values, edit.Value{At: v.Position, Data: data})
		}
		// A TTL that one file gives holds for the others' values too, and goes with
		// the last of its own.
		loses := func(file string) bool {
			return len(f.users[file]) == 1 && slices.ContainsFunc(w.declared.Values, func(v schema.Value) bool { return !left[v.Position.File] })
		}
		for i, v := range w.declared.Values {
			file := v.Position.File
			if data, changed := w.changed[i]; w.ttl == v.TTL && !lenient && !loses(file) || changed && data == nil && !left[file] {
				continue
			}
			s, err := touch(file, v.Position)
			if err != nil {
				return err
			}
			if s.Lenient = lenient; w.ttl != v.TTL || loses(file) {
				s.TTL = &w.ttl
			}
		}
	}
	if len(w.fresh) > 0 {
		file, here := f.home(z, w)
		s, err := touch(file, z.plan.Desired.Position)
		if err != nil {
			return err
		}
		for _, d := range w.fresh {
			s.Values = append(s.Values, edit.Value{Data: d})
		}
		if s.Lenient = lenient; w.declared == nil || here && w.declared.Values[0].TTL != w.ttl {
			s.TTL = &w.ttl
		}
	}
	for file, s := range sets {
		out[file] = append(out[file], *s)
	}
	return nil
}

// home is the file that new values of an RRset go into: where it is declared, or
// else its name, as far as the zone may have that changed; else the zone's own.
// here tells whether it is declared there.
func (f *files) home(z *zone, w *wanted) (file string, here bool) {
	declares := func(file string, s *schema.RRset) bool {
		return slices.ContainsFunc(s.Values, func(v schema.Value) bool { return v.Position.File == file })
	}
	own := z.plan.Desired.Files
	if w.declared != nil {
		for _, file := range own {
			if len(f.users[file]) == 1 && declares(file, w.declared) {
				return file, true
			}
		}
	}
	at := z.plan.Desired.At(w.Name)
	for _, file := range own {
		for i := range at {
			if len(f.users[file]) == 1 && declares(file, &at[i]) {
				return file, false
			}
		}
	}
	return own[0], false
}

// ownedBy refuses a file that is not the zone's alone.
func (f *files) ownedBy(z *zone, file string, at schema.Position, k schema.Key) error {
	var others []string
	for _, n := range f.users[file] {
		if n != z.plan.Name {
			others = append(others, n.Display())
		}
	}
	slices.Sort(others)
	included := file != z.plan.Desired.Files[0]
	switch {
	case len(others) > 3:
		others = append(others[:2], fmt.Sprintf("%d more", len(others)-2))
	case len(others) == 0 && included && f.blind != "":
		return refusal(at, "%s %s is declared here, and whether other zones include the file cannot be told: %s", k.Name.Display(), k.Type, f.blind)
	case len(others) == 0:
		return nil
	}
	if included {
		return refusal(at, "%s %s is declared here, in a file that other zones include too (%s): change it there for all of them, or take it out there and declare it in each zone's own file", k.Name.Display(), k.Type, strings.Join(others, ", "))
	}
	return refusal(at, "%s %s differs, and this file declares other zones too (%s): change it there for all of them, or give the zone a file of its own", k.Name.Display(), k.Type, strings.Join(others, ", "))
}
