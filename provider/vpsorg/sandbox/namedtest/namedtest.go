// Package namedtest runs BIND's named for tests: what the real service runs too.
package namedtest

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Look finds a program of BIND's. A test without it is skipped, but in CI.
func Look(t testing.TB, name string) string {
	t.Helper()
	for _, file := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(file); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed (Debian: bind9, bind9-utils, bind9-dnsutils)", name)
	}
	t.Skipf("%s is not installed (Debian: bind9, bind9-utils, bind9-dnsutils): nothing was compared with it", name)
	return ""
}

// Start runs named until the test ends, with a master file for each zone, and
// gives its address on this machine. It checks nothing of what a zone means, and
// is otherwise as it comes, without recursion. more is what else stands in its
// options, such as "allow-transfer { none; };", which is the default here. Names
// of zones have no escapes.
func Start(t testing.TB, zones map[string]string, more ...string) netip.AddrPort {
	t.Helper()
	named := Look(t, "named")
	if !slices.ContainsFunc(more, func(s string) bool { return strings.HasPrefix(s, "allow-transfer") }) {
		more = append(more, "allow-transfer { none; };")
	}
	var err error
	for range 10 { // others may take a port that was free
		var addr netip.AddrPort
		if addr, err = start(t, named, zones, more); err == nil {
			return addr
		}
	}
	t.Fatal(err)
	return netip.AddrPort{}
}

// start starts a named at a free port, and waits until it serves all zones.
func start(t testing.TB, named string, zones map[string]string, more []string) (netip.AddrPort, error) {
	t.Helper()
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	addr := netip.MustParseAddrPort(free.Addr().String())
	_ = free.Close()
	var conf strings.Builder
	fmt.Fprintf(&conf, `options {
	directory %q; pid-file none; session-keyfile none; lock-file none; managed-keys-directory %[1]q;
	listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; notify no;
	check-names primary ignore; check-integrity no; check-mx ignore; check-mx-cname ignore; check-srv-cname ignore;
	check-sibling no; check-wildcard no;
	%s
};
controls { };
logging {
	category default { stderr_log; }; channel stderr_log { stderr; severity warning; };
	category xfer-out { null; }; category security { null; };
};
`, dir, addr.Port(), strings.Join(more, "\n\t"))
	names := slices.Sorted(maps.Keys(zones))
	for i, name := range names {
		file := filepath.Join(dir, fmt.Sprintf("%d.zone", i))
		if err := os.WriteFile(file, []byte(zones[name]), 0o600); err != nil {
			return addr, err
		}
		fmt.Fprintf(&conf, "zone %q { type primary; file %q; };\n", name, file)
	}
	config := filepath.Join(dir, "named.conf")
	if err := os.WriteFile(config, []byte(conf.String()), 0o600); err != nil {
		return addr, err
	}
	return addr, run(t, exec.Command(named, "-f", "-n", "1", "-c", config), addr, names)
}

// run runs a named until the test ends, and waits until it serves its zones.
func run(t testing.TB, cmd *exec.Cmd, addr netip.AddrPort, zones []string) error {
	t.Helper()
	log := &lockedLog{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		if text := log.String(); t.Failed() && text != "" {
			t.Logf("named says: %.4000s", text)
		}
	})
	client := &dns.Client{Timeout: time.Second}
	for _, zone := range zones {
		for ready := time.Now().Add(time.Minute); ; {
			answer, _, err := client.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(zone), dns.TypeSOA), addr.String())
			if err == nil && answer.Rcode == dns.RcodeSuccess && answer.Authoritative {
				break
			}
			select {
			case err := <-ended:
				ended <- err
				return fmt.Errorf("named ended: %w\n%s", err, log)
			default:
			}
			if time.Now().After(ready) {
				return fmt.Errorf("named does not serve %s: %w\n%s\n%s", zone, err, answer, log)
			}
		}
	}
	return nil
}

// lockedLog is what named has said so far.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
