package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan/report"
)

func TestJoinOfWhatIsNoPartOfOnePlan(t *testing.T) {
	part := func(zone, commit, endpoint, account string) *report.Document {
		d := &report.Document{Commit: &commit, Zones: []report.Zone{{Zone: zone}}}
		if endpoint != "" {
			d.Saved = &report.Saved{Endpoint: endpoint, Account: account, Checksum: "of the part alone"}
		}
		return d
	}
	for _, test := range []struct {
		name        string
		one, two    *report.Document
		side        *report.Saved
		wantProblem string
	}{
		{"the same service and account", part("a", "1", "https://x", "me"), part("b", "1", "https://x", "ME"), &report.Saved{Endpoint: "https://x", Account: "me"}, ""},
		{"no service", part("a", "1", "", ""), part("b", "1", "", ""), nil, ""},
		{"no service in one", part("a", "1", "https://x", "me"), part("b", "1", "", ""), nil, ""},
		{"another service", part("a", "1", "https://x", "me"), part("b", "1", "https://y", "me"), nil, "the plans were made against different services or accounts, and so are no parts of one"},
		{"another account", part("a", "1", "https://x", "me"), part("b", "1", "https://x", "you"), nil, "the plans were made against different services or accounts, and so are no parts of one"},
		{"another commit", part("a", "1", "", ""), part("b", "2", "", ""), nil, "the plans were made at different commits, and so are no parts of one"},
		{"the same zone", part("a", "1", "", ""), part("a", "1", "", ""), nil, "the zone a is in two of the plans"},
	} {
		d, err := report.Join(test.one, test.two)
		if (err == nil) != (test.wantProblem == "") || err != nil && err.Error() != test.wantProblem {
			t.Errorf("%s: %v, want %q", test.name, err, test.wantProblem)
		}
		if err == nil {
			if diff := cmp.Diff(test.side, d.Saved); diff != "" {
				t.Errorf("%s:\n%s", test.name, diff)
			}
		}
	}
}
