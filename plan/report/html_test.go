package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// sinceBase is a document with what only a plan with a base says.
func sinceBase(t testing.TB) *report.Document {
	p := plan.New([]plan.Input{
		{
			Desired: desired(t, "busy.example",
				rec{"@", "MX", "10 mail.busy.example.", 300}, rec{"mail", "A", "192.0.2.26", 300}, rec{"www", "A", "192.0.2.9", 300},
				rec{"done", "A", "192.0.2.7", 300}, rec{"*.dev", "CNAME", "mail.busy.example.", 300}),
			Live: live(t, "busy.example",
				rec{"@", "MX", "20 mail.busy.example.", 300}, rec{"mail", "A", "192.0.2.25", 300}, rec{"www", "A", "192.0.2.8", 300},
				rec{"done", "A", "192.0.2.7", 300}, rec{"*.dev", "CNAME", "mail.busy.example.", 600}),
			Base: &plan.Base{Zone: desired(t, "busy.example",
				rec{"@", "MX", "10 mail.busy.example.", 300}, rec{"mail", "A", "192.0.2.25", 300}, rec{"www", "A", "192.0.2.2", 300},
				rec{"done", "A", "192.0.2.6", 300}, rec{"*.dev", "CNAME", "mail.busy.example.", 300})},
		},
	}, []schema.Name{schema.MustName("former.example"), schema.MustName("other.example")}, plan.Options{
		Loosened: []plan.Loosening{{Setting: "guards.max-deletes", Was: "at most 10 % of a zone's RRsets were deleted", Is: "20 %, once it is merged", Position: schema.Position{File: "zoneherd.yaml", Line: 5, Column: 10}}},
	})
	p.Undeclared = []schema.Name{schema.MustName("former.example")}
	about := about
	about.Base, about.Dirty, about.Files = "89abcdef0123456789abcdef0123456789abcdef", false, "https://git.example/zones/blob/0123456789abcdef0123456789abcdef01234567/"
	return report.NewDocument(p, about)
}

func pageOf(t testing.TB, d *report.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ownText is what is the same in every page, and its hashes.
var ownText = regexp.MustCompile(`(?s)<(style|script)>.*?</|sha256-[^=]*=`)

func TestHTMLOfAPlan(t *testing.T) {
	for file, d := range map[string]*report.Document{
		"testdata/plan.html":  report.NewDocument(example(t), about),
		"testdata/base.html":  sinceBase(t),
		"testdata/empty.html": report.NewDocument(plan.New(nil, nil, plan.Options{}), report.About{}),
	} {
		page := ownText.ReplaceAllString(pageOf(t, d), "<$1>…</")
		golden(t, file, []byte(page))
	}
}

func TestThePolicyNamesWhatThePageRuns(t *testing.T) {
	doc := parse(t, pageOf(t, sinceBase(t)))
	var policy string
	own := map[string][]string{}
	for n := range doc.Descendants() {
		switch {
		case isElement(n, "meta") && attr(n, "http-equiv") == "Content-Security-Policy":
			policy = attr(n, "content")
		case isElement(n, "style"), isElement(n, "script"):
			sum := sha256.Sum256([]byte(n.FirstChild.Data))
			own[n.Data] = append(own[n.Data], base64.StdEncoding.EncodeToString(sum[:]))
		}
	}
	if len(own["style"]) != 1 || len(own["script"]) != 1 {
		t.Fatalf("the page has %d styles and %d scripts", len(own["style"]), len(own["script"]))
	}
	want := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'", own["style"][0], own["script"][0])
	if policy != want {
		t.Errorf("policy: %s\nwant:   %s", policy, want)
	}
}

func TestPositionsAreLinksToWhereTheFilesAre(t *testing.T) {
	for _, test := range []struct{ files, file, want string }{
		{"https://git.example/o/r/blob/1/", "zones/a.yaml", "https://git.example/o/r/blob/1/zones/a.yaml#L2"},
		{"http://git.example/o/r/blob/1", "a b/ü#?%.yaml", "http://git.example/o/r/blob/1/a%20b/%C3%BC%23%3F%25.yaml#L2"},
		{"https://git.example/", "javascript:alert(1)", "https://git.example/javascript:alert%281%29#L2"},
		{"https://git.example/", "/etc/zones/a.yaml", ""},
		{"javascript:alert(1)//", "a.yaml", ""},
		{"data:text/html,", "a.yaml", ""},
		{"//git.example/", "a.yaml", ""},
		{"https:git.example", "a.yaml", ""},
		{"", "a.yaml", ""},
	} {
		d := &report.Document{Files: test.files, Loosened: []report.Loosening{{Setting: "prune", Position: &schema.Position{File: test.file, Line: 2, Column: 1}}}}
		got := ""
		doc := parse(t, pageOf(t, d))
		for n := range doc.Descendants() {
			if isElement(n, "a") && !strings.HasPrefix(attr(n, "href"), "#") {
				got = attr(n, "href")
			}
		}
		if got != test.want {
			t.Errorf("%s below %s is at %q, want %q", test.file, test.files, got, test.want)
		}
		if !strings.Contains(text(doc), test.file+":2:1") {
			t.Errorf("%s is not shown", test.file)
		}
	}
}

func TestTheDifferingPartIsMarked(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{"192.0.2.24", "192.0.2.25", "was 192.0.2.[24] now 192.0.2.[25]"},
		{"192.0.2.2", "192.0.2.24", "was 192.0.2.[2] now 192.0.2.[24]"},
		{"10 a.example.", "20 b.example.", "was [10 a].example. now [20 b].example."},
		{"110 a.", "10 a.", "was [110] a. now [10] a."},
		{`"abc"`, `"abxc"`, `was "abc" now "ab[x]c"`},
		{"aa", "aaa", "was aa now aa[a]"},
		{"ü", "û", "was [ü] now [û]"},
		{"ȼ", "ü", "was [ȼ] now [ü]"},
		{"a", "", "was [a] now "},
	} {
		d := &report.Document{Zones: []report.Zone{{Zone: "a.example", Changes: []report.Change{{
			Action: "update", Name: "@", Before: &report.Record{Data: test.before}, After: &report.Record{Data: test.after},
		}}}}}
		page := pageOf(t, d)
		page = strings.NewReplacer("<del>", "[", "</del>", "]", "<ins>", "[", "</ins>", "]").Replace(page)
		var sides []string
		for n := range parse(t, page).Descendants() {
			if isElement(n, "p") && attr(n, "class") == "side" {
				sides = append(sides, text(n))
			}
		}
		if got := strings.Join(sides, " "); got != test.want {
			t.Errorf("%s → %s: %s, want %s", test.before, test.after, got, test.want)
		}
	}
}

