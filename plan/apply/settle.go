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
	ctx, cancel := context.WithTimeout(provider.WithStop(context.WithoutCancel(ctx), nil), r.opts.SettleFor)
	defer cancel()
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 4*time.Second) {
		if ok, err := ask(ctx); ok && err == nil {
			return true
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}
