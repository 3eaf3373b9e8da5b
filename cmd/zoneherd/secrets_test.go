package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan/review/githubtest"
)

// The tokens of these tests. No piece of them looks like anything else.
const (
	serviceToken = "vps_Zq7Kx2Wm9Jt4Lp8Rv3Nc6Hb1Yd5Gf0Sa-QwErTyUiOp"
	wrongToken   = "vps_Mn3Bv8Cx1Za6Sd9Fg2Hj7Kl4Po5Iu0Yt-LkJhGfDsAz"
	gitHubToken  = "ghs_Aq1Sw2De3Fr4Gt5Hy6Ju7Ki8Lo9Zx0Cv-PoIuYtReWq"
)

// showsToken finds a token, or twelve characters of it in a row, in a text: as
// it is, in any letter case, percent-encoded, in the escapes of JSON or HTML,
// or in base64.
func showsToken(text string) (string, bool) {
	plain := jsonEscape.ReplaceAllStringFunc(html.UnescapeString(text), func(e string) string {
		v, err := strconv.ParseUint(e[2:], 16, 32)
		if err != nil || v > 0x7f {
			return e
		}
		return string(rune(v))
	})
	plain = percentEscape.ReplaceAllStringFunc(plain, func(e string) string {
		if u, err := url.PathUnescape(e); err == nil {
			return u
		}
		return e
	})
	plain = strings.ToLower(plain)
	for _, token := range []string{serviceToken, wrongToken, gitHubToken} {
		small := strings.ToLower(token)
		for i := 0; i+12 <= len(small); i++ {
			if strings.Contains(plain, small[i:i+12]) {
				return small[i : i+12], true
			}
		}
		for i := range 3 {
			if part := base64.StdEncoding.EncodeToString([]byte(token[i:]))[:40]; strings.Contains(text, part) {
				return part, true
			}
		}
	}
	return "", false
}

var (
	jsonEscape    = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)
	percentEscape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
)

// spelled is a token written character by character.
func spelled(format string) string {
	var b strings.Builder
	for i := range len(serviceToken) {
		fmt.Fprintf(&b, format, serviceToken[i])
	}
	return b.String()
}

// spellings are ways to write the token that it is recognized in.
func spellings() map[string]string {
	return map[string]string{
		"as it is": serviceToken, "with its header": "Authorization: Bearer " + serviceToken, "in capitals": strings.ToUpper(serviceToken), "in small letters": strings.ToLower(serviceToken),
		"percent-encoded": spelled("%%%02X"), "in JSON's escapes": spelled(`\u%04x`), "in HTML's escapes": spelled("&#%d;"), "in two halves": serviceToken[:20] + " " + serviceToken[20:],
		"with something invisible": serviceToken[:8] + "\u200b" + serviceToken[8:], "after much else": strings.Repeat("x ", 140) + serviceToken,
	}
}

