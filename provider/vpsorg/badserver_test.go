package vpsorg_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// badServer is a service in memory that holds zones and goes wrong as its
// script says: each request takes an instruction of it, and each instruction
// the bytes that it needs. Where the script has ended the service is sound, or
// begins the script again if it repeats. What it has said in full is kept, for
// a judgement of what was sent to it.
type badServer struct {
	mu      sync.Mutex
	zones   map[string]*badZone // by handle
	made    int
	script  []byte
	at      int
	repeats bool
	body    string // what it answers besides

	requests int
	most     int // requests are broken off beyond it
	stop     context.CancelFunc
	log      *said
	wrong    []string // deletions for which nothing that was said gives a reason
	deletes  int
}

type badZone struct {
	domain  string
	records []map[string]any
}

func (z *badZone) find(id string) int {
	return slices.IndexFunc(z.records, func(r map[string]any) bool { return r["uuid"] == id })
}

func (s *badServer) next() byte {
	if s.at >= len(s.script) {
		if !s.repeats || len(s.script) == 0 {
			return 0
		}
		s.at = 0
	}
	s.at++
	return s.script[s.at-1]
}

// The instructions.
const (
	sound = iota
	cutShort
	listedTwice
	leftOut // of the records; the count stays
	otherCount
	noCount
	otherRecord // a value of a record is another
	other       // the script's own body
	otherStatus
	throttles
	unreachable
	breaksOff
	breaksOffAfter // taking effect
	hangs
	hangsWithin // the body
	endless
	pagesWithoutEnd
	pages
	linked
	redirects
	ofAnotherZone
	fails // though it took effect
	forgets
	renamed
	instructions
)

var badStatuses = []int{200, 201, 202, 204, 206, 299, 301, 308, 400, 401, 403, 404, 405, 408, 409, 410, 418, 425, 429, 500, 501, 502, 503, 504, 599, 999}

func (s *badServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests++; s.requests > s.most {
		s.stop()
		return nil, errors.New("too many requests")
	}
	var sent map[string]any
	if r.Body != nil {
		text, _ := io.ReadAll(r.Body) // in memory
		_ = json.Unmarshal(text, &sent)
	}
	if r.Method == http.MethodDelete {
		s.deletes++
		if why := s.log.mayDelete(r.URL); why != "" {
			s.wrong = append(s.wrong, why)
		}
	}
	do := int(s.next()) % instructions
	if do == unreachable {
		return nil, errors.New("connection refused")
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if do == breaksOff {
		return nil, errors.New("connection reset")
	}
	status, answer := http.StatusOK, any(nil)
	if do != forgets && do != otherStatus && do != throttles || r.Method == http.MethodGet {
		status, answer = s.serve(r, sent)
	} else if do == forgets { // says that it was done, and it was not
		before := s.copy()
		status, answer = s.serve(r, sent)
		s.zones = before
	}
	header := http.Header{}
	answer = s.spoil(do, r, answer, header)
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	if answer == nil {
		body = nil
	}
	switch do {
	case breaksOffAfter:
		return nil, errors.New("connection reset")
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case cutShort:
		body = body[:len(body)*int(s.next())/256]
	case other:
		body = []byte(s.body)
	case otherStatus:
		status = badStatuses[int(s.next())%len(badStatuses)]
		if s.next()%2 == 0 {
			body = []byte(s.body)
		}
	case throttles:
		status = http.StatusTooManyRequests
		header.Set("Retry-After", []string{"", "0", "1", "119", "99999999999999999999", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", s.body}[s.next()%8])
	case redirects:
		status = []int{301, 302, 303, 307, 308}[s.next()%5]
		header.Set("Location", "https://elsewhere.example/")
	case fails:
		status = []int{500, 502, 503, 504}[s.next()%4]
	}
	res := &http.Response{StatusCode: status, Header: header, Request: r, Body: io.NopCloser(bytes.NewReader(body))}
	switch do {
	case hangsWithin:
		half := body[:len(body)/2]
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(half), &hanging{r.Context()}))
		return res, nil
	case endless:
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), endlessly(" ")))
		return res, nil
	}
	s.log.note(r, status, header, body)
	return res, nil
}

