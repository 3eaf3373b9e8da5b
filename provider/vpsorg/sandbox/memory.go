package sandbox

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Memory is a network in memory, with one address, for [Serve] and a client's
// transport: without sockets the virtual time of testing/synctest can pass. The
// zero Memory is ready to use.
type Memory struct {
	mu sync.Mutex
	to *memoryListener
}

// Listen is for [Serve].
func (m *Memory) Listen() (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to = &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return m.to, nil
}

// Dial is for an [net/http.Transport].
func (m *Memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	m.mu.Lock()
	to := m.to
	m.mu.Unlock()
	client, server := net.Pipe()
	select {
	case to.conns <- server:
		return client, nil
	case <-to.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }

// String is a host that a client takes for this machine, as it is.
func (memoryAddr) String() string { return "127.0.0.1:53" }
