package namedtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// Controlled is a named that is told of its zones through rndc. It is as named
// is by default, without recursion, and gives whole zones to this machine.
type Controlled struct {
	Addr     netip.AddrPort
	RNDCConf string // for rndc -c

	config, named string
	running       *process
}

// Control prepares a named whose zones are in a file of named.conf's syntax,
// which has to be there when it starts, and whose options have more in them. It
// ends with the test.
func Control(t testing.TB, zones string, more ...string) *Controlled {
	t.Helper()
	Look(t, "rndc")
	c := &Controlled{Addr: freePort(t)}
	dir := t.TempDir()
	var err error
	if c.named, err = replica(Look(t, "named"), dir); err != nil {
		t.Fatal(err)
	}
	port := freePort(t).Port()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // which never fails
	key := fmt.Sprintf("key \"rndc-key\" { algorithm hmac-sha256; secret %q; };\n", base64.StdEncoding.EncodeToString(secret))
	body := fmt.Sprintf("%scontrols { inet 127.0.0.1 port %d allow { 127.0.0.1; } keys { \"rndc-key\"; }; };\ninclude %q;\n", key, port, zones)
	if c.config, err = configure(dir, c.Addr, append(more, "allow-transfer { 127.0.0.1; };"), body); err != nil {
		t.Fatal(err)
	}
	c.RNDCConf = filepath.Join(dir, "rndc.conf")
	conf := fmt.Sprintf("%soptions { default-server 127.0.0.1; default-port %d; default-key \"rndc-key\"; };\n", key, port)
	if err := os.WriteFile(c.RNDCConf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(t) })
	return c
}

// Start starts it, and waits until it answers.
func (c *Controlled) Start(t testing.TB) {
	t.Helper()
	var err error
	if c.running, err = begin(command(c.named, c.config)); err != nil {
		t.Fatal(err)
	}
	if err := c.running.await(c.Addr, "nobody.has.this.example", func(*dns.Msg) bool { return true }); err != nil {
		t.Fatal(err)
	}
}

// Stop ends it.
func (c *Controlled) Stop(t testing.TB) {
	if c.running != nil {
		c.running.end(t)
		c.running = nil
	}
}