// hanging is a body of which nothing comes until the request is given up.
type hanging struct{ ctx context.Context }

func (h *hanging) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

// endlessly is a body that never ends.
type endlessly string

func (e endlessly) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e[i%len(e)]
	}
	return len(p), nil
}

func (s *badServer) copy() map[string]*badZone {
	out := map[string]*badZone{}
	for id, z := range s.zones {
		c := &badZone{z.domain, make([]map[string]any, len(z.records))}
		for i := range z.records {
			c.records[i] = maps.Clone(z.records[i])
		}
		out[id] = c
	}
	return out
}

// spoil makes an answer wrong.
func (s *badServer) spoil(do int, r *http.Request, answer any, header http.Header) any {
	var records []any
	zone, isZone := answer.(map[string]any)
	switch v := answer.(type) {
	case []any:
		records = v
	case map[string]any:
		records, _ = v["records"].([]any)
	}
	put := func(changed []any) any {
		if _, bare := answer.([]any); bare {
			return changed
		}
		if isZone && zone["records"] != nil {
			zone["records"] = changed
		}
		return answer
	}
	switch do {
	case listedTwice:
		if len(records) > 0 {
			return put(append(records, records[int(s.next())%len(records)]))
		}
	case leftOut:
		if len(records) > 0 {
			from := int(s.next()) % len(records)
			return put(slices.Delete(slices.Clone(records), from, min(len(records), from+1+int(s.next())%4)))
		}
	case otherCount:
		if isZone && zone["record_count"] != nil {
			zone["record_count"] = zone["record_count"].(int) + int(int8(s.next()))
		}
	case noCount:
		if isZone {
			delete(zone, "record_count")
		}
	case otherRecord:
		if len(records) > 0 {
			if rec, ok := records[int(s.next())%len(records)].(map[string]any); ok {
				key := []string{"uuid", "name", "value", "record_type", "ttl", "priority", "domain", "record_count"}[s.next()%8]
				rec[key] = []any{nil, s.body, "", 0, -1, 1e300, true, []any{}, "@", "..", "example.com", strings.Repeat("a", 300)}[s.next()%12]
			}
		}
	case ofAnotherZone:
		if isZone && zone["domain"] != nil {
			zone["uuid"] = "z2"
		}
	case renamed:
		if isZone && zone["domain"] != nil {
			zone["domain"] = []string{"EXAMPLE.COM.", "example.org", s.body}[s.next()%3]
		}
	case pages, pagesWithoutEnd:
		if _, bare := answer.([]any); !bare {
			break
		}
		half := len(records) / 2
		page, next := records[:half], any("?page=2")
		if r.URL.Query().Get("page") != "" {
			page, next = records[half:], nil
		}
		if do == pagesWithoutEnd && s.made < 40 { // else a run has ten thousand of them
			s.made++
			next = fmt.Sprintf("http://internal/?page=%d", s.made)
		}
		if page == nil {
			page = []any{}
		}
		return map[string]any{"count": len(records), "next": next, "results": page}
	case linked:
		if r.URL.Query().Get("page") == "" {
			header.Set("Link", `<http://elsewhere.example/?page=2>; rel="next"`)
			return put(records[:len(records)/2])
		}
	}
	return answer
}

