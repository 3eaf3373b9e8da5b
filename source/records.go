package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// recordReader reads the records of one file for one zone.
type recordReader struct {
	b        *builder
	doc      *document
	octodns  bool
	foreign  *OctoDNSFile // nil but for what is read exactly as octoDNS reads it
	defaults fileDefaults

	ignored map[string]schema.Position // octoDNS options that were passed over, where first
	counts  map[string]int
}

// record is one entry below an owner name.
type record struct {
	at      schema.Position
	typ     schema.Type
	typeAt  schema.Position
	ttl     schema.TTL
	ttlAt   schema.Position
	hasTTL  bool
	lenient bool
	values  []*yaml.Node
	raw     bool   // values are as the live side gave them
	held    string // why it is left alone; empty if it is not
	leftOut bool   // it has no counterpart here
}

// recordKeys are the keys of a record.
var recordKeys = []string{"type", "ttl", "value", "values", "lenient", "octodns"}

// owners reads a mapping from owner names to records.
func (r *recordReader) owners(n *yaml.Node) {
	d, zone := r.doc, r.b.zone.name
	pairs := d.pairs(n)
	r.b.entries += len(pairs)
	if r.b.sets == nil {
		r.b.sets, r.b.order = make(map[schema.Key]*set, len(pairs)), make([]*set, 0, len(pairs))
	}
	seen := make(map[schema.Name]int, len(pairs)) // which of the pairs has it first
	for i, p := range pairs {
		var err error
		if r.foreign != nil {
			p.text, err = r.foreign.owner(d, p.key, p.text)
		}
		var owner schema.Name
		if err == nil {
			owner, err = schema.ParseOwner(p.text, zone)
		}
		if err == nil {
			err = CheckStars(p.text, owner)
		}
		if err != nil {
			d.problem(d.at(p.key), "owner", "%v", err)
			owner = schema.Name{} // its records are read all the same, for their own errors
		} else if first, ok := seen[owner]; ok && pairs[first].text != p.text {
			*d.problems = append(*d.problems, schema.Problem{
				Position: d.at(p.key), Rule: "duplicate-owner", Related: []schema.Position{d.at(pairs[first].key)},
				Message: fmt.Sprintf("%q and %q are the same name: put their records together", p.text, pairs[first].text),
			})
			owner = schema.Name{}
		} else {
			seen[owner] = i
		}
		r.owner(p, owner)
	}
	r.reportIgnored()
}

// owner reads the records below one owner name. Where the name is bad, owner
// is zero.
func (r *recordReader) owner(p pair, owner schema.Name) {
	d := r.doc
	var entries []*yaml.Node
	switch {
	case isBad(p.value):
		return
	case p.value.Kind == yaml.MappingNode:
		entries = []*yaml.Node{p.value}
	case p.value.Kind == yaml.SequenceNode && len(p.value.Content) > 0:
		entries = d.elements(p.value)
	default:
		hint := "write {type: A, value: 192.0.2.1}, or a list of such records"
		if r.octodns && slices.Contains(zoneKeys, p.text) {
			hint = "a zone file of zoneherd's has its records below records:, and this one has none"
		}
		d.problem(d.at(p.key), "kind", "the name %q has no records: %s", p.text, hint)
		return
	}
	types := map[schema.Type]schema.Position{}
	lenient := true
	for _, n := range entries {
		rec, ok := r.record(n)
		lenient = lenient && rec.lenient
		if !ok {
			continue
		}
		if first, twice := types[rec.typ]; twice && !r.b.file.fromLive {
			*d.problems = append(*d.problems, schema.Problem{
				Position: rec.typeAt, Rule: "duplicate-type", Related: []schema.Position{first},
				Message: fmt.Sprintf("the name %q has two %s records in this file: put their values into one, values: [a, b]", p.text, rec.typ),
			})
			continue
		}
		types[rec.typ] = rec.typeAt
		r.declare(owner, &rec)
	}
	if !owner.IsZero() {
		r.checkOwner(p, owner, lenient)
	}
}

