package report

import (
	"encoding/json"
	"io"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// FormatVersion is the version of the JSON plan. Its first number changes when
// a reader of an older one could misunderstand it.
const FormatVersion = "1.0"

// Document is the JSON form of a plan; `zoneherd schema plan` prints its JSON
// Schema.
type Document struct {
	FormatVersion  string      `json:"format_version"`
	Commit         *string     `json:"commit"`
	Dirty          bool        `json:"dirty"` // the work tree differed from the commit
	Base           *string     `json:"base"`
	Live           string      `json:"live"` // the live side in words
	Digest         plan.Digest `json:"digest"`
	Loosened       []Loosening `json:"loosened"`
	Zones          []Zone      `json:"zones"`
	UnmanagedZones []string    `json:"unmanaged_zones"`
	// UndeclaredZones are zones that base declares and head does not.
	UndeclaredZones []string `json:"undeclared_zones"`
	Summary         Summary  `json:"summary"`
	// Files is the URL below which the commit's files can be looked at; empty
	// where there is none.
	Files string `json:"files,omitempty"`
	*Saved
}

// Loosening is a setting by which head protects less than base did.
type Loosening struct {
	Setting  string           `json:"setting"`
	Was      string           `json:"was"`
	Is       string           `json:"is"`
	Position *schema.Position `json:"position,omitempty"`
}

// Saved is what a plan that is saved carries besides, so that applying it can
// be refused where something has moved.
type Saved struct {
	Endpoint     string                            `json:"endpoint"`
	Account      string                            `json:"account"` // empty: the service does not say
	ConfigDigest string                            `json:"config_digest"`
	Fingerprints map[string]map[string]Fingerprint `json:"fingerprints"` // zone → "name type"
	Checksum     string                            `json:"checksum"`     // over all the rest
}

// Fingerprint names what is live of an RRset before a plan and after it; empty
// for nothing.
type Fingerprint struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Zone is the plan of one zone.
type Zone struct {
	Zone        string      `json:"zone"` // without the trailing dot
	Action      string      `json:"action"`
	Digest      plan.Digest `json:"digest"`
	Reviewed    bool        `json:"reviewed"` // base → head changes the zone, and the digest is over that
	Changes     []Change    `json:"changes"`
	Refused     []Refusal   `json:"refused"`
	AlreadyLive []Kept      `json:"already_live"`
	Unmanaged   []Kept      `json:"unmanaged"`
	Opaque      []Kept      `json:"opaque"`
	Warnings    []string    `json:"warnings"`
	Summary     Summary     `json:"summary"`
}

// Change is one write.
type Change struct {
	Action   string           `json:"action"`
	Name     string           `json:"name"` // relative to the zone, @ for the apex
	Type     string           `json:"type"`
	Before   *Record          `json:"before,omitempty"`
	After    *Record          `json:"after,omitempty"`
	Cause    string           `json:"cause,omitempty"` // with a base
	Swap     bool             `json:"swap,omitempty"`
	Adopted  bool             `json:"adopted,omitempty"` // deletes what base left alone
	Risks    []Risk           `json:"risks"`
	Wave     int              `json:"wave"`
	Position *schema.Position `json:"position,omitempty"`
}

// Record is one side of a change: data in presentation form with absolute
// names, and the TTL in seconds.
type Record struct {
	Data string     `json:"data"`
	TTL  schema.TTL `json:"ttl"`
}

// Risk is a kind and a reason in words.
type Risk struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// Refusal is a guard's no, and the flag that overrides it.
type Refusal struct {
	Guard    string `json:"guard"`
	Reason   string `json:"reason"`
	Override string `json:"override"`
}

// Kept is a live RRset that stays as it is.
type Kept struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Records int    `json:"records"`
	Reason  string `json:"reason"`
}

// Summary counts: create, update, delete and writes are records, the others RRsets.
type Summary struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Delete    int `json:"delete"`
	Unchanged int `json:"unchanged"`
	Drift     int `json:"drift"`
	Conflict  int `json:"conflict"`
	Writes    int `json:"writes"`
}

// JSON writes the document.
func JSON(w io.Writer, d *Document) error {
	e := json.NewEncoder(InertJSON(w))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// Eventful reports whether there is anything that a reviewer should know.
func (d *Document) Eventful() bool {
	return d.Summary.Writes > 0 || d.RefusedZones() > 0 || d.pendingReview() > 0 || len(d.Loosened) > 0 || len(d.UndeclaredZones) > 0
}

// NewDocument writes a plan down.
func NewDocument(p *plan.Plan, about About) *Document {
	d := &Document{
		FormatVersion: FormatVersion, Dirty: about.Dirty, Live: about.Live, Files: about.Files, Digest: p.Digest, Summary: Summary(p.Summary),
		Loosened: make([]Loosening, 0, len(p.Loosened)), Zones: make([]Zone, 0, len(p.Zones)),
		UnmanagedZones: namesOf(p.Unmanaged), UndeclaredZones: namesOf(p.Undeclared),
	}
	if about.Commit != "" {
		d.Commit = &about.Commit
	}
	if about.Base != "" {
		d.Base = &about.Base
	}
	for _, l := range p.Loosened {
		d.Loosened = append(d.Loosened, Loosening{l.Setting, l.Was, l.Is, positionOf(l.Position)})
	}
	for i := range p.Zones {
		d.Zones = append(d.Zones, zoneOf(&p.Zones[i]))
	}
	return d
}

func namesOf(zones []schema.Name) []string {
	out := make([]string, 0, len(zones))
	for _, name := range zones {
		out = append(out, name.Display())
	}
	return out
}

func positionOf(p schema.Position) *schema.Position {
	if p.IsZero() {
		return nil
	}
	return &p
}

func zoneOf(z *plan.Zone) Zone {
	out := Zone{
		Zone: z.Name.Display(), Action: string(z.Action), Digest: z.Digest, Reviewed: z.Reviewed, Summary: Summary(z.Summary),
		Changes: make([]Change, 0, len(z.Changes)), Refused: make([]Refusal, 0, len(z.Refused)),
		AlreadyLive: keptOf(z, z.AlreadyLive), Unmanaged: keptOf(z, z.Unmanaged), Opaque: keptOf(z, z.Opaque),
		Warnings: append([]string{}, z.Notes()...),
	}
	for i := range z.Changes {
		out.Changes = append(out.Changes, NewChange(z.Name, &z.Changes[i]))
	}
	for _, r := range z.Refused {
		out.Refused = append(out.Refused, Refusal{r.Guard, r.Reason, r.Override})
	}
	return out
}

// NewChange writes a change of a zone down.
func NewChange(zone schema.Name, c *plan.Change) Change {
	out := Change{
		Action: string(c.Action), Name: c.Key.Name.Relative(zone), Type: string(c.Key.Type),
		Before: recordOf(c.Before), After: recordOf(c.After), Cause: string(c.Cause), Swap: c.Swap, Adopted: c.Adopted, Wave: c.Wave,
		Risks: make([]Risk, 0, len(c.Risks)), Position: positionOf(c.Position),
	}
	for _, r := range c.Risks {
		out.Risks = append(out.Risks, Risk{string(r.Kind), r.Reason})
	}
	return out
}

func recordOf(r *plan.Record) *Record {
	if r == nil {
		return nil
	}
	return &Record{r.Data.String(), r.TTL}
}

func keptOf(z *plan.Zone, kept []plan.Kept) []Kept {
	out := make([]Kept, 0, len(kept))
	for _, k := range kept {
		out = append(out, Kept{k.Key.Name.Relative(z.Name), string(k.Key.Type), k.Records, k.Reason})
	}
	return out
}
