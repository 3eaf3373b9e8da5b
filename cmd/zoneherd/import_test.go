package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// Whatever a service holds, the plan after an import is empty: for every type,
// all bytes in TXT, values that stand twice, TTLs that disagree, what could not
// be read, other types, and what no DNS can serve.
func TestThePlanAfterAnImportIsEmpty(t *testing.T) {
	for seed := range uint64(25) {
		dialect := ""
		r := rand.New(rand.NewPCG(seed, 8))
		if seed > 0 {
			dialect = "cname=loose,names=dot,txt=" + []string{"bare", "quoted", "chunks"}[seed%3]
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d, err := sandbox.ParseDialect(dialect)
			if err != nil {
				t.Fatal(err)
			}
			server, err := sandbox.New(sandbox.Options{Dialect: d})
			if err != nil {
				t.Fatal(err)
			}
			listener, err := sandbox.Listen(server, "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			for i := range 4 {
				drawLive(t, r, server, []string{"a.example", "sub.a.example", "b.example", "xn--mnchen-3ya.example"}[i])
			}
			t.Chdir(t.TempDir())
			t.Setenv("VPSORG_TOKEN", server.Token())
			for _, args := range [][]string{{"import"}, {"validate"}, {"plan", "--detailed-exitcode"}} {
				var out bytes.Buffer
				if args[0] != "validate" {
					args = append(args, "--endpoint", listener.URL)
				}
				if status := run(append([]string{"zoneherd"}, args...), strings.NewReader(""), &out, &out); status != 0 {
					t.Fatalf("%v: exit status %d\n%s", args, status, out.String())
				}
			}
		})
	}
}

// drawLive puts a zone into the sandbox, behind the API's back.
func drawLive(t *testing.T, r *rand.Rand, server *sandbox.Server, zone string) {
	t.Helper()
	if err := server.Load([]schema.Zone{{Name: schema.MustName(zone)}}); err != nil {
		t.Fatal(err)
	}
	ten := 10
	text := make([]byte, r.IntN(300))
	for i := range text {
		text[i] = byte(r.IntN(256))
	}
	records := []sandbox.Record{
		{Type: "A", Value: "192.0.2.1"}, {Type: "A", Value: "192.0.2.2"}, {Type: "AAAA", Value: "2001:db8::1"}, {Type: "AAAA", Value: "::ffff:192.0.2.1"},
		{Type: "CNAME", Value: "host." + zone}, {Type: "CNAME", Value: "elsewhere.example.net"}, {Type: "MX", Value: "host." + zone, Priority: &ten},
		{Type: "MX", Value: ".", Priority: &ten}, {Type: "NS", Value: "ns1.example.net"}, {Type: "SRV", Value: "1 2 host." + zone, Priority: &ten},
		{Type: "CAA", Value: `0 issue "ca.example; x=y"`}, {Type: "CAA", Value: `128 unheardof ""`},
		{Type: "TXT", Value: schema.TXT{Text: string(text)}.String()}, {Type: "TXT", Value: `""`}, {Type: "TXT", Value: `"v=spf1 -all"`}, {Type: "TXT", Value: `"v=spf1 broken"`},
		{Type: "TXT", Value: `"a\;b"`}, {Type: "TXT", Value: `"# no: comment"`}, {Type: "TXT", Value: `"v=DMARC1"`}, {Type: "TXT", Value: `"\"quoted\""`},
		{Type: "PTR", Value: "host.example.net"}, {Type: "LOC", Value: "51 N"}, {Type: "A", Value: "not an address"}, {Type: "TXT", Value: `"heritage=external-dns,external-dns/owner=x"`},
	}
	names := []string{"@", "host", "www", "*", "_dmarc", "_sip._tcp", "a.b", "yes", "12", "under_score", "_acme-challenge", strings.Repeat("x", 63), "xn--bcher-kva", `sl/ash`}
	for range 5 + r.IntN(40) {
		rec := records[r.IntN(len(records))]
		rec.Name, rec.TTL = names[r.IntN(len(names))], []int64{0, 60, 300, 3600, 1<<31 - 1}[min(r.IntN(12), 4)]
		if rec.Name == "@" && rec.Type == "NS" {
			continue // the service's own
		}
		if err := server.Put(zone, rec); err != nil {
			t.Fatal(err)
		}
	}
}
