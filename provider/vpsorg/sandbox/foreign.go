package sandbox

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
)

// zoneAtHand is the zone that a request is about, if it is about one and
// somebody else is to write to it.
func (f *faulty) zoneAtHand(r *http.Request, fate *fate) *zone {
	if fate.foreign == "" {
		return nil
	}
	s := f.server.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	collection, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, BasePath+"/"), "/")
	id, _, _ := strings.Cut(rest, "/")
	query := r.URL.Query()
	switch {
	case collection == "dns-zones" && id != "":
		return s.zones[id]
	case collection == "dns-zones":
		return s.byDomain[query.Get("domain")]
	case collection == "dns-records" && id != "":
		return s.owner[id]
	}
	return s.zones[query.Get("zone")]
}

// foreign writes to a zone as somebody else: it adds a record, or changes or
// deletes one that is not the server's own. What makes no valid zone, or cannot
// be kept, is left.
func (s *store) foreign(z *zone, l lot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[z.ID] == nil {
		return
	}
	chance := l.draw("foreign what")
	old := s.pick(z, l)
	what := chance.IntN(3)
	if old == nil {
		what = 0
	}
	switch what {
	case 0:
		r := Record{Type: "TXT", Name: fmt.Sprintf("foreign-%04x", chance.IntN(1<<16)), Value: quoteText("somebody else's"), TTL: 300}
		if chance.IntN(2) == 0 {
			r.Type, r.Value = "A", documentation(chance)
		}
		if old != nil && chance.IntN(2) == 0 { // beside a record
			r.Name = old.Name
		}
		if s.exclusive(z, &r, "") == nil && !s.holds(z, &r) {
			_ = s.insert(z, &r, true)
		}
	case 1:
		r := *old
		r.TTL = []int64{60, 300, 1800, 3600, 86400}[chance.IntN(5)]
		if chance.IntN(2) == 0 {
			r.Value, r.TTL = otherValue(chance, old), old.TTL
		}
		if s.exclusive(z, &r, old.ID) == nil && !s.holds(z, &r) {
			_ = s.replace(z, old, &r, true)
		}
	case 2:
		_ = s.remove(z, old, true)
	}
}

// pick draws one of a zone's records, in whichever order they are.
func (s *store) pick(z *zone, l lot) (least *Record) {
	var at lot
	for _, r := range z.records {
		d := digest(l[:], []byte(r.ID))
		if !r.System && (least == nil || bytes.Compare(d[:], at[:]) < 0) {
			least, at = r, d
		}
	}
	return least
}

// holds reports whether a zone has the very same record already.
func (s *store) holds(z *zone, r *Record) bool {
	for _, o := range z.at[r.Name] {
		if o.Type == r.Type && o.Value == r.Value && (o.ID != r.ID || o.TTL == r.TTL) && (o.Priority == nil || r.Priority == nil || *o.Priority == *r.Priority) {
			return true
		}
	}
	return false
}

// documentation is an address that is nobody's (RFC 5737).
func documentation(chance *rand.Rand) string {
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(chance.IntN(256))}).String()
}

// otherValue gives another value of a record's type.
func otherValue(chance *rand.Rand, r *Record) string {
	host := fmt.Sprintf("foreign-%04x.example.net", chance.IntN(1<<16))
	switch r.Type {
	case "A":
		return documentation(chance)
	case "AAAA":
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(chance.IntN(256))}).String()
	case "CNAME", "NS", "MX":
		return host
	case "SRV":
		return r.Value[:strings.LastIndexByte(r.Value, ' ')+1] + host
	case "TXT":
		return quoteText(fmt.Sprintf("somebody else's %04x", chance.IntN(1<<16)))
	}
	return r.Value
}
