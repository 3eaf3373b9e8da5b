package source

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// value reads one value of a record.
func (r *recordReader) value(rec *record, owner schema.Name, n *yaml.Node) (schema.Value, bool) {
	d := r.doc
	v := schema.Value{TTL: rec.ttl, Position: d.at(n), Lenient: rec.lenient}
	raw, presentation := rec.raw, false
	if n.Kind == yaml.MappingNode && r.b.file.fromLive && d.isWrapped(n) {
		for _, p := range d.pairs(n) {
			switch p.text {
			case "value", "raw":
				n, raw = p.value, raw || p.text == "raw"
			case "data":
				n, presentation = p.value, true
			case "ttl":
				ttl, err := schema.ParseTTL(p.value.Value)
				if err != nil {
					d.problem(d.at(p.value), "ttl", "%v", err)
					return v, false
				}
				v.TTL = ttl
			default:
				d.problem(d.at(p.key), "unknown-key", "a value with its own TTL has no key %q: it has value, data or raw, and ttl", p.text)
				return v, false
			}
		}
	}
	if raw {
		text, ok := d.scalar(n, "raw")
		v.Data = schema.Opaque{RRType: rec.typ, Raw: text}
		return v, ok
	}
	if presentation {
		text, ok := d.scalar(n, "data")
		if !ok {
			return v, false
		}
		var err error
		if v.Data, err = schema.ParseData(rec.typ, text); err != nil {
			d.problem(d.at(n), strings.ToLower(string(rec.typ)), "%v", err)
			return v, false
		}
		return v, true
	}
	var ok bool
	v.Data, ok = r.data(rec, owner, n)
	return v, ok
}

// isWrapped reports whether a mapping is {value, ttl}, {raw, ttl} or, in
// presentation form, {data, ttl} rather than the fields of a record type.
func (d *document) isWrapped(n *yaml.Node) bool {
	wrapped := false
	for _, p := range d.pairs(n) {
		switch p.text {
		case "value", "raw", "data", "ttl":
			wrapped = wrapped || p.text != "value"
		default:
			return false
		}
	}
	return wrapped
}

// data reads the data of one value by its type.
func (r *recordReader) data(rec *record, owner schema.Name, n *yaml.Node) (schema.Data, bool) {
	switch rec.typ {
	case schema.TypeMX:
		return r.mx(rec, owner, n)
	case schema.TypeSRV:
		return r.srv(rec, owner, n)
	case schema.TypeCAA:
		return r.caa(rec, n)
	}
	d := r.doc
	if n.Kind == yaml.MappingNode && !isBad(n) {
		d.problem(d.at(n), "kind", "the value of %s is text, not a mapping", rec.typ)
		return nil, false
	}
	text, ok := d.scalar(n, "the value")
	if !ok {
		return nil, false
	}
	var data schema.Data
	var err error
	switch rec.typ {
	case schema.TypeA:
		var addr netip.Addr
		addr, err = schema.ParseIPv4(text)
		data = schema.A{Addr: addr}
	case schema.TypeAAAA:
		var addr netip.Addr
		addr, err = schema.ParseIPv6(text)
		data = schema.AAAA{Addr: addr}
	case schema.TypeTXT:
		data, err = schema.ParseText(r.text(rec, owner, n, text))
	case schema.TypeCNAME, schema.TypeNS:
		host, ok := r.host(rec, owner, n, text, "the target")
		if !ok {
			return nil, false
		}
		if rec.typ == schema.TypeNS {
			return schema.NS{Host: host}, true
		}
		return schema.CNAME{Target: host}, true
	}
	if err != nil {
		d.problem(d.at(n), strings.ToLower(string(rec.typ)), "%v", err)
		return nil, false
	}
	return data, true
}

