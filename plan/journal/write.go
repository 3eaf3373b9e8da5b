package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// Writer appends to a journal. It is safe for concurrent use. Once a line could
// not be written nothing more is, and every call fails.
type Writer struct {
	file string
	plan *report.Document // to be written first; nil where the file has it

	mu      sync.Mutex
	out     *os.File
	steps   map[step]int
	last    int // the number of the last step
	written int // lines that are written
	synced  int // lines that are on disk
	syncing bool
	done    *sync.Cond // a sync has ended
	err     error
}

// step is what makes two events those of one step.
type step struct {
	zone   schema.Name
	change *plan.Change
}

// Create makes a journal of a plan. The file, which must not exist, is made
// with the first step.
func Create(file string, p *report.Document) (*Writer, error) {
	switch _, err := os.Lstat(file); {
	case err == nil:
		return nil, fmt.Errorf("the journal %s exists already: name another file, or finish what it tells of with --resume", file)
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("make the journal: %w", err)
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("make the journal: there is no directory %s", filepath.Dir(file))
	}
	return newWriter(file, p), nil
}

func newWriter(file string, p *report.Document) *Writer {
	w := &Writer{file: file, plan: p, steps: map[step]int{}}
	w.done = sync.NewCond(&w.mu)
	return w
}

// Append goes on in the journal that was read, whose torn end it cuts off.
func Append(file string, j *Journal) (*Writer, error) {
	w := newWriter(file, nil)
	w.last = j.last
	var err error
	if w.out, err = os.OpenFile(file, os.O_RDWR|os.O_APPEND, 0); err == nil {
		err = cutOff(w.out, j)
	}
	if err != nil {
		return nil, fmt.Errorf("go on in the journal: %w", errors.Join(err, w.Close()))
	}
	return w, w.append(entry{Resumed: true})
}

// cutOff cuts a torn end off, if the file is still as it was read: else another
// run goes on in it, whose lines are no torn end.
func cutOff(f *os.File, j *Journal) error {
	switch info, err := f.Stat(); {
	case err != nil:
		return err
	case info.Size() != j.size:
		return errors.New("another run has written to it since it was read: wait for that to end, and resume again")
	case j.size == j.whole:
		return nil
	}
	return f.Truncate(j.whole)
}

// Observe writes down that a step begins, or what became of it. It is for
// [apply.Options].
func (w *Writer) Observe(e apply.Event) error {
	line := entry{Event: e.Outcome}
	if e.Err != nil {
		line.Error = e.Err.Error()
	}
	id := step{e.Zone, e.Change}
	if e.Outcome == apply.Begun {
		line.Zone, line.Undo = e.Zone.Display(), e.Undo
		if e.Change != nil {
			c := report.NewChange(e.Zone, e.Change)
			c.Position, c.Risks = nil, nil
			line.Change, line.Handle = &c, e.Change.Handle
		}
	} else {
		line.Left = e.Handle
	}
	w.mu.Lock()
	if e.Outcome == apply.Begun {
		w.last++
		w.steps[id] = w.last
	}
	line.Step = w.steps[id]
	w.mu.Unlock()
	return w.append(line)
}

// Backup writes down where a zone is saved.
func (w *Writer) Backup(zone schema.Name, file string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return w.append(entry{Zone: zone.Display(), Backup: abs})
}

// End writes down that the run is over. A journal that was never begun stays
// unmade.
func (w *Writer) End(complete bool) error {
	if !w.Begun() {
		return nil
	}
	return w.append(entry{Ended: &end{complete}})
}

// Begun reports whether there is a file.
func (w *Writer) Begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out != nil
}

// File is the journal's name.
func (w *Writer) File() string { return w.file }

// Close closes the file.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.out == nil {
		return nil
	}
	return w.out.Close()
}

// append writes a line, and returns once it is on disk. Lines that come while
// another is on its way there share the next one's way.
func (w *Writer) append(e entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.out == nil && w.err == nil {
		w.err = w.begin()
	}
	w.put(e)
	mine := w.written
	for w.err == nil && w.synced < mine {
		if w.syncing {
			w.done.Wait()
			continue
		}
		w.syncing = true
		upTo := w.written
		w.mu.Unlock()
		err := w.out.Sync()
		w.mu.Lock()
		if w.syncing = false; err == nil {
			w.synced = upTo
		} else if w.err == nil {
			w.err = err
		}
		w.done.Broadcast()
	}
	if w.err != nil {
		return fmt.Errorf("write the journal %s, without which nothing is written to the service: %w", w.file, w.err)
	}
	return nil
}

// begin makes the file with its first line.
func (w *Writer) begin() error {
	out, err := os.OpenFile(w.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w.out = out
	text, err := json.Marshal(w.plan)
	if err != nil {
		return err
	}
	w.plan = nil
	w.put(entry{Journal: Version, Plan: text})
	dir, err := os.Open(filepath.Dir(w.file)) // the name is on disk only with its directory
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (w *Writer) put(e entry) {
	if w.err != nil {
		return
	}
	e.Time = time.Now().UTC()
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if w.err = enc.Encode(e); w.err != nil {
		return
	}
	_, w.err = w.out.Write(line.Bytes())
	w.written++
}
