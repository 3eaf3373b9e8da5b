package source

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zoneherd/zoneherd/schema"
)

func addFixtures(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 4096 {
			f.Add(text)
		}
	}
}

// checkProblems holds every problem to its promise: a rule, a sentence, and a
// place that exists in the file.
func checkProblems(t *testing.T, text []byte, problems schema.Problems) {
	t.Helper()
	lines := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} { // all of them end a line in YAML
		lines += bytes.Count(text, []byte(end))
	}
	for _, p := range problems {
		if p.Rule == "" || p.Message == "" || p.Position.Line < 1 || p.Position.Line > lines+1 || p.Position.Column < 1 {
			t.Errorf("no good problem for a file of %d lines: %+v", lines, p)
		}
	}
}

func FuzzZoneFile(f *testing.F) {
	addFixtures(f, "testdata/*/*.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		tree := &Tree{FS: fstest.MapFS{"example.com.yaml": {Data: text}}}
		read := func() Result {
			r, err := Load(t.Context(), []Path{{tree, "example.com.yaml"}}, Options{DefaultTTL: 60, SkipUnsupported: true})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r := read()
		checkProblems(t, text, r.Problems)
		for _, z := range r.Zones {
			for i, s := range z.RRsets {
				if i > 0 && z.RRsets[i-1].Compare(s.Key) >= 0 {
					t.Errorf("RRsets out of order: %v, %v", z.RRsets[i-1].Key, s.Key)
				}
				if !s.Name.In(z.Name) || len(s.Values) == 0 {
					t.Errorf("%v is outside %v, or empty", s.Key, z.Name)
				}
				for _, v := range s.Values {
					if v.Data.Type() != s.Type || v.TTL > schema.MaxTTL || v.Position.Line < 1 {
						t.Errorf("no good value of %v: %+v", s.Key, v)
					}
				}
			}
		}
		if diff := cmp.Diff(r, read(), cmpopts.EquateComparable(), cmp.Comparer(func(a, b *Tree) bool { return a == b }), cmp.Comparer(func(a, b schema.Name) bool { return a == b }), cmp.Comparer(func(a, b schema.Data) bool { return a == b })); diff != "" {
			t.Errorf("two readings of one file differ:\n%s", diff)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("zones: [zones]\nprune: none\nguards: {max-deletes: 3}\nignore: [{name: \"*\", type: [A]}]\n"))
	f.Add([]byte("endpoint: x\n<<: {a: b}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var problems schema.Problems
		c := parseConfig(Path{&Tree{}, ConfigFile}, text, &problems)
		checkProblems(t, text, problems)
		for _, p := range c.Zones {
			if p.Name == ".." || len(p.Name) > 2 && p.Name[:3] == "../" {
				t.Errorf("the path %q leaves the root", p.Name)
			}
		}
	})
}
