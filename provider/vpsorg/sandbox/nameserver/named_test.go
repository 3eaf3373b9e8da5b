package nameserver_test

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

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

func lookFor(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed (Debian: bind9)", program)
	}
	t.Skipf("%s is not installed (Debian: bind9): whether it does the same was not tried", program)
	return ""
}

// startNamed gives the address of a named that serves zones. It checks nothing
// of what a zone means, and is otherwise as it comes, without recursion.
func startNamed(t *testing.T, named string, zones []drawn) string {
	t.Helper()
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	var conf strings.Builder
	fmt.Fprintf(&conf, `options {
	directory %q; pid-file none; session-keyfile none; lock-file none; managed-keys-directory %[1]q;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; notify no; allow-transfer { 127.0.0.1; };
	check-names primary ignore; check-integrity no; check-mx ignore; check-mx-cname ignore; check-srv-cname ignore;
	check-sibling no; check-wildcard no;
};
controls { };
logging { category default { stderr_log; }; channel stderr_log { stderr; severity warning; }; };
`, dir, port)
	for i, z := range zones {
		var text strings.Builder
		// The records of an RRset one after the other, of which BIND takes the first one's TTL.
		slices.SortStableFunc(z.records, func(a, b dns.RR) int {
			return cmp.Or(strings.Compare(a.Header().Name, b.Header().Name), cmp.Compare(a.Header().Rrtype, b.Header().Rrtype))
		})
		soa := slices.IndexFunc(z.records, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA })
		for _, rr := range slices.Concat(z.records[soa:soa+1], z.records[:soa], z.records[soa+1:]) {
			fmt.Fprintln(&text, rr)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.zone", i))
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&conf, "zone %q { type primary; file %q; };\n", z.origin, file)
	}
	if err := os.WriteFile(filepath.Join(dir, "named.conf"), []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.Command(named, "-f", "-n", "1", "-c", filepath.Join(dir, "named.conf"))
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() && log.Len() > 0 {
			t.Logf("named says: %.4000s", log.String())
		}
	})
	addr := net.JoinHostPort("127.0.0.1", port)
	last := zones[len(zones)-1].origin
	client := &dns.Client{Timeout: time.Second}
	ready := time.Now().Add(60 * time.Second)
	for {
		answer, _, err := client.Exchange(new(dns.Msg).SetQuestion(last, dns.TypeSOA), addr)
		if err == nil && answer.Rcode == dns.RcodeSuccess && answer.Authoritative {
			return addr
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("named ended: %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(ready) {
			t.Fatalf("named does not serve %s: %v\n%s", last, err, answer)
		}
	}
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
