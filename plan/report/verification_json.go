package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

// Verification is the JSON form of what nameservers answer.
type Verification struct {
	FormatVersion string         `json:"format_version"`
	OK            bool           `json:"ok"`
	Zones         []VerifiedZone `json:"zones"`
}

// VerifiedZone is what the nameservers of one zone answer.
type VerifiedZone struct {
	Zone        string           `json:"zone"`
	Status      verify.Status    `json:"status"`
	Reason      string           `json:"reason,omitempty"`
	RRsets      int              `json:"rrsets"` // that were asked for
	OldTTL      schema.TTL       `json:"old_ttl"`
	TakenBack   int              `json:"taken_back"` // asked for as they were before
	Nameservers []VerifiedServer `json:"nameservers"`
	// Transferred: what is not declared would have been found wherever it is.
	Transferred bool          `json:"transferred"`
	NotAsked    []VerifiedKey `json:"not_asked"`
	Notices     []string      `json:"notices"`
}

// VerifiedServer is what one of them answers.
type VerifiedServer struct {
	Host     string            `json:"host,omitempty"`
	Address  string            `json:"address"`
	Resolver bool              `json:"resolver"`
	Status   verify.Status     `json:"status"`
	Reason   string            `json:"reason,omitempty"`
	Serial   uint32            `json:"serial"`
	Transfer bool              `json:"transfer"`
	DNSSEC   verify.DNSSEC     `json:"dnssec,omitempty"`
	Findings []VerifiedFinding `json:"findings"`
	Unseen   []VerifiedKey     `json:"unseen"`
}

// VerifiedFinding is an RRset that is not answered as declared.
type VerifiedFinding struct {
	Kind     verify.Kind      `json:"kind"`
	Name     string           `json:"name"`
	Type     schema.Type      `json:"type"`
	Want     []VerifiedRecord `json:"want"`
	Got      []VerifiedRecord `json:"got"`
	Reason   string           `json:"reason,omitempty"`
	Position *schema.Position `json:"position,omitempty"`
}

// VerifiedRecord is one record of it.
type VerifiedRecord struct {
	Data string     `json:"data"`
	TTL  schema.TTL `json:"ttl"`
}

// VerifiedKey is an RRset that was not asked for, or not shown.
type VerifiedKey struct {
	Name   string      `json:"name"`
	Type   schema.Type `json:"type"`
	Reason string      `json:"reason,omitempty"`
}

// NewVerification writes down what nameservers answer.
func NewVerification(r *verify.Report) *Verification {
	out := &Verification{FormatVersion: FormatVersion, OK: r.OK(), Zones: make([]VerifiedZone, 0, len(r.Zones))}
	for i := range r.Zones {
		z := &r.Zones[i]
		zone := VerifiedZone{Zone: z.Zone.Display(), Status: z.Status(), RRsets: z.Asked, OldTTL: z.OldTTL, TakenBack: z.TakenBack, Transferred: z.Transferred(),
			Nameservers: []VerifiedServer{}, NotAsked: []VerifiedKey{}, Notices: append([]string{}, z.Notices...)}
		if z.Problem != nil {
			zone.Reason = z.Problem.Reason
		}
		for _, l := range z.Left {
			zone.NotAsked = append(zone.NotAsked, VerifiedKey{l.Key.Name.Relative(z.Zone), l.Key.Type, l.Reason})
		}
		for j := range z.Servers {
			zone.Nameservers = append(zone.Nameservers, nameserverOf(z.Zone, &z.Servers[j]))
		}
		out.Zones = append(out.Zones, zone)
	}
	return out
}

// WriteJSON writes it as one JSON document.
func (v *Verification) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func nameserverOf(zone schema.Name, s *verify.ServerReport) VerifiedServer {
	out := VerifiedServer{Host: s.Server.Host, Address: s.Server.Addr.String(), Resolver: s.Server.Resolver, Status: s.Status, Reason: s.Reason,
		Serial: s.Serial, Transfer: s.Transfer, DNSSEC: s.DNSSEC, Findings: []VerifiedFinding{}, Unseen: []VerifiedKey{}}
	for _, f := range s.Findings {
		finding := VerifiedFinding{Kind: f.Kind, Name: f.Key.Name.Relative(zone), Type: f.Key.Type, Want: verifiedRecords(f.Want), Got: verifiedRecords(f.Got), Reason: f.Reason}
		if !f.Position.IsZero() {
			finding.Position = &f.Position
		}
		out.Findings = append(out.Findings, finding)
	}
	for _, k := range s.Unseen {
		out.Unseen = append(out.Unseen, VerifiedKey{Name: k.Name.Relative(zone), Type: k.Type})
	}
	return out
}

func verifiedRecords(records []verify.Record) []VerifiedRecord {
	out := make([]VerifiedRecord, 0, len(records))
	for _, r := range records {
		out = append(out, VerifiedRecord{r.Data.String(), r.TTL})
	}
	return out
}

// markdown adds what is not answered as declared, a line for each nameserver.
func (v *Verification) markdown(m *markdown) {
	if v == nil {
		return
	}
	if v.OK {
		m.add("\nThe nameservers answer it: %s.\n", are(len(v.Zones), "zone", "zones"))
		return
	}
	var lines []string
	for _, z := range v.Zones {
		if z.Reason != "" {
			lines = append(lines, fmt.Sprintf("- %s: %s: %s\n", code(z.Zone), code(string(z.Status)), code(z.Reason)))
		}
		for _, s := range z.Nameservers {
			if s.Status == verify.OK {
				continue
			}
			line := fmt.Sprintf("- %s at %s: **%s**", code(z.Zone), code(s.Address), code(string(s.Status)))
			if s.Reason != "" {
				line += ": " + code(s.Reason)
			}
			if n := len(s.Findings); n > 0 {
				f := s.Findings[0]
				line += ": " + code(f.Name+" "+string(f.Type)+" "+string(f.Kind))
				if n > 1 {
					line += fmt.Sprintf(" and %d more", n-1)
				}
			}
			lines = append(lines, line+"\n")
		}
	}
	m.list("⚠️ What the nameservers do not answer as declared:", lines)
}