// fields reads a value that is a mapping of fields, each a scalar, or one
// string in presentation form. alias gives other spellings of field names.
func (r *recordReader) fields(n *yaml.Node, typ schema.Type, names []string, alias map[string]string) (map[string]*yaml.Node, bool) {
	d := r.doc
	out := map[string]*yaml.Node{}
	ok := true
	for _, p := range d.pairs(n) {
		name := p.text
		if a := alias[name]; a != "" {
			name = a
		}
		switch {
		case !slices.Contains(names, name):
			d.problem(d.at(p.key), "unknown-key", "a value of %s has no key %q: %s", typ, p.text, didYouMean(p.text, names))
			ok = false
		case out[name] != nil:
			d.problem(d.at(p.key), "duplicate-key", "%s stands twice in this value, once by another name: remove one", name)
			ok = false
		default:
			if _, fine := d.scalar(p.value, p.text); !fine {
				ok = false
			}
			out[name] = p.value
		}
	}
	return out, ok
}

// need tells which fields are missing.
func (r *recordReader) need(n *yaml.Node, typ schema.Type, have map[string]*yaml.Node, names ...string) bool {
	ok := true
	for _, name := range names {
		if have[name] == nil {
			r.doc.problem(r.doc.at(n), strings.ToLower(string(typ)), "this value of %s has no %s: add it, such as %s", typ, name, examples[typ])
			ok = false
		}
	}
	return ok
}

// examples are values of the types that have several fields.
var examples = map[schema.Type]string{
	schema.TypeMX:  "{preference: 10, exchange: mail}",
	schema.TypeSRV: "{priority: 0, weight: 5, port: 5060, target: sip}",
	schema.TypeCAA: `{flags: 0, tag: issue, value: letsencrypt.org}`,
}

// number reads a 16-bit field.
func (r *recordReader) number(n *yaml.Node, typ schema.Type, what string) (uint16, bool) {
	v, err := schema.ParseNumber(what, n.Value)
	if err != nil {
		r.doc.problem(r.doc.at(n), strings.ToLower(string(typ)), "%v", err)
	}
	return v, err == nil
}

func (r *recordReader) mx(rec *record, owner schema.Name, n *yaml.Node) (schema.Data, bool) {
	d := r.doc
	if n.Kind != yaml.MappingNode {
		parts, ok := r.presentation(n, rec.typ, 2, `"10 mail"`)
		if !ok {
			return nil, false
		}
		preference, ok1 := r.number(parts[0], rec.typ, "preference")
		exchange, ok2 := r.host(rec, owner, n, parts[1].Value, "the exchange")
		return schema.MX{Preference: preference, Exchange: exchange}, ok1 && ok2
	}
	f, ok := r.fields(n, rec.typ, []string{"preference", "exchange"}, map[string]string{"priority": "preference", "value": "exchange"})
	if !ok || !r.need(n, rec.typ, f, "preference", "exchange") {
		return nil, false
	}
	preference, ok1 := r.number(f["preference"], rec.typ, "preference")
	exchange, ok2 := r.host(rec, owner, f["exchange"], d.follow(f["exchange"]).Value, "the exchange")
	return schema.MX{Preference: preference, Exchange: exchange}, ok1 && ok2
}

func (r *recordReader) srv(rec *record, owner schema.Name, n *yaml.Node) (schema.Data, bool) {
	var f map[string]*yaml.Node
	names := []string{"priority", "weight", "port", "target"}
	targetAt := n
	if n.Kind != yaml.MappingNode {
		parts, ok := r.presentation(n, rec.typ, 4, `"0 5 5060 sip"`)
		if !ok {
			return nil, false
		}
		f = map[string]*yaml.Node{}
		for i, name := range names {
			f[name] = parts[i]
		}
	} else {
		var ok bool
		if f, ok = r.fields(n, rec.typ, names, nil); !ok || !r.need(n, rec.typ, f, names...) {
			return nil, false
		}
		targetAt = f["target"]
	}
	priority, ok1 := r.number(f["priority"], rec.typ, "priority")
	weight, ok2 := r.number(f["weight"], rec.typ, "weight")
	port, ok3 := r.number(f["port"], rec.typ, "port")
	target, ok4 := r.host(rec, owner, targetAt, f["target"].Value, "the target")
	return schema.SRV{Priority: priority, Weight: weight, Port: port, Target: target}, ok1 && ok2 && ok3 && ok4
}

