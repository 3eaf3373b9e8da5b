package source

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/zoneherd/zoneherd/schema"
)

var update = flag.Bool("update", false, "write the golden files anew, to be reviewed by eye")

// loadFixture loads one fixture: a zone file, read as zones/example.com.yaml,
// or a .txtar of a whole tree with a zones directory and a configuration.
func loadFixture(t testing.TB, file string) Result {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tree := &Tree{FS: fstest.MapFS{"zones/example.com.yaml": {Data: text}}, Dir: "zones"}
	var problems schema.Problems
	opts := Options{DefaultTTL: schema.DefaultTTL}
	if strings.HasSuffix(file, ".txtar") {
		files := fstest.MapFS{}
		for _, f := range txtar.Parse(text).Files {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		tree = &Tree{FS: files}
		if _, ok := files[ConfigFile]; ok {
			_, problems = LoadConfig(Path{tree, ConfigFile})
		}
	}
	r, err := Load(t.Context(), []Path{{tree, "zones"}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Problems = append(problems, r.Problems...)
	return r
}

func fixtures(t *testing.T, pattern string, least int) []string {
	t.Helper()
	var files []string
	for _, ext := range []string{".yaml", ".txtar"} {
		found, err := filepath.Glob(pattern + ext)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < least {
		t.Fatalf("found %d fixtures %s, want at least %d", len(files), pattern, least)
	}
	slices.Sort(files)
	return files
}

// Each fixture in testdata/bad holds one mistake (twenty.yaml holds twenty);
// what is said of it, and where, is in bad.golden.
func TestEachMistakeIsToldWhereItIs(t *testing.T) {
	var got strings.Builder
	for _, file := range fixtures(t, "testdata/bad/*", 120) {
		r := loadFixture(t, file)
		if len(r.Problems) == 0 {
			t.Errorf("%s: nothing is said of its mistake", file)
		}
		fmt.Fprintf(&got, "# %s\n", filepath.Base(file))
		for _, p := range r.Problems {
			if p.Position.IsZero() || p.Rule == "" {
				t.Errorf("%s: no position or rule: %v", file, p)
			}
			fmt.Fprintf(&got, "%v [%s]\n", p, p.Rule)
		}
	}
	compareGolden(t, "testdata/bad.golden", got.String())
}

func TestOneFileWithTwentyMistakesTellsAllTwenty(t *testing.T) {
	r := loadFixture(t, "testdata/bad/twenty.yaml")
	if n := r.Problems.Count(schema.Error); n < 20 {
		t.Errorf("%d errors are told, want 20 or more:\n%v", n, r.Problems)
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}
