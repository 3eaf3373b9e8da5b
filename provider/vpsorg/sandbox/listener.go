package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener is a server on a socket.
type Listener struct {
	URL    string // the endpoint, with [BasePath]
	http   *http.Server
	server *Server
	listen func() (net.Listener, error)
	done   chan error
	stop   chan struct{}
	once   sync.Once

	// For the fault refused.
	mu      sync.Mutex
	socket  net.Listener
	pause   time.Duration     // how long nothing listens; zero: it does
	conns   map[net.Conn]bool // whether it is idle
	nothing *sync.Cond        // conns is empty
}

// Listen serves on addr, such as "127.0.0.1:0", until Close.
func Listen(s *Server, addr string) (*Listener, error) {
	return Serve(s, func() (net.Listener, error) {
		ln, err := net.Listen("tcp", addr)
		if err == nil {
			addr = ln.Addr().String() // the same port from then on
		}
		return ln, err
	})
}

// Serve serves on what listen gives until Close. With the fault refused it is
// called again after each pause, for the same address.
func Serve(s *Server, listen func() (net.Listener, error)) (*Listener, error) {
	l := &Listener{
		http:   &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute},
		server: s,
		listen: listen,
		done:   make(chan error, 1),
		stop:   make(chan struct{}),
	}
	scheme := "http"
	if s.faulty != nil {
		l.conns, l.nothing = map[net.Conn]bool{}, sync.NewCond(&l.mu)
		l.http.ConnState = l.track
		l.http.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, listenerKey{}, l) }
		if s.faulty.faults.set["tls"] == "self-signed" {
			certificate, err := selfSigned()
			if err != nil {
				return nil, fmt.Errorf("making a certificate: %w", err)
			}
			scheme = "https"
			l.http.ErrorLog = log.New(io.Discard, "", 0) // a client that does not trust it is what is wanted
			l.listen = func() (net.Listener, error) {
				ln, err := listen()
				if err != nil {
					return nil, err
				}
				return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate}}), nil
			}
		}
	}
	var err error
	if l.socket, err = l.listen(); err != nil {
		return nil, err
	}
	l.URL = scheme + "://" + l.socket.Addr().String() + BasePath
	go func() { l.done <- l.serve(l.socket) }()
	return l, nil
}

// Close stops serving, cutting connections, and closes the server.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.stop) })
	err := l.http.Close()
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if l.conns != nil {
		l.mu.Lock()
		for len(l.conns) > 0 {
			l.nothing.Wait()
		}
		l.mu.Unlock()
	}
	return errors.Join(err, l.server.Close())
}

// serve serves on a socket, and on the next after each pause.
func (l *Listener) serve(socket net.Listener) error {
	for {
		err := l.http.Serve(socket)
		l.mu.Lock()
		pause := l.pause
		l.mu.Unlock()
		if pause == 0 || errors.Is(err, http.ErrServerClosed) {
			return err
		}
		if !l.sleep(pause) {
			return http.ErrServerClosed
		}
		for tries := 0; ; tries++ {
			if socket, err = l.listen(); err == nil {
				break
			}
			// Another process may have the port for a moment.
			if tries == 500 || !l.sleep(20*time.Millisecond) {
				return err
			}
		}
		l.mu.Lock()
		l.socket, l.pause = socket, 0
		l.mu.Unlock()
	}
}

// sleep reports whether it was not closed meanwhile.
func (l *Listener) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.stop:
		return false
	}
}

type listenerKey struct{}

// refuse closes the socket and all idle connections, and lets nothing listen
// for a while.
func (l *Listener) refuse(pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pause > 0 {
		return
	}
	l.pause = pause
	_ = l.socket.Close()
	for conn, idle := range l.conns {
		if idle {
			_ = conn.Close()
		}
	}
}

// track knows which connections there are, and closes those that become idle
// while nothing listens.
func (l *Listener) track(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(l.conns, conn)
		if len(l.conns) == 0 {
			l.nothing.Broadcast()
		}
	default:
		l.conns[conn] = state == http.StateIdle
		if state == http.StateIdle && l.pause > 0 {
			_ = conn.Close()
		}
	}
}

// selfSigned makes a certificate for this machine that nobody trusts.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
