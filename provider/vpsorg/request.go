package vpsorg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"time"

	"github.com/zoneherd/zoneherd/provider"
)

// Bounds on one request.
const (
	requestTimeout = 60 * time.Second // all of it, body included
	maxBody        = 64 << 20         // bytes of an answer, after decompression
	maxPause       = 2 * time.Minute  // the longest Retry-After that is waited for
)

// request is one call of the API.
type request struct {
	op     string // what it does, for messages: "list the zones"
	method string
	path   string // below the endpoint, with its trailing slash
	query  url.Values
	body   any    // marshalled as JSON; nil for none
	needs  string // the permission that it needs
}

func (r *request) write() bool { return r.method != http.MethodGet }

// answer is what the service said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request until there is an answer to act on, and gives it where it
// is a success. Reads are repeated after failures of any kind that may pass,
// writes only where nothing can have happened: after 429, and where no
// connection came about. Any other failure of a write after it was sent is
// [provider.ErrUncertain].
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
	}
	var last error
	throttles := 0
	for attempt := 0; attempt < c.attempts; {
		if err := sleep(ctx, c.pace.reserve(time.Now())); err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
		begun := time.Now()
		a, sent, err := c.send(ctx, r, body)
		switch {
		case err == nil && a.status/100 == 2:
			c.pace.succeeded()
			return a, nil
		case err == nil && a.status == http.StatusTooManyRequests:
			last = c.apiError(r, a)
			pause, given := retryAfter(a)
			if !given {
				pause = backoff(throttles)
			}
			if throttles++; pause > maxPause || throttles > 40 {
				return nil, last
			}
			c.pace.throttled(begun, time.Now(), pause)
			continue
		case ctx.Err() != nil && !(r.write() && sent):
			return nil, fmt.Errorf("%s: %w", r.op, ctx.Err())
		case err != nil && r.write() && sent:
			return nil, uncertain(r, c.plain(err))
		case err == nil && r.write() && (a.status >= 500 || a.status/100 == 3):
			return nil, uncertain(r, c.apiError(r, a))
		case err == nil && a.status < 500:
			return nil, c.apiError(r, a)
		case err == nil:
			last = c.apiError(r, a)
		default:
			last = fmt.Errorf("%s: %s cannot be reached (%w): %w", r.op, c.endpoint.Host, c.plain(err), provider.ErrUnavailable)
			if !temporary(err) {
				return nil, last
			}
		}
		if attempt++; attempt < c.attempts {
			if err := sleep(ctx, backoff(attempt)); err != nil {
				return nil, last
			}
		}
	}
	return nil, last
}

// uncertain is a write that may have happened.
func uncertain(r *request, err error) error {
	return fmt.Errorf("%s: whether it took effect is not known (%w): %w", r.op, err, provider.ErrUncertain)
}

// send sends a request once. sent is false only where no connection came
// about, so that nothing of it can have arrived.
func (c *Client) send(ctx context.Context, r *request, body []byte) (a *answer, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})
	u := *c.endpoint
	u.RawPath = ""
	target := u.String() + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	req.Header.Set("Authorization", "Bearer "+string(c.token))
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, sent, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, true, fmt.Errorf("the answer broke off: %w", err)
	case len(text) > maxBody:
		return nil, true, errTooLarge
	}
	return &answer{res.StatusCode, res.Header, text}, true, nil
}

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)

// temporary reports whether asking again may help.
func temporary(err error) bool { return !errors.Is(err, errTooLarge) }

// plain is an error of the transport without the URL, which the message names
// in its own way, and without the token.
func (c *Client) plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if text := err.Error(); c.token.redact(text) != text {
		return errors.New(c.token.redact(text))
	}
	return err
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
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			return time.Duration(n) * time.Second, true
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(time.Until(at), 0), true
		}
	}
	if m := expectedIn.FindSubmatch(a.body); m != nil {
		if n, err := strconv.Atoi(string(m[1])); err == nil {
			return time.Duration(n) * time.Second, true
		}
	}
	return 0, false
}

func sleep(ctx context.Context, d time.Duration) error {
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
	}
}

// read does a request and reads its answer into v, once more where the body is
// no good JSON, as when a proxy has cut it.
func (c *Client) read(ctx context.Context, r *request, v any) (*answer, error) {
	for again := true; ; again = false {
		a, err := c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		err = json.Unmarshal(a.body, v)
		if err == nil {
			return a, nil
		}
		if r.write() {
			return nil, uncertain(r, fmt.Errorf("the answer is not the JSON it should be: %w", err))
		}
		if !again {
			return nil, fmt.Errorf("%s: the answer is not the JSON it should be, which is no answer of this API (%w): check the endpoint %s: %w", r.op, err, c.endpoint, provider.ErrUnavailable)
		}
	}
}
