package vpsorg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

// Whatever a service answers, each call returns, and claims nothing that was
// not said: no zone is read whole without a count that agrees, and no write
// that was answered with nonsense is told as done.
func FuzzAnswers(f *testing.F) {
	zone := `{"uuid":"z1","domain":"example.com","record_count":1,"records":[` + aRecord + `]}`
	for _, seed := range []string{aRecord, zone, "[" + zone + "]", `{"count":1,"next":null,"results":[` + aRecord + `]}`,
		`{"count":2,"next":"?page=2","results":[]}`, "null", "[null]", "{}", "[]", `""`, "<html>", "\x00", strings.Repeat("[", 20000)} {
		for _, status := range []int{200, 201, 204, 400} {
			f.Add(status, seed)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 499 || status == 408 || status == 425 || status == 429 {
			t.Skip() // asked again after a while
		}
		client := dial(t, vpsorg.Options{Transport: &wire{replies: []reply{{status: status, body: body}}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := client.ListZones(ctx); err != nil {
			printable(t, err)
		}
		if info, err := client.FindZone(ctx, example.Name); err != nil {
			printable(t, err)
		} else if info.Name != example.Name || info.Handle == "" {
			t.Errorf("found %+v", info)
		}
		if live, err := client.ReadZone(ctx, exampleInfo); err != nil {
			printable(t, err)
		} else if lower := strings.ToLower(body); live.Handle != "z1" || !strings.Contains(lower, "count") && !strings.Contains(lower, `\u`) {
			t.Errorf("read %+v whole without a count from %q", live, body)
		}
		if r, err := client.ReadRecord(ctx, example, "r1"); err != nil {
			printable(t, err)
		} else if r.Handle != "r1" || !r.Name.In(example.Name) || r.Data == nil {
			t.Errorf("read %+v", r)
		}
		www := address("www.example.com", "192.0.2.1", 300)
		if r, err := client.CreateRecord(ctx, example, www); err != nil {
			printable(t, err)
		} else if r.Handle == "" || r.Name != www.Name || r.TTL != www.TTL || r.Data != www.Data {
			t.Errorf("created %+v", r)
		}
		if r, err := client.UpdateRecord(ctx, example, "r1", address("www.example.com", "192.0.2.9", 300), www); err != nil {
			printable(t, err)
		} else if r.Handle == "" || r.TTL != www.TTL || r.Data != www.Data {
			t.Errorf("updated to %+v", r)
		}
		if info, err := client.CreateZone(ctx, example.Name); err != nil {
			printable(t, err)
		} else if info.Name != example.Name || info.Handle == "" {
			t.Errorf("created %+v", info)
		}
		if err := client.DeleteRecord(ctx, example, "r1"); err != nil {
			printable(t, err)
		}
		if _, err := client.Identity(ctx); err != nil {
			printable(t, err)
		}
		if err := ctx.Err(); err != nil {
			t.Error(err)
		}
	})
}

// printable checks that an error can be shown on a terminal, on one line.
func printable(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); len(text) > 4000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
		t.Errorf("the error is %q", text)
	}
}

// Whatever the address of a next page is, requests go to the endpoint and the
// list ends.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"", "?page=2", "http://elsewhere.example/x?page=2", "//elsewhere.example/?page=2", "/../../?page=2", "?page=2#x", "https://user:secret@elsewhere.example/?page=2", "https://admin.vps.org@elsewhere.example/?page=2", "https://admin.vps.org:8443/api/v1/dns-zones/?page=2", "?domain=other", "http://[::1", "?%zz", "?a=1&a=2", "javascript:x", "\x00"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, next string, link bool) {
		var asked int
		client := dial(t, vpsorg.Options{Attempts: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme != "https" || r.URL.Host != "admin.vps.org" || r.Host != "admin.vps.org" || r.URL.Path != "/api/v1/dns-zones/" || r.URL.User != nil {
				t.Errorf("asked %s", r.URL)
			}
			if got := r.URL.Query()["domain"]; len(got) != 1 || got[0] != "example.com" {
				t.Errorf("asked for the domains %q", got)
			}
			if asked++; asked > 3 {
				t.Error("the list does not end")
			}
			w := &wire{replies: []reply{{status: 200, body: fmt.Sprintf(`{"count":1,"next":%s,"results":[]}`, jsonText(next))}}}
			if link {
				w.replies[0] = reply{status: 200, body: "[]", header: map[string]string{"Link": "<" + next + `>; rel="next"`}}
			}
			return w.RoundTrip(r)
		})})
		_, err := client.FindZone(t.Context(), example.Name)
		if err == nil {
			t.Error("found a zone in empty lists")
		} else if !errors.Is(err, provider.ErrNotFound) && !errors.Is(err, provider.ErrIncomplete) {
			t.Errorf("the error is %v", err)
		} else {
			printable(t, err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func BenchmarkReadZone(b *testing.B) {
	const n = 10_000
	records := make([]string, n)
	for i := range records {
		switch i % 4 {
		case 0:
			records[i] = fmt.Sprintf(`{"uuid":"%08d-0000-4000-8000-000000000000","record_type":"A","name":"host-%d","value":"192.0.2.%d","ttl":3600,"priority":null,"created_at":"2026-01-01T00:00:00Z"}`, i, i, i%250)
		case 1:
			records[i] = fmt.Sprintf(`{"uuid":"%08d-0000-4000-8000-000000000000","record_type":"CNAME","name":"www.host-%d","value":"host-%d.example.com","ttl":3600,"priority":null,"created_at":"2026-01-01T00:00:00Z"}`, i, i, i)
		case 2:
			records[i] = fmt.Sprintf(`{"uuid":"%08d-0000-4000-8000-000000000000","record_type":"MX","name":"host-%d","value":"mail.example.com","ttl":3600,"priority":10,"created_at":"2026-01-01T00:00:00Z"}`, i, i)
		case 3:
			records[i] = fmt.Sprintf(`{"uuid":"%08d-0000-4000-8000-000000000000","record_type":"TXT","name":"_dmarc.host-%d","value":"v=DMARC1; p=reject; rua=mailto:dmarc@example.com","ttl":3600,"priority":null,"created_at":"2026-01-01T00:00:00Z"}`, i, i)
		}
	}
	body := fmt.Sprintf(`{"uuid":"z1","domain":"example.com","created_at":"2026-01-01T00:00:00Z","record_count":%d,"records":[%s]}`, n, strings.Join(records, ","))
	client := dial(b, vpsorg.Options{Transport: &wire{replies: []reply{{status: 200, body: body}}}})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		live, err := client.ReadZone(b.Context(), schema.LiveZoneInfo{Handle: "z1", Name: example.Name})
		if err != nil || len(live.Records) != n {
			b.Fatal(err)
		}
	}
}

func jsonText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		fmt.Fprintf(&b, `\u%04x`, s[i])
	}
	b.WriteByte('"')
	return b.String()
}
