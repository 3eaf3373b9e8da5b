package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseName(t *testing.T) {
	label63, label64 := strings.Repeat("a", 63), strings.Repeat("a", 64)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("a", 61)
	for _, test := range []struct {
		about, text string
		want        string // canonical form
		err         string // part of the message, where it fails
	}{
		{about: "a name with its trailing dot", text: "example.com.", want: "example.com."},
		{about: "a name without it is the same", text: "example.com", want: "example.com."},
		{about: "the root", text: ".", want: "."},
		{about: "case is folded", text: "WWW.Example.COM", want: "www.example.com."},
		{about: "an underscore label is no matter of IDNA", text: "_DMARC.example.com", want: "_dmarc.example.com."},
		{about: "a wildcard is a label like others", text: "*.Example.com", want: "*.example.com."},
		{about: "an A-label is kept", text: "xn--bcher-kva.example", want: "xn--bcher-kva.example."},
		{about: "an A-label is kept even where it decodes to nothing", text: "xn--a.example", want: "xn--a.example."},
		{about: "an A-label in capitals is folded", text: "XN--BCHER-KVA.example", want: "xn--bcher-kva.example."},
		{about: "a U-label becomes its A-label", text: "bücher.example", want: "xn--bcher-kva.example."},
		{about: "a U-label in capitals is the same name", text: "BÜCHER.example", want: "xn--bcher-kva.example."},
		{about: "a decomposed U-label is the same name", text: "bu\u0308cher.example", want: "xn--bcher-kva.example."},
		{about: "a fullwidth label is mapped to plain letters", text: "ｗｗｗ.example", want: "www.example."},
		{about: "ß is kept apart from ss", text: "straße.example", want: "xn--strae-oqa.example."},
		{about: "final sigma is kept apart", text: "βόλος.com", want: "xn--nxasmm1c.com."},
		{about: "an emoji is a label that registries sell", text: "i❤.ws", want: "xn--i-7iq.ws."},
		{about: "only labels that are not ASCII go through IDNA", text: "_Dienst.bücher.example", want: "_dienst.xn--bcher-kva.example."},
		{about: "right-to-left labels pass", text: "מכון.example", want: "xn--9dblig.example."},
		{about: "a label of digits", text: "0x10.123", want: "0x10.123."},
		{about: "an escaped dot is part of the label", text: `john\.doe.example.com`, want: `john\.doe.example.com.`},
		{about: "an escaped dot in decimal is the same", text: `john\046doe.example.com`, want: `john\.doe.example.com.`},
		{about: "an escaped letter is the letter", text: `\w\w\w.example`, want: "www.example."},
		{about: "an escaped letter in decimal is folded too", text: `\087ww.example`, want: "www.example."},
		{about: "an escaped byte keeps its decimal form", text: `a\000b\255.example`, want: `a\000b\255.example.`},
		{about: "an escaped blank is a byte of the label", text: `a\032b.example`, want: `a\032b.example.`},
		{about: "an escaped backslash at the end of a label", text: `a\\.example.`, want: `a\\.example.`},
		{about: "an escaped dot at the very end does not make the name absolute", text: `a\.`, want: `a\..`},
		{about: "a label of 63 bytes", text: label63 + ".example", want: label63 + ".example."},
		{about: "a label of 63 bytes that are escapes", text: strings.Repeat(`\200`, 63) + ".example", want: strings.Repeat(`\200`, 63) + ".example."},
		{about: "a name of 253 bytes", text: name253, want: name253 + "."},

		{about: "nothing", text: "", err: "is empty"},
		{about: "two dots in the middle", text: "a..b", err: "empty label"},
		{about: "two dots at the end", text: "a.b..", err: "empty label"},
		{about: "two dots alone", text: "..", err: "empty label"},
		{about: "a dot at the front", text: ".a", err: "empty label"},
		{about: "a blank", text: "a b.example", err: "white space"},
		{about: "a line feed", text: "a.example\n", err: "white space"},
		{about: "a control character", text: "a\x01.example", err: "control character"},
		{about: "a non-breaking blank", text: "a\u00a0b.example", err: "internationalised"},
		{about: "an ideographic full stop hidden in a label", text: "a。b.example", err: "internationalised"},
		{about: "a fullwidth full stop hidden in a label", text: "ｗｗｗ．example", err: "internationalised"},
		{about: "bytes that are not UTF-8", text: "a\xff.example", err: "internationalised"},
		{about: "mixed directions", text: "אa.example", err: "internationalised"},
		{about: "a soft hyphen alone", text: "\u00ad.example", err: "internationalised"},
		{about: "a lone backslash", text: `a\`, err: "backslash"},
		{about: "an escape over 255", text: `a\256.example`, err: "escape"},
		{about: "an escape of two digits", text: `a\25.example`, err: "escape"},
		{about: "a label of 64 bytes", text: label64 + ".example", err: "64 bytes"},
		{about: "a label of 64 escapes", text: strings.Repeat(`\200`, 64) + ".example", err: "63 bytes"},
		{about: "a U-label whose A-label is over 63 bytes", text: strings.Repeat("ü", 60) + ".example", err: "label"},
		{about: "a name of 254 bytes", text: name253 + "a", err: "254 bytes"},
	} {
		t.Run(test.about, func(t *testing.T) {
			n, err := ParseName(test.text)
			checkParsed(t, n.String(), err, test.want, test.err)
		})
	}
}

// checkParsed compares a canonical form, or the error where one is wanted.
func checkParsed(t *testing.T, got string, err error, want, wantErr string) {
	t.Helper()
	switch {
	case wantErr == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case wantErr == "" && got != want:
		t.Errorf("got %q, want %q", got, want)
	case wantErr != "" && err == nil:
		t.Errorf("got %q, want an error with %q", got, wantErr)
	case wantErr != "" && !strings.Contains(err.Error(), wantErr):
		t.Errorf("got error %q, want one with %q", err, wantErr)
	}
}

func TestParseOwner(t *testing.T) {
	for _, test := range []struct {
		about, text string
		want, err   string
	}{
		{about: "@ is the apex", text: "@", want: "example.com."},
		{about: "nothing is the apex, as in octoDNS", text: "", want: "example.com."},
		{about: "a label is relative", text: "www", want: "www.example.com."},
		{about: "dots do not make it absolute", text: "a.b.c", want: "a.b.c.example.com."},
		{about: "not even the zone's own name", text: "www.example.com", want: "www.example.com.example.com."},
		{about: "a trailing dot does", text: "WWW.Example.com.", want: "www.example.com."},
		{about: "the apex in full", text: "example.com.", want: "example.com."},
		{about: "an escaped trailing dot does not", text: `www\.`, want: `www\..example.com.`},
		{about: "an escaped backslash before the trailing dot does", text: `a\\.`, err: "outside the zone"},
		{about: "a wildcard", text: "*.dev", want: "*.dev.example.com."},
		{about: "an escaped @ is a label", text: `\@`, want: `\@.example.com.`},
		{about: "the root", text: ".", err: "DNS root"},
		{about: "a name outside", text: "www.example.net.", err: "outside the zone"},
		{about: "a name that merely ends alike", text: "myexample.com.", err: "outside the zone"},
		{about: "a name that ends alike behind an escaped dot", text: `my\.example.com.`, err: "outside the zone"},
		{about: "too long with the zone", text: strings.Repeat("a.", 122), err: "outside"},
		{about: "too long below the zone", text: strings.Repeat("a.", 121) + "a", err: "255 bytes"},
	} {
		t.Run(test.about, func(t *testing.T) {
			n, err := ParseOwner(test.text, MustName("example.com"))
			checkParsed(t, n.String(), err, test.want, test.err)
		})
	}
}

func TestParseHost(t *testing.T) {
	for _, test := range []struct {
		about, text string
		want, err   string
	}{
		{about: "@ is the apex", text: "@", want: "example.com."},
		{about: "no dot at all is relative", text: "mail", want: "mail.example.com."},
		{about: "dots make it absolute", text: "mail.example.net", want: "mail.example.net."},
		{about: "so does a trailing dot", text: "mail.", want: "mail."},
		{about: "a lone dot is the root", text: ".", want: "."},
		{about: "an escaped dot is none", text: `a\.b`, want: `a\.b.example.com.`},
		{about: "a U-label is relative too", text: "bücher", want: "xn--bcher-kva.example.com."},
		{about: "nothing", text: "", err: "empty"},
		{about: "two dots", text: "..", err: "empty label"},
		{about: "a blank", text: "10 mail", err: "white space"},
	} {
		t.Run(test.about, func(t *testing.T) {
			n, err := ParseHost(test.text, MustName("example.com"))
			checkParsed(t, n.String(), err, test.want, test.err)
		})
	}
}

func TestNamesBelowTheRootAreTheirOwnNames(t *testing.T) {
	n, err := ParseOwner("www", Root())
	if err != nil || n != MustName("www") {
		t.Errorf("got %v, %v", n, err)
	}
	if got := MustName("www.example").Relative(Root()); got != "www.example" {
		t.Errorf("relative to the root: %q", got)
	}
}

func TestPartsOfNames(t *testing.T) {
	for _, test := range []struct {
		about, name   string
		label, parent string
		wildcard      bool
		host          bool
		display       string
		unicode       string
	}{
		{about: "a plain name", name: "www.example.com", label: "www", parent: "example.com.", host: true, display: "www.example.com", unicode: "www.example.com"},
		{about: "a top-level domain", name: "com", label: "com", parent: ".", host: true, display: "com", unicode: "com"},
		{about: "the root", name: ".", label: "", parent: ".", display: ".", unicode: "."},
		{about: "an escaped dot", name: `a\.b.c`, label: `a\.b`, parent: "c.", display: `a\.b.c`, unicode: `a\.b.c`},
		{about: "an escaped backslash", name: `a\\.c`, label: `a\\`, parent: "c.", display: `a\\.c`, unicode: `a\\.c`},
		{about: "an escaped byte", name: `a\000.c`, label: `a\000`, parent: "c.", display: `a\000.c`, unicode: `a\000.c`},
		{about: "a wildcard", name: "*.example.com", label: "*", parent: "example.com.", wildcard: true, host: true, display: "*.example.com", unicode: "*.example.com"},
		{about: "a star inside a label is no wildcard", name: "a*.example.com", label: "a*", parent: "example.com.", display: "a*.example.com", unicode: "a*.example.com"},
		{about: "a star further right is no host name", name: "a.*.example.com", label: "a", parent: "*.example.com.", display: "a.*.example.com", unicode: "a.*.example.com"},
		{about: "an underscore is no host name", name: "_a.example.com", label: "_a", parent: "example.com.", display: "_a.example.com", unicode: "_a.example.com"},
		{about: "a hyphen at an edge is no host name", name: "a-.example.com", label: "a-", parent: "example.com.", display: "a-.example.com", unicode: "a-.example.com"},
		{about: "an A-label is shown in Unicode", name: "xn--bcher-kva.example", label: "xn--bcher-kva", parent: "example.", host: true, display: "xn--bcher-kva.example", unicode: "bücher.example"},
		{about: "what does not decode is shown as it is", name: "xn--a-0000.xn--bcher-kva", label: "xn--a-0000", parent: "xn--bcher-kva.", host: true, display: "xn--a-0000.xn--bcher-kva", unicode: "xn--a-0000.bücher"},
		{about: "what would turn the writing direction is shown as it is", name: "xn--a-pin.example", label: "xn--a-pin", parent: "example.", host: true, display: "xn--a-pin.example", unicode: "xn--a-pin.example"},
		{about: "an emoji is shown", name: "xn--i-7iq.ws", label: "xn--i-7iq", parent: "ws.", host: true, display: "xn--i-7iq.ws", unicode: "i❤.ws"},
	} {
		t.Run(test.about, func(t *testing.T) {
			n := MustName(test.name)
			type parts struct {
				Label, Parent    string
				Wildcard, Host   bool
				Display, Unicode string
			}
			want := parts{test.label, test.parent, test.wildcard, test.host, test.display, test.unicode}
			got := parts{n.Label(), n.Parent().String(), n.IsWildcard(), n.IsHost(), n.Display(), n.Unicode()}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestInAndRelative(t *testing.T) {
	for _, test := range []struct {
		about, name, zone string
		in                bool
		relative          string
	}{
		{about: "the apex", name: "example.com", zone: "example.com", in: true, relative: "@"},
		{about: "a name below", name: "a.b.example.com", zone: "example.com", in: true, relative: "a.b"},
		{about: "a name that ends alike", name: "myexample.com", zone: "example.com", relative: "myexample.com."},
		{about: "a name above", name: "com", zone: "example.com", relative: "com."},
		{about: "a name elsewhere", name: "example.net", zone: "example.com", relative: "example.net."},
		{about: "an escaped dot is no boundary", name: `a\.example.com`, zone: "example.com", relative: `a\.example.com.`},
		{about: "an escaped backslash before the boundary is", name: `a\\.example.com`, zone: "example.com", in: true, relative: `a\\`},
		{about: "a backslash in decimal form before the boundary is", name: `a\092.example.com`, zone: "example.com", in: true, relative: `a\\`},
		{about: "everything is below the root", name: "a.b", zone: ".", in: true, relative: "a.b"},
		{about: "the root in itself", name: ".", zone: ".", in: true, relative: "@"},
		{about: "the root elsewhere", name: ".", zone: "example.com", relative: "."},
	} {
		t.Run(test.about, func(t *testing.T) {
			name, zone := MustName(test.name), MustName(test.zone)
			if got := name.In(zone); got != test.in {
				t.Errorf("In is %v, want %v", got, test.in)
			}
			if got, want := name.Below(zone), test.in && name != zone; got != want {
				t.Errorf("Below is %v, want %v", got, want)
			}
			if got := name.Relative(zone); got != test.relative {
				t.Errorf("Relative is %q, want %q", got, test.relative)
			}
		})
	}
}

// The order of RFC 4034 section 6.1, with its own example.
func TestCompareOrdersNamesAsDNSSECDoes(t *testing.T) {
	want := []string{
		"example.", "a.example.", "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.",
		"z.example.", `\001.z.example.`, "*.z.example.", `\200.z.example.`,
	}
	var names []Name
	for _, text := range want {
		names = append(names, MustName(text))
	}
	for i := range names {
		for j := range names {
			if got, want := names[i].Compare(names[j]), compareInts(i, j); got != want {
				t.Errorf("%s against %s: %d, want %d", names[i], names[j], got, want)
			}
		}
	}
	slices.Reverse(names)
	slices.SortFunc(names, Name.Compare)
	var got []string
	for _, n := range names {
		got = append(got, n.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if Root().Compare(names[0]) >= 0 || names[0].Compare(Root()) <= 0 {
		t.Error("the root does not come first")
	}
}

func TestCompareOfEscapesGoesByTheBytesTheyStandFor(t *testing.T) {
	for _, test := range []struct{ less, more string }{
		{"a.example", `a\000.example`},
		{`a\000.example`, `a\001.example`},
		{`\000.example`, "a.example"},
		{`a\.b.example`, "aa.example"},
		{`\255.example`, `a.\255.example`},
		{"z.example", `\255.example`},
	} {
		less, more := MustName(test.less), MustName(test.more)
		if less.Compare(more) != -1 || more.Compare(less) != 1 {
			t.Errorf("%s is not before %s", less, more)
		}
	}
}

func compareInts(i, j int) int {
	switch {
	case i < j:
		return -1
	case i > j:
		return 1
	}
	return 0
}

func TestANameIsTextInJSON(t *testing.T) {
	n := MustName(`a\.b.Bücher.example`)
	text, err := n.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back Name
	if err := back.UnmarshalText(text); err != nil || back != n {
		t.Errorf("%q came back as %q, %v", n, back, err)
	}
	if err := back.UnmarshalText(nil); err != nil || !back.IsZero() {
		t.Errorf("nothing came back as %q, %v", back, err)
	}
	if err := back.UnmarshalText([]byte("a..b")); err == nil {
		t.Error("a bad name is taken")
	}
}
