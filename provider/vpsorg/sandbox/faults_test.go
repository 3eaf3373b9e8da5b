package sandbox_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// live is a zone of some addresses, loaded, so that no fault is in the way.
func live(t testing.TB, server *sandbox.Server, records int) {
	t.Helper()
	zone := schema.Zone{Name: schema.MustName("example.com")}
	for i := range records {
		name := schema.MustName(fmt.Sprintf("h%d.example.com", i))
		zone.RRsets = append(zone.RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeTXT},
			Values: []schema.Value{{TTL: 300, Data: schema.TXT{Text: fmt.Sprint(i)}}}})
	}
	if err := server.Load([]schema.Zone{zone}); err != nil {
		t.Fatal(err)
	}
}

// withFaults is a sandbox with faults and a zone of that many records, and
// what is written to it.
func withFaults(t testing.TB, faults, dialect string, records int, opts sandbox.Options) (a *api, zone string, written *log) {
	t.Helper()
	var err error
	if opts.Faults, err = sandbox.ParseFaults(faults); err != nil {
		t.Fatal(err)
	}
	written = &log{}
	opts.Observe = written.add
	a = start(t, opts, dialect)
	live(t, a.server, records)
	zone = "/dns-zones/" + written.take()[0].Handle + "/"
	return a, zone, written
}

// log is what a server was seen to write.
type log struct {
	mu     sync.Mutex
	events []sandbox.Event
}

func (l *log) add(e sandbox.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// take gives what came since it was last asked.
func (l *log) take() []sandbox.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
}

// try is do where the connection may break; body is then what came of it.
func (a *api) try(ctx context.Context, method, path, body string) (out response, err error) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	out = response{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &out.body) // not every answer is JSON
	return out, err
}

const address = `{"record_type":"A","name":"www","value":"192.0.2.1"}`

// What each fault of the connection or the answer does to a write, and whether
// it took effect.
func TestFaultsOfAWrite(t *testing.T) {
	tests := []struct {
		faults  string
		effect  bool
		answers func(response, error) bool
	}{
		{"reset-before=1", false, broken},
		{"reset-after=1", true, broken},
		{"timeout-before=1,hold=10ms", false, broken},
		{"timeout-after=1,hold=10ms", true, broken},
		{"error-before=1", false, failure},
		{"error-after=1", true, failure},
		{"throttled=1", false, func(r response, err error) bool { return err == nil && r.status == 429 }},
		{"truncated=1", true, func(r response, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && r.status == 201 && r.body == nil
		}},
		{"oversized=1", true, func(r response, err error) bool {
			return err == nil && r.status == 201 && len(r.text) == 1<<20 && strings.Trim(r.text[300:], " ") == "" && strings.HasPrefix(r.text, `{"uuid":`)
		}},
		{"malformed=1", true, func(r response, err error) bool { return err == nil && r.status == 201 && !json.Valid([]byte(r.text)) }},
		{"html=1", true, func(r response, err error) bool {
			return err == nil && r.status == 200 && strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && strings.Contains(r.text, "<title>")
		}},
		{"type=1", true, func(r response, err error) bool {
			return err == nil && r.status == 201 && r.header.Get("Content-Type") != "application/json" && r.field("value") == "192.0.2.1"
		}},
		{"slow=1", true, func(r response, err error) bool { return err == nil && r.field("value") == "192.0.2.1" }},
	}
	for _, tt := range tests {
		t.Run(tt.faults, func(t *testing.T) {
			for seed := range 4 {
				a, zone, written := withFaults(t, fmt.Sprintf("seed=%d,%s", seed, tt.faults), "", 1, sandbox.Options{})
				r, err := a.try(t.Context(), "POST", zone+"records/", address)
				if !tt.answers(r, err) {
					t.Errorf("seed %d: answered %d %.300s, %v", seed, r.status, r.text, err)
				}
				if events := written.take(); (len(events) == 1) != tt.effect {
					t.Errorf("seed %d: it took effect %d times", seed, len(events))
				}
			}
		})
	}
}

func broken(r response, err error) bool { return err != nil && r.status == 0 }

