package vpsorg_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

func zoneJSON(domain string) string {
	return fmt.Sprintf(`{"uuid":"id-%s","domain":%q,"record_count":0}`, strings.ToLower(domain), domain)
}

// How lists of zones are read, page by page. Pages are by their query.
func TestListsOfZones(t *testing.T) {
	a, b, c := zoneJSON("a.example"), zoneJSON("b.example"), zoneJSON("c.example")
	pages := func(count int, next, results string) string {
		return fmt.Sprintf(`{"count":%d,"next":%s,"previous":null,"results":[%s]}`, count, next, results)
	}
	tests := []struct {
		name   string
		pages  map[string]string // by query
		link   map[string]string // Link header by query
		want   string            // names, or
		reason string            // why it is incomplete, or
		broken string            // why it is no list
	}{
		{name: "a bare array", pages: map[string]string{"": "[" + b + "," + a + "]"}, want: "a.example b.example"},
		{name: "nothing", pages: map[string]string{"": "[]"}, want: ""},
		{name: "one page", pages: map[string]string{"": pages(2, "null", b+","+a)}, want: "a.example b.example"},
		{name: "an empty page", pages: map[string]string{"": pages(0, "null", "")}, want: ""},
		{name: "three pages", pages: map[string]string{"": pages(3, `"/api/v1/dns-zones/?page=2"`, c), "page=2": pages(3, `"?page=3"`, b), "page=3": pages(3, `""`, a)}, want: "a.example b.example c.example"},
		{name: "pages behind a TLS proxy", pages: map[string]string{"": pages(2, `"http://internal:8000/other/path/?page=2"`, a), "page=2": pages(2, "null", b)}, want: "a.example b.example"},
		{name: "a Link header", pages: map[string]string{"": "[" + a + "]", "cursor=x": "[" + b + "]"},
			link: map[string]string{"": `<http://internal/?cursor=x>; rel="next", <http://internal/>; rel="first"`}, want: "a.example b.example"},
		{name: "a Link header whose next is not the first", pages: map[string]string{"": "[" + a + "]", "cursor=x": "[" + b + "]"},
			link: map[string]string{"": `<http://internal/>; rel=prev, <http://internal/?cursor=x>; title="x"; rel=next`}, want: "a.example b.example"},
		{name: "a zone on two pages is one", pages: map[string]string{"": pages(2, `"?page=2"`, a+","+b), "page=2": pages(2, "null", b)}, want: "a.example b.example"},
		{name: "names in other spellings", pages: map[string]string{"": "[" + zoneJSON("B.Example.") + "," + zoneJSON("bücher.example") + "]"}, want: "b.example xn--bcher-kva.example"},

		{name: "pages in a circle", pages: map[string]string{"": pages(3, `"?page=2"`, a), "page=2": pages(3, `"?page=2"`, b)}, reason: "circle"},
		{name: "a next page by path alone", pages: map[string]string{"": pages(3, `"/dns-zones/page/2/"`, a)}, reason: "circle"},
		{name: "a next page that is no URL", pages: map[string]string{"": pages(3, `"http://[::1"`, a)}, reason: "no URL"},
		{name: "fewer than counted", pages: map[string]string{"": pages(3, "null", a+","+b)}, reason: "counts 3 zones and lists 2"},
		{name: "a zone without a handle", pages: map[string]string{"": `[{"domain":"a.example"}]`}, reason: "without a uuid"},
		{name: "a zone without a name", pages: map[string]string{"": `[{"uuid":"1"}]`}, reason: "cannot be read"},
		{name: "one name for two zones", pages: map[string]string{"": `[` + a + `,{"uuid":"other","domain":"a.example"}]`}, reason: "two different zones"},
		{name: "one handle for two zones", pages: map[string]string{"": `[` + a + `,{"uuid":"id-a.example","domain":"b.example"}]`}, reason: "two different zones"},

		{name: "an object that is no page", pages: map[string]string{"": `{"zones":[]}`}, broken: "no list"},
		{name: "a page of null", pages: map[string]string{"": `{"count":0,"next":null,"results":null}`}, broken: "no list"},
		{name: "a text", pages: map[string]string{"": `"zones"`}, broken: "cannot unmarshal"},
		{name: "null", pages: map[string]string{"": `null`}, broken: "no list"},
		{name: "HTML", pages: map[string]string{"": `<!doctype html><title>Welcome</title>`}, broken: "invalid character"},
		{name: "nothing at all", pages: map[string]string{"": ``}, broken: "end of JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
				body, ok := tt.pages[r.URL.RawQuery]
				if !ok || r.URL.Path != "/api/v1/dns-zones/" {
					t.Errorf("asked for %s", r.URL)
				}
				if link := tt.link[r.URL.RawQuery]; link != "" {
					w.Header().Set("Link", link)
				}
				fmt.Fprint(w, body)
			})
			zones, err := client.ListZones(t.Context())
			switch {
			case tt.reason != "":
				if !errors.Is(err, provider.ErrIncomplete) || !strings.Contains(err.Error(), tt.reason) {
					t.Errorf("the error is %v, want an incomplete read: %s", err, tt.reason)
				}
				return
			case tt.broken != "":
				if !errors.Is(err, provider.ErrUnavailable) || !strings.Contains(err.Error(), tt.broken) {
					t.Errorf("the error is %v, want %s", err, tt.broken)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			var names []string
			for _, z := range zones {
				names = append(names, z.Name.Display())
			}
			if diff := cmp.Diff(tt.want, strings.Join(names, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheTokenNeverFollowsANextPageOrARedirectElsewhere(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	client := served(t, vpsorg.Options{Attempts: 1}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Error("a request without the token")
		}
		switch {
		case r.URL.Path != "/api/v1/dns-zones/" || r.Method != http.MethodGet:
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		case r.URL.RawQuery == "":
			fmt.Fprintf(w, `{"count":2,"next":"%s/api/v1/dns-zones/?page=2","results":[%s]}`, elsewhere.URL, zoneJSON("a.example"))
		default:
			fmt.Fprintf(w, `{"count":2,"next":null,"results":[%s]}`, zoneJSON("b.example"))
		}
	})
	zones, err := client.ListZones(t.Context())
	if err != nil || len(zones) != 2 {
		t.Errorf("listed %v: %v", zones, err)
	}
	ctx := t.Context()
	_, readErr := client.ReadZone(ctx, exampleInfo)
	_, findErr := client.ReadRecord(ctx, example, "r1")
	_, createErr := client.CreateZone(ctx, example.Name)
	for what, err := range map[string]error{
		"read": readErr, "find": findErr, "create zone": createErr, "create": create(ctx, client), "update": update(ctx, client),
		"remove": remove(ctx, client), "delete zone": client.DeleteZone(ctx, example),
	} {
		if api, ok := errors.AsType[*vpsorg.APIError](err); !ok || api.Status != http.StatusTemporaryRedirect {
			t.Errorf("%s: the error is %v, want a redirect as an APIError", what, err)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("another origin was visited %d times", n)
	}
}

func TestFindingAZone(t *testing.T) {
	tests := []struct {
		name, asked string
		answers     map[string]string // by the domain asked for
		want        error
	}{
		{"the filter is exact", "a.example", map[string]string{"a.example": "[" + zoneJSON("a.example") + "]"}, nil},
		{"the filter is ignored", "b.example", map[string]string{"b.example": "[" + zoneJSON("a.example") + "," + zoneJSON("B.example.") + "]"}, nil},
		{"the filter is ignored and there is none", "c.example", map[string]string{"c.example": "[" + zoneJSON("a.example") + "]"}, provider.ErrNotFound},
		{"there is none", "a.example", map[string]string{"a.example": "[]"}, provider.ErrNotFound},
		{"the service keeps names in Unicode", "xn--bcher-kva.example", map[string]string{
			"xn--bcher-kva.example": "[]", "bücher.example": "[" + zoneJSON("bücher.example") + "]"}, nil},
		{"a list that was cut does not say that there is none", "a.example", map[string]string{"a.example": `{"count":2,"next":null,"results":[]}`}, provider.ErrIncomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
				body, ok := tt.answers[r.URL.Query().Get("domain")]
				if !ok {
					t.Errorf("asked for %s", r.URL)
				}
				fmt.Fprint(w, body)
			})
			zone, err := client.FindZone(t.Context(), schema.MustName(tt.asked))
			if !errors.Is(err, tt.want) || tt.want == nil && zone.Name != schema.MustName(tt.asked) {
				t.Errorf("found %v: %v", zone, err)
			}
		})
	}
}

// A list that gets shorter between two of its pages is read once more.
func TestAListThatChangesIsReadAgain(t *testing.T) {
	asked := 0
	client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.RawQuery != "":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"detail":"Invalid page."}`)
		case asked == 1:
			fmt.Fprintf(w, `{"count":2,"next":"?page=2","results":[%s]}`, zoneJSON("a.example"))
		default:
			fmt.Fprintf(w, `{"count":1,"next":null,"results":[%s]}`, zoneJSON("a.example"))
		}
	})
	if zones, err := client.ListZones(t.Context()); err != nil || len(zones) != 1 || asked != 3 {
		t.Errorf("listed %v after %d requests: %v", zones, asked, err)
	}
}

// Without a count nothing else would tell that the rest is missing.
func TestAListWithoutACountWhosePageIsGoneIsReadAgain(t *testing.T) {
	asked := 0
	client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.RawQuery != "":
			w.WriteHeader(http.StatusNotFound)
		case asked == 1:
			w.Header().Set("Link", `<?page=2>; rel="next"`)
			fmt.Fprintf(w, "[%s]", zoneJSON("a.example"))
		default:
			fmt.Fprintf(w, "[%s,%s]", zoneJSON("a.example"), zoneJSON("b.example"))
		}
	})
	if zones, err := client.ListZones(t.Context()); err != nil || len(zones) != 2 {
		t.Errorf("listed %v after %d requests: %v", zones, asked, err)
	}
}

// A next page cannot lead out of the zone that was asked for.
func TestANextPageKeepsTheFilter(t *testing.T) {
	client := served(t, vpsorg.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("domain"); got != "a.example" {
			t.Errorf("asked for the domain %q", got)
		}
		if r.URL.Query().Get("page") == "" {
			fmt.Fprintf(w, `{"count":2,"next":"?page=2&domain=b.example","results":[%s]}`, zoneJSON("b.example"))
			return
		}
		fmt.Fprintf(w, `{"count":2,"next":null,"results":[%s]}`, zoneJSON("a.example"))
	})
	if _, err := client.FindZone(t.Context(), schema.MustName("a.example")); err != nil {
		t.Error(err)
	}
}