// checkOwner tells a name that repeats the zone's, most likely written without
// its trailing dot.
func (r *recordReader) checkOwner(p pair, owner schema.Name, lenient bool) {
	zone := r.b.zone.name
	if p.text == "" || p.text == "@" || strings.HasSuffix(p.text, ".") {
		return
	}
	read, err := schema.ParseName(p.text)
	if err != nil || !read.In(zone) {
		return
	}
	meant := read.Relative(zone)
	if meant == "@" {
		meant = `"@"`
	}
	r.doc.problems.Add(r.b.severity(lenient), r.doc.at(p.key), "owner-repeats-zone",
		"%q is relative to the zone and so means %s: write %s, or %s. if that is what you mean", p.text, owner.Display(), meant, owner.Display())
}

// record reads one record; ok is false where it is of no use.
func (r *recordReader) record(n *yaml.Node) (rec record, ok bool) {
	d := r.doc
	rec.lenient = r.defaults.lenient || r.b.opts.Lenient
	if isBad(n) {
		return rec, false
	}
	if n.Kind != yaml.MappingNode {
		d.problem(d.at(n), "kind", "a record is a mapping, such as {type: A, value: 192.0.2.1}, not %s", d.describe(n))
		return rec, false
	}
	if r.foreign != nil {
		r.foreign.octals(d, n)
	}
	rec.at, rec.ttl = d.at(n), r.defaults.ttl
	ok = true
	var value pair // its node is nil where there is none
	for _, p := range d.pairs(n) {
		switch p.text {
		case "type":
			rec.typeAt = d.at(p.value)
			text, fine := d.scalar(p.value, "type")
			rec.typ = schema.Type(strings.ToUpper(text))
			ok = ok && fine
		case "ttl":
			text, fine := d.scalar(p.value, "ttl")
			if !fine {
				continue
			}
			ttl, err := schema.ParseTTL(text)
			if err != nil {
				d.problem(d.at(p.value), "ttl", "%v", err)
				continue
			}
			rec.ttl, rec.ttlAt, rec.hasTTL = ttl, d.at(p.value), true
		case "value", "values":
			if value.value != nil {
				d.problem(d.at(p.key), "values", "value and values stand side by side: put all values into one of them")
				continue
			}
			value = p
			rec.values = d.elements(p.value)
		case "lenient":
			if v, fine := d.boolean(p); fine {
				rec.lenient = rec.lenient || v
			}
		case "octodns":
			r.octodnsOptions(p, &rec)
		case "geo", "dynamic":
			if r.foreign != nil {
				d.problems.Add(schema.Warning, d.at(p.key), "unsupported", "%s is left out, since it answers differently by place or health, which the service cannot: only the plain values are carried over", p.text)
				r.foreign.leaveOut(p.key, "the service cannot answer by place or health")
				continue
			}
			d.problem(d.at(p.key), "unsupported", "%s answers differently by place or health, which the service cannot: write plain values", p.text)
		case "raw":
			if r.b.file.fromLive {
				rec.raw, value = true, p
				rec.values = d.elements(p.value)
				continue
			}
			value = p
			d.problem(d.at(p.key), "unknown-key", "raw: is for files marked from-live: true alone: write the record's value")
		default:
			if r.foreign != nil {
				d.problems.Add(schema.Warning, d.at(p.key), "unknown-key", "%s is no key of a record: octoDNS passes it over, and it is left out", p.text)
				r.foreign.leaveOut(p.key, "no key of a record")
				continue
			}
			d.problem(d.at(p.key), "unknown-key", "a record has no key %q: %s", p.text, didYouMean(p.text, recordKeys))
		}
	}
	switch {
	case rec.typeAt.IsZero():
		d.problem(rec.at, "type", "the record has no type: add type: A, or which it is")
		return rec, false
	case !ok:
		return rec, false
	case rec.raw:
	case !rec.typ.Managed():
		return rec, r.unsupported(&rec)
	}
	if rec.held == "" && value.value == nil {
		d.problem(rec.at, "values", "the record has no value: add value: or values:")
		return rec, false
	}
	if rec.held == "" && len(rec.values) == 0 && !isBad(value.value) && value.text != "raw" {
		d.problem(d.at(value.value), "values", "the list of values is empty: give a value, or remove the record")
		return rec, false
	}
	return rec, true
}

