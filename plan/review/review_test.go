package review_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/review"
	"github.com/zoneherd/zoneherd/plan/review/githubtest"
	"github.com/zoneherd/zoneherd/schema"
)

const bot = "github-actions[bot]"

func start(t *testing.T, login string, page int) *githubtest.Server {
	s := githubtest.Start(login, page)
	t.Cleanup(s.Close)
	return s
}

// client is one whose waits are noted and not waited.
func client(t *testing.T, s *githubtest.Server, author string) (*review.Client, *[]time.Duration) {
	t.Helper()
	var waits []time.Duration
	c, err := review.New(review.Options{API: s.URL, Token: githubtest.Token, Repository: "owner/zones", Author: author,
		Wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c, &waits
}

func document(digest, commit string) *report.Document {
	return &report.Document{FormatVersion: "1.0", Commit: &commit, Digest: plan.Digest("sha256:" + strings.Repeat(digest, 64)), Summary: report.Summary{Update: 1, Writes: 1},
		Zones: []report.Zone{{Zone: "a.example", Action: "none", Reviewed: true, Digest: plan.Digest("sha256:" + strings.Repeat(digest, 64)),
			Changes: []report.Change{{Action: "update", Name: "www", Type: "A", Before: &report.Record{Data: "192.0.2.1", TTL: 60}, After: &report.Record{Data: "192.0.2.2", TTL: 60}}}}}}
}

// post does what the command does.
func post(t *testing.T, c *review.Client, d *report.Document) error {
	t.Helper()
	found, err := c.Find(t.Context(), 7, "zoneherd")
	if err != nil {
		return err
	}
	var note *review.Note
	if found != nil {
		note = found.Note
	}
	body, err := review.Body("zoneherd", review.Plan{Document: d}, note, "", 6000)
	if err != nil {
		t.Fatal(err)
	}
	return c.Post(t.Context(), 7, "zoneherd", found, body)
}

func TestACommentIsMadeOnceAndThenKeptUpToDate(t *testing.T) {
	s := start(t, bot, 10)
	for i := range 25 {
		s.AddComment(7, "somebody", fmt.Sprint("words ", i))
	}
	s.AddComment(7, "somebody", "<!-- zoneherd zoneherd -->\nnot ours")
	s.AddComment(7, bot, "<!-- zoneherd other -->\nours, of another id")
	s.AddComment(8, bot, "<!-- zoneherd zoneherd -->\non another pull request")
	c, _ := client(t, s, bot)
	first, second := strings.Repeat("a", 40), strings.Repeat("b", 40)
	for _, d := range []*report.Document{document("1", first), document("1", first), document("2", second), document("3", second)} {
		if err := post(t, c, d); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"POST /repos/owner/zones/issues/7/comments", "PATCH /repos/owner/zones/issues/comments/129", "PATCH /repos/owner/zones/issues/comments/129"}, s.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	ours := s.Comments(7, bot)
	if len(ours) != 2 {
		t.Fatalf("%d comments of ours", len(ours))
	}
	body := ours[1]
	for _, want := range []string{"<!-- zoneherd zoneherd -->\n", "### zoneherd plan: 0 to create, 1 to update, 0 to delete", "- `sha256:2222", "` at commit `bbbbbbbbbbbb`", "- `sha256:1111"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in the comment:\n%s", want, body)
		}
	}
	if got := s.Comments(7, "somebody"); len(got) != 26 || got[25] != "<!-- zoneherd zoneherd -->\nnot ours" {
		t.Error("somebody else's comment was touched")
	}
	found, err := c.Find(t.Context(), 7, "zoneherd")
	if err != nil {
		t.Fatal(err)
	}
	a, b := schema.MustName("a.example"), schema.MustName("b.example")
	is, was := document("3", "").Zones[0].Digest, document("2", "").Zones[0].Digest
	if !found.Note.Covers(a, is) || found.Note.Covers(a, was) || found.Note.Covers(b, is) {
		t.Error("the note does not tell which zones were reviewed")
	}
}

func TestWhoseCommentsAreOursIsAskedWhereNobodySays(t *testing.T) {
	s := start(t, "maintainer", 10)
	s.AddComment(7, "maintainer", "<!-- zoneherd zoneherd -->\nold")
	c, _ := client(t, s, "")
	if err := post(t, c, document("1", "")); err != nil {
		t.Fatal(err)
	}
	if got := s.Comments(7, "maintainer"); len(got) != 1 || !strings.Contains(got[0], "1 to update") {
		t.Errorf("%q", got)
	}
}

// Limits and failures are waited out, and nothing is posted twice.
func TestGitHubFailsInManyWays(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []githubtest.Answer
		waits   int
		err     string
	}{
		{"nothing fails", nil, 0, ""},
		{"a page of comments is not there for once", []githubtest.Answer{{Method: "GET", Status: 502, Body: "<html>Bad gateway</html>"}}, 1, ""},
		{"429 with Retry-After", []githubtest.Answer{{Method: "POST", Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: `{"message":"slow down"}`}}, 1, ""},
		{"a secondary limit", []githubtest.Answer{{Method: "POST", Status: 403, Header: map[string]string{"Retry-After": "61"},
			Body: `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`}}, 1, ""},
		{"502 before it took effect", []githubtest.Answer{{Method: "POST", Status: 502}}, 1, ""},
		{"502 after it took effect", []githubtest.Answer{{Method: "POST", Status: 502, Effect: true}}, 1, ""},
		{"it never works", []githubtest.Answer{{Method: "POST", Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}, {Status: 502}}, 5, "GitHub does not take it now"},
		{"a limit that lasts", []githubtest.Answer{{Method: "POST", Status: 403, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "60", "X-RateLimit-Reset": fmt.Sprint(time.Now().Add(time.Hour).Unix())}, Body: `{"message":"API rate limit exceeded"}`}}, 0, "does not take it now"},
		{"a token that may only read", []githubtest.Answer{{Method: "POST", Status: 403, Body: `{"message":"Resource not accessible by integration"}`}}, 0, "may not write"},
		{"too long", []githubtest.Answer{{Method: "POST", Status: 422, Body: `{"message":"Validation Failed","errors":[{"message":"body is too long"}]}`}}, 0, "refuses it: Validation Failed; body is too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, bot, 10)
			s.Answer(test.answers...)
			c, waits := client(t, s, bot)
			err := post(t, c, document("1", ""))
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("the error is %v, want %q", err, test.err)
			}
			if err != nil && strings.Contains(err.Error(), githubtest.Token) {
				t.Errorf("the error shows the token: %v", err)
			}
			if readOnly := test.err == "may not write"; errors.Is(err, review.ErrReadOnly) != readOnly {
				t.Errorf("%v is read-only: %t", err, !readOnly)
			}
			if len(*waits) != test.waits {
				t.Errorf("waited %v, want %d times", *waits, test.waits)
			}
			if n := len(s.Comments(7, bot)); err == nil && n != 1 {
				t.Errorf("%d comments", n)
			}
		})
	}
}

