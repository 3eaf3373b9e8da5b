package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// backups keeps what zones held before a run wrote to them, in a directory of
// its own for each run.
type backups struct {
	dir   string
	saved atomic.Int32
}

// backups makes the run's directory below --backup-dir, or below the user's
// state directory. A sandbox is saved only where it is asked for; then, and
// where there is nothing to write, it is nil.
func (r *planned) backups(c *cli.Context) (*backups, error) {
	parent := c.String("backup-dir")
	if parent == "" && c.Bool("sandbox") {
		return nil, nil
	}
	if parent == "" {
		state := os.Getenv("XDG_STATE_HOME")
		if state == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fmt.Errorf("there is no home directory to keep what zones held before (%w): name a directory with --backup-dir", err)
			}
			state = filepath.Join(home, ".local", "state")
		}
		parent = filepath.Join(state, "zoneherd", "backups")
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for backups: %w", err)
	}
	stamp := time.Now().UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		dir := filepath.Join(parent, stamp)
		if n > 1 {
			dir += fmt.Sprintf("-%d", n)
		}
		switch err := os.Mkdir(dir, 0o700); {
		case err == nil:
			return &backups{dir: dir}, nil
		case !errors.Is(err, os.ErrExist):
			return nil, fmt.Errorf("make the directory for backups: %w", err)
		}
	}
}

// save writes down a zone, and returns once it is on disk.
func (b *backups) save(z *schema.LiveZone) error {
	file := b.file(z.Name)
	text, err := source.FromLive(z, fmt.Sprintf("What %s held before zoneherd wrote to it. To make it hold that again:\nzoneherd apply %s", z.Name.Display(), file))
	if err == nil {
		err = writeFile(file, text)
	}
	if err == nil {
		b.saved.Add(1)
	}
	return err
}

func (b *backups) file(zone schema.Name) string {
	return filepath.Join(b.dir, strings.ReplaceAll(zone.Display(), "/", "%2F")+".yaml")
}

// close takes the directory away again if nothing was saved.
func (b *backups) close() {
	if b != nil && b.saved.Load() == 0 {
		_ = os.Remove(b.dir) // if it cannot be removed it is empty, and no harm
	}
}
