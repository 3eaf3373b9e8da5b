package sandbox

import (
	"fmt"
	"strconv"
	"time"
)

// Faults are what goes wrong on purpose. The zero Faults is nothing.
//
// What befalls a request is drawn from the seed, the request (method, path,
// query and body) and how many-th time this same request comes, and from
// nothing else: which other requests come meanwhile, and in which order, makes
// no difference. For that handles are made from the seed too, out of what the
// record is and how many-th such it is. What a fault then shows may depend on
// what is there by then: another request's answer, the state of a while ago.
// A client that repeats a request by itself, as Go's does with a GET on a
// connection used before, counts as asking again.
// A zone's deployments are drawn from the seed, its name and their number.
// The faults that count (revoke-after, disk-full, kill-before, kill-after)
// count requests or lines as they come.
//
// Of the faults that decide how a request ends, at most one hits it: where
// several would, one of them by the seed.
type Faults struct{ set map[string]string }

// faultSettings are all there are, in the order in which faults are printed.
func faultSettings() []setting {
	return []setting{
		{key: "seed", kind: "seed", does: "what else is drawn: the same seed and requests, the same faults; 0 if not set"},
		{key: "refused", kind: "probability", does: "after the request nothing listens for 20 to 100 ms, and idle connections are closed"},
		{key: "reset-before", kind: "probability", does: "the connection is cut, without effect"},
		{key: "reset-after", kind: "probability", does: "the connection is cut after the effect"},
		{key: "timeout-before", kind: "probability", does: "no answer, without effect"},
		{key: "timeout-after", kind: "probability", does: "no answer after the effect"},
		{key: "hold", kind: "duration", does: "how long no answer comes before the connection is cut; 65s if not set"},
		{key: "late", kind: "probability", does: "the connection is cut at once, and a write takes effect later"},
		{key: "late-by", kind: "duration", does: "how much later at most; 2s if not set"},
		{key: "error-before", kind: "probability", does: "500, 502, 503 or 504 as JSON or HTML, without effect"},
		{key: "error-after", kind: "probability", does: "the same after the effect"},
		{key: "throttled", kind: "probability", does: "429 without effect, with a Retry-After as seconds, as a date or without it"},
		{key: "truncated", kind: "probability", does: "the body breaks off"},
		{key: "oversized", kind: "probability", does: "the body goes on and on"},
		{key: "malformed", kind: "probability", does: "the body is no JSON"},
		{key: "html", kind: "probability", does: "200 and a page in HTML instead of the answer"},
		{key: "type", kind: "probability", does: "the right body under a wrong Content-Type"},
		{key: "slow", kind: "probability", does: "the body comes in small pieces"},
		{key: "mixed-up", kind: "probability", does: "the answer that another request got"},
		{key: "page-missing", kind: "probability", does: "a list lacks a page, or a part where it has none; counts stay true"},
		{key: "page-twice", kind: "probability", does: "a page comes again instead of the next, or some of an unpaged list twice"},
		{key: "page-moving", kind: "probability", does: "the order changes between pages"},
		{key: "count", kind: "probability", does: "record_count is off by up to 3"},
		{key: "lag", kind: "duration", does: "a read shows the state of up to so long ago"},
		{key: "foreign", kind: "probability", does: "somebody else adds, changes or deletes a record at the same time"},
		{key: "deploy-fail", kind: "probability", does: "the nameservers keep a zone as it was before a change, until its next one; the API says nothing of it"},
		{key: "revoke-after", kind: "number", does: "the token is refused after N requests"},
		{key: "tls", choices: []string{"none", "self-signed"}, does: "serve https, with a certificate that nobody trusts"},
		{key: "disk-full", kind: "number", does: "the state file takes no Nth line, nor any after it"},
		{key: "kill-before", kind: "number", does: "this process is killed before the Nth write takes effect"},
		{key: "kill-after", kind: "number", does: "this process is killed after it, before the answer"},
	}
}

// FaultKeys describes the faults, a KEY=VALUE and what it does each.
func FaultKeys() []string {
	var out []string
	for _, s := range faultSettings() {
		out = append(out, fmt.Sprintf("%-20s  %s", s.usage(), s.does))
	}
	return out
}

// ParseFaults reads a comma-separated list such as "seed=7,reset-after=0.1".
func ParseFaults(list string) (Faults, error) {
	set, err := parseList("fault", faultSettings(), list)
	return Faults{set}, err
}

// String is the list that [ParseFaults] reads.
func (f Faults) String() string { return printList(faultSettings(), f.set) }

func (f Faults) any() bool { return len(f.set) > 0 }

func (f Faults) seed() uint64 {
	n, _ := strconv.ParseUint(f.set["seed"], 10, 64) // checked by ParseFaults; 0 where unset
	return n
}

func (f Faults) number(key string) int64 {
	n, _ := strconv.ParseInt(f.set[key], 10, 64)
	return n
}

func (f Faults) probability(key string) float64 {
	p, _ := strconv.ParseFloat(f.set[key], 64)
	return p
}

func (f Faults) duration(key string, otherwise time.Duration) time.Duration {
	t, err := time.ParseDuration(f.set[key])
	if err != nil {
		return otherwise
	}
	return t
}
