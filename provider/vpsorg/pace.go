package vpsorg

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zoneherd/zoneherd/provider"
)

// pace slows all requests of a client down together once the service has
// throttled one: a pause for all, and an interval between requests that grows
// with each throttling and shrinks with each success.
type pace struct {
	mu       sync.Mutex
	next     time.Time     // when the next turn is
	paused   time.Time     // no request begins before
	interval time.Duration // between two turns
	changed  time.Time     // when the interval last grew
}

const (
	firstInterval = 20 * time.Millisecond
	maxInterval   = 5 * time.Second
)

// wait waits for a turn. A pause that begins meanwhile holds for those that
// are waiting already.
func (p *pace) wait(ctx context.Context) error {
	for {
		if err := sleep(ctx, p.reserve(time.Now())); err != nil {
			return err
		}
		if !p.isPaused(time.Now()) {
			return nil
		}
	}
}

// reserve gives how long a request has to wait for its turn.
func (p *pace) reserve(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now
	for _, t := range []time.Time{p.next, p.paused} {
		if at.Before(t) {
			at = t
		}
	}
	p.next = at.Add(p.interval)
	return at.Sub(now)
}

func (p *pace) isPaused(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.paused)
}

// throttled takes note that a request begun at a time was throttled, and that
// none may begin for a while. It reports whether that is news.
func (p *pace) throttled(begun, now time.Time, pause time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if begun.After(p.changed) { // else it was sent at the old rate
		p.interval = min(max(2*p.interval, firstInterval), maxInterval)
		p.changed = now
	}
	until := now.Add(pause)
	if !until.After(p.paused) {
		return false
	}
	news := until.Sub(p.paused) > time.Second
	p.paused = until
	return news
}

// succeeded lets the rate recover.
func (p *pace) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.interval -= p.interval / 50; p.interval < time.Millisecond {
		p.interval = 0
	}
}

// budget bounds the retries of a client as a whole, so that a service that is
// down is not asked for hours, zone by zone: a hundred, and one more for every
// ten successes.
type budget struct{ spent atomic.Int64 } // in tenths of a retry

const maxSpent = 1000

// take reports whether one more retry may be made.
func (b *budget) take() bool {
	if b.spent.Add(10) > maxSpent {
		b.spent.Add(-10)
		return false
	}
	return true
}

func (b *budget) succeeded() {
	if b.spent.Add(-1) < 0 {
		b.spent.Add(1)
	}
}

// backoff is how long to wait before the next attempt: doubling from a quarter
// of a second to eight seconds, less up to a half by chance.
func backoff(attempt int) time.Duration {
	d := min(250*time.Millisecond<<min(attempt, 6), 8*time.Second)
	return d - rand.N(d/2)
}

// retryAfter is how long the service asks to wait: in seconds or until a date
// (RFC 9110 section 10.2.3), or in words as Django REST framework has it.
func retryAfter(a *answer) (time.Duration, bool) {
	if text := a.header.Get("Retry-After"); text != "" {
		if d, ok := seconds(text); ok {
			return d, true
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(time.Until(at), 0), true
		}
	}
	if m := expectedIn.FindSubmatch(a.body); m != nil {
		return seconds(string(m[1]))
	}
	return 0, false
}

// seconds reads a number of seconds; one beyond reason is longer than is waited.
func seconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false
	}
	return time.Duration(min(n, uint64(2*maxPause/time.Second))) * time.Second, true
}

// sleep waits, unless the context ends or no request is to be begun any more.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-provider.Stop(ctx):
		return provider.ErrStopped
	default:
	}
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-provider.Stop(ctx):
		return provider.ErrStopped
	}
}
