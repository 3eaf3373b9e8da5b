package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the largest request body in bytes.
const maxBody = 1 << 20

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	allowed := map[string][]string{}
	for pattern, h := range map[string]struct {
		permission string
		handle     func(http.ResponseWriter, *http.Request, *token)
	}{
		"GET /account/me/{$}":              {"", s.me},
		"GET /dns-zones/{$}":               {"dns:list", s.listZones},
		"POST /dns-zones/{$}":              {"dns:create", s.createZone},
		"GET /dns-zones/{id}/{$}":          {"dns:list", s.readZone},
		"DELETE /dns-zones/{id}/{$}":       {"dns:delete", s.deleteZone},
		"GET /dns-zones/{id}/records/{$}":  {"dns:list", s.zoneRecords},
		"POST /dns-zones/{id}/records/{$}": {"dns:create", s.createRecord},
		"GET /dns-records/{$}":             {"dns:list", s.listRecords},
		"GET /dns-records/{id}/{$}":        {"dns:list", s.readRecord},
		"PUT /dns-records/{id}/{$}":        {"dns:update", s.writeRecord},
		"PATCH /dns-records/{id}/{$}":      {"dns:update", s.writeRecord},
		"DELETE /dns-records/{id}/{$}":     {"dns:delete", s.deleteRecord},
	} {
		method, path, _ := strings.Cut(pattern, " ")
		allowed[path] = append(allowed[path], method)
		s.mux.HandleFunc(method+" "+BasePath+path, func(w http.ResponseWriter, r *http.Request) {
			secret, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			t := s.store.authenticate(secret)
			if fate := s.fate(r); t == nil || !bearer || fate != nil && fate.revoked {
				s.fail(w, http.StatusUnauthorized, "not_authenticated", "", "Invalid API token.")
				return
			}
			if h.permission != "" && !slices.Contains(t.Permissions, h.permission) {
				s.fail(w, http.StatusForbidden, "permission_denied", "", "Token lacks "+h.permission+" permission.")
				return
			}
			h.handle(w, r, t)
		})
	}
	for path, methods := range allowed {
		slices.Sort(methods)
		s.mux.HandleFunc(BasePath+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			s.fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "", fmt.Sprintf("Method %q not allowed.", r.Method))
		})
	}
	s.mux.HandleFunc(BasePath+"/", func(w http.ResponseWriter, r *http.Request) { s.refuse(w, notFound()) })
}

func (s *Server) me(w http.ResponseWriter, r *http.Request, t *token) {
	switch s.dialect.get("account") {
	case "missing":
		s.refuse(w, notFound())
	case "forbidden":
		s.fail(w, http.StatusForbidden, "permission_denied", "", "You do not have permission to perform this action.")
	default:
		s.write(w, http.StatusOK, map[string]any{
			"account": map[string]any{"email": t.Account},
			"token":   map[string]any{"name": t.Name, "permissions": t.Permissions},
		})
	}
}

func (s *Server) listZones(w http.ResponseWriter, r *http.Request, t *token) {
	domain := strings.ToLower(strings.TrimSuffix(r.URL.Query().Get("domain"), "."))
	items := []any{}
	for _, z := range s.store.listZones(t.Account, s.fate(r).at()) {
		if domain == "" || z.Domain == domain || s.dialect.get("filter") == "ignored" {
			items = append(items, s.zone(r, z))
		}
	}
	s.list(w, r, items)
}

func (s *Server) createZone(w http.ResponseWriter, r *http.Request, t *token) {
	var body struct {
		Domain string `json:"domain"`
	}
	if !s.decode(w, r, &body) {
		return
	}
	domain, refused := checkDomain(body.Domain)
	if refused != nil {
		s.refuse(w, refused)
		return
	}
	z, refused := s.store.createZone(t.Account, domain, false)
	if refused != nil {
		s.refuse(w, refused)
		return
	}
	s.answerZone(w, r, http.StatusCreated, t, z.ID)
}

func (s *Server) readZone(w http.ResponseWriter, r *http.Request, t *token) {
	s.answerZone(w, r, http.StatusOK, t, r.PathValue("id"))
}