func failure(r response, err error) bool {
	return err == nil && r.status >= 500 && r.status <= 504 && r.status != 501 && (r.field("detail") != nil || strings.Contains(r.text, "<title>"))
}

// A failure comes in every form that there is, and so does the advice to wait.
func TestFaultsVaryWithTheSeed(t *testing.T) {
	forms := map[string]bool{}
	for seed := range 60 {
		a, zone, _ := withFaults(t, fmt.Sprintf("seed=%d,error-before=1", seed), "", 0, sandbox.Options{})
		r, _ := a.try(t.Context(), "GET", zone, "")
		forms[fmt.Sprintf("%d %s", r.status, r.header.Get("Content-Type"))] = true
		a, zone, _ = withFaults(t, fmt.Sprintf("seed=%d,throttled=1", seed), "", 0, sandbox.Options{})
		r, _ = a.try(t.Context(), "GET", zone, "")
		after := r.header.Get("Retry-After")
		if at, err := http.ParseTime(after); err == nil {
			if wait := time.Until(at); wait > 2*time.Second || wait < -time.Second {
				t.Errorf("it says to wait %s", wait)
			}
			after = "a date"
		}
		forms["wait: "+after] = true
	}
	want := []string{"500 application/json", "500 text/html; charset=utf-8", "502 application/json", "502 text/html; charset=utf-8",
		"503 application/json", "503 text/html; charset=utf-8", "504 application/json", "504 text/html; charset=utf-8",
		"wait: ", "wait: 1", "wait: 2", "wait: a date"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(forms))); diff != "" {
		t.Error(diff)
	}
}

// After a request nothing listens for a moment, then on the same port again.
func TestRefusedConnections(t *testing.T) {
	a, zone, written := withFaults(t, "refused=1", "", 1, sandbox.Options{})
	if r, err := a.try(t.Context(), "POST", zone+"records/", address); err != nil || r.status != 201 {
		t.Fatalf("the request itself: %d %v", r.status, err)
	}
	if _, err := a.try(t.Context(), "GET", zone, ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("right after it: %v", err)
	}
	for begun := time.Now(); ; {
		r, err := a.try(t.Context(), "GET", zone, "")
		if err == nil && r.status == 200 {
			break
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("nothing listens any more: %v", err)
		}
	}
	if events := written.take(); len(events) != 1 {
		t.Errorf("seen are %v", events)
	}
}