func (r *recordReader) caa(rec *record, n *yaml.Node) (schema.Data, bool) {
	d := r.doc
	var flags, tag, value string
	if n.Kind != yaml.MappingNode {
		text, ok := d.scalar(n, "the value")
		if !ok {
			return nil, false
		}
		parts := strings.Fields(text)
		if len(parts) < 3 {
			d.problem(d.at(n), "caa", `%q is no CAA value: write flags, tag and value, such as '0 issue "letsencrypt.org"'`, text)
			return nil, false
		}
		flags, tag = parts[0], parts[1]
		rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), flags))
		value = strings.TrimSpace(strings.TrimPrefix(rest, tag))
		if strings.HasPrefix(value, `"`) {
			data, err := schema.ParseData(schema.TypeCAA, "0 issue "+value)
			caa, isCAA := data.(schema.CAA)
			if err != nil || !isCAA {
				d.problem(d.at(n), "caa", "the CAA value %s is not one quoted text: check its quotes", value)
				return nil, false
			}
			value = caa.Value
		}
	} else {
		f, ok := r.fields(n, schema.TypeCAA, []string{"flags", "tag", "value"}, nil)
		if !ok || !r.need(n, schema.TypeCAA, f, "tag", "value") {
			return nil, false
		}
		flags = "0"
		if f["flags"] != nil {
			flags = f["flags"].Value
		}
		tag, value = f["tag"].Value, f["value"].Value
	}
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		d.problems.Add(r.b.severity(rec.lenient), d.at(n), "caa-quotes", "the CAA value begins and ends with quotes, which would be part of it, so that no authority would be meant: write %s without them", value[1:len(value)-1])
	}
	data, err := schema.ParseCAA(flags, tag, value)
	if err != nil {
		d.problem(d.at(n), "caa", "%v", err)
		return nil, false
	}
	return data, true
}

// presentation splits a value in presentation form into its parts, each as a
// node at the value's place.
func (r *recordReader) presentation(n *yaml.Node, typ schema.Type, parts int, example string) ([]*yaml.Node, bool) {
	d := r.doc
	text, ok := d.scalar(n, "the value")
	if !ok {
		return nil, false
	}
	fields := strings.Fields(text)
	if len(fields) != parts {
		why := fmt.Sprintf("has %d parts where %s has %d", len(fields), typ, parts)
		if len(fields) == 1 {
			why = "has no " + map[schema.Type]string{schema.TypeMX: "preference", schema.TypeSRV: "priority, weight and port"}[typ]
		}
		d.problem(d.at(n), strings.ToLower(string(typ)), "the %s value %q %s: write %s or %s", typ, text, why, example, examples[typ])
		return nil, false
	}
	out := make([]*yaml.Node, parts)
	for i, f := range fields {
		out[i] = &yaml.Node{Kind: yaml.ScalarNode, Value: f, Line: n.Line, Column: n.Column}
		if other := d.elsewhere[n]; other != nil {
			d.elsewhere[out[i]] = other
		}
	}
	return out, true
}

// hostUse is a host that was written with dots and without a trailing one, to
// be looked at once all names of the zone are known.
type hostUse struct {
	text     string
	relative schema.Name // what it would be below the zone
	position schema.Position
	lenient  bool
}

// host reads a host name in a record's data.
func (r *recordReader) host(rec *record, owner schema.Name, n *yaml.Node, text, what string) (schema.Name, bool) {
	d, zone := r.doc, r.b.zone.name
	rule := "host"
	if _, err := netip.ParseAddr(text); err == nil {
		d.problem(d.at(n), rule, "%s %q is an address: %s takes a host name, whose address is a record of its own", what, text, rec.typ)
		return schema.Name{}, false
	}
	if strings.Contains(text, "://") {
		d.problem(d.at(n), rule, "%s %q is a URL: %s takes the host name alone", what, text, rec.typ)
		return schema.Name{}, false
	}
	if r.foreign != nil && text != "." && !strings.Contains(text, ".") {
		d.problem(d.at(n), rule, "%s %q has no dot, and what octoDNS makes of that is up to each provider: write the whole name with its trailing dot", what, text)
		return schema.Name{}, false
	}
	name, err := schema.ParseHost(text, zone)
	if err != nil {
		d.problem(d.at(n), rule, "%s is no host name: %v", what, err)
		return schema.Name{}, false
	}
	if text == "@" || strings.HasSuffix(text, ".") || !strings.Contains(text, ".") || name == schema.Root() {
		return name, true
	}
	use := hostUse{text: text, position: d.at(n), lenient: rec.lenient}
	use.relative, err = schema.ParseOwner(text, zone)
	if err != nil {
		use.relative = schema.Name{}
	}
	if suffix, icann := publicsuffix.PublicSuffix(name.Display()); !icann && !strings.Contains(suffix, ".") {
		below := use.relative
		if below.IsZero() {
			below = zone
		}
		d.problems.Add(r.b.severity(use.lenient), use.position, "host-spelling",
			"%q has no trailing dot, and .%s is no top-level domain: write %s. for that very name, or %s. for the one in this zone", text, suffix, name.Display(), below.Display())
		return name, true
	}
	r.b.hosts = append(r.b.hosts, use)
	return name, true
}

