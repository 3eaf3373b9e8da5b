// Package bind hands zones to a BIND on this machine, as the service hands its
// own to its nameservers: as zone files and a part of named.conf, of which it
// tells a running named through rndc.
//
//	dir, err := bind.Open(bind.Options{Path: "/srv/zones"})
//	checked, err := dir.Check(ctx, "example.com", records) // of github.com/miekg/dns
//	err = dir.Write(checked)
//	outcomes, err := dir.Reload(ctx)
//
// What BIND refuses does not reach the directory, and what named does not take
// is put back as it was. A zone is served when named answers its serial: that
// rndc says 0 proves nothing, since named says so before it has loaded the zone.
package bind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/miekg/dns"
)

// Options are whom zones are handed to. The zero value but for Path is the
// BIND of a Debian machine.
type Options struct {
	// Path is the directory, which is made where it does not exist. Nobody else
	// writes there.
	Path string
	// Server is where named answers; the zero value means 127.0.0.1:53.
	Server netip.AddrPort
	// RNDCConf is the configuration file of rndc; "" means rndc's own.
	RNDCConf string
	// Patience is how long named may take to load the next zone of those that it
	// was told of; 0 means ten seconds.
	Patience time.Duration
}

// Dir is a directory of zone files that named serves. [Dir.Check] may be called
// by several goroutines at once, all else by one.
type Dir struct {
	Options
	checkzone, rndc string
	lock            *flock.Flock
	zones           map[string]*zone
	leaving         map[string]bool // zones that named may still serve
	given           map[string]bool // zones given up, whose files zones.conf may still name
	listed          bool            // zones.conf has the zones that there are
	configured      bool            // named was told of zones.conf as it is
}

// zone is one that zones.conf names.
type zone struct {
	Checked
	proven  *Checked // what named has served; nil: nothing yet
	present bool     // named has answered for it when it was asked last
}

func (z *zone) open() bool { return z.proven == nil || z.proven.Serial != z.Serial }

// mark is the first line of each file that this package writes, after its
// comment sign: no other file is replaced, unless there is nothing in it.
const mark = " Written by zoneherd sandbox --bind, which replaces it: what is changed here is lost.\n"

const (
	conf      = "zones.conf"
	extension = ".zone"
)

// Open takes over a directory, and what an earlier run has left there. Until
// Close nobody else can.
func Open(opts Options) (*Dir, error) {
	d := &Dir{Options: opts, zones: map[string]*zone{}, leaving: map[string]bool{}, given: map[string]bool{}}
	if !d.Server.IsValid() {
		d.Server = netip.MustParseAddrPort("127.0.0.1:53")
	}
	if d.Patience == 0 {
		d.Patience = 10 * time.Second
	}
	var err error
	if d.checkzone, err = Look("named-checkzone"); err != nil {
		return nil, err
	}
	if d.rndc, err = Look("rndc"); err != nil {
		return nil, err
	}
	if d.Path, err = filepath.Abs(d.Path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.Path, 0o755); err != nil {
		return nil, err
	}
	d.lock = flock.New(filepath.Join(d.Path, ".lock"))
	switch locked, err := d.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", d.Path, err)
	case !locked:
		return nil, fmt.Errorf("another sandbox writes to %s: end that one, or give another directory", d.Path)
	}
	if err := d.read(); err != nil {
		return nil, errors.Join(err, d.lock.Unlock())
	}
	return d, nil
}

// Close gives the directory free, with all that is in it.
func (d *Dir) Close() error { return d.lock.Unlock() }

// Look finds a program of BIND's, which Debian keeps where only root looks.
func Look(name string) (string, error) {
	for _, file := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(file); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: install BIND (Debian: bind9, bind9-utils, bind9-dnsutils)", name)
}

// read finds what an earlier run has left.
func (d *Dir) read() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		comment := "//"
		name, isZone := strings.CutSuffix(entry.Name(), extension)
		if isZone {
			comment = ";"
		} else if entry.Name() != conf {
			continue
		}
		text, err := os.ReadFile(filepath.Join(d.Path, entry.Name()))
		if err != nil {
			return err
		}
		if len(text) > 0 && !bytes.HasPrefix(text, []byte(comment+mark)) {
			return fmt.Errorf("%s is of somebody else's making and would be replaced: give a directory of its own", filepath.Join(d.Path, entry.Name()))
		}
		domain, err := url.PathUnescape(name)
		if serial, ok := serialOf(text); isZone && ok && err == nil {
			d.zones[domain] = &zone{Checked: Checked{domain, serial, text}}
		}
	}
	return nil
}

