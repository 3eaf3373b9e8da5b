package dnscontrol_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source/dnscontrol"
)

var update = flag.Bool("update", false, "write what is read into the golden files")

func TestTypesAndWhatCannotBeCarriedOver(t *testing.T) {
	text, err := os.ReadFile("testdata/types.json")
	if err != nil {
		t.Fatal(err)
	}
	zones, problems := dnscontrol.Read("types.json", text)
	var b strings.Builder
	for i := range zones {
		fmt.Fprintf(&b, "%s\n", zones[i].Name)
		for _, s := range zones[i].RRsets {
			for _, v := range s.Values {
				fmt.Fprintf(&b, "%s %d %s %s %s\n", s.Name, v.TTL, s.Type, v.Data, v.Position)
			}
		}
	}
	b.WriteString("\n" + problems.Error() + "\n")
	if *update {
		if err := os.WriteFile("testdata/types.golden", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/types.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMistakes(t *testing.T) {
	record := func(fields string) string {
		return `{"domains":[{"name":"a.example","records":[{"name":"@",` + fields + `}]}]}`
	}
	for name, test := range map[string]struct{ text, want string }{
		"empty":             {"", "ir.json:1:1: the JSON document ends too early: give what `dnscontrol print-ir --pretty` prints"},
		"cut off":           {`{"domains": [`, "ir.json:1:14: the JSON document ends too early: give what `dnscontrol print-ir --pretty` prints"},
		"two documents":     {"{\"domains\": []}\n{}", "ir.json:2:1: something follows the JSON document: give what `dnscontrol print-ir --pretty` prints"},
		"another file":      {`{"version": 1}`, "ir.json:1:1: the document has no domains: give what `dnscontrol print-ir --pretty` prints"},
		"a list":            {`[]`, "ir.json:1:1: the document has no domains: give what `dnscontrol print-ir --pretty` prints"},
		"deep":              {strings.Repeat("[", 40), "ir.json:1:33: objects and lists stand more than 32 deep within one another here: give what `dnscontrol print-ir --pretty` prints"},
		"a key twice":       {`{"domains":[],"domains":[]}`, "ir.json:1:15: the key \"domains\" stands twice in this object: give what `dnscontrol print-ir --pretty` prints"},
		"no zone name":      {`{"domains":[{"name":"a..example"}]}`, `ir.json:1:13: "a..example" is no zone name`},
		"twice":             {"{\"domains\":[{\"name\":\"a.example\"},\n{\"name\":\"A.example\"}]}", "ir.json:2:1: the zone a.example is there twice: keep one of them (see ir.json:1:13)"},
		"raw records":       {`{"domains":[{"name":"a.example","rawrecords":[{}]}]}`, "ir.json:1:33: a.example has records that DNSControl has not worked out: print without --raw"},
		"a relative target": {record(`"type":"CNAME","target":"www"`), `ir.json:1:80: @ CNAME: the target "www" has no trailing dot, so that DNSControl has not worked it out: print without --raw`},
		"no address":        {record(`"type":"A","target":"x"`), `ir.json:1:76: @ A: "x" is no IPv4 address, which looks like 192.0.2.1`},
		"a number too high": {record(`"type":"MX","mxpreference":70000,"target":"x."`), `ir.json:1:98: @ MX: the mxpreference "70000" is no whole number from 0 to 65535`},
		"a TTL too high":    {record(`"type":"TXT","ttl":4294967295,"target":"x"`), `ir.json:1:75: @ TXT: the TTL 4294967295 is over 2147483647, the most that DNS allows`},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := dnscontrol.Read("ir.json", []byte(test.text))
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// ir writes a zone as DNSControl prints it.
func ir(t interface{ Fatal(...any) }, z *schema.Zone) []byte {
	var records []map[string]any
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			m := map[string]any{"type": s.Type, "name": s.Name.Relative(z.Name), "ttl": v.TTL, "filepos": ""}
			switch d := v.Data.(type) {
			case schema.TXT:
				m["target"] = d.Text
			case schema.MX:
				m["mxpreference"], m["target"] = d.Preference, d.Exchange.String()
			case schema.SRV:
				m["srvpriority"], m["srvweight"], m["srvport"], m["target"] = d.Priority, d.Weight, d.Port, d.Target.String()
			case schema.CAA:
				m["caaflag"], m["caatag"], m["target"] = d.Flags, d.Tag, d.Value
			default:
				m["target"] = d.String()
			}
			records = append(records, m)
		}
	}
	text, err := json.MarshalIndent(map[string]any{"domains": []any{map[string]any{"name": z.Name.Display(), "records": records}}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAZoneComesBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(true).Draw(t, "zone")
		zones, problems := dnscontrol.Read("ir.json", ir(t, z))
		if problems.Err() != nil || len(zones) != 1 {
			t.Fatalf("%v", problems)
		}
		if diff := cmp.Diff(schematest.Lines(z), schematest.Lines(&zones[0])); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// Each place that is named lies in the document, and each zone is in order.
func FuzzRead(f *testing.F) {
	text, err := os.ReadFile("testdata/types.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"domains":[{"name":"a!b","records":[{"type":"TXT","name":"","target":"\ud800"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		zones, problems := dnscontrol.Read("ir.json", text)
		lines := strings.Count(string(text), "\n") + 1
		for _, p := range problems {
			if p.Position.Line < 1 || p.Position.Line > lines || p.Position.Column < 1 || p.Position.Column > utf8.RuneCount(text)+1 {
				t.Errorf("no such place: %v", p)
			}
		}
		for _, z := range zones {
			for i := range z.RRsets {
				if len(z.RRsets[i].Values) == 0 || z.RRset(z.RRsets[i].Key) != &z.RRsets[i] {
					t.Errorf("%s is out of order or empty", z.RRsets[i].Name)
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	z := &schema.Zone{Name: schema.MustName("example.com")}
	for i := range 10_000 {
		name, err := z.Name.Child(fmt.Sprintf("h%05d", i))
		if err != nil {
			b.Fatal(err)
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeTXT}, Values: []schema.Value{{Data: schema.TXT{Text: "text"}, TTL: 300}}})
	}
	text := ir(b, z)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if zones, problems := dnscontrol.Read("ir.json", text); len(zones) != 1 || problems.Err() != nil {
			b.Fatal(problems)
		}
	}
}
