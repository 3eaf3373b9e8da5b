package report

import (
	"bufio"
	"errors"
	"io"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
)

// Outcome writes what became of a plan for people: for each zone what was not
// done and why, and the totals last.
func Outcome(w io.Writer, r *apply.Report, style Style) error {
	b := bufio.NewWriter(w)
	t := &textWriter{b, style}
	for i := range r.Zones {
		t.outcome(&r.Zones[i])
	}
	n := r.Counts()
	switch {
	case r.Complete():
		t.line(bold+";"+green, "done: %s", are(n[apply.Done], "write", "writes"))
	default:
		t.line(bold+";"+red, "%s", countsOf(n))
		if r.Stale() {
			t.line("", "nothing was written: plan again, review the plan and apply that")
		} else {
			t.line("", "run again to finish: what is done stays done, and what is uncertain is read back first")
		}
	}
	if r.Interrupted {
		t.line(yellow, "interrupted: what was under way has been finished")
	}
	return b.Flush()
}

// outcome tells a zone that was not done whole, or has something to say.
func (t *textWriter) outcome(z *apply.ZoneReport) {
	if z.Complete() && len(z.Notices) == 0 {
		return
	}
	n := z.Counts()
	t.line(bold, "%s: %s", z.Zone.Name.Display(), countsOf(n))
	for _, notice := range z.Notices {
		t.line(faint, "  · %s", notice)
	}
	if z.Whole != "" && z.Whole != apply.Done {
		what := "creating the zone"
		if z.Zone.Action == plan.ZoneDelete {
			what = "deleting the zone"
		}
		t.line(red, "  ✗ %s: %s", what, z.Whole)
	}
	told := map[string]bool{}
	if z.Err != nil {
		t.line(red, "  ✗ %v", z.Err)
		told[z.Err.Error()] = true
	}
	more := 0
	for i := range z.Steps {
		s := &z.Steps[i]
		if s.Outcome == apply.Done || s.Outcome == apply.TakenBack {
			continue
		}
		if s.Outcome == apply.NotDone && (s.Err == nil || errors.Is(s.Err, z.Err)) {
			more++ // for the zone's reason, which has been told
			continue
		}
		c := s.Change
		t.line(red, "  ✗ %s %s %s: %s", c.Action, c.Key.Name.Relative(z.Zone.Name), c.Key.Type, s.Outcome)
		if s.Err != nil && !told[s.Err.Error()] {
			t.line("", "    %v", s.Err)
			told[s.Err.Error()] = true
		}
	}
	if more > 0 {
		t.line("", "  %s not begun for that reason", are(more, "step", "steps"))
	}
	t.line("", "")
}
