package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api is a sandbox over a real socket, spoken to in raw HTTP.
type api struct {
	t      testing.TB
	server *sandbox.Server
	url    string
	token  string
	client *http.Client
}

func start(t testing.TB, opts sandbox.Options, dialect string) *api {
	t.Helper()
	var err error
	if opts.Dialect, err = sandbox.ParseDialect(dialect); err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	a := &api{t, server, listener.URL, server.Token(), client}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// response is an answer, its body parsed where it is JSON.
type response struct {
	status int
	header http.Header
	text   string
	body   any
}

func (a *api) do(method, path, body string) response {
	a.t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = a.url + path
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	out := response{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &out.body) // not every answer is JSON
	return out
}

// field is a field of an answer that is an object.
func (r response) field(name string) any {
	object, _ := r.body.(map[string]any)
	return object[name]
}

// zone makes a zone and gives its path.
func (a *api) zone(domain string) string {
	a.t.Helper()
	r := a.do("POST", "/dns-zones/", fmt.Sprintf(`{"domain":%q}`, domain))
	if r.status != http.StatusCreated {
		a.t.Fatalf("create %s: %d %s", domain, r.status, r.text)
	}
	return fmt.Sprintf("/dns-zones/%s/", r.field("uuid"))
}

// record makes a record and gives its path.
func (a *api) record(zone, body string) string {
	a.t.Helper()
	r := a.do("POST", zone+"records/", body)
	if r.status != http.StatusCreated {
		a.t.Fatalf("create %s: %d %s", body, r.status, r.text)
	}
	return fmt.Sprintf("/dns-records/%s/", r.field("uuid"))
}

// The calls of the documentation, one after the other on one zone.
func TestTheDocumentedCalls(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	expect := func(r response, status int, fields map[string]any) {
		t.Helper()
		if r.status != status {
			t.Errorf("the status is %d, want %d: %s", r.status, status, r.text)
		}
		for name, want := range fields {
			if diff := cmp.Diff(want, r.field(name)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	r := a.do("POST", "/dns-zones/", `{"domain":"Example.com."}`)
	expect(r, 201, map[string]any{"domain": "example.com", "record_count": 0.0, "records": []any{}})
	zone := fmt.Sprintf("/dns-zones/%s/", r.field("uuid"))
	id := r.field("uuid")

	r = a.do("POST", zone+"records/", `{"record_type":"MX","name":"@","value":"mail.example.com","priority":10}`)
	expect(r, 201, map[string]any{"record_type": "MX", "name": "@", "value": "mail.example.com", "ttl": 3600.0, "priority": 10.0})
	record := fmt.Sprintf("/dns-records/%s/", r.field("uuid"))
	expect(a.do("GET", record, ""), 200, map[string]any{"value": "mail.example.com"})
	expect(a.do("PATCH", record, `{"ttl":1800}`), 200, map[string]any{"ttl": 1800.0, "priority": 10.0, "value": "mail.example.com"})
	expect(a.do("PUT", record, `{"record_type":"A","name":"www","value":"192.0.2.1"}`), 200,
		map[string]any{"record_type": "A", "name": "www", "ttl": 3600.0, "priority": nil})
	expect(a.do("GET", zone, ""), 200, map[string]any{"record_count": 1.0})
	for _, path := range []string{zone + "records/", "/dns-records/", fmt.Sprintf("/dns-records/?zone=%s", id), "/dns-records/?record_type=A"} {
		if list, ok := a.do("GET", path, "").body.([]any); !ok || len(list) != 1 {
			t.Errorf("%s gives %v", path, list)
		}
	}
	for _, path := range []string{"/dns-records/?zone=other", "/dns-records/?record_type=MX", "/dns-zones/?domain=example.org"} {
		if list, ok := a.do("GET", path, "").body.([]any); !ok || len(list) != 0 {
			t.Errorf("%s gives %v", path, list)
		}
	}
	if list, ok := a.do("GET", "/dns-zones/?domain=example.com", "").body.([]any); !ok || len(list) != 1 {
		t.Errorf("the filter gives %v", list)
	}
	me := a.do("GET", "/account/me/", "")
	if token, ok := me.field("token").(map[string]any); me.status != 200 || !ok || len(token["permissions"].([]any)) != 4 {
		t.Errorf("the account is %s", me.text)
	}
	expect(a.do("DELETE", record, ""), 204, nil)
	expect(a.do("DELETE", record, ""), 404, map[string]any{"detail": "Not found."})
	expect(a.do("DELETE", zone, ""), 204, nil)
	expect(a.do("GET", zone, ""), 404, nil)
	r = a.do("PATCH", "/dns-zones/", `{}`)
	expect(r, 405, nil)
	if r.header.Get("Allow") != "GET, POST" {
		t.Errorf("allowed are %q", r.header.Get("Allow"))
	}
}

// What is refused, which field is at fault, and that nothing changes.
func TestRefusals(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	zone := a.zone("example.com")
	a.record(zone, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	a.record(zone, `{"record_type":"CNAME","name":"alias","value":"example.net"}`)
	before := a.server.Snapshot()
	tests := []struct{ name, body, field string }{
		{"no type", `{"name":"x","value":"192.0.2.1"}`, "record_type"},
		{"an unknown type", `{"record_type":"ALIAS","name":"x","value":"example.net"}`, "record_type"},
		{"no name", `{"record_type":"A","value":"192.0.2.1"}`, "name"},
		{"no value", `{"record_type":"A","name":"x"}`, "value"},
		{"a name outside the zone", `{"record_type":"A","name":"x.example.org.","value":"192.0.2.1"}`, "name"},
		{"an empty label", `{"record_type":"A","name":"a..b","value":"192.0.2.1"}`, "name"},
		{"a label that is too long", `{"record_type":"A","name":"` + strings.Repeat("a", 64) + `","value":"192.0.2.1"}`, "name"},
		{"a star within", `{"record_type":"A","name":"a.*","value":"192.0.2.1"}`, "name"},
		{"no address", `{"record_type":"A","name":"x","value":"192.0.2.256"}`, "value"},
		{"IPv6 in A", `{"record_type":"A","name":"x","value":"2001:db8::1"}`, "value"},
		{"IPv4 in AAAA", `{"record_type":"AAAA","name":"x","value":"192.0.2.1"}`, "value"},
		{"MX without priority", `{"record_type":"MX","name":"x","value":"mail.example.com"}`, "priority"},
		{"MX with a priority that is too large", `{"record_type":"MX","name":"x","value":"mail.example.com","priority":65536}`, "priority"},
		{"MX to an address", `{"record_type":"MX","name":"x","value":"192.0.2.1","priority":1}`, "value"},
		{"SRV that is short", `{"record_type":"SRV","name":"_s._tcp","value":"5060 sip.example.com","priority":1}`, "value"},
		{"SRV with a port that is too large", `{"record_type":"SRV","name":"_s._tcp","value":"1 65536 sip.example.com","priority":1}`, "value"},
		{"SRV without priority", `{"record_type":"SRV","name":"_s._tcp","value":"1 5060 sip.example.com"}`, "priority"},
		{"CAA without a tag", `{"record_type":"CAA","name":"@","value":"0"}`, "value"},
		{"CAA with flags that are too large", `{"record_type":"CAA","name":"@","value":"256 issue \"x\""}`, "value"},
		{"a TTL below zero", `{"record_type":"A","name":"x","value":"192.0.2.1","ttl":-1}`, "ttl"},
		{"a TTL that is too large", `{"record_type":"A","name":"x","value":"192.0.2.1","ttl":2147483648}`, "ttl"},
		{"a CNAME at the apex", `{"record_type":"CNAME","name":"@","value":"example.net"}`, "name"},
		{"a CNAME beside an address", `{"record_type":"CNAME","name":"www","value":"example.net"}`, "record_type"},
		{"an address beside a CNAME", `{"record_type":"A","name":"alias","value":"192.0.2.1"}`, "record_type"},
		{"a text that is too long", `{"record_type":"TXT","name":"x","value":"` + strings.Repeat("a", 65536) + `"}`, "value"},
		{"no JSON", `{"record_type":`, ""},
		{"no object", `[]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := a.do("POST", zone+"records/", tt.body)
			field, _ := r.field("field").(string)
			if r.status != 400 || field != tt.field || r.field("detail") == "" || r.field("error_code") == "" {
				t.Errorf("answered %d %s, want the field %q", r.status, r.text, tt.field)
			}
		})
	}
	for _, domain := range []string{"", "localhost", "a..b", "exa mple.com", "example.com", "EXAMPLE.com."} {
		if r := a.do("POST", "/dns-zones/", fmt.Sprintf(`{"domain":%q}`, domain)); r.status != 400 || r.field("field") != "domain" {
			t.Errorf("the zone %q: %d %s", domain, r.status, r.text)
		}
	}
	if diff := cmp.Diff(before, a.server.Snapshot()); diff != "" {
		t.Errorf("a refused write has changed something: %s", diff)
	}
}

func TestTokensAndPermissions(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	zone := a.zone("example.com")
	record := a.record(zone, `{"record_type":"A","name":"www","value":"192.0.2.1"}`)
	calls := []struct{ needs, method, path, body string }{
		{"dns:list", "GET", "/dns-zones/", ""},
		{"dns:list", "GET", zone, ""},
		{"dns:list", "GET", zone + "records/", ""},
		{"dns:list", "GET", "/dns-records/", ""},
		{"dns:list", "GET", record, ""},
		{"dns:create", "POST", zone + "records/", `{"record_type":"A","name":"x","value":"192.0.2.1"}`},
		{"dns:create", "POST", "/dns-zones/", `{"domain":"example.net"}`},
		{"dns:update", "PATCH", record, `{"ttl":60}`},
		{"dns:update", "PUT", record, `{"record_type":"A","name":"www","value":"192.0.2.2"}`},
		{"dns:delete", "DELETE", record, ""},
		{"dns:delete", "DELETE", zone, ""},
	}
	all := []string{"dns:list", "dns:create", "dns:update", "dns:delete"}
	for _, c := range calls { // with all but the one, before anything is deleted
		var others []string
		for _, p := range all {
			if p != c.needs {
				others = append(others, p)
			}
		}
		a.token = a.server.AddToken("sandbox@example.com", others...)
		if r := a.do(c.method, c.path, c.body); r.status != 403 || r.field("detail") != "Token lacks "+c.needs+" permission." {
			t.Errorf("%s %s without %s: %d %s", c.method, c.path, c.needs, r.status, r.text)
		}
	}
	stranger := a.server.AddToken("other@example.com", all...)
	a.token = stranger
	for _, c := range calls {
		switch {
		case c.path == "/dns-zones/" && c.method == "GET", c.path == "/dns-records/":
			if list, ok := a.do("GET", c.path, "").body.([]any); !ok || len(list) != 0 {
				t.Errorf("a stranger lists %v", list)
			}
		case c.path != "/dns-zones/":
			if r := a.do(c.method, c.path, c.body); r.status != 404 {
				t.Errorf("a stranger's %s %s: %d", c.method, c.path, r.status)
			}
		}
	}
	if r := a.do("POST", "/dns-zones/", `{"domain":"example.com"}`); r.status != 400 {
		t.Errorf("a stranger creates the same zone: %d", r.status)
	}
	a.server.Revoke(stranger)
	for _, token := range []string{stranger, "", "vps_wrong"} {
		a.token = token
		if r := a.do("GET", "/dns-zones/", ""); r.status != 401 {
			t.Errorf("the token %q: %d", token, r.status)
		}
	}
	for _, c := range calls { // with the one alone
		a.token = a.server.AddToken("sandbox@example.com", c.needs)
		if r := a.do(c.method, c.path, c.body); r.status/100 != 2 {
			t.Errorf("%s %s with %s: %d %s", c.method, c.path, c.needs, r.status, r.text)
		}
	}
}

// How each dialect shows the same zone: a part of its answers, by call.
func TestDialects(t *testing.T) {
	tests := []struct{ dialect, path, want string }{
		{"", "zones", `[{"uuid":"*","domain":"xn--bcher-kva.example","created_at":"*","record_count":8}]`},
		{"", "www", `"name":"www","value":"192.0.2.1","ttl":3600,"priority":null,`},
		{"", "@", `"name":"@"`},
		{"list=pages,page-size=3", "records", `{"count":8,"next":"*?page=2","previous":null,"results":[`},
		{"list=link,page-size=3", "records", `[{`},
		{"list=pages,page-size=3,next=internal", "records", `"next":"http://dns-api.internal:8000/`},
		{"names=relative", "@", `"name":""`},
		{"names=fqdn", "www", `"name":"www.xn--bcher-kva.example"`},
		{"names=dot", "@", `"name":"xn--bcher-kva.example."`},
		{"hosts=dot", "mx", `"value":"mail.example.net."`},
		{"case=mixed", "mx", `"value":"MaIl.eXaMpLe.nEt"`},
		{"case=mixed", "www", `"name":"WwW"`},
		{"", "txt", `"value":"a \"text\""`},
		{"txt=quoted", "txt", `"value":"\"a \\\"text\\\"\""`},
		{"", "long", `"value":"` + strings.Repeat("x", 300) + `"`},
		{"txt=quoted", "long", `"value":"\"` + strings.Repeat("x", 300) + `\""`},
		{"txt=chunks", "long", `"value":"\"` + strings.Repeat("x", 255) + `\" \"` + strings.Repeat("x", 45) + `\""`},
		{"", "quoted", `"value":"\"\\\"q\\\"\""`},
		{"", "_s._tcp", `"value":"2 3 sip.example.net","ttl":3600,"priority":1`},
		{"srv=joined", "_s._tcp", `"value":"1 2 3 sip.example.net","ttl":3600,"priority":null`},
		{"mx=joined", "mx", `"value":"10 mail.example.net","ttl":3600,"priority":null`},
		{"apex=listed", "zones", `"record_count":11`},
		{"apex=listed", "records", `"record_type":"SOA"`},
		{"count=all", "zones", `"record_count":11`},
		{"count=none", "zones", `"created_at":"*"}]`},
		{"fields=sparse", "www", `"value":"192.0.2.1","created_at"`},
		{"domain=dot", "zones", `"domain":"xn--bcher-kva.example."`},
		{"domain=unicode", "zones", `"domain":"bücher.example"`},
		{"aaaa=long", "aaaa", `"value":"2001:0DB8:0000:0000:0000:0000:0000:0001"`},
		{"handles=opaque", "zones", `[{"uuid":"rec-*","domain"`},
		{"errors=detail", "missing", `{"detail":"Not found."}`},
		{"errors=fields", "bad", `{"value":["Enter a valid IPv4 address."]}`},
		{"errors=html", "missing", `<!doctype html><title>Not Found</title>`},
		{"", "bad", `{"detail":"Enter a valid IPv4 address.","error_code":"validation_error","field":"value"}`},
		{"account=missing", "me", `{"detail":"Not found."`},
		{"account=forbidden", "me", `"permission_denied"`},
		{"patch=refused", "patch", `Method \"PATCH\" not allowed.`},
		{"type-change=refused", "put", `The type of a record cannot be changed.`},
		{"", "put", `"record_type":"TXT"`},
		{"cname=loose", "cname", `"record_type":"CNAME"`},
		{"filter=ignored", "filter", `"domain":"xn--bcher-kva.example"`},
		{"", "filter", `[]`},
		{"slash=missing", "slash", `{"detail":"Not found."`},
	}
	for _, tt := range tests {
		t.Run(tt.dialect+" "+tt.path, func(t *testing.T) {
			a := start(t, sandbox.Options{}, tt.dialect)
			zone := a.zone("bücher.example")
			paths := map[string]string{"zones": "/dns-zones/", "records": zone + "records/", "me": "/account/me/", "missing": "/dns-records/none/",
				"filter": "/dns-zones/?domain=example.com", "slash": "/dns-zones"}
			for key, record := range map[string]string{
				"www": `"A","name":"www","value":"192.0.2.1"`, "@": `"A","name":"@","value":"192.0.2.1"`, "mx": `"MX","name":"mx","value":"mail.example.net","priority":10`,
				"txt": `"TXT","name":"txt","value":"a \"text\""`, "long": `"TXT","name":"long","value":"` + strings.Repeat("x", 300) + `"`,
				"quoted": `"TXT","name":"quoted","value":"\"\\\"q\\\"\""`, "_s._tcp": `"SRV","name":"_s._tcp","value":"2 3 sip.example.net","priority":1`,
				"aaaa": `"AAAA","name":"aaaa","value":"2001:db8::1"`,
			} {
				paths[key] = a.record(zone, `{"record_type":`+record+`}`)
			}
			method, body, path := "GET", "", paths[tt.path]
			switch tt.path {
			case "bad":
				method, path, body = "POST", zone+"records/", `{"record_type":"A","name":"x","value":"x"}`
			case "patch":
				method, path, body = "PATCH", paths["www"], `{"ttl":60}`
			case "put":
				method, path, body = "PUT", paths["www"], `{"record_type":"TXT","name":"www","value":"x"}`
			case "cname":
				method, path, body = "POST", zone+"records/", `{"record_type":"CNAME","name":"www","value":"example.net"}`
			}
			if path == "" {
				t.Fatalf("no path for %s", tt.path)
			}
			rest := a.do(method, path, body).text
			for i, part := range strings.Split(tt.want, "*") {
				at := strings.Index(rest, part)
				if at < 0 || i > 0 && at > 100 {
					t.Fatalf("%s is answered, without %q", rest, tt.want)
				}
				rest = rest[at+len(part):]
			}
		})
	}
}

func TestPagesLeadToTheEnd(t *testing.T) {
	for _, dialect := range []string{"list=pages,page-size=3", "list=link,page-size=3"} {
		a := start(t, sandbox.Options{}, dialect)
		zone := a.zone("example.com")
		for i := range 8 {
			a.record(zone, fmt.Sprintf(`{"record_type":"A","name":"h%d","value":"192.0.2.1"}`, i))
		}
		seen := map[any]bool{}
		pages := 0
		for next := zone + "records/"; next != ""; pages++ {
			r := a.do("GET", next, "")
			list, ok := r.body.([]any)
			if next = ""; !ok {
				list, _ = r.field("results").([]any)
				next, _ = r.field("next").(string)
			} else if link := r.header.Get("Link"); link != "" {
				next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
			}
			for _, item := range list {
				seen[item.(map[string]any)["uuid"]] = true
			}
		}
		if len(seen) != 8 || pages != 3 {
			t.Errorf("%s: %d records on %d pages", dialect, len(seen), pages)
		}
		if r := a.do("GET", zone+"records/?page=4", ""); r.status != 404 {
			t.Errorf("%s: a page after the last: %d", dialect, r.status)
		}
	}
}

func TestAPathWithoutItsSlashIsRedirected(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	r := a.do("POST", "/dns-zones", `{"domain":"example.com"}`)
	if r.status != 301 || !strings.HasSuffix(r.header.Get("Location"), "/api/v1/dns-zones/") || len(a.server.Snapshot()) != 0 {
		t.Errorf("answered %d, to %s", r.status, r.header.Get("Location"))
	}
}

// A changed field leaves the others, also a name that reads as another one.
func TestAPatchKeepsARelativeNameThatReadsAsInFull(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	zone := a.zone("example.com")
	record := a.record(zone, `{"record_type":"A","name":"www.example.com.example.com.","value":"192.0.2.1"}`)
	if r := a.do("PATCH", record, `{"ttl":60}`); r.field("name") != "www.example.com" {
		t.Errorf("the name is %v", r.field("name"))
	}
	if got := a.server.Snapshot()["example.com"][0].Name; got != "www.example.com" {
		t.Errorf("kept is %s", got)
	}
}

func TestThrottlingAndLatency(t *testing.T) {
	a := start(t, sandbox.Options{}, "throttle=2")
	statuses := map[int]int{}
	var last response
	for range 5 {
		r := a.do("GET", "/dns-zones/", "")
		if statuses[r.status]++; r.status == 429 {
			last = r
		}
	}
	if statuses[200] < 2 || statuses[429] < 1 {
		t.Errorf("the statuses are %v", statuses)
	}
	if last.header.Get("Retry-After") != "1" || last.field("detail") != "Request was throttled. Expected available in 1 seconds." {
		t.Errorf("throttled with %v: %s", last.header, last.text)
	}
	slow := start(t, sandbox.Options{}, "latency=50ms")
	begun := time.Now()
	slow.do("GET", "/dns-zones/", "")
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestTheStateIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	run := func(then func(*api)) {
		t.Helper()
		server, err := sandbox.New(sandbox.Options{StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := sandbox.Listen(server, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a := &api{t, server, listener.URL, server.Token(), &http.Client{Transport: &http.Transport{}}}
		then(a)
		a.client.CloseIdleConnections()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var token, zone, kept, gone string
	var before map[string][]sandbox.Record
	run(func(a *api) {
		token, zone = a.token, a.zone("example.com")
		kept = a.record(zone, `{"record_type":"MX","name":"@","value":"mail.example.com","priority":10}`)
		gone = a.record(zone, `{"record_type":"TXT","name":"x","value":"y"}`)
		a.do("PATCH", kept, `{"ttl":60}`)
		a.do("DELETE", gone, "")
		a.do("DELETE", a.zone("example.net"), "")
		before = a.server.Snapshot()
	})
	check := func(a *api) {
		t.Helper()
		if a.token != token {
			t.Error("the token is another one")
		}
		if diff := cmp.Diff(before, a.server.Snapshot()); diff != "" {
			t.Errorf("the state differs: %s", diff)
		}
		if r := a.do("GET", kept, ""); r.status != 200 || r.field("ttl") != 60.0 {
			t.Errorf("the record is %d %s", r.status, r.text)
		}
		if r := a.do("GET", gone, ""); r.status != 404 {
			t.Errorf("the deleted record is %d", r.status)
		}
	}
	run(check)
	if text, err := os.ReadFile(file); err != nil || strings.Count(string(text), "\n") != 1+1+1+3+1 || strings.Contains(string(text), "example.net") {
		t.Errorf("the file holds more than the format, the token, the zone and its four records: %v\n%s", err, text)
	}

	// A process that was killed leaves its log, the last line perhaps torn.
	log, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.WriteString(`{"zone_id":"torn`); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	run(check)
	run(check)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file, which holds tokens, is %v: %v", info.Mode(), err)
	}

	for name, text := range map[string]string{
		"a later format":  `{"zoneherd_sandbox":2}` + "\n",
		"something else":  "zone: example.com\n",
		"other JSON":      `{"records":{}}` + "\n",
		"a broken middle": `{"zoneherd_sandbox":1}` + "\n{]\n" + `{"revoked":"x"}` + "\n",
	} {
		other := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.New(sandbox.Options{StateFile: other}); err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if left, err := os.ReadFile(other); err != nil || string(left) != text {
			t.Errorf("%s: the file was changed to %q", name, left)
		}
	}
}

// Two sandboxes on one file would each write their own state over the other's.
func TestTheStateIsNotShared(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	first, err := sandbox.New(sandbox.Options{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.New(sandbox.Options{StateFile: file}); err == nil || !strings.Contains(err.Error(), file+" is in use") {
		t.Errorf("the second has %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sandbox.New(sandbox.Options{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Each write appends to the log before it is answered, so that what was
// answered is there without Close.
func TestAnAnsweredWriteSurvivesWithoutClosing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	a := start(t, sandbox.Options{StateFile: file}, "")
	zone := a.zone("example.com")
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { a.record(zone, fmt.Sprintf(`{"record_type":"A","name":"h%d","value":"192.0.2.1"}`, i)) })
	}
	wg.Wait()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := sandbox.New(sandbox.Options{StateFile: copied})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := cmp.Diff(a.server.Snapshot(), again.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

// A write that the state file does not take is refused, and does not happen.
func TestAWriteThatIsNotKeptFails(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no device that is always full")
	}
	a := start(t, sandbox.Options{}, "")
	zone := a.zone("example.com")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	before := a.server.Snapshot()
	a.server.KeepIn(full)
	defer a.server.KeepIn(nil)
	for _, c := range []struct{ method, path, body string }{
		{"POST", zone + "records/", `{"record_type":"A","name":"x","value":"192.0.2.1"}`},
		{"POST", "/dns-zones/", `{"domain":"example.net"}`},
		{"DELETE", zone, ""},
	} {
		if r := a.do(c.method, c.path, c.body); r.status != 500 {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.status, r.text)
		}
	}
	if diff := cmp.Diff(before, a.server.Snapshot()); diff != "" {
		t.Errorf("a write that is not kept took effect: %s", diff)
	}
}

func TestEveryWriteIsObserved(t *testing.T) {
	var seen []string
	a := start(t, sandbox.Options{Observe: func(e sandbox.Event) {
		line := e.Method + " " + e.Zone
		for _, r := range []*sandbox.Record{e.Before, e.After} {
			if r != nil {
				line += fmt.Sprintf(" %s/%d", r.Value, r.TTL)
			}
		}
		seen = append(seen, line)
	}}, "")
	zone := a.zone("example.com")
	record := a.record(zone, `{"record_type":"A","name":"x","value":"192.0.2.1"}`)
	a.do("PATCH", record, `{"ttl":60}`)
	a.do("PATCH", record, `{"ttl":-1}`)
	a.do("DELETE", record, "")
	a.do("DELETE", zone, "")
	want := []string{"POST example.com", "POST example.com 192.0.2.1/3600", "PUT example.com 192.0.2.1/3600 192.0.2.1/60",
		"DELETE example.com 192.0.2.1/60", "DELETE example.com"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// A live side can be made of zone files, and whatever else somebody has put there.
func TestLoadingAndPutting(t *testing.T) {
	a := start(t, sandbox.Options{}, "")
	zones := []schema.Zone{{Name: schema.MustName("example.com"), RRsets: []schema.RRset{
		{Key: schema.Key{Name: schema.MustName("example.com"), Type: schema.TypeMX}, Values: []schema.Value{{TTL: 60, Data: schema.MX{Preference: 5, Exchange: schema.MustName("mail.example.com")}}}},
		{Key: schema.Key{Name: schema.MustName("x.example.com"), Type: schema.TypeTXT}, Values: []schema.Value{{TTL: 60, Data: schema.TXT{Text: `a"b`}}}},
	}}}
	if err := a.server.Load(zones); err != nil {
		t.Fatal(err)
	}
	if err := a.server.Load(zones); err == nil {
		t.Error("a zone was loaded over one that exists")
	}
	if err := a.server.Put("example.com", sandbox.Record{Type: "PTR", Name: "1", Value: "host.example.net.", TTL: 60}); err != nil {
		t.Fatal(err)
	}
	if err := a.server.Put("example.org", sandbox.Record{Type: "A", Name: "@", Value: "192.0.2.1"}); err == nil {
		t.Error("a record was put into no zone")
	}
	var got []string
	list, _ := a.do("GET", "/dns-records/", "").body.([]any)
	for _, item := range list {
		r := item.(map[string]any)
		got = append(got, fmt.Sprintf("%s %s %s %v", r["record_type"], r["name"], r["value"], r["priority"]))
	}
	want := []string{"MX @ mail.example.com 5", `TXT x a"b <nil>`, "PTR 1 host.example.net. <nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDialectsAreChecked(t *testing.T) {
	for _, list := range append(sandbox.Dialects(), "", "throttle=5,latency=20ms") {
		d, err := sandbox.ParseDialect(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
			continue
		}
		if again, err := sandbox.ParseDialect(d.String()); err != nil || again.String() != d.String() {
			t.Errorf("%q prints as %q: %v", list, d, err)
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		if list := sandbox.RandomDialect(random); list != "" {
			if _, err := sandbox.ParseDialect(list); err != nil {
				t.Errorf("%q: %v", list, err)
			}
		}
	}
	for list, want := range map[string]string{
		"list":                    "no KEY=VALUE",
		"lists=pages":             "one of the keys list",
		"list=page":               "list=bare|pages|link",
		"list=pages,list=bare":    "list twice",
		"page-size=0":             "whole number from 1",
		"page-size=x":             "whole number from 1",
		"latency=fast":            "duration",
		"latency=-1s":             "duration",
		"txt=quoted, names=other": "names=at|relative|fqdn|dot",
	} {
		if _, err := sandbox.ParseDialect(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", list, err, want)
		}
	}
}

// big gives a server with zones of a hundred records each, kept in a file.
func big(b *testing.B, zones, records int) (file string) {
	file = filepath.Join(b.TempDir(), "state")
	server, err := sandbox.New(sandbox.Options{StateFile: file})
	if err != nil {
		b.Fatal(err)
	}
	all := make([]schema.Zone, zones)
	for i := range all {
		all[i].Name = schema.MustName(fmt.Sprintf("zone-%d.example", i))
		for j := range records {
			name, err := all[i].Name.Child(fmt.Sprintf("host-%d", j))
			if err != nil {
				b.Fatal(err)
			}
			all[i].RRsets = append(all[i].RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeTXT},
				Values: []schema.Value{{TTL: 3600, Data: schema.TXT{Text: "v=spf1 -all"}}}})
		}
	}
	if err := server.Load(all); err != nil {
		b.Fatal(err)
	}
	if err := server.Close(); err != nil {
		b.Fatal(err)
	}
	return file
}

func BenchmarkOpening1000Zones(b *testing.B) {
	file := big(b, 1000, 100)
	for b.Loop() {
		server, err := sandbox.New(sandbox.Options{StateFile: file})
		if err != nil {
			b.Fatal(err)
		}
		if err := server.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReading10000Records(b *testing.B) {
	benchmark(b, big(b, 1, 10_000), func(a *api) string {
		list, _ := a.do("GET", "/dns-zones/", "").body.([]any)
		return fmt.Sprintf("/dns-zones/%s/", list[0].(map[string]any)["uuid"])
	})
}

func BenchmarkListing1000Zones(b *testing.B) {
	benchmark(b, big(b, 1000, 10), func(*api) string { return "/dns-zones/" })
}

func benchmark(b *testing.B, file string, path func(*api) string) {
	a := start(b, sandbox.Options{StateFile: file}, "")
	p := path(a)
	b.ReportAllocs()
	for b.Loop() {
		if r := a.do("GET", p, ""); r.status != 200 {
			b.Fatal(r.text)
		}
	}
}
