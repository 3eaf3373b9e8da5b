package vpsorg_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
)

const noZones, aRecord = `[]`, `{"uuid":"r1","record_type":"A","name":"www","value":"192.0.2.1","ttl":300}`

func read(ctx context.Context, c *vpsorg.Client) error {
	_, err := c.ListZones(ctx)
	return err
}

func readRecord(ctx context.Context, c *vpsorg.Client) error {
	_, err := c.ReadRecord(ctx, example, "r1")
	return err
}

func find(ctx context.Context, c *vpsorg.Client) error {
	_, err := c.FindZone(ctx, example.Name)
	return err
}

func create(ctx context.Context, c *vpsorg.Client) error {
	_, err := c.CreateRecord(ctx, example, address("www.example.com", "192.0.2.1", 300))
	return err
}

func update(ctx context.Context, c *vpsorg.Client) error {
	_, err := c.UpdateRecord(ctx, example, "r1", address("www.example.com", "192.0.2.9", 300), address("www.example.com", "192.0.2.1", 300))
	return err
}

func remove(ctx context.Context, c *vpsorg.Client) error {
	return c.DeleteRecord(ctx, example, "r1")
}

// What is sent again, and what a call then is, by what became of the request.
func TestRepeating(t *testing.T) {
	reset := syscall.ECONNRESET
	refused := &netError{"connect: connection refused"}
	tests := []struct {
		name    string
		call    func(context.Context, *vpsorg.Client) error
		replies []reply
		want    error // nil for success
		sent    int
	}{
		{"a read is repeated after a gateway error", read, []reply{{status: 502}, {status: 200, body: noZones}}, nil, 2},
		{"a read is repeated after a reset", read, []reply{{broken: reset}, {status: 200, body: noZones}}, nil, 2},
		{"a read is repeated after JSON that was cut", read, []reply{{status: 200, body: `[{"uuid"`}, {status: 200, body: noZones}}, nil, 2},
		{"a read of JSON that stays cut fails", read, []reply{{status: 200, body: `[{"uuid"`}}, provider.ErrUnavailable, 2},
		{"a read is repeated six times at most", read, []reply{{status: 503}}, provider.ErrUnavailable, 6},
		{"a read is repeated after 408", read, []reply{{status: 408}, {status: 200, body: noZones}}, nil, 2},
		{"a read is not repeated after 400", read, []reply{{status: 400}}, provider.ErrRefused, 1},
		{"a read is not repeated after 401", read, []reply{{status: 401}}, provider.ErrUnauthenticated, 1},
		{"a read is not repeated after 403", read, []reply{{status: 403}}, provider.ErrForbidden, 1},
		{"a read is not repeated after 404", readRecord, []reply{{status: 404}}, provider.ErrNotFound, 1},
		{"a list of zones that is missing says nothing of any zone", read, []reply{{status: 404}}, provider.ErrUnavailable, 1},
		{"a search for a zone without a list of zones does not say that there is none", find, []reply{{status: 404}}, provider.ErrUnavailable, 1},
		{"a read is not repeated after a redirect", read, []reply{{status: 302, header: map[string]string{"Location": "/elsewhere/"}}}, provider.ErrUnavailable, 1},

		{"a creation is not repeated after a gateway error", create, []reply{{status: 502}, {status: 201, body: aRecord}}, provider.ErrUncertain, 1},
		{"a creation is not repeated after 408", create, []reply{{status: 408}}, provider.ErrUncertain, 1},
		{"a creation is not repeated after a reset", create, []reply{{broken: reset}, {status: 201, body: aRecord}}, provider.ErrUncertain, 1},
		{"a creation with an answer that was cut is uncertain", create, []reply{{status: 201, body: aRecord[:20]}}, provider.ErrUncertain, 1},
		{"a creation with an empty answer is uncertain", create, []reply{{status: 201}}, provider.ErrUncertain, 1},
		{"a creation with an answer without a handle is uncertain", create, []reply{{status: 201, body: `{"record_type":"A","name":"www","value":"192.0.2.1","ttl":300}`}}, provider.ErrUncertain, 1},
		{"a creation that was redirected is uncertain", create, []reply{{status: 301, header: map[string]string{"Location": "/x/"}}}, provider.ErrUncertain, 1},
		{"a creation is repeated where no connection came about", create, []reply{{unsent: refused}, {unsent: refused}, {status: 201, body: aRecord}}, nil, 1},
		{"a creation that is never sent did not take effect", create, []reply{{unsent: refused}}, provider.ErrUnavailable, 0},
		{"a creation is repeated after 429", create, []reply{{status: 429}, {status: 429}, {status: 201, body: aRecord}}, nil, 3},
		{"a creation that is refused is not repeated", create, []reply{{status: 400}}, provider.ErrRefused, 1},
		{"a creation of something else is a mismatch", create, []reply{{status: 201, body: `{"uuid":"r1","record_type":"A","name":"www","value":"192.0.2.1","ttl":60}`}}, provider.ErrMismatch, 1},

		{"a change is not repeated after a gateway error", update, []reply{{status: 504}}, provider.ErrUncertain, 1},
		{"a change is sent whole where PATCH is not allowed", update, []reply{{status: 405}, {status: 200, body: aRecord}}, nil, 2},
		{"a change that is answered with another record is uncertain", update, []reply{{status: 200, body: strings.Replace(aRecord, `"uuid":"r1"`, `"uuid":"r2"`, 1)}}, provider.ErrUncertain, 1},
		{"a change of what is gone is not found", update, []reply{{status: 404}}, provider.ErrNotFound, 1},

		{"a deletion is not repeated after a gateway error", remove, []reply{{status: 503}}, provider.ErrUncertain, 1},
		{"a deletion of what is gone is not found", remove, []reply{{status: 404}}, provider.ErrNotFound, 1},
		{"a deletion with an empty answer is done", remove, []reply{{status: 204}}, nil, 1},
		{"a deletion that is answered with JSON is done", remove, []reply{{status: 200, body: `{"detail":"Deleted."}`}}, nil, 1},
		{"a deletion that is answered with a page is uncertain", remove, []reply{{status: 200, body: "<html>log in"}}, provider.ErrUncertain, 1},
		{"a deletion that is to come is uncertain", remove, []reply{{status: 202}}, provider.ErrUncertain, 1},
	}
	kinds := []error{provider.ErrNotFound, provider.ErrRefused, provider.ErrUnauthenticated, provider.ErrForbidden,
		provider.ErrUnavailable, provider.ErrIncomplete, provider.ErrUncertain, provider.ErrMismatch}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w := wired(t, tt.replies...)
				err := tt.call(t.Context(), client)
				if (tt.want == nil) != (err == nil) {
					t.Errorf("the error is %v, want %v", err, tt.want)
				}
				for _, kind := range kinds {
					if errors.Is(err, kind) != (kind == tt.want) {
						t.Errorf("the error %q is %q: %v", err, kind, errors.Is(err, kind))
					}
				}
				if w.requests() != tt.sent {
					t.Errorf("%d requests were sent (%v), want %d", w.requests(), w.sent, tt.sent)
				}
			})
		})
	}
}

