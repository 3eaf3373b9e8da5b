package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"

	"github.com/zoneherd/zoneherd/schema"
)

const (
	// bufferSize is the largest answer over UDP that is asked for, which no path
	// fragments (https://www.dnsflagday.net/2020/).
	bufferSize = 1232
	// tries is how often a question is put over UDP, which may lose it.
	tries = 3
	// sideBySide is how many questions one address is asked at once.
	sideBySide = 16
)

// asker puts questions to one address: over UDP, and over TCP where the answer
// does not fit.
type asker struct {
	addr    netip.AddrPort
	wait    time.Duration
	limit   *rate.Limiter
	free    chan struct{} // a place for each question under way
	mu      sync.Mutex
	sockets []*dns.Conn // idle
	plain   bool        // it does not know EDNS
}

func newAsker(addr netip.AddrPort, perSecond int, wait time.Duration) *asker {
	a := &asker{addr: addr, wait: wait, limit: rate.NewLimiter(rate.Inf, 1), free: make(chan struct{}, sideBySide)}
	if perSecond > 0 {
		a.limit = rate.NewLimiter(rate.Limit(perSecond), max(1, perSecond/10))
	}
	return a
}

func (a *asker) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.sockets {
		_ = s.Close()
	}
	a.sockets = nil
}

// ask puts one question and gives the answer to it, whatever it says.
func (a *asker) ask(ctx context.Context, name string, typ uint16, recurse bool) (*dns.Msg, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a.free <- struct{}{}:
		defer func() { <-a.free }()
	}
	var err error
	for range tries {
		if werr := a.limit.Wait(ctx); werr != nil {
			return nil, werr
		}
		var answer *dns.Msg
		answer, err = a.exchange(ctx, a.query(name, typ, recurse))
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case noRoute(err), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errOverTCP):
			return nil, err
		}
	}
	return nil, err
}

func (a *asker) query(name string, typ uint16, recurse bool) *dns.Msg {
	q := new(dns.Msg).SetQuestion(name, typ)
	q.RecursionDesired = recurse
	q.AuthenticatedData = recurse // asks whether the answer was validated (RFC 6840 section 5.7)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.plain {
		q.SetEdns0(bufferSize, false)
	}
	return q
}

// errOverTCP marks the failure of a question that UDP has no room to answer.
var errOverTCP = errors.New("the answer is cut short over UDP, and over TCP there is none")

func (a *asker) exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	answer, err := a.overUDP(ctx, q)
	if err != nil {
		return nil, err
	}
	if answer.Rcode == dns.RcodeFormatError && q.IsEdns0() != nil {
		a.mu.Lock()
		a.plain = true
		a.mu.Unlock()
		q.Extra = nil
		if answer, err = a.overUDP(ctx, q); err != nil {
			return nil, err
		}
	}
	if !answer.Truncated {
		return answer, nil
	}
	client := &dns.Client{Net: "tcp", Timeout: a.wait}
	answer, _, err = client.ExchangeContext(ctx, q, a.addr.String())
	if err == nil {
		err = answers(q, answer)
	}
	if err == nil && answer.Truncated {
		err = errors.New("it is cut short there too")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errOverTCP, plainError(err))
	}
	return answer, nil
}

func (a *asker) overUDP(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	s, err := a.socket(ctx)
	if err != nil {
		return nil, plainError(err)
	}
	client := &dns.Client{Timeout: a.wait, UDPSize: bufferSize}
	answer, _, err := client.ExchangeWithConnContext(ctx, q, s)
	if err == nil {
		err = answers(q, answer)
	}
	if err != nil {
		_ = s.Close()
		return nil, plainError(err)
	}
	a.mu.Lock()
	a.sockets = append(a.sockets, s)
	a.mu.Unlock()
	return answer, nil
}

// socket is an idle one, or a new one.
func (a *asker) socket(ctx context.Context) (*dns.Conn, error) {
	a.mu.Lock()
	if n := len(a.sockets); n > 0 {
		s := a.sockets[n-1]
		a.sockets = a.sockets[:n-1]
		a.mu.Unlock()
		return s, nil
	}
	a.mu.Unlock()
	client := &dns.Client{Timeout: a.wait, UDPSize: bufferSize}
	return client.DialContext(ctx, a.addr.String())
}

// answers reports an error unless a message answers a question.
func answers(q, answer *dns.Msg) error {
	switch {
	case !answer.Response:
		return errors.New("it sends a question back")
	case len(answer.Question) == 1:
		asked, told := q.Question[0], answer.Question[0]
		if asked.Qtype != told.Qtype || asked.Qclass != told.Qclass || !sameName(asked.Name, told.Name) {
			return fmt.Errorf("it answers another question: %s %s", told.Name, dns.TypeToString[told.Qtype])
		}
	case answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError:
		return errors.New("its answer does not say to which question")
	}
	return nil
}

// sameName compares names of messages, whose escapes may be written in two ways.
func sameName(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, xerr := schema.ParseName(a)
	y, yerr := schema.ParseName(b)
	return xerr == nil && yerr == nil && x == y
}

// noRoute reports whether this machine cannot reach a family of addresses at all.
func noRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// plainError takes the addresses out of a network's error, which are told beside it.
func plainError(err error) error {
	var op *net.OpError
	var errno syscall.Errno
	var unread *dns.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return errTime
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &op):
		return op.Err
	case errors.As(err, &unread):
		return fmt.Errorf("its answer cannot be read: %w", err)
	}
	return err
}

var errTime = errors.New("no answer in time")
