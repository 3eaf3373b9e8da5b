// Package review tells a pull request on GitHub what merging it would do, and
// finds out afterwards what was reviewed.
//
// One comment for each id is kept up to date. It is found again by a hidden
// marker, and only where the expected author wrote it: others can write the
// marker too. The comment carries a hidden [Note] with the digests of its plan,
// by which apply can refuse what nobody has seen. A token that may not write is
// [ErrReadOnly], which is no failure: a pull request from a fork has such a one.
package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v84/github"

	"github.com/zoneherd/zoneherd/provider/secret"
)

// ErrReadOnly says that the token may not write comments or issues here.
var ErrReadOnly = errors.New("the token may not write here")

// Options are how GitHub is reached.
type Options struct {
	API        string // the REST API's URL, as GITHUB_API_URL; empty: the public one
	Token      string
	Repository string // "owner/name"
	// Branch is the one that pull requests are merged into; empty: any.
	Branch string
	// Author is the login whose comments are ours; empty: whoever the token
	// belongs to.
	Author  string
	Version string // of zoneherd, for the User-Agent
	// Wait pauses between attempts; nil: as time passes.
	Wait func(context.Context, time.Duration) error
}

// Client speaks to GitHub about one repository.
type Client struct {
	github      *github.Client
	owner, name string
	author      string
	branch      string
	token       string
	wait        func(context.Context, time.Duration) error
}

// New makes a client. It does no I/O.
func New(opts Options) (*Client, error) {
	owner, name, ok := strings.Cut(opts.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("the repository %q is not of the form owner/name: set GITHUB_REPOSITORY, as Actions does", opts.Repository)
	}
	if opts.Token == "" {
		return nil, errors.New("there is no token for GitHub: set GITHUB_TOKEN")
	}
	c := github.NewClient(&http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: atHome,
	}).WithAuthToken(opts.Token)
	c.DisableRateLimitCheck = true // limits are waited out here
	c.UserAgent = "zoneherd/" + opts.Version
	if opts.API != "" {
		u, err := url.Parse(strings.TrimRight(opts.API, "/") + "/")
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("GitHub's API %q is no URL, such as https://api.github.com", opts.API)
		}
		if u.Scheme == "http" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
			return nil, fmt.Errorf("GitHub's API %s would get the token unencrypted: use https", u.Redacted())
		}
		c.BaseURL = u
	}
	if opts.Wait == nil {
		opts.Wait = func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
				return nil
			}
		}
	}
	return &Client{github: c, owner: owner, name: name, author: opts.Author, branch: opts.Branch, token: opts.Token, wait: opts.Wait}, nil
}

// atHome follows a redirect only within one origin, as GitHub's of a repository
// that was renamed: the token is set on each request, and would go along.
func atHome(r *http.Request, via []*http.Request) error {
	if first := via[0]; len(via) > 3 || r.Method != first.Method || r.URL.Scheme != first.URL.Scheme || r.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// Bounds on one request to GitHub.
const (
	attempts  = 5
	maxPause  = 5 * time.Minute // the longest limit on requests that is waited out
	firstWait = time.Second
)

// do makes a request until there is an answer to act on: it waits out limits
// and repeats what a server failed to do. before, where it is not nil, is asked
// before each repetition whether the request took effect after all.
func (c *Client) do(ctx context.Context, what string, request func() (*github.Response, error), before func() (done bool, err error)) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		res, err := request()
		if err == nil {
			return nil
		}
		pause, again := pauseAfter(res, err, wait)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !again:
			return c.hide(c.explain(what, res, err))
		case attempt == attempts || pause > maxPause:
			return c.hide(fmt.Errorf("%s: GitHub does not take it now: %w", what, c.plain(err)))
		}
		if err := c.wait(ctx, pause); err != nil {
			return err
		}
		wait *= 2
		if before != nil {
			if done, err := before(); done || err != nil {
				return err
			}
		}
	}
}

