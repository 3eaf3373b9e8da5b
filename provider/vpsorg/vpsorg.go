// Package vpsorg is the client of the VPS.org DNS API, a [provider.Provider].
//
//	client, err := vpsorg.New(vpsorg.Options{Token: vpsorg.Token(os.Getenv("VPSORG_TOKEN"))})
//	zones, err := client.ListZones(ctx)
//	zone, err := client.ReadZone(ctx, zones[0])
//
// It believes the API's documentation (https://vps.org/docs/api/dns) and copes
// with every answer that the documentation leaves open: spellings of names,
// hosts and text (decode.go), both kinds of lists (pages.go), and counts that
// do not agree with what is listed (complete.go). Whatever it cannot make
// sense of is an error and never a guess: a zone is read whole or not at all.
//
// Reads are repeated where that may help, writes only where the service has
// said, or it is certain, that nothing happened (request.go).
package vpsorg

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// DefaultEndpoint is the public API.
const DefaultEndpoint = "https://admin.vps.org/api/v1"

// Options are the settings of a [Client].
type Options struct {
	// Endpoint is where the API begins; empty means [DefaultEndpoint]. It is
	// https, except on this machine's loopback addresses.
	Endpoint string
	Token    Token
	// Version is named in the User-Agent header.
	Version string
	// Logger is told what a person should know besides; nil for nothing.
	Logger *slog.Logger
	// RecordCountSurplus is by how much the service's record_count is known to
	// exceed the records that it lists; negative where that is not known.
	RecordCountSurplus int
	// Transport replaces the network, for tests; nil means a transport with
	// the timeouts and limits of this package.
	Transport http.RoundTripper
	// Attempts bounds how often one request is sent; 0 means 6.
	Attempts int
}

// Client is the API as one token sees it. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	token    Token
	agent    string
	log      *slog.Logger
	http     *http.Client
	pace     pace
	attempts int
	surplus  surplus

	// noPatch says that the service has answered a PATCH with 405.
	noPatch atomic.Bool
}

var _ provider.Provider = (*Client)(nil)

// New makes a client. It does no I/O.
func New(opts Options) (*Client, error) {
	if opts.Endpoint == "" {
		opts.Endpoint = DefaultEndpoint
	}
	endpoint, err := parseEndpoint(opts.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := opts.Token.check(); err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Version == "" {
		opts.Version = "devel"
	}
	if opts.Attempts <= 0 {
		opts.Attempts = 6
	}
	if opts.Transport == nil {
		opts.Transport = newTransport()
	}
	return &Client{
		endpoint: endpoint, token: opts.Token, log: opts.Logger, attempts: opts.Attempts,
		agent: "zoneherd/" + opts.Version + " (+https://github.com/zoneherd/zoneherd)",
		http: &http.Client{
			Transport: opts.Transport,
			// A redirect would carry the token elsewhere and turn a POST into a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		surplus: surplus{known: opts.RecordCountSurplus, confirmed: map[int]map[schema.Name]bool{}},
	}, nil
}

// newTransport is a transport for one host, with time limits on each part of a
// request; the whole is bounded by requestTimeout.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    64,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// parseEndpoint checks where the token would be sent.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("the endpoint %q is no URL, such as %s", text, DefaultEndpoint)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the endpoint holds more than scheme, host and path: write it like " + DefaultEndpoint)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("the endpoint %s would send the token unencrypted: use https", u.Redacted())
	}
	return nil, fmt.Errorf("the endpoint %s is neither https nor on this machine", u.Redacted())
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Endpoint is where the API begins.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Close closes connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Capabilities implements [provider.Provider].
func (c *Client) Capabilities() provider.Capabilities {
	return provider.Capabilities{Types: schema.Types(), TypeChange: true}
}

// Token is an API token. It never shows itself: printed, formatted, logged or
// marshalled it is a placeholder.
type Token string

const hidden = "vps_***"

func (Token) String() string               { return hidden }
func (Token) GoString() string             { return hidden }
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }
func (Token) LogValue() slog.Value         { return slog.StringValue(hidden) }

// Format implements [fmt.Formatter] for all verbs.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

func (t Token) check() error {
	if t == "" {
		return errors.New("there is no token")
	}
	if strings.ContainsFunc(string(t), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token holds blanks or other characters that no token has: copy it again")
	}
	return nil
}

// redact takes the token out of what a server has said.
func (t Token) redact(text string) string {
	return strings.ReplaceAll(text, string(t), hidden)
}

// pace slows all requests of a client down together once the service has
// throttled one: a pause for all, and an interval between requests that grows
// with each throttling and shrinks with each success.
type pace struct {
	mu       sync.Mutex
	next     time.Time     // no request begins before
	interval time.Duration // between two requests
	changed  time.Time     // when the interval last grew
}

const (
	firstInterval = 20 * time.Millisecond
	maxInterval   = 5 * time.Second
)

// reserve gives how long a request has to wait for its turn.
func (p *pace) reserve(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.interval)
	return at.Sub(now)
}

// throttled takes note that a request begun at a time was throttled, and that
// none may begin for a while.
func (p *pace) throttled(begun, now time.Time, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if begun.After(p.changed) { // else it was sent at the old rate
		p.interval = min(max(2*p.interval, firstInterval), maxInterval)
		p.changed = now
	}
	if until := now.Add(pause); until.After(p.next) {
		p.next = until
	}
}

// succeeded lets the rate recover.
func (p *pace) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.interval -= p.interval / 50; p.interval < time.Millisecond {
		p.interval = 0
	}
}
