// Package sandbox is the VPS.org DNS API as a server on this machine, for
// trying zoneherd without an account and for its tests.
//
// It answers as https://admin.vps.org/api/v1 is documented to, and a [Dialect]
// makes it answer in each of the ways that the documentation leaves open. It
// shares no code with the client: it parses and formats by its own means, so
// that the two cannot agree on the same mistake.
//
//	server, err := sandbox.New(sandbox.Options{})
//	listener, err := sandbox.Listen(server, "127.0.0.1:0")
//	// listener.URL is the endpoint, server.Token() a token that may do everything
package sandbox

import (
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// BasePath is where the API begins.
const BasePath = "/api/v1"

// Options are the settings of a [Server]. The zero value is the documented
// service, kept in memory.
type Options struct {
	Dialect Dialect
	// StateFile keeps the state across runs; empty keeps it in memory only.
	StateFile string
	// Observe is called after each write that took effect, one at a time, with
	// the store locked.
	Observe func(Event)
}

// Event is a write that took effect.
type Event struct {
	Method, Zone string
	Before       *Record // nil for a creation
	After        *Record // nil for a deletion
}

// Server is the service. It is an [http.Handler], safe for concurrent use.
type Server struct {
	dialect  Dialect
	store    *store
	throttle *throttle
	mux      *http.ServeMux
	zips     sync.Pool // of *gzip.Writer, which are large
}

// New makes a server, with the state of the last run where there is a state file.
func New(opts Options) (*Server, error) {
	st, err := openStore(opts.StateFile)
	if err != nil {
		return nil, err
	}
	st.observe = opts.Observe
	st.typeChange = !opts.Dialect.refusesTypeChange()
	st.loose = opts.Dialect.get("cname") == "loose"
	st.opaque = opts.Dialect.get("handles") == "opaque"
	s := &Server{dialect: opts.Dialect, store: st, throttle: newThrottle(opts.Dialect.number("throttle"))}
	s.zips.New = func() any {
		zw, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails for no such level only
		return zw
	}
	s.routes()
	return s, nil
}

// Close closes the state file, without the history of the state.
func (s *Server) Close() error { return s.store.close() }

// Token is a token of the default account that may do everything.
func (s *Server) Token() string { return s.store.defaultToken() }

// AddToken makes another token for an account, which is made where it does not
// exist, with the given permissions such as "dns:list".
func (s *Server) AddToken(account string, permissions ...string) string {
	return s.store.addToken(account, permissions)
}

// Revoke makes a token invalid.
func (s *Server) Revoke(token string) { s.store.revoke(token) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if latency := s.dialect.duration("latency"); latency > 0 {
		t := time.NewTimer(latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	if wait := s.throttle.take(); wait > 0 {
		s.throttled(w, wait)
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/") {
		if s.dialect.get("slash") == "missing" {
			s.fail(w, http.StatusNotFound, "not_found", "", "Not found.")
			return
		}
		http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
		return
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		zw := s.zips.Get().(*gzip.Writer)
		zw.Reset(w)
		defer func() { _ = zw.Close(); s.zips.Put(zw) }() // failing: the client is gone
		w.Header().Set("Vary", "Accept-Encoding")
		w = &gzipWriter{ResponseWriter: w, zip: zw}
	}
	s.mux.ServeHTTP(w, r)
}

// gzipWriter compresses a body, except that of an answer that has none.
type gzipWriter struct {
	http.ResponseWriter
	zip *gzip.Writer
	set bool
}

func (g *gzipWriter) WriteHeader(status int) {
	if status == http.StatusNoContent {
		g.zip.Reset(io.Discard)
	} else if !g.set {
		g.Header().Set("Content-Encoding", "gzip")
	}
	g.set = true
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipWriter) Write(b []byte) (int, error) {
	if !g.set {
		g.WriteHeader(http.StatusOK)
	}
	return g.zip.Write(b)
}

// Listener is a server on a socket.
type Listener struct {
	URL    string // the endpoint, with [BasePath]
	http   *http.Server
	server *Server
	done   chan error
}

// Listen serves on addr, such as "127.0.0.1:0", until Close.
func Listen(s *Server, addr string) (*Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &Listener{
		URL:    "http://" + ln.Addr().String() + BasePath,
		http:   &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute},
		server: s,
		done:   make(chan error, 1),
	}
	go func() { l.done <- l.http.Serve(ln) }()
	return l, nil
}

// Close stops serving, cutting connections, and closes the server.
func (l *Listener) Close() error {
	err := l.http.Close()
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, l.server.Close())
}
