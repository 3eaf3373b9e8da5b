package masterfile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

func zoneOf(t testing.TB, name string, records ...[4]string) *schema.Zone {
	t.Helper()
	z := &schema.Zone{Name: schema.MustName(name)}
	for _, r := range records { // in order
		owner, err := schema.ParseOwner(r[0], z.Name)
		if err != nil {
			t.Fatal(err)
		}
		ttl, err := schema.ParseTTL(r[1])
		if err != nil {
			t.Fatal(err)
		}
		d, err := schema.ParseData(schema.Type(r[2]), r[3])
		if err != nil {
			t.Fatal(err)
		}
		if k := (schema.Key{Name: owner, Type: d.Type()}); z.RRset(k) == nil {
			z.RRsets = append(z.RRsets, schema.RRset{Key: k})
		}
		s := &z.RRsets[len(z.RRsets)-1]
		s.Values = append(s.Values, schema.Value{Data: d, TTL: ttl})
	}
	return z
}

func TestAMasterFileIsWrittenAsAPersonWould(t *testing.T) {
	z := zoneOf(t, "example.com",
		[4]string{"@", "300", "MX", "10 mail.example.com."}, [4]string{"@", "300", "TXT", `"a;b" "c\"d"`},
		[4]string{`\$ttl`, "300", "A", "192.0.2.1"}, [4]string{`\@`, "60", "A", "192.0.2.2"}, [4]string{"www", "300", "CNAME", "example.com."})
	got := string(masterfile.Write(z, masterfile.Head{
		Comment: []string{"one", "two\nx A 192.0.2.9"}, SOA: masterfile.Placeholder(z.Name), NS: []schema.Name{schema.MustName("ns1.example.net")},
	}))
	want := `; one
; two x A 192.0.2.9
$ORIGIN example.com.
$TTL 300
@            IN SOA   ns.invalid. hostmaster.example.com. 1 10800 3600 604800 3600
@            IN NS    ns1.example.net.
@            IN MX    10 mail.example.com.
@            IN TXT   "a;bc\"d"
\$ttl        IN A     192.0.2.1
\@        60 IN A     192.0.2.2
www          IN CNAME example.com.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestASOAIsReadAsAMasterFileHasIt(t *testing.T) {
	zone := schema.MustName("example.com")
	got, err := masterfile.ParseSOA("ns1 Host\\.master.example.net. 7 1h 2 3 4", zone)
	want := `ns1.example.com. host\.master.example.net. 7 3600 2 3 4`
	if err != nil || got.String() != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	for _, bad := range []string{"", "ns1", "ns1 h 1 2 3 4", "ns1 h 1 2 3 4 5 6", "ns1 h x 2 3 4 5", "ns1 h 1 2 3 4 5\n@ A 192.0.2.1"} {
		if got, err := masterfile.ParseSOA(bad, zone); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	z := &schema.Zone{Name: schema.MustName("example.com")}
	for i := range 10_000 {
		name := schema.MustName(fmt.Sprintf("h%05d.example.com", i))
		z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeTXT}, Values: []schema.Value{{Data: schema.TXT{Text: "some text; of no length"}, TTL: 300}}})
	}
	for b.Loop() {
		masterfile.Write(z, masterfile.Head{SOA: masterfile.Placeholder(z.Name)})
	}
	b.ReportMetric(float64(b.N*10_000)/b.Elapsed().Seconds(), "records/s")
}