// Nothing that a run prints or leaves behind shows a token, whatever the servers
// at the other end do with it.
func TestNothingThatARunLeavesShowsAToken(t *testing.T) {
	h := newHostile(t)
	gh := githubtest.Start("maintainer", 10)
	defer gh.Close()
	echoing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // in GitHub's place
		said := r.Header.Get("Authorization")
		w.Header().Set("Location", "https://"+gitHubToken+".example/")
		w.WriteHeader([]int{400, 401, 403, 404, 422, 302}[len(r.URL.Path)%6])
		fmt.Fprintf(w, `{"message":%q,"errors":[{"message":%q}],"documentation_url":%q}`, said, strings.ToUpper(said), said)
	}))
	defer echoing.Close()
	var proxied sync.Map
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var seen bytes.Buffer
		_ = r.Write(&seen) // a CONNECT has no body
		proxied.Store(r.Method+" "+r.Host, seen.String())
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()

	b := newBench(t, "ZONEHERD_ENDPOINT="+h.URL, "VPSORG_TOKEN="+serviceToken, "GITHUB_TOKEN="+gitHubToken, "GITHUB_API_URL="+echoing.URL, "GITHUB_REPOSITORY=owner/zones",
		"HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "https_proxy="+proxy.URL)
	// What tries again for seconds does so beside the rest.
	var slow sync.WaitGroup
	var late [4]string
	beside := func(i int, args ...string) {
		cmd := b.command(nil, args...)
		slow.Go(func() {
			out, _ := cmd.CombinedOutput() // meant to fail
			late[i] = string(out)
		})
	}
	beside(0, "zones", "--endpoint", "https://admin.invalid/api/v1")
	beside(1, "zones", "--endpoint", raw(t, "HTTP/1.1 "+serviceToken+"\r\n\r\n"))
	beside(2, "zones", "--endpoint", raw(t, serviceToken+"\r\n"))
	beside(3, "zones", "--endpoint", raw(t, "HTTP/1.1 200 OK\r\nAuthorization Bearer "+serviceToken+"\r\n\r\n"))

	b.every(func(args ...string) { b.run(nil, args...) }) // a sound service
	b.run(nil, "validate")
	b.run(nil, "plan", "--sandbox", "--sandbox-state", "sandbox.json")
	b.run([]string{"GITHUB_API_URL=" + gh.URL}, "comment", "--plan", "left/001/a.json", "--pull-request", "7") // a token that GitHub does not know
	for _, command := range []string{"", "validate", "plan", "apply", "zones", "whoami", "comment", "sandbox", "schema", "version", "completion"} {
		b.run(nil, strings.Fields(command+" --help")...)
		b.run(nil, strings.Fields(command+" --no-such-flag")...)
	}
	b.run(nil, "plan", "--token="+serviceToken)
	b.run(nil, "plan", "--endpoint", "https://user:"+serviceToken+"@example.com/")
	b.run(nil, "plan", "--endpoint", "https://example.com/?token="+serviceToken)
	b.run(nil, "zones", "--endpoint", h.URL+"/elsewhere")
	if out := b.run([]string{"GODEBUG=http2debug=2"}, "zones"); !strings.Contains(out, "would print the token") {
		t.Errorf("a trace of HTTP/2 is not refused: %s", out)
	}
	for _, flag := range []string{"--token", "--vpsorg-token"} {
		if out := b.run(nil, "plan", flag, serviceToken); !strings.Contains(out, "never given as a flag") {
			t.Errorf("%s is taken: %s", flag, out)
		}
	}
	b.run([]string{"VPSORG_TOKEN=" + serviceToken + "\n" + serviceToken}, "zones")
	b.write("home/token", serviceToken+"\n"+serviceToken+"\n")
	b.run([]string{"VPSORG_TOKEN="}, "zones", "--token-file", "home/token")
	if err := os.Remove(b.dir + "/home/token"); err != nil {
		t.Fatal(err)
	}
	h.set(func() { h.before = says(false, 401, nil, `{"detail":"`+wrongToken+` is not known"}`) })
	b.run([]string{"VPSORG_TOKEN=" + wrongToken}, "zones")

	b.enter()
	hostileAnswers(h, func(what string) {
		from := b.n + 1
		b.every(b.here)
		t.Logf("%s: printed/%04d to %04d", what, from+1, b.n)
		h.reset()
	})

	// A stack dump, and a run that is broken off.
	hung, over := make(chan struct{}, 100), make(chan struct{})
	h.mu.Lock()
	h.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			return false
		}
		hung <- struct{}{}
		<-over
		return true
	}
	h.mu.Unlock()
	dump := b.command([]string{"GOTRACEBACK=system"}, "apply", "--yes", "--allow-deletes", "*", "--allow-updates", "*", "--journal", "dumped.jsonl")
	var dumped bytes.Buffer
	dump.Stdout, dump.Stderr = &dumped, &dumped
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-hung:
	case <-time.After(30 * time.Second):
		t.Error("nothing was written that could hang")
	}
	if err := dump.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
	_ = dump.Wait() // with the status of a crash
	close(over)
	if !strings.Contains(dumped.String(), "goroutine ") || !strings.Contains(dumped.String(), "RoundTrip") {
		t.Errorf("there is no dump:\n%s", dumped.String())
	}
	b.keep(dumped.String())
	slow.Wait()
	for _, text := range late {
		b.keep(text)
	}

	hidden := 0
	n := b.files(func(name, text string) {
		hidden += strings.Count(text, "vps_***")
		if part, shown := showsToken(text); shown {
			t.Errorf("%s shows a token (%s):\n%.3000s", name, part, text)
		}
	})
	for _, c := range gh.Comments(7, "maintainer") {
		if _, shown := showsToken(c); shown {
			t.Errorf("a comment shows a token:\n%s", c)
		}
	}
	proxied.Range(func(request, seen any) bool {
		if _, shown := showsToken(seen.(string)); shown || request != "CONNECT admin.invalid:443" {
			t.Errorf("the proxy was sent %s:\n%s", request, seen)
		}
		return true
	})
	if _, ok := proxied.Load("CONNECT admin.invalid:443"); !ok {
		t.Error("the proxy was not asked")
	}
	// The test can fail: there was a lot to hide.
	if n < 200 || hidden < 50 {
		t.Errorf("%d files, in which a token was hidden %d times", n, hidden)
	}
}

