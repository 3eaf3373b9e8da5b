package schema

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Validate checks what zones mean once they have been read: what excludes what
// (a CNAME beside other data), and whether it makes sense (an SPF that no
// receiver can read, an address that no name server will ever give out), each
// zone by itself and all of them together. The problems come in order of
// position, each with a stable rule name.
//
// A sense error is a warning where every value that makes it is lenient, and
// in a zone that was written from live data. A name at which lenient values
// stand beside a CNAME is moved from Zone.RRsets to Zone.Held: no DNS serves
// both, and to drop either would be a guess.
func Validate(zones []Zone) Problems {
	children := childZones(zones)
	found := make([]Problems, len(zones))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range zones {
		if zones[i].State == Absent {
			continue
		}
		group.Go(func() error {
			c := checker{zone: &zones[i], children: children[i], problems: &found[i]}
			c.check()
			return nil
		})
	}
	_ = group.Wait() // no check gives an error
	problems := slices.Concat(found...)
	problems.Sort()
	return problems
}

// checker checks one zone.
type checker struct {
	zone     *Zone
	children []*Zone // the zones of the run that are below this one, in order of name
	problems *Problems
}

// check runs all checks on the zone. Of other zones it reads only what does not
// change: their names and places.
func (c *checker) check() {
	c.holdCNAMEs()
	c.delegations()
	c.aliases()
	c.apexNameServers()
	zeroTTL := 0
	for i := range c.zone.RRsets {
		s := &c.zone.RRsets[i]
		c.size(s)
		c.owner(s)
		c.targets(s)
		c.content(s)
		if hasZeroTTL(s) {
			zeroTTL++
		}
	}
	c.zeroTTL(zeroTTL)
}

// sense reports a sense problem of the given values, at the first of them.
func (c *checker) sense(values []Value, related []Position, rule, format string, args ...any) {
	*c.problems = append(*c.problems, Problem{
		Severity: c.severity(values), Position: values[0].Position, Rule: rule, Related: related,
		Message: fmt.Sprintf(format, args...),
	})
}

// warn reports what stops nothing.
func (c *checker) warn(v Value, rule, format string, args ...any) {
	c.problems.Add(Warning, v.Position, rule, format, args...)
}

// severity is how grave a sense problem of the given values is.
func (c *checker) severity(values []Value) Severity {
	if c.zone.FromLive || allLenient(values) {
		return Warning
	}
	return Error
}

func allLenient(values []Value) bool {
	return !slices.ContainsFunc(values, func(v Value) bool { return !v.Lenient })
}

// positions gives the places of values, for Problem.Related.
func positions(values []Value) []Position {
	out := make([]Position, len(values))
	for i, v := range values {
		out[i] = v.Position
	}
	return out
}

// content checks the data of an RRset by its type.
func (c *checker) content(s *RRset) {
	switch s.Type {
	case TypeTXT:
		values := c.texts(s)
		c.spf(s.Name, values)
		c.dkim(s.Name, values)
		c.dmarc(s.Name, values)
	case TypeCAA:
		c.caa(s)
	case TypeMX:
		c.nullMX(s)
	case TypeAAAA:
		c.mapped(s)
	}
}

// maxRRset is the most records that BIND loads into one RRset by default
// (max-records-per-type).
const maxRRset = 100

func (c *checker) size(s *RRset) {
	if n := len(s.Values); n > maxRRset {
		c.warn(s.Values[maxRRset], "large-rrset", "%s %s has %d records, and BIND answers SERVFAIL for more than %d of one type unless it is configured otherwise: spread them over several names",
			s.Name.Display(), s.Type, n, maxRRset)
	}
}

func hasZeroTTL(s *RRset) bool {
	return slices.ContainsFunc(s.Values, func(v Value) bool { return v.TTL == 0 })
}

// zeroTTL warns once a zone, since one `ttl: 0` at its top is in every record.
func (c *checker) zeroTTL(rrsets int) {
	if rrsets == 0 {
		return
	}
	i := slices.IndexFunc(c.zone.RRsets, func(s RRset) bool { return hasZeroTTL(&s) })
	s := &c.zone.RRsets[i]
	v := s.Values[slices.IndexFunc(s.Values, func(v Value) bool { return v.TTL == 0 })]
	more := ""
	if rrsets > 1 {
		more = fmt.Sprintf(" (so have %d more RRsets of this zone)", rrsets-1)
	}
	c.warn(v, "ttl-zero", "%s %s has the TTL 0%s, so that no resolver keeps the answer and every query reaches the name servers: give it a minute or more unless you mean that",
		s.Name.Display(), s.Type, more)
}
