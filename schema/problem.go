package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a problem means for the run.
type Severity uint8

// The severities, the gravest first.
const (
	// Error refuses the whole run.
	Error Severity = iota
	// Warning is told and stops nothing.
	Warning
	// Notice is told for the record: something was read in a particular way
	// or left alone.
	Notice
)

// String is the severity as messages name it.
func (s Severity) String() string { return [...]string{"error", "warning", "notice"}[s] }

// Problem is something to tell about a place in a file.
type Problem struct {
	Severity Severity
	Position Position
	// Rule is a short stable name such as "cname-exclusive", by which tests
	// and configuration refer to the kind of problem.
	Rule string
	// Message is one sentence that says what is wrong and what to do, without
	// the position.
	Message string
	// Related are the other places that the message speaks of.
	Related []Position
}

// Error is the problem on one line: position, severity unless it is an error,
// and message with its related positions.
func (p Problem) Error() string {
	var b strings.Builder
	if !p.Position.IsZero() {
		b.WriteString(p.Position.String())
		b.WriteString(": ")
	}
	if p.Severity != Error {
		b.WriteString(p.Severity.String())
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	for i, r := range p.Related {
		if i == 0 {
			b.WriteString(" (see ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(r.String())
		if i == len(p.Related)-1 {
			b.WriteString(")")
		}
	}
	return b.String()
}

// Problems are all the problems of a run, in order of position. As an error
// it prints one a line.
type Problems []Problem

// Error prints the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort puts the problems in order of position and drops exact repetitions.
func (ps *Problems) Sort() {
	slices.SortStableFunc(*ps, func(a, b Problem) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	*ps = slices.CompactFunc(*ps, func(a, b Problem) bool {
		return a.Severity == b.Severity && a.Position == b.Position && a.Rule == b.Rule && a.Message == b.Message
	})
}

// Count counts the problems of one severity.
func (ps Problems) Count(s Severity) int {
	n := 0
	for _, p := range ps {
		if p.Severity == s {
			n++
		}
	}
	return n
}

// Err gives the problems as an error if there is an [Error] among them, else nil.
func (ps Problems) Err() error {
	if ps.Count(Error) == 0 {
		return nil
	}
	return ps
}

// Add appends a problem; the message is formatted as by [fmt.Sprintf].
func (ps *Problems) Add(s Severity, at Position, rule, format string, args ...any) {
	*ps = append(*ps, Problem{Severity: s, Position: at, Rule: rule, Message: fmt.Sprintf(format, args...)})
}
