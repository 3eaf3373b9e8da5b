package apply_test

import (
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan/apply"
)

// However short it is to be looked for what a write has done, an answer that
// takes longer is waited for once: here that of the zone after its last write.
func TestOneAnswerMayTakeLongerThanSettling(t *testing.T) {
	l := newLive(t, "latency=20ms", nil)
	z := zone(t, "a.example", "www A 192.0.2.1")
	r := apply.Run(t.Context(), l, planFor(t, l, everything, z), apply.Options{Plan: everything, SettleFor: time.Millisecond})
	if !r.Complete() {
		t.Errorf("%v: %v", outcomes(r), r.Zones[0].Err)
	}
}
