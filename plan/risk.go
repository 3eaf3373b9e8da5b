package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// RiskKind names a kind of risk.
type RiskKind string

// The kinds of risk that a change can carry.
const (
	RiskMail       RiskKind = "mail"       // mail to a name stops, or its host goes
	RiskDelegation RiskKind = "delegation" // a child zone is no longer delegated, or to nameservers that do not answer for it
	RiskApex       RiskKind = "apex"       // the zone's own address goes
	RiskEmpty      RiskKind = "empty"      // an owner name is left without data
	RiskDangling   RiskKind = "dangling"   // a record goes on pointing at the name
	RiskTTL        RiskKind = "ttl"        // a TTL is raised over a day
	RiskSPF        RiskKind = "spf"
	RiskDMARC      RiskKind = "dmarc"
	RiskCAA        RiskKind = "caa"
	RiskSwap       RiskKind = "swap"   // the name is empty for one write
	RiskOpaque     RiskKind = "opaque" // a value that could not be read is replaced
	RiskOrder      RiskKind = "order"  // a promise of the order is broken
)

// Risk is a reason to look at a change twice.
type Risk struct {
	Kind   RiskKind
	Reason string // a clause for people
}

func (c *Change) addRisk(kind RiskKind, format string, args ...any) {
	r := Risk{kind, fmt.Sprintf(format, args...)}
	if !slices.Contains(c.Risks, r) {
		c.Risks = append(c.Risks, r)
	}
}

const day schema.TTL = 24 * 60 * 60

// assess states the risks of a zone's changes. A risk that concerns a whole
// RRset or name stands at the change that completes it, the last in order.
func assess(zone schema.Name, changes []Change, d *difference) {
	last := map[schema.Key]int{}
	lastAt := map[schema.Name]int{}
	for i := range changes {
		c := &changes[i]
		if c.Action == Delete {
			last[c.Key], lastAt[c.Key.Name] = i, i
		}
		if c.Action == Update && c.After.TTL > day && c.After.TTL > c.Before.TTL {
			c.addRisk(RiskTTL, "the TTL rises over a day: a mistake would stay in resolvers for %s", Duration(c.After.TTL))
		}
		if c.Before != nil {
			if o, ok := c.Before.Data.(schema.Opaque); ok {
				c.addRisk(RiskOpaque, "the live value %q could not be read and is replaced", o.String())
			}
			assessText(zone, c, d)
		}
		if c.Swap && c.Action == Delete {
			c.addRisk(RiskSwap, "nothing can stand beside a CNAME, so the name is empty for the length of one write, and resolvers that ask then may remember that for the negative TTL of the zone's SOA")
		}
	}
	for k, i := range last {
		if _, after := d.around.of(k.Name); after.records == 0 && lastAt[k.Name] == i {
			changes[i].addRisk(RiskEmpty, "%s is left without any record", k.Name.Display())
			for _, r := range d.around.referrers(k.Name) {
				kind := RiskDangling
				if r.Type == schema.TypeMX {
					kind = RiskMail
				}
				changes[i].addRisk(kind, "the %s record of %s goes on pointing at it", r.Type, r.Name.Display())
			}
		}
		if d.around.remaining[k] > 0 {
			continue
		}
		c := &changes[i]
		switch {
		case k.Type == schema.TypeMX:
			c.addRisk(RiskMail, "%s no longer receives mail through an MX record", k.Name.Display())
		case k.Type == schema.TypeNS:
			c.addRisk(RiskDelegation, "%s is no longer delegated", k.Name.Display())
		case k.Type == schema.TypeCAA:
			c.addRisk(RiskCAA, "any authority may issue certificates for %s, unless a name above says otherwise", k.Name.Display())
		case k.Name == zone && (k.Type == schema.TypeA || k.Type == schema.TypeAAAA):
			c.addRisk(RiskApex, "the zone's own %s address goes", k.Type)
		}
	}
	for i := range changes {
		slices.SortFunc(changes[i].Risks, func(a, b Risk) int {
			return strings.Compare(string(a.Kind)+a.Reason, string(b.Kind)+b.Reason)
		})
	}
}

// assessText looks for a policy that goes away.
func assessText(zone schema.Name, c *Change, d *difference) {
	before, ok := c.Before.Data.(schema.TXT)
	if !ok {
		return
	}
	for _, p := range []struct {
		kind   RiskKind
		tag    string
		reason string
	}{
		{RiskSPF, tagSPF, "%s no longer says which hosts may send its mail (SPF)"},
		{RiskDMARC, tagDMARC, "%s no longer has a DMARC policy"},
	} {
		if tag(before.Text) == p.tag && !d.around.hasPolicy(c.Key.Name, p.tag) {
			c.addRisk(p.kind, p.reason, strings.TrimPrefix(c.Key.Name.Display(), "_dmarc."))
		}
	}
}

// Duration gives a TTL in words of at most two units, such as "1h" or "1d12h".
func Duration(t schema.TTL) string {
	units := []struct {
		name string
		len  schema.TTL
	}{{"d", day}, {"h", 3600}, {"m", 60}, {"s", 1}}
	var parts []string
	for _, u := range units {
		if n := t / u.len; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d%s", n, u.name))
			t %= u.len
		} else if len(parts) > 0 {
			break
		}
	}
	if len(parts) == 0 {
		return "0s"
	}
	return strings.Join(parts, "")
}

// AddRisk adds a risk that the comparison cannot see, such as what nameservers
// answer. It changes no digest.
func (c *Change) AddRisk(kind RiskKind, reason string) { c.addRisk(kind, "%s", reason) }
