package vpsorg_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
)

func TestARequestIsAsDocumented(t *testing.T) {
	type seen struct{ method, path, kind, body string }
	var got seen
	client := served(t, vpsorg.Options{Version: "1.2.3"}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body)}
		if agent := r.Header.Get("User-Agent"); agent != "zoneherd/1.2.3 (+https://github.com/zoneherd/zoneherd)" {
			t.Errorf("the User-Agent is %q", agent)
		}
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Accept") != "application/json" {
			t.Errorf("accepts %q, %q", r.Header.Get("Accept-Encoding"), r.Header.Get("Accept"))
		}
		w.WriteHeader(http.StatusTeapot)
	})
	ctx := t.Context()
	odd := provider.ZoneID{Handle: "a/b c?d", Name: example.Name}
	www := address("www.example.com", "192.0.2.1", 300)
	other := address("www.example.com", "192.0.2.2", 600)
	otherTTL := address("www.example.com", "192.0.2.1", 600)
	const kind = "application/json"
	for _, call := range []struct {
		name string
		do   func() error
		want seen
	}{
		{"list zones", func() error { return read(ctx, client) }, seen{"GET", "/api/v1/dns-zones/", "", ""}},
		{"find a zone", func() error { _, err := client.FindZone(ctx, example.Name); return err }, seen{"GET", "/api/v1/dns-zones/?domain=example.com", "", ""}},
		{"create a zone", func() error { _, err := client.CreateZone(ctx, example.Name); return err }, seen{"POST", "/api/v1/dns-zones/", kind, `{"domain":"example.com"}`}},
		{"delete a zone", func() error { return client.DeleteZone(ctx, odd) }, seen{"DELETE", "/api/v1/dns-zones/a%2Fb%20c%3Fd/", "", ""}},
		{"create a record", func() error { return create(ctx, client) }, seen{"POST", "/api/v1/dns-zones/z1/records/", kind,
			`{"record_type":"A","name":"www","value":"192.0.2.1","ttl":300}`}},
		{"change a TTL", func() error { _, err := client.UpdateRecord(ctx, example, "r1", www, otherTTL); return err },
			seen{"PATCH", "/api/v1/dns-records/r1/", kind, `{"ttl":600}`}},
		{"change an address", func() error { _, err := client.UpdateRecord(ctx, example, "r1", otherTTL, other); return err },
			seen{"PATCH", "/api/v1/dns-records/r1/", kind, `{"value":"192.0.2.2"}`}},
		{"change both", func() error { _, err := client.UpdateRecord(ctx, example, "r1", www, other); return err },
			seen{"PATCH", "/api/v1/dns-records/r1/", kind, `{"value":"192.0.2.2","ttl":600}`}},
		{"delete a record", func() error { return client.DeleteRecord(ctx, example, "../x") }, seen{"DELETE", "/api/v1/dns-records/..%2Fx/", "", ""}},
		{"identity", func() error { _, err := client.Identity(ctx); return err }, seen{"GET", "/api/v1/account/me/", "", ""}},
	} {
		err := call.do()
		if api, ok := errors.AsType[*vpsorg.APIError](err); !ok || api.Status != http.StatusTeapot {
			t.Errorf("%s: the error is %v", call.name, err)
		}
		if got != call.want {
			t.Errorf("%s: sent %q, want %q", call.name, got, call.want)
		}
	}
}

// A service without PATCH is asked for it once.
func TestThatThereIsNoPatchIsRemembered(t *testing.T) {
	var methods []string
	client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if methods = append(methods, r.Method); r.Method == http.MethodPatch {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"record_type":"A","name":"www","value":"192.0.2.1","ttl":300}` {
			t.Errorf("PUT %s: %v", body, err)
		}
		fmt.Fprint(w, aRecord)
	})
	for range 3 {
		if err := update(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(methods, " "); got != "PATCH PUT PUT PUT" {
		t.Errorf("sent %s", got)
	}
}

func TestARecordThatWasNotAskedForIsNotTaken(t *testing.T) {
	client, _ := wired(t, reply{status: 200, body: aRecord})
	if r, err := client.ReadRecord(t.Context(), example, "r2"); !errors.Is(err, provider.ErrIncomplete) {
		t.Errorf("read %+v: %v", r, err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, noZones) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := dial(t, vpsorg.Options{Endpoint: server.URL})
	for range 20 {
		if err := read(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 requests in a row", n)
	}
}

func TestHTTP2IsSpokenWhereItIsOffered(t *testing.T) {
	var proto atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		fmt.Fprint(w, noZones)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := vpsorg.NewTransport("admin.example")
	transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := dial(t, vpsorg.Options{Endpoint: server.URL, Transport: transport})
	if err := read(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := read(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if proto.Load() != "HTTP/2.0" {
		t.Errorf("spoke %v", proto.Load())
	}
}

// What would fail the same way again is not tried again.
func TestATrustThatIsMissingIsToldAtOnce(t *testing.T) {
	var handshakes atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			handshakes.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := dial(t, vpsorg.Options{Endpoint: server.URL})
	err := create(t.Context(), client)
	if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrUncertain) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the error is %v", err)
	}
	if n := handshakes.Load(); n != 1 {
		t.Errorf("%d handshakes", n)
	}

	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	client = dial(t, vpsorg.Options{Endpoint: strings.Replace(plain.URL, "http://", "https://", 1)})
	if err := read(t.Context(), client); !errors.Is(err, provider.ErrUnavailable) || !strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		t.Errorf("the error is %v", err)
	}
}

// Answers that break off or never end, over a real socket.
func TestAnswersThatAreNoGood(t *testing.T) {
	zeros := make([]byte, 1<<20)
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	for range 16 {
		if _, err := zip.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	answers := map[string]http.HandlerFunc{
		"a body shorter than announced": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusOK)
			fmt.Fprint(w, `[`)
		},
		"a connection that is cut": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
				t.Error(err)
			}
			conn.Close()
		},
		"a chunk that is cut": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `[`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"a body without end": func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		},
		"a gzip bomb": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes()) // the client may give up before
		},
		"gzip that is none": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, `[]`)
		},
		"a header without end": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
			fmt.Fprint(w, `[]`)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			client := served(t, vpsorg.Options{Attempts: 1, MaxAnswer: 4 << 20}, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				answer(w, r)
			})
			if err := read(t.Context(), client); !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrUncertain) {
				t.Errorf("a read: %v", err)
			}
			asked.Store(0)
			if err := create(t.Context(), client); !errors.Is(err, provider.ErrUncertain) {
				t.Errorf("a write: %v", err)
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("%d requests for one write", n)
			}
		})
	}
}
