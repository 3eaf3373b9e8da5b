package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// inert is text that has passed [Inert]: all that a page shows of a document
// has this type, so that none of it is forgotten.
type inert string

func quoted(s string) inert { return inert(Inert(s)) }

func quotedAll(list []string) []inert {
	out := make([]inert, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return out
}

// page is a document in the order in which its reader wants it: what stands in
// the way first, then what to look at twice, then every change.
type page struct {
	frame
	Title                      string
	Commit, Base, Live, Digest inert
	Dirty, ThreeWay            bool
	Summary                    Summary
	Sets                       struct{ Conflict, Drift, Unchanged string }
	Declared                   string   // how many zones are as declared
	Explained                  []string // what the causes mean
	Loosened                   []loosening
	Refused                    []*pageZone
	RefusedIn                  string
	Risks                      []*riskGroup
	Undeclared, Unmanaged      []inert
	Changes                    string // how many
	Zones                      []*pageZone
	Quiet                      []inert // zones about which there is nothing to say

	links links
}

type loosening struct {
	Setting, Was, Is inert
	At               place
}

// riskGroup is a kind of risk with the first changes that carry it.
type riskGroup struct {
	Kind  inert
	Count int
	First []riskLine
	More  int
}

type riskLine struct {
	ID                       string
	Zone, Name, Type, Reason inert
}

// pageZone is a zone about which there is something to say.
type pageZone struct {
	ID            string
	Name, Unicode inert
	Whole         *whole
	Refused       []refusal
	Warnings      []inert
	Tables        []table
	Kept          []keptGroup
}

// whole is what happens to a zone as such.
type whole struct {
	Action, Sign, Text string
}

type refusal struct {
	Guard, Reason, Override inert
}

// keptGroup is live RRsets that stay as they are, for one reason.
type keptGroup struct {
	Reason inert
	RRsets []inert
	Count  string
	Long   bool // too many for a line
}

// table is a run of a zone's changes. A browser can leave one that is out of
// sight unrendered, but not the rows of one.
type table struct {
	Caption inert
	Full    bool
	Changes []pageChange
}

const rowsOfTable = 100

// pageChange is one write. A change of data is in Was and Now, any other in Data.
type pageChange struct {
	ID                  string // where a risk refers to it
	Action              inert
	Sign, Step          string
	Name, Unicode, Type inert
	Data                inert
	Was, Now            *marked
	TTL, OldTTL, Old    string
	Cause               inert
	Risks               []risk
	RiskKinds           inert // separated by spaces
	At                  place
}

type risk struct{ Kind, Reason inert }

func newPage(d *Document) *page {
	s := d.Summary
	p := &page{
		frame: pageFrame(), Live: quoted(d.Live), Dirty: d.Dirty, Summary: s, ThreeWay: d.Base != nil, links: linksTo(d.Files),
		Undeclared: quotedAll(d.UndeclaredZones), Unmanaged: quotedAll(except(d.UnmanagedZones, d.UndeclaredZones)), Declared: are(len(d.Zones), "zone is", "zones are"),
	}
	p.Title = fmt.Sprintf("DNS plan: %d to create, %d to update, %d to delete", s.Create, s.Update, s.Delete)
	p.Sets.Conflict, p.Sets.Drift, p.Sets.Unchanged = rrsets(s.Conflict), rrsets(s.Drift), rrsets(s.Unchanged)
	if d.Commit != nil {
		p.Commit = quoted(*d.Commit)
	}
	if d.Base != nil {
		p.Base = quoted(*d.Base)
	}
	if s.Writes > 0 {
		p.Digest = quoted(string(d.Digest))
	}
	if s.Conflict > 0 {
		p.Explained = append(p.Explained, heading(plan.Conflict))
	}
	if s.Drift > 0 {
		p.Explained = append(p.Explained, heading(plan.Drift))
	}
	for _, l := range d.Loosened {
		p.Loosened = append(p.Loosened, loosening{quoted(l.Setting), quoted(l.Was), quoted(l.Is), p.links.place(l.Position)})
	}
	changes := 0
	for i := range d.Zones {
		changes += len(d.Zones[i].Changes)
		p.zone(&d.Zones[i])
	}
	p.Changes = are(changes, "change", "changes")
	p.RefusedIn = are(len(p.Refused), "zone", "zones")
	return p
}

func rrsets(n int) string {
	if n == 1 {
		return "RRset"
	}
	return "RRsets"
}

// zone adds a zone, to the quiet ones where there is nothing to say.
func (p *page) zone(z *Zone) {
	out := &pageZone{ID: fmt.Sprintf("z%d", len(p.Zones)+1), Name: quoted(z.Zone), Unicode: unicodeForm(z.Zone), Warnings: quotedAll(z.Warnings)}
	switch plan.ZoneAction(z.Action) {
	case plan.ZoneCreate:
		out.Whole = &whole{"create", "+", "The zone is created."}
	case plan.ZoneDelete:
		out.Whole = &whole{"delete", "−", "The zone is deleted with all that it holds."}
	}
	for _, r := range z.Refused {
		out.Refused = append(out.Refused, refusal{quoted(r.Guard), quoted(r.Reason), quoted(r.Override)})
	}
	out.kept("Already live, of what this change asks for", z.AlreadyLive)
	for _, list := range [][]Kept{z.Unmanaged, z.Opaque} {
		for _, k := range byReason(list) {
			out.kept("Left alone ("+k[0].Reason+")", k)
		}
	}
	if out.Whole == nil && len(z.Changes)+len(out.Refused)+len(out.Warnings)+len(out.Kept) == 0 {
		p.Quiet = append(p.Quiet, out.Name)
		return
	}
	p.changes(z, out)
	if len(out.Refused) > 0 {
		p.Refused = append(p.Refused, out)
	}
	p.Zones = append(p.Zones, out)
}

func (z *pageZone) kept(reason string, list []Kept) {
	if len(list) == 0 {
		return
	}
	g := keptGroup{Reason: quoted(reason), Count: are(len(list), "RRset", "RRsets"), Long: len(list) > 5}
	for _, k := range list {
		g.RRsets = append(g.RRsets, quoted(k.Name+" "+k.Type))
	}
	z.Kept = append(z.Kept, g)
}

// byReason groups live RRsets by why they stay. The apex's own SOA and NS,
// which stay in every zone of a service that lists them, are not worth a line.
func byReason(list []Kept) [][]Kept {
	var out [][]Kept
	at := map[string]int{}
	for _, k := range list {
		if k.Name == "@" && (k.Type == "SOA" || k.Type == "NS") {
			continue
		}
		i, ok := at[k.Reason]
		if !ok {
			i, at[k.Reason] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], k)
	}
	return out
}

