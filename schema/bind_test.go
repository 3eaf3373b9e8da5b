package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bindLines are records of a zone, @zone, that make sense or do not, so that a
// few of them drawn at random make a zone that BIND loads or refuses.
var bindLines = []string{
	"a A 192.0.2.1", "a AAAA 2001:db8::1", "_a A 192.0.2.1", "*.a A 192.0.2.1", "a- A 192.0.2.1", "-a AAAA 2001:db8::1", "* A 192.0.2.1", "@ A 192.0.2.1",
	"gc._msdcs A 192.0.2.1", "gc._msdcs AAAA 2001:db8::1", "b_._spf A 127.0.0.2", "_spf A 127.0.0.2", "_spf AAAA ::2", "x._spf_rate.c A 127.0.0.2", `\001 A 192.0.2.1`,
	"c CNAME a", "c CNAME b", "c TXT \"x\"", "a CNAME b", "b CNAME a", "@ CNAME a", "*.a CNAME b", "_c CNAME _d", "* CNAME c",
	"@ MX 10 a", "@ MX 0 .", "_a MX 10 a", "*.a MX 10 a", "a MX 10 _b.example.net.", "a MX 10 *.example.net.", "b MX 20 c",
	"@ NS ns1", "@ NS a", "@ NS c", "@ NS ns.a.@zone.", "@ NS _b.example.net.", "sub NS ns.example.net.", "sub NS c", "*.sub NS ns.example.net.", "* NS ns.example.net.",
	"sub NS ns.sub.@zone.", "ns.sub A 192.0.2.53", "x.sub TXT \"x\"", "sub A 192.0.2.1", "_x._dns NS ns.example.net.", "sub NS .",
	"_a._tcp SRV 1 2 3 a", "_a._tcp SRV 0 0 0 .", "_a._tcp SRV 1 2 3 _b.example.net.", "a SRV 1 2 3 a", "_a._tcp SRV 1 2 3 c",
	"_a TXT \"x\"", "@ TXT \"\"", "@ CAA 0 issue \"ca.example.net\"", "_a CAA 0 isue \"\"",
}

// saidRefused reports whether Validate says that BIND refuses the zone.
func saidRefused(zone Name, problems Problems) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool {
		switch p.Rule {
		case "cname-apex", "cname-exclusive", "cname-several", "owner-host", "ns-wildcard", "ns-address":
			return true
		case "target-host":
			return !strings.Contains(p.Message, "the DNS root")
		case "target-cname":
			return strings.HasPrefix(p.Message, zone.Display()+" NS ")
		}
		return false
	})
}

// What Validate says that BIND refuses, BIND refuses, and nothing else: tried
// on 500 zones of one to five of the lines, in one process.
func TestValidateAgreesWithBIND(t *testing.T) {
	checkconf, err := exec.LookPath("named-checkconf")
	if err != nil {
		t.Skip("named-checkconf is not installed (Debian: bind9-utils): whether BIND loads what is valid here was not tried")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	random := rand.New(rand.NewPCG(2181, 1035))
	var config strings.Builder
	var zones []Zone
	for i := range 500 {
		name := fmt.Sprintf("z%d.example", i)
		lines := []string{"@ NS ns.example.net."}
		for _, j := range random.Perm(len(bindLines))[:1+random.IntN(5)] {
			lines = append(lines, strings.ReplaceAll(bindLines[j], "@zone", name))
		}
		zones = append(zones, zoneOf(t, name, strings.Join(lines, "\n")))
		fmt.Fprintf(&config, "zone %q { type primary; file %q; };\n", name, write(name, masterFile(&zones[i])))
	}
	out, err := exec.Command(checkconf, "-z", write("named.conf", config.String())).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("loaded serial")) {
		t.Fatalf("BIND refuses none of the zones, or all (%v):\n%s", err, out)
	}
	refused := 0
	for i := range zones {
		name := zones[i].Name
		text := masterFile(&zones[i])
		does := bytes.Contains(out, fmt.Appendf(nil, "zone %s/IN: not loaded", name.Display()))
		if says := saidRefused(name, Validate(zones[i:i+1])); says != does {
			t.Errorf("BIND refuses it: %v, zoneherd says so: %v\n%s", does, says, text)
		}
		if does {
			refused++
		}
	}
	if refused < 100 || refused > 400 {
		t.Errorf("BIND refuses %d of %d zones, too one-sided to tell", refused, len(zones))
	}
	t.Logf("BIND refuses %d of %d zones", refused, len(zones))
}

// masterFile writes a zone as BIND reads it (RFC 1035 section 5).
func masterFile(z *Zone) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s 60 IN SOA ns.example.net. h.example.net. 1 1 1 1 1\n", z.Name)
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			fmt.Fprintf(&b, "%s 60 IN %s %s\n", s.Name, s.Type, v.Data)
		}
	}
	return b.String()
}
