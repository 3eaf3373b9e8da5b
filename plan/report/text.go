package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// Style says how text is shown.
type Style struct {
	Color bool // for a terminal
}

// The colours of a terminal, by what they mean.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	bold   = "1"
	faint  = "2"
)

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Text writes the plan for people: what it speaks of, then each zone that has
// something to say, a line for each change with its risks below, and the
// totals last.
func Text(w io.Writer, p *plan.Plan, about About, style Style) error {
	b := bufio.NewWriter(w)
	t := &textWriter{b, style}
	t.about(about)
	t.loosened(p.Loosened)
	quiet := 0
	for i := range p.Zones {
		if silent(&p.Zones[i]) {
			quiet++
			continue
		}
		t.zone(&p.Zones[i])
	}
	if len(p.Undeclared) > 0 {
		t.line(yellow, "zones that git no longer declares, left live and unmanaged from now on: %s", Names(p.Undeclared, 10))
		t.line("", "")
	}
	if others := except(p.Unmanaged, p.Undeclared); len(others) > 0 {
		t.line(faint, "live zones that these files do not declare, left alone: %s", Names(others, 10))
		t.line("", "")
	}
	t.totals(p, quiet)
	return b.Flush()
}

type textWriter struct {
	*bufio.Writer
	style Style
}

// line writes a line in a colour; the text is formatted and made inert.
func (t *textWriter) line(color, format string, args ...any) {
	fmt.Fprintln(t, t.style.paint(color, InertLine(fmt.Sprintf(format, args...))))
}

func (t *textWriter) about(a About) {
	if a.Live == "" {
		return
	}
	from := "the files here"
	if a.Commit != "" {
		from = "commit " + a.Commit[:min(len(a.Commit), 12)]
		if a.Dirty {
			from += " with uncommitted changes"
		}
	}
	if a.Base != "" {
		from += " since " + a.Base[:min(len(a.Base), 12)]
	}
	t.line(faint, "%s against %s", from, a.Live)
	t.line("", "")
}

// loosened tells first by which settings less is protected than before.
func (t *textWriter) loosened(settings []plan.Loosening) {
	if len(settings) == 0 {
		return
	}
	t.line(bold+";"+yellow, "this change loosens what protects the zones:")
	for _, l := range settings {
		at := ""
		if !l.Position.IsZero() {
			at = l.Position.String() + ": "
		}
		t.line(yellow, "  ! %s%s: before, %s; now, %s", at, l.Setting, l.Was, l.Is)
	}
	t.line("", "")
}

// silent reports whether there is nothing to tell about a zone.
func silent(z *plan.Zone) bool {
	return z.Summary.Writes == 0 && len(z.Refused) == 0 && len(z.Notes()) == 0 && len(notable(z, z.Unmanaged)) == 0 && len(notable(z, z.Opaque)) == 0 && len(z.AlreadyLive) == 0 && len(z.Left) == 0
}

// notable leaves out what is left alone in every zone of a service that lists
// it: the apex's own SOA and NS. The JSON has them.
func notable(z *plan.Zone, kept []plan.Kept) []plan.Kept {
	return slices.DeleteFunc(slices.Clone(kept), func(k plan.Kept) bool {
		return k.Key.Name == z.Name && (k.Key.Type == "SOA" || k.Key.Type == schema.TypeNS)
	})
}

func (t *textWriter) zone(z *plan.Zone) {
	title := z.Name.Display()
	if u := z.Name.Unicode(); u != title {
		title += " (" + u + ")"
	}
	switch z.Action {
	case plan.ZoneCreate:
		title = "+ " + title + ": the zone is created"
		t.line(bold+";"+green, "%s", title)
	case plan.ZoneDelete:
		records := 0
		if z.Live != nil {
			records = len(z.Live.Records)
		}
		t.line(bold+";"+red, "- %s: the zone is deleted with its %s", title, are(records, "record", "records"))
	default:
		t.line(bold, "%s", title)
	}
	t.changes(z)
	for _, r := range z.Refused {
		text := fmt.Sprintf("refused (%s): %s", r.Guard, r.Reason)
		if r.Override != "" {
			text += "; if that is meant, " + r.Override
		}
		t.line(red, "  ✗ %s", text)
	}
	for _, warning := range z.Notes() {
		t.line(yellow, "  ! %s", warning)
	}
	if len(z.Left) > 0 {
		var left []string
		for _, ch := range inReadingOrder(z.Left) {
			left = append(left, fmt.Sprintf("%s %s", ch.Key.Name.Relative(z.Name), ch.Key.Type))
		}
		t.line(yellow, "  · drift, left as it is: %s", firstOf(slices.Compact(left)))
	}
	t.kept(z, z.Unmanaged)
	t.kept(z, z.Opaque)
	t.line("", "")
}

// columns are the widths of a zone's lines.
type columns struct{ name, typ int }

// fit makes room for an RRset; a name that is long overruns its column.
func (c *columns) fit(k schema.Key, zone schema.Name) {
	c.name = max(c.name, min(utf8.RuneCountInString(k.Name.Relative(zone)), 40))
	c.typ = max(c.typ, len(k.Type))
}

