package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
)

// VerificationText writes what nameservers answer for people: a line for each zone
// that is as declared, and for the others each nameserver with what is not.
func VerificationText(w io.Writer, r *verify.Report, style Style) error {
	b := bufio.NewWriter(w)
	t := &textWriter{b, style}
	width, good, back, partly := 0, 0, 0, 0
	for i := range r.Zones {
		width = max(width, utf8.RuneCountInString(r.Zones[i].Zone.Display()))
	}
	for i := range r.Zones {
		z := &r.Zones[i]
		switch {
		case z.Status() != verify.OK:
		case z.TakenBack > 0:
			back++
		default:
			good++
		}
		if z.Whole && z.Problem == nil && !z.Transferred() {
			partly++
		}
		t.verified(z, min(width, 40))
	}
	if partly > 0 {
		t.line(faint, "no zone transfer of %s: what is served there and not declared was looked for only where the API lists it, or --base declared it", are(partly, "zone", "zones"))
	}
	told := are(good, "zone is as declared", "zones are as declared")
	if back > 0 {
		told += ", " + are(back, "is as its rollback has left it", "are as their rollbacks have left them")
	}
	if bad := len(r.Zones) - good - back; bad > 0 {
		t.line(bold+";"+red, "%s, %s not", told, are(bad, "is", "are"))
	} else {
		t.line(bold+";"+green, "verified: %s", told)
	}
	return b.Flush()
}

func (t *textWriter) verified(z *verify.ZoneReport, width int) {
	status := z.Status()
	line := fmt.Sprintf("%-*s  %s", width, z.Zone.Display(), status)
	color := green
	if status != verify.OK {
		color = bold + ";" + red
	}
	if z.Problem != nil {
		t.line(color, "%s: %s", line, z.Problem.Reason)
	} else {
		t.line(color, "%s  %s", line, aboutVerified(z))
	}
	for _, notice := range notices(z) {
		t.line(faint, "  · %s", notice)
	}
	for i := range z.Servers {
		if s := &z.Servers[i]; s.Status != verify.OK {
			t.server(z, s)
		}
	}
}

// aboutVerified is what was asked, in words.
func aboutVerified(z *verify.ZoneReport) string {
	var parts []string
	resolvers := 0
	serials := map[uint32]bool{}
	for i := range z.Servers {
		if z.Servers[i].Server.Resolver {
			resolvers++
		} else if z.Servers[i].Serial != 0 {
			serials[z.Servers[i].Serial] = true
		}
	}
	if n := len(z.Servers) - resolvers; n > 0 {
		parts = append(parts, are(n, "nameserver", "nameservers"))
	}
	if resolvers > 0 {
		parts = append(parts, are(resolvers, "resolver", "resolvers"))
	}
	parts = append(parts, are(z.Asked, "RRset", "RRsets"))
	if len(serials) == 1 {
		for serial := range serials {
			parts = append(parts, fmt.Sprintf("serial %d", serial))
		}
	}
	if d := dnssecOf(z); d != "" && d != verify.Unsigned {
		parts = append(parts, "DNSSEC: "+string(d))
	}
	return strings.Join(parts, ", ")
}

// dnssecOf is what the nameservers agree on; empty where they do not.
func dnssecOf(z *verify.ZoneReport) verify.DNSSEC {
	var told verify.DNSSEC
	for i := range z.Servers {
		switch d := z.Servers[i].DNSSEC; {
		case d == "", d == told:
		case told == "" || d == verify.Validated:
			told = d
		case told != verify.Validated:
			return ""
		}
	}
	return told
}

// notices are what a reader should know about how a zone was verified.
func notices(z *verify.ZoneReport) []string {
	out := append([]string{}, z.Notices...)
	var groups reasons
	for _, l := range z.Left {
		groups.add(l.Reason, l.Key, z.Zone)
	}
	for _, g := range groups {
		out = append(out, fmt.Sprintf("not asked for: %s: %s", firstOf(g.sets), g.reason))
	}
	var unseen []schema.Key
	for i := range z.Servers {
		unseen = append(unseen, z.Servers[i].Unseen...)
	}
	slices.SortFunc(unseen, schema.Key.Compare)
	var sets []string
	for _, k := range slices.Compact(unseen) {
		sets = append(sets, setText(k, z.Zone))
	}
	if len(sets) > 0 {
		out = append(out, "not shown by a nameserver that serves the delegated zone too: "+firstOf(sets))
	}
	if z.TakenBack > 0 {
		out = append(out, fmt.Sprintf("asked for as it was before, since it was taken back: %s", are(z.TakenBack, "RRset", "RRsets")))
	}
	if z.OldTTL > 0 {
		out = append(out, fmt.Sprintf("resolvers may go on answering what was there before for up to %s", plan.Duration(z.OldTTL)))
	}
	return out
}

// server tells in which way a nameserver is not as declared.
func (t *textWriter) server(z *verify.ZoneReport, s *verify.ServerReport) {
	who := s.Server.String()
	if s.Server.Resolver {
		who = "the resolver " + who
	}
	if s.Reason != "" {
		t.line(red, "  ✗ %s: %s: %s", who, s.Status, s.Reason)
	} else {
		t.line(red, "  ✗ %s: %s, serial %d", who, s.Status, s.Serial)
	}
	var c columns
	for i := range s.Findings {
		c.fit(s.Findings[i].Key, z.Zone)
	}
	for i := range s.Findings {
		t.finding(z, &s.Findings[i], c)
	}
}

func (t *textWriter) finding(z *verify.ZoneReport, f *verify.Finding, c columns) {
	what := ""
	switch want, got := recordsOf(f.Want), recordsOf(f.Got); f.Kind {
	case verify.Missing:
		what = fmt.Sprintf("missing: %s", want)
	case verify.Extra:
		what = fmt.Sprintf("not declared: %s", got)
	case verify.OtherTTL:
		what = fmt.Sprintf("ttl %d instead of %d", f.Got[0].TTL, f.Want[0].TTL)
	case verify.NoAnswer:
		what = f.Reason
	default:
		what = fmt.Sprintf("%s instead of %s", got, want)
	}
	head := fmt.Sprintf("    %s  %s  ", pad(f.Key.Name.Relative(z.Zone), c.name), pad(string(f.Key.Type), c.typ))
	at := ""
	if !f.Position.IsZero() {
		at = "  " + f.Position.String()
	}
	fmt.Fprintf(t, "%s%s%s\n", Inert(head), Inert(what), t.style.paint(faint, Inert(at)))
}

// recordsOf shows the records of an RRset, the first few.
func recordsOf(records []verify.Record) string {
	var parts []string
	for _, r := range records {
		parts = append(parts, r.Data.String())
	}
	return firstOf(parts)
}
