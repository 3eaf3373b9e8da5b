package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// lot is what a request's fate is drawn from.
type lot [sha256.Size]byte

// digest is a hash of parts, each of which keeps its bounds.
func digest(parts ...[]byte) lot {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return lot(h.Sum(nil))
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// draw gives chances for one purpose, independent of those for another.
func (l lot) draw(purpose string) *rand.Rand {
	d := digest(l[:], []byte(purpose))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(d[:8]), binary.BigEndian.Uint64(d[8:16])))
}

// hits draws whether something of a probability happens.
func (l lot) hits(purpose string, p float64) bool { return l.draw(purpose).Float64() < p }

// lots gives each request its own.
type lots struct {
	seed uint64
	mu   sync.Mutex
	came map[lot]uint64 // how often each request has come
}

func (l *lots) of(r *http.Request, body []byte) lot {
	same := digest(number(l.seed), []byte(r.Method), []byte(r.URL.RequestURI()), body)
	l.mu.Lock()
	l.came[same]++
	n := l.came[same]
	l.mu.Unlock()
	return digest(same[:], number(n))
}

// endings are the faults of which at most one hits a request.
func endings() []string {
	return []string{"refused", "reset-before", "reset-after", "timeout-before", "timeout-after", "late", "error-before", "error-after",
		"throttled", "truncated", "oversized", "malformed", "html", "type", "slow", "mixed-up"}
}

// pagings are those of which at most one hits a list.
func pagings() []string { return []string{"page-missing", "page-twice", "page-moving"} }

// canHit reports whether a fault would show with a method: only a write can be
// late, and the answer to a DELETE has no body that could be right.
func canHit(kind, method string) bool {
	switch kind {
	case "late":
		return method != http.MethodGet && method != http.MethodHead
	case "type", "slow", "mixed-up":
		return method != http.MethodDelete
	}
	return true
}

// fate is what befalls one request. The nil fate is nothing.
type fate struct {
	lot
	ending  string // one of endings, or empty
	paging  string // one of pagings, or empty
	count   bool   // record_count is off
	foreign string // "before", "after" or empty: when somebody else writes
	revoked bool
	asOf    time.Time // the state that a read shows; zero: the present
}

// fateOf decides what befalls a request.
func (f *faulty) fateOf(r *http.Request, body []byte) *fate {
	l := f.lots.of(r, body)
	one := func(kinds []string) string {
		var hits []string
		for _, kind := range kinds {
			if p := f.faults.probability(kind); p > 0 && canHit(kind, r.Method) && l.hits(kind, p) {
				hits = append(hits, kind)
			}
		}
		if len(hits) == 0 {
			return ""
		}
		return hits[l.draw("one of them").IntN(len(hits))]
	}
	out := &fate{lot: l, ending: one(endings()), paging: one(pagings()), count: l.hits("count", f.faults.probability("count"))}
	if l.hits("foreign", f.faults.probability("foreign")) {
		out.foreign = []string{"before", "after"}[l.draw("foreign when").IntN(2)]
	}
	if lag := f.faults.duration("lag", 0); lag > 0 && r.Method == http.MethodGet {
		out.asOf = time.Now().Add(-time.Duration(l.draw("lag").Int64N(int64(lag) + 1)))
	}
	return out
}

type fateKey struct{}

// withFate is a request that carries its fate to the handlers.
func withFate(ctx context.Context, f *fate) context.Context {
	return context.WithValue(ctx, fateKey{}, f)
}

// fate gives a request's; nil where nothing goes wrong on purpose.
func (s *Server) fate(r *http.Request) *fate {
	if s.faulty == nil {
		return nil
	}
	f, _ := r.Context().Value(fateKey{}).(*fate)
	return f
}

// at is the time whose state a request reads; zero is the present.
func (f *fate) at() time.Time {
	if f == nil {
		return time.Time{}
	}
	return f.asOf
}

// miscount is by how much a zone's record_count is off.
func (f *fate) miscount(z *zone, count int) int {
	if f == nil || !f.count {
		return count
	}
	off := 1 + f.draw("count of "+z.ID).IntN(6) // 1 to 3, and 4 to 6 for -1 to -3
	if off > 3 {
		off = 3 - off
	}
	if count+off < 0 {
		off = -off
	}
	return count + off
}

// part is an unpaged list as a fault gives it.
func (f *fate) part(items []any) []any {
	if f == nil || len(items) == 0 {
		return items
	}
	r := f.draw("part")
	switch f.paging {
	case "page-missing":
		if len(items) > 1 { // something is left
			n := 1 + r.IntN(len(items)-1)
			from := r.IntN(len(items) - n + 1)
			return append(items[:from:from], items[from+n:]...)
		}
	case "page-twice":
		from := r.IntN(len(items))
		to := from + 1 + r.IntN(min(len(items)-from, 3))
		return append(items[:to:to], items[from:]...)
	case "page-moving":
		items = append([]any(nil), items...)
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	return items
}

// page is one page of a list, and the number of the next.
func (f *fate) page(items []any, page, size int) (on []any, next int) {
	total := len(items)
	pages := (total + size - 1) / size
	next = page + 1
	if f != nil {
		switch {
		case pages <= 1:
			return f.part(items), next
		case f.paging == "page-missing" && next <= pages:
			next++
		case f.paging == "page-twice" && page > 1:
			page--
		case f.paging == "page-moving":
			items = f.part(items)
		}
	}
	return items[min((page-1)*size, total):min(page*size, total)], next
}
