package report

import (
	"bufio"
	"io"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
)

// ToTakeBack writes for people which steps of an earlier run are to be taken
// back, the last one first, and in words what cannot be.
func ToTakeBack(w io.Writer, zones []apply.Written, not []string, style Style) error {
	b := bufio.NewWriter(w)
	t := &textWriter{b, style}
	if len(zones) == 0 {
		t.line("", "the run has written no record that is left to be taken back")
	}
	for i := range zones {
		t.line(bold, "%s", zones[i].Zone.Display())
		t.changes(&plan.Zone{Name: zones[i].Zone, Changes: zones[i].Inverse()})
		open := 0
		for _, s := range zones[i].Steps {
			if s.Outcome != apply.Done {
				open++
			}
		}
		if open > 0 {
			t.line(faint, "  · of these, %s back only if it took effect, which is looked at first", are(open, "write is taken", "writes are each taken"))
		}
		t.line("", "")
	}
	for _, what := range not {
		t.line(yellow, "  ! %s cannot be taken back: restore what the backup holds, where it has to be", what)
	}
	return b.Flush()
}

// TakenBack writes for people what became of steps that were to be taken back.
// whole is false where any of them was not.
func TakenBack(w io.Writer, r *apply.Report, style Style) (whole bool, err error) {
	b := bufio.NewWriter(w)
	t := &textWriter{b, style}
	whole = true
	for i := range r.Zones {
		z := &r.Zones[i]
		n := z.Counts()
		if z.Err == nil && n[apply.Done]+n[apply.Uncertain] == 0 {
			continue
		}
		whole = false
		t.outcome(z)
	}
	n := r.Counts()
	if whole {
		t.line(bold+";"+green, "taken back: %s", are(n[apply.TakenBack], "write", "writes"))
	} else {
		t.line(bold+";"+red, "%d taken back, %d not, %d uncertain", n[apply.TakenBack], n[apply.Done], n[apply.Uncertain])
	}
	if r.Interrupted {
		t.line(yellow, "interrupted: what was under way has been finished")
	}
	return whole, b.Flush()
}