// hostileAnswers has the service answer in each of its ways.
func hostileAnswers(h *hostile, each func(what string)) {
	quote := func(s string) string { // as JSON has it, escapes of its own left alone
		return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
	}
	for name, s := range spellings() {
		for _, status := range []int{400, 403} {
			h.set(func() {
				h.before = says(status == 400, status, map[string]string{"X-Echo": serviceToken, "Location": "https://" + serviceToken + ".example/"},
					`{"detail":`+quote(s)+`,"error_code":`+quote(s)+`,"field":`+quote(s)+`}`)
			})
			each("an error, " + name)
		}
		if name == "in two halves" || name == "with something invisible" { // in data it is recognized as a whole alone
			continue
		}
		h.set(func() { h.records[2]["value"] = s })
		each("a text, " + name)
	}
	j := spelled(`\u%04x`)
	for name, before := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"by field":             says(true, 400, nil, `{"`+serviceToken+`":["`+j+`"],"`+j+`":"`+serviceToken+`"}`),
		"a page":               says(false, 404, nil, "<html><title>No page for "+spelled("&#x%x;")+" "+serviceToken+"</title>"),
		"throttled":            says(false, 429, map[string]string{"Retry-After": "86400", "X-Echo": serviceToken}, `{"detail":"`+serviceToken+`"}`),
		"a wait that is none":  says(true, 409, map[string]string{"Retry-After": serviceToken}, `{"detail":"`+j+`"}`),
		"a redirect":           says(false, 307, map[string]string{"Location": h.URL + "/" + serviceToken}, serviceToken),
		"a redirect of writes": says(true, 308, map[string]string{"Location": h.URL + "/" + serviceToken}, `{"detail":"`+serviceToken+`"}`),
		"a failure of writes":  says(true, 502, nil, "<title>"+serviceToken+"</title>"),
		"nothing but it":       says(false, 200, nil, serviceToken),
		"it as JSON":           says(false, 200, nil, `"`+serviceToken+`"`),
		"a number":             says(false, 200, nil, `[{"uuid":"z1","domain":"example.com","record_count":"`+serviceToken+`"}]`),
		"a number as TTL":      says(true, 201, nil, `{"uuid":"r9","record_type":"A","name":"www","value":"192.0.2.1","ttl":"`+serviceToken+`"}`),
		"a next page":          says(false, 200, nil, `{"count":2,"next":"https://elsewhere.example/?page=`+serviceToken+`","results":[]}`),
		"a Link":               says(false, 200, map[string]string{"Link": "<https://" + serviceToken + "/?t=" + serviceToken + `>; rel="next"`}, `[]`),
		"no URL":               says(false, 200, nil, `{"next":"http://[::`+serviceToken+`","results":[]}`),
		"a stored record":      says(true, 201, nil, `{"uuid":"`+serviceToken+`","record_type":"TXT","name":"www","value":"`+j+`","ttl":300}`),
		"a stored name":        says(true, 201, nil, `{"uuid":"r9","record_type":"A","name":"`+serviceToken+`","value":"192.0.2.9","ttl":300}`),
	} {
		h.set(func() { h.before = before })
		each(name)
	}
	for name, zone := range map[string]map[string]any{
		"a zone's name": {"uuid": "z9", "domain": serviceToken + ".example", "record_count": 0}, "a zone's handle": {"uuid": serviceToken, "domain": "z.example", "record_count": 0},
		"two zones, of one handle": {"uuid": "z1", "domain": serviceToken + ".example"}, "a domain that is none": {"uuid": "z9", "domain": serviceToken + "..x"},
	} {
		h.set(func() { h.zones = []map[string]any{zone} })
		each(name)
	}
	for field, values := range map[string][]string{
		"uuid": {serviceToken, "x" + spelled("%%%02x"), strings.Repeat("x", 30) + serviceToken, "\u0000" + serviceToken}, "name": {serviceToken, strings.ToUpper(serviceToken) + ".www", serviceToken + "..x", serviceToken + ".example.net."},
		"record_type": {serviceToken}, "ttl": {serviceToken}, "priority": {serviceToken},
		"value": {`"` + serviceToken[:20] + `" "` + serviceToken[20:] + `"`, `"` + spelled(`\%03d`) + `"`},
	} {
		for _, v := range values {
			h.set(func() { h.records[2][field] = v })
			each("a record's " + field)
		}
	}
	h.set(func() {
		h.account = map[string]any{"account": map[string]any{"email": serviceToken + "@example.com"}, "token": map[string]any{"name": serviceToken, "permissions": []string{"dns:list", serviceToken, spelled("%%%02x")}}}
	})
	each("the account")
}

// raw is an endpoint that answers each connection with a text.
func raw(t *testing.T, text string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn)) // whatever it is
			_, _ = io.WriteString(conn, text)              // the client may be gone
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}
