package adopt_test

import (
	"context"
	"errors"
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

// What is live has to be known, and for certain.
func TestAZoneThatIsNotReadForCertainIsNotAdopted(t *testing.T) {
	files := fstest.MapFS{"zones/a.example.yaml": {Data: []byte("records: {www: {type: A, value: 192.0.2.1}}\n")}}
	paths, declared := load(t, files, "zones", options)
	name := func(text string) schema.Name { return schema.MustName(text + ".a.example") }
	guess := schema.LiveRecord{Handle: "1", Name: name("www"), Alternative: name("www.a.example"), TTL: 3600, Data: schema.TXT{Text: "x"}}
	for _, tt := range []struct {
		name, want string
		in         plan.Input
	}{
		{"a zone that was not read whole", "what is live is not known for certain: page 2 is missing", plan.Input{LiveErr: errors.New("page 2 is missing")}},
		{"a name that can be read in two ways", "what is live is not known for certain: the service lists the name of a TXT record", plan.Input{Live: &schema.LiveZone{Name: declared[0].Name, Records: []schema.LiveRecord{guess}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Desired = &declared[0]
			got, err := adopt.New(context.Background(), []plan.Input{tt.in}, adopt.Options{Paths: paths, Source: options})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Files) > 0 || len(got.Refused) != 1 || !strings.Contains(got.Refused[0].Error(), tt.want) {
				t.Errorf("%d files change, refused %v, want %q", len(got.Files), got.Refused, tt.want)
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