// netError stands for an error of dialling.
type netError struct{ text string }

func (e *netError) Error() string { return e.text }

func TestAThrottledRequestWaitsAsItIsTold(t *testing.T) {
	tests := []struct {
		name     string
		throttle func() reply
		least    time.Duration
		most     time.Duration
	}{
		{"in seconds", func() reply { return reply{status: 429, header: map[string]string{"Retry-After": "42"}} }, 42 * time.Second, 43 * time.Second},
		{"until a date", func() reply {
			at := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
			return reply{status: 429, header: map[string]string{"Retry-After": at}}
		}, 89 * time.Second, 91 * time.Second},
		{"until a date that is over", func() reply {
			at := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
			return reply{status: 429, header: map[string]string{"Retry-After": at}}
		}, 0, time.Second},
		{"in words", func() reply {
			return reply{status: 429, body: `{"detail": "Request was throttled. Expected available in 7 seconds."}`}
		}, 7 * time.Second, 8 * time.Second},
		{"not at all", func() reply { return reply{status: 429} }, 100 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				client, _ := wired(t, tt.throttle(), reply{status: 201, body: aRecord})
				if err := create(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(begun); waited < tt.least || waited > tt.most {
					t.Errorf("waited %s, want %s to %s", waited, tt.least, tt.most)
				}
			})
		})
	}
}

func TestAThrottlingBeyondPatienceIsAnErrorAtOnce(t *testing.T) {
	for _, after := range []string{"3600", "99999999999999999999", "18446744073709551615"} {
		t.Run(after, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				client, w := wired(t, reply{status: 429, header: map[string]string{"Retry-After": after}})
				err := create(t.Context(), client)
				if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrUncertain) {
					t.Errorf("the error is %v, want one that says that nothing happened", err)
				}
				if len(after) < 20 && (time.Since(begun) > time.Second || w.requests() != 1) {
					t.Errorf("waited %s over %d requests", time.Since(begun), w.requests())
				}
			})
		})
	}
}

