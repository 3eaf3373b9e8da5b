package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/schema"
)

// Result is the JSON form of what an apply did.
type Result struct {
	FormatVersion string       `json:"format_version"`
	Complete      bool         `json:"complete"` // all of the plan took effect
	Interrupted   bool         `json:"interrupted"`
	Counts        Counts       `json:"counts"`
	Zones         []ZoneResult `json:"zones"`
	// Verification is what the nameservers answered afterwards; nil where they
	// were not asked.
	Verification *Verification `json:"verification,omitempty"`
}

// Counts counts writes by what became of them.
type Counts struct {
	Done      int `json:"done"`
	Failed    int `json:"failed"`
	Uncertain int `json:"uncertain"`
	NotDone   int `json:"not_done"`
	TakenBack int `json:"taken_back"` // by --rollback
}

// ZoneResult is what became of one zone.
type ZoneResult struct {
	Zone   string `json:"zone"`
	Counts Counts `json:"counts"`
	Error  string `json:"error,omitempty"` // why it was not done whole
	// Steps are those that were not done.
	Steps   []StepResult `json:"steps"`
	Notices []string     `json:"notices"`
}

// StepResult is a write that was not done.
type StepResult struct {
	Action  string `json:"action"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"`
}

// NewResult writes down what an apply did.
func NewResult(r *apply.Report) *Result {
	out := &Result{FormatVersion: FormatVersion, Complete: r.Complete(), Interrupted: r.Interrupted, Counts: countsOf(r.Counts()), Zones: make([]ZoneResult, 0, len(r.Zones))}
	for i := range r.Zones {
		z := &r.Zones[i]
		zr := ZoneResult{Zone: z.Zone.Name.Display(), Counts: countsOf(z.Counts()), Steps: []StepResult{}, Notices: append([]string{}, z.Notices...)}
		if z.Err != nil {
			zr.Error = z.Err.Error()
		}
		for j := range z.Steps {
			s := &z.Steps[j]
			if s.Outcome == apply.Done {
				continue
			}
			step := StepResult{Action: string(s.Change.Action), Name: s.Change.Key.Name.Relative(z.Zone.Name), Type: string(s.Change.Key.Type), Outcome: string(s.Outcome)}
			if s.Err != nil {
				step.Error = s.Err.Error()
			}
			zr.Steps = append(zr.Steps, step)
		}
		out.Zones = append(out.Zones, zr)
	}
	return out
}

func countsOf(n map[apply.Outcome]int) Counts {
	return Counts{Done: n[apply.Done], Failed: n[apply.Failed], Uncertain: n[apply.Uncertain], NotDone: n[apply.NotDone], TakenBack: n[apply.TakenBack]}
}

// String is the counts in words.
func (c Counts) String() string {
	text := fmt.Sprintf("%d done, %d failed, %d uncertain, %d not done", c.Done, c.Failed, c.Uncertain, c.NotDone)
	if c.TakenBack > 0 {
		text += fmt.Sprintf(", %d taken back", c.TakenBack)
	}
	return text
}

// WriteJSON writes the result as one JSON document.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Markdown writes the result in at most so many bytes.
func (r *Result) Markdown(w io.Writer, limit int) error {
	m := &markdown{limit: limit - 100}
	switch {
	case r.Complete:
		m.add("#### ✅ Applied: %s\n", are(r.Counts.Done, "write", "writes"))
	case r.Interrupted:
		m.add("#### ⛔ Applied in part, and interrupted\n")
	default:
		m.add("#### ⛔ Applied in part\n")
	}
	if !r.Complete {
		m.add("\n%s. Running again finishes the job.\n", r.Counts)
	}
	var lines []string
	for i := range r.Zones {
		z := &r.Zones[i]
		if z.Error != "" {
			lines = append(lines, fmt.Sprintf("- %s: %s\n", code(z.Zone), code(z.Error)))
		}
		for _, s := range z.Steps {
			line := fmt.Sprintf("- %s: %s: **%s**", code(z.Zone), code(s.Action+" "+s.Name+" "+s.Type), code(s.Outcome))
			if s.Error != "" && s.Error != z.Error {
				line += ": " + code(s.Error)
			}
			lines = append(lines, line+"\n")
		}
	}
	m.list("What was not done:", lines)
	r.Verification.markdown(m)
	return m.end(w)
}

// ProblemsMarkdown writes the mistakes of the files in at most so many bytes.
func ProblemsMarkdown(w io.Writer, problems schema.Problems, limit int) error {
	m := &markdown{limit: limit - 100}
	n := problems.Count(schema.Error)
	m.add("### zoneherd plan: the files have %s, and there is no plan\n", are(n, "mistake", "mistakes"))
	var lines []string
	for _, p := range problems {
		if p.Severity == schema.Error {
			lines = append(lines, fmt.Sprintf("- %s: %s\n", code(p.Position.String()), code(p.Message)))
		}
	}
	m.list("Each stands at its place:", lines)
	return m.end(w)
}
