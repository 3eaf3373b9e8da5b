package sandbox

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// shown is a record as the API answers it.
type shown struct {
	ID       string    `json:"uuid"`
	Type     string    `json:"record_type"`
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	TTL      *int64    `json:"ttl,omitempty"`
	Priority *int      `json:"priority"`
	Created  time.Time `json:"created_at"`
}

// shownSparse leaves out what is null.
type shownSparse struct {
	ID       string    `json:"uuid"`
	Type     string    `json:"record_type"`
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	TTL      *int64    `json:"ttl,omitempty"`
	Priority *int      `json:"priority,omitempty"`
	Created  time.Time `json:"created_at"`
}

type shownZone struct {
	ID      string    `json:"uuid"`
	Domain  string    `json:"domain"`
	Created time.Time `json:"created_at"`
	Count   *int      `json:"record_count,omitempty"`
	Records *[]any    `json:"records,omitempty"`
	// Deployment is the sandbox's own: the documented API has no word for it.
	// It is there where there are nameservers that the zone is deployed to.
	Deployment *shownDeployment `json:"deployment,omitempty"`
}

// shownDeployment is how far the last change of a zone has come.
type shownDeployment struct {
	Status string `json:"status"`           // deployed, pending or failed
	Serial uint32 `json:"serial,omitempty"` // that is served
	Detail string `json:"detail,omitempty"` // why it is not what was written last
}

// record gives a record in the server's dialect.
func (s *Server) record(z *zone, r *Record) any {
	d := s.dialect
	name, value, priority := r.Name, r.Value, r.Priority
	fqdn := z.Domain
	if name != "@" {
		fqdn = name + "." + z.Domain
	}
	switch d.get("names") {
	case "fqdn":
		name = fqdn
	case "dot":
		name = fqdn + "."
	case "relative":
		if name == "@" {
			name = ""
		}
	}
	dot := func(host string) string {
		if d.get("hosts") == "dot" && host != "." {
			host += "."
		}
		if d.get("case") == "mixed" {
			host = mixCase(host)
		}
		return host
	}
	switch r.Type {
	case "AAAA":
		if addr, err := netip.ParseAddr(value); err == nil && d.get("aaaa") == "long" {
			value = strings.ToUpper(addr.StringExpanded())
		}
	case "CNAME", "NS":
		value = dot(value)
	case "MX":
		value = dot(value)
		if d.get("mx") == "joined" {
			value, priority = strconv.Itoa(*priority)+" "+value, nil
		}
	case "SRV":
		i := strings.LastIndexByte(value, ' ')
		value = value[:i+1] + dot(value[i+1:])
		if d.get("srv") == "joined" {
			value, priority = strconv.Itoa(*priority)+" "+value, nil
		}
	case "TXT":
		value = s.text(value)
	}
	if d.get("case") == "mixed" {
		name = mixCase(name)
	}
	ttl := r.TTL
	if d.get("fields") == "sparse" {
		out := shownSparse{r.ID, r.Type, name, value, &ttl, priority, r.Created}
		if ttl == 3600 {
			out.TTL = nil
		}
		return out
	}
	return shown{r.ID, r.Type, name, value, &ttl, priority, r.Created}
}

// text gives a TXT value, kept as one quoted string, in the server's dialect.
func (s *Server) text(kept string) string {
	_, raw, _ := readQuoted(kept, 1)
	switch s.dialect.get("txt") {
	case "quoted":
		return kept
	case "chunks":
		var parts []string
		for rest := raw; rest != "" || parts == nil; {
			n := min(len(rest), 255)
			parts = append(parts, quoteText(rest[:n]))
			rest = rest[n:]
		}
		return strings.Join(parts, " ")
	}
	again, _ := readText(raw)
	if again != raw || !utf8.ValidString(raw) || strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.HasPrefix(raw, `"`) {
		return kept
	}
	return raw
}

