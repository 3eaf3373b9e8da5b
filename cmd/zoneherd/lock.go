package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

// lockFiles bounds how many lock files there are for one service: zones that
// share one wait for each other without need, and do no harm.
const lockFiles = 64

// lock waits until no other run on this machine writes to any of the zones, and
// keeps others from it until unlock is called, or the process ends in whatever
// way. Runs that want several wait for them in one order, and so never for each
// other. Where there is no place for locks, as in a container that can write
// nowhere else, the run warns and goes on: what others write at the same time
// is noticed all the same.
func (r *planned) lock(c *cli.Context, m *messages, zones []schema.Name) (unlock func(), err error) {
	if c.Bool("sandbox") {
		return func() {}, nil // its state has its own
	}
	dir, err := lockDir(saved.Side(r.live.endpoint, "")) // whose token it is may not be known
	if err != nil {
		m.warn("other runs on this machine are not kept from writing to these zones at the same time: %v; set XDG_STATE_HOME to a directory that can be written to", err)
		return func() {}, nil
	}
	var wanted []int
	for _, z := range zones {
		h := fnv.New32a()
		h.Write([]byte(z.String()))
		wanted = append(wanted, int(h.Sum32()%lockFiles))
	}
	slices.Sort(wanted)
	var held []*flock.Flock
	unlock = func() {
		for _, l := range held {
			_ = l.Close() // the process's end does the same
		}
	}
	told := false
	for _, n := range slices.Compact(wanted) {
		l := flock.New(filepath.Join(dir, fmt.Sprintf("%02d.lock", n)), flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		if err == nil && !ok {
			if !told {
				m.say("another run on this machine writes to some of these zones: waiting for it to end")
				told = true
			}
			err = r.await(c.Context, l)
		}
		if err != nil {
			unlock()
			return nil, fmt.Errorf("lock the zones against other runs on this machine: %w", err)
		}
		held = append(held, l)
	}
	return unlock, nil
}

// lockDir makes the directory for the locks of one side.
func lockDir(side string) (string, error) {
	dir, err := stateDir("locks")
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, strings.TrimPrefix(side, "sha256:")[:16])
	return dir, os.MkdirAll(dir, 0o700)
}

// await waits for a lock, unless the run is interrupted.
func (r *planned) await(ctx context.Context, l *flock.Flock) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := l.TryLockContext(ctx, 200*time.Millisecond)
	return err
}
