package vpsorg_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
)

// allocates gives how much memory is allocated meanwhile, more than is ever in use.
func allocates(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// A body without end takes no more memory than five times what is taken of it.
func TestAnAnswerWithoutEndTakesBoundedMemory(t *testing.T) {
	const most = 8 << 20
	for name, begins := range map[string]string{"of blanks": "", "in a text": `[{"uuid":"`, "in an array": `[`, "of a failure": `{"detail":"`} {
		for _, status := range []int{200, 400, 500} {
			client := dial(t, vpsorg.Options{Attempts: 1, MaxAnswer: most, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(io.MultiReader(strings.NewReader(begins), endlessly("1,")))}, nil
			})})
			var err error
			took := allocates(func() { err = read(t.Context(), client) })
			if !errors.Is(err, provider.ErrUnavailable) || !strings.Contains(err.Error(), "larger than") {
				t.Errorf("%s, %d: the error is %v", name, status, err)
			}
			if took > 5*most && !raced { // which allocates for itself
				t.Errorf("%s, %d: took %d MiB for %d", name, status, took>>20, most>>20)
			}
		}
	}
}

// A list of ever more pages ends where an answer would, or after ten thousand.
func TestAListWithoutEndIsGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		size   int // of a page
		pages  int // that are asked for at most
		reason string
	}{
		{"small pages", 10, 10_000, "pages"},
		{"large pages", 1 << 20, 5, "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			client := dial(t, vpsorg.Options{MaxAnswer: 4 << 20, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				asked++
				body := fmt.Sprintf(`{"next":"?page=%d","results":[{"uuid":"z%d","domain":"z%d.example","x":%q}]}`, asked, asked, asked, strings.Repeat("x", tt.size))
				return (&wire{replies: []reply{{status: 200, body: body}}}).RoundTrip(r)
			})})
			err := read(t.Context(), client)
			if !errors.Is(err, provider.ErrIncomplete) || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("the error is %v", err)
			}
			if asked > tt.pages {
				t.Errorf("%d pages were asked for", asked)
			}
		})
	}
}

// No redirect is followed: not of a read, not of a write, to no place.
func TestNoRedirectIsFollowed(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
		for _, target := range []string{other.URL + "/api/v1/dns-zones/", strings.Replace(other.URL, "http://", "http://user:pw@", 1) + "/", strings.Replace(other.URL, "http:", "", 1) + "/x", "/api/v1/other/", "?again=1", ""} {
			asked := 0
			client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			})
			if err := read(t.Context(), client); !errors.Is(err, provider.ErrUnavailable) || strings.Contains(err.Error(), "pw@") {
				t.Errorf("a read, %d to %q: %v", status, target, err)
			}
			if err := create(t.Context(), client); !errors.Is(err, provider.ErrUncertain) {
				t.Errorf("a write, %d to %q: %v", status, target, err)
			}
			if asked != 2 {
				t.Errorf("%d to %q: %d requests for two calls", status, target, asked)
			}
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("another place was asked %d times", n)
	}
}
