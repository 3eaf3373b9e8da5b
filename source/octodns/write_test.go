package octodns_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/octodns"
)

// What is written is read back the same, with every record lenient, so that
// nothing that a DNS can serve is refused.
func TestAnOctoDNSFileReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Without(schematest.Zone(true).Draw(t, "zone"), func(p schema.Problem) bool { return structural[p.Rule] })
		for i := range z.RRsets {
			for j := range z.RRsets[i].Values {
				z.RRsets[i].Values[j].Lenient = true
			}
		}
		text, err := octodns.Write(z)
		if err != nil && strings.Contains(err.Error(), "between two quotes") {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !z.Name.IsHost() {
			t.Skip("the file's name gives the zone's")
		}
		file := z.Name.Display() + ".yaml"
		tree := &source.Tree{FS: fstest.MapFS{file: {Data: text}}}
		r, err := source.Load(t.Context(), []source.Path{{Tree: tree, Name: file}}, source.Options{DefaultTTL: 7})
		if err != nil || r.Problems.Err() != nil {
			t.Fatalf("%v %v\n%s", err, r.Problems.Err(), text)
		}
		if diff := cmp.Diff(schematest.Lines(z), schematest.Lines(&r.Zones[0])); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, text)
		}
	})
}

// structural are the rules of which no leniency makes a warning.
var structural = map[string]bool{"cname-apex": true, "cname-exclusive": true, "cname-several": true, "cname-self": true, "cname-loop": true}

func TestATextIsThatTextToOctoDNS(t *testing.T) {
	for text, want := range map[string]string{
		`"quoted"`: `'""quoted""'`,
		`=`:        `"="`, // which PyYAML takes for other things than text
		`<<`:       `"<<"`,
		`.7_`:      `".7_"`,
		`0x_`:      `"0x_"`,
		`"a`:       `'""a"'`,
		`say "x"`:  `say "x"`,
		`a" "b`:    "",
		`" b`:      `'"" b"'`,
		`" `:       "",
	} {
		z := &schema.Zone{Name: schema.MustName("example.com")}
		z.RRsets = []schema.RRset{{Key: schema.Key{Name: z.Name, Type: schema.TypeTXT}, Values: []schema.Value{{Data: schema.TXT{Text: text}, TTL: 60}}}}
		got, err := octodns.Write(z)
		if want == "" {
			if err == nil {
				t.Errorf("%s was written, and octoDNS would read it otherwise: %s", text, got)
			}
			continue
		}
		if err != nil || !strings.Contains(string(got), "value: "+want+"\n") {
			t.Errorf("%s is written as %s, want %s; %v", text, got, want, err)
		}
	}
}

func TestAnOctoDNSFileIsInItsOrder(t *testing.T) {
	zone := schema.MustName("example.com")
	z := &schema.Zone{Name: zone}
	for _, name := range []string{"@", "*", "10a", "9", "a10", "a9", "yes"} { // as DNS orders them
		owner, err := schema.ParseOwner(name, zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := schema.ParseData(schema.TypeMX, "10 mx.example.net.")
		if name == "yes" {
			d, err = schema.TXT{Text: "a;b"}, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: owner, Type: d.Type()}, Values: []schema.Value{{Data: d, TTL: 60}}})
	}
	got, err := octodns.Write(z)
	if err != nil {
		t.Fatal(err)
	}
	mx := ":\n  ttl: 60\n  type: MX\n  value:\n    exchange: mx.example.net.\n    preference: 10\n"
	want := "---\n" + `""` + mx + `"9"` + mx + "10a" + mx + `'*'` + mx + "a9" + mx + "a10" + mx + "\"yes\":\n  ttl: 60\n  type: TXT\n  value: a\\;b\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