// unsupported deals with a type that zoneherd does not manage: a typing error,
// or a type that --skip-unsupported leaves alone.
func (r *recordReader) unsupported(rec *record) bool {
	d := r.doc
	types := managedTypes()
	if !isOtherType(rec.typ) {
		d.problem(rec.typeAt, "type", "there is no record type %q: %s", rec.typ, didYouMean(string(rec.typ), types))
		return false
	}
	if rec.held != "" { // it is not written, whatever the service has
		return true
	}
	if !r.b.opts.SkipUnsupported {
		if r.foreign != nil {
			why := Instead(rec.typ)
			d.problems.Add(schema.Warning, rec.typeAt, "unsupported", "the %s record is left out: %s", rec.typ, why)
			r.foreign.leaveOut(&yaml.Node{Line: rec.typeAt.Line, Column: rec.typeAt.Column}, why)
			rec.leftOut = true
			return true
		}
		d.problem(rec.typeAt, "unsupported", "the service has no %s records, only %s: write another type, or leave what is live there alone with --skip-unsupported",
			rec.typ, strings.Join(types, ", "))
		return false
	}
	rec.held = fmt.Sprintf("the service has no %s records", rec.typ)
	d.problems.Add(schema.Warning, rec.typeAt, "unsupported", "skipped: the service has no %s records; what is live at this name and type is left alone", rec.typ)
	return true
}

func managedTypes() []string {
	var types []string
	for _, t := range schema.Types() {
		types = append(types, string(t))
	}
	return types
}

// isOtherType reports whether there is such a record type, in DNS or with some
// provider, that zoneherd does not manage.
func isOtherType(t schema.Type) bool {
	_, inDNS := dns.StringToType[string(t)]
	return inDNS || slices.Contains(otherTypes, t) || strings.Contains(string(t), "/")
}

// otherTypes are record types of providers, which are no DNS types.
var otherTypes = []schema.Type{"ALIAS", "ANAME", "URLFWD", "URL", "URL301", "FORWARD", "PAGERULE"}

// isAlias reports whether a type follows another name for its addresses, as
// octoDNS's providers have it too: Route53Provider/ALIAS.
func isAlias(t schema.Type) bool {
	return t == "ALIAS" || t == "ANAME" || strings.HasSuffix(string(t), "/ALIAS")
}

// declare adds a record's values to the zone, or what it leaves alone.
func (r *recordReader) declare(owner schema.Name, rec *record) {
	if rec.held != "" || rec.leftOut {
		types := []schema.Type{rec.typ}
		alias := isAlias(rec.typ)
		if alias { // these stand in for it on the live side
			types = append(types, schema.TypeA, schema.TypeAAAA, schema.TypeCNAME)
		}
		h := schema.Held{Name: owner, Types: types, Reason: rec.held, Position: rec.at}
		switch {
		case owner.IsZero():
		case !rec.leftOut:
			r.b.held = append(r.b.held, h)
		case alias:
			r.foreign.aliases = append(r.foreign.aliases, h)
		}
		return
	}
	values := make([]schema.Value, 0, len(rec.values))
	for _, n := range rec.values {
		if v, ok := r.value(rec, owner, n); ok {
			values = append(values, v)
		}
	}
	if len(values) > 0 && !owner.IsZero() {
		r.b.merge(schema.Key{Name: owner, Type: rec.typ}, rec, values)
	}
}

// CheckStars refuses a * that is no wildcard (RFC 4592 section 2.1.1). text is
// the owner name as it was written.
func CheckStars(text string, owner schema.Name) error {
	if !strings.Contains(owner.String(), "*") {
		return nil
	}
	if label := owner.Label(); label != "*" && strings.Contains(label, "*") {
		return fmt.Errorf("the name %q has a * as part of a label, where it is no wildcard: only a whole first label * is", text)
	}
	for n := owner.Parent(); n != schema.Root(); n = n.Parent() {
		if strings.Contains(n.Label(), "*") {
			return fmt.Errorf("the name %q has a * that is not its first label, where it means nothing: move it to the front or take it out", text)
		}
	}
	return nil
}
