package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

// Journal is what a journal tells.
type Journal struct {
	// Plan is the plan that was applied.
	Plan *report.Document
	// Last is when the last line was written.
	Last time.Time
	// Complete says that all of the plan took effect.
	Complete bool
	// Backups are the files that hold what zones held before, by zone.
	Backups map[string]string

	steps []told
	last  int   // the number of the last step
	whole int64 // how many bytes make whole lines
	size  int64 // how many there are
}

// told is what the journal tells of one step.
type told struct {
	entry                 // its first line
	outcome apply.Outcome // [apply.Begun] where it is not known
	left    schema.Handle
	run     int // which of the file's runs it is of
}

// open reports whether it is not known what became of the step.
func (s *told) open() bool { return s.outcome == apply.Begun || s.outcome == apply.Uncertain }

// same reports whether two steps do the same.
func (s *told) same(o *told) bool {
	if s.Zone != o.Zone || s.Undo != o.Undo || s.Change == nil || o.Change == nil {
		return false
	}
	return s.Handle == o.Handle && saved.Identity(s.Zone, *s.Change) == saved.Identity(o.Zone, *o.Change)
}

// Read reads a journal. A last line that is torn is left out.
func Read(file string) (*Journal, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	j, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("the journal %s cannot be used: %w", file, err)
	}
	return j, nil
}

func parse(text []byte) (*Journal, error) {
	j := &Journal{Backups: map[string]string{}, size: int64(len(text))}
	byNumber := map[int]int{} // a step's place in j.steps
	run := 0
	for n, line := range bytes.SplitAfter(text, []byte("\n")) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // the end, or torn
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d is not readable: %w", n+1, err)
		}
		switch {
		case n == 0 && (e.Journal == "" || e.Plan == nil):
			return nil, errors.New("it is no journal of zoneherd")
		case n == 0 && e.Journal != Version:
			return nil, fmt.Errorf("its format is %s, and this zoneherd reads %s: use the version that wrote it", e.Journal, Version)
		case n == 0:
			var err error
			if j.Plan, err = saved.Parse(e.Plan); err != nil {
				return nil, err
			}
		case e.Resumed:
			j.Complete = false
			run++
		case e.Ended != nil:
			j.Complete = e.Ended.Complete
		case e.Backup != "":
			if _, ok := j.Backups[e.Zone]; !ok { // the first holds what was there before
				j.Backups[e.Zone] = e.Backup
			}
		case e.Event == apply.Begun:
			if _, twice := byNumber[e.Step]; twice || e.Step < 1 || e.Zone == "" {
				return nil, fmt.Errorf("line %d begins no new step", n+1)
			}
			byNumber[e.Step] = len(j.steps)
			j.begin(told{entry: e, outcome: apply.Begun, run: run})
			j.last = max(j.last, e.Step)
		default:
			i, ok := byNumber[e.Step]
			if !ok {
				return nil, fmt.Errorf("line %d is of a step that has not begun", n+1)
			}
			j.steps[i].outcome, j.steps[i].left = e.Event, e.Left
		}
		j.Last, j.whole = e.Time, j.whole+int64(len(line))
	}
	if j.Plan == nil {
		return nil, errors.New("it is empty: nothing was written, and there is nothing to finish")
	}
	return j, nil
}

// begin adds a step. One that a run does again has been looked at and found not
// to have taken effect in an earlier run.
func (j *Journal) begin(s told) {
	for i := range j.steps {
		if o := &j.steps[i]; o.run < s.run && o.open() && o.same(&s) {
			o.outcome = apply.NotDone
			break
		}
	}
	j.steps = append(j.steps, s)
}

// Open counts the steps of which it is not known what became of them.
func (j *Journal) Open() int {
	n := 0
	for i := range j.steps {
		if j.steps[i].open() {
			n++
		}
	}
	return n
}

