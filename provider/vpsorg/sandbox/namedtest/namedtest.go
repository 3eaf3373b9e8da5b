// Package namedtest runs BIND's named for tests: what the real service runs too.
package namedtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
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

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
)

// Look finds a program of BIND's. A test without it is skipped, but in CI.
func Look(t testing.TB, name string) string {
	t.Helper()
	path, err := bind.Look(name)
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatal(err)
	default:
		t.Skipf("nothing was compared with it: %v", err)
	}
	return path
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
	addr := freePort(t)
	var body strings.Builder
	body.WriteString("controls { };\n")
	names := slices.Sorted(maps.Keys(zones))
	for i, name := range names {
		file := filepath.Join(dir, fmt.Sprintf("%d.zone", i))
		if err := os.WriteFile(file, []byte(zones[name]), 0o600); err != nil {
			return addr, err
		}
		fmt.Fprintf(&body, "zone %q { type primary; file %q; };\n", name, file)
	}
	more = append([]string{
		"check-names primary ignore; check-integrity no; check-mx ignore; check-mx-cname ignore; check-srv-cname ignore;",
		"check-sibling no; check-wildcard no;",
	}, more...)
	config, err := configure(dir, addr, more, body.String())
	if err != nil {
		return addr, err
	}
	if named, err = replica(named, dir); err != nil {
		return addr, err
	}
	return addr, run(t, command(named, config), addr, names)
}

// configure writes a named.conf into a directory that is named's own.
func configure(dir string, addr netip.AddrPort, options []string, body string) (string, error) {
	conf := fmt.Sprintf(`options {
	directory %q; pid-file none; session-keyfile none; lock-file none; managed-keys-directory %[1]q;
	listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; notify no;
	%s
};
logging {
	category default { stderr_log; }; channel stderr_log { stderr; severity warning; };
	category xfer-out { null; }; category security { null; };
};
%s`, dir, addr.Port(), strings.Join(options, "\n\t"), body)
	config := filepath.Join(dir, "named.conf")
	return config, os.WriteFile(config, []byte(conf), 0o600)
}

// replica copies named into a directory: AppArmor holds the one that Debian and
// Ubuntu install to directories of its own.
func replica(named, dir string) (string, error) {
	program, err := os.ReadFile(named)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "named")
	return file, os.WriteFile(file, program, 0o700)
}

func command(named, config string) *exec.Cmd {
	return exec.Command(named, "-f", "-n", "1", "-c", config)
}

// freePort is one that nobody has, below those that clients are given.
func freePort(t testing.TB) netip.AddrPort {
	t.Helper()
	for range 100 {
		addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(10000+rand.IntN(20000)))
		tcp, err := net.Listen("tcp", addr.String())
		if err != nil {
			continue
		}
		_ = tcp.Close()
		udp, err := net.ListenPacket("udp", addr.String())
		if err != nil {
			continue
		}
		_ = udp.Close()
		return addr
	}
	t.Fatal("no port is free")
	return netip.AddrPort{}
}

// run runs a named until the test ends, and waits until it serves its zones.
func run(t testing.TB, cmd *exec.Cmd, addr netip.AddrPort, zones []string) error {
	t.Helper()
	p, err := begin(cmd)
	if err != nil {
		return err
	}
	t.Cleanup(func() { p.end(t) })
	for _, zone := range zones {
		if err := p.await(addr, zone, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && m.Authoritative }); err != nil {
			return err
		}
	}
	return nil
}

// process is a named that runs.
type process struct {
	cmd   *exec.Cmd
	log   *lockedLog
	ended chan error
}

func begin(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd, &lockedLog{}, make(chan error, 1)}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- cmd.Wait() }()
	return p, nil
}

// end ends it, and tells of a test that has failed what it said.
func (p *process) end(t testing.TB) {
	_ = p.cmd.Process.Signal(os.Interrupt)
	<-p.ended
	if text := p.log.String(); t.Failed() && text != "" {
		t.Logf("named says: %.4000s", text)
	}
}

// await waits for an answer to a question for an SOA record.
func (p *process) await(addr netip.AddrPort, zone string, ready func(*dns.Msg) bool) error {
	client := &dns.Client{Timeout: time.Second}
	for until := time.Now().Add(time.Minute); ; {
		answer, _, err := client.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(zone), dns.TypeSOA), addr.String())
		if err == nil && ready(answer) {
			return nil
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("named ended: %w\n%s", err, p.log)
		default:
		}
		if time.Now().After(until) {
			return fmt.Errorf("named does not answer for %s: %w\n%s\n%s", zone, err, answer, p.log)
		}
	}
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
