package vpsorg_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "vps_0123456789abcdef"

var example = provider.ZoneID{Handle: "z1", Name: schema.MustName("example.com")}

var exampleInfo = schema.LiveZoneInfo{Handle: "z1", Name: schema.MustName("example.com"), Records: -1}

func address(name, addr string, ttl schema.TTL) provider.Record {
	a, err := schema.ParseIPv4(addr)
	if err != nil {
		panic(err)
	}
	return provider.Record{Name: schema.MustName(name), TTL: ttl, Data: schema.A{Addr: a}}
}

// served gives a client of a handler over a real socket.
func served(t testing.TB, opts vpsorg.Options, h http.HandlerFunc) *vpsorg.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	opts.Endpoint = server.URL + "/api/v1"
	return dial(t, opts)
}

// dial makes a client that talks to a server of this machine as to one
// elsewhere, compression included.
func dial(t testing.TB, opts vpsorg.Options) *vpsorg.Client {
	t.Helper()
	if opts.Transport == nil {
		opts.Transport = vpsorg.NewTransport("admin.example")
	}
	if opts.Token == "" {
		opts.Token = secret
	}
	client, err := vpsorg.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// wire is a network in memory, so that a test can run in a synctest bubble.
// Each request takes the next reply; the last one is for all that follow.
type wire struct {
	mu      sync.Mutex
	replies []reply
	sent    []string // method and path of each request that got a connection
}

// reply is what becomes of one request.
type reply struct {
	status int
	header map[string]string
	body   string
	unsent error         // no connection comes about
	broken error         // the connection breaks after the request
	hang   bool          // nothing comes until the request is given up
	begun  chan struct{} // closed once the request hangs
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	next := w.replies[0]
	if len(w.replies) > 1 {
		w.replies = w.replies[1:]
	}
	if next.unsent == nil {
		w.sent = append(w.sent, r.Method+" "+r.URL.Path)
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	w.mu.Unlock()
	switch {
	case next.unsent != nil:
		return nil, next.unsent
	case next.broken != nil:
		return nil, next.broken
	case next.hang:
		if next.begun != nil {
			close(next.begun)
		}
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	header := http.Header{}
	for key, value := range next.header {
		header.Set(key, value)
	}
	return &http.Response{StatusCode: next.status, Header: header, Body: io.NopCloser(bytes.NewBufferString(next.body)), Request: r}, nil
}

func (w *wire) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}

// wired gives a client of a network in memory.
func wired(t testing.TB, replies ...reply) (*vpsorg.Client, *wire) {
	t.Helper()
	w := &wire{replies: replies}
	return dial(t, vpsorg.Options{Transport: w}), w
}
