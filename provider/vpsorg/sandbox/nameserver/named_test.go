package nameserver_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

func listen(t testing.TB, server *nameserver.Server) string {
	t.Helper()
	l, err := nameserver.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr
}

// startNamed gives the address of a named that serves zones.
func startNamed(t *testing.T, zones []drawn) string {
	t.Helper()
	texts := map[string]string{}
	for _, z := range zones {
		var text strings.Builder
		// The records of an RRset one after the other, of which BIND takes the first one's TTL.
		slices.SortStableFunc(z.records, func(a, b dns.RR) int {
			return cmp.Or(strings.Compare(a.Header().Name, b.Header().Name), cmp.Compare(a.Header().Rrtype, b.Header().Rrtype))
		})
		soa := slices.IndexFunc(z.records, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA })
		for _, rr := range slices.Concat(z.records[soa:soa+1], z.records[:soa], z.records[soa+1:]) {
			fmt.Fprintln(&text, rr)
		}
		texts[z.origin] = text.String()
	}
	return namedtest.Start(t, texts, "allow-transfer { 127.0.0.1; };").String()
}

// serve has a server serve a zone.
func serve(t testing.TB, server *nameserver.Server, z drawn) {
	t.Helper()
	zone, err := nameserver.NewZone(z.origin, z.records)
	if err != nil {
		t.Fatal(err)
	}
	server.Set(z.origin, zone)
}
