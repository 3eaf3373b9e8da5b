package report_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

func TestAVerificationIsToldInText(t *testing.T) {
	key := func(name string, typ schema.Type) schema.Key {
		return schema.Key{Name: schema.MustName(name + ".example.com"), Type: typ}
	}
	addr := func(text string) verify.Server { return verify.Server{Addr: netip.MustParseAddrPort(text)} }
	a := func(text string, ttl schema.TTL) []verify.Record {
		return []verify.Record{{Data: schema.A{Addr: netip.MustParseAddr(text)}, TTL: ttl}}
	}
	r := &verify.Report{Zones: []verify.ZoneReport{
		{Zone: schema.MustName("example.com"), Asked: 3, Whole: true, OldTTL: 3600,
			Left:    []verify.Left{{Key: key("a", "A"), Reason: "left alone"}, {Key: key("b", "A"), Reason: "below"}, {Key: key("c", "MX"), Reason: "left alone"}},
			Notices: []string{"noticed"},
			Servers: []verify.ServerReport{
				{Server: addr("192.0.2.1:53"), Status: verify.OK, Serial: 7, Unseen: []schema.Key{key("sub", "NS")}},
				{Server: addr("192.0.2.2:5353"), Status: verify.Wrong, Serial: 7, Unseen: []schema.Key{key("sub", "NS")}, Findings: []verify.Finding{
					{Key: key("x", "A"), Kind: verify.Other, Want: a("192.0.2.8", 60), Got: a("192.0.2.9", 60), Position: schema.Position{File: "f.yaml", Line: 2, Column: 3}},
					{Key: key("longer", "AAAA"), Kind: verify.NoAnswer, Reason: "it answers SERVFAIL\x1b[2J"},
				}},
			}},
		{Zone: schema.MustName("b.net"), Asked: 1, TakenBack: 1, Servers: []verify.ServerReport{{Server: addr("192.0.2.1:53"), Status: verify.OK, Serial: 8}}},
		{Zone: schema.MustName("e.net"), Problem: &verify.Problem{Status: verify.Elsewhere, Reason: "the zone is not delegated"}},
	}}
	var out strings.Builder
	if err := report.VerificationText(&out, r, report.Style{}); err != nil {
		t.Fatal(err)
	}
	want := `example.com  wrong  2 nameservers, 3 RRsets, serial 7
  · noticed
  · not asked for: a A, c MX: left alone
  · not asked for: b A: below
  · not shown by a nameserver that serves the delegated zone too: sub NS
  · resolvers may go on answering what was there before for up to 1h
  ✗ 192.0.2.2:5353: wrong, serial 7
    x       A     192.0.2.9 instead of 192.0.2.8  f.yaml:2:3
    longer  AAAA  it answers SERVFAIL\u{1b}[2J
b.net        ok  1 nameserver, 1 RRset, serial 8
  · asked for as it was before, since it was taken back: 1 RRset
e.net        elsewhere: the zone is not delegated
no zone transfer of 1 zone: what is served there and not declared was looked for only where the API lists it, or --base declared it
0 zones are as declared, 1 is as its rollback has left it, 2 are not
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
