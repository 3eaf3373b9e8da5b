package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

var update = flag.Bool("update", false, "write the golden files anew, to be reviewed by eye")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

type rec struct {
	name, typ, data string
	ttl             schema.TTL
}

func set(t testing.TB, zone schema.Name, r rec) (schema.Key, schema.Data) {
	t.Helper()
	n, err := schema.ParseOwner(r.name, zone)
	if err != nil {
		t.Fatal(err)
	}
	d, err := schema.ParseData(schema.Type(r.typ), r.data)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Key{Name: n, Type: d.Type()}, d
}

func desired(t testing.TB, zone string, recs ...rec) *schema.Zone {
	z := &schema.Zone{Name: schema.MustName(zone)}
	for i, r := range recs {
		k, d := set(t, z.Name, r)
		v := schema.Value{Data: d, TTL: r.ttl, Position: schema.Position{File: "zones/" + zone + ".yaml", Line: i + 2, Column: 3}}
		if s := z.RRset(k); s != nil {
			s.Values = append(s.Values, v)
			continue
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: k, Values: []schema.Value{v}})
		for j := len(z.RRsets) - 1; j > 0 && z.RRsets[j].Compare(z.RRsets[j-1].Key) < 0; j-- {
			z.RRsets[j], z.RRsets[j-1] = z.RRsets[j-1], z.RRsets[j]
		}
	}
	return z
}

func live(t testing.TB, zone string, recs ...rec) *schema.LiveZone {
	z := &schema.LiveZone{Handle: "z", Name: schema.MustName(zone)}
	for i, r := range recs {
		k, d := set(t, z.Name, r)
		z.Records = append(z.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint(i)), Name: k.Name, TTL: r.ttl, Data: d})
	}
	return z
}

// example is a plan with everything that a plan can say.
func example(t testing.TB) *plan.Plan {
	opaque := live(t, "opaque.example")
	opaque.Records = []schema.LiveRecord{{Handle: "1", Name: opaque.Name, TTL: 60, Data: schema.Opaque{RRType: "LOC", Raw: "51 N"}}}
	opaque.Notices = []string{"the service counts 5 records and lists 2"}
	return plan.New([]plan.Input{
		{Desired: desired(t, "new.example", rec{"@", "A", "192.0.2.1", 300}, rec{"xn--bcher-kva", "TXT", `"a\009\027b"`, 300})},
		{
			Desired: desired(t, "busy.example",
				rec{"@", "MX", "10 mail.busy.example.", 300}, rec{"@", "MX", "30 c.example.", 300}, rec{"mail", "A", "192.0.2.25", 300},
				rec{"www", "CNAME", "mail.busy.example.", 300}, rec{"slow", "A", "192.0.2.3", 172800}, rec{"same", "A", "192.0.2.4", 300}),
			Live: live(t, "busy.example",
				rec{"@", "MX", "20 mail.busy.example.", 300}, rec{"@", "MX", "30 b.example.", 300}, rec{"mail", "A", "192.0.2.24", 3600},
				rec{"www", "A", "192.0.2.2", 300}, rec{"slow", "A", "192.0.2.3", 300}, rec{"same", "A", "192.0.2.4", 300},
				rec{"@", "TXT", `"v=spf1 -all"`, 300}, rec{"_acme-challenge", "TXT", `"x"`, 300}),
		},
		{Desired: desired(t, "gone.example"), Live: live(t, "gone.example", rec{"a", "A", "192.0.2.1", 60}, rec{"b", "A", "192.0.2.1", 60}, rec{"c", "A", "192.0.2.1", 60})},
		{Desired: &schema.Zone{Name: schema.MustName("old.example"), State: schema.Absent}, Live: live(t, "old.example", rec{"a", "A", "192.0.2.1", 60})},
		{Desired: desired(t, "opaque.example"), Live: opaque},
		{Desired: desired(t, "quiet.example", rec{"a", "A", "192.0.2.1", 60}), Live: live(t, "quiet.example", rec{"a", "A", "192.0.2.1", 60})},
	}, []schema.Name{schema.MustName("other.example")}, plan.Options{})
}

var about = report.About{Commit: "0123456789abcdef0123456789abcdef01234567", Dirty: true, Live: "https://dns.example/api/v1"}

func TestTextOfAPlan(t *testing.T) {
	var b bytes.Buffer
	if err := report.Text(&b, example(t), about, report.Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/plan.txt", b.Bytes())
	var colored bytes.Buffer
	if err := report.Text(&colored, example(t), about, report.Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	plain := colored.String()
	for _, code := range []string{"0", "1", "2", "31", "32", "33", "1;31", "1;32"} {
		plain = strings.ReplaceAll(plain, "\x1b["+code+"m", "")
	}
	if plain != b.String() {
		t.Errorf("colours change more than the colour:\n%s", cmp.Diff(b.String(), plain))
	}
}

func TestJSONOfAPlanFollowsItsSchema(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, report.NewDocument(example(t), about)); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/plan.json", b.Bytes())
	text, err := schema.JSONSchema("plan")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*plan.Plan{"full": example(t), "empty": plan.New(nil, nil, plan.Options{})} {
		var b bytes.Buffer
		if err := report.JSON(&b, report.NewDocument(p, report.About{})); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("the %s plan: %v", name, err)
		}
	}
	var v any
	if v, err = jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(b.String(), `"action": "create"`, `"action": "erase"`, 1))); err != nil {
		t.Fatal(err)
	}
	if s.Validate(v) == nil {
		t.Error("the schema takes an action that there is not")
	}
}

func BenchmarkText(b *testing.B) {
	var want, have []rec
	for i := range 10_000 {
		want = append(want, rec{fmt.Sprintf("h%05d", i), "A", "192.0.2.1", 300})
		have = append(have, rec{fmt.Sprintf("h%05d", i), "A", "192.0.2.2", 300})
	}
	z := &schema.Zone{Name: schema.MustName("big.example")}
	for _, r := range want {
		k, d := set(b, z.Name, r)
		z.RRsets = append(z.RRsets, schema.RRset{Key: k, Values: []schema.Value{{Data: d, TTL: r.ttl}}})
	}
	p := plan.New([]plan.Input{{Desired: z, Live: live(b, "big.example", have...)}}, nil, plan.Options{})
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		if err := report.Text(&out, p, about, report.Style{}); err != nil || out.Len() < 100_000 {
			b.Fatal(err, out.Len())
		}
	}
}
