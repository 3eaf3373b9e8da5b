package octodns

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// processor is an entry of processors:, which changes what sources gave before
// it is published.
type processor struct {
	name string
	at   schema.Position
	node source.Node
}

// process does to a zone what octoDNS's processors do to it. One that cannot
// be done the same is an error where the zone names it.
func (c *config) process(z *zone, out *Zone) {
	for _, n := range slices.Concat(c.global, z.node.Get("processors").List(), c.post) {
		p := c.processors[n.Text()]
		if p == nil {
			c.fail(n.At(), "processor", "there is no processor %q: name one of processors:", n.Text())
			continue
		}
		c.apply(p, n, out)
	}
}

// apply does what one processor does.
func (c *config) apply(p *processor, n source.Node, out *Zone) {
	class, builtin := strings.CutPrefix(p.node.Get("class").Text(), "octodns.processor.")
	if builtin {
		class = className(class)
	}
	zone := out.Name.Display()
	refuse := func(why string) {
		c.fail(n.At(), "processor", "the processor %s (%s) %s: take it out here, and make what it does to %s part of the zone's file, or leave the zone out with --zone", p.name, cmp.Or(class, "no class"), why, zone)
	}
	switch class {
	case "IgnoreRootNsFilter":
		k := schema.Key{Name: out.Name, Type: schema.TypeNS}
		if out.RRset(k) != nil || out.Holds(k) != nil {
			out.drop(func(other schema.Key) bool { return other == k })
			c.note(n.At(), "processor", "the name servers at the apex are left out, as %s says: they are the service's own, unless zoneherd.yaml says apex-ns: manage", p.name)
		}
	case "TypeAllowlistFilter", "TypeRejectlistFilter":
		allow, list := class == "TypeAllowlistFilter", []string(nil)
		for _, t := range p.list(allow) {
			list = append(list, t.Text())
		}
		c.filter(p, n, out, func(k schema.Key) bool {
			return allow != slices.ContainsFunc(list, func(t string) bool {
				return t == string(k.Type) || strings.Contains(t, "/") && strings.EqualFold(t, string(k.Type)) // Route53Provider/ALIAS
			})
		})
	case "NameAllowlistFilter", "NameRejectlistFilter":
		allow := class == "NameAllowlistFilter"
		matches, err := names(p.list(allow), out.Name)
		if err != nil {
			refuse(err.Error())
			return
		}
		c.filter(p, n, out, func(k schema.Key) bool { return matches(k.Name) != allow })
	case "ZoneNameFilter":
		if t := p.node.Get("error"); t.IsNull() || isTrue(t) {
			c.note(n.At(), "processor", "%s is left out: zoneherd tells a name that repeats its zone's", p.name)
			return
		}
		c.filter(p, n, out, func(k schema.Key) bool { return strings.HasSuffix(relative(k.Name, out.Name), zone) })
	case "TtlClampProcessor":
		c.clamp(p, out)
	case "TtlRestrictionFilter", "SpfDnsLookupProcessor", "ExcludeRootNsChanges":
		c.note(n.At(), "processor", "%s (%s) is left out: it checks and changes nothing", p.name, class)
	case "EnsureTrailingDots": // a host that has a dot is absolute here, and one that has none an error
	case "AcmeManagingProcessor", "AcmeMangingProcessor":
		c.note(n.At(), "processor", "%s is left out: challenges for certificates are left alone here too, unless zoneherd.yaml says ignore-defaults: false", p.name)
	case "MetaProcessor":
		name := cmp.Or(p.node.Get("record_name").Text(), "meta")
		c.warn(n.At(), "processor", "%s is left out: delete the TXT records %s that are live, as a plan will want to", p.name, name)
	case "AutoArpa":
		c.warn(n.At(), "processor", "%s is left out, since %s", p.name, source.Instead("PTR"))
	case "OwnershipProcessor":
		name := cmp.Or(p.node.Get("txt_name").Text(), "_owner")
		c.warn(n.At(), "processor", "%s is left out, by which octoDNS leaves alone what it has not written: write prune: owned, or none, into zoneherd.yaml for that, and delete the TXT records below %s once octoDNS is gone", p.name, name)
	case "Templating":
		if s := out.template(); s != nil {
			refuse(fmt.Sprintf("fills in what stands in braces at %s", s.Position))
		}
	case "ValueAllowlistFilter", "ValueRejectlistFilter", "NetworkValueAllowlistFilter", "NetworkValueRejectlistFilter":
		refuse("leaves records out by their values, which is not done here")
	default:
		refuse("may change records in a way that is not known here")
	}
}

