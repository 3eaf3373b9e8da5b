package source

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
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

// What is read block by block is what reading each version whole finds, in
// whatever order versions come, and however they try to look like others.
func TestBlocksOfAFileAreReadAsTheFileIs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	entries := []string{
		"www: {type: A, value: 192.0.2.1}\n", "www:\n  type: A\n  value: 192.0.2.2\n", "'':\n- type: A\n  value: 192.0.2.1\n- type: MX\n  value: 10 mail\n",
		"mail: # a comment\n\n  - {type: TXT, value: \"a\n      b\"}\n", "\"*\": {type: CNAME, value: www}\n", "text:\n  type: TXT\n  value: |\n    v=spf1\n    x: {type: A}\n",
		"ns:\n    - type: NS\n      values:\n      - a.b.example.\n# between\n", "a&b: {type: A, value: 192.0.2.1}\n", "x: &x {type: A, value: 192.0.2.1}\ny: *x\n",
		// What has deceived, or could.
		"txt: {type: TXT, value: \"part one\npart two\"}\n", "txt: {type: TXT, value: \"part one\nmail: {type: MX, value: 10 mx.b.example.}\npart two\"}\n",
		"txt: {type: TXT, value: 'one\nmail: {type: MX, value: 10 mx.b.example.}\n two'}\n", "www: {type: TXT, value: oops}\n", "\"www\": {type: TXT, value: oops}\n",
		"www.a.example.: {type: TXT, value: oops}\n", "...\n", "---\n", "records: {type: A, value: 192.0.2.1}\n", "zone: {type: A, value: 192.0.2.1}\n",
		"zone: b.example\n", "\"zone\": b.example\n", "zone : b.example\n", "ttl: 60\n", "a:\t&y {type: A, value: 192.0.2.1}\n", "b: {type: TXT, value: x, octodns: {ignored: true}}\n",
		"? q\n: {type: A, value: 192.0.2.1}\n", "multi: {type: A,\n  value: 192.0.2.1}\n", "long: {type: TXT,\nvalue: x}\n", "state: absent\n", "lenient: true\n", "bad: {type: A, value: x}\n",
	}
	byBlocks, versions := 0, 0
	for range 3000 {
		own := random.IntN(2) == 0
		text := func() string {
			var b strings.Builder
			if own {
				b.WriteString([]string{"zone: a.example\nrecords:\n", "records:\n", "# top\nttl: 60\nrecords:\n", "\"records\":\n", "zones: [a.example, b.example]\nrecords:\n"}[random.IntN(5)])
			}
			for _, i := range random.Perm(len(entries))[:random.IntN(5)] {
				for line := range strings.Lines(entries[i]) {
					if own && random.IntN(20) > 0 {
						line = "  " + line
					}
					b.WriteString(line)
				}
			}
			return b.String()
		}
		w := &historyWalk{blocks: map[blockKey]map[string]schema.Name{}, configs: map[plumbing.Hash]Config{}}
		tree := &CommitTree{tree: &Tree{FS: (*commitFS)(nil)}}
		v := version{name: "a.example.yaml"}
		whole, parts := map[string]bool{}, map[string]bool{}
		var texts []string
		for range 1 + random.IntN(4) {
			version := text()
			texts = append(texts, version)
			if _, blocks, ok := cut([]byte(version)); ok && len(blocks) > 0 {
				byBlocks++
			}
			versions++
			note(whole, w.parseText(v, tree, []byte(version)))
			note(parts, w.parse(v, tree, []byte(version)))
		}
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("%q (-whole +parts):\n%s", texts, diff)
		}
	}
	if byBlocks < versions/10 {
		t.Errorf("%d of %d versions were cut into blocks: the test tries too little", byBlocks, versions)
	}
}

// note takes down what was declared.
func note(declared map[string]bool, r fileResult) {
	for _, z := range r.zones {
		for _, s := range z.RRsets {
			declared[z.Name.String()+" "+s.Name.String()+" "+string(s.Type)] = true
		}
	}
}
