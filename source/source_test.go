package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/schema"
)

// printZones writes zones down as a reader would check them.
func printZones(b *strings.Builder, zones []schema.Zone) {
	for i := range zones {
		z := &zones[i]
		fmt.Fprintf(b, "zone %s (%v)", z.Name.Unicode(), z.Position)
		if z.State == schema.Absent {
			b.WriteString(" absent")
		}
		for _, a := range z.Allow {
			fmt.Fprintf(b, " allow %s", a.Guard)
		}
		b.WriteString("\n")
		for _, s := range z.RRsets {
			for _, v := range s.Values {
				fmt.Fprintf(b, "  %-20s %5d %-5s %s\t%d:%d\n", s.Name.Relative(z.Name), v.TTL, s.Type, v.Data, v.Position.Line, v.Position.Column)
			}
		}
		for _, h := range z.Held {
			fmt.Fprintf(b, "  %-20s held  %v: %s\n", h.Name.Relative(z.Name), h.Types, h.Reason)
		}
	}
}

// The good fixtures are read without an error; what was read is in good.golden.
func TestGoodFilesAreReadAsTheyAreMeant(t *testing.T) {
	var got strings.Builder
	for _, file := range fixtures(t, "testdata/good/*", 5) {
		r := loadFixture(t, file)
		if err := r.Problems.Err(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		fmt.Fprintf(&got, "# %s\n", filepath.Base(file))
		printZones(&got, r.Zones)
		for _, p := range r.Problems {
			fmt.Fprintf(&got, "%v [%s]\n", p, p.Rule)
		}
	}
	compareGolden(t, "testdata/good.golden", got.String())
}

func load(t *testing.T, opts Options, files map[string]string) Result {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if opts.DefaultTTL == 0 {
		opts.DefaultTTL = schema.DefaultTTL
	}
	r, err := Load(t.Context(), []Path{{&Tree{FS: tree}, "zones"}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLenientTurnsSenseErrorsIntoWarnings(t *testing.T) {
	const record = "  example.com: {type: A, value: 192.0.2.1%s}\n"
	for name, c := range map[string]struct {
		opts Options
		text string
		want schema.Severity
	}{
		"nowhere":       {Options{}, "records:\n" + fmt.Sprintf(record, ""), schema.Error},
		"option":        {Options{Lenient: true}, "records:\n" + fmt.Sprintf(record, ""), schema.Warning},
		"file":          {Options{}, "lenient: true\nrecords:\n" + fmt.Sprintf(record, ""), schema.Warning},
		"record":        {Options{}, "records:\n" + fmt.Sprintf(record, ", lenient: true"), schema.Warning},
		"octodns":       {Options{}, "records:\n" + fmt.Sprintf(record, ", octodns: {lenient: true}"), schema.Warning},
		"lenient false": {Options{}, "records:\n" + fmt.Sprintf(record, ", lenient: false"), schema.Error},
	} {
		t.Run(name, func(t *testing.T) {
			r := load(t, c.opts, map[string]string{"zones/example.com.yaml": c.text})
			if len(r.Problems) != 1 || r.Problems[0].Severity != c.want || r.Problems[0].Rule != "owner-repeats-zone" {
				t.Errorf("got %v, want one %v", r.Problems, c.want)
			}
		})
	}
}

func TestWhatTheServiceLacksIsLeftAlone(t *testing.T) {
	r := load(t, Options{SkipUnsupported: true}, map[string]string{
		"zones/example.com.yaml": "'':\n- {type: ALIAS, value: example.net.}\n- {type: MX, value: {preference: 10, exchange: mx.example.net.}}\nptr: {type: PTR, value: a.example.net.}\n",
	})
	if err := r.Problems.Err(); err != nil {
		t.Fatal(err)
	}
	z := r.Zones[0]
	for key, want := range map[schema.Key]bool{
		{Name: z.Name, Type: schema.TypeA}:                                  true,
		{Name: z.Name, Type: schema.TypeAAAA}:                               true,
		{Name: z.Name, Type: schema.TypeCNAME}:                              true,
		{Name: z.Name, Type: schema.TypeMX}:                                 false,
		{Name: schema.MustName("ptr.example.com"), Type: "PTR"}:             true,
		{Name: schema.MustName("ptr.example.com"), Type: schema.TypeA}:      false,
		{Name: schema.MustName("other.example.com"), Type: schema.TypeAAAA}: false,
	} {
		if got := z.Holds(key) != nil; got != want {
			t.Errorf("%v held: %v, want %v", key, got, want)
		}
	}
	if r := load(t, Options{SkipUnsupported: true}, map[string]string{"zones/example.com.yaml": "records:\n  www: {type: AAA, value: 192.0.2.1}\n"}); r.Problems.Err() == nil {
		t.Error("a typing error in the type was skipped")
	}
}

func TestOctoDNSTargetDecidesWhoPublishes(t *testing.T) {
	const text = "a:\n  type: A\n  value: 192.0.2.1\n  octodns: {%s: [%s]}\n"
	for _, c := range []struct {
		option, names, target string
		published             bool
	}{
		{"included", "us", "us", true},
		{"included", "them", "us", false},
		{"included", "them", "", false},
		{"excluded", "us", "us", false},
		{"excluded", "them", "us", true},
		{"excluded", "them", "", true},
		{"included", "them, us", "us", true},
	} {
		r := load(t, Options{OctoDNSTarget: c.target}, map[string]string{"zones/example.com.yaml": fmt.Sprintf(text, c.option, c.names)})
		key := schema.Key{Name: schema.MustName("a.example.com"), Type: schema.TypeA}
		z := r.Zones[0]
		if got := z.RRset(key) != nil; got != c.published || (z.Holds(key) != nil) == c.published {
			t.Errorf("%s [%s] with target %q: published %v, held %v, want published %v", c.option, c.names, c.target, got, z.Holds(key) != nil, c.published)
		}
	}
}

func TestPathsStayInsideTheRepository(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret.yaml"), "records:\n  www: {type: A, value: 192.0.2.66}\n")
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".git", "HEAD"), "ref: refs/heads/main\n")
	write(t, filepath.Join(dir, "dns", "shared", "web.yaml"), "records:\n  www: {type: A, value: 192.0.2.1}\n")
	write(t, filepath.Join(dir, "dns", "zones", "a.example.yaml"), "include: ../../link.yaml\n")
	write(t, filepath.Join(dir, "dns", "zones", "b.example.yaml"), "include: ../../out.yaml\n")
	write(t, filepath.Join(dir, "dns", "zones", "c.example.yaml"), "include: ../../../up.yaml\n")
	for link, target := range map[string]string{
		filepath.Join(dir, "link.yaml"):                           "dns/shared/web.yaml",
		filepath.Join(dir, "out.yaml"):                            filepath.Join(outside, "secret.yaml"),
		filepath.Join(dir, "dns", "zones", "d.example.yaml"):      "../shared/web.yaml",
		filepath.Join(dir, "dns", "zones", "e.example.yaml"):      "../../../" + filepath.Base(outside) + "/secret.yaml",
		filepath.Join(dir, "dns", "zones", ".hidden.example.yml"): "../shared/web.yaml",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	disk, err := OpenDisk(filepath.Join(dir, "dns"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for _, given := range []string{"zones", filepath.Join(dir, "dns", "zones"), "../dns/zones"} {
		p, err := disk.Path(given)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, z := range r.Zones {
			names = append(names, fmt.Sprintf("%s %d", z.Name.Display(), z.Records()))
		}
		if diff := cmp.Diff([]string{"a.example 1", "b.example 0", "c.example 0", "d.example 1"}, names); diff != "" {
			t.Errorf("%s: zones (-want +got):\n%s", given, diff)
		}
		want := []string{
			"zones/b.example.yaml:1:10: the included file ../out.yaml leads out of the repository, which is never followed: put the file inside",
			`zones/c.example.yaml:1:10: the path "../../../up.yaml" leads out of the repository: include a file inside, by its path from this one`,
			"zones/e.example.yaml: leads out of the repository, which is never followed: put the file inside",
		}
		if diff := cmp.Diff(want, strings.Split(r.Problems.Error(), "\n")); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", given, diff)
		}
	}
	if _, err := disk.Path("missing"); err == nil || !strings.Contains(err.Error(), "missing does not exist") {
		t.Errorf("a missing path: %v", err)
	}
}

func TestAliasesOfAliasesAreBounded(t *testing.T) {
	text := "records:\n  www:\n    type: TXT\n    values: [&a [x, x, x, x, x, x, x, x, x, x]"
	for i := range 20 {
		name, before := string(rune('b'+i)), string(rune('a'+i))
		text += ", &" + name + " [" + strings.Repeat("*"+before+", ", 9) + "*" + before + "]"
	}
	r := load(t, Options{}, map[string]string{"zones/example.com.yaml": text + ", *u]\n"})
	if !slices.ContainsFunc(r.Problems, func(p schema.Problem) bool { return p.Rule == "aliases" }) {
		t.Errorf("problems: %v", r.Problems)
	}
}

func TestANamedPipeIsNoZoneFile(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.example.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	p, err := disk.Path(".")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Load(t.Context(), []Path{p}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Problems.Error(), "a.example.yaml: is no regular file"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOctoDNSHoldsNothingForAnEmptyListOfTargets(t *testing.T) {
	r := load(t, Options{}, map[string]string{"zones/example.com.yaml": "a:\n  type: A\n  value: 192.0.2.1\n  octodns: {included: [], excluded: []}\n"})
	if len(r.Problems) > 0 || r.Zones[0].Records() != 1 {
		t.Errorf("problems %v, records %d", r.Problems, r.Zones[0].Records())
	}
}

func TestFromLiveTakesTwoEntriesOfOneType(t *testing.T) {
	r := load(t, Options{}, map[string]string{"zones/example.com.yaml": "from-live: true\nrecords:\n  www: [{type: TXT, values: [{value: a, ttl: 60}]}, {type: TXT, ttl: 5, value: a}]\n"})
	if r.Problems.Err() != nil || r.Zones[0].Records() != 2 {
		t.Errorf("problems %v, records %d", r.Problems, r.Zones[0].Records())
	}
}

func TestHugeFilesAreNotRead(t *testing.T) {
	tree := &Tree{FS: fstest.MapFS{"zones/example.com.yaml": {Data: make([]byte, MaxFileSize+1)}}}
	r, err := Load(t.Context(), []Path{{tree, "zones"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "zones/example.com.yaml: is larger than 16 MiB, the most that is read: split it with include"; r.Problems.Error() != want {
		t.Errorf("got %q, want %q", r.Problems.Error(), want)
	}
}

func TestConfiguration(t *testing.T) {
	tree := &Tree{FS: fstest.MapFS{"dns/zoneherd.yaml": {Data: []byte(`
zones: [zones, other/a.example.yaml]
default-ttl: 300
prune: none
ignore:
  - {name: "_acme-*", type: TXT}
  - {type: [a, AAAA], value: 192.0.2.*}
ignore-defaults: false
apex-ns: manage
lenient: true
skip-unsupported: true
octodns-target: vps
record-count-surplus: 5
account: dns@example.com
max-zones: 3
concurrency: 8
guards: {max-deletes: 10, max-updates: 20, last: allow, token: refuse}
`)}}}
	got, problems := LoadConfig(Path{tree, "dns/zoneherd.yaml"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if at := got.Positions["guards.max-updates"]; at.Line != 17 {
		t.Errorf("guards.max-updates is at %v", at)
	}
	got.Positions = nil
	for i := range got.Ignore {
		got.Ignore[i].Position = schema.Position{}
	}
	want := Config{
		Zones:      []Path{{tree, "dns/zones"}, {tree, "dns/other/a.example.yaml"}},
		DefaultTTL: 300, DefaultTTLSet: true, Prune: "none",
		Ignore:       []Ignore{{Name: "_acme-*", Types: []schema.Type{"TXT"}}, {Types: []schema.Type{"A", "AAAA"}, Value: "192.0.2.*"}},
		ManageApexNS: true, Lenient: true, Unsupported: true, OctoDNSTarget: "vps", CountSurplus: 5,
		Account: "dns@example.com", MaxZones: 3, Concurrency: 8, MaxDeletes: 10, MaxUpdates: 20, NoLastGuard: true, Token: "refuse",
		Digest: "sha256:e6326dd450d13a1ea04ea8d5ad880dd637deb1f55f5eb90f9508cf1a581a453b",
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *Tree) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// manyFiles is a source of n zones with r records each.
func manyFiles(n, r int) fs.FS {
	tree := fstest.MapFS{}
	for i := range n {
		var b strings.Builder
		b.WriteString("records:\n  \"@\":\n    - {type: MX, value: 10 mail}\n    - {type: TXT, value: v=spf1 mx -all}\n  mail: {type: A, value: 192.0.2.25}\n")
		for j := range r - 3 {
			fmt.Fprintf(&b, "  host%d: {type: A, value: 10.%d.%d.%d}\n", j, j>>16&255, j>>8&255, j&255)
		}
		tree[fmt.Sprintf("zones/zone%d.example.yaml", i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return tree
}

func BenchmarkLoad(b *testing.B) {
	for _, size := range [][2]int{{100, 100}, {1, 10_000}, {1000, 100}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			tree := &Tree{FS: manyFiles(size[0], size[1])}
			b.ReportAllocs()
			for b.Loop() {
				r, err := Load(b.Context(), []Path{{tree, "zones"}}, Options{DefaultTTL: 3600})
				if err != nil || r.Problems.Err() != nil || len(r.Zones) != size[0] {
					b.Fatal(err, r.Problems)
				}
			}
		})
	}
}