// TestThePageHasEnoughContrast computes what WCAG 2.2 asks for in 1.4.3, in
// both colour schemes.
func TestThePageHasEnoughContrast(t *testing.T) {
	page := pageOf(t, &report.Document{})
	light := map[string]float64{}
	for i, scheme := range regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(page, -1) {
		shade := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+): #(\w{2})(\w{2})(\w{2});`).FindAllStringSubmatch(scheme, -1) {
			shade[m[1]] = 0.2126*linear(t, m[2]) + 0.7152*linear(t, m[3]) + 0.0722*linear(t, m[4])
		}
		if i == 0 {
			light = shade
		}
		if len(shade) < 10 || i > 0 && shade["page"] >= light["page"] {
			t.Fatalf("these are not the colours of a scheme: %s", scheme)
		}
		for ground, inks := range map[string][]string{
			"page": {"text", "faint", "link", "create", "update", "delete"}, "look": {"text", "faint", "link", "update", "delete"},
			"raised": {"text"}, "was": {"text"}, "now": {"text"},
		} {
			for _, ink := range inks {
				a, b := shade[ground], shade[ink]
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("scheme %d: %s on %s has a contrast of %.2f", i, ink, ground, ratio)
				}
			}
		}
	}
}

// linear is a channel of sRGB as light.
func linear(t *testing.T, hex string) float64 {
	v, err := strconv.ParseUint(hex, 16, 8)
	if err != nil {
		t.Fatal(err)
	}
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// FuzzHTML puts hostile text wherever a document has text, and wants the page
// to be the one that harmless text makes: no element, attribute or link comes
// from data.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"plain", `"><script>alert(1)</script>`, `' onmouseover='alert(1)`, "</style></script><!--", "{{.}}${1}`", "javascript:alert(1)",
		"\x00\x1b[31m\r\n\u202e\u2066\u200b\xff", "n--bcher-kva", "&lt;b&gt;&amp;", "<a href=//x.example>", "../../..", "]]><![CDATA[", "ü\u0301🙂", "##[group]",
	} {
		f.Add(s, "https://git.example/")
	}
	f.Add("x", "javascript:alert(1)//")
	f.Add("x", `https://git.example/"><b>`)
	f.Fuzz(func(t *testing.T, s, files string) {
		page := pageOf(t, filled(s, files))
		doc := parse(t, page)
		got := structure(doc)
		if !slices.Equal(got, structure(parse(t, pageOf(t, filled("", ""))))) && !slices.Equal(got, structure(parse(t, pageOf(t, filled("", "https://git.example/"))))) {
			t.Errorf("the page of %q has another structure than a harmless one:\n%s", s, cmp.Diff(structure(parse(t, pageOf(t, filled("", files)))), got))
		}
		for n := range doc.Descendants() {
			href := attr(n, "href")
			if isElement(n, "a") && !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "http://") {
				t.Errorf("%q is a link", href)
			}
		}
		if shown := report.Inert("x" + s); strings.Count(text(doc), shown) < 20 {
			t.Errorf("%q is not shown everywhere", shown)
		}
		if strings.Contains(page, "##[") {
			t.Errorf("the page of %q may be a command to GitHub's runner", s)
		}
		for _, r := range page {
			if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b {
				t.Errorf("the page of %q holds %U", s, r)
			}
		}
	})
}

