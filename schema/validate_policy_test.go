package schema

import (
	"strings"
	"testing"
)

func TestParseSPF(t *testing.T) {
	for _, test := range []struct {
		about, text string
		lookups     int
		err         string
	}{
		{about: "the version alone", text: "v=spf1"},
		{about: "the version in capitals", text: "V=SPF1 -ALL"},
		{about: "blanks between and behind", text: "v=spf1  mx   -all ", lookups: 1},
		{about: "each mechanism that asks", text: "v=spf1 a mx ptr include:a.b exists:c.d redirect=e.f", lookups: 6},
		{about: "mechanisms that do not ask", text: "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::1 ip6:2001:db8::/32 ip6:::/0 -all"},
		{about: "an explanation asks only after a failure", text: "v=spf1 -all exp=explain.a.b"},
		{about: "nothing after all is asked", text: "v=spf1 mx -all include:a.b a redirect=c.d", lookups: 1},
		{about: "redirect counts without all", text: "v=spf1 redirect=_spf.example.com", lookups: 1},
		{about: "each qualifier", text: "v=spf1 +a -mx ~ptr ?all", lookups: 3},
		{about: "prefix lengths", text: "v=spf1 a/24 mx//64 a:a.b/24//64 mx:a.b/0 a:a.b//128", lookups: 5},
		{about: "macros", text: "v=spf1 exists:%{ir}.%{v}._spf.%{d2} include:%{d} a:%{l1r-}.a.b/24 exp=%{c}.%%%_%-.a.b", lookups: 3},
		{about: "a delimiter of a macro that is a slash", text: "v=spf1 a:%{d/}.a.b/24", lookups: 1},
		{about: "a domain with its trailing dot", text: "v=spf1 include:example.com. -all", lookups: 1},
		{about: "an underscore in a domain", text: "v=spf1 include:_spf.google.com ~all", lookups: 1},
		{about: "a top-level A-label", text: "v=spf1 include:a.xn--p1ai -all", lookups: 1},
		{about: "an unknown modifier", text: "v=spf1 op=auth x-1.y_z=%{d}!~ -all"},
		{about: "eleven look-ups", text: "v=spf1" + strings.Repeat(" include:a.b", 11), lookups: 11},

		{about: "no blank after the version", text: "v=spf1;mx", err: "blank belongs"},
		{about: "a tab for a blank", text: "v=spf1\tmx", err: "blank belongs"},
		{about: "an unknown mechanism", text: "v=spf1 inlcude:a.b", err: `"inlcude"`},
		{about: "an equals sign for a colon", text: "v=spf1 include=a.b", err: "write include:a.b"},
		{about: "a bare address", text: "v=spf1 192.0.2.1 -all", err: "ip4:"},
		{about: "a dash of a word processor", text: "v=spf1 –all", err: "none of SPF's"},
		{about: "include without a domain", text: "v=spf1 include -all", err: "write include:example.com"},
		{about: "include with nothing after its colon", text: "v=spf1 include: -all", err: "names no domain"},
		{about: "exists with a prefix length", text: "v=spf1 exists/24", err: "names no domain"},
		{about: "all with an argument", text: "v=spf1 all:a.b", err: "after all"},
		{about: "ptr with a prefix length", text: "v=spf1 ptr/24", err: "ptr does not take"},
		{about: "a domain of one label", text: "v=spf1 include:localhost", err: "two labels"},
		{about: "a domain that ends in a number", text: "v=spf1 include:a.123", err: "two labels"},
		{about: "a domain with an empty label", text: "v=spf1 include:a..b", err: "empty label"},
		{about: "an address where a name belongs", text: "v=spf1 a:192.0.2.1", err: "write ip4:"},
		{about: "IPv6 in ip4", text: "v=spf1 ip4:2001:db8::1", err: "ip4:192.0.2.0/24"},
		{about: "IPv4 in ip6", text: "v=spf1 ip6:192.0.2.1", err: "ip6:2001:db8::/32"},
		{about: "ip4 without an address", text: "v=spf1 ip4", err: "no such address"},
		{about: "ip4 without a colon", text: "v=spf1 ip4/24", err: "no such address"},
		{about: "an address out of range", text: "v=spf1 ip4:192.0.2.256", err: "no such address"},
		{about: "a prefix length out of range", text: "v=spf1 ip4:192.0.2.0/33", err: "0 to 32"},
		{about: "an IPv6 prefix length out of range", text: "v=spf1 ip6:2001:db8::/129", err: "0 to 128"},
		{about: "an empty prefix length", text: "v=spf1 ip4:192.0.2.0/", err: "0 to 32"},
		{about: "an empty prefix length of a", text: "v=spf1 a/", err: "prefix length"},
		{about: "a prefix length of a out of range", text: "v=spf1 a:a.b/33", err: "prefix length"},
		{about: "a third prefix length", text: "v=spf1 a/24//64//64", err: "prefix length"},
		{about: "two qualifiers", text: "v=spf1 ~-all", err: "keep one"},
		{about: "a qualifier alone", text: "v=spf1 -", err: "none of SPF's"},
		{about: "a qualifier before a modifier", text: "v=spf1 -redirect=a.b", err: "modifier"},
		{about: "redirect twice", text: "v=spf1 redirect=a.b redirect=c.d", err: "twice"},
		{about: "exp twice", text: "v=spf1 exp=a.b exp=c.d -all", err: "twice"},
		{about: "redirect to nothing", text: "v=spf1 redirect=", err: "names no domain"},
		{about: "an open macro", text: "v=spf1 exists:%{i.a.b", err: "%"},
		{about: "a macro that does not exist", text: "v=spf1 exists:%{x}.a.b", err: "%{x}"},
		{about: "a macro of explanations in a mechanism", text: "v=spf1 exists:%{c}.a.b", err: "%{c}"},
		{about: "a letter that is not ASCII in a domain", text: "v=spf1 include:bücher.example", err: "plain ASCII"},
	} {
		t.Run(test.about, func(t *testing.T) {
			if !IsSPF(test.text) {
				t.Fatal("not taken as SPF at all")
			}
			asking, err := ParseSPF(test.text)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("unexpected error: %v", err)
			case test.err == "" && len(asking) != test.lookups:
				t.Errorf("%d look-ups, want %d: %v", len(asking), test.lookups, asking)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestOtherTextsAreNotTakenAsSPF(t *testing.T) {
	for _, text := range []string{"", "v=spf", "v=spf10 -all", "v=spf1x", "spf2.0/pra -all", " v=spf1 -all", "v=DKIM1"} {
		if IsSPF(text) {
			t.Errorf("%q is", text)
		}
	}
}

func TestParseDMARC(t *testing.T) {
	for _, test := range []struct {
		about, text string
		err         string
	}{
		{about: "the least", text: "v=DMARC1; p=none"},
		{about: "with its last semicolon", text: "v=DMARC1;p=reject;"},
		{about: "white space around everything", text: "v = DMARC1 ; p = quarantine ; sp = none ;"},
		{about: "everything", text: "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=r; pct=50; fo=0:1:d:s; rf=afrf; ri=86400; t=y; psd=n; rua=mailto:a@example.com!10m,mailto:b@example.com; ruf=https://example.com/dmarc"},
		{about: "a policy that is not the second tag", text: "v=DMARC1; rua=mailto:a@example.com; p=none"},
		{about: "a policy in capitals", text: "v=DMARC1; p=Reject"},
		{about: "an unknown tag", text: "v=DMARC1; p=none; x=y"},

		{about: "another text", text: "hello", err: "begin with v=DMARC1"},
		{about: "another version", text: "v=DMARC2; p=none", err: "begin with v=DMARC1"},
		{about: "the version in small letters", text: "v=dmarc1; p=none", err: "begin with v=DMARC1"},
		{about: "the version in second place", text: "p=none; v=DMARC1", err: "begin with v=DMARC1"},
		{about: "a comma for a semicolon", text: "v=DMARC1, p=none", err: "where ; belongs"},
		{about: "no policy", text: "v=DMARC1; rua=mailto:a@example.com", err: "no p="},
		{about: "the version alone", text: "v=DMARC1", err: "no p="},
		{about: "a policy that does not exist", text: "v=DMARC1; p=block", err: `not "block"`},
		{about: "a policy for names below that does not exist", text: "v=DMARC1; p=none; sp=", err: "sp is"},
		{about: "a missing semicolon", text: "v=DMARC1; p=none rua=mailto:a@example.com", err: "a semicolon is missing"},
		{about: "a missing equals sign", text: "v=DMARC1; p none", err: "no tag=value"},
		{about: "two semicolons", text: "v=DMARC1;; p=none", err: "two semicolons"},
		{about: "a tag twice", text: "v=DMARC1; p=none; p=reject", err: "twice"},
		{about: "a percentage over 100", text: "v=DMARC1; p=none; pct=101", err: "pct=101"},
		{about: "a percentage with its sign", text: "v=DMARC1; p=none; pct=50%", err: "pct=50%"},
		{about: "an alignment that does not exist", text: "v=DMARC1; p=none; adkim=strict", err: "r or s"},
		{about: "an interval that is no number", text: "v=DMARC1; p=none; ri=daily", err: "ri=daily"},
		{about: "a failure option that does not exist", text: "v=DMARC1; p=none; fo=1,d", err: "fo=1,d"},
		{about: "a report address without mailto", text: "v=DMARC1; p=none; rua=a@example.com", err: "write mailto:"},
		{about: "a report address without an address", text: "v=DMARC1; p=none; rua=mailto:example.com", err: "names no address"},
		{about: "one bad report address of two", text: "v=DMARC1; p=none; ruf=mailto:a@example.com, b@example.com", err: "b@example.com"},
		{about: "a report size of a unit alone", text: "v=DMARC1; p=none; rua=mailto:a@example.com!m", err: "size"},
		{about: "a report size that is none", text: "v=DMARC1; p=none; rua=mailto:a@example.com!big", err: "size"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := ParseDMARC(test.text)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("unexpected error: %v", err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}
}
