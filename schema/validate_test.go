package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// zoneOf makes a zone of lines such as "www A 192.0.2.1", its first line being
// line 1 of a file named after the zone. A line that begins with ~ is lenient;
// "ttl 0" changes the TTL from there on.
func zoneOf(t testing.TB, name, lines string) Zone {
	t.Helper()
	z := Zone{Name: MustName(name), Position: Position{File: name, Line: 1, Column: 1}}
	sets := map[Key]*RRset{}
	ttl := DefaultTTL
	for i, line := range strings.Split(strings.TrimPrefix(lines, "\n"), "\n") {
		line, lenient := strings.CutPrefix(strings.TrimSpace(line), "~")
		owner, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		if owner == "ttl" {
			var err error
			if ttl, err = ParseTTL(rest); err != nil {
				t.Fatal(err)
			}
			continue
		}
		n, err := ParseOwner(owner, z.Name)
		if err != nil {
			t.Fatal(err)
		}
		typ, text, _ := strings.Cut(rest, " ")
		switch Type(typ) {
		case TypeCNAME, TypeMX, TypeNS, TypeSRV: // their hosts may be relative here
			at := strings.LastIndexByte(text, ' ') + 1
			host, err := ParseHost(text[at:], z.Name)
			if err != nil {
				t.Fatal(err)
			}
			text = text[:at] + host.String()
		}
		data := Data(Opaque{Type(typ), text})
		if Type(typ).Managed() {
			if data, err = ParseData(Type(typ), text); err != nil {
				t.Fatal(err)
			}
		}
		k := Key{n, Type(typ)}
		if sets[k] == nil {
			sets[k] = &RRset{Key: k}
		}
		sets[k].Values = append(sets[k].Values, Value{Data: data, TTL: ttl, Lenient: lenient, Position: Position{File: name, Line: i + 1, Column: 1}})
	}
	for _, s := range sets {
		s.Position = s.Values[0].Position
		z.RRsets = append(z.RRsets, *s)
	}
	slices.SortFunc(z.RRsets, func(a, b RRset) int { return a.Key.Compare(b.Key) })
	return z
}

