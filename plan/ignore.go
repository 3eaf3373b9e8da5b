package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// Pattern selects live records by owner name, type and data; empty parts
// select everything. In globs `*` stands for any characters, dots included,
// `?` for one and `[a-z]` for one of a class.
type Pattern struct {
	Name  string        // glob over the name relative to the zone, or the absolute name
	Types []schema.Type // nil: every type
	Value string        // glob over the data; for TXT over the text itself
}

// Check reports a glob that is not well formed.
func (p Pattern) Check() error {
	for _, glob := range []string{p.Name, p.Value} {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("the pattern %q is not well formed: close its bracket, or escape it with a backslash", glob)
		}
	}
	return nil
}

func (p Pattern) matches(zone, name schema.Name, d schema.Data) bool {
	if p.Types != nil && !slices.Contains(p.Types, d.Type()) {
		return false
	}
	if p.Name != "" && !p.matchesName(zone, name) {
		return false
	}
	if p.Value == "" {
		return true
	}
	text := d.String()
	if t, ok := d.(schema.TXT); ok {
		text = t.Text
	}
	return Glob(p.Value, text)
}

// MayCover reports whether the pattern may select a record that a host has,
// whatever its value, or any that it names.
func (p Pattern) MayCover(zone, name schema.Name) bool {
	if p.Name == "" {
		return p.Types == nil || slices.ContainsFunc(p.Types, func(t schema.Type) bool {
			return t == schema.TypeA || t == schema.TypeAAAA || t == schema.TypeCNAME
		})
	}
	return p.matchesName(zone, name)
}

func (p Pattern) matchesName(zone, name schema.Name) bool {
	return Glob(p.Name, name.Relative(zone)) || Glob(strings.TrimSuffix(p.Name, "."), name.Display())
}

// Glob matches text against a glob without regard to case.
func Glob(glob, text string) bool {
	// path.Match stops a star at a slash, which is an ordinary character here.
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "\x00") }
	ok, err := path.Match(fold(glob), fold(text))
	return ok && err == nil
}

// ignores decides which live records of one zone are not looked at.
type ignores struct {
	zone     schema.Name
	patterns []Pattern
	// declaresThis reports whether git declares this very data.
	declaresThis func(schema.LiveRecord) bool
	defaults     bool
	external     map[schema.Name]bool // owner names that external-dns manages
}

func newIgnores(in Input, opts Options) *ignores {
	ig := &ignores{
		zone:         in.Desired.Name,
		patterns:     opts.Ignore,
		declaresThis: func(r schema.LiveRecord) bool { return declares(in.Desired, r.Name, r.Data) },
		defaults:     !opts.NoDefaultIgnores,
	}
	if ig.defaults && in.Live != nil {
		ig.external = externalNames(in.Live.Records)
	}
	return ig
}

// reason says why a live record is ignored; empty if it is not. declared tells
// whether git declares its RRset.
func (ig *ignores) reason(r schema.LiveRecord, declared bool) string {
	for _, p := range ig.patterns {
		if p.matches(ig.zone, r.Name, r.Data) {
			return "ignored by the configuration"
		}
	}
	if !ig.defaults {
		return ""
	}
	if txt, ok := r.Data.(schema.TXT); ok && isRegistry(txt) && !ig.declaresThis(r) {
		return "ignored: managed by external-dns" // the mark itself, whatever else is declared beside it
	}
	if declared {
		return ""
	}
	if _, ok := r.Data.(schema.TXT); ok && r.Name.Label() == "_acme-challenge" {
		return "ignored: a certificate challenge"
	}
	if ig.external[r.Name] {
		return "ignored: managed by external-dns"
	}
	return ""
}

// isRegistry reports whether a text is a mark of external-dns's TXT registry.
func isRegistry(txt schema.TXT) bool { return strings.Contains(txt.Text, "heritage=external-dns") }

// externalNames finds the names that a TXT registry of external-dns marks: its
// records say heritage=external-dns and stand at the name itself or, since
// version 0.12, at the name with the type in front.
func externalNames(records []schema.LiveRecord) map[schema.Name]bool {
	var names map[schema.Name]bool
	for _, r := range records {
		txt, ok := r.Data.(schema.TXT)
		if !ok || !isRegistry(txt) {
			continue
		}
		if names == nil {
			names = map[schema.Name]bool{}
		}
		names[r.Name] = true
		for _, t := range schema.Types() {
			if rest, ok := strings.CutPrefix(r.Name.Label(), strings.ToLower(string(t))+"-"); ok && rest != "" {
				if n, err := r.Name.Parent().Child(rest); err == nil {
					names[n] = true
				}
			}
		}
	}
	return names
}

// Marks are the names at which a TXT registry of external-dns may mark a name of
// a zone.
func Marks(zone, name schema.Name) []schema.Name {
	at := []schema.Name{name}
	if name == zone {
		return at
	}
	for _, t := range schema.Types() {
		if n, err := name.Parent().Child(strings.ToLower(string(t)) + "-" + name.Label()); err == nil {
			at = append(at, n)
		}
	}
	return at
}

// CheckIgnored reports declared records that an ignore pattern covers: what is
// ignored may not be declared too. Where all of the RRset is to be left to
// somebody else, the declaration has to go.
func CheckIgnored(zones []schema.Zone, patterns []Pattern) schema.Problems {
	var problems schema.Problems
	for i := range zones {
		if zones[i].FromLive { // it is restored whole
			continue
		}
		for _, set := range zones[i].RRsets {
			for _, v := range set.Values {
				for _, p := range patterns {
					if p.matches(zones[i].Name, set.Name, v.Data) {
						problems.Add(schema.Error, v.Position, "ignored-declared",
							"%s %s is declared here and ignored by the configuration (name %q): remove the record, or narrow the ignore pattern",
							set.Name.Display(), set.Type, p.Name)
					}
				}
			}
		}
	}
	problems.Sort()
	return problems
}

// Ignored says which records of a live zone are left alone if nothing of it is
// declared, and why, by their handles.
func Ignored(live *schema.LiveZone, opts Options) map[schema.Handle]string {
	ig := newIgnores(Input{Desired: &schema.Zone{Name: live.Name}, Live: live}, opts)
	out := map[schema.Handle]string{}
	for _, r := range live.Records {
		if reason := ig.reason(r, false); reason != "" {
			out[r.Handle] = reason
		}
	}
	return out
}
