package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/schema"
)

// Every way in which a name can have been declared once: in another file, by
// an include, under another configuration, on a branch that was merged, in a
// version with mistakes elsewhere.
func TestHistoryKnowsWhatWasEverDeclared(t *testing.T) {
	dir := t.TempDir()
	gitIn(t, dir, "init", "-q", "-b", "main")
	commit := func(files map[string]string) {
		for name, text := range files {
			full := filepath.Join(dir, name)
			if text == "" {
				gitIn(t, dir, "rm", "-q", name)
				continue
			}
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, full, text)
		}
		gitIn(t, dir, "add", "-A")
		gitIn(t, dir, "commit", "-qm", "x")
	}
	commit(map[string]string{"dns/zoneherd.yaml": "zones: [old]", "dns/old/a.example.yaml": "records:\n  first: {type: A, value: 192.0.2.1}\n"})
	commit(map[string]string{"dns/zoneherd.yaml": "", "dns/old/a.example.yaml": "",
		"dns/zones/renamed.yaml":   "zone: a.example\ninclude: [../shared/web.yaml]\nrecords:\n  second:\n  - type: A\n    value: 192.0.2.1\n  second6:\n  - {type: AAAA, value: '2001:db8::1'}\n",
		"dns/shared/web.yaml":      "records:\n  www: {type: A, value: 192.0.2.1}\n",
		"dns/zones/b.example.yaml": "---\n'':\n- type: MX\n  values: [{preference: 1, exchange: mail.b.example.}]\nheld: {type: A, value: 192.0.2.1, octodns: {ignored: true}}\n"})
	gitIn(t, dir, "checkout", "-q", "-b", "side")
	commit(map[string]string{"dns/shared/web.yaml": "records:\n  web: {type: A, value: 192.0.2.1}\n", "dns/unread/c.example.yaml": "records:\n  a: {type: A, value: 192.0.2.1}\n"})
	gitIn(t, dir, "checkout", "-q", "main")
	commit(map[string]string{"dns/zones/b.example.yaml": "---\n'':\n- type: TXT\n  value: |\n    v=spf1 -all\nbroken: {type: A, value: nonsense}\nfine: {type: A, value: 192.0.2.1}\n"})
	gitIn(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "side")
	h, err := ReadHistory(t.Context(), filepath.Join(dir, "dns"), "HEAD", HistoryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for zone := range h.declared {
		var keys []string
		for k := range h.Declared(zone) {
			keys = append(keys, k.Name.Relative(zone)+" "+string(k.Type))
		}
		slices.Sort(keys)
		got[zone.Display()] = strings.Join(keys, ", ")
	}
	want := map[string]string{"a.example": "first A, second A, second6 AAAA, web A, www A", "b.example": "@ MX, @ TXT, fine A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if h.Commits != 5 || h.Unreadable != 1 {
		t.Errorf("%d commits, %d unreadable", h.Commits, h.Unreadable)
	}
	if _, err := ReadHistory(t.Context(), t.TempDir(), "HEAD", HistoryOptions{}); err == nil || !strings.Contains(err.Error(), "no git repository") {
		t.Errorf("outside git: %v", err)
	}
}

// What is read block by block is what reading each version whole finds.
func TestBlocksOfAFileAreReadAsTheFileIs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	entries := []string{
		"www: {type: A, value: 192.0.2.1}\n", "www:\n  type: A\n  value: 192.0.2.2\n", "'':\n- type: A\n  value: 192.0.2.1\n- type: MX\n  value: 10 mail\n",
		"mail: # a comment\n\n  - {type: TXT, value: \"a\n      b\"}\n", "\"*\": {type: CNAME, value: www}\n", "text:\n  type: TXT\n  value: |\n    v=spf1\n    x: {type: A}\n",
		"ns:\n    - type: NS\n      values:\n      - a.b.example.\n# between\n", "a&b: {type: A, value: 192.0.2.1}\n", "x: &x {type: A, value: 192.0.2.1}\ny: *x\n",
	}
	for range 2000 {
		var text string
		names := map[string]bool{}
		own := random.IntN(2) == 0
		if own {
			text = []string{"zone: a.example\nrecords:\n", "records:\n", "# top\nttl: 60\nrecords:\n"}[random.IntN(3)]
		}
		for _, i := range random.Perm(len(entries))[:random.IntN(len(entries))] {
			name, _, _ := strings.Cut(entries[i], ":")
			if names[name] {
				continue
			}
			names[name] = true
			for line := range strings.Lines(entries[i]) {
				if own {
					line = "  " + line
				}
				text += line
			}
		}
		if own && random.IntN(2) == 0 {
			text += "lenient: true\n"
		}
		before, blocks, after, ok := cut([]byte(text))
		if !ok {
			continue
		}
		whole := keysOf(t, text)
		var parts []schema.Key
		for _, b := range blocks {
			parts = append(parts, keysOf(t, string(slices.Concat(before, b, after)))...)
		}
		slices.SortFunc(parts, schema.Key.Compare)
		if !slices.Equal(whole, parts) {
			t.Fatalf("%s\nwhole %v\nparts %v", text, whole, parts)
		}
		if joined := slices.Concat(before, slices.Concat(blocks...), after); string(joined) != text {
			t.Fatalf("%q lost something of %q", joined, text)
		}
	}
}

func keysOf(t *testing.T, text string) []schema.Key {
	t.Helper()
	var problems schema.Problems
	d, ok := parse("a.example.yaml", []byte(text), &problems)
	if !ok {
		t.Fatal(fmt.Errorf("%s: %w", text, problems.Err()))
	}
	tree := &Tree{}
	file := readZoneFile(d, Path{tree, "a.example.yaml"}, false)
	b := &builder{loader: &loader{opts: Options{DefaultTTL: 60, Lenient: true}}, file: file, zone: zoneName{name: schema.MustName("a.example")}, problems: &problems, included: map[Path]schema.Position{}}
	var keys []schema.Key
	for _, s := range b.build().RRsets {
		keys = append(keys, s.Key)
	}
	return keys
}