// A request that waits for its turn when another is throttled waits as well.
func TestOneThrottlingSlowsAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := wired(t, reply{status: 429, header: map[string]string{"Retry-After": "60"}}, reply{status: 200, body: noZones})
		begun := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := read(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				if err := read(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := w.requests(); n != 1 {
			t.Errorf("%d requests were sent during the pause", n-1)
		}
		wg.Wait()
		if waited := time.Since(begun); waited < time.Minute || waited > 70*time.Second {
			t.Errorf("it took %s, want a little over a minute", waited)
		}
	})
}

// A pause that begins while a request already sleeps for its turn holds for it.
func TestAPauseHoldsForThoseThatAreWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := wired(t,
			reply{status: 429, header: map[string]string{"Retry-After": "10"}},
			reply{status: 429, header: map[string]string{"Retry-After": "60"}},
			reply{status: 200, body: noZones})
		begun := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := read(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		time.Sleep(11 * time.Second) // in the bubble's own time
		synctest.Wait()
		if n := w.requests(); n != 2 {
			t.Errorf("%d requests were sent, want the throttled two", n)
		}
		wg.Wait()
		if waited := time.Since(begun); waited < 70*time.Second {
			t.Errorf("it took %s, less than both pauses", waited)
		}
	})
}

func TestCancelling(t *testing.T) {
	t.Run("a write in flight has an unknown outcome", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			begun := make(chan struct{})
			client, w := wired(t, reply{hang: true, begun: begun})
			go func() { <-begun; cancel() }()
			err := create(ctx, client)
			if !errors.Is(err, provider.ErrUncertain) || !errors.Is(err, context.Canceled) || w.requests() != 1 {
				t.Errorf("the error is %v after %d requests", err, w.requests())
			}
		})
	})
	t.Run("a write that waits did not take effect", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			client, _ := wired(t, reply{status: 429, header: map[string]string{"Retry-After": "60"}})
			begun := time.Now()
			err := create(ctx, client)
			if errors.Is(err, provider.ErrUncertain) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
			if waited := time.Since(begun); waited != 5*time.Second {
				t.Errorf("returned after %s", waited)
			}
		})
	})
	t.Run("a read ends at once with the context's error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			begun := make(chan struct{})
			client, w := wired(t, reply{hang: true, begun: begun})
			go func() { <-begun; cancel() }()
			if err := read(ctx, client); !errors.Is(err, context.Canceled) || w.requests() != 1 {
				t.Errorf("the error is %v after %d requests", err, w.requests())
			}
		})
	})
	t.Run("nothing is sent once the context is done", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		client, w := wired(t, reply{status: 201, body: aRecord})
		if err := create(ctx, client); !errors.Is(err, context.Canceled) || errors.Is(err, provider.ErrUncertain) || w.requests() != 0 {
			t.Errorf("the error is %v after %d requests", err, w.requests())
		}
	})
}

func TestAServiceThatNeverAnswersIsGivenUp(t *testing.T) {
	for name, call := range map[string]func(context.Context, *vpsorg.Client) error{"a read": read, "a write": create} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w := wired(t, reply{hang: true})
				begun := time.Now()
				err := call(t.Context(), client)
				want, requests := provider.ErrUnavailable, 6
				if name == "a write" {
					want, requests = provider.ErrUncertain, 1
				}
				if !errors.Is(err, want) || errors.Is(err, context.DeadlineExceeded) || w.requests() != requests {
					t.Errorf("the error is %v after %d requests", err, w.requests())
				}
				if waited := time.Since(begun); waited > 7*time.Minute {
					t.Errorf("it took %s", waited)
				}
			})
		})
	}
}

// A thousand zones of a service that is down are not asked for six times each.
func TestRetriesAreBoundedForTheWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := wired(t, reply{status: 503})
		for range 1000 {
			if err := read(t.Context(), client); !errors.Is(err, provider.ErrUnavailable) {
				t.Fatal(err)
			}
		}
		if n := w.requests(); n != 1100 {
			t.Errorf("%d requests for 1000 reads, want one each and the 100 retries of the budget", n)
		}
	})
}
