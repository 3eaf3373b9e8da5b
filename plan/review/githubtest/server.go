// Package githubtest is a server that answers the part of GitHub's REST API
// that zoneherd speaks as its documentation has it, for tests.
package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token is the one that the server takes.
const Token = "github-test-token"

// Comment is a comment on a pull request, or an issue.
type Comment struct {
	ID    int64  `json:"id"`
	Issue int    `json:"-"` // the pull request it is on
	Body  string `json:"body"`
	User  User   `json:"user"`

	// Of issues alone.
	Number int    `json:"number,omitempty"`
	State  string `json:"state,omitempty"`
	Title  string `json:"title,omitempty"`
}

// User is who wrote something.
type User struct {
	Login string `json:"login"`
}

// Pull is a pull request.
type Pull struct {
	Number   int        `json:"number"`
	State    string     `json:"state"`
	MergedAt *time.Time `json:"merged_at"`
	Head     Head       `json:"head"`
	Base     Base       `json:"base"`
	Commits  []string   `json:"-"` // that it is associated with
}

// Head is the head of a pull request.
type Head struct {
	SHA   string `json:"sha"`
	Label string `json:"label"` // owner:branch
}

// Base is the branch that a pull request is for.
type Base struct {
	Ref string `json:"ref"`
}

// Answer is what a request gets instead of what it asks for. Effect says that
// the request takes effect all the same.
type Answer struct {
	Method string // empty: any
	Status int
	Header map[string]string
	Body   string
	Effect bool
}

// Server is one repository, owner/zones, on one server.
type Server struct {
	URL string

	server *httptest.Server

	mu       sync.Mutex
	login    string
	page     int
	comments []*Comment
	issues   []*Comment
	pulls    []Pull
	answers  []Answer
	requests []string
	next     int64
}

// Start starts a server whose token belongs to login. A list has so many
// entries a page.
func Start(login string, page int) *Server {
	s := &Server{login: login, page: page, next: 100}
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	return s
}

// Close stops the server.
func (s *Server) Close() { s.server.Close() }

// AddComment puts a comment on a pull request.
func (s *Server) AddComment(number int, login, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	s.comments = append(s.comments, &Comment{ID: s.next, Issue: number, Body: body, User: User{login}})
}

// AddPull adds a pull request.
func (s *Server) AddPull(p Pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls = append(s.pulls, p)
}

// Answer makes the next requests get these answers, one each.
func (s *Server) Answer(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// Comments are the comments on a pull request, by login.
func (s *Server) Comments(number int, login string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.comments {
		if c.Issue == number && c.User.Login == login {
			out = append(out, c.Body)
		}
	}
	return out
}

// Issues are the issues, as they are now.
func (s *Server) Issues() []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Comment
	for _, c := range s.issues {
		out = append(out, *c)
	}
	return out
}

// Requests are the requests that wrote or tried to, in order.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+Token {
		fail(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	if r.Method != http.MethodGet {
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	}
	if len(s.answers) > 0 && (s.answers[0].Method == "" || s.answers[0].Method == r.Method) {
		a := s.answers[0]
		s.answers = s.answers[1:]
		if a.Effect {
			s.serve(httptest.NewRecorder(), r)
		}
		for k, v := range a.Header {
			w.Header().Set(k, v)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.Status)
		fmt.Fprint(w, a.Body)
		return
	}
	s.serve(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/repos/owner/zones/")
	parts := strings.Split(path, "/")
	var sent struct{ Body, Title, State *string }
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&sent) // of a GET there is none
	}
	switch {
	case r.URL.Path == "/user":
		reply(w, http.StatusOK, User{s.login})
	case !ok:
		fail(w, http.StatusNotFound, "Not Found")
	case len(parts) == 3 && parts[0] == "issues" && parts[2] == "comments" && r.Method == http.MethodGet:
		number, _ := strconv.Atoi(parts[1])
		list(s, w, r, s.comments, func(c *Comment) bool { return c.Issue == number })
	case len(parts) == 3 && parts[0] == "issues" && parts[2] == "comments" && r.Method == http.MethodPost:
		number, _ := strconv.Atoi(parts[1])
		if sent.Body == nil || len([]rune(*sent.Body)) > 65536 {
			fail(w, http.StatusUnprocessableEntity, "Validation Failed: body is too long (maximum is 65536 characters)")
			return
		}
		s.next++
		c := &Comment{ID: s.next, Issue: number, Body: *sent.Body, User: User{s.login}}
		s.comments = append(s.comments, c)
		reply(w, http.StatusCreated, c)
	case len(parts) == 3 && parts[0] == "issues" && parts[1] == "comments" && r.Method == http.MethodPatch:
		id, _ := strconv.ParseInt(parts[2], 10, 64)
		i := slices.IndexFunc(s.comments, func(c *Comment) bool { return c.ID == id })
		if i < 0 || s.comments[i].User.Login != s.login {
			fail(w, http.StatusForbidden, "Must have admin rights to Repository.")
			return
		}
		s.comments[i].Body = *sent.Body
		reply(w, http.StatusOK, s.comments[i])
	case path == "issues" && r.Method == http.MethodGet:
		list(s, w, r, s.issues, func(c *Comment) bool {
			return c.State == "open" && (r.URL.Query().Get("creator") == "" || r.URL.Query().Get("creator") == c.User.Login)
		})
	case path == "issues" && r.Method == http.MethodPost:
		s.next++
		c := &Comment{ID: s.next, Number: int(s.next), State: "open", Title: *sent.Title, Body: *sent.Body, User: User{s.login}}
		s.issues = append(s.issues, c)
		reply(w, http.StatusCreated, c)
	case len(parts) == 2 && parts[0] == "issues" && r.Method == http.MethodPatch:
		number, _ := strconv.Atoi(parts[1])
		i := slices.IndexFunc(s.issues, func(c *Comment) bool { return c.Number == number })
		if i < 0 {
			fail(w, http.StatusNotFound, "Not Found")
			return
		}
		if sent.Body != nil {
			s.issues[i].Body = *sent.Body
		}
		if sent.State != nil {
			s.issues[i].State = *sent.State
		}
		reply(w, http.StatusOK, s.issues[i])
	case len(parts) == 3 && parts[0] == "commits" && parts[2] == "pulls":
		list(s, w, r, s.pulls, func(p Pull) bool { return slices.Contains(p.Commits, parts[1]) })
	case path == "pulls":
		list(s, w, r, s.pulls, func(p Pull) bool {
			return p.State == r.URL.Query().Get("state") && p.Head.Label == r.URL.Query().Get("head")
		})
	default:
		fail(w, http.StatusNotFound, "Not Found")
	}
}

// list answers with a page, and links to the next.
func list[T any](s *Server, w http.ResponseWriter, r *http.Request, all []T, keep func(T) bool) {
	var kept []T
	for _, x := range all {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	from, to := min((page-1)*s.page, len(kept)), min(page*s.page, len(kept))
	if to < len(kept) {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.URL, r.URL.Path, q.Encode()))
	}
	out := kept[from:to]
	if out == nil {
		out = []T{}
	}
	reply(w, http.StatusOK, out)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest"})
}
