package bind_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
)

// rrs are records in the syntax of a zone file.
func rrs(t testing.TB, text string) (all []dns.RR) {
	t.Helper()
	p := dns.NewZoneParser(strings.NewReader(text), "example.com.", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		all = append(all, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

const apex = `$TTL 3600
@ SOA ns1.example.net. dns.example.net. 7 7200 3600 1209600 3600
@ NS ns1.example.net.
`

func open(t testing.TB, path string) *bind.Dir {
	t.Helper()
	namedtest.Look(t, "named-checkzone")
	dir, err := bind.Open(bind.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

func TestBINDSaysWhatItRefuses(t *testing.T) {
	dir := open(t, t.TempDir())
	many := func(n int) string {
		text := apex
		for i := range n {
			text += fmt.Sprintf("txt TXT %d\n", i)
		}
		return text
	}
	for _, tt := range []struct{ name, zone, want string }{
		{"a zone", apex + "www A 192.0.2.1\n*.w A 192.0.2.2\n_x TXT \"a\\000\\\"b\"\n", ""},
		{"MX without an address", apex + "@ MX 10 mail\n", ""},
		{"a hundred records", many(100) + "txt TXT 0\n", ""},
		{"101 records", many(101), "txt.example.com. has 101 TXT records, and BIND serves 100"},
		{"an underscore", apex + "_x A 192.0.2.1\n", "BIND refuses it: _x.example.com: bad owner name (check-names)"},
		{"a target with one", apex + "@ MX 10 _mail.example.net.\n", "BIND refuses it: near '_mail.example.net.': bad name (check-names)"},
		{"data beside a CNAME", apex + "x CNAME www\nx A 192.0.2.1\n", "BIND refuses it: x.example.com: CNAME and other data"},
		{"a nameserver without address", apex + "@ NS ns2\n", "BIND refuses it: zone example.com/IN: NS 'ns2.example.com' has no address records (A or AAAA)"},
		{"no nameserver", "$TTL 60\n@ SOA ns1.example.net. dns.example.net. 7 7200 3600 1209600 3600\n", "BIND refuses it: zone example.com/IN: has no NS records"},
		{"many faults", apex + "_a A 192.0.2.1\n_a A 192.0.2.2\n_b A 192.0.2.1\n_c A 192.0.2.1\n_d A 192.0.2.1\n_e A 192.0.2.1\n", "_c.example.com: bad owner name (check-names); and 2 more"},
		{"no SOA record", "@ 60 NS ns1.example.net.\n", "the zone example.com has no SOA record"},
	} {
		_, err := dir.Check(t.Context(), "example.com", rrs(t, tt.zone))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// What somebody else has written stays, and one writes at a time.
func TestADirectoryIsOfOneSandbox(t *testing.T) {
	for _, name := range []string{"zones.conf", "example.com.zone"} {
		path := t.TempDir()
		file := filepath.Join(path, name)
		if err := os.WriteFile(file, []byte("mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bind.Open(bind.Options{Path: path}); err == nil || !strings.HasPrefix(err.Error(), file+" is of somebody else's making") {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(file); string(text) != "mine\n" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}

	path := t.TempDir()
	dir := open(t, path)
	if _, err := bind.Open(bind.Options{Path: path}); err == nil || !strings.HasPrefix(err.Error(), "another sandbox writes to "+path) {
		t.Errorf("a second one: %v", err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if err := errors.Join(again.List(), again.Close()); err != nil {
		t.Error(err)
	}
}

// Names that mean something to the file system or to named.conf.
func TestAFileIsNamedAfterItsZone(t *testing.T) {
	path := filepath.Join(t.TempDir(), `a "directory"`)
	dir := open(t, path)
	records := rrs(t, apex)
	for _, zone := range []string{"0/25.2.0.192.in-addr.arpa", "-x.example.com"} {
		for _, rr := range records {
			rr.Header().Name = zone + "."
		}
		checked, err := dir.Check(t.Context(), zone, records)
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.Write(checked); err != nil {
			t.Fatal(err)
		}
	}
	if err := dir.List(); err != nil {
		t.Fatal(err)
	}
	named := namedtest.Control(t, filepath.Join(path, "zones.conf"))
	named.Start(t)
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := bind.Open(bind.Options{Path: path, Server: named.Addr, RNDCConf: named.RNDCConf})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	outcomes, err := again.Reload(t.Context())
	if err != nil || len(outcomes) != 2 {
		t.Fatal(outcomes, err)
	}
	for _, o := range outcomes {
		if o.Serial != 7 || o.Err != nil {
			t.Error(o)
		}
	}
}
