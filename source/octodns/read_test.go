package octodns_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/octodns"
)

var update = flag.Bool("update", false, "write what is read into the fixtures")

// read reads files as a configuration, or without a config.yaml as a directory.
func read(files fs.FS) ([]*octodns.Zone, schema.Problems) {
	tree := &source.Tree{FS: files}
	opts := octodns.Options{
		Selected: func(n schema.Name) bool { return !strings.HasPrefix(n.String(), "unselected") },
		Find: func(dir string) (source.Path, error) {
			if info, err := fs.Stat(files, path.Clean(dir)); err != nil || !info.IsDir() {
				return source.Path{}, errors.New("there is no directory " + dir)
			}
			return source.Path{Tree: tree, Name: path.Clean(dir)}, nil
		},
	}
	if _, err := fs.Stat(files, "config.yaml"); err != nil {
		return octodns.ReadDirectory(context.Background(), source.Path{Tree: tree, Name: "zones"}, opts)
	}
	return octodns.Read(context.Background(), source.Path{Tree: tree, Name: "config.yaml"}, opts)
}

// filesOf are the files of a fixture, but for what is wanted of them.
func filesOf(a *txtar.Archive) fstest.MapFS {
	files := fstest.MapFS{}
	for _, f := range a.Files {
		if f.Name != "want" {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return files
}

// told is what is read, for a person.
func told(zones []*octodns.Zone, problems schema.Problems) string {
	var b strings.Builder
	for _, z := range zones {
		fmt.Fprintf(&b, "%s whole=%v ttl=%d comments=%v\n", z.Name, z.Whole, z.DefaultTTL, z.Comments)
		for _, s := range z.RRsets {
			for _, v := range s.Values {
				lenient := ""
				if v.Lenient {
					lenient = " lenient"
				}
				fmt.Fprintf(&b, "  %s %d %s %s at %s%s\n", s.Name, v.TTL, s.Type, v.Data, v.Position, lenient)
			}
		}
		for _, h := range z.Held {
			fmt.Fprintf(&b, "  %s %v left alone: %s at %s\n", h.Name, h.Types, h.Reason, h.Position)
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s\n", p.Error())
	}
	return b.String()
}

func fixtures(t *testing.T) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	out := map[string]*txtar.Archive{}
	for _, name := range names {
		if out[name], err = txtar.ParseFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestConfigurationsReadAsOctoDNSReadsThem(t *testing.T) {
	for name, a := range fixtures(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got := told(read(filesOf(a)))
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
			if i < 0 {
				i = len(a.Files)
				a.Files = append(a.Files, txtar.File{Name: "want"})
			}
			if *update {
				a.Files[i].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMistakesOfConfigurations(t *testing.T) {
	const provider = "providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: .}\n"
	zone := func(text string) string { return provider + "zones:\n  a.example.: {" + text + "}\n" }
	for name, test := range map[string]struct{ config, want string }{
		"a zone file instead":        {"www: {type: A, value: 192.0.2.1}\n", "config.yaml:1:1: this is no configuration of octoDNS's, which has providers: and zones: as mappings: give its configuration, or the directory of its zone files"},
		"no YAML":                    {"providers: {", "config.yaml:1:1: not valid YAML: did not find expected node content"},
		"a tag":                      {"providers: !env X\nzones: {}\n", "config.yaml:1:12: the tag !env means nothing here, and what it stands for is not looked up: write the value itself"},
		"a key twice":                {"providers: {}\nproviders: {}\nzones: {}\n", "config.yaml:2:1: the key \"providers\" stands twice in this mapping, and only one of them would count: remove one or join them (see config.yaml:1:1)"},
		"an include that is missing": {"providers: !include gone.yaml\nzones: {}\n", "config.yaml:1:12: !include gone.yaml: does not exist"},
		"an include of itself":       {"providers: !include config.yaml\nzones: {}\n", "config.yaml:1:12: !include config.yaml: config.yaml includes itself: take the circle out"},
		"an include from outside":    {"providers: !include ../x.yaml\nzones: {}\n", "config.yaml:1:12: !include ../x.yaml: leads out of the repository, which is never followed: put the file inside"},
		"merging a list":             {zone("<<: [1], sources: [config], targets: [config]"), "config.yaml:4:20: the merge key << takes a mapping, and this is a single value\nconfig.yaml:4:35: the zone a.example has no file in ., the directory of config: add a.example.yaml, or take the zone out"},
		"merging itself":             {zone("<<: &a {<<: *a}, sources: [config], targets: [config]"), "config.yaml:4:28: aliases of this file stand for more than 100000 values: write them out or use fewer\nconfig.yaml:4:43: the zone a.example has no file in ., the directory of config: add a.example.yaml, or take the zone out"},

		"no directory":                   {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider}\nzones: {a.example.: {sources: [config], targets: []}}\n", "config.yaml:2:3: the provider config has no directory: say where its files are"},
		"a directory that is not there":  {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: gone}\nzones: {a.example.: {sources: [config], targets: []}}\n", "config.yaml:2:66: the provider config: there is no directory gone"},
		"a directory in the environment": {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: env/DIR}\nzones: {a.example.: {sources: [config], targets: []}}\n", "config.yaml:2:66: the directory of the provider config is in the environment variable DIR, which is not looked up: write it here"},
		"a setting in the environment":   {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: ., default_ttl: env/TTL}\nzones: {a.example.: {sources: [config], targets: []}}\n", "config.yaml:2:82: default_ttl of the provider config is in the environment variable TTL, which is not looked up: write its value here"},
		"a TTL":                          {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: ., default_ttl: 1h}\nzones: {a.example.: {sources: [config], targets: []}}\n", `config.yaml:2:82: the TTL "1h" is no whole number of seconds, such as 3600`},
		"neither true nor false":         {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: ., disable_zonefile: maybe}\nzones: {a.example.: {sources: [config], targets: []}}\n", `config.yaml:2:87: disable_zonefile is true or false, not "maybe"`},
		"a split without a dot":          {"providers:\n  config: {class: octodns.provider.yaml.YamlProvider, directory: ., split_extension: _}\nzones: {a.example.: {sources: [config], targets: []}}\n", `config.yaml:2:86: split_extension is "_": one that does not begin with a dot is not supported`},

		"a zone without its dot": {provider + "zones:\n  a.example: {sources: [config], targets: [config]}\n", `config.yaml:4:3: the zone "a.example" has no dot at its end, without which octoDNS takes no zone: write a.example.`},
		"a zone twice":           {provider + "zones:\n  bücher.example.: {sources: [config], targets: [config]}\n  xn--bcher-kva.example.: {sources: [config], targets: [config]}\n", "config.yaml:4:31: the zone xn--bcher-kva.example has no file in ., the directory of config: add xn--bcher-kva.example.yaml, or take the zone out\nconfig.yaml:5:3: the zone xn--bcher-kva.example stands here twice: keep one"},
		"a zone that is text":    {provider + "zones:\n  a.example.: config\n", "config.yaml:4:3: the zone a.example. is a mapping with sources: and targets:"},
		"no sources":             {zone("targets: [config]"), "config.yaml:4:3: the zone a.example. has no sources: say where its records are from"},
		"an unknown source":      {zone("sources: [confg], targets: [config]"), `config.yaml:4:26: there is no provider "confg" to be a source: name one of providers:`},
		"no file":                {zone("sources: [config], targets: [config]"), "config.yaml:4:26: the zone a.example has no file in ., the directory of config: add a.example.yaml, or take the zone out"},
		"an alias of nothing":    {zone("alias: b.example."), "config.yaml:4:23: a.example. is an alias of b.example., which is no zone of this configuration: name one"},
		"an alias of an alias":   {zone("alias: b.example.}\n  b.example.: {alias: a.example."), "config.yaml:4:23: a.example. is an alias of b.example., which is an alias itself: name the zone that has the records\nconfig.yaml:5:23: b.example. is an alias of a.example., which is an alias itself: name the zone that has the records"},
		"an expression":          {provider + "zones:\n  '*': {sources: [config], targets: [config], regex: '(?=x)'}\n", "config.yaml:4:3: the dynamic zone *: its regex cannot be read here (error parsing regexp: invalid or unsupported Perl syntax: `(?=`): write the zones out that it stands for"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read(fstest.MapFS{"config.yaml": {Data: []byte(test.config)}})
			problems = slices.DeleteFunc(problems, func(p schema.Problem) bool { return p.Severity != schema.Error })
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// octoDNS itself says what it would publish. ZONEHERD_OCTODNS is a python3 that
// can import it; ZONEHERD_OCTODNS_ZONES a directory of zone files besides.
func TestOctoDNSPublishesTheSame(t *testing.T) {
	python := os.Getenv("ZONEHERD_OCTODNS")
	if python == "" {
		t.Skip("ZONEHERD_OCTODNS is not set")
	}
	for name, a := range fixtures(t) {
		files := filesOf(a)
		zones, problems := read(files)
		if problems.Count(schema.Error) > 0 {
			continue // told, and not read
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, files); err != nil {
				t.Fatal(err)
			}
			compareWithOctoDNS(t, python, dir, zones)
		})
	}
	t.Run("random zones", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "zones"), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			z := rehomed(t, schematest.Zone(true).Example(i), fmt.Sprintf("z%d.example", i))
			text, err := octodns.Write(z)
			if err != nil {
				continue // what octoDNS's files cannot hold
			}
			if err := os.WriteFile(filepath.Join(dir, "zones", z.Name.Display()+".yaml"), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		zones, problems := read(os.DirFS(dir))
		if err := problems.Err(); err != nil || len(zones) < 100 {
			t.Fatalf("%d zones, %v", len(zones), err)
		}
		compareWithOctoDNS(t, python, dir, zones)
		t.Logf("%d zones", len(zones))
	})
	if corpus := os.Getenv("ZONEHERD_OCTODNS_ZONES"); corpus != "" {
		t.Run("zones", func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "zones"), os.DirFS(corpus)); err != nil {
				t.Fatal(err)
			}
			zones, problems := read(os.DirFS(dir))
			if err := problems.Err(); err != nil || len(zones) == 0 {
				t.Fatalf("%d zones, %v", len(zones), err)
			}
			compareWithOctoDNS(t, python, dir, zones)
			t.Logf("%d zones", len(zones))
		})
	}
}

// rehomed is a zone by another name, without what octoDNS does not take: names
// with escapes, and more than one CNAME at a name.
func rehomed(t *testing.T, z *schema.Zone, name string) *schema.Zone {
	t.Helper()
	out := &schema.Zone{Name: schema.MustName(name)}
	for _, s := range z.RRsets {
		relative := s.Name.Relative(z.Name)
		if strings.Contains(relative, `\\`) {
			continue
		}
		var err error
		if s.Name, err = schema.ParseOwner(relative, out.Name); err != nil {
			t.Fatal(err)
		}
		if s.Type == schema.TypeCNAME {
			s.Values = s.Values[:1]
		}
		out.RRsets = append(out.RRsets, s)
	}
	return out
}

// withoutConfig is what octoDNS is told about a directory without one.
const withoutConfig = `
providers:
  files: {class: octodns.provider.yaml.YamlProvider, directory: zones, split_extension: ., enforce_order: false, escaped_semicolons: true}
zones:
  "*": {sources: [files], targets: [files], lenient: true}
`

func compareWithOctoDNS(t *testing.T, python, dir string, zones []*octodns.Zone) {
	t.Helper()
	judge, err := filepath.Abs("testdata/judge.py")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "config.yaml")); err != nil {
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(withoutConfig), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, judge, "config.yaml")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=none")
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("octoDNS refuses it: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var published map[string][]struct {
		Name, Type string
		TTL        schema.TTL
		Values     []string
		Held       bool
	}
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for zone, records := range published {
		for _, r := range records {
			typ := schema.Type(r.Type)
			if !typ.Managed() {
				continue
			}
			for _, v := range r.Values {
				if r.Held {
					want = append(want, fmt.Sprintf("%s: %s %s left alone", zone, r.Name, typ))
					break
				}
				var d schema.Data
				switch typ {
				case schema.TypeTXT:
					d = schema.TXT{Text: v}
				case schema.TypeCAA:
					f := strings.SplitN(v, " ", 3)
					d, err = schema.ParseCAA(f[0], f[1], f[2])
				default:
					d, err = schema.ParseData(typ, v)
				}
				if err != nil {
					t.Fatalf("%s %s %s: %v", r.Name, typ, v, err)
				}
				want = append(want, fmt.Sprintf("%s: %s %s %d %s", zone, r.Name, typ, r.TTL, d))
			}
		}
	}
	got := []string{}
	for _, z := range zones {
		for _, s := range z.RRsets {
			for _, v := range s.Values {
				got = append(got, fmt.Sprintf("%s: %s %s %d %s", z.Name, s.Name, s.Type, v.TTL, v.Data))
			}
		}
		for _, h := range z.Held {
			if !strings.HasPrefix(h.Reason, "octoDNS's processor") { // octoDNS takes those out
				got = append(got, fmt.Sprintf("%s: %s %s left alone", z.Name, h.Name, h.Types[0]))
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-octoDNS +zoneherd):\n%s", diff)
	}
}

func TestAZoneThatWasWrittenComesBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(true).Draw(t, "zone")
		text, err := octodns.Write(z)
		if err != nil {
			t.Skip(err)
		}
		config := `
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ., split_extension: ""}
zones:
  ` + fmt.Sprintf("%q", z.Name.String()) + `: {sources: [config], targets: [config]}
`
		files := fstest.MapFS{"config.yaml": {Data: []byte(config)}, z.Name.Unicode() + ".yaml": {Data: text}}
		zones, problems := read(files)
		if problems.Err() != nil || len(zones) != 1 {
			t.Fatalf("%v\n%s", problems, text)
		}
		if diff := cmp.Diff(schematest.Lines(z), schematest.Lines(&zones[0].Zone)); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, text)
		}
	})
}

// Each place that is named lies in one of the files, and each zone is in order.
func FuzzConfiguration(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		files := filesOf(txtar.Parse(text))
		zones, problems := read(files)
		for _, p := range problems {
			file := files[p.Position.File]
			if p.Position.Line == 0 && p.Position.File != "" || file == nil && p.Position.Line == 1 {
				continue // the file itself
			}
			if file == nil || p.Position.Line > strings.Count(string(file.Data), "\n")+1+strings.Count(string(file.Data), "\r") || p.Position.Column < 1 {
				t.Errorf("no such place: %v", p)
			}
		}
		for _, z := range zones {
			for i := range z.RRsets {
				if len(z.RRsets[i].Values) == 0 || problems.Count(schema.Error) == 0 && z.RRset(z.RRsets[i].Key) != &z.RRsets[i] {
					t.Errorf("%s is out of order or empty", z.RRsets[i].Name)
				}
			}
		}
	})
}
