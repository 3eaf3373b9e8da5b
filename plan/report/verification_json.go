package report

import (
	"encoding/json"
	"io"

	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

// verificationJSON is the JSON form of what nameservers answer.
type verificationJSON struct {
	FormatVersion string             `json:"format_version"`
	OK            bool               `json:"ok"`
	Zones         []verifiedZoneJSON `json:"zones"`
}

type verifiedZoneJSON struct {
	Zone        string           `json:"zone"`
	Status      verify.Status    `json:"status"`
	Reason      string           `json:"reason,omitempty"`
	RRsets      int              `json:"rrsets"` // that were asked for
	OldTTL      schema.TTL       `json:"old_ttl"`
	Nameservers []nameserverJSON `json:"nameservers"`
	// Transferred: what is not declared would have been found wherever it is.
	Transferred bool           `json:"transferred"`
	NotAsked    []notAskedJSON `json:"not_asked"`
	Notices     []string       `json:"notices"`
}

type nameserverJSON struct {
	Host     string         `json:"host,omitempty"`
	Address  string         `json:"address"`
	Resolver bool           `json:"resolver"`
	Status   verify.Status  `json:"status"`
	Reason   string         `json:"reason,omitempty"`
	Serial   uint32         `json:"serial"`
	Transfer bool           `json:"transfer"`
	DNSSEC   verify.DNSSEC  `json:"dnssec,omitempty"`
	Findings []findingJSON  `json:"findings"`
	Unseen   []notAskedJSON `json:"unseen"`
}

type findingJSON struct {
	Kind     verify.Kind      `json:"kind"`
	Name     string           `json:"name"`
	Type     schema.Type      `json:"type"`
	Want     []verifiedRecord `json:"want"`
	Got      []verifiedRecord `json:"got"`
	Reason   string           `json:"reason,omitempty"`
	Position *schema.Position `json:"position,omitempty"`
}

type verifiedRecord struct {
	Data string     `json:"data"`
	TTL  schema.TTL `json:"ttl"`
}

type notAskedJSON struct {
	Name   string      `json:"name"`
	Type   schema.Type `json:"type"`
	Reason string      `json:"reason,omitempty"`
}

// VerificationJSON writes what nameservers answer as one JSON document.
func VerificationJSON(w io.Writer, r *verify.Report) error {
	out := verificationJSON{FormatVersion: FormatVersion, OK: r.OK(), Zones: make([]verifiedZoneJSON, 0, len(r.Zones))}
	for i := range r.Zones {
		z := &r.Zones[i]
		zone := verifiedZoneJSON{Zone: z.Zone.Display(), Status: z.Status(), RRsets: z.Asked, OldTTL: z.OldTTL, Transferred: z.Transferred(),
			Nameservers: []nameserverJSON{}, NotAsked: []notAskedJSON{}, Notices: append([]string{}, z.Notices...)}
		if z.Problem != nil {
			zone.Reason = z.Problem.Reason
		}
		for _, l := range z.Left {
			zone.NotAsked = append(zone.NotAsked, notAskedJSON{l.Key.Name.Relative(z.Zone), l.Key.Type, l.Reason})
		}
		for j := range z.Servers {
			zone.Nameservers = append(zone.Nameservers, nameserverOf(z.Zone, &z.Servers[j]))
		}
		out.Zones = append(out.Zones, zone)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func nameserverOf(zone schema.Name, s *verify.ServerReport) nameserverJSON {
	out := nameserverJSON{Host: s.Server.Host, Address: s.Server.Addr.String(), Resolver: s.Server.Resolver, Status: s.Status, Reason: s.Reason,
		Serial: s.Serial, Transfer: s.Transfer, DNSSEC: s.DNSSEC, Findings: []findingJSON{}, Unseen: []notAskedJSON{}}
	for _, f := range s.Findings {
		finding := findingJSON{Kind: f.Kind, Name: f.Key.Name.Relative(zone), Type: f.Key.Type, Want: verifiedRecords(f.Want), Got: verifiedRecords(f.Got), Reason: f.Reason}
		if !f.Position.IsZero() {
			finding.Position = &f.Position
		}
		out.Findings = append(out.Findings, finding)
	}
	for _, k := range s.Unseen {
		out.Unseen = append(out.Unseen, notAskedJSON{Name: k.Name.Relative(zone), Type: k.Type})
	}
	return out
}

func verifiedRecords(records []verify.Record) []verifiedRecord {
	out := make([]verifiedRecord, 0, len(records))
	for _, r := range records {
		out = append(out, verifiedRecord{r.Data.String(), r.TTL})
	}
	return out
}