// changes adds a zone's changes in the order in which a reader looks for them.
func (p *page) changes(z *Zone, out *pageZone) {
	var rows []pageChange
	for i, c := range z.inReadingOrder() {
		row := p.change(c)
		if len(row.Risks) > 0 {
			row.ID = fmt.Sprintf("%sc%d", out.ID, i+1)
		}
		for _, r := range row.Risks {
			p.risk(r, riskLine{row.ID, out.Name, row.Name, row.Type, r.Reason})
		}
		rows = append(rows, row)
	}
	first := 1
	for part := range slices.Chunk(rows, rowsOfTable) {
		t := table{Caption: "Changes of " + out.Name, Full: len(part) == rowsOfTable, Changes: part}
		if len(rows) > rowsOfTable {
			t.Caption += inert(fmt.Sprintf(", %d to %d of %d", first, first+len(part)-1, len(rows)))
		}
		first += len(part)
		out.Tables = append(out.Tables, t)
	}
}

func (p *page) change(c *Change) pageChange {
	out := pageChange{
		Action: quoted(c.Action), Name: quoted(c.Name), Unicode: unicodeForm(c.Name), Type: quoted(c.Type),
		Cause: quoted(c.Cause), Step: fmt.Sprintf("wave %d", c.Wave), At: p.links.place(c.Position),
	}
	out.Sign = map[plan.Action]string{plan.Create: "+", plan.Update: "~", plan.Delete: "−"}[plan.Action(c.Action)]
	if c.Swap {
		out.Step += ", half of a swap"
	}
	if r := c.After; r != nil {
		out.Data, out.TTL = quoted(r.Data), fmt.Sprint(r.TTL)
	}
	if r := c.Before; r != nil {
		if r.TTL > 0 {
			out.Old = plan.Duration(r.TTL)
		}
		switch {
		case c.After == nil:
			out.Data, out.TTL = quoted(r.Data), fmt.Sprint(r.TTL)
		default:
			if r.Data != c.After.Data {
				was, now := markDifference(r.Data, c.After.Data)
				out.Was, out.Now = &was, &now
			}
			if r.TTL != c.After.TTL {
				out.OldTTL = fmt.Sprint(r.TTL)
			}
		}
	}
	var kinds []string
	for _, r := range c.Risks {
		out.Risks = append(out.Risks, risk{quoted(r.Kind), quoted(r.Reason)})
		kinds = append(kinds, r.Kind)
	}
	out.RiskKinds = quoted(strings.Join(kinds, " "))
	return out
}

// risksShown is how many risks of a kind stand before the zones; each stands at
// its change as well.
const risksShown = 20

func (p *page) risk(r risk, line riskLine) {
	i := slices.IndexFunc(p.Risks, func(g *riskGroup) bool { return g.Kind == r.Kind })
	if i < 0 {
		i = len(p.Risks)
		p.Risks = append(p.Risks, &riskGroup{Kind: r.Kind})
	}
	g := p.Risks[i]
	if g.Count++; len(g.First) < risksShown {
		g.First = append(g.First, line)
		return
	}
	g.More++
}

// unicodeForm is what a name with A-labels is in Unicode; empty where that says
// nothing new.
func unicodeForm(name string) inert {
	if !strings.Contains(name, "xn--") {
		return ""
	}
	n, err := schema.ParseName(name)
	if err != nil || n.Unicode() == n.Display() {
		return ""
	}
	return quoted(n.Unicode())
}
