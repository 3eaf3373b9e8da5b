// Package dnscontrol reads what DNSControl makes of a dnsconfig.js: the JSON
// that `dnscontrol print-ir` prints, after its own validation.
//
//	{"domains": [{"name": "example.com", "records": [
//	  {"type": "MX", "name": "@", "ttl": 300, "mxpreference": 10, "target": "mx.example.net."}
//	]}]}
//
// JavaScript is not run here: print-ir is the way to have DNSControl run it.
package dnscontrol

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// DefaultTTL is DNSControl's, for a record that gives none.
const DefaultTTL schema.TTL = 300

// Read reads a document. What is wrong with it is an error among the problems;
// what has no counterpart here is a warning, at the line and column of the
// record and with what to do. The zones are in order of name.
func Read(file string, text []byte) ([]schema.Zone, schema.Problems) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	r := &reader{file: file, places: places{file: file, text: text}, zones: map[schema.Name]*schema.Zone{}}
	if len(text) > MaxSize {
		r.problems.Add(schema.Error, schema.Position{File: file}, "file", "the file is larger than %d MiB, the most that is read: print the zones of one dnsconfig.js at a time", MaxSize>>20)
		return nil, r.problems
	}
	root, at, err := parse(text)
	if err == nil && root.get("domains") == nil {
		at, err = 0, fmt.Errorf("the document has no domains")
	}
	if err != nil {
		r.problems.Add(schema.Error, r.places.at(at), "json", "%v: give what `dnscontrol print-ir --pretty` prints", err)
		return nil, r.problems
	}
	for _, d := range root.get("domains").list {
		r.domain(d)
	}
	for _, m := range root.object {
		if !slices.Contains([]string{"domains", "registrars", "dns_providers", "skiprecordaudit"}, m.key) {
			r.warn(m.at, "key", "%q is not known here and is left out: look whether the zones depend on it", m.key)
		}
	}
	var zones []schema.Zone
	for _, z := range r.zones {
		zones = append(zones, *z)
	}
	slices.SortFunc(zones, func(a, b schema.Zone) int { return a.Name.Compare(b.Name) })
	r.problems.Sort()
	return zones, r.problems
}

type reader struct {
	file     string
	places   places
	problems schema.Problems
	zones    map[schema.Name]*schema.Zone
}

func (r *reader) fail(at int, rule, format string, args ...any) {
	r.problems.Add(schema.Error, r.places.at(at), rule, format, args...)
}

func (r *reader) warn(at int, rule, format string, args ...any) {
	r.problems.Add(schema.Warning, r.places.at(at), rule, format, args...)
}

// domain reads one zone.
func (r *reader) domain(d *node) {
	name, tag := d.get("name").text(), d.get("tag").text()
	name, bang, _ := strings.Cut(name, "!") // as --raw leaves it
	if tag == "" {
		tag = bang
	}
	if tag != "" {
		r.warn(d.at, "split-horizon", "the view %q of %s is left out, since a service answers everybody alike: import it on its own, with \"tag\" taken out and the other views too, if it is the public one", tag, name)
		return
	}
	zone, err := schema.ParseName(name)
	if err != nil || zone == schema.Root() {
		r.fail(d.at, "zone-name", "%q is no zone name", name)
		return
	}
	if first := r.zones[zone]; first != nil {
		r.problems = append(r.problems, schema.Problem{
			Position: r.places.at(d.at), Rule: "duplicate-zone", Related: []schema.Position{first.Position},
			Message: fmt.Sprintf("the zone %s is there twice: keep one of them", zone.Display()),
		})
		return
	}
	z := &schema.Zone{Name: zone, Position: r.places.at(d.at), Files: []string{r.file}}
	r.zones[zone] = z
	for _, m := range d.object {
		r.setting(m, zone)
	}
	if records := d.get("records"); records != nil {
		z.RRsets = r.records(records.list, zone)
	}
}