// checkHosts tells hosts that could as well mean a name of this zone.
func (b *builder) checkHosts() {
	if len(b.hosts) == 0 {
		return
	}
	names := make(map[schema.Name]bool, len(b.sets))
	for k := range b.sets {
		names[k.Name] = true
	}
	for _, h := range b.held {
		names[h.Name] = true
	}
	for _, h := range b.hosts {
		if names[h.relative] {
			b.problems.Add(b.severity(h.lenient), h.position, "host-spelling",
				"%q has no trailing dot and so is absolute, but this zone has that name too: write %s. or %s.", h.text, h.text, h.relative.Display())
		}
	}
}

// text gives the bytes of a TXT value, and tells what its spelling makes
// doubtful.
func (r *recordReader) text(rec *record, owner schema.Name, n *yaml.Node, text string) string {
	d := r.doc
	if r.octodns {
		var err error
		if text, err = octodnsText(text, r.foreign != nil && r.foreign.PlainSemicolons); err != nil {
			d.problem(d.at(n), "txt", "%v", err)
		}
	} else if strings.Contains(text, `\;`) {
		if kind := semicolons(owner, text); kind != "" {
			d.problems.Add(r.b.severity(rec.lenient), d.at(n), "escaped-semicolon",
				`the backslash of \; would be part of the %s record: write ; alone, which needs no escape here`, kind)
		}
	}
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		if rest, ok := d.after(n); ok {
			if cut := strings.TrimLeft(rest, " \t"); len(cut) < len(rest) && len(cut) > 1 && cut[0] == '#' && cut[1] != ' ' && cut[1] != '\t' {
				d.problems.Add(schema.Warning, d.at(n), "comment-cut",
					"the text ends before %q, which YAML reads as a comment: put the whole text in quotes if that belongs to it, or a blank after # if it does not", cut)
			}
		}
	}
	return text
}

// after gives what follows a plain scalar on its line, where that is a comment.
func (d *document) after(n *yaml.Node) (string, bool) {
	if other := d.elsewhere[n]; other != nil {
		return other.after(n)
	}
	if d.lastLine != n.Line || d.lastRunes == nil {
		d.lastLine, d.lastRunes = n.Line, []rune(d.line(n.Line))
	}
	if n.Column < 1 || n.Column > len(d.lastRunes)+1 {
		return "", false
	}
	rest := d.lastRunes[n.Column-1:]
	for _, r := range n.Value {
		if len(rest) == 0 || rest[0] != r {
			return "", false
		}
		rest = rest[1:]
	}
	i := 0
	for i < len(rest) && (rest[i] == ' ' || rest[i] == '\t') {
		i++
	}
	if i == len(rest) || rest[i] != '#' {
		return "", false
	}
	return string(rest), true
}

// semicolons names the kind of a text whose fields semicolons separate; empty
// for any other.
func semicolons(owner schema.Name, text string) string {
	lower := strings.ToLower(strings.TrimLeft(text, ` "`))
	switch {
	case strings.HasPrefix(lower, "v=spf1"):
		return "SPF"
	case strings.HasPrefix(lower, "v=dmarc1"), owner.Label() == "_dmarc":
		return "DMARC"
	case strings.HasPrefix(lower, "v=dkim1"), owner.Parent().Label() == "_domainkey":
		return "DKIM"
	}
	return ""
}
