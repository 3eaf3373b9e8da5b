package schema_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The JSON Schemas as an editor shows them: by yaml-language-server itself,
// which .ci/run installs. A bar in a text is where the cursor is.
func TestWhatAnEditorShows(t *testing.T) {
	e := startEditor(t)
	for _, c := range []struct {
		about, schema, text string
		want                []string // among the completions
		not                 string
	}{
		{about: "the keys of a zone file", schema: "zone", text: "|", want: []string{"zone", "zones", "ttl", "include", "records", "state", "allow", "lenient"}, not: "type"},
		{about: "what is there is not offered again", schema: "zone", text: "zone: a.example\n|", want: []string{"records", "include"}, not: "zone"},
		{about: "the keys of a record", schema: "zone", text: "records:\n  www:\n    |", want: []string{"type", "ttl", "value", "values", "lenient"}, not: "records"},
		{about: "the types", schema: "zone", text: "records:\n  www: {type: |}", want: []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"}, not: "type"},
		{about: "the types in octoDNS's form", schema: "zone", text: "www:\n  type: |", want: []string{"A", "CNAME", "TXT"}, not: "type"},
		{about: "the fields of MX", schema: "zone", text: "records:\n  www:\n    type: MX\n    value:\n      |", want: []string{"preference", "exchange"}, not: "weight"},
		{about: "the fields of SRV", schema: "zone", text: "records:\n  www:\n    type: SRV\n    value:\n      |", want: []string{"priority", "weight", "port", "target"}, not: "exchange"},
		{about: "the guards that a file may let pass", schema: "zone", text: "zone: a.example\nallow: |", want: []string{"deletes", "delete-zone", "last"}},
		{about: "the keys of the configuration", schema: "config", text: "|", want: []string{"zones", "prune", "ignore", "guards", "advice"}, not: "token"},
		{about: "the modes of pruning", schema: "config", text: "prune: |", want: []string{"all", "owned", "none"}},
		{about: "the advice", schema: "config", text: "advice:\n  |", want: []string{"dmarc-rua", "cname-takeover"}},
	} {
		t.Run("completion: "+c.about, func(t *testing.T) {
			got := e.complete(t, c.schema, c.text)
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("%s is not among %q", want, got)
				}
			}
			if c.not != "" && slices.Contains(got, c.not) {
				t.Errorf("%s is among %q", c.not, got)
			}
		})
	}
	for _, c := range []struct{ schema, text, want string }{
		{"zone", "zo|ne: a.example", "optional where the file is named after it"},
		{"zone", "zo|nes: [a.example, b.example]", "several zones with these same records"},
		{"zone", "inc|lude: ../shared/mail.yaml", "files with records to add"},
		{"zone", "zone: a.example\nrec|ords: {}", "@ for the apex"},
		{"zone", "records:\n  w|ww: {type: A, value: 192.0.2.1}", "the records of one owner name"},
		{"zone", "records:\n  www: {ty|pe: A, value: 192.0.2.1}", "`AAAA`: IPv6 addresses"},
		{"zone", "records:\n  www: {type: A, val|ue: 192.0.2.1}", "without any dot relative to the zone"},
		{"zone", "records:\n  www: {type: A, t|tl: 60, value: 192.0.2.1}", "time to live in seconds"},
		{"zone", "records:\n  www: {type: MX, value: {pref|erence: 10, exchange: a}}", "lower is tried first"},
		{"zone", "www: {type: A, octo|dns: {ignored: true}}", "octoDNS's options"},
		{"zone", "state: abs|ent", "`absent`: the zone is to be deleted"},
		{"config", "pru|ne: owned", "`owned`: those are deleted that git has ever declared"},
		{"config", "guards: {la|st: allow}", "the last MX record, delegation or apex address"},
		{"config", "advice: {dmarc-|rua: false}", "DMARC without an address for reports"},
	} {
		t.Run("hover: "+strings.ReplaceAll(c.text, "\n", " "), func(t *testing.T) {
			if got := e.hover(t, c.schema, c.text); !strings.Contains(got, c.want) {
				t.Errorf("%q is not in %q", c.want, got)
			}
		})
	}
	for _, c := range []struct {
		schema, text string
		want         []string // LINE:COLUMN and what begins there
	}{
		{"zone", "zone: a.example\nrecords:\n  www: {type: A, value: 192.0.2.1}", nil},
		{"zone", "zones: [a.example, b.example]\ninclude: [../shared/mail.yaml]", nil},
		{"zone", "'': {type: MX, values: [{priority: 10, value: a.}]}", nil},
		{"zone", "zone: a.example\nrecord: {}", []string{"2:1 record"}},
		{"zone", "zone: a.example\nzones: [b.example]", []string{"2:1 zones"}},
		{"zone", "records:\n  www: {type: CNMAE, value: a}", []string{"2:15 CNMAE"}},
		{"zone", "records:\n  www:\n    - {type: A, ttl: 1h, value: 192.0.2.1}", []string{"3:22 1h"}},
		{"zone", "records:\n  www: {type: MX, value: {preference: 65536, exchange: a}}", []string{"2:39 65536"}},
		{"zone", "zone: a.example\nallow: everything", []string{"2:8 everything"}},
		{"config", "prune: none\nguards: {max-deletes: 101}", []string{"2:23 101"}},
		{"config", "advice: {dmarc: false}", []string{"1:10 dmarc"}},
		{"config", "endpoint: https://dns.example", []string{"1:1 endpoint"}},
	} {
		t.Run("errors: "+strings.ReplaceAll(c.text, "\n", " "), func(t *testing.T) {
			if diff := cmp.Diff(c.want, e.errors(t, c.schema, c.text)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// editor is a client of yaml-language-server over its standard streams.
type editor struct {
	in    io.Writer
	out   chan message
	files int
}

// message is one of the protocol, whichever way.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  any             `json:"result"`
}

func startEditor(t *testing.T) *editor {
	path, err := exec.LookPath("yaml-language-server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("yaml-language-server is not installed")
		}
		t.Skip("yaml-language-server is not installed: .ci/run does that")
	}
	cmd := exec.Command(path, "--stdio")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &editor{in: in, out: make(chan message)}
	done := make(chan struct{})
	go read(bufio.NewReader(out), e.out, done)
	t.Cleanup(func() {
		close(done)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	e.call(t, "initialize", map[string]any{"capabilities": map[string]any{
		"workspace":    map[string]any{"configuration": true},
		"textDocument": map[string]any{"hover": map[string]any{"contentFormat": []string{"markdown"}}},
	}}, new(any))
	e.send(t, message{Method: "initialized", Params: map[string]any{}})
	return e
}

// read reads messages until the server ends.
func read(r *bufio.Reader, to chan<- message, done <-chan struct{}) {
	defer close(to)
	for {
		head, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(head.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			return
		}
		select {
		case to <- m:
		case <-done:
			return
		}
	}
}

func (e *editor) send(t *testing.T, m message) {
	t.Helper()
	m.Version = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
}

// next gives the next message that is no question of the server's; those are
// answered with the settings of an editor that looks up no schemas elsewhere.
func (e *editor) next(t *testing.T) message {
	t.Helper()
	for {
		select {
		case m, ok := <-e.out:
			switch {
			case !ok:
				t.Fatal("yaml-language-server has ended")
			case m.Method == "" || m.ID == nil:
				return m
			}
			var settings []any
			var asked struct{ Items []struct{ Section string } }
			if as(t, m.Params, &asked); m.Method == "workspace/configuration" {
				for _, item := range asked.Items {
					var s any
					if item.Section == "yaml" {
						s = map[string]any{"schemaStore": map[string]any{"enable": false}, "hover": true, "completion": true, "validate": true}
					}
					settings = append(settings, s)
				}
			}
			e.send(t, message{ID: m.ID, Result: settings})
		case <-time.After(time.Minute):
			t.Fatal("yaml-language-server says nothing")
		}
	}
}

// as reads what a message carries as something else.
func as(t *testing.T, v, to any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (e *editor) call(t *testing.T, method string, params, result any) {
	t.Helper()
	e.files++
	id := strconv.Itoa(e.files)
	e.send(t, message{ID: json.RawMessage(id), Method: method, Params: params})
	for {
		if m := e.next(t); string(m.ID) == id {
			as(t, m.Result, result)
			return
		}
	}
}

// open opens a file with the text, and gives its name, its lines, and the
// place of the bar.
func (e *editor) open(t *testing.T, schemaName, text string) (uri string, lines []string, position map[string]any) {
	t.Helper()
	file, err := filepath.Abs("jsonschema/" + schemaName + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(text, "|")
	head := "# yaml-language-server: $schema=file://" + file + "\n"
	lines = strings.Split(head+before+after, "\n")
	row := strings.Count(head+before, "\n")
	position = map[string]any{"line": row, "character": len(before) - strings.LastIndex("\n"+before, "\n")}
	e.files++
	uri = fmt.Sprintf("file:///zones/%d.example.yaml", e.files)
	e.send(t, message{Method: "textDocument/didOpen", Params: map[string]any{
		"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": head + before + after},
	}})
	return uri, lines, position
}

func (e *editor) complete(t *testing.T, schemaName, text string) []string {
	t.Helper()
	uri, _, position := e.open(t, schemaName, text)
	var found struct{ Items []struct{ Label string } }
	e.call(t, "textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": position}, &found)
	var labels []string
	for _, i := range found.Items {
		labels = append(labels, i.Label)
	}
	return labels
}

func (e *editor) hover(t *testing.T, schemaName, text string) string {
	t.Helper()
	uri, _, position := e.open(t, schemaName, text)
	var found struct{ Contents struct{ Value string } }
	e.call(t, "textDocument/hover", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": position}, &found)
	return found.Contents.Value
}

// errors gives the places that the server underlines, from 1 and without the
// line that names the schema, with the word there.
func (e *editor) errors(t *testing.T, schemaName, text string) []string {
	t.Helper()
	uri, lines, _ := e.open(t, schemaName, text)
	for {
		m := e.next(t)
		var told struct {
			URI         string
			Diagnostics []struct {
				Range struct{ Start, End struct{ Line, Character int } }
			}
		}
		if m.Method != "textDocument/publishDiagnostics" {
			continue
		}
		if as(t, m.Params, &told); told.URI != uri {
			continue
		}
		var out []string
		for _, d := range told.Diagnostics {
			from, to := d.Range.Start, d.Range.End
			line := lines[from.Line]
			if to.Line != from.Line {
				to.Character = len(line)
			}
			out = append(out, fmt.Sprintf("%d:%d %s", from.Line, from.Character+1, line[from.Character:to.Character]))
		}
		return out
	}
}
