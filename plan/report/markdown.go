package report

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// The most bytes that GitHub takes. A comment is bounded in characters, of
// which there are never more than bytes.
const (
	CommentLimit = 65536
	SummaryLimit = 1 << 20
)

// MarkdownOptions are how a plan is written as Markdown.
type MarkdownOptions struct {
	Title string // empty: "zoneherd plan"
	Limit int    // the most bytes; 0: any number
	// Rest says where what does not fit can be read, as Markdown; empty: it
	// is only counted.
	Rest string
}

// Markdown writes the document for a comment or a job summary on GitHub
// (GitHub Flavored Markdown): refusals and risks first, then a folded diff for
// each zone. What does not fit is counted. All that comes from a record, a
// file or a server stands in code, where nothing in it takes effect: no
// markup, link, mention or reference.
func Markdown(w io.Writer, d *Document, opts MarkdownOptions) error {
	m := &markdown{limit: opts.Limit}
	if m.limit <= 0 {
		m.limit = 1 << 62
	}
	tail := footer(d)
	m.limit -= len(tail) + 256 // what was left out is said in less than that
	title := opts.Title
	if title == "" {
		title = "zoneherd plan"
	}
	m.head(d, title)
	m.settings(d)
	m.refusals(d)
	m.risks(d)
	m.others(d)
	hidden := m.zones(d)
	m.limit += 256
	if hidden > 0 || m.cut > 0 {
		rest := "."
		if opts.Rest != "" {
			rest = ": " + opts.Rest + "."
		}
		var what []string
		if hidden > 0 {
			what = append(what, are(hidden, "change", "changes"))
		}
		if m.cut > 0 {
			what = append(what, are(m.cut, "line above", "lines above"))
		}
		m.add("\n**%s did not fit here**%s\n", strings.Join(what, " and "), rest)
	}
	_, err := io.WriteString(w, m.String()+tail)
	return err
}

// end writes a text that is a heading and a list, and counts what was cut.
func (m *markdown) end(w io.Writer) error {
	m.limit += 100
	if m.cut > 0 {
		m.add("- and %d more\n", m.cut)
	}
	_, err := io.WriteString(w, m.String())
	return err
}

// markdown is a text that is bounded in bytes.
type markdown struct {
	strings.Builder
	limit int
	cut   int // lines that did not fit, outside of the zones
}

// fits adds a text if there is room for it.
func (m *markdown) fits(text string) {
	if m.Len()+len(text) <= m.limit {
		m.WriteString(text)
	}
}

func (m *markdown) add(format string, args ...any) { m.fits(fmt.Sprintf(format, args...)) }

// list writes the lines of a section under its heading, as far as its share
// of the room goes.
func (m *markdown) list(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	room := (m.limit - m.Len()) / 2 // the rest is for what follows
	var text strings.Builder
	text.WriteString("\n" + heading + "\n\n")
	for i, line := range lines {
		if text.Len()+len(line) > room {
			m.cut += len(lines) - i
			break
		}
		text.WriteString(line)
	}
	m.fits(text.String())
}

// code puts a text into a code span (CommonMark 6.1), inert.
func code(text string) string {
	text = Inert(text)
	if text == "" {
		return "` `"
	}
	fence := strings.Repeat("`", longest(text, '`')+1)
	if strings.Trim(text, "`") != text || strings.TrimSpace(text) != text {
		text = " " + text + " "
	}
	return fence + text + fence
}

