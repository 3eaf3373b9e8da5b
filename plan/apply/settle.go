package apply

import (
	"context"
	"time"

	"github.com/zoneherd/zoneherd/provider"
)

// settle asks until the answer is yes or the time for it is over, at growing
// intervals. An error of asking is as good as no answer.
func (r *runner) settle(ctx context.Context, ask func(context.Context) (bool, error)) bool {
	// Asking goes on for its time even when the run is stopped or broken off:
	// whether a write took effect is the one thing that has to be known.
	ctx = provider.WithStop(context.WithoutCancel(ctx), nil)
	end := time.Now().Add(r.opts.SettleFor)
	// However short it is to be looked, one answer may take its time.
	first, answered := context.WithTimeout(ctx, max(r.opts.SettleFor, DefaultSettle))
	ok, err := ask(first)
	answered()
	if ok && err == nil {
		return true
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 4*time.Second) {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		if ok, err := ask(ctx); ok && err == nil {
			return true
		}
	}
}