// pauseAfter tells how long to wait after an error, and whether the request is
// worth repeating.
func pauseAfter(res *github.Response, err error, otherwise time.Duration) (pause time.Duration, again bool) {
	var limit *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	switch {
	case errors.As(err, &limit):
		return max(time.Until(limit.Rate.Reset.Time), otherwise), true
	case errors.As(err, &secondary):
		if secondary.RetryAfter != nil {
			return *secondary.RetryAfter, true
		}
		return max(otherwise, time.Minute), true // as GitHub asks of those that it does not tell how long
	case res == nil || res.Response == nil: // no answer at all
		return otherwise, true
	case res.StatusCode == http.StatusTooManyRequests:
		if d, err := time.ParseDuration(res.Header.Get("Retry-After") + "s"); err == nil {
			return d, true
		}
		return otherwise, true
	}
	return otherwise, res.StatusCode >= 500
}

// hide takes the token out of an error, should the server have echoed it.
func (c *Client) hide(err error) error {
	text := secret.Hide(err.Error(), c.token, "***")
	switch {
	case text == err.Error():
		return err
	case errors.Is(err, ErrReadOnly):
		return &hiddenError{text, ErrReadOnly}
	}
	return errors.New(text)
}

// hiddenError is an error whose text is told otherwise.
type hiddenError struct {
	text string
	kind error
}

func (e *hiddenError) Error() string { return e.text }

func (e *hiddenError) Unwrap() error { return e.kind }

// explain says what an answer means.
func (c *Client) explain(what string, res *github.Response, err error) error {
	if moved, ok := errors.AsType[*github.RedirectionError](err); ok {
		return fmt.Errorf("%s: GitHub answers with a redirect (%d) that would carry the token elsewhere: check GITHUB_API_URL and GITHUB_REPOSITORY", what, moved.StatusCode)
	}
	var api *github.ErrorResponse
	if errors.As(err, &api) && res != nil {
		switch res.StatusCode {
		case http.StatusForbidden:
			return fmt.Errorf("%s: %w (%s)", what, ErrReadOnly, api.Message)
		case http.StatusUnauthorized:
			return fmt.Errorf("%s: GitHub does not know the token in GITHUB_TOKEN: it may have expired", what)
		case http.StatusNotFound:
			return fmt.Errorf("%s: GitHub finds no such thing in %s/%s, or the token may not see it", what, c.owner, c.name)
		case http.StatusUnprocessableEntity:
			return fmt.Errorf("%s: GitHub refuses it: %s", what, reasons(api))
		}
		return fmt.Errorf("%s: GitHub answers %d: %s", what, res.StatusCode, api.Message)
	}
	return fmt.Errorf("%s: %w", what, c.plain(err))
}

func reasons(api *github.ErrorResponse) string {
	text := api.Message
	for _, e := range api.Errors {
		if e.Message != "" {
			text += "; " + e.Message
		}
	}
	return text
}

// plain is an error of the transport without its URL.
func (c *Client) plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return fmt.Errorf("%s cannot be reached: %w", c.github.BaseURL.Host, ue.Err)
	}
	return err
}

// pages lists all of something.
func pages[T any](ctx context.Context, c *Client, what string, list func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	opts := github.ListOptions{PerPage: 100, Page: 1}
	for opts.Page > 0 {
		var page []T
		next := 0
		if err := c.do(ctx, what, func() (*github.Response, error) {
			items, res, err := list(opts)
			if err == nil {
				page, next = items, res.NextPage
			}
			return res, err
		}, nil); err != nil {
			return nil, err
		}
		all = slices.Concat(all, page)
		opts.Page = next
	}
	return all, nil
}

// login is whose comments are ours.
func (c *Client) login(ctx context.Context) (string, error) {
	if c.author != "" {
		return c.author, nil
	}
	err := c.do(ctx, "ask GitHub whose token this is", func() (*github.Response, error) {
		user, res, err := c.github.Users.Get(ctx, "")
		if err == nil {
			c.author = user.GetLogin()
		}
		return res, err
	}, nil)
	if errors.Is(err, ErrReadOnly) {
		return "", errors.New("the token may not ask whose it is: name the author of its comments with --author")
	}
	return c.author, err
}
