package report_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	ghtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

func markdown(t testing.TB, d *report.Document, opts report.MarkdownOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Markdown(&b, d, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// threeWay is a plan with a base, and all that comes with one.
func threeWay(t testing.TB) *plan.Plan {
	base := desired(t, "a.example", rec{"www", "A", "192.0.2.1", 300}, rec{"meets", "A", "192.0.2.1", 300}, rec{"drift", "A", "192.0.2.1", 300}, rec{"there", "A", "192.0.2.1", 300})
	head := desired(t, "a.example", rec{"www", "A", "192.0.2.2", 300}, rec{"meets", "A", "192.0.2.2", 300}, rec{"drift", "A", "192.0.2.1", 300}, rec{"there", "A", "192.0.2.2", 300})
	head.Allow = []schema.Allowance{{Guard: "updates", Position: schema.Position{File: "zones/a.example.yaml", Line: 1, Column: 8}}}
	p := plan.New([]plan.Input{{
		Desired: head, Base: &plan.Base{Zone: base},
		Live: live(t, "a.example", rec{"www", "A", "192.0.2.1", 300}, rec{"meets", "A", "192.0.2.9", 300}, rec{"drift", "A", "192.0.2.9", 300}, rec{"there", "A", "192.0.2.2", 300}),
	}}, []schema.Name{schema.MustName("b.example"), schema.MustName("c.example")}, plan.Options{
		Loosened: []plan.Loosening{{Setting: "prune", Was: "none", Is: "all", Position: schema.Position{File: "zoneherd.yaml", Line: 3, Column: 1}}},
	})
	p.Undeclared = []schema.Name{schema.MustName("b.example")}
	return p
}

func TestMarkdownOfAPlan(t *testing.T) {
	golden(t, "testdata/plan.md", []byte(markdown(t, report.NewDocument(example(t), about), report.MarkdownOptions{})))
	with := about
	with.Base, with.Files = "fedcba9876543210fedcba9876543210fedcba98", "https://github.example/owner/zones/blob/0123/dns/"
	golden(t, "testdata/threeway.md", []byte(markdown(t, report.NewDocument(threeWay(t), with), report.MarkdownOptions{})))
}

// parted is the document of a plan with many changes.
func parted(t testing.TB, zones, changes int) *report.Document {
	d := &report.Document{FormatVersion: report.FormatVersion, Digest: "sha256:0", Live: "x"}
	for i := range zones {
		z := report.Zone{Zone: fmt.Sprintf("z%d.example", i), Action: "none"}
		for j := range changes {
			z.Changes = append(z.Changes, report.Change{Action: "update", Name: fmt.Sprintf("host%d", j), Type: "TXT", Wave: 1,
				Before: &report.Record{Data: `"old"`, TTL: 60}, After: &report.Record{Data: "\"new ```\"", TTL: 60},
				Risks: []report.Risk{{Kind: "ttl", Reason: "the TTL rises"}}})
		}
		z.Summary.Update, z.Summary.Writes = changes, changes
		d.Summary.Update += changes
		d.Summary.Writes += changes
		z.Refused = append(z.Refused, report.Refusal{Guard: "updates", Reason: "too many", Override: "--allow-updates"})
		d.Zones = append(d.Zones, z)
	}
	return d
}

// Whatever the size of the plan, the text fits, closes what it opens, and
// counts what it leaves out.
func TestMarkdownFitsItsLimit(t *testing.T) {
	for _, size := range [][2]int{{1, 3}, {1, 100}, {3, 400}, {1, 10_000}, {1000, 10}, {5000, 1}} {
		for _, limit := range []int{2000, 10_000, report.CommentLimit, report.SummaryLimit} {
			d := parted(t, size[0], size[1])
			got := markdown(t, d, report.MarkdownOptions{Limit: limit, Rest: "all of it is in the [job summary](https://x.example)"})
			if len(got) > limit {
				t.Errorf("%v changes in %d bytes, the limit is %d", size, len(got), limit)
			}
			if open, shut := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != shut {
				t.Errorf("%v in %d: %d opened, %d closed", size, limit, open, shut)
			}
			shown, hidden := strings.Count(got, "\n+ "), 0
			if at := strings.Index(got, "\n**"); at >= 0 && strings.Contains(got, "did not fit here**: all of it") {
				if _, err := fmt.Sscanf(got[at:], "\n**%d change", &hidden); err != nil {
					t.Errorf("%v in %d: %v in %q", size, limit, err, got[at:])
				}
			}
			if shown+hidden != size[0]*size[1] {
				t.Errorf("%v in %d: %d shown and %d said to be hidden", size, limit, shown, hidden)
			}
			if !strings.Contains(got, "<sub>digest ") || !strings.Contains(got, "Refused: nothing is applied") {
				t.Errorf("%v in %d: the digest or the refusals are missing", size, limit)
			}
		}
	}
}

// hostile fills every text of a document with s.
func hostile(s string) *report.Document {
	at := &schema.Position{File: "zones/" + strings.ReplaceAll(s, "/", "") + ".yaml", Line: 1, Column: 1}
	c := report.Change{Action: "update", Name: s, Type: "TXT", Wave: 1, Cause: "drift", Position: at,
		Before: &report.Record{Data: s, TTL: 1}, After: &report.Record{Data: s + s, TTL: 2}, Risks: []report.Risk{{Kind: s, Reason: s}}}
	return &report.Document{
		Commit: &s, Base: &s, Live: s, Digest: plan.Digest(s), Files: "https://github.example/o/r/blob/0/",
		Loosened:       []report.Loosening{{Setting: s, Was: s, Is: s, Position: at}},
		UnmanagedZones: []string{s}, UndeclaredZones: []string{s + "x"},
		Zones: []report.Zone{{Zone: s, Action: "none", Changes: []report.Change{c}, Warnings: []string{s},
			Refused:     []report.Refusal{{Guard: s, Reason: s, Override: s}},
			AlreadyLive: []report.Kept{{Name: s, Type: "A", Records: 1, Reason: s}}}},
	}
}

// FuzzMarkdown renders hostile text as GitHub would and compares what comes of
// it with what comes of harmless text: the same elements, and nothing of the
// text outside of code.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		"plain", "`", "``` \n# x", "</code><script>alert(1)</script>", "<img src=x onerror=y>", "@somebody #123 org/repo#1 GH-1", "https://evil.example www.evil.example a@evil.example",
		"|a|b|\n|-|-|", "[x](https://evil.example)", "![x](https://evil.example)", "\u202etxt\u200b\x00\x1b[31m", "</details></summary>", "~~~", "&lt;b&gt; &#64;x", "-->", "<!--", " ` ", "\\", "*a* _b_ ~~c~~", "$x$", ":smile:", "\r\n\r\n> quote", "\xff", "##[group]",
	} {
		f.Add(s)
	}
	plain, _ := skeleton(f, markdown(f, hostile("plain"), report.MarkdownOptions{}))
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || len(s) > 4096 { // what is empty is left out
			t.Skip()
		}
		text := markdown(t, hostile(s), report.MarkdownOptions{})
		got, outside := skeleton(t, text)
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("%q changes the elements (-plain +got):\n%s\n%s", s, diff, text)
		}
		if strings.Contains(text, "##[") {
			t.Errorf("%q may be a command to GitHub's runner:\n%s", s, text)
		}
		for _, sign := range []string{"@", "#", "http", "www."} {
			if strings.Contains(outside, sign) {
				t.Errorf("%q brings %q out of code: %q", s, sign, outside)
			}
		}
	})
}