// serialOf is the serial in a zone file, of which the SOA record is the first.
func serialOf(text []byte) (uint32, bool) {
	rr, ok := dns.NewZoneParser(bytes.NewReader(text), "", "").Next()
	soa, isSOA := rr.(*dns.SOA)
	if !ok || !isSOA {
		return 0, false
	}
	return soa.Serial, true
}

// Zones are those that there are, in the directory, with their serials.
func (d *Dir) Zones() map[string]uint32 {
	all := make(map[string]uint32, len(d.zones))
	for domain, z := range d.zones {
		all[domain] = z.Serial
	}
	return all
}

// Has reports whether a zone is there as it was rendered.
func (d *Dir) Has(domain string, records []dns.RR) bool {
	z := d.zones[domain]
	return z != nil && bytes.Equal(z.text, render(records))
}

// Write puts a zone in place of the one of this name, for named to be told of.
func (d *Dir) Write(c *Checked) error {
	if err := d.put(file(c.domain), c.text); err != nil {
		return err
	}
	z := d.zones[c.domain]
	if z == nil {
		z = &zone{}
		d.zones[c.domain] = z
		d.listed = false
		delete(d.leaving, c.domain)
	}
	z.Checked = *c
	return nil
}

// put replaces a file as a whole.
func (d *Dir) put(name string, text []byte) error {
	path := filepath.Join(d.Path, name)
	made := path + ".new"
	err := os.WriteFile(made, text, 0o644)
	if err == nil {
		// named passes over a file that is not newer than its last load, and the
		// clock of a file system may be some milliseconds late.
		now := time.Now()
		err = os.Chtimes(made, now, now)
	}
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		_ = os.Remove(made) // there is an error to tell already
	}
	return err
}

// Remove takes a zone out, for named to be told of, and reports whether there is
// anything to tell: it has no outcome where the zone never was in.
func (d *Dir) Remove(domain string) bool {
	if d.zones[domain] != nil {
		delete(d.zones, domain)
		d.leaving[domain] = true
		d.listed = false
	}
	return d.leaving[domain]
}

// file is the name of a zone's file.
func file(domain string) string { return url.PathEscape(domain) + extension }

// List writes zones.conf, the part of named.conf that names the zones, where it
// is not up to date.
func (d *Dir) List() error {
	if d.listed {
		return nil
	}
	var text bytes.Buffer
	text.WriteString("//" + mark)
	fmt.Fprintf(&text, "// In named.conf: include \"%s\";\n", quoted.Replace(filepath.Join(d.Path, conf)))
	for _, domain := range slices.Sorted(maps.Keys(d.zones)) {
		fmt.Fprintf(&text, "zone \"%s\" IN { type primary; file \"%s\"; };\n", quoted.Replace(domain), quoted.Replace(filepath.Join(d.Path, file(domain))))
	}
	if err := d.put(conf, text.Bytes()); err != nil {
		return fmt.Errorf("writing what named.conf includes: %w", err)
	}
	d.listed, d.configured = true, false
	return nil
}

// quoted writes text into the quotes of named.conf.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// drop forgets a zone's file.
func (d *Dir) drop(domain string) error {
	if err := os.Remove(filepath.Join(d.Path, file(domain))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// grace is how long the output of a program that was ended may stay open, as it
// does where the program was a script and what that has started lives on.
const grace = time.Second

// control has rndc tell named something.
func (d *Dir) control(ctx context.Context, words ...string) error {
	if d.RNDCConf != "" {
		words = append([]string{"-c", d.RNDCConf}, words...)
	}
	ctx, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.rndc, words...)
	cmd.WaitDelay = grace
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := strings.Join(strings.Fields(string(out)), " ")
	if said == "" {
		said = err.Error()
	}
	return fmt.Errorf("rndc cannot tell named of it: %s", said)
}