// serve is the sound service.
func (s *badServer) serve(r *http.Request, sent map[string]any) (int, any) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/"), "/"), "/")
	missing := map[string]any{"detail": "Not found."}
	head := func(id string) map[string]any {
		return map[string]any{"uuid": id, "domain": s.zones[id].domain, "record_count": len(s.zones[id].records)}
	}
	listed := func(id string) []any {
		out := []any{}
		if z := s.zones[id]; z != nil {
			for _, rec := range z.records {
				out = append(out, maps.Clone(rec))
			}
		}
		return out
	}
	switch {
	case path[0] == "dns-records" && len(path) == 1:
		return 200, listed(r.URL.Query().Get("zone"))
	case path[0] == "dns-records":
		for _, z := range s.zones {
			i := z.find(path[1])
			if i < 0 {
				continue
			}
			switch r.Method {
			case http.MethodDelete:
				z.records = slices.Delete(z.records, i, i+1)
				return 204, nil
			case http.MethodPatch, http.MethodPut:
				maps.Copy(z.records[i], sent)
			}
			return 200, maps.Clone(z.records[i])
		}
		return 404, missing
	case path[0] != "dns-zones":
		return 404, missing
	case len(path) == 1 && r.Method == http.MethodPost:
		s.made++
		id := fmt.Sprintf("made%d", s.made)
		s.zones[id] = &badZone{domain: fmt.Sprint(sent["domain"])}
		z := head(id)
		z["records"] = []any{}
		return 201, z
	case len(path) == 1:
		out := []any{}
		for _, id := range slices.Sorted(maps.Keys(s.zones)) {
			if d := r.URL.Query().Get("domain"); d == "" || d == s.zones[id].domain {
				out = append(out, head(id))
			}
		}
		return 200, out
	}
	z := s.zones[path[1]]
	switch {
	case z == nil:
		return 404, missing
	case len(path) == 3 && r.Method == http.MethodPost:
		s.made++
		sent["uuid"] = fmt.Sprintf("new%d", s.made)
		z.records = append(z.records, sent)
		return 201, maps.Clone(sent)
	case len(path) == 3:
		return 200, listed(path[1])
	case r.Method == http.MethodDelete:
		delete(s.zones, path[1])
		return 204, nil
	}
	out := head(path[1])
	out["records"] = listed(path[1])
	return 200, out
}

// said is what a service has said in answers that arrived whole, read without
// the client's code.
type said struct {
	zones map[string]*saidZone // by handle
	gone  map[string]bool      // the domains that are to be deleted
}

type saidZone struct {
	domains map[string]bool
	created map[string]bool // records that the service said it has created there
	details []counted
	below   counted // the pages of the list below the zone, together
	flat    counted // those of the list of all records
}

// counted is a set of handles, and the number that the service gave with it; -1
// for none.
type counted struct {
	count   int
	handles map[string]bool
}

func (s *said) zone(id string) *saidZone {
	if s.zones[id] == nil {
		s.zones[id] = &saidZone{domains: map[string]bool{}, created: map[string]bool{},
			below: counted{-1, map[string]bool{}}, flat: counted{-1, map[string]bool{}}}
	}
	return s.zones[id]
}

// handlesOf are the handles of a list of things, in either form.
func handlesOf(list any) map[string]bool {
	out := map[string]bool{}
	items, _ := list.([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out[handleOf(m)] = true
		}
	}
	return out
}

func handleOf(m map[string]any) string {
	if m["uuid"] == nil {
		return ""
	}
	return fmt.Sprint(m["uuid"])
}

