package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// hostile is a service with one zone, example.com, that answers as its fields
// say: it may know the token, and put it anywhere.
type hostile struct {
	*httptest.Server

	mu      sync.Mutex
	asked   int
	made    int
	records []map[string]any
	zones   []map[string]any // listed besides
	account any
	// before may answer a request instead.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newHostile(t *testing.T) *hostile {
	h := &hostile{}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	h.reset()
	return h
}

// set changes how it answers, between requests.
func (h *hostile) set(how func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	how()
}

// reset makes the service sound again.
func (h *hostile) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.zones = nil, nil
	h.account = map[string]any{"account": map[string]any{"email": "dns@example.com"}, "token": map[string]any{"name": "ci", "permissions": []string{"dns:list"}}}
	h.records = []map[string]any{
		{"uuid": "r1", "record_type": "A", "name": "@", "value": "192.0.2.1", "ttl": 3600},
		{"uuid": "r2", "record_type": "A", "name": "www", "value": "192.0.2.2", "ttl": 3600},
		{"uuid": "r3", "record_type": "TXT", "name": "@", "value": "v=spf1 -all", "ttl": 3600},
		{"uuid": "r4", "record_type": "A", "name": "mail", "value": "192.0.2.4", "ttl": 3600},
	}
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	if h.before != nil && h.before(w, r) {
		return
	}
	var sent map[string]any
	_ = json.NewDecoder(r.Body).Decode(&sent) // of a read there is none
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v) // the client may be gone
	}
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/"), "/"), "/")
	zone := map[string]any{"uuid": "z1", "domain": "example.com", "record_count": len(h.records)}
	at := -1
	if len(path) == 2 {
		at = slices.IndexFunc(h.records, func(rec map[string]any) bool { return rec["uuid"] == path[1] })
	}
	switch {
	case path[0] == "account":
		answer(200, h.account)
	case path[0] == "dns-zones" && len(path) == 1:
		answer(200, append([]map[string]any{zone}, h.zones...))
	case path[0] == "dns-zones" && len(path) == 2:
		zone["records"] = h.records
		answer(200, zone)
	case path[0] == "dns-zones" && r.Method == http.MethodPost:
		h.made++
		sent["uuid"] = fmt.Sprintf("new%d", h.made)
		h.records = append(h.records, sent)
		answer(201, sent)
	case path[0] == "dns-zones" || len(path) == 1:
		answer(200, h.records)
	case at < 0:
		answer(404, map[string]any{"detail": "Not found."})
	case r.Method == http.MethodDelete:
		h.records = slices.Delete(h.records, at, at+1)
		w.WriteHeader(204)
	default:
		if r.Method != http.MethodGet {
			h.records[at] = maps.Clone(h.records[at])
			maps.Copy(h.records[at], sent)
		}
		answer(200, h.records[at])
	}
}

// says has every request, or every write, answered with this.
func says(writes bool, status int, header map[string]string, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if writes && r.Method == http.MethodGet {
			return false
		}
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may be gone
		return true
	}
}

// bench is a directory in which the real binary runs, and keeps what it prints.
type bench struct {
	t   *testing.T
	dir string
	env []string
	n   int
}

func newBench(t *testing.T, env ...string) *bench {
	b := &bench{t: t, dir: t.TempDir()}
	b.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(b.dir, "home"), "GIT_CONFIG_GLOBAL=" + os.DevNull}, env...)
	b.write("zones/example.com.yaml", "records:\n  \"@\": [{type: A, value: 192.0.2.1}, {type: TXT, value: v=spf1 ~all}]\n  www: {type: A, value: 192.0.2.20}\n  new: {type: A, value: 192.0.2.9}\n")
	return b
}

func (b *bench) write(file, text string) {
	b.t.Helper()
	file = filepath.Join(b.dir, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// command is a run that is yet to begin.
func (b *bench) command(env []string, args ...string) *exec.Cmd {
	path, err := exec.LookPath("zoneherd")
	if err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = b.dir, append(slices.Clone(b.env), env...)
	return cmd
}

// run runs the binary, gives what it prints, and keeps it.
func (b *bench) run(env []string, args ...string) string {
	b.t.Helper()
	cmd := b.command(env, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // most are meant to fail
	b.keep(out.String())
	return out.String()
}

// here runs what the binary does in this process, which is in the bench's
// directory and environment, and keeps what it prints.
func (b *bench) here(args ...string) {
	b.t.Helper()
	var out bytes.Buffer
	run(append([]string{"zoneherd"}, args...), strings.NewReader(""), &out, &out)
	b.keep(out.String())
}

// enter puts this process into the bench's directory and environment.
func (b *bench) enter() {
	b.t.Chdir(b.dir)
	for _, v := range b.env {
		name, value, _ := strings.Cut(v, "=")
		b.t.Setenv(name, value)
	}
}

func (b *bench) keep(text string) {
	b.n++
	b.write(fmt.Sprintf("printed/%04d", b.n), text)
}

// every are runs that see all of the service: what they print and leave in
// files is in the bench's directory. They begin with the service as it is.
func (b *bench) every(run func(args ...string)) {
	b.n++
	at := fmt.Sprintf("left/%03d", b.n)
	b.write(at+"/nothing", "")
	file := func(name string) string { return filepath.Join(at, name) }
	run("zones")
	run("zones", "--format", "json")
	run("whoami")
	run("whoami", "--format", "json", "--log-format", "json")
	run("plan", "--allow-deletes", "*", "--allow-updates", "*", "--out", file("plan.json"), "--report", file("a.txt"), "--report", file("a.md"), "--report", file("a.html"), "--report", file("a.json"))
	run("plan", "--format", "html", "--log-format", "json")
	run("import", "--merge", "--dry-run", "--diff")
	run("comment", "--plan", file("a.json"), "--pull-request", "7")
	run("comment", "--plan", file("a.json"), "--drift")
	run("apply", "--yes", "--log-format", "json", "--settle-for", "300ms", "--allow-deletes", "*", "--allow-updates", "*", "--format", "json",
		"--backup-dir", file("backups"), "--journal", file("journal.jsonl"), "--result", file("result.json"))
	run("apply", "--yes", "--settle-for", "300ms", "--resume", file("journal.jsonl"))
	run("apply", "--yes", "--settle-for", "300ms", "--resume", file("journal.jsonl"), "--rollback")
	run("apply", "--yes", "--settle-for", "300ms", "--backup-dir", file("backups"), file("plan.json"))
	run("comment", "--plan", file("a.json"), "--result", file("result.json"), "--pull-request", "7")
}

// files are all files that are below the bench's directory.
func (b *bench) files(each func(name, text string)) int {
	n := 0
	err := filepath.WalkDir(b.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			n++
			each(path, path+"\n"+string(text))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}
