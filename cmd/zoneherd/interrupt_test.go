package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// process is a run of zoneherd that can be interrupted.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	mu    sync.Mutex
	said  bytes.Buffer // on both streams
	more  chan struct{}
	ended chan struct{}
}

// patience is how long anything may take. An interrupt that is not prompt would
// wait for longer: for a lock, an answer, a minute's pause.
const patience = 30 * time.Second

// begin starts zoneherd against a sandbox, in a directory.
func begin(t *testing.T, s *survivor, dir string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath("zoneherd")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, args...), more: make(chan struct{}, 1), ended: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "VPSORG_TOKEN=" + s.Token(), "ZONEHERD_ENDPOINT=" + s.URL}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	return p
}

func (p *process) start() *process {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the status tells
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // where the test has failed
		<-p.ended
	})
	return p
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return p.said.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// wait waits until the process has said something.
func (p *process) wait(text string) {
	p.t.Helper()
	late := time.After(patience)
	for !strings.Contains(p.text(), text) {
		select {
		case <-p.more:
		case <-p.ended:
			if !strings.Contains(p.text(), text) {
				p.t.Fatalf("it has ended without saying %q:\n%s", text, p.text())
			}
		case <-late:
			p.t.Fatalf("it does not say %q:\n%s", text, p.text())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// want waits for the end and wants an exit status, and something said.
func (p *process) want(status int, said ...string) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("it does not end:\n%s", p.text())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		p.t.Errorf("exit status %d, want %d:\n%s", got, status, p.text())
	}
	for _, text := range said {
		if !strings.Contains(p.text(), text) {
			p.t.Errorf("it does not say %q:\n%s", text, p.text())
		}
	}
}

// gate lets requests pass up to one, which it tells of; that and those after it
// it holds, or answers.
type gate struct {
	pass func(*http.Request) bool
	n    int // of those that do not pass anyhow, the first to hold
	come chan struct{}
	held chan struct{}
	open func()           // lets go of what is held
	with http.HandlerFunc // the answer; nil: none of the gate's

	mu    sync.Mutex
	count int
}

// newGate makes a gate that is open when the test ends, or the server would wait.
func newGate(t *testing.T, n int, pass func(*http.Request) bool) *gate {
	g := &gate{pass: pass, n: n, come: make(chan struct{}), held: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.held) })
	t.Cleanup(g.open)
	return g
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet }

func (g *gate) hold(w http.ResponseWriter, r *http.Request) bool {
	if g.pass(r) {
		return false
	}
	g.mu.Lock()
	g.count++
	n := g.count
	g.mu.Unlock()
	if n == g.n {
		close(g.come)
	}
	switch {
	case n < g.n:
		return false
	case g.with != nil:
		g.with(w, r)
		return true
	}
	<-g.held
	return false
}

// reached waits until the request has come.
func (g *gate) reached(t *testing.T) {
	t.Helper()
	select {
	case <-g.come:
	case <-time.After(patience):
		t.Fatal("the request does not come")
	}
}

