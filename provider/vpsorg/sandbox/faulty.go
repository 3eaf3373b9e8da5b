package sandbox

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// faulty answers requests with the server's faults.
type faulty struct {
	server *Server
	faults Faults
	lots   lots
	said   said

	requests, writes atomic.Int64
	kill             func()
	dead             atomic.Bool // killed, where kill has returned

	stop chan struct{} // closed by close
	mu   sync.Mutex
	late sync.WaitGroup // effects that are still to come
	over bool           // no more of them
}

func newFaulty(s *Server, opts Options) *faulty {
	f := &faulty{server: s, faults: opts.Faults, kill: opts.Kill, stop: make(chan struct{})}
	f.lots = lots{seed: opts.Faults.seed(), came: map[lot]uint64{}}
	if f.kill == nil {
		f.kill = killThisProcess
	}
	return f
}

// close makes what is late take effect now.
func (f *faulty) close() {
	f.mu.Lock()
	if !f.over {
		f.over = true
		close(f.stop)
	}
	f.mu.Unlock()
	f.late.Wait()
}

// serve answers one request. Its answers are never compressed, so that they
// can be damaged.
func (f *faulty) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || f.dead.Load() {
		cut(w)
	}
	fate := f.fateOf(r, body)
	n := f.faults.number("revoke-after")
	fate.revoked = n > 0 && f.requests.Add(1) > n
	again := func(ctx context.Context) *http.Request {
		r := r.Clone(withFate(ctx, fate))
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Del("Accept-Encoding")
		return r
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		switch n := f.writes.Add(1); n {
		case f.faults.number("kill-after"):
			f.handle(again(r.Context()), fate)
			fallthrough
		case f.faults.number("kill-before"):
			f.dead.Store(true)
			f.kill()
			cut(w)
		}
	}
	switch fate.ending {
	case "reset-before":
		cut(w)
	case "timeout-before":
		f.hold(r)
		cut(w)
	case "late":
		f.later(fate, func() { f.handle(again(context.WithoutCancel(r.Context())), fate) })
		cut(w)
	case "error-before":
		f.server.fault(w, fate)
		return
	case "throttled":
		f.server.throttledOddly(w, fate)
		return
	}
	a := f.handle(again(r.Context()), fate)
	switch fate.ending {
	case "":
		a.send(w)
	case "reset-after":
		cut(w)
	case "timeout-after":
		f.hold(r)
		cut(w)
	case "error-after":
		f.server.fault(w, fate)
	case "refused":
		if l, ok := r.Context().Value(listenerKey{}).(*Listener); ok {
			w.Header().Set("Connection", "close")
			l.refuse(20*time.Millisecond + time.Duration(fate.draw("refused").Int64N(int64(80*time.Millisecond))))
		}
		a.send(w)
	default:
		f.damage(w, r, a, fate)
	}
}

// handle lets a request take effect.
func (f *faulty) handle(r *http.Request, fate *fate) *recorded {
	zone := f.zoneAtHand(r, fate)
	if fate.foreign == "before" && zone != nil {
		f.server.store.foreign(zone, fate.lot)
	}
	a := &recorded{header: http.Header{}}
	f.server.answer(a, r)
	if a.status == 0 { // nothing was written
		a.status = http.StatusOK
	}
	if fate.foreign == "after" && zone != nil {
		f.server.store.foreign(zone, fate.lot)
	}
	if f.faults.probability("mixed-up") > 0 {
		f.said.keep(r, a)
	}
	return a
}

// later does something after a while, or when the server is closed.
func (f *faulty) later(fate *fate, do func()) {
	by := f.faults.duration("late-by", 2*time.Second)
	wait := time.NewTimer(time.Duration(fate.draw("late").Int64N(int64(by) + 1)))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		wait.Stop()
		return
	}
	f.late.Go(func() {
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-f.stop:
		}
		if !f.dead.Load() {
			do()
		}
	})
}

// hold lets a client wait until it goes.
func (f *faulty) hold(r *http.Request) {
	wait := time.NewTimer(f.faults.duration("hold", 65*time.Second))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.Context().Done():
	case <-f.stop:
	}
}

// cut ends a connection without an answer, a TCP connection by a reset. It
// does not return.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		under := conn
		if over, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
			under = over.NetConn()
		}
		if tcp, ok := under.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = under.Close()
	}
	panic(http.ErrAbortHandler)
}

// killThisProcess ends it as a loss of power would, but that what it has
// written is there.
func killThisProcess() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}

// recorded is an answer that was not sent yet.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *recorded) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *recorded) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // failing: the client is gone
}
