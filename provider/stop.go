package provider

import "context"

type stopKey struct{}

// WithStop gives a context under which, once stop is closed, a provider sends
// nothing more, so that a run ends in good order: a request that is waiting for
// its turn, or to be repeated, is [ErrStopped]. What has been sent goes on, other
// than at the context's end. A nil stop takes an earlier one away.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stop gives the channel of [WithStop]; nil, which is never closed, where there
// is none.
func Stop(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	return stop
}