func mixCase(s string) string {
	b := []byte(s)
	for i := 0; i < len(b); i += 2 {
		if b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// domain gives a zone's name in the server's dialect.
func (s *Server) domain(z *zone) string {
	name := z.Domain
	switch s.dialect.get("domain") {
	case "dot":
		name += "."
	case "unicode":
		if u, err := idna.ToUnicode(name); err == nil {
			name = u
		}
	}
	if s.dialect.get("case") == "mixed" {
		return mixCase(name)
	}
	return name
}

// zone gives a zone without its records.
func (s *Server) zone(r *http.Request, z *zone) shownZone {
	return s.counted(r, z, s.store.count(z, s.fate(r).at()))
}

// zoneWith gives a zone with its records as they were read together.
func (s *Server) zoneWith(r *http.Request, z *zone, all []*Record) shownZone {
	out := s.counted(r, z, tally(all))
	records := s.fate(r).part(s.records(z, all))
	out.Records = &records
	return out
}

func (s *Server) counted(r *http.Request, z *zone, n counts) shownZone {
	count := n.listed
	if s.dialect.get("apex") == "listed" || s.dialect.get("count") == "all" {
		count += n.system
	}
	count = s.fate(r).miscount(z, count)
	out := shownZone{ID: z.ID, Domain: s.domain(z), Created: z.Created, Count: &count}
	if s.dialect.get("count") == "none" {
		out.Count = nil
	}
	out.Deployment = s.deployment(z.Domain)
	return out
}

// records gives those of a zone that the dialect lists.
func (s *Server) records(z *zone, all []*Record) []any {
	out := make([]any, 0, len(all))
	for _, r := range all {
		if !r.System || s.dialect.get("apex") == "listed" {
			out = append(out, s.record(z, r))
		}
	}
	return out
}

// list answers a list, whole or by pages.
func (s *Server) list(w http.ResponseWriter, r *http.Request, items []any) {
	kind := s.dialect.get("list")
	if kind != "pages" && kind != "link" {
		s.write(w, http.StatusOK, s.fate(r).part(items))
		return
	}
	size := s.dialect.number("page-size")
	if size == 0 {
		size = 100
	}
	page := 1
	if text := r.URL.Query().Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1 && (n-1)*size >= len(items) {
			s.fail(w, http.StatusNotFound, "not_found", "", "Invalid page.")
			return
		}
		page = n
	}
	total := len(items)
	items, next := s.fate(r).page(items, page, size)
	link := func(n int) *string {
		if n < 1 || n > 1 && (n-1)*size >= total {
			return nil
		}
		u := *r.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(n))
		u.RawQuery = q.Encode()
		u.Scheme, u.Host = "http", r.Host
		if s.dialect.get("next") == "internal" {
			u.Host = "dns-api.internal:8000"
		}
		if s.dialect.get("next") == "http" {
			u.Host, _, _ = strings.Cut(r.Host, ":")
		}
		text := u.String()
		return &text
	}
	if kind == "link" {
		if next := link(next); next != nil {
			w.Header().Set("Link", "<"+*next+`>; rel="next"`)
		}
		s.write(w, http.StatusOK, items)
		return
	}
	s.write(w, http.StatusOK, struct {
		Count    int     `json:"count"`
		Next     *string `json:"next"`
		Previous *string `json:"previous"`
		Results  []any   `json:"results"`
	}{total, link(next), link(page - 1), items})
}

func (s *Server) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client is gone
}

// apiError is an answer that refuses.
type apiError struct {
	status              int
	code, field, detail string
}

func invalid(field, detail string) *apiError {
	return &apiError{http.StatusBadRequest, "validation_error", field, detail}
}

func notFound() *apiError { return &apiError{http.StatusNotFound, "not_found", "", "Not found."} }

func (s *Server) refuse(w http.ResponseWriter, e *apiError) {
	s.fail(w, e.status, e.code, e.field, e.detail)
}

func (s *Server) fail(w http.ResponseWriter, status int, code, field, detail string) {
	switch {
	case s.dialect.get("errors") == "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><p>%s</p>", http.StatusText(status), html.EscapeString(detail)) // the client is gone
	case s.dialect.get("errors") == "detail" || s.dialect.get("errors") == "fields" && field == "":
		s.write(w, status, map[string]string{"detail": detail})
	case s.dialect.get("errors") == "fields":
		s.write(w, status, map[string][]string{field: {detail}})
	default:
		body := map[string]string{"detail": detail, "error_code": code}
		if field != "" {
			body["field"] = field
		}
		s.write(w, status, body)
	}
}
