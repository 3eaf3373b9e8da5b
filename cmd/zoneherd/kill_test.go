package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// Processes that are killed at any moment: what is begun is finished from the
// journal, or taken back, and what was there before comes back from the backup.
// ZONEHERD_KILLS says how many are tried, ZONEHERD_KILL_SEED tries one again.
func TestAKilledApplyIsFinishedOrTakenBack(t *testing.T) {
	first, n := uint64(1), 25
	if text := os.Getenv("ZONEHERD_KILLS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("ZONEHERD_KILL_SEED"); text != "" {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
		n = 1
	}
	sum := &kills{where: map[string]int{}}
	begun := time.Now()
	t.Run("seeds", func(t *testing.T) {
		for seed := first; seed < first+uint64(n); seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if t.Failed() {
						t.Logf("to repeat: ZONEHERD_KILL_SEED=%d go test ./cmd/zoneherd -run TestAKilledApply", seed)
					}
				}()
				k := &killed{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0)), dir: t.TempDir(), sum: sum}
				k.try(t)
			})
		}
	})
	t.Logf("%d seeds in %s: %s", n, time.Since(begun).Round(time.Second), sum)
	// Where a kill hits is not in the seed alone: a few may all miss.
	if rare := sum.where[beforeWrites] == 0 || sum.where[afterWrites] == 0 || sum.gapsOver == 0; n > 1 && sum.where[amongWrites] == 0 || n >= 100 && rare {
		t.Error("some moment was never hit")
	}
}

// Where a kill hits.
const (
	beforeWrites = "before the first write"
	amongWrites  = "among the writes"
	afterWrites  = "after the last write, before the end"
	afterEnd     = "after the end"
)

// kills counts what was tried.
type kills struct {
	mu                 sync.Mutex
	where              map[string]int
	again              int // kills of those that go on
	back               int // seeds that take back
	gaps, gapsOver     int // names without data, those that a kill has left so
	longest, longestIn int // the most writes to the zone during one, without and with a kill in it
}

func (n *kills) String() string {
	var out []string
	for _, where := range []string{beforeWrites, amongWrites, afterWrites, afterEnd} {
		out = append(out, fmt.Sprintf("%d %s", n.where[where], where))
	}
	return fmt.Sprintf("%s; %d kills of what goes on; %d taken back; names without data: %d for at most %d other writes to the zone, %d that a kill left so for at most %d",
		strings.Join(out, ", "), n.again, n.back, n.gaps-n.gapsOver, n.longest, n.gapsOver, n.longestIn)
}

// killed is one seed.
type killed struct {
	seed   uint64
	rnd    *rand.Rand
	dir    string
	server *survivor
	drawn  drawn
	sum    *kills

	concurrency int
	runs        []string // for messages
	ended       map[int]bool
	writes      int // that are planned
}

// everyGuard overrides all that can be.
var everyGuard = []string{"--allow-deletes=*", "--allow-updates=*", "--allow-empty=*", "--allow-delete-zone=*", "--allow-apex-ns=*", "--allow-last=*", "--allow-max-zones=*", "--allow-account=*", "--allow-token=*"}

