package adopt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// ZONEHERD_CORPUS names a directory of octoDNS zone files that people wrote. 500
// times somebody changes one thing by hand, and that is adopted.
func TestDriftOfTheCorpusIsAdopted(t *testing.T) {
	dir := os.Getenv("ZONEHERD_CORPUS")
	if dir == "" {
		t.Skip("ZONEHERD_CORPUS names no directory of octoDNS zone files: nothing real to try this on")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no zone files in %s: %v", dir, err)
	}
	opts := adopt.Options{Source: options}
	opts.Source.Lenient = true
	r := rand.New(rand.NewPCG(1, 2))
	refused := map[string]int{}
	kinds := map[string]int{}
	begun := time.Now()
	for i := range 500 {
		text, err := os.ReadFile(files[i%len(files)])
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(files[i%len(files)])
		tree := &source.Tree{FS: fstest.MapFS{name: {Data: text}}}
		opts.Paths = []source.Path{{Tree: tree, Name: name}}
		read, err := source.Load(context.Background(), opts.Paths, opts.Source)
		if err != nil || read.Problems.Err() != nil {
			t.Fatal(err, read.Problems)
		}
		declared := &read.Zones[0]
		live := liveOf(declared)
		kind, k := change(r, declared, live)
		kinds[kind]++
		inputs := []plan.Input{{Desired: declared, Live: live}}
		got, err := adopt.New(context.Background(), inputs, opts)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Refused) > 0 {
			why := got.Refused[0].Err.Error()
			if strings.Contains(why, "fault") {
				t.Fatalf("%d: %s: %s %v: %s", i, name, kind, k, why)
			}
			refused[why[strings.LastIndex(why, ":")+2:]]++
			continue
		}
		if len(got.Files) != 1 {
			t.Fatalf("%d: %s: %s %v: %d files change", i, name, kind, k, len(got.Files))
		}
		onlyAbout(t, declared.Name, text, got.Files[0].After, map[schema.Name]bool{k.Name: true})
		gone := 0
		for _, n := range got.Notes {
			if n.Rule == "comment" {
				gone++
			}
		}
		if was, is := comments(text), comments(got.Files[0].After); was != is+gone {
			t.Fatalf("%d: %s: %s %v: of %d comments %d are left, and %d are said to go", i, name, kind, k, was, is, gone)
		}
		after, err := source.Load(context.Background(), []source.Path{{Tree: tree.With(map[string][]byte{name: got.Files[0].After}), Name: name}}, opts.Source)
		if err != nil || after.Problems.Err() != nil {
			t.Fatal(err, after.Problems)
		}
		inputs[0].Desired = &after.Zones[0]
		if p := plan.New(inputs, nil, opts.Plan); p.Pending() {
			t.Fatalf("%d: %s: %s %v: the plan is not empty afterwards: %v", i, name, kind, k, p.Zones[0].Changes)
		}
	}
	t.Logf("500 changes (%v) in %v; refused %v", kinds, time.Since(begun).Round(time.Millisecond), refused)
}

// comments counts lines that have what is most likely a comment.
func comments(text []byte) int {
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") || strings.Contains(line, " # ") {
			n++
		}
	}
	return n
}

// change changes one thing of a zone by hand.
func change(r *rand.Rand, z *schema.Zone, live *schema.LiveZone) (kind string, k schema.Key) {
	i := r.IntN(len(live.Records))
	rec := &live.Records[i]
	k = rec.Key()
	address := schema.A{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(256))})}
	host := schema.MustName(fmt.Sprintf("host-%d.example.net", r.IntN(1000)))
	switch kind = []string{"value", "value", "TTL", "gone", "another", "new name", "new type"}[r.IntN(7)]; kind {
	case "value":
		switch d := rec.Data.(type) {
		case schema.A:
			rec.Data = address
		case schema.TXT:
			rec.Data = schema.TXT{Text: d.Text + "; it's new: #1 \"x\""}
		case schema.CNAME:
			rec.Data = schema.CNAME{Target: host}
		case schema.MX:
			rec.Data = schema.MX{Preference: d.Preference + 1, Exchange: d.Exchange}
		case schema.NS:
			rec.Data = schema.NS{Host: host}
		case schema.SRV:
			rec.Data = schema.SRV{Priority: d.Priority, Weight: d.Weight + 1, Port: d.Port, Target: host}
		case schema.CAA:
			rec.Data = schema.CAA{Flags: d.Flags, Tag: d.Tag, Value: "ca.example.net"}
		default:
			return change(r, z, live)
		}
	case "TTL":
		ttl := schema.TTL(r.IntN(90_000))
		for j := range live.Records {
			if live.Records[j].Key() == k {
				live.Records[j].TTL = ttl
			}
		}
	case "gone":
		live.Records = slices.Delete(live.Records, i, i+1)
	case "another":
		more := schema.LiveRecord{Handle: "new", Name: rec.Name, TTL: rec.TTL}
		switch rec.Data.(type) {
		case schema.A:
			more.Data = address
		case schema.TXT:
			more.Data = schema.TXT{Text: "new; text"}
		case schema.MX:
			more.Data = schema.MX{Preference: 77, Exchange: host}
		case schema.NS:
			more.Data = schema.NS{Host: host}
		default:
			return change(r, z, live)
		}
		live.Records = append(live.Records, more)
	case "new name":
		k.Name = schema.MustName(fmt.Sprintf("new-%d.%s", r.IntN(100), z.Name.Display()))
		live.Records = append(live.Records, schema.LiveRecord{Handle: "new", Name: k.Name, TTL: 300, Data: address})
	case "new type":
		if k.Type == schema.TypeCNAME || k.Type == schema.TypeCAA || z.RRset(schema.Key{Name: k.Name, Type: schema.TypeCAA}) != nil {
			return change(r, z, live)
		}
		live.Records = append(live.Records, schema.LiveRecord{Handle: "new", Name: k.Name, TTL: 300, Data: schema.CAA{Tag: "issue", Value: "ca.example.net"}})
	}
	return kind, k
}
