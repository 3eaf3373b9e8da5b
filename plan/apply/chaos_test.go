package apply_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// Zones, what is live, dialect, faults and concurrency are drawn from a seed.
// The real client plans and applies against the sandbox, in virtual time, and
// again until there is nothing to do. Whatever goes wrong, no state on the way
// and no claim of a report may break a promise: see watcher.
//
// ZONEHERD_CHAOS is how many seeds are tried, ZONEHERD_CHAOS_SEED a single one.
func TestChaos(t *testing.T) {
	from, n := uint64(0), 2000
	if raced {
		n = 60
	}
	if text := os.Getenv("ZONEHERD_CHAOS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	if text := os.Getenv("ZONEHERD_CHAOS_SEED"); text != "" {
		from, _ = strconv.ParseUint(text, 10, 64)
		n = 1
	}
	var sum tally
	t.Run("seeds", func(t *testing.T) {
		for seed := from; seed < from+uint64(n); seed++ {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) { chaos(t, drawChaos(seed), dir, &sum) })
			})
		}
	})
	t.Logf("%d seeds, %d with somebody else writing, %d with two runs at once: %d runs, %d writes, %d deletions, all planned; %d plans refused or not made for what could not be read whole; %d writes uncertain; %d seeds ended only without faults",
		n, sum.foreign.Load(), sum.two.Load(), sum.runs.Load(), sum.writes.Load(), sum.deletes.Load(), sum.unread.Load(), sum.uncertain.Load(), sum.healed.Load())
}

// tally sums what the seeds went through.
type tally struct{ foreign, two, runs, writes, deletes, unread, uncertain, healed atomic.Int64 }

// service is a sandbox and its client.
type service struct {
	server        *sandbox.Server
	listener      *sandbox.Listener
	client, other *vpsorg.Client
}

