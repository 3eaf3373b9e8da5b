package masterfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// zone makes the zone of what was read.
func (r *zoneReader) zone() Zone {
	z := Zone{Zone: schema.Zone{Name: r.soa.owner, Position: r.soa.at}, Comments: source.Comments{}}
	for _, f := range r.files {
		if !slices.Contains(z.Files, f) {
			z.Files = append(z.Files, f)
		}
	}
	r.soaNotice()
	c := &collector{r: r, zone: &z, sets: map[schema.Key]*collected{}}
	for i := range r.records {
		c.take(&r.records[i])
	}
	c.finish()
	r.problems.Sort()
	z.Problems = r.problems
	return z
}

// soaNotice says what the zone had in its SOA record.
func (r *zoneReader) soaNotice() {
	if s := r.soa.data; s != nil {
		r.problems.Add(schema.Notice, r.soa.at, "soa", "%s: the SOA record is left out, since the service keeps its own: resolvers hold that a name is not there for %d s by this one, which %s and %s are named in",
			r.soa.owner.Display(), s.Minimum, s.Primary.Display(), s.Mailbox.Display())
	}
}

// collector puts records into RRsets.
type collector struct {
	r      *zoneReader
	zone   *Zone
	sets   map[schema.Key]*collected
	ns     left // name servers at the apex
	signed left // what a signer adds
}

type collected struct {
	set   schema.RRset
	ttl   schema.TTL
	other *record // whose TTL is another than that of the first
	seen  map[schema.Data]schema.Position
	first *record
}

// left counts what is left out, and where it begins.
type left struct {
	n  int
	at schema.Position
}

func (l *left) add(r *record) {
	if l.n == 0 {
		l.at = r.value.Position
	}
	l.n += r.count
}

// signing are the types of records that a signer makes (RFC 4034, RFC 5155, RFC
// 7344), which no person writes; 65534 is BIND's own.
var signing = []schema.Type{"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "TYPE65534"}

func (c *collector) take(r *record) {
	k, at := r.key, r.value.Position
	keepsComment := false
	defer func() {
		if r.comment != "" && !keepsComment {
			c.r.left[at.File]++
		}
	}()
	switch {
	case !k.Name.In(c.zone.Name):
		c.r.outside(at, k.Name, c.zone.Name)
		return
	case slices.Contains(signing, k.Type):
		c.signed.add(r)
		return
	case !k.Type.Managed():
		what := fmt.Sprintf("%s %s", k.Name.Display(), k.Type)
		if r.count > 1 {
			what = fmt.Sprintf("$GENERATE of %d %s records", r.count, k.Type)
		}
		c.r.problems.Add(schema.Warning, at, "unsupported", "%s is left out: %s", what, source.Instead(k.Type))
		return
	case k.Type == schema.TypeNS && k.Name == c.zone.Name:
		c.ns.add(r)
		return
	}
	name := k.Name.Relative(c.zone.Name)
	if err := source.CheckStars(name, k.Name); err != nil {
		c.r.problems.Add(schema.Warning, at, "stars", "%s %s is left out, since no zone file may hold it: %v; if it is live, put {name: %s} below ignore: in zoneherd.yaml, or a plan deletes it", k.Name.Display(), k.Type, err, source.Scalar(globOf.Replace(name)))
		return
	}
	s := c.sets[k]
	if s == nil {
		s = &collected{set: schema.RRset{Key: k, Position: at}, first: r, seen: map[schema.Data]schema.Position{}}
		c.sets[k] = s
	}
	s.ttl = r.value.TTL
	if s.other == nil && r.written != s.first.written {
		s.other = r
	}
	if r.comment != "" {
		c.comment(r)
		keepsComment = true
	}
	if first, twice := s.seen[r.value.Data]; twice {
		c.r.problems = append(c.r.problems, schema.Problem{
			Severity: schema.Notice, Position: at, Rule: "duplicate-value", Related: []schema.Position{first},
			Message: fmt.Sprintf("%s %s has the value %s twice: it is written once", k.Name.Display(), k.Type, r.value.Data),
		})
		return
	}
	s.seen[r.value.Data] = at
	s.set.Values = append(s.set.Values, r.value)
}

// globOf makes a pattern of a name that matches it alone.
var globOf = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// comment keeps what stands on a record's line.
func (c *collector) comment(r *record) {
	if c.zone.Comments[r.key] == nil {
		c.zone.Comments[r.key] = map[schema.Data]string{}
	}
	comments := c.zone.Comments[r.key]
	switch was := comments[r.value.Data]; was {
	case "":
		comments[r.value.Data] = r.comment
	case r.comment:
	default:
		comments[r.value.Data] = was + "; " + r.comment
	}
}

// finish tells what was counted, and puts the RRsets in order.
func (c *collector) finish() {
	zone := c.zone.Name.Display()
	if c.ns.n > 0 {
		c.r.problems.Add(schema.Notice, c.ns.at, "apex-ns", "%s: left out: %d of name servers at the apex, which are the service's own: declare them to manage them", zone, c.ns.n)
	}
	if c.signed.n > 0 {
		c.r.problems.Add(schema.Warning, c.signed.at, "dnssec", "%s: left out: %d records that sign the zone, which is the service's matter: have the DS records at the parent taken away, and their TTL pass, before the zone moves, or resolvers will refuse it", zone, c.signed.n)
	}
	for _, s := range c.sets {
		if s.other != nil {
			c.r.problems = append(c.r.problems, schema.Problem{
				Severity: schema.Warning, Position: s.other.value.Position, Rule: "ttl-conflict", Related: []schema.Position{s.first.value.Position},
				Message: fmt.Sprintf("%s %s has the TTL %d here and %d before, and one RRset has one TTL: %d is written, with which BIND answers", s.set.Name.Display(), s.set.Type, s.other.written, s.first.written, s.ttl),
			})
		}
		for i := range s.set.Values {
			s.set.Values[i].TTL = s.ttl
		}
		slices.SortFunc(s.set.Values, func(a, b schema.Value) int { return schema.CompareData(a.Data, b.Data) })
		c.zone.RRsets = append(c.zone.RRsets, s.set)
	}
	slices.SortFunc(c.zone.RRsets, func(a, b schema.RRset) int { return a.Compare(b.Key) })
	for _, file := range slices.Sorted(maps.Keys(c.r.left)) {
		if n := c.r.left[file]; n > 0 {
			c.r.problems.Add(schema.Notice, schema.Position{File: file}, "comments", "comments that stand at no record that is carried over are left out: %d", n)
		}
	}
}
