package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/plan/review/githubtest"
)

// Texts that do something to a terminal, or to GitHub's runner.
var acting = []string{
	"\x1b[2J\x1b[31mred\x1b]0;title\x07\u009b31m\x7f\x08\u202e\u2066\u200b\ufeff<script>",
	"a\r::set-output name=digest::x\n::error::x\n##[error]x\u0085::stop-commands::x\u2028::debug::x",
	"::add-mask::x", " \t::x##[group]x",
}

// Whatever a service, a file's name or its content says, no output has a byte
// that acts on a terminal, nor a line that GitHub's runner takes for a command.
func TestWhatIsPrintedIsInert(t *testing.T) {
	h := newHostile(t)
	gh := githubtest.Start("maintainer", 10)
	defer gh.Close()
	b := newBench(t, "ZONEHERD_ENDPOINT="+h.URL, "VPSORG_TOKEN="+serviceToken, "GITHUB_TOKEN="+githubtest.Token, "GITHUB_API_URL="+gh.URL, "GITHUB_REPOSITORY=owner/zones", "GITHUB_ACTIONS=")
	b.enter()
	seen := 0
	for i, text := range acting {
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", `\u001b`, "\x07", `\u0007`, "\x08", `\u0008`).Replace(text) + `"`
		for _, status := range []int{400, 403} {
			h.set(func() {
				h.before = says(status == 400, status, nil, `{"detail":`+quoted+`,"error_code":`+quoted+`,"field":`+quoted+`}`)
			})
			b.every(b.here)
			h.reset()
		}
		for _, before := range []func(http.ResponseWriter, *http.Request) bool{
			says(false, 404, nil, "<title>"+text+"</title>"), says(false, 200, nil, text), says(false, 200, nil, `{"next":`+quoted+`,"results":[]}`),
			says(true, 400, nil, `{`+quoted+`:[`+quoted+`]}`), says(true, 201, nil, `{"uuid":`+quoted+`,"record_type":`+quoted+`,"name":"www","value":`+quoted+`}`),
		} {
			h.set(func() { h.before = before })
			b.every(b.here)
			h.reset()
		}
		for _, field := range []string{"value", "record_type", "uuid", "name"} {
			h.set(func() { h.records[2][field] = text })
			b.every(b.here)
			h.reset()
		}
		h.set(func() { h.records[1]["value"] = text }) // an A record whose value is none
		h.set(func() {
			h.account = map[string]any{"account": map[string]any{"email": text}, "token": map[string]any{"name": text, "permissions": []string{text, "dns:list"}}}
		})
		h.set(func() {
			h.zones = []map[string]any{{"uuid": text, "domain": "z.example"}, {"uuid": "z9", "domain": "x.example", "record_count": text}}
		})
		b.every(b.here)
		h.reset()

		// Files, and what is in them.
		dir := fmt.Sprintf("files/%d", i)
		name := strings.ReplaceAll(text, "/", "_")
		for _, content := range []string{"records:\n  www: {type: A, value: " + quoted + "}\n", "records:\n  " + quoted + ": {type: A, value: 192.0.2.1}\n", quoted + ": 1\n", "records:\n  www: {type: " + quoted + ", value: x}\n", text, "include: [" + quoted + "]\nrecords: {}\n"} {
			b.write(filepath.Join(dir, name, "example.com.yaml"), content)
			b.here("validate", dir)
			b.here("validate", "--format", "json", dir)
			b.here("validate", "--log-format", "json", dir)
			b.here("plan", "--sandbox", "--format", "markdown", dir)
			b.here("comment", "--pull-request", "7", dir)
		}
		b.write(filepath.Join(dir, name, "example.com.yaml"), "records:\n  www: {type: TXT, value: "+quoted+"}\n")
		for _, format := range []string{"text", "markdown", "html", "json"} {
			b.here("plan", "--sandbox", "--format", format, dir)
		}
		b.here("apply", "--sandbox", "--yes", dir)
		b.write("zoneherd.yaml", "account: "+quoted+"\nignore: [{name: "+quoted+"}]\n")
		b.here("plan", dir)
		if err := os.Remove("zoneherd.yaml"); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{text}, {"plan", text}, {"plan", "--" + text}, {"plan", "--format", text}, {"plan", "--zone", text}, {"plan", "--ref", text}, {"apply", text + ".json"}, {"apply", "--resume", text}, {"plan", "--config", text},
			{"zones", "--token-file", text}, {"zones", "--endpoint", "https://" + text}, {"plan", "--sandbox", "--sandbox-dialect", text}, {"whoami", "--sandbox", "--sandbox-state", strings.ReplaceAll(text, "/", "_")}, {"comment", "--id", text}, {"schema", text}, {"completion", text}} {
			b.here(args...)
		}
		b.write("hostile.json", `{"format_version":"1.0","live":`+quoted+`,"digest":`+quoted+`,"zones":[{"zone":`+quoted+`,"action":`+quoted+`,"changes":[{"action":`+quoted+`,"name":`+quoted+`,"type":`+quoted+`}]}]}`)
		b.here("apply", "--yes", "hostile.json")
		b.here("comment", "--plan", "hostile.json", "--pull-request", "7")
		b.here("comment", "--result", "hostile.json", "--pull-request", "7")
		b.here("apply", "--yes", "--resume", "hostile.json")
	}
	told := map[string]bool{}
	b.files(func(name, text string) {
		if !strings.Contains(name, "/printed/") {
			return
		}
		seen++
		_, text, _ = strings.Cut(text, "\n") // the file's name
		if why := reaches(text); why != "" && !told[why] {
			told[why] = true
			t.Errorf("%s: %s in\n%.1500q", name, why, text)
		}
	})
	if seen < 700 {
		t.Errorf("%d outputs were looked at", seen)
	}
}

// reaches says what in a text acts on a terminal or on GitHub's runner.
func reaches(text string) string {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			return "a byte that is no UTF-8"
		case r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)):
			return fmt.Sprintf("%U", r)
		}
	}
	if strings.Contains(text, "##[") {
		return "##["
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "::") {
			return "a line that begins with ::"
		}
	}
	return ""
}
