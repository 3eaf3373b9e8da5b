package adopt_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

var update = flag.Bool("update", false, "write what came of each fixture into it, to be read")

var options = source.Options{DefaultTTL: schema.DefaultTTL, SkipUnsupported: true}

// load reads the zones of a directory, as a plan would.
func load(t testing.TB, files fstest.MapFS, dir string, opts source.Options) ([]source.Path, []schema.Zone) {
	t.Helper()
	paths := []source.Path{{Tree: &source.Tree{FS: files}, Name: dir}}
	r, err := source.Load(context.Background(), paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	if r.Problems.Err() != nil {
		t.Fatal(r.Problems)
	}
	return paths, r.Zones
}

// liveOf is a zone as a service would have it.
func liveOf(z *schema.Zone) *schema.LiveZone {
	live := &schema.LiveZone{Name: z.Name}
	for i := range z.RRsets {
		for _, v := range z.RRsets[i].Values {
			live.Records = append(live.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint(len(live.Records))), Name: z.RRsets[i].Name, TTL: v.TTL, Data: v.Data})
		}
	}
	return live
}

func inputsOf(declared, live []schema.Zone) []plan.Input {
	inputs := make([]plan.Input, len(declared))
	for i := range declared {
		inputs[i].Desired = &declared[i]
		for j := range live {
			if live[j].Name == declared[i].Name {
				inputs[i].Live = liveOf(&live[j])
			}
		}
	}
	return inputs
}

// Each file in testdata holds zone files, what is live in other ones, and the
// zone files that change, as they are once that is adopted; in said what is said
// of the rest.
func TestDriftIsAdopted(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(fixtures) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, fixture := range fixtures {
		a, err := txtar.ParseFile(fixture)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(fixture), ".txtar"), func(t *testing.T) {
			files, want := fstest.MapFS{}, map[string]string{}
			for _, f := range a.Files {
				if name, ok := strings.CutPrefix(f.Name, "after/"); ok {
					want[name] = string(f.Data)
					continue
				}
				if f.Name == "said" {
					want["said"] = string(f.Data)
					continue
				}
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			if strings.Contains(string(a.Comment), "(CRLF)") {
				for name := range files {
					files[name].Data = []byte("\ufeff" + strings.ReplaceAll(string(files[name].Data), "\n", "\r\n"))
				}
				for name := range want {
					if name == "said" {
						continue
					}
					want[name] = "\ufeff" + strings.ReplaceAll(want[name], "\n", "\r\n")
				}
			}
			paths, declared := load(t, files, "zones", options)
			_, live := load(t, files, "live", source.Options{DefaultTTL: schema.DefaultTTL, Lenient: true})
			got, err := adopt.New(context.Background(), inputsOf(declared, live), adopt.Options{Paths: paths, Source: options})
			if err != nil {
				t.Fatal(err)
			}
			is := map[string]string{}
			for _, f := range got.Files {
				is[f.Path.Shown()] = string(f.After)
				if string(f.Before) != string(files[f.Path.Name].Data) {
					t.Errorf("%s is said to have been %q", f.Path.Shown(), f.Before)
				}
			}
			var said []string
			for _, r := range got.Refused {
				said = append(said, r.Error())
			}
			for _, n := range got.Notes {
				said = append(said, n.Error())
			}
			for _, n := range got.Absent {
				said = append(said, "absent: "+n.Display())
			}
			if len(said) > 0 {
				is["said"] = strings.Join(said, "\n") + "\n"
			}
			diff := cmp.Diff(want, is)
			if diff != "" && *update {
				write(t, fixture, a, is)
				return
			}
			if diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// write makes a fixture hold what came of it.
func write(t *testing.T, fixture string, a *txtar.Archive, is map[string]string) {
	t.Helper()
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "after/") || f.Name == "said" })
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if name != "said" {
			text := strings.ReplaceAll(strings.TrimPrefix(is[name], "\ufeff"), "\r\n", "\n")
			a.Files = append(a.Files, txtar.File{Name: "after/" + name, Data: []byte(text)})
		}
	}
	if is["said"] != "" {
		a.Files = append(a.Files, txtar.File{Name: "said", Data: []byte(is["said"])})
	}
	if err := os.WriteFile(fixture, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
