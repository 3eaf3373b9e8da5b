package verify

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// Whatever a nameserver sends, it is judged at the RRsets that were asked for, and
// one that is found right has these very records.
func FuzzJudge(f *testing.F) {
	for _, line := range []string{
		"example.com. 3600 IN A 192.0.2.1", "www.example.com. 300 IN CNAME example.com.", `example.com. 3600 IN TXT "v=spf1 -all"`,
		"sub.example.com. 3600 IN NS ns.example.net.", `example.com. 60 IN CAA 0 issue "a"`, "example.com. 60 IN SRV 1 2 3 a.",
	} {
		rr, err := dns.NewRR(line)
		if err != nil {
			f.Fatal(err)
		}
		m := new(dns.Msg).SetQuestion("example.com.", dns.TypeA)
		m.Answer, m.Ns, m.Extra = []dns.RR{rr}, []dns.RR{rr}, []dns.RR{rr}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	zone := &Zone{Desired: &schema.Zone{Name: schema.MustName("example.com")}}
	for _, typ := range schema.Types() {
		if typ != schema.TypeA {
			zone.Gone = append(zone.Gone, schema.Key{Name: schema.MustName("example.com"), Type: typ})
		}
	}
	k := schema.Key{Name: schema.MustName("example.com"), Type: schema.TypeA}
	data, err := schema.ParseData(schema.TypeA, "192.0.2.1")
	if err != nil {
		f.Fatal(err)
	}
	zone.Desired.RRsets = []schema.RRset{{Key: k, Values: []schema.Value{{Data: data, TTL: 3600}}}}
	questions, _ := zone.questions()
	f.Fuzz(func(t *testing.T, wire []byte) {
		var m dns.Msg
		if m.Unpack(wire) != nil {
			return
		}
		had := map[schema.LiveRecord]bool{}
		var answers []schema.LiveRecord
		right := false
		for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
			for _, q := range questions {
				for _, r := range recordsOf(section, q.key) {
					if !had[r] {
						had[r] = true
						answers = append(answers, r)
						right = right || r.Key() == k && r.Data == data && r.TTL == 3600
					}
				}
			}
		}
		bad := map[schema.Key]bool{}
		for _, found := range zone.judge(questions, answers) {
			bad[found.Key] = true
		}
		for _, r := range answers {
			if r.Key() != k && !bad[r.Key()] && r.Data.Type().Managed() {
				if _, opaque := r.Data.(schema.Opaque); !opaque && r.Data.Type() != schema.TypeNS && r.Data.Type() != schema.TypeTXT {
					t.Errorf("%v is there, and was not found", r)
				}
			}
		}
		if !bad[k] && !right {
			t.Errorf("what is declared was not answered, and nothing was found: %v", answers)
		}
	})
}
