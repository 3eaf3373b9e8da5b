package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fault answers that the service, or a proxy before it, has failed.
func (s *Server) fault(w http.ResponseWriter, fate *fate) {
	r := fate.draw("error")
	status := []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}[r.IntN(4)]
	if r.IntN(2) == 0 {
		s.write(w, status, map[string]string{"detail": "A server error occurred.", "error_code": "server_error"})
		return
	}
	page(w, status, fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// throttledOddly refuses a request for a second or two, and says so in one of
// the ways of RFC 9110, or not at all.
func (s *Server) throttledOddly(w http.ResponseWriter, fate *fate) {
	r := fate.draw("throttled")
	seconds := 1 + r.IntN(2)
	switch r.IntN(3) {
	case 0:
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	case 1:
		w.Header().Set("Retry-After", time.Now().Add(time.Duration(seconds)*time.Second).UTC().Format(http.TimeFormat))
	}
	s.fail(w, http.StatusTooManyRequests, "throttled", "", "Request was throttled.")
}

func page(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html>\n<html><head><title>%s</title></head>\n<body><h1>%[1]s</h1></body></html>\n", title) // failing: the client is gone
}

// damage sends an answer with one of the faults of its body. Where it has no
// body it gets one.
func (f *faulty) damage(w http.ResponseWriter, r *http.Request, a *recorded, fate *fate) {
	chance := fate.draw(fate.ending)
	if a.body.Len() == 0 {
		if a.status == http.StatusNoContent {
			a.status = http.StatusOK
		}
		a.header.Set("Content-Type", "application/json")
		a.body.WriteString("{}\n")
	}
	body := a.body.Bytes()
	switch fate.ending {
	case "html":
		page(w, http.StatusOK, "Welcome to the guest network")
		return
	case "mixed-up":
		f.said.other(r, a).send(w)
		return
	case "malformed":
		damaged := malformed(chance, body)
		a.body.Reset()
		a.body.Write(damaged)
		a.send(w)
		return
	case "type":
		a.header["Content-Type"] = []string{[]string{"text/html; charset=utf-8", "text/plain", "application/octet-stream"}[chance.IntN(3)]}
		a.send(w)
		return
	}
	maps.Copy(w.Header(), a.header)
	out := http.NewResponseController(w)
	write := func(b []byte) bool { // reports whether the client is still there
		_, err := w.Write(b)
		return err == nil && out.Flush() == nil
	}
	switch fate.ending {
	case "truncated":
		if chance.IntN(2) == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.WriteHeader(a.status)
		write(body[:chance.IntN(len(body))])
		panic(http.ErrAbortHandler)
	case "slow":
		w.WriteHeader(a.status)
		f.slowly(r, chance, body, write)
	case "oversized":
		w.WriteHeader(a.status)
		end := len(bytes.TrimRight(body, " \n")) - 1
		f.endlessly(r, body[:end], body[end:], write)
	}
}

// slowly sends a body in about forty pieces, the first of one byte.
func (f *faulty) slowly(r *http.Request, chance *rand.Rand, body []byte, write func([]byte) bool) {
	most := max(1, len(body)/20)
	for n := 1; len(body) > 0; n = min(1+chance.IntN(most), len(body)) {
		if !write(body[:n]) {
			return
		}
		body = body[n:]
		wait := time.NewTimer(time.Duration(1+chance.IntN(20)) * time.Millisecond)
		select {
		case <-wait.C:
		case <-r.Context().Done():
		case <-f.stop:
		}
		wait.Stop()
	}
}

// maxOversized is how much white space an oversized body has at most.
const maxOversized = 4 << 30

// endlessly sends a body with very much white space in it, so that a reader
// that looks at it as it comes finds nothing wrong.
func (f *faulty) endlessly(r *http.Request, head, tail []byte, write func([]byte) bool) {
	blank := bytes.Repeat([]byte(" "), 64<<10)
	for ok, sent := write(head), 0; ok && sent < maxOversized; ok, sent = write(blank), sent+len(blank) {
		select {
		case <-r.Context().Done():
			return
		case <-f.stop:
			return
		default:
		}
	}
	write(tail)
}

// malformed damages JSON so that it is none.
func malformed(chance *rand.Rand, body []byte) []byte {
	text := strings.TrimRight(string(body), " \n")
	switch chance.IntN(4) {
	case 0:
		text = text[:chance.IntN(len(text))]
	case 1:
		text = strings.Replace(text, `"`, "'", 1)
	case 2:
		text = strings.Replace(text, ":", "", 1)
	case 3:
		text = text[:len(text)-1] + "," + text[len(text)-1:]
	}
	if json.Valid([]byte(text)) {
		text += "}"
	}
	return []byte(text)
}

// said is what was answered lately, for answers that are mixed up.
type said struct {
	mu sync.Mutex
	by map[string][]*recorded // by the kind of answer
}

// answerKind is what an answer's body is, from its request.
func answerKind(r *http.Request) string {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, BasePath), "/"), "/")
	what := parts[0]
	if len(parts) > 1 {
		what += "/one"
	}
	if len(parts) > 2 {
		what = "dns-records"
	}
	if r.Method == http.MethodPost {
		what += "/one"
	}
	return what
}

// maxSaid is how many answers of a kind are kept.
const maxSaid = 8

func (s *said) keep(r *http.Request, a *recorded) {
	if a.status/100 != 2 || a.body.Len() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string][]*recorded{}
	}
	kind := answerKind(r)
	same := &recorded{header: a.header.Clone(), status: a.status}
	same.body.Write(a.body.Bytes())
	kept := append(s.by[kind], same)
	s.by[kind] = kept[max(0, len(kept)-maxSaid):]
}

// other gives the latest answer of the kind that is another; else the right one.
func (s *said) other(r *http.Request, a *recorded) *recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.by[answerKind(r)]
	for i := len(kept) - 1; i >= 0; i-- {
		if !bytes.Equal(kept[i].body.Bytes(), a.body.Bytes()) {
			return kept[i]
		}
	}
	return a
}