func (s *said) note(r *http.Request, status int, _ http.Header, body []byte) {
	var v any
	if status/100 != 2 || json.Unmarshal(body, &v) != nil {
		return
	}
	object, _ := v.(map[string]any)
	count := -1
	if n, ok := object["count"].(float64); ok {
		count = int(n)
	}
	list := v
	if object != nil {
		list = object["results"]
	}
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/"), "/")
	add := func(to *counted) {
		maps.Copy(to.handles, handlesOf(list))
		if count >= 0 {
			to.count = count
		}
	}
	switch {
	case path[0] == "dns-zones" && len(path) == 1 && r.Method == http.MethodGet:
		items, _ := list.([]any)
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				s.zone(handleOf(m)).domains[domainOf(m)] = true
			}
		}
	case path[0] == "dns-zones" && len(path) == 1:
		s.zone(handleOf(object)).domains[domainOf(object)] = true
	case path[0] == "dns-zones" && len(path) == 2 && r.Method == http.MethodGet && handleOf(object) == path[1]:
		c := counted{-1, handlesOf(object["records"])}
		switch n := object["record_count"].(type) {
		case float64:
			c.count = int(n)
		case string:
			if _, err := fmt.Sscan(n, &c.count); err != nil {
				c.count = -1
			}
		}
		s.zone(path[1]).details = append(s.zone(path[1]).details, c)
	case path[0] == "dns-zones" && len(path) == 3 && r.Method == http.MethodGet:
		add(&s.zone(path[1]).below)
	case path[0] == "dns-zones" && len(path) == 3:
		s.zone(path[1]).created[handleOf(object)] = true
	case path[0] == "dns-records" && len(path) == 1:
		add(&s.zone(r.URL.Query().Get("zone")).flat)
	case path[0] == "dns-records" && r.Method != http.MethodGet: // a change may give a record a new handle
		for _, z := range s.zones {
			if z.lists(path[1]) {
				z.created[handleOf(object)] = true
			}
		}
	}
}

func domainOf(m map[string]any) string {
	text, _ := m["domain"].(string)
	return strings.ToLower(strings.TrimSuffix(text, "."))
}

func (z *saidZone) lists(handle string) bool {
	return z.created[handle] || z.below.handles[handle] || z.flat.handles[handle] ||
		slices.ContainsFunc(z.details, func(c counted) bool { return c.handles[handle] })
}

// mayDelete says why what was said gives no reason to delete something; empty
// if it does: the zone that it is in was read whole, as the reference has it,
// and listed it.
func (s *said) mayDelete(u *url.URL) string {
	path := strings.Split(strings.Trim(strings.TrimPrefix(u.Path, "/api/v1/"), "/"), "/")
	if path[0] == "dns-zones" && len(path) == 2 {
		z := s.zones[path[1]]
		switch {
		case z == nil || !slices.ContainsFunc(slices.Collect(maps.Keys(z.domains)), func(d string) bool { return s.gone[d] }):
			return "a zone is deleted that was never listed as one that is to go: " + path[1]
		case !s.whole(path[1]):
			return "a zone is deleted that was never read whole: " + path[1]
		}
		return ""
	}
	if path[0] != "dns-records" || len(path) != 2 {
		return "something is deleted that is neither a zone nor a record: " + u.Path
	}
	for id, z := range s.zones {
		if z.lists(path[1]) && s.whole(id) {
			return ""
		}
	}
	return "a record is deleted that no zone listed that was read whole: " + path[1]
}

// whole reports whether some reading of a zone could be all of it.
func (s *said) whole(id string) bool {
	z := s.zones[id]
	for _, d := range z.details {
		n := len(d.handles)
		surplus := d.count - n
		switch {
		case d.count < 0: // only a list that tells its number can be whole
			if z.below.count >= 0 && len(z.below.handles) >= z.below.count {
				return true
			}
		case surplus <= 0, len(z.below.handles) >= d.count:
			return true
		case surplus > 9:
		case s.confirmed(surplus, id) >= 2:
			return true
		case (n == 0 || n%10 != 0) && z.below.holds(d) && z.flat.holds(d):
			return true
		}
	}
	return false
}

// confirmed is how many other zones have a surplus.
func (s *said) confirmed(surplus int, but string) int {
	n := 0
	for id, z := range s.zones {
		if id != but && slices.ContainsFunc(z.details, func(d counted) bool { return d.count-len(d.handles) == surplus }) {
			n++
		}
	}
	return n
}

// holds reports whether all that d lists is in c.
func (c counted) holds(d counted) bool {
	for h := range d.handles {
		if !c.handles[h] {
			return false
		}
	}
	return true
}