func (s *Server) answerZone(w http.ResponseWriter, r *http.Request, status int, t *token, id string) {
	z, all, ok := s.store.read(t.Account, id, s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	s.write(w, status, s.zoneWith(r, z, all))
}

func (s *Server) deleteZone(w http.ResponseWriter, r *http.Request, t *token) {
	if refused := s.store.deleteZone(t.Account, r.PathValue("id")); refused != nil {
		s.refuse(w, refused)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) zoneRecords(w http.ResponseWriter, r *http.Request, t *token) {
	z, all, ok := s.store.read(t.Account, r.PathValue("id"), s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	s.list(w, r, s.records(z, all))
}

func (s *Server) listRecords(w http.ResponseWriter, r *http.Request, t *token) {
	id, kind := r.URL.Query().Get("zone"), r.URL.Query().Get("record_type")
	items := []any{}
	for _, z := range s.store.listZones(t.Account, s.fate(r).at()) {
		if id != "" && z.ID != id {
			continue
		}
		_, all, _ := s.store.read(t.Account, z.ID, s.fate(r).at())
		if kind != "" {
			all = slices.DeleteFunc(all, func(r *Record) bool { return r.Type != kind })
		}
		items = append(items, s.records(z, all)...)
	}
	s.list(w, r, items)
}

func (s *Server) createRecord(w http.ResponseWriter, r *http.Request, t *token) {
	z, _, ok := s.store.read(t.Account, r.PathValue("id"), s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	var in input
	if !s.decode(w, r, &in) {
		return
	}
	rec, refused := in.check(z.Domain)
	if refused == nil {
		var made *Record
		if made, refused = s.store.createRecord(z, rec); refused == nil {
			s.write(w, http.StatusCreated, s.record(z, made))
			return
		}
	}
	s.refuse(w, refused)
}

func (s *Server) readRecord(w http.ResponseWriter, r *http.Request, t *token) {
	z, rec, ok := s.store.find(t.Account, r.PathValue("id"), s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	s.write(w, http.StatusOK, s.record(z, rec))
}

// writeRecord replaces a record, or with PATCH changes the given fields of it.
func (s *Server) writeRecord(w http.ResponseWriter, r *http.Request, t *token) {
	if r.Method == http.MethodPatch && s.dialect.get("patch") == "refused" {
		w.Header().Set("Allow", "GET, PUT, DELETE")
		s.fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "", `Method "PATCH" not allowed.`)
		return
	}
	z, old, ok := s.store.find(t.Account, r.PathValue("id"), s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	var in input
	if !s.decode(w, r, &in) {
		return
	}
	if r.Method == http.MethodPatch {
		in.fill(old, z.Domain)
	}
	rec, refused := in.check(z.Domain)
	if refused == nil {
		rec.ID = old.ID
		var made *Record
		if made, refused = s.store.updateRecord(z, rec); refused == nil {
			s.write(w, http.StatusOK, s.record(z, made))
			return
		}
	}
	s.refuse(w, refused)
}

// fill takes what a change does not give from the record as it is.
func (in *input) fill(old *Record, domain string) {
	if in.Type == nil {
		in.Type = &old.Type
	}
	if in.Name == nil { // in full, as a relative name may read as in full
		name := domain + "."
		if old.Name != "@" {
			name = old.Name + "." + name
		}
		in.Name = &name
	}
	if in.Value == nil {
		in.Value = &old.Value
	}
	if in.TTL == nil {
		in.TTL = &old.TTL
	}
	if in.Priority == nil {
		in.Priority = old.Priority
	}
}

func (s *Server) deleteRecord(w http.ResponseWriter, r *http.Request, t *token) {
	z, rec, ok := s.store.find(t.Account, r.PathValue("id"), s.fate(r).at())
	if !ok {
		s.refuse(w, notFound())
		return
	}
	if refused := s.store.deleteRecord(z, rec.ID); refused != nil {
		s.refuse(w, refused)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		s.fail(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "", fmt.Sprintf("Unsupported media type %q in request.", kind))
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, "parse_error", "", "JSON parse error - "+err.Error())
		return false
	}
	return true
}