// A redirect is followed to where a repository has moved, and never to another
// origin, which would get the token.
func TestTheTokenForGitHubStaysThere(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST"} {
			visits := 0
			elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { visits++ }))
			s := start(t, bot, 10)
			s.Answer(githubtest.Answer{Method: method, Status: status, Header: map[string]string{"Location": elsewhere.URL + "/repos/owner/zones/issues/7/comments"}, Body: `{"message":"Moved"}`})
			c, _ := client(t, s, bot)
			if err := post(t, c, document("1", "")); err == nil || !strings.Contains(err.Error(), "redirect") {
				t.Errorf("%s, %d: the error is %v", method, status, err)
			}
			elsewhere.Close()
			if visits != 0 {
				t.Errorf("%s, %d: another origin was visited", method, status)
			}
		}
	}
	s := start(t, bot, 10)
	s.Answer(githubtest.Answer{Method: "GET", Status: 301, Header: map[string]string{"Location": "/repos/owner/zones/issues/7/comments?page=1"}})
	c, _ := client(t, s, bot)
	if err := post(t, c, document("1", "")); err != nil {
		t.Errorf("a repository that has moved: %v", err)
	}
}

// What GitHub, or who answers in its place, says is told without the token.
func TestTheTokenForGitHubIsNotEchoed(t *testing.T) {
	echo := "Bearer " + githubtest.Token + " " + strings.ToUpper(githubtest.Token) + " %67ithub-test-token " + githubtest.Token[:13]
	for _, status := range []int{400, 401, 403, 404, 409, 422, 500, 301} {
		body, err := json.Marshal(map[string]any{"message": echo, "errors": []map[string]string{{"message": echo, "field": echo}}})
		if err != nil {
			t.Fatal(err)
		}
		s := start(t, bot, 10)
		for range 6 {
			s.Answer(githubtest.Answer{Status: status, Body: string(body), Header: map[string]string{"Location": "http://" + githubtest.Token + ".example/"}})
		}
		c, _ := client(t, s, bot)
		err = post(t, c, document("1", ""))
		if err == nil || strings.Contains(strings.ToLower(err.Error()), githubtest.Token[1:13]) {
			t.Errorf("%d: the error is %v", status, err)
		}
		if errors.Is(err, review.ErrReadOnly) != (status == 403) {
			t.Errorf("%d: read-only: %v", status, err)
		}
	}
}

