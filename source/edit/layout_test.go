package edit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
)

// Each file in testdata holds a text and the same laid out.
func TestFilesAreLaidOut(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := string(a.Files[1].Data)
			format := edit.Format
			if strings.HasPrefix(filepath.Base(file), "upgrade") {
				format = edit.Upgrade
			}
			got, err := format("in", a.Files[0].Data)
			if a.Files[1].Name == "error" {
				if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
					t.Fatalf("the error is %v, want %s\n%s", err, want, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again(t, got)
		})
	}
}

// again wants a text that is laid out to stay as it is.
func again(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, text []byte) {
	t.Helper()
	got, err := edit.Format("again", text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(got)); diff != "" {
		t.Fatalf("laid out twice it differs (-once +twice):\n%s", diff)
	}
}

// declared is what a file declares as the zone example.com, a line each, and
// which mistakes it has.
func declared(t interface {
	Helper()
	Fatal(...any)
}, text []byte) []string {
	t.Helper()
	tree := &source.Tree{FS: fstest.MapFS{"example.com.yaml": {Data: text}}}
	r, err := source.Load(context.Background(), []source.Path{{Tree: tree, Name: "example.com.yaml"}}, source.Options{DefaultTTL: 3600, SkipUnsupported: true})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, z := range r.Zones {
		out = append(out, fmt.Sprint("zone ", z.Name, z.State, z.FromLive))
		for _, s := range z.RRsets {
			for i, v := range s.Values { // in the order of the file
				out = append(out, fmt.Sprint(z.Name, s.Name, s.Type, i, v.TTL, v.Data, v.Lenient))
			}
		}
		for _, h := range z.Held {
			out = append(out, fmt.Sprint("held ", h.Name, h.Types, h.Reason))
		}
		for _, a := range z.Allow {
			a.Position = schema.Position{}
			out = append(out, fmt.Sprint("allow ", a))
		}
	}
	for _, p := range r.Problems {
		out = append(out, p.Severity.String()+" "+p.Rule)
	}
	slices.Sort(out)
	return out
}

// holds wants what was laid out to declare what the file did, with every comment
// of it, and to stay so.
func holds(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, text, got []byte) {
	t.Helper()
	if diff := cmp.Diff(declared(t, text), declared(t, got)); diff != "" {
		t.Fatalf("it declares something else (-before +after):\n%s\n%s", diff, got)
	}
	for _, c := range comments(t, text) {
		if !strings.Contains(string(got), c) {
			t.Fatalf("the comment %q is lost:\n%s", c, got)
		}
	}
	again(t, got)
}

// keeps wants a file to declare the same once it is laid out, with every
// comment that the YAML library finds, and to stay so.
func keeps(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, text []byte) {
	t.Helper()
	got, err := edit.Format("example.com.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, text, got)
}

// upgrades wants a file of octoDNS's to be one of zoneherd's that declares the
// same, once it is upgraded.
func upgrades(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, text []byte) {
	t.Helper()
	got, err := edit.Upgrade("example.com.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if read, problems := source.ParseText("x", got); read.OctoDNS || problems.Err() != nil {
		t.Fatalf("it is still octoDNS's: %v\n%s", problems, got)
	}
	holds(t, text, got)
}

// comments are the lines of all comments, as the YAML library finds them.
func comments(t interface {
	Helper()
	Fatal(...any)
}, text []byte) []string {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.SplitSeq(c, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, line)
				}
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(&root)
	return out
}

func TestGoodZoneFilesKeepWhatTheySay(t *testing.T) {
	files, err := filepath.Glob("../testdata/good/*")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string][]byte{"": text}
		if filepath.Ext(file) == ".txtar" {
			texts = map[string][]byte{}
			for _, f := range txtar.Parse(text).Files {
				if ext := filepath.Ext(f.Name); (ext == ".yaml" || ext == ".yml") && filepath.Base(f.Name) != source.ConfigFile {
					texts[f.Name] = f.Data
				}
			}
		}
		for name, text := range texts {
			t.Run(filepath.Base(file)+name, func(t *testing.T) { keeps(t, text) })
		}
	}
}

func TestTheExamplesAreLaidOut(t *testing.T) {
	files, err := filepath.Glob("../../examples/company/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := edit.Format(file, text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), string(got)); diff != "" {
			t.Errorf("%s (-is +laid out):\n%s", file, diff)
		}
	}
}

// ZONEHERD_CORPUS names a directory of octoDNS zone files that people wrote.
func TestTheCorpusKeepsWhatItSays(t *testing.T) {
	dir := os.Getenv("ZONEHERD_CORPUS")
	if dir == "" {
		t.Skip("ZONEHERD_CORPUS names no directory of octoDNS zone files: nothing real to try this on")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no zone files in %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			keeps(t, text)
			upgrades(t, text)
		})
	}
}