// filled is a document all of whose text has s in it.
func filled(s, files string) *report.Document {
	x := "x" + s
	at := &schema.Position{File: x, Line: 1, Column: 1}
	before, after := &report.Record{Data: "b" + x, TTL: 60}, &report.Record{Data: "a" + x, TTL: 300}
	risks := []report.Risk{{Kind: x, Reason: x}}
	kept := []report.Kept{{Name: x, Type: x, Records: 1, Reason: x}}
	many := slices.Repeat(kept, 6)
	return &report.Document{
		Commit: &x, Dirty: true, Base: &x, Live: x, Digest: plan.Digest(x), Files: files,
		Loosened: []report.Loosening{{Setting: x, Was: x, Is: x, Position: at}},
		Zones: []report.Zone{{
			Zone: x, Action: "create", Warnings: []string{x}, Refused: []report.Refusal{{Guard: x, Reason: x, Override: x}},
			AlreadyLive: kept, Unmanaged: kept, Opaque: many,
			Changes: []report.Change{
				{Action: "create", Name: x, Type: x, After: after, Cause: x, Risks: risks, Position: at},
				{Action: "update", Name: x, Type: x, Before: before, After: after, Cause: x, Position: at},
				{Action: x, Name: x, Type: x, Before: before, Cause: x, Risks: risks},
			},
		}, {Zone: x, Action: x}},
		UnmanagedZones: []string{"m" + x}, UndeclaredZones: []string{"u" + x}, Summary: report.Summary{Writes: 4, Drift: 1, Conflict: 1},
	}
}

// structure lists a page's elements with their attributes, without what marks a
// part of the data. The values of attributes that carry data are left out.
func structure(doc *html.Node) []string {
	var out []string
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			out = append(out, "comment")
		case n.Type == html.ElementNode && n.Data != "del" && n.Data != "ins" && n.Data != "bdi":
			line := n.Data
			for _, a := range n.Attr {
				line += " " + a.Key
				if !strings.HasPrefix(a.Key, "data-") && a.Key != "href" {
					line += "=" + a.Val
				}
			}
			out = append(out, line)
		}
	}
	return out
}

func parse(t testing.TB, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func isElement(n *html.Node, tag string) bool { return n.Type == html.ElementNode && n.Data == tag }

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// large is a document with n changes in zones of different sizes.
func large(n int) *report.Document {
	d := &report.Document{Digest: "sha256:0", Summary: report.Summary{Update: n, Writes: n}, Files: "https://git.example/zones/blob/0123456789abcdef/"}
	for size := n / 2; n > 0; n, size = n-size, min(n-size, max(size/2, 3)) {
		z := report.Zone{Zone: fmt.Sprintf("zone%d.example", len(d.Zones)), Action: "none"}
		for i := range size {
			c := report.Change{
				Action: "update", Name: fmt.Sprintf("host%05d", i), Type: "A", Wave: 1, Cause: "intended",
				Before:   &report.Record{Data: fmt.Sprintf("192.0.2.%d", i%250), TTL: 3600},
				After:    &report.Record{Data: fmt.Sprintf("198.51.100.%d", i%250), TTL: 3600},
				Position: &schema.Position{File: "zones/" + z.Zone + ".yaml", Line: i + 3, Column: 5},
			}
			if i%20 == 0 {
				c.Risks = []report.Risk{{Kind: "dangling", Reason: "www." + z.Zone + " goes on pointing at the name"}}
			}
			z.Changes = append(z.Changes, c)
		}
		d.Zones = append(d.Zones, z)
	}
	return d
}

func BenchmarkHTML(b *testing.B) {
	d := large(10_000)
	size := len(pageOf(b, d))
	b.ReportAllocs()
	for b.Loop() {
		if err := report.HTML(io.Discard, d); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size)/1e6, "MB/page")
}
