package vpsorg_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// sandboxed gives a client of a new sandbox over a real socket.
func sandboxed(t testing.TB, dialect string) (*vpsorg.Client, *sandbox.Server) {
	t.Helper()
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
	client, err := vpsorg.New(vpsorg.Options{Endpoint: listener.URL, Token: vpsorg.Token(server.Token())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return client, server
}

// What the client has written is what it reads, however the service spells it.
func TestWhatIsWrittenIsReadInEveryDialect(t *testing.T) {
	for _, dialect := range append(sandbox.Dialects(), "") {
		t.Run("dialect "+dialect, func(t *testing.T) {
			client, _ := sandboxed(t, dialect)
			ctx := t.Context()
			name := schema.MustName("example.com")
			info, err := client.CreateZone(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			zone := provider.ZoneID{Handle: info.Handle, Name: name}
			want := map[provider.Record]int{}
			for _, r := range awkwardRecords(name) {
				if _, err := client.CreateRecord(ctx, zone, r); err != nil {
					t.Fatalf("create %s %s %s: %v", r.Name, r.Data.Type(), r.Data, err)
				}
				want[r]++
			}
			live, err := client.ReadZone(ctx, info)
			if err != nil {
				t.Fatal(err)
			}
			got := map[provider.Record]int{}
			for _, r := range live.Records {
				rec := provider.Record{Name: r.Name, TTL: r.TTL, Data: r.Data}
				if other := (provider.Record{Name: r.Alternative, TTL: r.TTL, Data: r.Data}); want[rec] == 0 && want[other] > 0 {
					rec = other
				}
				if !(rec.Name == name && (rec.Data.Type() == schema.TypeNS || rec.Data.Type() == "SOA")) {
					got[rec]++
				}
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b schema.Name) bool { return a == b })); diff != "" {
				t.Errorf("read differs from written (-want +got):\n%s", diff)
			}
		})
	}
}

// awkwardRecords are records of every type with data that some spelling could
// get wrong.
func awkwardRecords(zone schema.Name) []provider.Record {
	var all []provider.Record
	add := func(owner, typ, data string) {
		name, err := schema.ParseOwner(owner, zone)
		if err != nil {
			panic(err)
		}
		d, err := schema.ParseData(schema.Type(typ), data)
		if err != nil {
			panic(err)
		}
		all = append(all, provider.Record{Name: name, TTL: schema.TTL(60 * (len(all)%4 + 57)), Data: d})
	}
	add("@", "A", "192.0.2.1")
	add("@", "A", "192.0.2.2")
	add("@", "AAAA", "2001:db8::1")
	add("@", "AAAA", "::ffff:192.0.2.1")
	add("@", "MX", "10 mail.example.com.")
	add("@", "MX", "0 mx.example.net.")
	add("nomail", "MX", "0 .")
	add("tld", "MX", "10 mail.")
	add("*", "A", "192.0.2.3")
	add("*.wild", "CNAME", "example.com.")
	add("_sip._tcp", "SRV", "1 10 5060 sip.example.com.")
	add("_none._tcp", "SRV", "0 0 0 .")
	add("sub", "NS", "ns1.example.net.")
	add("sub", "NS", "ns.sub.example.com.")
	add("@", "CAA", `0 issue "letsencrypt.org"`)
	add("@", "CAA", `128 iodef "mailto:security@example.com"`)
	add("@", "CAA", `0 issue ";"`)
	add("www.example.com", "A", "192.0.2.4") // www.example.com.example.com
	add("example.com", "A", "192.0.2.5")     // example.com.example.com
	add("a.b.c", "TXT", `"deep"`)
	add("xn--bcher-kva", "A", "192.0.2.6")
	add("_dmarc", "TXT", `"v=DMARC1; p=none"`)
	for _, text := range []string{
		`"plain"`, `"\"quoted\""`, `"\"a\" \"b\""`, `"\"open"`, `"back\\slash"`, `"\\\"both"`, `"semi\;colon"`,
		`" blanks "`, `""`, `"tab\009"`, `"nul\000"`, `"\195\188mlaut"`, `"latin\252"`, `"a  b"`, `"\\100"`, `"<&>"`, `"\226\128\168"`, `"\"\\1\""`,
	} {
		add("txt", "TXT", text)
	}
	long := ""
	for len(long) < 3000 {
		long += "0123456789 abcdef;"
	}
	all = append(all, provider.Record{Name: zone, TTL: 300, Data: schema.TXT{Text: long}})
	return all
}