// longest is the length of the longest run of a byte in a text.
func longest(text string, c byte) int {
	most, run := 0, 0
	for i := 0; i < len(text); i++ {
		if text[i] != c {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}

// tag is a text as code within HTML, where Markdown does not reach.
func tag(text string) string { return "<code>" + html.EscapeString(Inert(text)) + "</code>" }

func (m *markdown) head(d *Document, title string) {
	s := d.Summary
	switch refused := d.RefusedZones(); {
	case refused > 0:
		title += ": refused in " + are(refused, "zone", "zones")
	case s.Writes == 0 && d.pendingReview() == 0:
		title += ": nothing to do"
	default:
		title += fmt.Sprintf(": %d to create, %d to update, %d to delete", s.Create, s.Update, s.Delete)
	}
	m.add("### %s\n\n", title)
	from := "The files here"
	if d.Commit != nil {
		from = "Commit " + code((*d.Commit)[:min(len(*d.Commit), 12)])
		if d.Dirty {
			from += " with uncommitted changes"
		}
	}
	if d.Base != nil {
		from += " since " + code((*d.Base)[:min(len(*d.Base), 12)])
	}
	if d.Live != "" {
		from += " against " + code(d.Live)
	}
	m.add("%s: %s, %s unchanged.\n", from, are(len(d.Zones), "zone", "zones"), are(s.Unchanged, "RRset", "RRsets"))
	if s.Drift+s.Conflict > 0 {
		m.add("\nOf these writes, **drift** accounts for %s (live differs where git's change does not touch it) and **conflict** for %s (git's change would overwrite a live change).\n",
			are(s.Drift, "RRset", "RRsets"), are(s.Conflict, "RRset", "RRsets"))
	}
}

// RefusedZones counts the zones that a guard refuses.
func (d *Document) RefusedZones() int {
	n := 0
	for i := range d.Zones {
		if len(d.Zones[i].Refused) > 0 {
			n++
		}
	}
	return n
}

// pendingReview counts the zones that git changes, whether or not that is live.
func (d *Document) pendingReview() int {
	n := 0
	for i := range d.Zones {
		if d.Zones[i].Reviewed {
			n++
		}
	}
	return n
}

func (m *markdown) settings(d *Document) {
	var lines []string
	for _, l := range d.Loosened {
		at := ""
		if l.Position != nil {
			at = " (" + d.link(*l.Position) + ")"
		}
		lines = append(lines, fmt.Sprintf("- %s%s: before, %s; now, %s\n", code(l.Setting), at, code(l.Was), code(l.Is)))
	}
	m.list("#### ⚠️ This change loosens what protects the zones", lines)
}

func (m *markdown) refusals(d *Document) {
	var lines []string
	for i := range d.Zones {
		z := &d.Zones[i]
		for _, r := range z.Refused {
			line := fmt.Sprintf("- %s: **%s**: %s", code(z.Zone), code(r.Guard), code(r.Reason))
			if r.Override != "" {
				line += "; if that is meant: " + code(r.Override)
			}
			lines = append(lines, line+"\n")
		}
	}
	m.list("#### ⛔ Refused: nothing is applied until this is resolved", lines)
}

func (m *markdown) risks(d *Document) {
	var lines []string
	for i := range d.Zones {
		z := &d.Zones[i]
		if z.Action == string(plan.ZoneDelete) {
			lines = append(lines, fmt.Sprintf("- %s: **`delete-zone`**: the zone is deleted with all that it holds\n", code(z.Zone)))
		}
		for j := range z.Changes {
			c := &z.Changes[j]
			for _, r := range c.Risks {
				lines = append(lines, fmt.Sprintf("- %s: %s: **%s**: %s\n", code(z.Zone), code(c.Action+" "+c.Name+" "+c.Type), code(r.Kind), code(r.Reason)))
			}
		}
	}
	m.list("#### ⚠️ Risks", lines)
}

// others tells of zones that git does not declare, any more or at all.
func (m *markdown) others(d *Document) {
	list := func(zones []string) string {
		var out []string
		for _, z := range zones[:min(len(zones), 10)] {
			out = append(out, code(z))
		}
		if n := len(zones) - 10; n > 0 {
			out = append(out, fmt.Sprintf("and %d more", n))
		}
		return strings.Join(out, ", ")
	}
	if len(d.UndeclaredZones) > 0 {
		m.add("\nNo longer declared, left live and unmanaged from now on: %s\n", list(d.UndeclaredZones))
	}
	if others := except(d.UnmanagedZones, d.UndeclaredZones); len(others) > 0 {
		m.add("\nLive zones that these files do not declare, left alone: %s\n", list(others))
	}
}

// link points at a place in the repository where it can be looked at.
func (d *Document) link(p schema.Position) string {
	url := linksTo(d.Files).url(p)
	if url == "" {
		return code(p.String())
	}
	return fmt.Sprintf("[%s](<%s>)", code(p.String()), url)
}

// zones writes a folded diff for each zone, and gives how many changes did not
// fit.
func (m *markdown) zones(d *Document) (hidden int) {
	for i := range d.Zones {
		z := &d.Zones[i]
		if z.quiet() {
			continue
		}
		n := len(z.Changes)
		if hidden > 0 { // no zone is shown after one that was cut
			hidden += n
			continue
		}
		s := z.Summary
		summary := fmt.Sprintf("\n<details><summary>%s: %d to create, %d to update, %d to delete</summary>\n\n", tag(z.Zone), s.Create, s.Update, s.Delete)
		lines := z.diff()
		ticks := 2
		for _, l := range lines {
			ticks = max(ticks, longest(l.text, '`'))
		}
		fence := strings.Repeat("`", ticks+1)
		end := fence + "\n\n</details>\n"
		if m.Len()+len(summary)+2*len(fence)+len(end)+200 > m.limit {
			hidden += n
			continue
		}
		m.WriteString(summary + fence + "diff\n")
		shown := 0
		for _, l := range lines {
			if m.Len()+len(l.text)+1+len(end) > m.limit {
				hidden += n - shown
				break
			}
			m.WriteString(l.text + "\n")
			if l.change {
				shown++
			}
		}
		m.WriteString(end)
	}
	return hidden
}

// quiet reports whether there is nothing to show of a zone.
func (z *Zone) quiet() bool {
	return len(z.Changes) == 0 && z.Action == string(plan.ZoneNone) && len(z.Warnings) == 0 && len(z.AlreadyLive) == 0
}

// diffLine is a line of a zone's diff.
type diffLine struct {
	text   string
	change bool // the last line of a change
}

// diff writes a zone's changes as the lines of a diff: an update as a removal
// and an addition, so that both are coloured.
func (z *Zone) diff() []diffLine {
	var out []diffLine
	say := func(change bool, sign, format string, args ...any) {
		out = append(out, diffLine{sign + Inert(fmt.Sprintf(format, args...)), change})
	}
	switch z.Action {
	case string(plan.ZoneCreate):
		say(false, "+ ", "the zone is created")
	case string(plan.ZoneDelete):
		say(false, "- ", "the zone is deleted")
	}
	name, typ := 0, 0
	for i := range z.Changes {
		name = max(name, utf8.RuneCountInString(z.Changes[i].Name))
		typ = max(typ, len(z.Changes[i].Type))
	}
	name = min(name, 40)
	var told string // the heading that stands above
	for _, c := range z.inReadingOrder() {
		if h := heading(plan.Cause(c.Cause)); h != told {
			say(false, "@@ ", "%s @@", h)
			told = h
		}
		record := func(r *Record) string {
			return fmt.Sprintf("%s  %s  %s  ttl %d", pad(c.Name, name), pad(c.Type, typ), r.Data, r.TTL)
		}
		if c.Before != nil {
			say(c.After == nil, "- ", "%s", record(c.Before))
		}
		if c.After != nil {
			say(true, "+ ", "%s", record(c.After))
		}
	}
	for _, w := range z.Warnings {
		say(false, "! ", "%s", w)
	}
	if n := len(z.AlreadyLive); n > 0 {
		say(false, "  ", "already live: %s of this change", are(n, "RRset", "RRsets"))
	}
	return out
}

// footer stands below everything.
func footer(d *Document) string {
	return "\n<sub>digest " + code(string(d.Digest)) + "</sub>\n"
}