// toInterrupt is a sandbox and a directory with a zone of 40 records that is not
// live yet.
func toInterrupt(t *testing.T, dialect string) (*survivor, string) {
	t.Helper()
	s, dir := survive(t, dialect), t.TempDir()
	text := "records:\n"
	for i := range 40 {
		text += fmt.Sprintf("  h%d: {type: A, value: 192.0.2.%d}\n", i, i)
	}
	if err := os.Mkdir(filepath.Join(dir, "zones"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "zones/a.example.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// wantToFinish wants a journal that is good, with steps of unknown outcome or
// without, and the run to be finished from it.
func wantToFinish(t *testing.T, s *survivor, dir string, open bool) {
	t.Helper()
	j, err := journal.Read(filepath.Join(dir, "j.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if (j.Open() > 0) != open || j.Complete {
		t.Errorf("%d steps of unknown outcome, want some: %v; complete: %v", j.Open(), open, j.Complete)
	}
	s.next(nil, nil, nil)
	begin(t, s, dir, "apply", "--yes", "--resume", "j.jsonl", "--settle-for", "500ms").start().want(exitDone, "done: ")
	if n := len(s.Snapshot()["a.example"]); n != 40 {
		t.Errorf("%d records in the end, want 40", n)
	}
}

func TestAnInterruptFinishesWhatIsUnderWay(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s, dir := toInterrupt(t, "")
			g := newGate(t, 10, isRead)
			s.next(g.hold, nil, nil)
			p := begin(t, s, dir, "apply", "--yes", "--journal", "j.jsonl", "--result", "result.json").start()
			g.reached(t)
			p.signal(sig)
			p.wait("interrupted: finishing what is under way; interrupt again to break off")
			g.open()
			p.want(exitInterrupted, "0 failed, 0 uncertain", "not done", "to finish: zoneherd apply --resume j.jsonl, or to take back what was done: the same with --rollback")
			if text, err := os.ReadFile(filepath.Join(dir, "result.json")); err != nil || !bytes.Contains(text, []byte(`"interrupted": true`)) {
				t.Errorf("the result is %v, %s", err, text)
			}
			wantToFinish(t, s, dir, false)
		})
	}
}

// The second interrupt does not wait for what is under way. GitHub's runner
// cancels a job with SIGINT, after 7.5 s with SIGTERM, and kills what is left
// 2.5 s later: what SIGTERM leaves behind, and what a kill alone leaves.
func TestASecondInterruptBreaksOff(t *testing.T) {
	for _, second := range []os.Signal{os.Interrupt, syscall.SIGTERM, os.Kill} {
		t.Run(second.String(), func(t *testing.T) {
			t.Parallel()
			s, dir := toInterrupt(t, "")
			g := newGate(t, 10, isRead)
			s.next(g.hold, nil, nil)
			p := begin(t, s, dir, "apply", "--yes", "--journal", "j.jsonl").start()
			g.reached(t)
			p.signal(os.Interrupt)
			p.wait("interrupted: finishing what is under way")
			p.signal(second)
			if second == os.Kill {
				p.want(-1)
			} else {
				p.want(exitInterrupted, "broken off: what was under way may have taken effect or not", "to finish: zoneherd apply --resume j.jsonl")
			}
			g.open()
			s.settle()
			wantToFinish(t, s, dir, true)
		})
	}
}

// An interrupt does not wait until a throttled request may be sent: when the
// zones are read, when it is asked whose token it is, and in the middle.
func TestAnInterruptEndsAPause(t *testing.T) {
	for name, tt := range map[string]struct {
		first int // request that is throttled
		pass  func(*http.Request) bool
		says  string
	}{
		"reading": {1, func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/dns-zones/") }, "interrupted: nothing was written"},
		"asking whose token it is": {1, func(r *http.Request) bool { return !strings.Contains(r.URL.Path, "account") },
			"interrupted: nothing was written"},
		"writing": {10, isRead, "to finish: zoneherd apply --resume j.jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := toInterrupt(t, "")
			g := newGate(t, tt.first, tt.pass)
			g.with = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "100")
				w.WriteHeader(http.StatusTooManyRequests)
			}
			s.next(g.hold, nil, nil)
			p := begin(t, s, dir, "apply", "--yes", "--journal", "j.jsonl").start()
			p.wait("throttles this token")
			p.signal(os.Interrupt)
			p.want(exitInterrupted, tt.says)
		})
	}
}

func TestAnInterruptEndsReading(t *testing.T) {
	s, dir := toInterrupt(t, "")
	g := newGate(t, 1, func(*http.Request) bool { return false })
	s.next(g.hold, nil, nil)
	p := begin(t, s, dir, "apply", "--yes").start()
	g.reached(t)
	p.signal(os.Interrupt)
	p.want(exitInterrupted, "interrupted: nothing was written")
	g.open()
}

