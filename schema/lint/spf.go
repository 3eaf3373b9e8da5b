package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// policy is an SPF policy that the zones at hand publish.
type policy struct {
	zone   *schema.Zone
	owner  schema.Name
	value  []schema.Value // the one
	asking []schema.SPFTerm

	state   walk
	lookups int             // with those of what it includes, as far as that is known
	beyond  map[string]bool // what it includes from elsewhere, at any depth
}

// walk is how far a policy has been followed.
type walk uint8

const (
	unseen walk = iota
	following
	followed
)

// maxCounted bounds the count, which policies that include one another twice
// can double at each step.
const maxCounted = 1000

// spfReader follows policies through the zones at hand.
type spfReader struct {
	*linter
	policies map[schema.Name]*policy // by the name that is asked for; nil: there is none, or it is not known
	path     []*policy
}

// spf advises on policies that make receivers ask too much once what they
// include is counted in (RFC 7208 section 4.6.4), or that come to nothing.
func (l *linter) spf() func(*schema.Zone) {
	r := &spfReader{l, map[schema.Name]*policy{}, nil}
	return func(z *schema.Zone) {
		for i := range z.RRsets {
			set := &z.RRsets[i]
			if set.Type != schema.TypeTXT {
				continue
			}
			if p := r.of(z, set.Name, set); p != nil {
				r.follow(p)
				r.count(p)
			}
		}
	}
}

// of reads the policy among the texts of a name; nil where there is none that
// receivers would take.
func (r *spfReader) of(z *schema.Zone, name schema.Name, set *schema.RRset) *policy {
	if p, ok := r.policies[name]; ok {
		return p
	}
	r.policies[name] = nil
	var p *policy
	for i, v := range set.Values {
		text, ok := v.Data.(schema.TXT)
		if !ok || !schema.IsSPF(text.Text) {
			continue
		}
		asking, err := schema.ParseSPF(text.Text)
		if err != nil || p != nil {
			return nil
		}
		p = &policy{zone: z, owner: name, value: set.Values[i : i+1], asking: asking}
	}
	r.policies[name] = p
	return p
}

// included is what became of a term that includes another policy.
type included uint8

const (
	elsewhere included = iota // not known here
	found
	unusable // another rule says so
	lacking
)

// find looks up the policy that a term includes.
func (r *spfReader) find(term schema.SPFTerm) (*policy, included) {
	if strings.Contains(term.Domain, "%") {
		return nil, elsewhere
	}
	name, err := schema.ParseName(term.Domain)
	if err != nil {
		return nil, elsewhere
	}
	for range maxAliases {
		a := r.hand.ask(name)
		if a.zone == nil {
			return nil, elsewhere
		}
		for i := range a.sets {
			switch set := &a.sets[i]; set.Type {
			case schema.TypeTXT:
				if p := r.of(a.zone, name, set); p != nil {
					return p, found
				}
				if slices.ContainsFunc(set.Values, isSPF) {
					return nil, unusable
				}
			case schema.TypeCNAME:
				if alias, ok := set.Values[0].Data.(schema.CNAME); ok {
					name = alias.Target
				}
			}
		}
		if !a.has(schema.TypeCNAME) {
			return nil, lacking
		}
	}
	return nil, unusable
}

// maxAliases bounds chains of aliases, as resolvers do.
const maxAliases = 8

func isSPF(v schema.Value) bool {
	text, ok := v.Data.(schema.TXT)
	return ok && schema.IsSPF(text.Text)
}

// follow counts what a policy and those that it includes make receivers ask.
func (r *spfReader) follow(p *policy) {
	if p.state == followed {
		return
	}
	p.state, p.beyond = following, map[string]bool{}
	r.path = append(r.path, p)
	defer func() {
		r.path = r.path[:len(r.path)-1]
		p.state = followed
	}()
	for _, term := range p.asking {
		p.lookups++
		if term.Domain == "" {
			continue
		}
		q, what := r.find(term)
		switch {
		case what == elsewhere:
			p.beyond[term.Domain] = true
			continue
		case what == lacking:
			r.advise(p.zone, p.value, nil, SPFNone,
				"%s has an SPF policy with %s, where there is no policy, so that receivers give up (RFC 7208 sections 5.2 and 6.1): add one there, or take the term out",
				p.owner.Display(), shown(term))
			continue
		case what == unusable:
			continue
		case q.state == following:
			r.loop(q)
			continue
		}
		r.follow(q)
		p.lookups = min(p.lookups+q.lookups, maxCounted)
		for name := range q.beyond {
			p.beyond[name] = true
		}
	}
}

// shown is a term as a policy has it.
func shown(t schema.SPFTerm) string {
	if t.Name == "redirect" {
		return "redirect=" + t.Domain
	}
	return t.Name + ":" + t.Domain
}

// loop tells a circle of policies, from the one on the path that it began with.
func (r *spfReader) loop(p *policy) {
	circle := r.path[slices.Index(r.path, p):]
	var values []schema.Value
	var names []string
	for _, q := range circle {
		values = append(values, q.value...)
		names = append(names, q.owner.Display())
	}
	var related []schema.Position
	for _, v := range values[1:] {
		related = append(related, v.Position)
	}
	r.advise(p.zone, values, related, SPFLoop,
		"SPF policies include one another in a circle, %s → %s, so that receivers give up (RFC 7208 section 4.6.4): take an include out of one of them",
		strings.Join(names, " → "), names[0])
}

// count tells a policy that makes receivers ask too much, unless its own text
// shows that already or it leads round in a circle.
func (r *spfReader) count(p *policy) {
	if p.lookups <= schema.MaxSPFLookups || len(p.asking) > schema.MaxSPFLookups {
		return
	}
	var related []schema.Position
	parts := []string{fmt.Sprintf("%d by itself", len(p.asking))}
	for _, term := range p.asking {
		if term.Domain == "" {
			continue
		}
		if q, _ := r.find(term); q != nil && q.lookups > 0 {
			parts = append(parts, fmt.Sprintf("%d by %s", q.lookups, q.owner.Display()))
			related = append(related, q.value[0].Position)
		}
	}
	slices.SortFunc(related, schema.Position.Compare)
	more := ""
	if len(p.beyond) > 0 {
		names := make([]string, 0, len(p.beyond))
		for name := range p.beyond {
			names = append(names, name)
		}
		slices.Sort(names)
		more = fmt.Sprintf(", and what these ask is not known here: %s", strings.Join(names, ", "))
	}
	r.advise(p.zone, p.value, slices.Compact(related), SPFLookups,
		"%s has an SPF policy that makes receivers ask the DNS at least %d times (%s%s), and they give up after %d (RFC 7208 section 4.6.4): drop an include, or write ip4 and ip6 instead",
		p.owner.Display(), p.lookups, strings.Join(parts, ", "), more, schema.MaxSPFLookups)
}
