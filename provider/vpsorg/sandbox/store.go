package sandbox

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Record is a record as the server keeps it: a relative name in lower case
// (`@` for the apex), a value in the server's own canonical form.
type Record struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	TTL      int64     `json:"ttl"`
	Priority *int      `json:"priority,omitempty"`
	Created  time.Time `json:"created"`
	// System marks the server's own apex SOA and NS.
	System bool `json:"system,omitempty"`
}

type zone struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Domain  string    `json:"domain"` // lower-case A-labels, no trailing dot
	Created time.Time `json:"created"`
	// Serial is that of the zone's SOA record at the nameservers. Each record
	// that is put or removed adds to it, when the log is read too, so that it
	// does not go back where the process does.
	Serial uint32 `json:"serial,omitempty"`

	records []*Record
	byID    map[string]*Record
	at      map[string][]*Record // by name
	past    []version            // see history.go
}

type token struct {
	Secret      string   `json:"secret"`
	Account     string   `json:"account"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
}

// store is the state behind the API.
type store struct {
	mu       sync.RWMutex
	zones    map[string]*zone // by handle
	byDomain map[string]*zone
	sorted   []*zone          // by domain; nil when out of date
	owner    map[string]*zone // record handle → zone
	tokens   map[string]*token
	first    string
	log      *stateLog

	observe    func(Event)
	events     uint64
	typeChange bool
	loose      bool // accepts a CNAME beside other data
	handles    handles

	deployments []*deployments    // to each group of nameservers that there is
	serials     map[string]uint32 // the last ones of deleted zones, by domain

	lag  time.Duration    // how far back reads may look
	gone map[string]*zone // deleted so lately that they may be seen
}

const defaultAccount = "sandbox@example.com"

func allPermissions() []string {
	return []string{"dns:list", "dns:create", "dns:update", "dns:delete"}
}

func newStore() *store {
	return &store{zones: map[string]*zone{}, byDomain: map[string]*zone{}, owner: map[string]*zone{}, tokens: map[string]*token{}, gone: map[string]*zone{}, serials: map[string]uint32{}}
}

func (s *store) defaultToken() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.first
}

func (s *store) addToken(account string, permissions []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &token{"vps_" + strings.ToLower(rand.Text() + rand.Text())[:32], account, fmt.Sprintf("token %d", len(s.tokens)+1), permissions}
	s.tokens[t.Secret] = t
	if s.first == "" {
		s.first = t.Secret
	}
	s.log.write(entry{Token: t})
	return t.Secret
}

func (s *store) revoke(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, secret)
	s.log.write(entry{Revoked: secret})
}

func (s *store) authenticate(secret string) *token {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tokens[secret]
}

// listZones gives an account's zones in order of domain, at a time of which
// zero is the present, as it is for the other reads.
func (s *store) listZones(account string, at time.Time) []*zone {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = slices.SortedFunc(maps.Values(s.zones), func(a, b *zone) int { return strings.Compare(a.Domain, b.Domain) })
	}
	all := s.sorted
	if !at.IsZero() {
		all = s.zonesAt(at)
	}
	own := make([]*zone, 0, len(all))
	for _, z := range all {
		if z.Account == account {
			own = append(own, z)
		}
	}
	return own
}

// read gives a zone and a copy of its records.
func (s *store) read(account, id string, at time.Time) (*zone, []*Record, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	z := s.zones[id]
	if z == nil {
		z = s.gone[id]
	}
	if z == nil || z.Account != account {
		return nil, nil, false
	}
	records, ok := s.asOf(z, at)
	return z, slices.Clone(records), ok
}

// counts are a zone's records, apart from the server's own.
type counts struct{ listed, system int }

func tally(records []*Record) counts {
	var n counts
	for _, r := range records {
		if r.System {
			n.system++
		}
	}
	n.listed = len(records) - n.system
	return n
}

func (s *store) count(z *zone, at time.Time) counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !at.IsZero() {
		records, _ := s.asOf(z, at)
		return tally(records)
	}
	n := tally(z.at["@"]) // the server's own are at the apex
	n.listed = len(z.records) - n.system
	return n
}

func (s *store) find(account, record string, at time.Time) (*zone, *Record, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !at.IsZero() {
		return s.findAt(account, record, at)
	}
	z := s.owner[record]
	if z == nil || z.Account != account {
		return nil, nil, false
	}
	return z, z.byID[record], true
}

func (s *store) createZone(account, domain string, foreign bool) (*zone, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byDomain[domain] != nil {
		return nil, invalid("domain", "A zone for this domain already exists.")
	}
	z := &zone{ID: s.handles.next(domain), Account: account, Domain: domain, Created: now()}
	z.Serial = max(uint32(z.Created.Unix()), s.serials[domain]+1)
	own := []*Record{
		{Type: "SOA", Name: "@", Value: "ns1.vps.org hostmaster.vps.org 1 7200 3600 1209600 3600", TTL: 3600},
		{Type: "NS", Name: "@", Value: "ns1.vps.org", TTL: 3600},
		{Type: "NS", Name: "@", Value: "ns2.vps.org", TTL: 3600},
	}
	entries := []entry{{Zone: z}}
	for _, r := range own {
		r.ID, r.Created, r.System = s.handleFor(z, r), now(), true
		entries = append(entries, entry{ZoneID: z.ID, Record: r})
	}
	if err := s.log.write(entries...); err != nil {
		return nil, err
	}
	s.remember(z)
	s.putZone(z)
	for _, r := range own {
		s.putRecord(z, r)
	}
	s.event(Event{Method: "POST", Zone: domain, Handle: z.ID, Foreign: foreign})
	return z, nil
}

func (s *store) deleteZone(account, id string) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[id]
	if z == nil || z.Account != account {
		return notFound()
	}
	if err := s.log.write(entry{ZoneID: id, Deleted: true}); err != nil {
		return err
	}
	if s.remember(z); len(z.past) > 0 {
		s.gone[id] = z
	}
	s.dropZone(z)
	s.event(Event{Method: "DELETE", Zone: z.Domain, Handle: id})
	return nil
}

// createRecord checks the rules between records and adds one.
func (s *store) createRecord(z *zone, r Record) (*Record, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[z.ID] == nil {
		return nil, notFound()
	}
	if err := s.exclusive(z, &r, ""); err != nil {
		return nil, err
	}
	if err := s.insert(z, &r, false); err != nil {
		return nil, err
	}
	return &r, nil
}

// updateRecord replaces the record of the same handle.
func (s *store) updateRecord(z *zone, r Record) (*Record, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := z.byID[r.ID]
	if old == nil {
		return nil, notFound()
	}
	if old.Type == "SOA" {
		return nil, invalid("record_type", "The SOA record is managed by the service.")
	}
	if old.Type != r.Type && !s.typeChange {
		return nil, invalid("record_type", "The type of a record cannot be changed.")
	}
	if err := s.exclusive(z, &r, r.ID); err != nil {
		return nil, err
	}
	r.Created, r.System = old.Created, false
	if err := s.replace(z, old, &r, false); err != nil {
		return nil, err
	}
	return &r, nil
}

func (s *store) deleteRecord(z *zone, id string) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := z.byID[id]
	if old == nil {
		return notFound()
	}
	if old.Type == "SOA" {
		return invalid("record_type", "The SOA record is managed by the service.")
	}
	return s.remove(z, old, false)
}

// insert, replace and remove are the writes to a record. One that cannot be
// kept has no effect.
func (s *store) insert(z *zone, r *Record, foreign bool) *apiError {
	r.ID, r.Created = s.handleFor(z, r), now()
	if err := s.log.write(entry{ZoneID: z.ID, Record: r}); err != nil {
		return err
	}
	s.remember(z)
	s.putRecord(z, r)
	s.event(Event{Method: "POST", Zone: z.Domain, Handle: r.ID, After: r, Foreign: foreign})
	return nil
}

func (s *store) replace(z *zone, old, r *Record, foreign bool) *apiError {
	if err := s.log.write(entry{ZoneID: z.ID, Record: r}); err != nil {
		return err
	}
	s.remember(z)
	s.removeRecord(z, old)
	s.putRecord(z, r)
	s.event(Event{Method: "PUT", Zone: z.Domain, Handle: r.ID, Before: old, After: r, Foreign: foreign})
	return nil
}

func (s *store) remove(z *zone, old *Record, foreign bool) *apiError {
	if err := s.log.write(entry{ZoneID: z.ID, RecordID: old.ID, Deleted: true}); err != nil {
		return err
	}
	s.remember(z)
	s.removeRecord(z, old)
	s.event(Event{Method: "DELETE", Zone: z.Domain, Handle: old.ID, Before: old, Foreign: foreign})
	return nil
}

func (s *store) handleFor(z *zone, r *Record) string {
	priority := ""
	if r.Priority != nil {
		priority = strconv.Itoa(*r.Priority)
	}
	return s.handles.next(z.Domain, r.Name, r.Type, r.Value, priority)
}

// exclusive enforces that nothing stands beside a CNAME.
func (s *store) exclusive(z *zone, r *Record, except string) *apiError {
	if s.loose {
		return nil
	}
	if r.Type == "CNAME" && r.Name == "@" {
		return invalid("name", "A CNAME record is not allowed at the zone apex.")
	}
	for _, other := range z.at[r.Name] {
		if other.ID != except && (r.Type == "CNAME" || other.Type == "CNAME") {
			return invalid("record_type", "A CNAME record cannot coexist with other records of the same name.")
		}
	}
	return nil
}

func (s *store) putZone(z *zone) {
	z.byID, z.at = map[string]*Record{}, map[string][]*Record{}
	s.zones[z.ID], s.byDomain[z.Domain], s.sorted = z, z, nil
}

func (s *store) dropZone(z *zone) {
	for id := range z.byID {
		delete(s.owner, id)
	}
	s.serials[z.Domain] = z.Serial
	delete(s.zones, z.ID)
	delete(s.byDomain, z.Domain)
	s.sorted = nil
}

func (s *store) putRecord(z *zone, r *Record) {
	z.Serial++
	z.records = append(z.records, r)
	z.byID[r.ID], s.owner[r.ID] = r, z
	z.at[r.Name] = append(z.at[r.Name], r)
}

func (s *store) removeRecord(z *zone, r *Record) {
	z.Serial++
	same := func(o *Record) bool { return o == r }
	// A copy: readers hold the old slice.
	z.records = slices.DeleteFunc(slices.Clone(z.records), same)
	z.at[r.Name] = slices.DeleteFunc(slices.Clone(z.at[r.Name]), same)
	delete(z.byID, r.ID)
	delete(s.owner, r.ID)
}

func (s *store) event(e Event) {
	s.events++
	e.Number = s.events
	if s.observe != nil {
		s.observe(e)
	}
	for _, d := range s.deployments {
		d.changed(e.Zone, s.edition(e.Zone))
	}
}

// edition is a zone as it is now.
func (s *store) edition(domain string) edition {
	z := s.byDomain[domain]
	if z == nil {
		return edition{absent: true}
	}
	return edition{serial: z.Serial, records: z.records}
}

// Snapshot gives the records of every zone, by domain, but for the server's own.
func (s *Server) Snapshot() map[string][]Record {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	all := map[string][]Record{}
	for _, z := range s.store.zones {
		all[z.Domain] = []Record{}
		for _, r := range z.records {
			if !r.System {
				all[z.Domain] = append(all[z.Domain], *r)
			}
		}
	}
	return all
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
