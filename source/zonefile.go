package source

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// zoneFile is the head of a zone file or of an included one: everything but
// the records, which are read once per zone.
type zoneFile struct {
	path    Path
	doc     *document
	octodns bool // the top level is the owner names themselves
	foreign *OctoDNSFile

	named    bool // has zone: or zones:, good or bad
	names    []zoneName
	ttl      schema.TTL
	hasTTL   bool
	includes []*yaml.Node
	records  *yaml.Node // nil: none
	state    schema.State
	allow    []schema.Allowance
	fromLive bool
	lenient  bool
}

// zoneName is a zone that a file declares, and where.
type zoneName struct {
	name schema.Name
	at   schema.Position
}

// The keys of a zone file, in the order of the README, and which of them an
// included file may have.
var (
	zoneKeys    = []string{"zone", "zones", "ttl", "include", "records", "state", "allow", "from-live", "lenient"}
	includeKeys = []string{"ttl", "include", "records", "lenient"}
)

// isOwnForm reports whether a file's top level is zoneherd's form: `records`
// as a mapping of owner names, `include`, `zones` or `zone` with a scalar or
// list, or `state` with a scalar. Any other is octoDNS's, where these are
// owner names like all others.
func (d *document) isOwnForm(top []pair) bool {
	for _, p := range top {
		switch p.text {
		case "records":
			if d.isNull(p.value) || isBad(p.value) || p.value.Kind == yaml.MappingNode && !d.isRecord(p.value) {
				return true
			}
		case "include", "zone", "zones":
			if p.value.Kind == yaml.ScalarNode || p.value.Kind == yaml.SequenceNode && !d.isRecordList(p.value) {
				return true
			}
		case "state":
			if p.value.Kind == yaml.ScalarNode {
				return true
			}
		}
	}
	return false
}

// isRecord reports whether a mapping is a record: its `type` is a scalar.
func (d *document) isRecord(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "type" && n.Content[i+1].Kind == yaml.ScalarNode {
			return true
		}
	}
	return false
}

// isRecordList reports whether a list begins with a mapping, as a list of
// records does.
func (d *document) isRecordList(n *yaml.Node) bool {
	return len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode
}

// readZoneFile reads the head of a zone file; included says that it is one
// that others include.
func readZoneFile(d *document, p Path, included bool) zoneFile {
	f := zoneFile{path: p, doc: d}
	if d.root == nil {
		return f
	}
	if d.root.Kind != yaml.MappingNode {
		d.problem(d.at(d.root), "kind", "a zone file is a mapping with records: and the owner names below it, not a %s", kindName(d.root))
		f.named = true
		return f
	}
	top := d.pairs(d.root)
	if !d.isOwnForm(top) {
		f.octodns, f.records = true, d.root
		return f
	}
	for _, p := range top {
		if included && slices.Contains(zoneKeys, p.text) && !slices.Contains(includeKeys, p.text) {
			d.problem(d.at(p.key), "include-key", "an included file has records, not a zone of its own: %s belongs into the zone file", p.text)
			continue
		}
		f.set(d, p)
	}
	return f
}

// set reads one key of the top level.
func (f *zoneFile) set(d *document, p pair) {
	switch p.text {
	case "zone", "zones":
		if f.named {
			d.problem(d.at(p.key), "zone-name", "zone and zones stand side by side: keep one of them")
			return
		}
		f.named = true
		if p.text == "zone" && p.value.Kind == yaml.SequenceNode {
			d.problem(d.at(p.value), "kind", "zone is one name: for several zones with the same records write zones: [a.example, b.example]")
			return
		}
		f.setNames(d, p)
	case "ttl":
		if text, ok := d.scalar(p.value, "ttl"); ok {
			ttl, err := schema.ParseTTL(text)
			if err != nil {
				d.problem(d.at(p.value), "ttl", "%v", err)
				return
			}
			f.ttl, f.hasTTL = ttl, true
		}
	case "include":
		f.includes = d.elements(p.value)
	case "records":
		switch {
		case p.value.Kind == yaml.MappingNode:
			f.records = p.value
		case d.isNull(p.value), isBad(p.value):
		default:
			d.problem(d.at(p.value), "kind", "records is a mapping from owner names to records, not %s", d.describe(p.value))
		}
	case "state":
		if d.oneOf(p, "present", "absent") == "absent" {
			f.state = schema.Absent
		}
	case "allow":
		for _, n := range d.elements(p.value) {
			if guard := d.oneOf(pair{p.key, n, "allow"}, "deletes", "updates", "empty", "delete-zone", "last"); guard != "" {
				f.allow = append(f.allow, schema.Allowance{Guard: guard, Position: d.at(n)})
			}
		}
	case "from-live":
		f.fromLive, _ = d.boolean(p)
	case "lenient":
		f.lenient, _ = d.boolean(p)
	default:
		hint := didYouMean(p.text, zoneKeys)
		if p.value.Kind != yaml.ScalarNode && nearest(p.text, zoneKeys) == "" {
			hint = "an owner name stands below records:; " + hint
		}
		d.problem(d.at(p.key), "unknown-key", "a zone file has no key %q: %s", p.text, hint)
	}
}

// checkZoneName refuses names that no zone has here.
func checkZoneName(n schema.Name) error {
	switch {
	case n == schema.Root():
		return fmt.Errorf("the zone %q is the DNS root, which nobody keeps here: write the zone's own name", n.String())
	case strings.Contains(n.String(), "*"):
		return fmt.Errorf("the zone name %q has a *, and a zone is no wildcard: write the zone's own name", n.Display())
	}
	return nil
}

// setNames reads zone: or zones:.
func (f *zoneFile) setNames(d *document, p pair) {
	seen := map[schema.Name]bool{}
	for _, n := range d.elements(p.value) {
		text, ok := d.scalar(n, "a zone's name")
		if !ok {
			continue
		}
		name, err := schema.ParseName(text)
		switch {
		case err != nil:
			d.problem(d.at(n), "zone-name", "%v", err)
		case checkZoneName(name) != nil:
			d.problem(d.at(n), "zone-name", "%v", checkZoneName(name))
		case seen[name]:
			d.problem(d.at(n), "duplicate-zone", "the zone %s is listed twice here: remove one", name.Display())
		default:
			seen[name] = true
			f.names = append(f.names, zoneName{name, d.at(n)})
		}
	}
}
