// Package lint gives the advice of `validate --strict`: what DNS serves and
// somebody may even mean, and what an expert would nevertheless do otherwise.
//
// In go zones that are valid by themselves ([schema.Validate]), all of a run
// together, since most of it lies between them: the mail exchange of one is a
// host of another. Out come [schema.Problems], each with the name of its
// [Rule], by which the configuration switches it off:
//
//	advice: {dmarc-rua: false}
//
// What the zones at hand do not tell is not guessed: a name of somebody else's
// zone, or below a delegation, is right. A piece of advice is an error, or a
// warning where the records are lenient or were written from live data.
package lint

import (
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// The rules.
const (
	SPFLookups = "spf-include-lookups"
	SPFLoop    = "spf-include-loop"
	SPFNone    = "spf-include-none"
	DMARCRua   = "dmarc-rua"
	MXAddress  = "mx-address"
	Dangling   = "cname-dangling"
	Takeover   = "cname-takeover"
	TTLMixed   = "ttl-mixed"
)

// Rules are the names of all rules, in the order of the README.
func Rules() []string {
	return []string{SPFLookups, SPFLoop, SPFNone, DMARCRua, MXAddress, Dangling, Takeover, TTLMixed}
}

// Options are how advice is given.
type Options struct {
	// Off are rules that are not asked for.
	Off []string
	// Undeclared reports whether a name of a zone may be live though no file
	// declares it, so that its lack is no news; nil: none is.
	Undeclared func(zone, name schema.Name) bool
}

// Check looks at all the zones of a run. The problems come in order of position.
func Check(zones []schema.Zone, opts Options) schema.Problems {
	l := &linter{hand: newHand(zones, opts.Undeclared)}
	for _, rules := range []struct {
		names []string
		check func(*schema.Zone)
	}{
		{[]string{SPFLookups, SPFLoop, SPFNone}, l.spf()},
		{[]string{DMARCRua}, l.dmarc},
		{[]string{MXAddress}, l.mailHosts},
		{[]string{Dangling}, l.dangling},
		{[]string{Takeover}, l.takeover()},
		{[]string{TTLMixed}, l.mixedTTLs},
	} {
		if !slices.ContainsFunc(rules.names, func(rule string) bool { return !slices.Contains(opts.Off, rule) }) {
			continue
		}
		for i := range zones {
			if zones[i].State == schema.Present {
				rules.check(&zones[i])
			}
		}
	}
	l.problems = slices.DeleteFunc(l.problems, func(p schema.Problem) bool { return slices.Contains(opts.Off, p.Rule) })
	l.problems.Sort()
	return l.problems
}

// linter is one run of Check.
type linter struct {
	hand     hand
	problems schema.Problems
}

// advise tells something about the given values of a zone, at the first of
// them. The rule's name ends the message, since it is what switches it off.
func (l *linter) advise(z *schema.Zone, values []schema.Value, related []schema.Position, rule, format string, args ...any) {
	severity := schema.Error
	if z.FromLive || !slices.ContainsFunc(values, func(v schema.Value) bool { return !v.Lenient }) {
		severity = schema.Warning
	}
	l.problems = append(l.problems, schema.Problem{
		Severity: severity, Position: values[0].Position, Rule: rule, Related: related,
		Message: fmt.Sprintf(format, args...) + " [" + rule + "]",
	})
}

// values calls a function with each value of a type, its RRset, and its place
// in that.
func values(z *schema.Zone, t schema.Type, visit func(set *schema.RRset, i int)) {
	for i := range z.RRsets {
		if z.RRsets[i].Type != t {
			continue
		}
		for j := range z.RRsets[i].Values {
			visit(&z.RRsets[i], j)
		}
	}
}
