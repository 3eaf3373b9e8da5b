package adopt_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Whatever a file looks like: one record of it goes, becomes another, gets another
// TTL or company, and that is adopted or refused, but nothing else comes of it.
func FuzzAdopt(f *testing.F) {
	fixtures, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, fixture := range fixtures {
		a, err := txtar.ParseFile(fixture)
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range a.Files {
			if strings.HasPrefix(file.Name, "zones/") {
				f.Add(file.Data, byte(i), byte(i))
			}
		}
	}
	f.Add([]byte("records:\n  a: {type: A, value: 192.0.2.1} # x\n\n  # y\n  b: &a\n  - type: TXT\n    value: |\n      # no\n  c: *a\n"), byte(1), byte(1))
	f.Add([]byte("---\n'': {type: A,\n # x\n value: 192.0.2.1} # y\n"), byte(0), byte(3))
	f.Add([]byte("? a\n: type: A\n  value: 192.0.2.1\n"), byte(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, which, how byte) {
		tree := &source.Tree{FS: fstest.MapFS{"example.com.yaml": {Data: text}}}
		opts := adopt.Options{Paths: []source.Path{{Tree: tree, Name: "example.com.yaml"}}, Source: options, Plan: plan.Options{NoDefaultIgnores: true, ManageApexNS: true}}
		opts.Source.Lenient = true
		read, err := source.Load(context.Background(), opts.Paths, opts.Source)
		if err != nil || read.Problems.Err() != nil || len(read.Zones) != 1 || len(read.Zones[0].RRsets) == 0 {
			return
		}
		declared := &read.Zones[0]
		live := liveOf(declared)
		i := int(which) % len(live.Records)
		address := schema.A{Addr: netip.AddrFrom4([4]byte{203, 0, 113, which})}
		switch how % 5 {
		case 0:
			live.Records = append(live.Records[:i:i], live.Records[i+1:]...)
		case 1:
			if live.Records[i].Data.Type() != schema.TypeA {
				return
			}
			live.Records[i].Data = address
		case 2:
			k := live.Records[i].Key()
			for j := range live.Records {
				if live.Records[j].Key() == k {
					live.Records[j].TTL = 77
				}
			}
		case 3:
			if live.Records[i].Data.Type() == schema.TypeCNAME {
				return
			}
			live.Records = append(live.Records, schema.LiveRecord{Handle: "new", Name: live.Records[i].Name, TTL: live.Records[i].TTL, Data: schema.TXT{Text: "new: #; 'text'"}})
		default:
			name, err := schema.ParseOwner("fuzz-new", declared.Name)
			if err != nil {
				return
			}
			live.Records = append(live.Records, schema.LiveRecord{Handle: "new", Name: name, TTL: 77, Data: address})
		}
		got, err := adopt.New(context.Background(), []plan.Input{{Desired: declared, Live: live}}, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got.Refused { // it was refused by a look at what would have come of it
			if strings.Contains(r.Error(), "fault") || strings.Contains(r.Error(), "no YAML") {
				t.Fatalf("%v\n%s\n%v", r, text, live.Records)
			}
		}
		for _, file := range got.Files {
			after, err := source.Load(context.Background(), []source.Path{{Tree: tree.With(map[string][]byte{"example.com.yaml": file.After}), Name: "example.com.yaml"}}, opts.Source)
			if err != nil || after.Problems.Err() != nil {
				t.Fatal(err, after.Problems)
			}
			if p := plan.New([]plan.Input{{Desired: &after.Zones[0], Live: live}}, nil, opts.Plan); p.Pending() {
				t.Fatalf("the plan is not empty afterwards: %v\n%s", p.Zones[0].Changes, file.After)
			}
		}
	})
}