// told gives problems as "line rule", with "warning" before and the related
// lines behind; a file other than example.com is named.
func told(problems Problems) []string {
	place := func(p Position) string {
		if p.File == "example.com" {
			return fmt.Sprint(p.Line)
		}
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	var out []string
	for _, p := range problems {
		s := place(p.Position) + " " + p.Rule
		if p.Severity != Error {
			s = p.Severity.String() + " " + s
		}
		for _, r := range p.Related {
			s += " " + place(r)
		}
		out = append(out, s)
	}
	return out
}

func TestValidateTellsWhatMakesNoSense(t *testing.T) {
	for _, test := range []struct {
		about, zone string
		want        []string
	}{
		{about: "a zone as it should be", zone: `
			@ NS ns1
			@ NS ns.example.net.
			@ MX 10 mail
			@ TXT "v=spf1 mx -all"
			@ CAA 0 issue "letsencrypt.org"
			ns1 A 192.0.2.1
			mail A 192.0.2.2
			www CNAME example.com.
			*.dev CNAME www
			_sip._tcp SRV 0 5 5060 mail
			_dmarc TXT "v=DMARC1; p=reject; rua=mailto:a@example.com"
			sub NS ns1.sub.example.com.
			ns1.sub A 192.0.2.3`},

		{about: "a CNAME at the apex", zone: "@ CNAME a.example.net.", want: []string{"1 cname-apex"}},
		{about: "a CNAME at the apex beside mail", zone: "@ CNAME a.example.net.\n@ MX 10 a.example.net.", want: []string{"1 cname-apex 2"}},
		{about: "a CNAME beside other data", zone: "a CNAME b\na TXT \"x\"\na A 192.0.2.1", want: []string{"1 cname-exclusive 3 2"}},
		{about: "a CNAME beside other data, one of them lenient", zone: "~a CNAME b\na TXT \"x\"", want: []string{"1 cname-exclusive 2"}},
		{about: "a CNAME beside other data, all of it lenient", zone: "~a CNAME b\n~a TXT \"x\"", want: []string{"warning 1 cname-exclusive 2"}},
		{about: "a CNAME with two values", zone: "a CNAME b\na CNAME c", want: []string{"2 cname-several 1"}},
		{about: "a CNAME to itself", zone: "a CNAME a", want: []string{"1 cname-itself"}},
		{about: "a wildcard CNAME to a name that only it has", zone: "* CNAME a", want: []string{"1 cname-itself"}},
		{about: "a wildcard CNAME to a name that exists", zone: "* CNAME a\na A 192.0.2.1"},
		{about: "a wildcard CNAME to a name that exists through one below it", zone: "* CNAME a\nb.a A 192.0.2.1"},
		{about: "a loop of three", zone: "b CNAME c\nc CNAME a\na CNAME b\nx CNAME a", want: []string{"3 cname-loop 1 2"}},
		{about: "a loop of which all is lenient", zone: "~a CNAME b\n~b CNAME a", want: []string{"warning 1 cname-loop 2"}},
		{about: "a loop of which half is lenient", zone: "~a CNAME b\nb CNAME a", want: []string{"1 cname-loop 2"}},
		{about: "a chain that ends", zone: "a CNAME b\nb CNAME c\nc CNAME d.example.net."},
		{about: "two loops", zone: "a CNAME b\nb CNAME a\nc CNAME d\nd CNAME c", want: []string{"1 cname-loop 2", "3 cname-loop 4"}},

		{about: "mail to an alias", zone: "@ MX 10 a\na CNAME b.example.net.", want: []string{"1 target-cname 2"}},
		{about: "mail to an alias, leniently", zone: "~@ MX 10 a\na CNAME b.example.net.", want: []string{"warning 1 target-cname 2"}},
		{about: "mail to a name that a wildcard makes an alias", zone: "@ MX 10 a\n* CNAME b.example.net.", want: []string{"1 target-cname 2"}},
		{about: "mail to the apex of a zone with a wildcard alias", zone: "@ MX 10 @\n@ A 192.0.2.1\n* CNAME b.example.net."},
		{about: "a name server that is an alias", zone: "@ NS a\na CNAME b.example.net.", want: []string{"1 target-cname 2"}},
		{about: "a service at an alias", zone: "_a._tcp SRV 0 0 1 a\na CNAME b.example.net.", want: []string{"1 target-cname 2"}},
		{about: "an alias of an alias is allowed", zone: "a CNAME b\nb CNAME c.example.net."},

		{about: "a record below a delegation", zone: "sub NS ns.example.net.\na.sub A 192.0.2.1", want: []string{"2 below-delegation 1"}},
		{about: "glue below a delegation", zone: "sub NS ns.sub.example.com.\nns.sub A 192.0.2.1\nns.sub AAAA 2001:db8::1"},
		{about: "another type at a name with glue", zone: "sub NS ns.sub.example.com.\nns.sub A 192.0.2.1\nns.sub TXT \"x\"", want: []string{"3 below-delegation 1"}},
		{about: "another type at the delegation itself", zone: "sub NS ns.example.net.\nsub TXT \"x\"", want: []string{"2 below-delegation 1"}},
		{about: "an address at the delegation that is its own glue", zone: "sub NS sub\nsub A 192.0.2.1"},
		{about: "a delegation below a delegation", zone: "sub NS ns.example.net.\na.sub NS ns.example.net.\nb.a.sub A 192.0.2.1", want: []string{"2 below-delegation 1", "3 below-delegation 1"}},
		{about: "a name that only sorts after a delegation", zone: "sub NS ns.example.net.\nsub-a A 192.0.2.1\nsua A 192.0.2.1\nsuc A 192.0.2.1"},
		{about: "a delegation of a wildcard", zone: "* NS ns.example.net.", want: []string{"1 ns-wildcard"}},
		{about: "a name server of the apex without an address", zone: "@ NS ns1\n@ NS ns2\nns2 A 192.0.2.1", want: []string{"1 ns-address"}},
		{about: "a name server of the apex with an address by a wildcard", zone: "@ NS ns1\n* A 192.0.2.1"},
		{about: "a name server below the wildcard's reach", zone: "@ NS ns1.a.example.com.\n* A 192.0.2.1\na TXT \"x\"", want: []string{"1 ns-address"}},
		{about: "the apex as its own name server", zone: "@ NS @\n@ AAAA 2001:db8::1"},

		{about: "an address at an underscore", zone: "_a A 192.0.2.1", want: []string{"1 owner-host"}},
		{about: "an address at a wildcard", zone: "*.a A 192.0.2.1"},
		{about: "an address at what SPF's macros ask for", zone: "a.b_c._spf A 127.0.0.2"},
		{about: "an IPv6 address there", zone: "a._spf AAAA ::2", want: []string{"1 owner-host"}},
		{about: "an Active Directory's global catalogue", zone: "gc._msdcs A 192.0.2.1\ngc._msdcs AAAA 2001:db8::1"},
		{about: "mail at an underscore", zone: "_a MX 10 a.example.net.", want: []string{"1 owner-host"}},
		{about: "text at an underscore", zone: "_a TXT \"x\""},
		{about: "mail to an underscore", zone: "@ MX 10 a_b.example.net.\n@ MX 20 a.example.net.", want: []string{"1 target-host"}},
		{about: "mail to a wildcard", zone: "@ MX 10 *.example.net.", want: []string{"1 target-host"}},
		{about: "a service at an underscore", zone: "_a._tcp SRV 0 0 1 _b.example.net.", want: []string{"1 target-host"}},
		{about: "a name server at an underscore", zone: "sub NS _b.example.net.", want: []string{"1 target-host"}},
		{about: "the root as a name server", zone: "sub NS .", want: []string{"1 target-host"}},
		{about: "no service, and no mail", zone: "_a._tcp SRV 0 0 0 .\n@ MX 0 ."},
		{about: "no mail and some", zone: "@ MX 10 a.example.net.\n@ MX 0 .", want: []string{"2 null-mx 1"}},
		{about: "a service without its protocol", zone: "_a SRV 0 0 1 b.example.net.", want: []string{"1 srv-owner"}},
		{about: "a service without underscores", zone: "a.tcp SRV 0 0 1 b.example.net.", want: []string{"1 srv-owner"}},
		{about: "a service that is an underscore alone", zone: "_._tcp SRV 0 0 1 b.example.net.", want: []string{"1 srv-owner"}},
		{about: "a protocol that is one", zone: "_a._ SRV 0 0 1 b.example.net.", want: []string{"1 srv-owner"}},
		{about: "every service of a protocol", zone: "*._tcp SRV 0 0 1 b.example.net."},
		{about: "an IPv4-mapped address", zone: "a AAAA 2001:db8::1\na AAAA ::ffff:192.0.2.1", want: []string{"2 aaaa-mapped"}},

		{about: "an empty text", zone: `@ TXT ""`, want: []string{"1 txt-empty"}},
		{about: "a text with a NUL", zone: `@ TXT "a\000b"`, want: []string{"1 txt-control"}},
		{about: "a policy with a line feed is one mistake", zone: `@ TXT "v=spf1 -all\010"`, want: []string{"1 txt-control"}},
		{about: "a text in quotation marks is one mistake", zone: `@ TXT "\"v=spf1 foo\""`, want: []string{"1 txt-quotes"}},
		{about: "a text with a tab", zone: `@ TXT "a\009b"`, want: []string{"1 txt-control"}},
		{about: "a text with a delete", zone: `@ TXT "a\127b"`, want: []string{"1 txt-control"}},
		{about: "a text between quotation marks that hold more", zone: `@ TXT "\"a\"b\""`, want: []string{"1 txt-quotes"}},
		{about: "a long text in quotation marks", zone: `@ TXT "\"` + strings.Repeat("a", 200) + `\""`, want: []string{"1 txt-quotes"}},
		{about: "a lone quotation mark", zone: `@ TXT "\""`},
		{about: "a text in UTF-8", zone: `@ TXT "\195\188"`},
		{about: "a DKIM key with white space", zone: `a._domainkey TXT "v=DKIM1; p=AB CD"`, want: []string{"1 dkim-blank"}},
		{about: "white space around a DKIM key", zone: `a._domainkey TXT "v=DKIM1; p= ABCD ; t=y"`},
		{about: "white space in a DKIM note", zone: `a._domainkey TXT "v=DKIM1; n=a note; p=ABCD"`},

		{about: "two SPF policies", zone: "@ TXT \"v=spf1 -all\"\n@ TXT \"x\"\n@ TXT \"v=spf1 mx -all\"", want: []string{"3 spf-several 1"}},
		{about: "two SPF policies, one of them lenient", zone: "@ TXT \"v=spf1 -all\"\n~@ TXT \"v=spf1 mx -all\"", want: []string{"2 spf-several 1"}},
		{about: "an SPF policy that cannot be read", zone: `@ TXT "v=spf1 foo"`, want: []string{"1 spf-syntax"}},
		{about: "an SPF policy with ten look-ups", zone: `@ TXT "v=spf1` + strings.Repeat(" include:a.example", 10) + `"`},
		{about: "an SPF policy with eleven", zone: `@ TXT "v=spf1` + strings.Repeat(" include:a.example", 11) + `"`, want: []string{"1 spf-lookups"}},
		{about: "two DMARC policies", zone: "_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1; p=reject\"", want: []string{"2 dmarc-several 1"}},
		{about: "a DMARC policy below a name", zone: `_dmarc.a TXT "v=DMARC1; p=no"`, want: []string{"1 dmarc-syntax"}},
		{about: "a permission to report, which is no policy", zone: `example.net._report._dmarc TXT "v=DMARC1"`},
		{about: "a CAA tag that is not registered", zone: `@ CAA 0 isue "a.example"`, want: []string{"1 caa-tag"}},
		{about: "all the registered CAA tags", zone: `
			@ CAA 0 issue ";"
			@ CAA 0 issuewild "a.example"
			@ CAA 0 issuemail "a.example"
			@ CAA 0 issuevmc "a.example"
			@ CAA 0 contactemail "a@a.example"
			@ CAA 0 contactphone "+1 555"
			@ CAA 0 iodef "https://a.example/report"
			@ CAA 0 iodef "mailto:a@a.example"`},
		{about: "CAA reports to no URL", zone: "@ CAA 0 iodef \"a@a.example\"\n@ CAA 0 iodef \"mailto:\"\n@ CAA 0 iodef \"ftp://a.example\"\n@ CAA 0 iodef \"https:a\"\n@ CAA 0 iodef \":\"", want: []string{"1 caa-iodef", "2 caa-iodef", "3 caa-iodef", "4 caa-iodef", "5 caa-iodef"}},

		{about: "the TTL 0, told once a zone", zone: "ttl 0\na A 192.0.2.1\nb A 192.0.2.1", want: []string{"warning 2 ttl-zero"}},
		{about: "a hundred records of one type", zone: many("a A 192.0.2.%d\n", 100)},
		{about: "a hundred and one", zone: many("a A 192.0.2.%d\n", 101), want: []string{"warning 101 large-rrset"}},
	} {
		t.Run(test.about, func(t *testing.T) {
			if diff := cmp.Diff(test.want, told(Validate([]Zone{zoneOf(t, "example.com", test.zone)}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// many repeats a line for the numbers from 0.
func many(line string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

func TestANameThatNoDNSServesIsHeldWhereAllOfItIsLenient(t *testing.T) {
	for _, test := range []struct {
		about, zone string
		fromLive    bool
		held        []string
		left        int // RRsets
	}{
		{about: "a CNAME beside others", zone: "~a CNAME b\n~a TXT \"x\"\nb A 192.0.2.1", held: []string{"a.example.com."}, left: 1},
		{about: "a CNAME at the apex", zone: "~@ CNAME b\n~@ MX 10 b\nb A 192.0.2.1", held: []string{"example.com."}, left: 1},
		{about: "several CNAME values", zone: "~a CNAME b\n~a CNAME c\nb A 192.0.2.1", held: []string{"a.example.com."}, left: 1},
		{about: "not where one is not lenient", zone: "a CNAME b\n~a TXT \"x\"", left: 2},
		{about: "not a loop, which a DNS serves", zone: "~a CNAME a", left: 1},
		{about: "not what is restored as it was live", zone: "~a CNAME b\n~a TXT \"x\"", fromLive: true, left: 2},
	} {
		t.Run(test.about, func(t *testing.T) {
			zones := []Zone{zoneOf(t, "example.com", test.zone)}
			zones[0].FromLive = test.fromLive
			Validate(zones)
			var held []string
			for _, h := range zones[0].Held {
				held = append(held, h.Name.String())
				if h.Types != nil || h.Reason == "" || h.Position.IsZero() {
					t.Errorf("held as %+v, want everything at the name, with a reason and a place", h)
				}
			}
			if diff := cmp.Diff(test.held, held); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
			if len(zones[0].RRsets) != test.left {
				t.Errorf("%d RRsets are left, want %d", len(zones[0].RRsets), test.left)
			}
		})
	}
}

func TestWhatIsHeldIsNotKnownToBeMissing(t *testing.T) {
	z := zoneOf(t, "example.com", "@ NS ns1\n@ MX 10 mail\n~mail CNAME a\n~mail A 192.0.2.1")
	z.Held = []Held{{Name: MustName("ns1.example.com"), Types: []Type{TypeA}, Reason: "octodns.ignored"}}
	if diff := cmp.Diff([]string{"warning 3 cname-exclusive 4"}, told(Validate([]Zone{z}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestZonesWithinOneAnotherAreCheckedTogether(t *testing.T) {
	for _, test := range []struct {
		about         string
		parent, child string
		absent        bool
		want          []string
	}{
		{about: "a record of the child that stands in the parent", parent: "a.sub A 192.0.2.1", child: "a A 192.0.2.1", want: []string{"1 below-delegation sub.example.com:1"}},
		{about: "with the delegation there too", parent: "sub NS ns.example.net.\na.sub A 192.0.2.1", child: "a A 192.0.2.1", want: []string{"2 below-delegation 1 sub.example.com:1"}},
		{about: "glue of the child in the parent", parent: "sub NS ns.sub.example.com.\nns.sub A 192.0.2.1", child: "@ NS ns\nns A 192.0.2.1"},
		{about: "a child that is to be deleted", parent: "a.sub A 192.0.2.1", absent: true},
	} {
		t.Run(test.about, func(t *testing.T) {
			child := zoneOf(t, "sub.example.com", test.child)
			if test.absent {
				child.State = Absent
			}
			for _, zones := range [][]Zone{
				{zoneOf(t, "example.com", test.parent), child},
				{child, zoneOf(t, "example.net", "a A 192.0.2.1"), zoneOf(t, "example.com", test.parent)},
			} {
				if diff := cmp.Diff(test.want, told(Validate(zones))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestNothingInAFileFromLiveIsRefused(t *testing.T) {
	z := zoneOf(t, "example.com", "@ CNAME a\na CNAME a\na TXT \"\"\n_b A 192.0.2.1\n@ NS ns1\n_x SRV 0 0 0 _y\n@ ALIAS z")
	z.FromLive = true
	problems := Validate([]Zone{z})
	if len(problems) < 6 || problems.Count(Error) > 0 {
		t.Errorf("want warnings alone, and six or more:\n%v", problems)
	}
}

func TestLiveDataThatCannotBeReadIsNoReasonToStop(t *testing.T) {
	z := Zone{Name: MustName("example.com"), FromLive: true}
	for i, typ := range Types() {
		k := Key{MustName(fmt.Sprintf("n%d.example.com", i)), typ}
		z.RRsets = append(z.RRsets, RRset{Key: k, Values: []Value{{Data: Opaque{typ, "?"}, TTL: 60}, {Data: Opaque{typ, "??"}, TTL: 60}}})
	}
	for _, p := range Validate([]Zone{z}) {
		if p.Severity == Error {
			t.Error(p)
		}
	}
}

func TestTheOrderOfZonesChangesNoProblem(t *testing.T) {
	files := map[string]string{
		"example.com": strings.Join([]string{
			"@ CNAME a", "@ MX 10 a", "a CNAME b", "b CNAME a", "@ TXT \"v=spf1 foo\"", "@ TXT \"v=spf1 -all\"", "sub NS ns.example.net.", "x.sub A 192.0.2.1",
			"_a A 192.0.2.1", "a SRV 0 0 0 b", "@ NS ns1", "c CNAME d", "c CNAME e", "l CNAME l", "@ MX 20 l",
		}, "\n"),
		"sub.example.com":   "@ MX 0 .\n@ MX 1 a\ny.x A 192.0.2.1",
		"x.sub.example.com": "a TXT \"\"",
		"example.net":       "a CNAME a",
	}
	names := slices.Sorted(maps.Keys(files))
	validate := func(names []string) string {
		var zones []Zone
		for _, name := range names {
			zones = append(zones, zoneOf(t, name, files[name]))
		}
		return Validate(zones).Error()
	}
	want := validate(names)
	if n := strings.Count(want, "\n"); n < 12 {
		t.Fatalf("the zones have %d problems only:\n%s", n, want)
	}
	rapid.Check(t, func(r *rapid.T) {
		if diff := cmp.Diff(want, validate(rapid.Permutation(names).Draw(r, "order"))); diff != "" {
			r.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
