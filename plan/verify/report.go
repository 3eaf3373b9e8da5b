package verify

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// Status says how a nameserver, or a zone, is.
type Status string

// The statuses, from good to bad.
const (
	OK          Status = "ok"
	Lagging     Status = "lagging"     // wrong, and behind another nameserver
	Wrong       Status = "wrong"       // it answers something else than is declared
	Lame        Status = "lame"        // it has no authority for the zone
	Unreachable Status = "unreachable" // it does not answer
	Elsewhere   Status = "elsewhere"   // the zone is delegated to other nameservers, or to none
	Unknown     Status = "unknown"     // which nameservers there are could not be found out
)

var badness = map[Status]int{OK: 0, Lagging: 1, Wrong: 2, Lame: 3, Unreachable: 4, Elsewhere: 5, Unknown: 6}

// Server is one address of a nameserver, or of a resolver.
type Server struct {
	Host     string // its name as NS records have it; empty where only the address is known
	Addr     netip.AddrPort
	Resolver bool
}

// String is the host, if it has one, and the address.
func (s Server) String() string {
	addr := s.Addr.String()
	if s.Addr.Port() == 53 {
		addr = s.Addr.Addr().String()
	}
	if s.Host == "" {
		return addr
	}
	return s.Host + " (" + addr + ")"
}

// Report is what the nameservers of some zones answer.
type Report struct {
	Zones []ZoneReport // in order of name
}

// OK reports whether every nameserver of every zone answers as declared.
func (r *Report) OK() bool {
	for i := range r.Zones {
		if r.Zones[i].Status() != OK {
			return false
		}
	}
	return true
}

// ZoneReport is what the nameservers of one zone answer.
type ZoneReport struct {
	Zone    schema.Name
	Servers []ServerReport
	Asked   int    // RRsets that were asked for
	Whole   bool   // what is not declared was to be found too
	Left    []Left // RRsets that were not
	// Problem is why no nameserver was asked; nil where some was.
	Problem *Problem
	// OldTTL is how long resolvers may go on answering what was there before.
	OldTTL schema.TTL
	// TakenBack is how many RRsets were asked for as they were before.
	TakenBack int
	Notices   []string
}

// Problem is why the nameservers of a zone were not asked.
type Problem struct {
	Status Status // Elsewhere or Unknown
	Reason string
}

// Left is an RRset that is declared and not asked for.
type Left struct {
	Key    schema.Key
	Reason string
}

// Status is that of the worst nameserver.
func (z *ZoneReport) Status() Status {
	if z.Problem != nil {
		return z.Problem.Status
	}
	worst := OK
	for i := range z.Servers {
		if badness[z.Servers[i].Status] > badness[worst] {
			worst = z.Servers[i].Status
		}
	}
	return worst
}

// ServerReport is what one nameserver answers for a zone.
type ServerReport struct {
	Server   Server
	Status   Status
	Serial   uint32    // of its SOA record, where it has authority
	Reason   string    // why it is lame or unreachable, or by how much it lags
	Transfer bool      // the whole zone was seen, with whatever is not declared
	DNSSEC   DNSSEC    // empty where that is not known
	Findings []Finding // in order of key
	// Unseen are delegations, and what lies below them, that the nameserver does
	// not show, since it has authority for what they delegate too.
	Unseen []schema.Key

	noRoute bool // this machine cannot reach such addresses
}

// DNSSEC says whether a zone is signed.
type DNSSEC string

// What is known of signatures. None of it makes an answer wrong.
const (
	Unsigned  DNSSEC = "unsigned"
	Signed    DNSSEC = "signed"    // it has keys
	Validated DNSSEC = "validated" // a resolver has checked the signatures
)

// Kind is in which way an RRset is not as declared.
type Kind string

// The kinds.
const (
	Missing  Kind = "missing"  // there is none
	Other    Kind = "other"    // other records
	OtherTTL Kind = "ttl"      // the same records with another TTL
	Extra    Kind = "extra"    // what is not declared
	NoAnswer Kind = "noanswer" // no answer that could be read, or one that tells of a failure
)

// Finding is an RRset that a nameserver does not answer as declared.
type Finding struct {
	Key       schema.Key
	Kind      Kind
	Want, Got []Record
	Reason    string          // of NoAnswer
	Position  schema.Position // where it is declared; none for Extra
}

// Record is one record of an RRset.
type Record struct {
	Data schema.Data
	TTL  schema.TTL
}

// Transferred reports whether some nameserver has shown the whole zone, with
// whatever is not declared.
func (z *ZoneReport) Transferred() bool {
	return slices.ContainsFunc(z.Servers, func(s ServerReport) bool { return s.Transfer })
}

// conclude tells nameservers that are behind from those that are wrong: by the
// serial of the SOA record, in the arithmetic of RFC 1982.
func (z *ZoneReport) conclude() {
	newest, known := uint32(0), false
	for i := range z.Servers {
		s := &z.Servers[i]
		if s.Server.Resolver || s.Status != OK && s.Status != Wrong {
			continue
		}
		if !known || older(newest, s.Serial) {
			newest, known = s.Serial, true
		}
	}
	for i := range z.Servers {
		s := &z.Servers[i]
		if s.Status == Wrong && !s.Server.Resolver && older(s.Serial, newest) {
			s.Status = Lagging
			s.Reason = fmt.Sprintf("its serial is %d, and another nameserver has %d", s.Serial, newest)
		}
	}
}

// dropNoRoute leaves out addresses that this machine cannot reach at all, such
// as those of IPv6 on most runners, of nameservers that have others.
func (z *ZoneReport) dropNoRoute() {
	reached := map[string]bool{}
	for i := range z.Servers {
		if s := &z.Servers[i]; !s.noRoute && s.Server.Host != "" {
			reached[s.Server.Host] = true
		}
	}
	z.Servers = slices.DeleteFunc(z.Servers, func(s ServerReport) bool {
		drop := s.noRoute && reached[s.Server.Host]
		if drop {
			z.Notices = append(z.Notices, fmt.Sprintf("%s was not asked: no such address can be reached from here", s.Server))
		}
		return drop
	})
}

// older compares serials (RFC 1982 section 3.2).
func older(a, b uint32) bool { return a != b && int32(b-a) > 0 }
