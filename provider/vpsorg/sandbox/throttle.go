package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

// throttle allows so many requests a second.
type throttle struct{ limit *rate.Limiter }

func newThrottle(perSecond int) *throttle {
	if perSecond == 0 {
		return &throttle{}
	}
	return &throttle{rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

// take gives how long to wait before the next request; 0 lets this one pass.
func (t *throttle) take() time.Duration {
	if t.limit == nil || t.limit.Allow() {
		return 0
	}
	return time.Duration(float64(time.Second) / float64(t.limit.Limit()))
}

func (s *Server) throttled(w http.ResponseWriter, wait time.Duration) {
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	s.fail(w, http.StatusTooManyRequests, "throttled", "", fmt.Sprintf("Request was throttled. Expected available in %d seconds.", seconds))
}