func TestDriftIsOneIssue(t *testing.T) {
	s := start(t, bot, 10)
	c, _ := client(t, s, bot)
	none := document("0", "")
	none.Summary, none.Zones = report.Summary{}, nil
	other := document("2", "")
	other.Summary.Update = 2
	var said []string
	for _, d := range []*report.Document{none, document("1", ""), document("1", ""), other, none, none, other} {
		did, err := c.Drift(t.Context(), "zoneherd", d, "")
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, did)
	}
	want := []string{"live is as declared", "live differs: opened #101", "live differs as #101 says already", "live differs: updated #101", "live is as declared again: closed #101", "live is as declared", "live differs: opened #102"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var states []string
	for _, i := range s.Issues() {
		states = append(states, i.State)
		if !strings.Contains(i.Body, "`zoneherd import --merge`") {
			t.Errorf("the issue does not say what to do:\n%s", i.Body)
		}
	}
	if diff := cmp.Diff([]string{"closed", "open"}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Answer(githubtest.Answer{Method: "PATCH", Status: 403, Body: `{"message":"Resource not accessible by integration"}`})
	if _, err := c.Drift(t.Context(), "zoneherd", none, ""); !errors.Is(err, review.ErrReadOnly) {
		t.Errorf("the error is %v", err)
	}
}

// A comment always fits, whatever the plan's size.
func TestABodyFitsAndKeepsItsNote(t *testing.T) {
	d := document("1", strings.Repeat("a", 40))
	for i := range 1200 {
		z := d.Zones[0]
		z.Zone = fmt.Sprintf("zone%d.example", i)
		d.Zones = append(d.Zones, z)
	}
	for _, zones := range []int{1, 1000, 1201} {
		part := *d
		part.Zones = d.Zones[:zones]
		s := start(t, bot, 10)
		c, _ := client(t, s, bot)
		if err := post(t, c, &part); err != nil {
			t.Fatal(err)
		}
		found, err := c.Find(t.Context(), 7, "zoneherd")
		if err != nil || found.Note == nil || found.Note.Digest != d.Digest {
			t.Fatalf("%d zones: the note is lost: %v", zones, err)
		}
		if noted := found.Note.Covers(schema.MustName("a.example"), d.Zones[0].Digest); noted != (zones <= 1000) {
			t.Errorf("%d zones: noted one by one: %t", zones, noted)
		}
		if body := found.WithResult("zoneherd", strings.Repeat("x", 5500)); len(body) > report.CommentLimit {
			t.Errorf("%d zones: with a result it has %d bytes", zones, len(body))
		}
	}
}