func serveChaos(c *chaosCase, faults string, state string, w *watcher, load bool) (*service, error) {
	d, err := sandbox.ParseDialect(c.dialect)
	if err != nil {
		return nil, err
	}
	f, err := sandbox.ParseFaults(faults)
	if err != nil {
		return nil, err
	}
	s := &service{}
	if s.server, err = sandbox.New(sandbox.Options{Dialect: d, Faults: f, StateFile: state, Observe: w.observe}); err != nil {
		return nil, err
	}
	network := &sandbox.Memory{}
	if load {
		if err := c.load(s.server); err != nil {
			return nil, errors.Join(err, s.server.Close())
		}
		clear(w.foreign) // loading is no meddling
	}
	if s.listener, err = sandbox.Serve(s.server, network.Listen); err != nil {
		return nil, err
	}
	for _, client := range []**vpsorg.Client{&s.client, &s.other} {
		*client, err = vpsorg.New(vpsorg.Options{Endpoint: s.listener.URL, Token: vpsorg.Token(s.server.Token()), RecordCountSurplus: surplusOf(c.dialect), MaxAnswer: 1 << 20,
			Transport: &http.Transport{DialContext: network.Dial, ResponseHeaderTimeout: 30 * time.Second, DisableCompression: true}})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// surplusOf is what a person would configure for a dialect that counts what it
// hides.
func surplusOf(dialect string) int {
	if strings.Contains(dialect, "count=all") && strings.Contains(dialect, "apex=hidden") {
		return chaosSystem
	}
	return -1
}

// chaosLag is the most by which a reading lags behind.
const chaosLag = 4 * time.Second

// chaosSystem is how many records the sandbox has of its own in each zone.
const chaosSystem = 3

func (s *service) close(t *testing.T) {
	s.client.Close()
	s.other.Close()
	if err := s.listener.Close(); err != nil && !strings.Contains(err.Error(), "no space left") {
		t.Error(err)
	}
}

func chaos(t *testing.T, c chaosCase, dir string, sum *tally) {
	w := watch(&c)
	if testing.Verbose() && os.Getenv("ZONEHERD_CHAOS_SEED") != "" {
		w.log = t.Logf
	}
	state := filepath.Join(dir, "state")
	s, err := serveChaos(&c, c.faults, state, w, true)
	if err != nil {
		t.Fatal(err)
	}
	if c.foreign {
		sum.foreign.Add(1)
	}
	if c.two {
		sum.two.Add(1)
	}
	const patience, healed = 15, 8
	done := false
	for round := 0; round < patience+healed && !done; round++ {
		if round == patience {
			sum.healed.Add(1)
			s.close(t)
			if s, err = serveChaos(&c, "", state, w, false); err != nil {
				t.Fatal(err)
			}
		}
		if c.two { // another machine does the same at the same time
			var other bool
			var wait sync.WaitGroup
			wait.Go(func() { other = c.round(t.Context(), s.other, w, sum) })
			done = c.round(t.Context(), s.client, w, sum)
			wait.Wait()
			done = done && other
		} else {
			done = c.round(t.Context(), s.client, w, sum)
		}
		w.check()
		// Somebody runs it again, soon or later; not so soon that the service
		// still shows what was there before this run: then nobody could know.
		time.Sleep(time.Duration(round%3)*20*time.Second + chaosLag)
		if len(w.found) > 0 {
			break
		}
	}
	time.Sleep(5 * time.Minute) // nothing is under way any more
	s.close(t)
	if !done && len(w.found) == 0 {
		w.complain("it does not come to an end: %s", w.last)
	} else if done {
		w.end(s.server.Snapshot())
	}
	sum.writes.Add(int64(w.writes))
	sum.deletes.Add(int64(w.deletes))
	for _, f := range w.found {
		t.Error(f)
	}
	if len(w.found) > 0 {
		t.Logf("dialect %s\nfaults %s\nZONEHERD_CHAOS_SEED=%d go test ./plan/apply -run 'TestChaos'", c.dialect, c.faults, c.seed)
	}
}

// round plans and applies once, as the command does, and reports whether there
// was nothing to do.
func (c *chaosCase) round(ctx context.Context, l *vpsorg.Client, w *watcher, sum *tally) (done bool) {
	before := w.written()
	inputs := c.inputs()
	if err := readAll(ctx, l, inputs); err != nil {
		sum.unread.Add(1)
		w.wentSo(err.Error())
		return false
	}
	p := plan.New(inputs, nil, everything)
	if p.Refused() {
		sum.unread.Add(1)
		for _, z := range p.Zones {
			for _, refusal := range z.Refused {
				w.wentSo(refusal.Reason)
			}
		}
		if n := w.written() - before; n != 0 && !c.two {
			w.complain("%d writes without a plan", n)
		}
		return false
	}
	if !p.Pending() {
		return true
	}
	w.plan(p)
	r := apply.Run(ctx, l, p, apply.Options{Plan: everything, Concurrency: c.concurrency, Rollback: c.rollback, Observe: func(e apply.Event) error {
		w.undone(e)
		if w.log != nil && e.Change != nil {
			w.log("%s %v %v → %v undo %v: %v", e.Outcome, e.Change, e.Change.Before, e.Change.After, e.Undo, e.Err)
		}
		return nil
	}})
	sum.runs.Add(1)
	sum.uncertain.Add(int64(r.Counts()[apply.Uncertain]))
	w.claim(r)
	w.wentSo(strings.Join(outcomes(r), ", "))
	return false
}

// readAll reads the live side of each zone, as the command does.
func readAll(ctx context.Context, l *vpsorg.Client, inputs []plan.Input) error {
	listed, err := l.ListZones(ctx)
	if err != nil {
		return err
	}
	for i := range inputs {
		var err error
		var info schema.LiveZoneInfo
		for _, z := range listed {
			if z.Name == inputs[i].Desired.Name {
				info = z
			}
		}
		if info.Name.IsZero() {
			if info, err = l.FindZone(ctx, inputs[i].Desired.Name); errors.Is(err, provider.ErrNotFound) {
				continue
			}
		}
		if err == nil {
			inputs[i].Live, err = l.ReadZone(ctx, info)
		}
		if errors.Is(err, provider.ErrIncomplete) {
			inputs[i].LiveErr, err = err, nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", inputs[i].Desired.Name, err)
		}
	}
	return nil
}
