package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/lint"
	"github.com/zoneherd/zoneherd/source"
)

var update = flag.Bool("update", false, "write the golden file anew, to be reviewed by eye")

// load reads the zones of a fixture, which are valid.
func load(t *testing.T, rule, name string, lenient bool) []schema.Zone {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", rule, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, f := range txtar.Parse(text).Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	r, err := source.Load(t.Context(), []source.Path{{Tree: &source.Tree{FS: files}, Name: "zones"}}, source.Options{DefaultTTL: schema.DefaultTTL, Lenient: lenient})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Problems.Err(); err != nil {
		t.Fatal(err)
	}
	return r.Zones
}

// Each rule has a fixture with what it is about, and one with what only looks
// like it; what is said of the first, and where, is in advice.golden.
func TestEachRuleTellsWhatItIsAbout(t *testing.T) {
	var got strings.Builder
	for _, rule := range lint.Rules() {
		fmt.Fprintf(&got, "# %s\n", rule)
		bad := load(t, rule, "bad", false)
		problems := lint.Check(bad, lint.Options{})
		if len(problems) == 0 {
			t.Errorf("%s: nothing is said", rule)
		}
		for _, p := range problems {
			if p.Rule != rule || !strings.HasSuffix(p.Message, " ["+rule+"]") || p.Position.Line == 0 {
				t.Errorf("%s: %v is of the rule %q, or its message does not end in that, or it has no place", rule, p, p.Rule)
			}
			if fromLive := rule == lint.TTLMixed; fromLive != (p.Severity == schema.Warning) {
				t.Errorf("%s: is told as %v: %v", rule, p.Severity, p)
			}
			fmt.Fprintln(&got, p)
		}
		for _, p := range lint.Check(load(t, rule, "bad", true), lint.Options{}) {
			if p.Severity != schema.Warning {
				t.Errorf("%s: of lenient records it is an %v: %v", rule, p.Severity, p)
			}
		}
		if problems := lint.Check(bad, lint.Options{Off: []string{rule}}); len(problems) > 0 {
			t.Errorf("%s: switched off, and yet there is\n%v", rule, problems)
		}
		others := slices.DeleteFunc(lint.Rules(), func(r string) bool { return r == rule })
		if alone := lint.Check(bad, lint.Options{Off: others}); len(alone) != len(problems) {
			t.Errorf("%s: with all others switched off, it says %d things, and %d with them", rule, len(alone), len(problems))
		}
		if problems := lint.Check(load(t, rule, "good", false), lint.Options{}); len(problems) > 0 {
			t.Errorf("%s: of what is right is said\n%v", rule, problems)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/advice.golden", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/advice.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got; -update writes it anew)\n%s", diff)
	}
}

// What may be live without a declaration is not missing, unless its whole zone
// is to go or the name has other records.
func TestWhatNoFileDeclaresMayBeThereAllTheSame(t *testing.T) {
	for rule, want := range map[string][]string{
		lint.MXAddress: {"gone.a.example", "other.a.example"},
		lint.Dangling:  {"gone.a.example"},
		lint.SPFNone:   {"alias.a.example", "gone.a.example", "other.a.example"},
	} {
		undeclared := func(zone, name schema.Name) bool { return name.In(zone) }
		var got []string
		for _, p := range lint.Check(load(t, rule, "bad", false), lint.Options{Undeclared: undeclared}) {
			owner, _, _ := strings.Cut(p.Message, " ")
			got = append(got, owner)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rule, diff)
		}
	}
}

// The README's table, the configuration's JSON Schema and the code have the
// same rules.
func TestEachRuleIsInTheREADMEAndTheSchema(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "\n## Advice\n")
	section, _, _ := strings.Cut(after, "\n## ")
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(section, -1) {
		rows = append(rows, m[1])
	}
	if diff := cmp.Diff(lint.Rules(), rows); diff != "" || !ok {
		t.Errorf("the README's table (-code +README):\n%s", diff)
	}
	config, err := schema.JSONSchema("config")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok = strings.Cut(string(config), `"advice": {`)
	var keys []string
	for _, m := range regexp.MustCompile(`"([a-z]+-[a-z-]+)": \{`).FindAllStringSubmatch(after, -1) {
		keys = append(keys, m[1])
	}
	if diff := cmp.Diff(lint.Rules(), keys); diff != "" || !ok {
		t.Errorf("the JSON Schema (-code +schema):\n%s", diff)
	}
	var kept []string
	dirs, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if d.IsDir() {
			kept = append(kept, d.Name())
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(lint.Rules())), kept); diff != "" {
		t.Errorf("the fixtures (-code +testdata):\n%s", diff)
	}
}
