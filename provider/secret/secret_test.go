package secret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/provider/secret"
)

const token = "vps_0Ab9cD3eF7gH1jK5"

func each(format string) string {
	var b strings.Builder
	for i := range len(token) {
		fmt.Fprintf(&b, format, token[i])
	}
	return b.String()
}

func TestATokenIsFoundHoweverItIsWritten(t *testing.T) {
	tests := []struct {
		name, text, want string
		part             bool // of it, which is no whole token
	}{
		{"as it is", "Bearer " + token + "!", "Bearer ***!", false},
		{"alone", token, "***", false},
		{"twice", token + " and " + token, "*** and ***", false},
		{"twice in a row", "<" + token + token + ">", "<***>", false},
		{"in capitals", "x" + strings.ToUpper(token), "x***", false},
		{"in small letters", strings.ToLower(token) + ".example.com", "***.example.com", false},
		{"percent-encoded", "?t=" + each("%%%02x") + "&u", "?t=***&u", false},
		{"percent-encoded in part", "?t=%76ps%5F" + token[4:], "?t=***", false},
		{"in JSON's escapes", each(`\u%04x`), "***", false},
		{"in JSON's escapes in part", `\u0076` + token[1:], "***", false},
		{"in Go's escapes", each(`\x%02X`), "***", false},
		{"in HTML's escapes", "<b>" + each("&#%d;") + "</b>", "<b>***</b>", false},
		{"in HTML's other escapes", each("&#x%x;"), "***", false},
		{"its beginning", "token " + token[:14] + "…", "token ***…", true},
		{"its end", "…" + token[6:], "…***", true},
		{"in two halves", token[:4] + " " + token[4:], token[:4] + " ***", true},
		{"too little of it", token[:11] + " " + token[12:], token[:11] + " " + token[12:], true},
		{"nothing of it", "100 % of \\u0076 &amp; &#118; ünchanged", "100 % of \\u0076 &amp; &#118; ünchanged", true},
		{"nothing", "", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := secret.Hide(tt.text, token, "***"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := secret.Shows(tt.text, token); got == tt.part {
				t.Errorf("shows it: %t", got)
			}
		})
	}
	if got := secret.Hide("a short one: s3cret", "s3cret", "***"); got != "a short one: ***" {
		t.Errorf("got %q", got)
	}
	if got := secret.Hide("x", "", "***"); got != "x" || secret.Shows("x", "") {
		t.Errorf("no token was found: %q", got)
	}
}

// Whatever the text, nothing is left of the token that could be read.
func FuzzHide(f *testing.F) {
	f.Add("a", "b", "c")
	f.Add("%76", "&#118;", `\u0076`)
	f.Add("v", "ps_0", "\xff")
	f.Fuzz(func(t *testing.T, before, between, after string) {
		text := before + token + between + strings.ToUpper(token) + after
		got := secret.Hide(text, token, "*")
		if secret.Shows(got, token) {
			t.Errorf("%q shows the token", got)
		}
		if secret.Hide(text, "something-else-that-is-not-there", "*") != text && !strings.Contains(strings.ToLower(text), "something-else") {
			t.Errorf("%q was changed", text)
		}
	})
}
