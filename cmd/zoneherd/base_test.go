package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
)

// Of base's and head's guards the stricter counts, whichever it is.
func TestAChangeDoesNotLoosenTheGuardsThatItIsJudgedBy(t *testing.T) {
	unset := plan.Options{}
	strict := plan.Options{MaxDeletes: 10, MaxUpdates: 20, MaxZones: 3}
	loose := plan.Options{MaxDeletes: 90, MaxUpdates: 80, MaxZones: 50, NoLastGuard: true}
	defaults := plan.Options{MaxDeletes: plan.DefaultThreshold, MaxUpdates: plan.DefaultThreshold, MaxZones: 50}
	for _, c := range []struct{ base, head, want plan.Options }{
		{strict, loose, strict},
		{loose, strict, strict},
		{strict, unset, strict},
		{unset, strict, strict},
		{unset, loose, defaults},
		{loose, unset, defaults},
		{loose, loose, loose},
	} {
		got := (&base{options: c.base}).strictest(c.head)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("base %+v, head %+v (-want +got):\n%s", c.base, c.head, diff)
		}
	}
}
