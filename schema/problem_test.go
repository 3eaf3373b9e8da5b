package schema

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAProblemIsOneLine(t *testing.T) {
	at := Position{File: "zones/a.yaml", Line: 3, Column: 7}
	for _, test := range []struct {
		about   string
		problem Problem
		want    string
	}{
		{"an error", Problem{Position: at, Message: "wrong"}, "zones/a.yaml:3:7: wrong"},
		{"a warning", Problem{Severity: Warning, Position: at, Message: "odd"}, "zones/a.yaml:3:7: warning: odd"},
		{"of a whole file", Problem{Severity: Notice, Position: Position{File: "a"}, Message: "left out"}, "a: notice: left out"},
		{"of no place", Problem{Message: "wrong"}, "wrong"},
		{"with another place", Problem{Position: at, Message: "twice", Related: []Position{{"b", 1, 2}}}, "zones/a.yaml:3:7: twice (see b:1:2)"},
		{"with two", Problem{Position: at, Message: "twice", Related: []Position{{"b", 1, 2}, {"c", 3, 4}}}, "zones/a.yaml:3:7: twice (see b:1:2, c:3:4)"},
	} {
		t.Run(test.about, func(t *testing.T) {
			if got := test.problem.Error(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestProblemsAreSortedByPlaceAndToldOnce(t *testing.T) {
	p := func(file string, line, column int, s Severity, rule string) Problem {
		return Problem{Severity: s, Position: Position{file, line, column}, Rule: rule, Message: rule}
	}
	want := Problems{
		p("a", 1, 9, Error, "x"), p("a", 2, 1, Error, "y"), p("a", 2, 1, Warning, "x"), p("a", 2, 3, Error, "a"), p("a", 10, 1, Notice, "x"), p("b", 1, 1, Error, "x"),
	}
	got := Problems{want[5], want[4], want[2], want[1], want[0], want[3], want[1], want[5]}
	got.Sort()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Count(Error) != 4 || got.Count(Warning) != 1 || got.Count(Notice) != 1 {
		t.Errorf("counted %d, %d, %d", got.Count(Error), got.Count(Warning), got.Count(Notice))
	}
}

func TestOnlyErrorsMakeAnError(t *testing.T) {
	var ps Problems
	ps.Add(Warning, Position{}, "odd", "%d is odd", 3)
	ps.Add(Notice, Position{}, "told", "told")
	if err := ps.Err(); err != nil {
		t.Errorf("warnings are the error %v", err)
	}
	ps.Add(Error, Position{}, "wrong", "wrong")
	var back Problems
	if err := ps.Err(); !errors.As(err, &back) || err.Error() != "warning: 3 is odd\nnotice: told\nwrong" {
		t.Errorf("got %v", err)
	}
}