// A client that goes is not waited for.
func TestATimeoutEndsWithTheClient(t *testing.T) {
	a, zone, written := withFaults(t, "timeout-after=1", "", 1, sandbox.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := a.try(ctx, "POST", zone+"records/", address); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if events := written.take(); len(events) != 1 {
		t.Errorf("seen are %v", events)
	}
	// Cleanup closes the server, which would take 65 s.
}

// A late write takes effect after its connection was cut, and at the latest
// when the server is closed.
func TestLateWrites(t *testing.T) {
	seen := make(chan sandbox.Event, 100)
	faults, err := sandbox.ParseFaults("late=1,late-by=20ms")
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, sandbox.Options{Faults: faults, Observe: func(e sandbox.Event) { seen <- e }}, "")
	live(t, a.server, 0)
	zone := "/dns-zones/" + (<-seen).Handle + "/"
	if r, err := a.try(t.Context(), "GET", zone, ""); err != nil || r.status != 200 {
		t.Errorf("a read: %d %v", r.status, err)
	}
	if r, err := a.try(t.Context(), "POST", zone+"records/", address); !broken(r, err) {
		t.Errorf("the write: %d %v", r.status, err)
	}
	if e := <-seen; e.After == nil || e.After.Value != "192.0.2.1" {
		t.Errorf("what came late is %v", e)
	}

	faults, err = sandbox.ParseFaults("late=1,late-by=100h")
	if err != nil {
		t.Fatal(err)
	}
	var written log
	server, err := sandbox.New(sandbox.Options{Faults: faults, Observe: written.add})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	live(t, server, 0)
	zone = "/dns-zones/" + written.take()[0].Handle + "/"
	b := &api{t, server, listener.URL, server.Token(), a.client}
	if r, err := b.try(t.Context(), "POST", zone+"records/", address); !broken(r, err) {
		t.Errorf("the write: %d %v", r.status, err)
	}
	if events := written.take(); len(events) != 0 {
		t.Errorf("it was not late: %v", events)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if events := written.take(); len(events) != 1 {
		t.Errorf("closing left it undone: %v", events)
	}
}

// handlesOf gives the handles of a list or of a zone's records, in their order.
func handlesOf(t *testing.T, r response) []string {
	t.Helper()
	items, ok := r.body.([]any)
	if !ok {
		items, ok = r.field("records").([]any)
	}
	if !ok {
		items, ok = r.field("results").([]any)
	}
	if !ok {
		t.Fatalf("no list: %d %s", r.status, r.text)
	}
	out := []string{}
	for _, item := range items {
		out = append(out, item.(map[string]any)["uuid"].(string))
	}
	return out
}

// pages reads a list by its next links.
func (a *api) pages(path string) (all []string, counts []any) {
	a.t.Helper()
	for {
		r := a.do("GET", path, "")
		all = append(all, handlesOf(a.t.(*testing.T), r)...)
		counts = append(counts, r.field("count"))
		next, _ := r.field("next").(string)
		if next == "" {
			return all, counts
		}
		path = next
	}
}

func TestListsWithFaults(t *testing.T) {
	const n = 25
	for _, dialect := range []string{"", "list=pages,page-size=7"} {
		paged := dialect != ""
		for seed := range 10 {
			read := func(faults string) (list []string, counts []any, details response) {
				t.Helper()
				a, zone, _ := withFaults(t, fmt.Sprintf("seed=%d,%s", seed, faults), dialect, n, sandbox.Options{})
				list, counts = a.pages(zone + "records/")
				return list, counts, a.do("GET", zone, "")
			}
			whole, _, _ := read("count=0")
			if len(whole) != n {
				t.Fatalf("the list has %d", len(whole))
			}
			check := func(faults string, list []string, details response, missing, twice bool) {
				t.Helper()
				distinct := slices.Compact(slices.Sorted(slices.Values(list)))
				if (len(distinct) < n) != missing || (len(list) > len(distinct)) != twice {
					t.Errorf("seed %d, %s, %q: %d of %d are given as %d", seed, faults, dialect, len(distinct), n, len(list))
				}
				if details.field("record_count") != float64(n) {
					t.Errorf("%s: the count is %v", faults, details.field("record_count"))
				}
			}
			list, counts, details := read("page-missing=1")
			check("page-missing", list, details, true, false)
			check("page-missing", handlesOf(t, details), details, true, false)
			if paged && (counts[0] != float64(n) || len(list)%7 != 0 && len(list) != 7+7 && len(list) != 7+7+4) {
				t.Errorf("%d are left, of %v", len(list), counts)
			}
			list, _, details = read("page-twice=1")
			check("page-twice", list, details, paged, true)
			check("page-twice", handlesOf(t, details), details, false, true)
			list, _, details = read("page-moving=1")
			check("page-moving", list, details, paged, paged)
			if slices.Equal(handlesOf(t, details), whole) {
				t.Error("the order is the same")
			}
			_, _, details = read("count=1")
			off, _ := details.field("record_count").(float64)
			if off -= n; off == 0 || off < -3 || off > 3 || len(handlesOf(t, details)) != n {
				t.Errorf("seed %d: the count is off by %v", seed, off)
			}
		}
	}
}

// A lagging read shows a state that there was, and a write sees the present.
func TestLag(t *testing.T) {
	a, zone, _ := withFaults(t, "lag=1h", "", 1, sandbox.Options{})
	first := a.record(zone, address)
	a.record(zone, `{"record_type":"A","name":"x","value":"192.0.2.2"}`)
	if r := a.do("PATCH", first, `{"ttl":60}`); r.status != 200 {
		t.Errorf("a write does not see the present: %d %s", r.status, r.text)
	}
	// Nearly all of the last hour is before the first write, and after loading.
	seen := map[string]int{}
	for range 20 {
		r := a.do("GET", zone, "")
		seen[fmt.Sprintf("%v counted, %d listed", r.field("record_count"), len(handlesOf(t, r)))]++
		seen[fmt.Sprintf("list of %d", len(handlesOf(t, a.do("GET", zone+"records/", ""))))]++
		seen[fmt.Sprintf("record %d", a.do("GET", first, "").status)]++
		seen[strings.Split(a.do("GET", "/dns-zones/", "").text, `"record_count":`)[1][:1]+" in the list of zones"]++
	}
	want := map[string]int{"1 counted, 1 listed": 20, "list of 1": 20, "record 404": 20, "1 in the list of zones": 20}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	a.zone("new.example")
	if list := handlesOf(t, a.do("GET", "/dns-zones/", "")); len(list) != 1 {
		t.Errorf("%d zones are listed", len(list))
	}
	if r := a.do("DELETE", zone, ""); r.status != 204 {
		t.Fatalf("deleting: %d", r.status)
	}
	if r := a.do("GET", zone, ""); r.status != 200 || r.field("record_count") != 1.0 {
		t.Errorf("the deleted zone is %d %s", r.status, r.text)
	}
}

// With a lag that is over, a read shows the present.
func TestLagEnds(t *testing.T) {
	a, zone, _ := withFaults(t, "lag=1ns", "", 1, sandbox.Options{})
	record := a.record(zone, address)
	if r := a.do("GET", record, ""); r.status != 200 {
		t.Errorf("the record is %d", r.status)
	}
	a.do("DELETE", record, "")
	if r := a.do("GET", record, ""); r.status != 404 {
		t.Errorf("the deleted record is %d", r.status)
	}
}

func TestMixedUpAnswers(t *testing.T) {
	a, zone, written := withFaults(t, "mixed-up=1", "", 0, sandbox.Options{})
	first := a.do("POST", zone+"records/", address)
	if first.field("value") != "192.0.2.1" {
		t.Errorf("nothing was there to mix it up with: %s", first.text)
	}
	second := a.do("POST", zone+"records/", `{"record_type":"A","name":"x","value":"192.0.2.2"}`)
	if second.text != first.text {
		t.Errorf("the second answer is %s", second.text)
	}
	if events := written.take(); len(events) != 2 || events[1].After.Value != "192.0.2.2" {
		t.Errorf("seen are %v", events)
	}
}

func TestATokenIsRevoked(t *testing.T) {
	a, zone, _ := withFaults(t, "revoke-after=2", "", 0, sandbox.Options{})
	for i, want := range []int{200, 201, 401, 401} {
		r := a.do([]string{"GET", "POST"}[i%2], []string{zone, zone + "records/"}[i%2], []string{"", address}[i%2])
		if r.status != want {
			t.Errorf("request %d: %d", i+1, r.status)
		}
	}
}

// Somebody else writes whatever there is to write, tells it, and keeps the
// zone valid and the server's own records as they are.
func TestForeignWrites(t *testing.T) {
	var own atomic.Int64
	kinds := map[string]int{}
	mirror := map[string]sandbox.Record{}
	opts := sandbox.Options{}
	a, zone, written := withFaults(t, "seed=3,foreign=1", "", 10, opts)
	for _, r := range a.server.Snapshot()["example.com"] {
		mirror[r.ID] = r
	}
	for i := range 200 {
		a.do("POST", zone+"records/", fmt.Sprintf(`{"record_type":"CNAME","name":"c%d","value":"example.net"}`, i))
		a.do("GET", zone, "")
	}
	for _, e := range written.take() {
		if !e.Foreign {
			own.Add(1)
		}
		kinds[fmt.Sprintf("%s %v", e.Method, e.Foreign)]++
		if e.Before != nil {
			if e.Before.System {
				t.Errorf("the server's own %v was written", e.Before)
			}
			delete(mirror, e.Handle)
		}
		if e.After != nil {
			mirror[e.Handle] = *e.After
		}
	}
	if own.Load() < 190 || kinds["POST true"] < 50 || kinds["PUT true"] < 50 || kinds["DELETE true"] < 50 || len(kinds) != 4 {
		t.Errorf("seen are %v", kinds)
	}
	at := map[string][]string{}
	now := map[string]sandbox.Record{}
	for _, r := range a.server.Snapshot()["example.com"] {
		now[r.ID] = r
		at[r.Name] = append(at[r.Name], r.Type)
	}
	for name, types := range at {
		if slices.Contains(types, "CNAME") && len(types) > 1 {
			t.Errorf("%s has %v", name, types)
		}
	}
	if diff := cmp.Diff(now, mirror); diff != "" {
		t.Errorf("the events do not make the zone: %s", diff)
	}
}

func TestACertificateThatNobodyTrusts(t *testing.T) {
	a, zone, _ := withFaults(t, "tls=self-signed", "", 0, sandbox.Options{})
	if !strings.HasPrefix(a.url, "https://") {
		t.Fatalf("the endpoint is %s", a.url)
	}
	_, err := a.try(t.Context(), "GET", zone, "")
	if _, distrusted := errors.AsType[*tls.CertificateVerificationError](err); !distrusted {
		t.Errorf("the error is %v", err)
	}
	a.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	if r := a.do("GET", zone, ""); r.status != 200 {
		t.Errorf("who trusts all gets %d", r.status)
	}
}

func TestAFullDisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	faults, err := sandbox.ParseFaults("disk-full=6")
	if err != nil {
		t.Fatal(err)
	}
	var written log
	server, err := sandbox.New(sandbox.Options{Faults: faults, StateFile: file, Observe: written.add})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	a := &api{t, server, listener.URL, server.Token(), client}
	live(t, server, 0) // four lines
	zone := "/dns-zones/" + written.take()[0].Handle + "/"
	a.record(zone, address)
	for range 2 {
		if r := a.do("POST", zone+"records/", `{"record_type":"A","name":"x","value":"192.0.2.2"}`); r.status != 500 {
			t.Errorf("what is not kept is answered with %d", r.status)
		}
	}
	if err := listener.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closing gives %v", err)
	}
	again, err := sandbox.New(sandbox.Options{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if records := again.Snapshot()["example.com"]; len(records) != 1 {
		t.Errorf("kept is %v", records)
	}
}

// The process is killed before or after a write took effect and was kept.
func TestKilling(t *testing.T) {
	for faults, kept := range map[string]int{"kill-before=2": 1, "kill-after=2": 2} {
		file := filepath.Join(t.TempDir(), "state")
		left := make(chan []byte, 1)
		a, zone, _ := withFaults(t, faults, "", 0, sandbox.Options{StateFile: file, Kill: func() {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
			}
			left <- text
		}})
		a.record(zone, address)
		for i := range 2 {
			if r, err := a.try(t.Context(), "POST", zone+"records/", fmt.Sprintf(`{"record_type":"A","name":"x%d","value":"192.0.2.2"}`, i)); !broken(r, err) {
				t.Errorf("%s: a dead server answers %d %v", faults, r.status, err)
			}
		}
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.WriteFile(copied, <-left, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := sandbox.New(sandbox.Options{StateFile: copied})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if records := again.Snapshot()["example.com"]; len(records) != kept {
			t.Errorf("%s: kept is %v", faults, records)
		}
	}
}

// The same requests in another order, some at the same time, meet the same.
func TestFaultsAreReproducible(t *testing.T) {
	const faults = "reset-before=0.1,reset-after=0.1,error-before=0.1,error-after=0.1,throttled=0.1,truncated=0.1,malformed=0.1,html=0.1,type=0.1,count=0.3,page-missing=0.2,page-twice=0.2"
	type request struct{ method, path, body string }
	run := func(seed int, order uint64) map[string][]string {
		a, zone, _ := withFaults(t, fmt.Sprintf("seed=%d,%s", seed, faults), "", 12, sandbox.Options{})
		// On a connection used before, Go's client repeats a GET by itself.
		a.client.Transport.(*http.Transport).DisableKeepAlives = true
		var requests []request
		for i := range 60 {
			requests = append(requests, request{"POST", zone + "records/", fmt.Sprintf(`{"record_type":"A","name":"n%d","value":"192.0.2.1"}`, i)},
				request{"GET", fmt.Sprintf("%s?i=%d", zone, i%20), ""}, request{"DELETE", fmt.Sprintf("/dns-records/%d/", i%30), ""})
		}
		shuffle := rand.New(rand.NewPCG(order, 1))
		shuffle.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
		var mu sync.Mutex
		met := map[string][]string{}
		var wg sync.WaitGroup
		for part := range slices.Chunk(requests, len(requests)/4) {
			wg.Go(func() {
				for _, q := range part {
					r, err := a.try(t.Context(), q.method, q.path, q.body)
					// What a read lists depends on what was written by then.
					outcome := fmt.Sprint(r.status, r.header.Get("Content-Type"), err == nil, r.header.Get("Retry-After") != "", r.body != nil)
					if r.status == 201 && r.body != nil {
						outcome += fmt.Sprint(r.field("uuid"))
					}
					mu.Lock()
					met[fmt.Sprint(q)] = append(met[fmt.Sprint(q)], outcome)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, outcomes := range met { // which of the same requests came first is not told apart
			slices.Sort(outcomes)
		}
		return met
	}
	first := run(1, 1)
	if diff := cmp.Diff(first, run(1, 2)); diff != "" {
		t.Errorf("the order matters: %s", diff)
	}
	if cmp.Equal(first, run(2, 1)) {
		t.Error("the seed does not matter")
	}
}

func TestFaultsAreChecked(t *testing.T) {
	for _, list := range []string{"", "seed=0", "reset-before=0.25,seed=18446744073709551615", "hold=1s, late=1 ,late-by=0s", "tls=self-signed", "kill-after=3,refused=1e-3"} {
		f, err := sandbox.ParseFaults(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
			continue
		}
		if again, err := sandbox.ParseFaults(f.String()); err != nil || again.String() != f.String() {
			t.Errorf("%q prints as %q: %v", list, f, err)
		}
	}
	for list, want := range map[string]string{
		"reset":             "no KEY=VALUE",
		"resets=1":          "one of the keys seed, refused",
		"late=1,late=1":     "late twice",
		"late=1.1":          "probability",
		"late=-0.1":         "probability",
		"late=NaN":          "probability",
		"late=often":        "probability",
		"hold=5":            "duration",
		"lag=-1s":           "duration",
		"revoke-after=0":    "whole number from 1",
		"kill-after=half":   "whole number from 1",
		"seed=-1":           "whole number from 0",
		"tls=expired":       "tls=none|self-signed",
		"seed=1,kill-by=30": "kill-by=30",
	} {
		if _, err := sandbox.ParseFaults(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", list, err, want)
		}
	}
	for _, usage := range sandbox.FaultKeys() {
		if key, does, _ := strings.Cut(usage, " "); !strings.Contains(key, "=") || strings.TrimSpace(does) == "" {
			t.Errorf("%q says nothing", usage)
		}
	}
}

// Handles follow from the seed, and none is given twice, not even to what is
// made again after the state file was opened again.
func TestHandlesFollowFromTheSeed(t *testing.T) {
	run := func(list, file string) (given []string) {
		t.Helper()
		faults, err := sandbox.ParseFaults(list)
		if err != nil {
			t.Fatal(err)
		}
		var written log
		server, err := sandbox.New(sandbox.Options{Faults: faults, StateFile: file, Observe: written.add})
		if err != nil {
			t.Fatal(err)
		}
		if len(server.Snapshot()) == 0 {
			live(t, server, 2)
		}
		for range 2 {
			if err := server.Put("example.com", sandbox.Record{Type: "A", Name: "x", Value: "192.0.2.1", TTL: 60}); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		for i, e := range written.take() {
			if e.Number != uint64(i+1) || !e.Foreign {
				t.Errorf("event %d is number %d, foreign: %t", i+1, e.Number, e.Foreign)
			}
			given = append(given, e.Handle)
		}
		return given
	}
	file := filepath.Join(t.TempDir(), "state")
	first := run("seed=1", file)
	if diff := cmp.Diff(first, run("seed=1", filepath.Join(t.TempDir(), "state"))); diff != "" {
		t.Errorf("the same seed: %s", diff)
	}
	all := slices.Concat(first, run("seed=1", file), run("seed=1", file), run("seed=2", ""))
	slices.Sort(all)
	if distinct := slices.Compact(slices.Clone(all)); len(distinct) != 5+2+2+5 {
		t.Errorf("%d handles, of which %d differ", len(all), len(distinct))
	}
}