// Progress tells how far the run came.
func (j *Journal) Progress() saved.Progress {
	p := saved.Progress{Created: map[string]bool{}, Steps: map[string]saved.Steps{}}
	for i := range j.steps {
		s := &j.steps[i]
		switch {
		case s.Change == nil:
			p.Created[s.Zone] = true // or deleted, which needs no telling
		case s.Undo: // what it takes back is there or not
			c := inverted(*s.Change)
			id := saved.Identity(s.Zone, c)
			n := p.Steps[id]
			if s.outcome != apply.NotDone && n.Done > 0 {
				n.Done--
				n.Open++
			}
			p.Steps[id] = n
		default:
			id := saved.Identity(s.Zone, *s.Change)
			n := p.Steps[id]
			switch s.outcome {
			case apply.Done:
				n.Done++
			case apply.NotDone:
			default: // a failed one may have been put back, or stored otherwise
				n.Open++
			}
			p.Steps[id] = n
		}
	}
	return p
}

// inverted is the change that another one takes back.
func inverted(c report.Change) report.Change {
	c.Before, c.After = c.After, c.Before
	switch c.Action {
	case string(plan.Create):
		c.Action = string(plan.Delete)
	case string(plan.Delete):
		c.Action = string(plan.Create)
	}
	return c
}

// taken are the steps that were taken back. An undoing hits the step that left
// what it removes; where none is known to have, one of which it was found out
// only then.
func (j *Journal) taken() map[int]bool {
	taken := map[int]bool{}
	for i := range j.steps {
		s := &j.steps[i]
		if !s.Undo || s.outcome != apply.Done {
			continue
		}
		id := saved.Identity(s.Zone, inverted(*s.Change))
		hit := func(is func(*told) bool) bool {
			for k := range j.steps[:i] {
				o := &j.steps[k]
				if !taken[k] && !o.Undo && o.Change != nil && is(o) && saved.Identity(o.Zone, *o.Change) == id {
					taken[k] = true
					return true
				}
			}
			return false
		}
		if !hit(func(o *told) bool { return o.left == s.Handle && !o.open() }) {
			hit(func(o *told) bool { return o.open() && (o.Handle == "" || s.Handle == "" || o.Handle == s.Handle) })
		}
	}
	return taken
}

// Written gives what the run has written and not taken back, the zone that was
// begun last first, as [apply.TakeBack] wants it, and in words what cannot be
// taken back.
func (j *Journal) Written() (zones []apply.Written, not []string, err error) {
	place := map[string]int{}
	taken := j.taken()
	for i := range j.steps {
		s := &j.steps[i]
		if s.Change == nil && s.outcome != apply.NotDone && s.outcome != apply.Failed {
			not = append(not, fmt.Sprintf("the creation or deletion of the zone %s", s.Zone))
		}
		if s.Change == nil || s.Undo || taken[i] || s.outcome == apply.NotDone || s.outcome == apply.Failed {
			continue
		}
		name, err := schema.ParseName(s.Zone)
		if err != nil {
			return nil, nil, fmt.Errorf("step %d: %w", s.Step, err)
		}
		c, err := saved.Change(name, *s.Change)
		if err != nil { // a value that could not be read cannot be written either
			not = append(not, fmt.Sprintf("in %s: %v", s.Zone, err))
			continue
		}
		c.Handle = s.Handle
		step := apply.Step{Change: &c, Outcome: apply.Uncertain}
		if s.outcome == apply.Done {
			step.Outcome, step.Handle = apply.Done, s.left
		}
		k, ok := place[s.Zone]
		if !ok {
			k = len(zones)
			place[s.Zone] = k
			zones = append(zones, apply.Written{Zone: name})
		}
		zones[k].Steps = append(zones[k].Steps, step)
	}
	progress := j.Progress()
	for i := range zones {
		zones[i].Moved = func(live *schema.LiveZone) (map[schema.Key]bool, error) { return saved.Moved(j.Plan, live, progress) }
	}
	slices.Reverse(zones)
	return zones, not, nil
}
