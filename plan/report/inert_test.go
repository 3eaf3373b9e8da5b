package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/plan/report"
)

func TestInert(t *testing.T) {
	for _, test := range []struct{ text, want, line string }{
		{"plain, ## [x] #[ [##", "plain, ## [x] #[ [##", "plain, ## [x] #[ [##"},
		{"\x1b[31m\r\n\u202e\u200b\xff", `\u{1b}[31m\u{0d}\u{0a}\u{202e}\u{200b}\xff`, `\u{1b}[31m\u{0d}\u{0a}\u{202e}\u{200b}\xff`},
		{"##[group]x", `##\u{5b}group]x`, `##\u{5b}group]x`},
		{"ü ###[error]##[[", `ü ###\u{5b}error]##\u{5b}[`, `ü ###\u{5b}error]##\u{5b}[`},
		{"##\x1b[", `##\u{1b}[`, `##\u{1b}[`},
		{"::1", "::1", `\u{3a}:1`}, // an address, where it does not begin a line
		{"  ::error::x", "  ::error::x", `  \u{3a}:error::x`},
		{"a ::error::x", "a ::error::x", "a ::error::x"},
		{": :", ": :", ": :"},
		{"", "", ""},
	} {
		if got := report.Inert(test.text); got != test.want {
			t.Errorf("%q is shown as %q, want %q", test.text, got, test.want)
		}
		if got := report.InertLine(test.text); got != test.line {
			t.Errorf("%q is shown as the line %q, want %q", test.text, got, test.line)
		}
	}
}

func FuzzInert(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[31mred\x1b[0m\r\n::error::x\u202e\u200b\xff")
	f.Add("###[error]##\u200b[##[[ü##[")
	f.Add(" \t::error::x")
	f.Add("\\##[\"##[")
	f.Fuzz(func(t *testing.T, s string) {
		line := report.InertLine(s)
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			t.Errorf("the line %q of %q is a command", line, s)
		}
		for _, got := range []string{report.Inert(s), line} {
			if !utf8.ValidString(got) {
				t.Errorf("%q is no UTF-8", got)
			}
			if strings.Contains(got, "##[") {
				t.Errorf("%q of %q may be a command", got, s)
			}
			for _, r := range got {
				if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
					t.Errorf("%q of %q holds %U", got, s, r)
				}
			}
		}

		in := map[string]string{s: s}
		var plain, inert bytes.Buffer
		if err := json.NewEncoder(&plain).Encode(in); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(report.InertJSON(&inert)).Encode(in); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(inert.String(), "##[") {
			t.Errorf("%s may be a command", &inert)
		}
		var want, got map[string]string
		if err := json.Unmarshal(plain.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(inert.Bytes(), &got); err != nil {
			t.Fatalf("%s is no JSON: %v", &inert, err)
		}
		for k, v := range want {
			if len(got) != 1 || got[k] != v {
				t.Errorf("%s means something else than %s", &inert, &plain)
			}
		}
	})
}
