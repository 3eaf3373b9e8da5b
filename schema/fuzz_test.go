package schema

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{
		"www.example.com", "Example.COM.", ".", "", "..", "a..b", "*.a", "_dmarc", "bücher.example", "xn--bcher-kva",
		`a\.b.c`, `a\046b`, `a\256`, `a\`, `\\.`, `\\\.`, "a。b", "\xff", "a b", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a",
		strings.Repeat(`\200`, 63), "i❤.ws", "\u00ad", "א1.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseName(text)
		if err != nil {
			if !n.IsZero() {
				t.Errorf("%q gives %q and the error %v", text, n, err)
			}
			return
		}
		checkCanonical(t, n)
	})
}

// checkCanonical checks what holds of every Name.
func checkCanonical(t *testing.T, n Name) {
	t.Helper()
	text := n.String()
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c >= 'A' && c <= 'Z' {
			t.Fatalf("the name %q holds the byte %q", text, c)
		}
	}
	for _, spelling := range []string{text, n.Display(), strings.ToUpper(text)} {
		if again, err := ParseName(spelling); err != nil || again != n {
			t.Fatalf("%q, as %q, comes back as %q, %v", n, spelling, again, err)
		}
	}
	if again, err := ParseName(n.Unicode()); err != nil || again != n {
		t.Fatalf("%q, as %q in Unicode, comes back as %q, %v", n, n.Unicode(), again, err)
	}
	if len(wireLabels(text)) == 0 && n != Root() {
		t.Fatalf("%q has no labels", n)
	}
	labels := 0
	for p := n; p != Root(); p = p.Parent() {
		if labels++; labels > 127 {
			t.Fatalf("%q has no end", n)
		}
		if !n.In(p) || p.Compare(n) > 0 {
			t.Fatalf("%q is not in %q, or comes before it", n, p)
		}
	}
	if got := len(wireLabels(text)); got != labels {
		t.Fatalf("%q has %d labels, and %d on the wire", n, labels, got)
	}
}

func FuzzParseOwner(f *testing.F) {
	for _, seed := range []string{"@", "", "www", "www.example.com", "www.example.com.", ".", `www\.`, "*", "a.example.net.", "Bücher", "example.com."} {
		f.Add(seed, "example.com")
	}
	f.Add("a", ".")
	f.Add(`b\.c`, `a\.example.com`)
	f.Fuzz(func(t *testing.T, text, zoneText string) {
		zone, err := ParseName(zoneText)
		if err != nil {
			return
		}
		owner, err := ParseOwner(text, zone)
		if err != nil {
			return
		}
		checkCanonical(t, owner)
		if !owner.In(zone) {
			t.Fatalf("%q is %q, outside %q", text, owner, zone)
		}
		if back, err := ParseOwner(owner.Relative(zone), zone); err != nil || back != owner {
			t.Fatalf("%q is %q in its zone, which is %q, %v", owner, owner.Relative(zone), back, err)
		}
	})
}

func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{"@", "", "mail", "mail.example.net", "mail.", ".", `a\.b`, `\.`, "10 mail", "Bücher"} {
		f.Add(seed)
	}
	zone := MustName("example.com")
	f.Fuzz(func(t *testing.T, text string) {
		host, err := ParseHost(text, zone)
		if err != nil {
			return
		}
		checkCanonical(t, host)
		if back, err := ParseHost(host.String(), zone); err != nil || back != host {
			t.Fatalf("%q comes back as %q, %v", host, back, err)
		}
		absolute, err := ParseName(text)
		if text != "@" && (err != nil || host != absolute && host.Parent() != zone) {
			t.Fatalf("%q is %q, neither %q nor a label below the zone, %v", text, host, absolute, err)
		}
	})
}

// fuzzData is a fuzz target for the presentation form of one type: what is
// read comes back the same.
func fuzzData(f *testing.F, typ Type, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseData(typ, text)
		if err != nil {
			return
		}
		if d.Type() != typ {
			t.Fatalf("%q is %#v, of another type", text, d)
		}
		if target, ok := Target(d); ok {
			checkCanonical(t, target)
		}
		if back, err := ParseData(typ, d.String()); err != nil || back != d || CompareData(back, d) != 0 {
			t.Fatalf("%q is %s, which is %s, %v", text, d, back, err)
		}
	})
}

func FuzzDataA(f *testing.F) {
	fuzzData(f, TypeA, "192.0.2.1", "192.0.2.01", "192.0.2.1 192.0.2.2", "192.0.2.1\n", "::1")
}

func FuzzDataAAAA(f *testing.F) {
	fuzzData(f, TypeAAAA, "2001:db8::1", "::", "::ffff:192.0.2.1", "fe80::1%eth0", "192.0.2.1")
}

func FuzzDataCAA(f *testing.F) {
	fuzzData(f, TypeCAA, `0 issue "letsencrypt.org"`, `128 IODEF "mailto:a@b"`, `0 issue ";"`, `0 issue "\"`, `0 issue a"b`, `0 issue "\000\255"`, `0 issue ""`)
}

func FuzzDataCNAME(f *testing.F) {
	fuzzData(f, TypeCNAME, "example.com.", "a", ".", "@", "a b.", `a\ b.`, "*.a.")
}

func FuzzDataMX(f *testing.F) {
	fuzzData(f, TypeMX, "10 mail.example.com.", "0 .", "65536 a.", "-1 a.", `10 a\032b.`, "10")
}

func FuzzDataNS(f *testing.F) {
	fuzzData(f, TypeNS, "ns1.example.com.", ".", "$ORIGIN a.", "ns1.example.com. ns2.example.com.")
}

func FuzzDataSRV(f *testing.F) {
	fuzzData(f, TypeSRV, "0 5 5060 sip.example.com.", "0 0 0 .", "1 2 3", "1 2 65536 a.")
}

func FuzzDataTXT(f *testing.F) {
	fuzzData(f, TypeTXT, `"v=spf1 -all"`, `""`, `"a" "b"`, `"a""b"`, `a b`, `"\"\\\000\255"`, `"\256"`, `"a`, `a"b"`, `"a\`, "\"\xff\"")
}

func FuzzScalars(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "2001:db8::1", "3600", "-1", "0x10", "1e3", "192.0.2.1, 192.0.2.2", "::1/64", "", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := ParseIPv4(text); err == nil && (!a.Is4() || a.String() != text) {
			t.Errorf("%q is read as %v", text, a)
		}
		if a, err := ParseIPv6(text); err == nil && (!a.Is6() || a.Zone() != "") {
			t.Errorf("%q is read as %v", text, a)
		}
		if ttl, err := ParseTTL(text); err == nil && ttl > MaxTTL {
			t.Errorf("%q is read as %d", text, ttl)
		}
		if n, err := ParseNumber("port", text); err == nil && !digits(text) {
			t.Errorf("%q is read as %d", text, n)
		}
	})
}

// The mail policies are small languages, and what reads them takes any text.
func FuzzPolicies(f *testing.F) {
	for _, seed := range []string{
		"v=spf1 include:_spf.example.com ~all", "v=spf1 ip4:192.0.2.0/24 a:%{i}._spf.%{d2}/24//64 redirect=a.b", "v=spf1 exists:%{l", "v=spf1 a/ mx// ip6:::/0",
		"v=DMARC1; p=none; rua=mailto:a@b!10m", "v=DMARC1", ";", "p=a b; v=DKIM1", "v=spf1%", "v=spf1 %",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if IsSPF(text) {
			asking, err := ParseSPF(text)
			again, err2 := ParseSPF(text + " ")
			if !slices.Equal(asking, again) || (err == nil) != (err2 == nil) {
				t.Errorf("%q has %d look-ups (%v), and %d (%v) with a blank at its end", text, len(asking), err, len(again), err2)
			}
			if len(asking) > strings.Count(text, " ") {
				t.Errorf("%q has %d look-ups, more than terms", text, len(asking))
			}
		}
		if _, err := ParseDMARC(text); err == nil && !strings.Contains(text, "DMARC1") {
			t.Errorf("%q is taken as a DMARC policy", text)
		}
	})
}
