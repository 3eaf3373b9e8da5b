package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// corpus is the directory of a real team's octoDNS zone files, given in
// ZONEHERD_CORPUS; tests on it are skipped without.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ZONEHERD_CORPUS")
	if dir == "" {
		t.Skip("ZONEHERD_CORPUS names no directory of octoDNS zone files: nothing real to try this on")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// zoneherd runs the command line in this process.
func zoneherd(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append([]string{"zoneherd"}, args...), strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// Applied to an empty sandbox, in each dialect and in 50 mixtures of them, the
// corpus is live as an independent reading of its files says, and a plan after
// it has nothing to do.
func TestTheCorpusIsAppliedInEveryDialect(t *testing.T) {
	dir := corpus(t)
	want := independentReading(t, dir)
	dialects := sandbox.Dialects()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		dialects = append(dialects, sandbox.RandomDialect(rnd))
	}
	for _, d := range dialects {
		t.Run(d, func(t *testing.T) {
			t.Parallel()
			state := filepath.Join(t.TempDir(), "state.json")
			args := []string{"--sandbox", "--sandbox-state", state, "--sandbox-dialect", d, "--skip-unsupported", "--lenient", dir}
			if status, out, errs := zoneherd(append([]string{"apply", "--yes"}, args...)...); status != 0 {
				t.Fatalf("apply: exit status %d\n%s\n%s", status, lastLines(out, 30), lastLines(errs, 5))
			}
			if status, out, errs := zoneherd(append([]string{"plan", "--detailed-exitcode"}, args...)...); status != 0 {
				t.Fatalf("plan after it: exit status %d\n%s\n%s", status, lastLines(out, 30), lastLines(errs, 5))
			}
			server, err := sandbox.New(sandbox.Options{StateFile: state})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			got := map[string][]string{}
			for domain, records := range server.Snapshot() {
				got[domain] = []string{}
				for _, r := range records {
					value := r.Value
					if r.Priority != nil {
						value = fmt.Sprintf("%d %s", *r.Priority, value)
					}
					got[domain] = append(got[domain], canonicalRecord(t, domain, r.Name, r.Type, r.TTL, value))
				}
				slices.Sort(got[domain])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the sandbox holds something else (-files +live):\n%s", lastLines(diff, 60))
			}
		})
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// independentReading reads octoDNS zone files by octoDNS's rules, with yaml.v3
// and miekg/dns alone: none of zoneherd's own reading is in it. Left out is
// what the service cannot hold or octoDNS does not publish: other types, and
// names that an alias stands at; records marked as ignored; and names where a
// CNAME stands beside other data.
func independentReading(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no zone files in %s: %v", dir, err)
	}
	all := map[string][]string{}
	for _, file := range files {
		domain := strings.ToLower(strings.TrimSuffix(filepath.Base(file), ".yaml"))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var top yaml.Node
		if err := yaml.Unmarshal(text, &top); err != nil {
			t.Fatal(err)
		}
		all[domain] = []string{}
		for i, m := 0, top.Content[0].Content; i+1 < len(m); i += 2 { // keys as they are written: null is a name
			all[domain] = append(all[domain], octodnsRecords(t, domain, m[i].Value, m[i+1])...)
		}
		slices.Sort(all[domain])
	}
	return all
}

type octodnsRecord struct {
	Type          string
	TTL           *int64
	Value, Values yaml.Node
	OctoDNS       struct {
		Ignored            bool
		Included, Excluded []string
	} `yaml:"octodns"`
}

func octodnsRecords(t *testing.T, domain, owner string, node *yaml.Node) []string {
	t.Helper()
	entries := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		entries = node.Content
	}
	var records []string
	alias, cname, others := false, false, false
	for _, e := range entries {
		var r octodnsRecord
		if err := e.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.OctoDNS.Ignored || len(r.OctoDNS.Included) > 0 {
			continue
		}
		switch r.Type {
		case "ALIAS":
			alias = true
			continue
		case "CNAME":
			cname = true
		case "A", "AAAA", "MX", "TXT", "NS", "SRV", "CAA":
			others = true
		default:
			continue
		}
		ttl := int64(3600)
		if r.TTL != nil {
			ttl = *r.TTL
		}
		for _, v := range append(list(&r.Value), list(&r.Values)...) {
			records = append(records, canonicalRecord(t, domain, owner, r.Type, ttl, octodnsValue(t, r.Type, v)))
		}
	}
	if cname && others {
		return nil
	}
	if alias {
		records = slices.DeleteFunc(records, func(r string) bool {
			typ := strings.Fields(r)[3]
			return typ == "A" || typ == "AAAA" || typ == "CNAME"
		})
	}
	return records
}

func list(n *yaml.Node) []*yaml.Node {
	switch n.Kind {
	case 0:
		return nil
	case yaml.SequenceNode:
		return n.Content
	}
	return []*yaml.Node{n}
}

// octodnsValue gives a value in presentation form.
func octodnsValue(t *testing.T, typ string, n *yaml.Node) string {
	t.Helper()
	field := map[string]string{}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			field[n.Content[i].Value] = n.Content[i+1].Value
		}
	}
	either := func(a, b string) string {
		if v, ok := field[a]; ok {
			return v
		}
		return field[b]
	}
	switch typ {
	case "MX":
		return either("preference", "priority") + " " + either("exchange", "value")
	case "SRV":
		return field["priority"] + " " + field["weight"] + " " + field["port"] + " " + field["target"]
	case "CAA":
		return either("flags", "") + " " + field["tag"] + ` "` + field["value"] + `"`
	case "TXT":
		text := strings.ReplaceAll(n.Value, `\;`, ";")
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return n.Value
}

// canonicalRecord gives a record in one spelling: miekg/dns's.
func canonicalRecord(t *testing.T, domain, owner, typ string, ttl int64, value string) string {
	t.Helper()
	origin := dns.Fqdn(domain)
	name := origin
	if owner != "" && owner != "@" {
		name = strings.ToLower(owner) + "." + origin
	}
	if typ == "CNAME" || typ == "NS" || typ == "MX" || typ == "SRV" {
		value = strings.ToLower(dns.Fqdn(value))
	}
	if typ == "AAAA" {
		value = netip.MustParseAddr(value).String()
	}
	if typ == "TXT" { // one string, however long: chunks are no data
		return fmt.Sprintf("%s %d IN TXT %s", name, ttl, value)
	}
	rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", name, ttl, typ, value))
	if err != nil {
		t.Fatalf("%s %s: %v", owner, typ, err)
	}
	return strings.Join(strings.Fields(rr.String()), " ")
}
