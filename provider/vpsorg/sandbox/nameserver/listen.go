package nameserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/netutil"
)

const (
	maxConns    = 128 // over TCP at once; who comes then waits
	idleTimeout = 10 * time.Second
	portTries   = 20
)

// Listener is a server on a socket.
type Listener struct {
	Addr    string // for UDP and TCP
	servers [2]*dns.Server
	done    chan error
	once    sync.Once
	err     error
}

// Listen serves on addr, such as "127.0.0.1:0", over UDP and TCP until Close.
// Port 0 is one that is free for both.
func Listen(s *Server, addr string) (*Listener, error) {
	stream, packets, err := sockets(addr)
	if err != nil {
		return nil, err
	}
	l := &Listener{Addr: stream.Addr().String(), done: make(chan error, 2)}
	l.servers[0] = &dns.Server{PacketConn: packets, UDPSize: 4096}
	l.servers[1] = &dns.Server{Listener: netutil.LimitListener(stream, maxConns), MaxTCPQueries: -1,
		ReadTimeout: idleTimeout, WriteTimeout: idleTimeout, IdleTimeout: func() time.Duration { return idleTimeout }}
	for i, server := range l.servers {
		server.Handler = handler{s, i == 1}
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		ended := make(chan struct{})
		go func() {
			err := server.ActivateAndServe()
			close(ended)
			l.done <- err
		}()
		select { // it can be shut down only once it has started
		case <-started:
		case <-ended:
		}
	}
	return l, nil
}

func sockets(addr string) (net.Listener, net.PacketConn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, fmt.Errorf("the address for DNS is HOST:PORT, not %q: %w", addr, err)
	}
	for try := 1; ; try++ {
		stream, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		_, chosen, _ := net.SplitHostPort(stream.Addr().String())
		packets, err := net.ListenPacket("udp", net.JoinHostPort(host, chosen))
		if err == nil {
			return stream, packets, nil
		}
		_ = stream.Close()
		if port != "0" || try == portTries {
			return nil, nil, err
		}
	}
}

// Close stops serving, and waits for the answers under way.
func (l *Listener) Close() error {
	l.once.Do(func() {
		for _, server := range l.servers {
			_ = server.Shutdown() // failing: it has ended, which done tells
		}
		l.err = errors.Join(<-l.done, <-l.done)
	})
	return l.err
}

type handler struct {
	server *Server
	tcp    bool
}

// ServeDNS answers a request that the library could read. What it cannot read
// it answers itself, with FORMERR.
func (h handler) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	client := Client{TCP: h.tcp}
	if addr, err := netip.ParseAddrPort(w.RemoteAddr().String()); err == nil {
		client.Addr = addr.Addr()
	}
	for _, wire := range h.server.Reply(request, client) {
		if _, err := w.Write(wire); err != nil {
			return // the client is gone
		}
	}
}
