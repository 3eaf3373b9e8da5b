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
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

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
	// exceed the records that it lists; 0 or less where that is not known.
	RecordCountSurplus int
	// Transport replaces the network, for tests; nil means a transport with
	// the timeouts and limits of this package.
	Transport http.RoundTripper
	// Attempts bounds how often a request is sent that fails; 0 means 6.
	// Requests that are throttled are sent again beyond that.
	Attempts int
	// MaxAnswer bounds an answer, or all pages of a list, in bytes after
	// decompression; 0 means 64 MiB, enough for a zone of some 300,000 records.
	// Receiving one takes up to five times as much memory, whatever the service
	// sends.
	MaxAnswer int64
}

// Client is the API as one token sees it. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	token    *Token // behind a pointer, since formatting a Client would show it
	agent    string
	log      *slog.Logger
	http     *http.Client
	pace     pace
	retries  budget
	attempts int
	maxBody  int64
	surplus  *surplus
	bodies   *sync.Pool // of *bytes.Buffer, for answers

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
	if opts.MaxAnswer <= 0 {
		opts.MaxAnswer = 64 << 20
	}
	if opts.Transport == nil {
		opts.Transport = newTransport(endpoint.Hostname())
	}
	return &Client{
		endpoint: endpoint, token: &opts.Token, log: opts.Logger, attempts: opts.Attempts, maxBody: opts.MaxAnswer,
		agent: "zoneherd/" + opts.Version + " (+https://github.com/zoneherd/zoneherd)",
		http: &http.Client{
			Transport: opts.Transport,
			// A redirect would carry the token elsewhere and turn a POST into a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		surplus: newSurplus(opts.RecordCountSurplus),
		bodies:  &sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}, nil
}

// Endpoint is where the API begins.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Close closes connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Capabilities implements [provider.Provider].
func (c *Client) Capabilities() provider.Capabilities {
	return provider.Capabilities{Types: schema.Types(), TypeChange: true}
}