// list is a processor's allowlist or rejectlist.
func (p *processor) list(allow bool) []source.Node {
	if allow {
		return p.node.Get("allowlist").List()
	}
	return p.node.Get("rejectlist").List()
}

// names tells which names a list of names and /expressions/ matches.
func names(list []source.Node, zone schema.Name) (func(schema.Name) bool, error) {
	var exact []string
	var patterns []*regexp.Regexp
	for _, n := range list {
		text := n.Text()
		if !strings.HasPrefix(text, "/") {
			exact = append(exact, text)
			continue
		}
		re, err := regexp.Compile(text[1:max(1, len(text)-1)])
		if err != nil {
			return nil, fmt.Errorf("has the expression %s at %s, which cannot be read here (%w)", text, n.At(), err)
		}
		patterns = append(patterns, re)
	}
	return func(name schema.Name) bool {
		text := relative(name, zone)
		return slices.Contains(exact, text) || slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return re.MatchString(text) })
	}, nil
}

// relative is a name as octoDNS has it: empty for the apex.
func relative(name, zone schema.Name) string {
	if name == zone {
		return ""
	}
	return name.Relative(zone)
}

// filter leaves records alone that octoDNS leaves alone: those declared are
// kept as such, and what is live besides needs words in zoneherd.yaml.
func (c *config) filter(p *processor, n source.Node, out *Zone, leaves func(schema.Key) bool) {
	if t := p.node.Get("include_target"); !t.IsNull() && !isTrue(t) {
		if dropped := out.drop(leaves); dropped > 0 {
			c.warn(n.At(), "processor", "%s: %s leaves out what is declared of what it filters (%d), and has it deleted where it is live", out.Name.Display(), p.name, dropped)
		}
		return
	}
	held, reason := 0, "octoDNS's processor "+p.name
	out.RRsets = slices.DeleteFunc(out.RRsets, func(s schema.RRset) bool {
		if !leaves(s.Key) {
			return false
		}
		held++
		out.Held = append(out.Held, schema.Held{Name: s.Name, Types: []schema.Type{s.Type}, Reason: reason, Position: s.Position})
		return true
	})
	out.aliases = slices.DeleteFunc(out.aliases, func(h schema.Held) bool {
		if !leaves(keyOf(h)) {
			return false
		}
		held++
		h.Reason = reason
		out.Held = append(out.Held, h)
		return true
	})
	out.Whole = out.Whole && held == 0
	c.warn(n.At(), "processor", "%s: octoDNS leaves alone what %s filters, declared or not: what is declared of it (%d) is left alone here too; for what is only live write entries below ignore:, or prune: owned, into zoneherd.yaml", out.Name.Display(), p.name, held)
}

// drop takes RRsets out of the zone, and tells how many.
func (z *Zone) drop(which func(schema.Key) bool) int {
	gone := func(h schema.Held) bool { return which(keyOf(h)) }
	z.aliases = slices.DeleteFunc(z.aliases, gone)
	before := len(z.RRsets) + len(z.Held)
	z.RRsets = slices.DeleteFunc(z.RRsets, func(s schema.RRset) bool { return which(s.Key) })
	z.Held = slices.DeleteFunc(z.Held, gone)
	dropped := before - len(z.RRsets) - len(z.Held)
	if dropped > 0 {
		z.Whole = false
	}
	return dropped
}

// clamp brings TTLs into the bounds of a TtlClampProcessor.
func (c *config) clamp(p *processor, out *Zone) {
	bound := func(key string, otherwise schema.TTL) schema.TTL {
		n := p.node.Get(key)
		if n.IsNull() {
			return otherwise
		}
		ttl, err := schema.ParseTTL(n.Text())
		if err != nil {
			c.fail(n.At(), "ttl", "%s: %v", key, err)
		}
		return ttl
	}
	low, high := bound("min_ttl", 300), bound("max_ttl", 86400)
	if low > high {
		c.fail(p.at, "ttl", "min_ttl of %s is above max_ttl: change one of them", p.name)
		return
	}
	for i := range out.RRsets {
		values := slices.Clone(out.RRsets[i].Values)
		for j := range values {
			if ttl := max(low, min(high, values[j].TTL)); ttl != values[j].TTL {
				values[j].TTL, out.Whole = ttl, false
			}
		}
		out.RRsets[i].Values = values
	}
}

// template finds an RRset with braces in its values, or nil.
func (z *Zone) template() *schema.RRset {
	for i, s := range z.RRsets {
		if slices.ContainsFunc(s.Values, func(v schema.Value) bool { return strings.Contains(v.Data.String(), "{") }) {
			return &z.RRsets[i]
		}
	}
	return nil
}
