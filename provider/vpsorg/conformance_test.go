package vpsorg_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/providertest"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// The client keeps its promises against the sandbox over a real socket, in
// each dialect on its own. With the race detector, which is slow and does not
// care for spellings, a few have to do.
func TestConformance(t *testing.T) {
	dialects := append([]string{"", "throttle=200"}, sandbox.Dialects()...)
	if raced {
		dialects = []string{"throttle=200", "list=pages,page-size=7"}
	}
	for _, dialect := range dialects {
		t.Run("dialect "+dialect, func(t *testing.T) {
			t.Parallel()
			conform(t, dialect)
		})
	}
}

// And in combinations.
func TestConformanceInCombinedDialects(t *testing.T) {
	random, n := rand.New(rand.NewPCG(1, 2)), 12
	if raced {
		n = 1
	}
	for range n {
		dialect := sandbox.RandomDialect(random)
		t.Run("dialect "+dialect, func(t *testing.T) {
			t.Parallel()
			conform(t, dialect)
		})
	}
}

// conform runs the suite on one sandbox, with zones of their own for each promise.
func conform(t *testing.T, dialect string) {
	client, server, meddler := meddled(t, dialect)
	zones := 0
	providertest.Run(t, func(t *testing.T) providertest.Backend {
		t.Cleanup(meddler.rest)
		return providertest.Backend{
			Provider: client,
			Name: func() schema.Name {
				zones++
				return schema.MustName(fmt.Sprintf("zone-%d.example", zones))
			},
			Whole: strings.Contains(dialect, "patch=refused"),
			Put: func(zone schema.Name, r provider.Record) error {
				raw, ok := r.Data.(schema.Opaque)
				if !ok {
					return errors.New("only opaque data are put")
				}
				return server.Put(zone.Display(), sandbox.Record{Type: string(raw.RRType), Name: r.Name.Relative(zone), Value: raw.Raw, TTL: int64(r.TTL)})
			},
			Cut:   func(schema.Name) { meddler.set(&meddler.cut) },
			Lose:  func() { meddler.set(&meddler.lose) },
			Alter: func() { meddler.set(&meddler.alter) },
		}
	})
}

// meddled is sandboxed with somebody in the middle.
func meddled(t *testing.T, dialect string) (*vpsorg.Client, *sandbox.Server, *meddler) {
	direct, server := sandboxed(t, dialect)
	m := &meddler{t: t, next: vpsorg.NewTransport("admin.example")}
	t.Cleanup(m.next.CloseIdleConnections)
	client := dial(t, vpsorg.Options{Endpoint: direct.Endpoint(), Token: vpsorg.Token(server.Token()), Transport: m})
	return client, server, m
}

// meddler stands between client and service and does what no sandbox does.
type meddler struct {
	t    *testing.T
	next *http.Transport

	mu               sync.Mutex
	cut, lose, alter bool
}

func (m *meddler) set(fault *bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*fault = true
}

// rest takes all faults back.
func (m *meddler) rest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut, m.lose, m.alter = false, false, false
}

// take gives a fault once, or with keep for good.
func (m *meddler) take(fault *bool, keep bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := *fault
	*fault = was && keep
	return was
}

func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	write := r.Method != http.MethodGet
	if r.Method == http.MethodPost && m.take(&m.alter, false) {
		m.rewriteTTL(r)
	}
	res, err := m.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch {
	case write && res.StatusCode/100 == 2 && m.take(&m.lose, false):
		res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	case !write && m.take(&m.cut, true):
		m.cutRecords(res)
	}
	return res, nil
}

func (m *meddler) rewriteTTL(r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		m.t.Error(err)
	}
	body["ttl"] = 7200
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Error(err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
}

// cutRecords ends every list of records after ten, or after its first page.
func (m *meddler) cutRecords(res *http.Response) {
	var body any
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		m.t.Error(err)
	}
	res.Body.Close()
	res.Header.Del("Link")
	switch b := body.(type) {
	case []any:
		body = b[:min(10, len(b))]
	case map[string]any:
		for _, key := range []string{"records", "results"} {
			if list, ok := b[key].([]any); ok {
				b[key], b["next"] = list[:min(10, len(list))], nil
			}
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Error(err)
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
}
