package schema

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDataReadsPresentationForm(t *testing.T) {
	for _, test := range []struct {
		about string
		typ   Type
		text  string
		want  Data
		err   string
	}{
		{about: "an IPv4 address", typ: TypeA, text: "192.0.2.1", want: A{netip.MustParseAddr("192.0.2.1")}},
		{about: "an IPv6 address in its long spelling", typ: TypeAAAA, text: "2001:0DB8:0:0::1", want: AAAA{netip.MustParseAddr("2001:db8::1")}},
		{about: "an IPv4-mapped address stays one", typ: TypeAAAA, text: "::ffff:192.0.2.1", want: AAAA{netip.MustParseAddr("::ffff:192.0.2.1")}},
		{about: "a CNAME in capitals", typ: TypeCNAME, text: "WWW.Example.COM.", want: CNAME{MustName("www.example.com")}},
		{about: "a null MX", typ: TypeMX, text: "0 .", want: MX{0, Root()}},
		{about: "an MX", typ: TypeMX, text: "65535 mail.example.com.", want: MX{65535, MustName("mail.example.com")}},
		{about: "an NS whose host has an escaped dot", typ: TypeNS, text: `a\.b.example.`, want: NS{MustName(`a\.b.example`)}},
		{about: "an SRV", typ: TypeSRV, text: "1 2 3 sip.example.com.", want: SRV{1, 2, 3, MustName("sip.example.com")}},
		{about: "a CAA with its tag in capitals", typ: TypeCAA, text: `128 ISSUE "letsencrypt.org"`, want: CAA{128, "issue", "letsencrypt.org"}},
		{about: "a CAA with nothing in its value", typ: TypeCAA, text: `0 issue ""`, want: CAA{0, "issue", ""}},
		{about: "a CAA with a quotation mark and a semicolon", typ: TypeCAA, text: `0 issue "a\";\\b\195\188"`, want: CAA{0, "issue", `a";\bü`}},
		{about: "a CAA without quotes", typ: TypeCAA, text: `0  issue  letsencrypt.org `, want: CAA{0, "issue", "letsencrypt.org"}},
		{about: "a CAA with two values", typ: TypeCAA, text: `0 issue "a" "b"`, err: "one quoted value"},
		{about: "a CAA with something after its value", typ: TypeCAA, text: `0 issue a b`, err: "one quoted value"},
		{about: "a CAA without a value", typ: TypeCAA, text: `0 issue`, err: "one quoted value"},
		{about: "a CAA with an open quotation mark", typ: TypeCAA, text: `0 issue "a\"`, err: "one quoted value"},
		{about: "a text", typ: TypeTXT, text: `"v=spf1 -all"`, want: TXT{"v=spf1 -all"}},
		{about: "an empty text", typ: TypeTXT, text: `""`, want: TXT{""}},
		{about: "a text in two strings, which is no part of the data", typ: TypeTXT, text: `"ab" "cd"`, want: TXT{"abcd"}},
		{about: "a text without quotes", typ: TypeTXT, text: "abc", want: TXT{"abc"}},
		{about: "a text with every kind of escape", typ: TypeTXT, text: `"\"\\\000\255\;"`, want: TXT{"\"\\\x00\xff;"}},
		{about: "a type that is not managed", typ: "PTR", text: "a.", err: "none that zoneherd manages"},
		{about: "nothing", typ: TypeA, text: "", err: "not well formed"},
		{about: "an address with a prefix length", typ: TypeA, text: "192.0.2.0/24", err: "not well formed"},
		{about: "IPv6 in A", typ: TypeA, text: "2001:db8::1", err: "not well formed"},
		{about: "IPv4 in AAAA", typ: TypeAAAA, text: "192.0.2.1", err: "not well formed"},
		{about: "an MX without a preference", typ: TypeMX, text: "mail.example.com.", err: "not well formed"},
		{about: "a preference out of 16 bits", typ: TypeMX, text: "65536 mail.example.com.", err: "not well formed"},
		{about: "an SRV without its target", typ: TypeSRV, text: "1 2 3", err: "not well formed"},
		{about: "CAA flags over 255", typ: TypeCAA, text: `256 issue "a"`, err: "0 to 255"},
		{about: "a second record on another line", typ: TypeA, text: "192.0.2.1\nfoo 0 IN A 192.0.2.2", err: "not well formed"},
		{about: "a comment", typ: TypeMX, text: "10 mail.example.com. ; the old one", err: "not well formed"},
		{about: "parentheses", typ: TypeMX, text: "( 10 mail.example.com. )", err: "not well formed"},
		{about: "an open quotation mark", typ: TypeTXT, text: `"abc`, err: "not well formed"},
		{about: "an escape over 255 in a text", typ: TypeTXT, text: `"\256"`, err: "backslash"},
		{about: "a CAA tag with a hyphen", typ: TypeCAA, text: `0 is-sue "a"`, err: "letters and digits"},
		{about: "a name with an empty label", typ: TypeCNAME, text: "a..b.", err: "not well formed"},
		{about: "a name without its trailing dot", typ: TypeCNAME, text: "www", want: CNAME{MustName("www")}},
	} {
		t.Run(test.about, func(t *testing.T) {
			got, err := ParseData(test.typ, test.text)
			if test.want == nil {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %#v and error %v, want an error with %q", got, err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
			if got.Type() != test.typ {
				t.Errorf("the type is %s, want %s", got.Type(), test.typ)
			}
		})
	}
}

func TestDataIsWrittenInPresentationForm(t *testing.T) {
	for _, test := range []struct {
		about string
		data  Data
		want  string
	}{
		{"an IPv6 address in its short spelling", AAAA{netip.MustParseAddr("2001:db8:0:0:0:0:0:1")}, "2001:db8::1"},
		{"an IPv4-mapped address", AAAA{netip.MustParseAddr("::ffff:192.0.2.1")}, "::ffff:192.0.2.1"},
		{"an MX", MX{10, MustName("mail.example.com")}, "10 mail.example.com."},
		{"a null SRV", SRV{0, 0, 0, Root()}, "0 0 0 ."},
		{"a CAA", CAA{128, "iodef", `a"b\c`}, `128 iodef "a\"b\\c"`},
		{"a text with bytes that are not ASCII", TXT{"ü\x00\t"}, `"\195\188\000\009"`},
		{"a text of 255 bytes is one string", TXT{strings.Repeat("a", 255)}, `"` + strings.Repeat("a", 255) + `"`},
		{"a text of 256 bytes is two", TXT{strings.Repeat("a", 256)}, `"` + strings.Repeat("a", 255) + `" "a"`},
		{"an empty text is one string", TXT{""}, `""`},
		{"a host with a blank", NS{MustName(`a\ b.example`)}, `a\032b.example.`},
		{"what is not read", Opaque{"ALIAS", "a\tb \"c\""}, `a\009b "c"`},
	} {
		t.Run(test.about, func(t *testing.T) {
			if got := test.data.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestCompareDataOrdersAsAReaderExpects(t *testing.T) {
	mail := MustName("mail.example.com")
	want := []Data{
		A{netip.MustParseAddr("9.0.0.1")},
		A{netip.MustParseAddr("10.0.0.1")},
		AAAA{netip.MustParseAddr("2001:db8::9")},
		AAAA{netip.MustParseAddr("2001:db8::10")},
		Opaque{TypeAAAA, "nonsense"},
		Opaque{"ALIAS", "example.net"},
		CAA{0, "issue", "a"},
		CAA{0, "issue", "b"},
		CAA{0, "issuewild", "a"},
		CNAME{mail},
		MX{9, MustName("z.example.com")},
		MX{10, MustName("a.example.com")},
		MX{10, mail},
		NS{mail},
		SRV{1, 9, 10, mail},
		SRV{1, 10, 9, mail},
		SRV{1, 10, 10, MustName("a.example.com")},
		SRV{1, 10, 10, mail},
		TXT{"a"},
		TXT{"b"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareData)
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b Data) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTargetGivesTheHostOfTheTypesThatHaveOne(t *testing.T) {
	host := MustName("a.example")
	for _, d := range []Data{CNAME{host}, MX{1, host}, NS{host}, SRV{1, 2, 3, host}} {
		if got, ok := Target(d); !ok || got != host {
			t.Errorf("%s: %v, %v", d.Type(), got, ok)
		}
	}
	for _, d := range []Data{A{netip.MustParseAddr("192.0.2.1")}, TXT{"a.example."}, CAA{0, "issue", "a.example"}, Opaque{"CNAME", "a.example"}} {
		if got, ok := Target(d); ok {
			t.Errorf("%s has the target %v", d.Type(), got)
		}
	}
}

func TestEveryTypeOfTypesIsManagedAndNoOther(t *testing.T) {
	for _, typ := range Types() {
		if !typ.Managed() {
			t.Errorf("%s is listed and not managed", typ)
		}
	}
	if !slices.IsSorted(Types()) {
		t.Errorf("not in order: %v", Types())
	}
	for _, typ := range []Type{"", "a", "PTR", "SOA", "ALIAS"} {
		if typ.Managed() {
			t.Errorf("%q is managed", typ)
		}
	}
}

func TestScalarsAreReadWithAMessageToActOn(t *testing.T) {
	v4 := func(text string) (string, error) { a, err := ParseIPv4(text); return a.String(), err }
	v6 := func(text string) (string, error) { a, err := ParseIPv6(text); return a.String(), err }
	ttl := func(text string) (string, error) { n, err := ParseTTL(text); return strconv.Itoa(int(n)), err }
	number := func(text string) (string, error) {
		n, err := ParseNumber("port", text)
		return MX{n, Root()}.String(), err
	}
	caa := func(flags, tag string) func(string) (string, error) {
		return func(value string) (string, error) { d, err := ParseCAA(flags, tag, value); return d.String(), err }
	}
	for _, test := range []struct {
		about     string
		parse     func(string) (string, error)
		text      string
		want, err string
	}{
		{about: "IPv4", parse: v4, text: "192.0.2.1", want: "192.0.2.1"},
		{about: "IPv4 with leading zeros", parse: v4, text: "192.0.02.1", err: "leading zeros"},
		{about: "IPv4 with a prefix length", parse: v4, text: "192.0.2.0/24", err: "prefix length"},
		{about: "IPv4 with three numbers", parse: v4, text: "192.0.2", err: "no IPv4 address"},
		{about: "IPv4 with a blank", parse: v4, text: " 192.0.2.1", err: "no IPv4 address"},
		{about: "two IPv4 addresses", parse: v4, text: "192.0.2.1, 192.0.2.2", err: "values: [192.0.2.1, 192.0.2.2]"},
		{about: "two with a comma alone", parse: v4, text: "192.0.2.1,192.0.2.2", err: "2 addresses"},
		{about: "two with a semicolon", parse: v4, text: "192.0.2.1;192.0.2.2", err: "2 addresses"},
		{about: "two with a tab", parse: v4, text: "192.0.2.1\t192.0.2.2", err: "2 addresses"},
		{about: "an address and something else", parse: v4, text: "192.0.2.1 example.com", err: "no IPv4 address"},
		{about: "IPv6 in A", parse: v4, text: "2001:db8::1", err: "use AAAA"},
		{about: "an IPv4-mapped address in A", parse: v4, text: "::ffff:192.0.2.1", err: "use AAAA"},
		{about: "IPv6", parse: v6, text: "2001:DB8::01", want: "2001:db8::1"},
		{about: "IPv6 with a zone id", parse: v6, text: "fe80::1%eth0", err: "zone id"},
		{about: "IPv6 with a prefix length", parse: v6, text: "2001:db8::/32", err: "prefix length"},
		{about: "IPv6 in brackets", parse: v6, text: "[2001:db8::1]", err: "no IPv6 address"},
		{about: "IPv4 in AAAA", parse: v6, text: "192.0.2.1", err: "use A"},
		{about: "two IPv6 addresses", parse: v6, text: "2001:db8::1 2001:db8::2", err: "2 addresses"},
		{about: "a TTL", parse: ttl, text: "3", want: "3"},
		{about: "the largest TTL", parse: ttl, text: "2147483647", want: "2147483647"},
		{about: "a TTL over it", parse: ttl, text: "2147483648", err: "over 2147483647"},
		{about: "a TTL over 64 bits", parse: ttl, text: "99999999999999999999", err: "over 2147483647"},
		{about: "a negative TTL", parse: ttl, text: "-1", err: "whole number"},
		{about: "a TTL with a sign", parse: ttl, text: "+1", err: "whole number"},
		{about: "a TTL with a unit", parse: ttl, text: "1h", err: "whole number"},
		{about: "a number", parse: number, text: "65535", want: "65535 ."},
		{about: "a number over 16 bits", parse: number, text: "65536", err: `the port "65536"`},
		{about: "a number with a sign", parse: number, text: "+5", err: "whole number"},
		{about: "no number", parse: number, text: "", err: "whole number"},
		{about: "a CAA", parse: caa("128", "Issue"), text: "a", want: `128 issue "a"`},
		{about: "CAA flags over 255", parse: caa("256", "issue"), text: "a", err: "0 to 255"},
		{about: "a CAA tag with a hyphen", parse: caa("0", "is-sue"), text: "a", err: "letters and digits"},
		{about: "no CAA tag", parse: caa("0", ""), text: "a", err: "letters and digits"},
	} {
		t.Run(test.about, func(t *testing.T) {
			got, err := test.parse(test.text)
			checkParsed(t, got, err, test.want, test.err)
		})
	}
}

func TestTextFitsIntoOneRecord(t *testing.T) {
	if _, err := ParseText(strings.Repeat("a", MaxText)); err != nil {
		t.Errorf("%d bytes: %v", MaxText, err)
	}
	if _, err := ParseText(strings.Repeat("a", MaxText+1)); err == nil {
		t.Errorf("%d bytes are taken, and their RDATA is over 65535 bytes", MaxText+1)
	}
}