// An interrupt does not wait for the nameservers, which take an hour here.
func TestAnInterruptEndsWaitingForTheNameservers(t *testing.T) {
	s, dir := toInterrupt(t, "deploy-delay=1h")
	ask := []string{"--nameserver", answers(t, s), "--timeout", "1h"}
	p := begin(t, s, dir, append([]string{"apply", "--yes", "--verify", "--result", "result.json"}, ask...)...).start()
	p.wait("up to 1h0m0s: a.example: lame")
	p.signal(os.Interrupt)
	p.want(exitInterrupted, "done: 41 writes", "all was written as told, and interrupted before it was verified: zoneherd verify asks for it")
	if text := p.text(); strings.Contains(text, "to finish:") || strings.Contains(text, "nothing was written") {
		t.Errorf("all is written: %s", text)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "result.json")); err != nil || bytes.Contains(text, []byte(`"interrupted": true`)) {
		t.Errorf("the result is %v, %s", err, text)
	}
	p = begin(t, s, dir, append([]string{"verify"}, ask...)...).start()
	p.wait("up to 1h0m0s: a.example: lame")
	p.signal(os.Interrupt)
	p.want(exitInterrupted, "interrupted: nothing was written")
}

// answers is where the nameserver of a sandbox answers.
func answers(t *testing.T, s *survivor) string {
	t.Helper()
	l, err := nameserver.Listen(s.Nameserver(nil), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr
}

// A run that waits for another's lock ends at once, and the other is none the
// wiser.
func TestAnInterruptEndsWaitingForTheLock(t *testing.T) {
	s, dir := toInterrupt(t, "")
	g := newGate(t, 10, isRead)
	s.next(g.hold, nil, nil)
	first := begin(t, s, dir, "apply", "--yes").start()
	g.reached(t)
	waiting := begin(t, s, dir, "apply", "--yes").start()
	waiting.wait("another run on this machine writes to some of these zones: waiting for it to end")
	waiting.signal(os.Interrupt)
	waiting.want(exitInterrupted, "interrupted: nothing was written")
	g.open()
	first.want(exitDone)
}

// What is said to programs is JSON, after an interrupt too.
func TestAnInterruptIsLogged(t *testing.T) {
	s, dir := toInterrupt(t, "")
	g := newGate(t, 10, isRead)
	s.next(g.hold, nil, nil)
	p := begin(t, s, dir, "apply", "--yes", "--log-format", "json", "--journal", "j.jsonl")
	p.cmd.Stdout = io.Discard
	p.start()
	g.reached(t)
	p.signal(os.Interrupt)
	p.wait("finishing what is under way")
	g.open()
	p.want(exitInterrupted)
	for line := range strings.Lines(p.text()) {
		if !strings.HasPrefix(line, "{") {
			t.Errorf("this is no JSON: %s", line)
		}
	}
}

// A rollback that is interrupted says how to go on with it.
func TestAnInterruptedRollbackIsGoneOnWith(t *testing.T) {
	s, dir := toInterrupt(t, "")
	begin(t, s, dir, "apply", "--yes", "--journal", "j.jsonl").start().want(exitDone)
	g := newGate(t, 10, isRead)
	s.next(g.hold, nil, nil)
	back := []string{"apply", "--yes", "--resume", "j.jsonl", "--rollback"}
	p := begin(t, s, dir, back...).start()
	g.reached(t)
	p.signal(os.Interrupt)
	p.wait("interrupted: finishing what is under way")
	g.open()
	p.want(exitInterrupted, "to take back the rest: zoneherd apply --resume j.jsonl --rollback")
	s.next(nil, nil, nil)
	begin(t, s, dir, back...).start().want(exitPartly, "the creation or deletion of the zone a.example cannot be taken back")
	if records := s.Snapshot()["a.example"]; len(records) > 0 {
		t.Errorf("what is left: %v", records)
	}
}
