package sandbox

import (
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
)

// Load puts zones into the default account as they are declared: a live side
// to start from. Nothing in them is refused, as little as on a live service
// that has grown; a zone that exists already is an error.
func (s *Server) Load(zones []schema.Zone) error {
	for i := range zones {
		z, err := s.store.createZone(defaultAccount, zones[i].Name.Display(), true)
		if err != nil {
			return fmt.Errorf("load the zone %s: %s", zones[i].Name.Display(), err.detail)
		}
		for _, set := range zones[i].RRsets {
			for _, v := range set.Values {
				r := Record{Type: string(set.Type), Name: set.Name.Relative(zones[i].Name), TTL: int64(v.TTL)}
				r.Value, r.Priority = stored(v.Data)
				if err := s.store.load(z, r); err != nil {
					return fmt.Errorf("load the zone %s: %s", zones[i].Name.Display(), err.detail)
				}
			}
		}
		s.store.forget(z)
	}
	return nil
}

// Put adds a record to a zone behind the API's back, as it is: what somebody
// else has made there, or what a service with other rules may hold. Its handle
// and time are made here.
func (s *Server) Put(domain string, r Record) error {
	s.store.mu.RLock()
	z := s.store.byDomain[domain]
	s.store.mu.RUnlock()
	if z == nil {
		return fmt.Errorf("put a record into %s: there is no such zone", domain)
	}
	if err := s.store.load(z, r); err != nil {
		return fmt.Errorf("put a record into %s: %s", domain, err.detail)
	}
	return nil
}

// load adds a record as it is.
func (s *store) load(z *zone, r Record) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insert(z, &r, true)
}

// stored is data in the server's own canonical form, and its priority.
func stored(d schema.Data) (value string, priority *int) {
	host := schema.Name.Display
	switch d := d.(type) {
	case schema.CNAME:
		return host(d.Target), nil
	case schema.NS:
		return host(d.Host), nil
	case schema.MX:
		p := int(d.Preference)
		return host(d.Exchange), &p
	case schema.SRV:
		p := int(d.Priority)
		return fmt.Sprintf("%d %d %s", d.Weight, d.Port, host(d.Target)), &p
	case schema.TXT:
		return quoteText(d.Text), nil
	case schema.Opaque:
		return d.Raw, nil
	}
	return d.String(), nil
}
