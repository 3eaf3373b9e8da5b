package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// survivor is a sandbox that outlives those who write to it. It counts what
// comes, knows who is connected, and keeps what took effect.
type survivor struct {
	*sandbox.Server
	URL string

	mu       sync.Mutex
	quiet    *sync.Cond // nobody is connected
	conns    map[net.Conn]bool
	came     func(http.ResponseWriter, *http.Request) bool // is given each request first, and may answer it
	wrote    func(n int)                                   // is told of each write, and how many of a plan it is
	events   []sandbox.Event
	watching bool
	records  map[string]int // by zone and name
	both     map[string]bool
	cname    map[string]bool
	run      int // how many processes there have been
	open     map[string]*gap
	gaps     []*gap
	emptied  func()
}

// gap is a time in which a name had no data that has some before and after.
type gap struct {
	name        string
	from, until int // the processes in which it began and ended
	writes      int // to the same zone meanwhile
	byCNAME     bool
}

func survive(t *testing.T, dialect string) *survivor {
	t.Helper()
	d, err := sandbox.ParseDialect(dialect)
	if err != nil {
		t.Fatal(err)
	}
	s := &survivor{conns: map[net.Conn]bool{}, open: map[string]*gap{}}
	s.quiet = sync.NewCond(&s.mu)
	if s.Server, err = sandbox.New(sandbox.Options{Dialect: d, Observe: s.observe}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		came := s.came
		s.mu.Unlock()
		if came == nil || !came(w, r) {
			s.ServeHTTP(w, r)
		}
	}))
	server.Config.ConnState = s.track
	server.Start()
	s.URL = server.URL + sandbox.BasePath
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *survivor) track(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(s.conns, conn)
		s.quiet.Broadcast()
	default:
		s.conns[conn] = true
	}
}

// settle waits until all that a process has sent before its end was dealt with.
func (s *survivor) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.conns) > 0 {
		s.quiet.Wait()
	}
}

// watch begins to look for names without data: both are those that have data
// before and after.
func (s *survivor) watch(both, cname map[string]bool) {
	before := s.Snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records, s.both, s.cname, s.watching, s.events = map[string]int{}, both, cname, true, nil
	for zone, records := range before {
		for _, r := range records {
			s.records[zone+" "+r.Name]++
		}
	}
}

// unwatch ends that, and gives what took effect meanwhile.
func (s *survivor) unwatch() ([]sandbox.Event, []*gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = false
	return s.events, s.gaps
}

func (s *survivor) observe(e sandbox.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.watching {
		return
	}
	s.events = append(s.events, e)
	if s.wrote != nil {
		s.wrote(len(acts(&e)))
	}
	for _, g := range s.open {
		if strings.HasPrefix(g.name, e.Zone+" ") {
			g.writes++
		}
	}
	if e.After != nil {
		name := e.Zone + " " + e.After.Name
		if s.records[name]++; s.open[name] != nil {
			s.open[name].writes-- // this one is the end
			s.open[name].until = s.run
			delete(s.open, name)
		}
	}
	if e.Before != nil {
		name := e.Zone + " " + e.Before.Name
		if s.records[name]--; s.records[name] == 0 && s.both[name] {
			g := &gap{name: name, from: s.run, until: -1, byCNAME: s.cname[name]}
			s.open[name], s.gaps = g, append(s.gaps, g)
			if s.emptied != nil {
				s.emptied()
			}
		}
	}
}

// next begins another process, of which came is given each request, wrote is
// told of what it writes, and emptied of each name that is left without data.
func (s *survivor) next(came func(http.ResponseWriter, *http.Request) bool, wrote func(int), emptied func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run++
	s.came, s.wrote, s.emptied = came, wrote, emptied
}

func (s *survivor) took() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// holds are the records of each zone, one line each, in order; those that no
// type fits as they are.
func (s *survivor) holds() map[string][]string {
	all := map[string][]string{}
	for zone, records := range s.Snapshot() {
		all[zone] = []string{}
		for i := range records {
			all[zone] = append(all[zone], inFull(&records[i]))
		}
		slices.Sort(all[zone])
	}
	return all
}