// skeleton gives the elements of what Markdown renders to, with their
// attributes and without the contents of code, and the text outside of code.
func skeleton(t testing.TB, text string) (elements []string, outside string) {
	t.Helper()
	var rendered bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(ghtml.WithUnsafe()))
	if err := md.Convert([]byte(text), &rendered); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&rendered)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *html.Node, inCode bool)
	walk = func(n *html.Node, inCode bool) {
		switch n.Type {
		case html.ElementNode:
			e := n.Data
			for _, a := range n.Attr {
				if a.Key == "href" && strings.HasPrefix(a.Val, "https://github.example/o/r/blob/0/zones/") && !strings.Contains(a.Val, "/../") {
					a.Val = "…"
				}
				e += " " + a.Key + "=" + a.Val
			}
			elements = append(elements, e)
			inCode = inCode || n.Data == "code"
		case html.CommentNode:
			elements = append(elements, "<!--"+n.Data)
		case html.TextNode:
			if !inCode {
				b.WriteString(n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inCode)
		}
		if n.Type == html.ElementNode {
			elements = append(elements, "/"+n.Data)
		}
	}
	walk(doc, false)
	return slices.Clone(elements), b.String()
}

func BenchmarkMarkdown(b *testing.B) {
	d := parted(b, 1, 10_000)
	for b.Loop() {
		if got := markdown(b, d, report.MarkdownOptions{Limit: report.CommentLimit}); len(got) < 1000 {
			b.Fatal(got)
		}
	}
}