func (t *textWriter) changes(z *plan.Zone) {
	var c columns
	for i := range z.Changes {
		c.fit(z.Changes[i].Key, z.Name)
	}
	var told string // the heading that stands above
	for _, ch := range inReadingOrder(z.Changes) {
		if h := heading(ch.Cause); h != told {
			t.line(yellow, "  %s", h)
			told = h
		}
		t.change(z, ch, c)
	}
	if n := len(z.AlreadyLive); n > 0 {
		t.line(faint, "  · already live: %s of this change", are(n, "RRset", "RRsets"))
	}
}

// heading sets apart what a three-way plan does besides what git's change asks for.
func heading(cause plan.Cause) string {
	switch cause {
	case plan.Conflict:
		return "conflict: git's change meets a live change of the same RRset, which it would overwrite"
	case plan.Drift:
		return "drift: live differs from git where git's change does not touch it"
	}
	return ""
}

func (t *textWriter) change(z *plan.Zone, ch *plan.Change, c columns) {
	sign, color := "~", yellow
	var what string
	switch ch.Action {
	case plan.Create:
		sign, color = "+", green
		what = fmt.Sprintf("%s  ttl %d", show(ch.After), ch.After.TTL)
	case plan.Delete:
		sign, color = "-", red
		what = fmt.Sprintf("%s  ttl %d", show(ch.Before), ch.Before.TTL)
	default:
		what = show(ch.Before)
		if ch.Before.Data != ch.After.Data {
			what += " → " + show(ch.After)
		}
		if ch.Before.TTL != ch.After.TTL {
			what += fmt.Sprintf("  ttl %d → %d", ch.Before.TTL, ch.After.TTL)
		}
	}
	name := ch.Key.Name.Relative(z.Name)
	if u := strings.TrimSuffix(ch.Key.Name.Unicode(), "."+z.Name.Unicode()); strings.Contains(name, "xn--") && u != name {
		what += "  (" + u + ")"
	}
	head := fmt.Sprintf("  %s %s  %s", sign, pad(name, c.name), pad(string(ch.Key.Type), c.typ))
	old := ""
	if ch.Before != nil && ch.Before.TTL > 0 {
		old = "  (old answers for up to " + plan.Duration(ch.Before.TTL) + ")"
	}
	fmt.Fprintf(t, "%s  %s%s\n", t.style.paint(color, Inert(head)), Inert(what), t.style.paint(faint, old))
	indent := strings.Repeat(" ", 4)
	for _, r := range ch.Risks {
		t.line(red, "%s! %s: %s", indent, r.Kind, r.Reason)
	}
}

func show(r *plan.Record) string { return r.Data.String() }

func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// kept lists live RRsets that stay, a line for each reason.
func (t *textWriter) kept(z *plan.Zone, kept []plan.Kept) {
	var groups reasons
	for _, k := range notable(z, kept) {
		groups.add(k.Reason, k.Key, z.Name)
	}
	for _, g := range groups {
		t.line(faint, "  · left alone (%s): %s", g.reason, firstOf(g.sets))
	}
}

// reasons are RRsets by what is said of them, in the order in which that comes.
type reasons []struct {
	reason string
	sets   []string
}

func (r *reasons) add(reason string, k schema.Key, zone schema.Name) {
	set := setText(k, zone)
	for i := range *r {
		if g := &(*r)[i]; g.reason == reason {
			g.sets = append(g.sets, set)
			return
		}
	}
	*r = append(*r, struct {
		reason string
		sets   []string
	}{reason, []string{set}})
}

// setText names an RRset of a zone.
func setText(k schema.Key, zone schema.Name) string {
	return k.Name.Relative(zone) + " " + string(k.Type)
}

// firstOf lists the first few.
func firstOf(list []string) string {
	if n := len(list) - 5; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:5], ", "), n)
	}
	return strings.Join(list, ", ")
}

func (t *textWriter) totals(p *plan.Plan, quiet int) {
	s := p.Summary
	refused, left := 0, 0
	for i := range p.Zones {
		if len(p.Zones[i].Refused) > 0 {
			refused++
		}
		left += len(p.Zones[i].Left)
	}
	if s.Writes == 0 && refused == 0 && left > 0 {
		t.line(yellow, "nothing to do but for drift, which is left: %s", are(left, "record", "records"))
		return
	}
	if s.Writes == 0 && refused == 0 {
		t.line(green, "nothing to do: %s as declared (%s)", are(len(p.Zones), "zone is", "zones are"), are(s.Unchanged, "RRset", "RRsets"))
		return
	}
	t.line(bold, "%d to create, %d to update, %d to delete; %s unchanged, %s as declared", s.Create, s.Update, s.Delete, are(s.Unchanged, "RRset", "RRsets"), are(quiet, "zone", "zones"))
	if left > 0 {
		t.line(yellow, "drift is left as it is: %s", are(left, "record", "records"))
	} else if s.Drift+s.Conflict > 0 {
		t.line(yellow, "of these, drift in %s and conflict in %s", are(s.Drift, "RRset", "RRsets"), are(s.Conflict, "RRset", "RRsets"))
	}
	if s.Writes > 0 {
		t.line(faint, "digest %s", p.Digest)
	}
	if refused > 0 {
		t.line(red, "refused in %s: nothing is applied until that is resolved", are(refused, "zone", "zones"))
	}
}

func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Names lists zones, the first few by name.
func Names(list []schema.Name, most int) string {
	var out []string
	for _, n := range list[:min(len(list), most)] {
		out = append(out, n.Display())
	}
	if n := len(list) - most; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, ", ")
}
