package vpsorg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/zoneherd/zoneherd/provider"
)

// Bounds on one request.
const (
	requestTimeout = 60 * time.Second // one attempt, from dialling to the end of the body
	maxPause       = 2 * time.Minute  // the longest Retry-After that is waited for
	maxThrottles   = 40               // how often one request is throttled before it is given up
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

	// done gives the body's memory back, once nothing looks at it any more. An
	// answer of which it is not called costs memory and nothing else.
	done func()
}

// failed reports whether the service, or a proxy before it, has failed or gave
// up, so that nothing is known of what became of the request.
func (a *answer) failed() bool {
	return a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooEarly
}

// do sends a request until there is an answer to act on, and gives it where it
// is a success. Reads are repeated after failures of any kind that may pass,
// writes only where nothing can have happened: after 429, and where no
// connection came about. Any other failure of a write is [provider.ErrUncertain].
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
	}
	throttles := 0
	for attempt := 1; ; {
		if err := c.pace.wait(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
		begun := time.Now()
		a, sent, err := c.send(ctx, r, body)
		var failure error
		switch {
		case err == nil && a.status/100 == 2:
			c.pace.succeeded()
			c.retries.succeeded()
			return a, nil
		case err == nil && a.status == http.StatusTooManyRequests:
			if err := c.throttled(r, a, begun, &throttles); err != nil {
				return nil, err
			}
			continue
		case err == nil && r.write() && (a.failed() || a.status/100 == 3):
			return nil, uncertain(r, c.apiError(r, a))
		case err == nil && !a.failed():
			return nil, c.apiError(r, a)
		case err == nil:
			failure = c.apiError(r, a)
		case r.write() && sent:
			return nil, uncertain(r, c.plain(err))
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%s: %w", r.op, ctx.Err())
		default:
			failure = fmt.Errorf("%s: %s cannot be reached or does not answer (%w): check the network and the endpoint: %w", r.op, c.endpoint.Host, c.plain(err), provider.ErrUnavailable)
			if hopeless(err) {
				return nil, failure
			}
		}
		if attempt++; attempt > c.attempts || !c.retries.take() {
			return nil, failure
		}
		c.log.Debug("asking again", "what", r.op, "attempt", attempt, "after", failure.Error())
		if err := sleep(ctx, backoff(attempt)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
	}
}

// throttled makes all requests wait, and gives an error where this one has
// waited enough.
func (c *Client) throttled(r *request, a *answer, begun time.Time, times *int) error {
	pause, given := retryAfter(a)
	if !given {
		pause = backoff(*times)
	}
	if *times++; pause > maxPause || *times > maxThrottles {
		return c.apiError(r, a)
	}
	if c.pace.throttled(begun, time.Now(), pause) {
		c.log.Info("the service throttles this token: all requests wait", "for", pause.Round(time.Second))
	}
	return nil
}

// send sends a request once. sent is false only where no connection came
// about, so that nothing of it can have arrived.
func (c *Client) send(parent context.Context, r *request, body []byte) (a *answer, sent bool, err error) {
	ctx, cancel := context.WithTimeout(parent, requestTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})
	target := c.endpoint.String() + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	req.Header.Set("Authorization", "Bearer "+string(*c.token))
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	defer func() {
		if err != nil && ctx.Err() != nil && parent.Err() == nil {
			err = fmt.Errorf("no answer within %s", requestTimeout)
		}
	}()
	res, err := c.http.Do(req)
	if err != nil {
		return nil, sent, err
	}
	defer res.Body.Close()
	text := c.bodies.Get().(*bytes.Buffer)
	text.Reset()
	n, err := text.ReadFrom(io.LimitReader(res.Body, c.maxBody+1))
	switch {
	case err != nil:
		return nil, true, fmt.Errorf("the answer broke off: %w", err)
	case n > c.maxBody:
		return nil, true, &tooLargeError{c.maxBody}
	}
	return &answer{res.StatusCode, res.Header, text.Bytes(), func() { c.bodies.Put(text) }}, true, nil
}

// tooLargeError is an answer of more bytes than are taken.
type tooLargeError struct{ max int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than the %d bytes that are taken", e.max)
}

// plain is an error of the transport without the URL, which the message names
// in its own way, and without the token.
func (c *Client) plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if text := err.Error(); c.say(text) != text {
		return errors.New(c.say(text))
	}
	return err
}

// read does a request and reads its answer as JSON into a T.
func read[T any](ctx context.Context, c *Client, r *request) (T, error) {
	return readAs(ctx, c, r, func(a *answer) (v T, err error) {
		err = json.Unmarshal(a.body, &v)
		return v, err
	})
}

// readAs does a request and parses its answer: that of a read once more where
// it is no good, as when a proxy has cut it.
func readAs[T any](ctx context.Context, c *Client, r *request, parse func(*answer) (T, error)) (T, error) {
	var none T
	for again := true; ; again = false {
		a, err := c.do(ctx, r)
		if err != nil {
			return none, err
		}
		v, err := parse(a)
		a.done()
		switch {
		case err == nil:
			return v, nil
		case r.write():
			return none, uncertain(r, fmt.Errorf("the service has answered with something else than it should: %s", c.say(err.Error())))
		case !again:
			return none, fmt.Errorf("%s: the answer is none of this API (%s): check the endpoint %s: %w", r.op, c.say(err.Error()), c.endpoint, provider.ErrUnavailable)
		}
	}
}

// remove does a DELETE, which has no answer but its status. Some answer with
// JSON all the same; a page in HTML is somebody else's answer.
func (c *Client) remove(ctx context.Context, r *request) error {
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if a.status == http.StatusAccepted || len(bytes.TrimSpace(a.body)) > 0 && !json.Valid(a.body) {
		return uncertain(r, fmt.Errorf("the service has answered %d with something else than it should", a.status))
	}
	return nil
}
