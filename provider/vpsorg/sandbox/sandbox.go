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
	"io"
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
	Faults  Faults
	// StateFile keeps the state across runs; empty keeps it in memory only.
	StateFile string
	// Observe is called after each write that took effect, one at a time, with
	// the store locked. Who applies the events to an empty mirror, in their
	// order, sees each state that each zone passes through.
	Observe func(Event)
	// Kill is what the faults kill-before and kill-after do; nil ends this
	// process at once. Where it returns, no later request has any effect.
	Kill func()
}

// Event is a write that took effect: to a record, or to a zone as a whole
// where there is neither Before nor After. A zone that is new or deleted has no
// records but the server's own, of which events tell only when they are written.
type Event struct {
	Number       uint64 // counts from 1
	Method, Zone string
	Handle       string  // the record's, or the zone's
	Before       *Record // nil for a creation
	After        *Record // nil for a deletion
	// Foreign is a write that no request has asked for: by the fault foreign,
	// [Server.Put] or [Server.Load].
	Foreign bool
}

// Server is the service. It is an [http.Handler], safe for concurrent use.
type Server struct {
	dialect  Dialect
	faulty   *faulty // nil without faults
	store    *store
	throttle *throttle
	mux      *http.ServeMux
	zips     sync.Pool // of *gzip.Writer, which are large
	embedded *embedded // nil: nobody asks it; the store's lock guards it
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
	st.handles.opaque = opts.Dialect.get("handles") == "opaque"
	s := &Server{dialect: opts.Dialect, store: st, throttle: newThrottle(opts.Dialect.number("throttle"))}
	if opts.Faults.any() {
		st.withFaults(opts.Faults)
		s.faulty = newFaulty(s, opts)
	}
	s.zips.New = func() any {
		zw, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails for no such level only
		return zw
	}
	s.routes()
	return s, nil
}

// Close closes the state file, without the history of the state.
// Writes that a fault has made late take effect before.
func (s *Server) Close() error {
	if s.faulty != nil {
		s.faulty.close()
	}
	return s.store.close()
}

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
	if s.faulty != nil {
		s.faulty.serve(w, r)
		return
	}
	s.answer(w, r)
}

// answer answers one request without faults.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
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