// setting reports what a domain says beside its records.
func (r *reader) setting(m member, zone schema.Name) {
	switch m.key {
	case "name", "tag", "uniquename", "dnsProviders", "records":
	case "registrar":
		if n := m.text(); n != "" && !strings.EqualFold(n, "none") {
			r.problems.Add(schema.Notice, r.places.at(m.at), "registrar", "%s: the delegation stays with the registrar %q, which zoneherd does not speak to", zone.Display(), n)
		}
	case "meta":
		for _, k := range m.object {
			if !strings.HasPrefix(k.key, "dnscontrol_") && k.key != "ns_ttl" {
				r.warn(k.at, "meta", "%s: the provider's setting %s is left out: set it at the service if it has one", zone.Display(), k.key)
			}
		}
	case "nameservers":
		var hosts []string
		for _, n := range m.list {
			hosts = append(hosts, n.get("name").text())
		}
		if len(hosts) > 0 {
			r.warn(m.at, "nameservers", "%s: NAMESERVER (%s) is left out, since the name servers at the apex are the service's own: declare NS at \"@\" to manage them", zone.Display(), strings.Join(hosts, ", "))
		}
	case "keepunknown":
		if m.text() == "true" {
			r.warn(m.at, "no-purge", "%s: NO_PURGE keeps what is live and not declared: write prune: none, or owned, into zoneherd.yaml for that", zone.Display())
		}
	case "unmanaged":
		for _, u := range m.list {
			r.warn(u.at, "ignore", "%s: IGNORE is left out: write {name: %q, type: %q, value: %q} below ignore: in zoneherd.yaml, without the parts that are * or empty", zone.Display(),
				u.get("label_pattern").text(), u.get("rType_pattern").text(), u.get("target_pattern").text())
		}
	case "unmanaged_disable_safety_check":
		r.warn(m.at, "ignore", "%s: DISABLE_IGNORE_SAFETY_CHECK is left out: what is ignored may not be declared too", zone.Display())
	case "ignore_external_dns":
		r.problems.Add(schema.Notice, r.places.at(m.at), "ignore", "%s: what external-dns marks as its own is left alone here too, unless ignore-defaults: false", zone.Display())
	case "external_dns_prefix":
		r.warn(m.at, "ignore", "%s: the prefix %q of external-dns is left out: write an ignore: entry into zoneherd.yaml if its marks are not recognised", zone.Display(), m.text())
	case "recordsabsent":
		for _, rec := range m.list {
			r.warn(rec.at, "ensure-absent", "%s: ENSURE_ABSENT of %s %s is left out: what no file declares is deleted with prune: all, the default; with none delete it by hand", zone.Display(), rec.get("name").text(), rec.get("type").text())
		}
	case "auto_dnssec":
		if m.text() != "" {
			r.warn(m.at, "dnssec", "%s: AUTODNSSEC %s is left out: signing is the service's matter", zone.Display(), m.text())
		}
	case "rawrecords":
		if len(m.list) > 0 {
			r.fail(m.at, "raw", "%s has records that DNSControl has not worked out: print without --raw", zone.Display())
		}
	default:
		r.warn(m.at, "key", "%s: %q is not known here and is left out: look whether the zone depends on it", zone.Display(), m.key)
	}
}

// records reads a zone's records into RRsets.
func (r *reader) records(list []*node, zone schema.Name) []schema.RRset {
	sets := map[schema.Key]*schema.RRset{}
	seen := map[schema.Key]map[schema.Data]schema.Position{}
	for _, n := range list {
		k, v, ok := r.record(n, zone)
		if !ok {
			continue
		}
		s := sets[k]
		if s == nil {
			s = &schema.RRset{Key: k, Position: v.Position}
			sets[k], seen[k] = s, map[schema.Data]schema.Position{}
		}
		if first, twice := seen[k][v.Data]; twice {
			r.problems = append(r.problems, schema.Problem{
				Severity: schema.Warning, Position: v.Position, Rule: "duplicate-value", Related: []schema.Position{first},
				Message: fmt.Sprintf("%s %s has the value %s twice: it is written once", k.Name.Display(), k.Type, v.Data),
			})
			continue
		}
		seen[k][v.Data] = v.Position
		if len(s.Values) > 0 && v.TTL != s.Values[0].TTL {
			low := min(v.TTL, s.Values[0].TTL)
			r.problems.Add(schema.Warning, v.Position, "ttl-conflict", "%s %s has the TTL %d here and %d before, and one RRset has one TTL: the lower, %d, is written", k.Name.Display(), k.Type, v.TTL, s.Values[0].TTL, low)
			for i := range s.Values {
				s.Values[i].TTL = low
			}
			v.TTL = low
		}
		s.Values = append(s.Values, v)
	}
	out := make([]schema.RRset, 0, len(sets))
	for _, s := range sets {
		slices.SortFunc(s.Values, func(a, b schema.Value) int { return schema.CompareData(a.Data, b.Data) })
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b schema.RRset) int { return a.Compare(b.Key) })
	return out
}
