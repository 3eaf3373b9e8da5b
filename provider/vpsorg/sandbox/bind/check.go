package bind

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// Checked is a zone that BIND would load.
type Checked struct {
	domain string
	Serial uint32
	text   []byte
}

// Check reports whether BIND would load a zone, by named-checkzone and by what
// that does not look at. The error is what BIND says.
func (d *Dir) Check(ctx context.Context, domain string, records []dns.RR) (*Checked, error) {
	if err := crowded(records); err != nil {
		return nil, err
	}
	text := render(records)
	serial, ok := serialOf(text)
	if !ok {
		return nil, fmt.Errorf("the zone %s has no SOA record", domain)
	}
	// Names are as strict as named is by default; and nothing is looked up elsewhere.
	cmd := exec.CommandContext(ctx, d.checkzone, "-k", "fail", "-i", "local", "--", domain+".", "-")
	cmd.Stdin = bytes.NewReader(text)
	cmd.WaitDelay = grace
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &exit):
		return nil, fmt.Errorf("BIND refuses it: %s", reasons(string(out), err))
	case err != nil:
		return nil, fmt.Errorf("asking BIND about it: %w", err)
	}
	return &Checked{domain, serial, text}, nil
}

// crowded finds an RRset of more records than BIND serves: with more, which
// neither of its checkers counts, it refuses the zone or answers SERVFAIL.
func crowded(records []dns.RR) error {
	type key struct {
		owner  string
		rrtype uint16
	}
	sets := map[key]map[string]bool{}
	for _, rr := range records {
		h := rr.Header()
		k := key{dns.CanonicalName(h.Name), h.Rrtype}
		if sets[k] == nil {
			sets[k] = map[string]bool{}
		}
		sets[k][data(rr)] = true
	}
	for k, data := range sets {
		if len(data) > nameserver.MaxRecords {
			return fmt.Errorf("%s has %d %s records, and BIND serves %d", k.owner, len(data), dns.TypeToString[k.rrtype], nameserver.MaxRecords)
		}
	}
	return nil
}

// render is a zone as a file: the SOA record, then the others by RRset, with the
// TTL of its first record, which is the one that BIND takes.
func render(records []dns.RR) []byte {
	ordered := slices.SortedStableFunc(slices.Values(records), func(a, b dns.RR) int {
		x, y := a.Header(), b.Header()
		return cmp.Or(first(x, y), strings.Compare(x.Name, y.Name), cmp.Compare(x.Rrtype, y.Rrtype))
	})
	var text bytes.Buffer
	text.WriteString(";" + mark)
	var last dns.RR_Header
	for _, rr := range ordered {
		h := *rr.Header()
		if h.Name == last.Name && h.Rrtype == last.Rrtype {
			h.Ttl = last.Ttl
		}
		last = h
		text.WriteString(h.String())
		text.WriteString(data(rr))
		text.WriteByte('\n')
	}
	return text.Bytes()
}

// data is a record's RDATA as text.
func data(rr dns.RR) string { return strings.TrimPrefix(rr.String(), rr.Header().String()) }

// first orders SOA records before all others.
func first(a, b *dns.RR_Header) int {
	switch {
	case a.Rrtype == dns.TypeSOA && b.Rrtype != dns.TypeSOA:
		return -1
	case b.Rrtype == dns.TypeSOA && a.Rrtype != dns.TypeSOA:
		return 1
	}
	return 0
}

// place is where in the text named-checkzone has found something, and summary
// what it says besides.
var (
	place   = regexp.MustCompile(`^(dns_\w+: )?(-|stream-0x[0-9a-f]+):\d+: `)
	summary = regexp.MustCompile(`: (loading from master file .* failed: .*|not loaded due to errors\.)$`)
)

// maxReasons is how many of the lines that named-checkzone writes are told.
const maxReasons = 3

// reasons are what named-checkzone says of a zone that it refuses.
func reasons(out string, err error) string {
	var all, summaries []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case summary.MatchString(line):
			summaries = append(summaries, line)
		default:
			if reason := place.ReplaceAllString(line, ""); !slices.Contains(all, reason) {
				all = append(all, reason)
			}
		}
	}
	if len(all) == 0 {
		all = summaries
	}
	if len(all) == 0 {
		return err.Error()
	}
	if more := len(all) - maxReasons; more > 0 {
		all = append(all[:maxReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, "; ")
}