func (k *killed) try(t *testing.T) {
	takeBack := k.seed%3 == 0
	k.drawn = draw(k.rnd, !takeBack && k.rnd.IntN(3) == 0)
	// How many records are not listed, and which of two names is meant, can
	// only be told by a person.
	dialect := strings.NewReplacer("count=all", "count=listed", "names=fqdn", "names=dot").Replace(sandbox.RandomDialect(k.rnd)) + ",latency=2ms"
	k.server = survive(t, dialect)
	if err := k.drawn.load(k.server.Server); err != nil {
		t.Fatal(err)
	}
	for zone, declared := range k.drawn.declared {
		k.write(t, "zones/"+zone+".yaml", declared.yaml())
	}
	if k.drawn.absent != "" {
		k.write(t, "zones/"+k.drawn.absent+".yaml", "state: absent\n")
	}
	k.writes = k.drawn.writes()
	k.concurrency = []int{1, 2, 8}[k.rnd.IntN(3)]
	k.ended = map[int]bool{}
	before, wanted := k.server.holds(), k.drawn.wanted()
	k.server.watch(k.drawn.names())
	defer func() {
		if t.Failed() {
			t.Logf("dialect %s, concurrency %d\n%s", dialect, k.concurrency, strings.Join(k.runs, "\n"))
		}
	}()

	// The first run is killed, and what goes on sometimes too.
	apply := append([]string{"apply", "--yes", "--lenient", "--backup-dir", "backups"}, append(everyGuard, "zones")...)
	status, hit := k.run(t, k.moment(), apply...)
	took := k.server.took()
	where := afterEnd
	switch whole := cmp.Equal(k.server.holds(), wanted); {
	case hit && took == 0:
		where = beforeWrites
	case hit && whole:
		where = afterWrites
	case hit:
		where = amongWrites
	case status != exitDone:
		t.Fatalf("undisturbed it ends with %d", status)
	}
	k.count(func(n *kills) { n.where[where]++ })
	file := k.journal(t)
	if file == "" && took > 0 {
		t.Fatal("the server took writes of which there is no journal")
	}
	var on []string
	switch {
	case file == "" && takeBack:
		on = nil // there is nothing to take back
	case file == "":
		on = apply
	case takeBack:
		on = []string{"apply", "--yes", "--resume", file, "--rollback", "--settle-for", "400ms"}
	default:
		on = []string{"apply", "--yes", "--resume", file, "--settle-for", "400ms"}
	}
	for tries, most := 0, k.rnd.IntN(3); on != nil; tries++ {
		var at *moment
		if tries < most {
			at = k.moment()
		}
		status, hit := k.run(t, at, on...)
		if hit {
			k.count(func(n *kills) { n.again++ })
			if file == "" { // what was not begun begins
				if file = k.journal(t); file != "" {
					on = []string{"apply", "--yes", "--resume", file, "--settle-for", "400ms"}
				}
			}
			continue
		}
		if status != exitDone && !(takeBack && status == exitPartly) {
			t.Fatalf("what goes on ends with %d", status)
		}
		break
	}
	if file == "" {
		file = k.journal(t)
	}
	events, gaps := k.server.unwatch()
	if takeBack {
		k.count(func(n *kills) { n.back++ })
		k.wantBefore(t, before)
	} else if diff := cmp.Diff(wanted, k.server.holds()); diff != "" {
		t.Errorf("live differs from what is declared (-want +got):\n%s", diff)
	}
	k.judge(t, file, events, takeBack)
	k.judgeGaps(t, gaps)
	k.keepsTheToken(t)
	if file == "" || takeBack {
		return
	}

	// The backups bring back what was there.
	j, err := journal.Read(filepath.Join(k.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Backups) == 0 {
		return
	}
	restore := append([]string{"apply", "--yes", "--lenient", "--backup-dir", "again"}, everyGuard...)
	for zone := range before {
		if backup := j.Backups[zone]; backup != "" {
			restore = append(restore, backup)
		} else if diff := cmp.Diff(before[zone], k.server.holds()[zone]); diff != "" {
			t.Errorf("%s was written and is not saved:\n%s", zone, diff)
		}
	}
	if status, _ := k.run(t, nil, restore...); status != exitDone {
		t.Fatalf("restoring ends with %d", status)
	}
	k.wantBefore(t, before)
}

// wantBefore wants each zone as it was. One that has been created stays, since
// it may be in use by then.
func (k *killed) wantBefore(t *testing.T, before map[string][]string) {
	t.Helper()
	now := k.server.holds()
	delete(now, "new.example")
	if diff := cmp.Diff(before, now); diff != "" {
		t.Errorf("it is not as before (-want +got):\n%s", diff)
	}
}

func (k *killed) count(f func(*kills)) {
	k.sum.mu.Lock()
	defer k.sum.mu.Unlock()
	f(k.sum)
}

func (k *killed) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(k.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// journal is the journal of the run that was begun; empty where there is none
// that tells of anything.
func (k *killed) journal(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(k.dir, "backups/*/journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var whole []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		} else if bytes.Contains(text, []byte("\n")) { // else its first line is torn
			rel, _ := filepath.Rel(k.dir, file)
			whole = append(whole, rel)
		}
	}
	switch len(whole) {
	case 0:
		return ""
	case 1:
		return whole[0]
	}
	t.Fatalf("there are several journals: %v", whole)
	return ""
}

// moment is when a process is killed: so long after the nth request, or the nth
// write, has come, or a name was left without data, or so many records were
// written. What a process does is so spread out evenly, however fast it is.
type moment struct {
	after string // start, request, write, gap or record
	n     int
	delay time.Duration
}

func (m *moment) String() string {
	if m == nil {
		return "not killed"
	}
	return fmt.Sprintf("killed %s after %s %d", m.delay, m.after, m.n)
}

func (k *killed) moment() *moment {
	delay := time.Duration(k.rnd.IntN(5000)) * time.Microsecond
	switch n := k.rnd.IntN(20); {
	case n == 0:
		return &moment{"start", 0, time.Duration(k.rnd.IntN(60)) * time.Millisecond}
	case n < 4:
		return &moment{"request", 1 + k.rnd.IntN(30), delay}
	case n < 7:
		return &moment{"gap", 1 + k.rnd.IntN(3), delay / 2}
	case n < 9:
		return &moment{"record", k.writes, 2 * delay}
	}
	return &moment{"write", 1 + k.rnd.IntN(k.writes), delay}
}

// run runs zoneherd, and kills it at a moment if it has not ended by then. It
// gives the exit status, or that it was killed.
func (k *killed) run(t *testing.T, at *moment, args ...string) (status int, hit bool) {
	t.Helper()
	path, err := exec.LookPath("zoneherd")
	if err != nil {
		t.Fatal(err)
	}
	now := make(chan struct{})
	var mu sync.Mutex
	requests, writes, records, emptied := 0, 0, 0, 0
	count := func(n *int, after string) {
		mu.Lock()
		defer mu.Unlock()
		if *n++; at != nil && at.after == after && at.n == *n {
			close(now)
		}
	}
	k.server.next(func(_ http.ResponseWriter, r *http.Request) bool {
		count(&requests, "request")
		if r.Method != http.MethodGet {
			count(&writes, "write")
		}
		return false
	}, func(n int) {
		for range n {
			count(&records, "record")
		}
	}, func() { count(&emptied, "gap") })

	cmd := exec.Command(path, args...)
	cmd.Dir = k.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.dir, "TMPDIR=" + k.dir, "VPSORG_TOKEN=" + k.server.Token(), "ZONEHERD_ENDPOINT=" + k.server.URL, "ZONEHERD_CONCURRENCY=" + strconv.Itoa(k.concurrency)}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if at != nil && at.after == "start" {
		close(now)
	}
	select {
	case err = <-ended:
	case <-now:
		select { // the delay is part of the moment
		case err = <-ended:
		case <-time.After(at.delay):
			_ = cmd.Process.Kill() // it may have ended
			err = <-ended
		}
	}
	k.server.settle()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	state := cmd.ProcessState.Sys().(syscall.WaitStatus)
	hit = state.Signaled() && state.Signal() == syscall.SIGKILL
	k.ended[len(k.runs)+1] = !hit
	k.runs = append(k.runs, fmt.Sprintf("== %d, %v, hit %v, status %d: zoneherd %s\n%s", len(k.runs)+1, at, hit, cmd.ProcessState.ExitCode(), strings.Join(args, " "), out.String()))
	return cmd.ProcessState.ExitCode(), hit
}

// judgeGaps wants names without data only in the two writes of a change from
// or to a CNAME. Where a kill hits between the two, the name has its data again
// once a run has gone on to its end.
func (k *killed) judgeGaps(t *testing.T, gaps []*gap) {
	t.Helper()
	for _, g := range gaps {
		last := g.from // the first run from then on that was not killed
		for !k.ended[last] && last < len(k.runs) {
			last++
		}
		switch {
		case !g.byCNAME:
			t.Errorf("%s is without data from run %d to %d, and no CNAME is the reason", g.name, g.from, g.until)
		case g.until < 0 || g.until > last:
			t.Errorf("%s is without data from run %d to %d, where run %d came to its end", g.name, g.from, g.until, last)
		case g.from == g.until && g.writes > 0 && k.concurrency == 1:
			t.Errorf("%s is without data during %d other writes", g.name, g.writes)
		}
		k.count(func(n *kills) {
			n.gaps++
			if g.from == g.until {
				n.longest = max(n.longest, g.writes)
			} else {
				n.gapsOver++
				n.longestIn = max(n.longestIn, g.writes)
			}
		})
	}
}

// keepsTheToken wants the token in no file that is left behind.
func (k *killed) keepsTheToken(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(k.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(k.server.Token())) {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
