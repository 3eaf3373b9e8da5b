package edit

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// style is how most records of a file are written, which new ones follow.
type style struct {
	block   bool // a record's keys have lines of their own
	list    bool // a name's one record stands in a list all the same
	listIn  int  // how much further in than a name the dashes of its records stand
	values  bool // several values have lines of their own
	valueIn int  // how much further in than values: their dashes stand
}

func (d *declaration) styleOf() style {
	s := style{listIn: 2, valueIn: 2, values: d.octodns, block: d.octodns}
	if d.owners == nil {
		return s
	}
	var blocks, flows, lists, alone, valueBlocks, valueFlows int
	for _, o := range d.owners.entries {
		if o.below == nil {
			continue
		}
		records := []*entry{o}
		if o.below.isList {
			records = o.below.entries
			if !o.below.flow() {
				s.listIn = o.below.column - o.column
			}
			if len(records) == 1 {
				lists++
			}
		} else {
			alone++
		}
		for _, r := range records {
			if r.below == nil {
				continue
			}
			if r.below.flow() {
				flows++
			} else {
				blocks++
			}
			for _, f := range r.below.entries {
				if !valueKey[f.key.Value] || f.below == nil || !f.below.isList {
					continue
				}
				if f.below.flow() {
					valueFlows++
				} else {
					valueBlocks++
					s.valueIn = f.below.column - f.column
				}
			}
		}
	}
	if blocks+flows > 0 {
		s.block = blocks > flows
	}
	if valueBlocks+valueFlows > 0 {
		s.values = valueBlocks > valueFlows
	}
	s.list = lists > alone
	return s
}

// newRecords are records of RRsets as text; those in block form have their keys
// at a column.
func (d *declaration) newRecords(sets []RRset, flow bool, column int) ([]string, error) {
	var out []string
	for _, s := range sets {
		if flow {
			text, err := d.flowRecord(s)
			if err != nil {
				return nil, err
			}
			out = append(out, text)
			continue
		}
		lines, err := d.blockRecord(s)
		if err != nil {
			return nil, err
		}
		out = append(out, strings.Join(lines, "\n"+blanks(column)))
	}
	return out, nil
}

// field is one key of a new record.
type field struct{ key, text string }

// fields are those of a new record but its values, by where they stand.
func (d *declaration) fields(s RRset) (above, below []field) {
	octodns := d.layout != nil && d.octodns
	if s.TTL != nil && (d.ttl == nil || *d.ttl != *s.TTL) {
		above = append(above, field{"ttl", strconv.FormatUint(uint64(*s.TTL), 10)})
	}
	typ := field{"type", string(s.Type)}
	switch {
	case octodns: // which wants them sorted
		above = append(above, typ)
		if s.Lenient {
			above = append([]field{{"octodns", "{lenient: true}"}}, above...)
		}
	default:
		above = append([]field{typ}, above...)
		if s.Lenient {
			below = []field{{"lenient", "true"}}
		}
	}
	return above, below
}

// newValues are the values of a new record.
func (d *declaration) newValues(s RRset, flow bool) ([][]string, error) {
	var out [][]string
	for _, v := range s.Values {
		if v.Data == nil || !v.At.IsZero() {
			return nil, d.problem(v.At, "the value of %s %s is not found at its place: this is a fault of zoneherd's, please report it", s.Name.Display(), s.Type)
		}
		lines, err := d.newValue(v.Data, nil, flow)
		if err != nil {
			return nil, err
		}
		out = append(out, lines)
	}
	return out, nil
}

func (d *declaration) flowRecord(s RRset) (string, error) {
	above, below := d.fields(s)
	values, err := d.newValues(s, true)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, v := range values {
		texts = append(texts, v[0])
	}
	value := field{"value", texts[0]}
	if len(texts) > 1 {
		value = field{"values", "[" + strings.Join(texts, ", ") + "]"}
	}
	var parts []string
	for _, f := range append(append(above, value), below...) {
		parts = append(parts, f.key+": "+f.text)
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}

// blockRecord is a record as lines.
func (d *declaration) blockRecord(s RRset) ([]string, error) {
	above, below := d.fields(s)
	var lines []string
	add := func(fields []field) {
		for _, f := range fields {
			lines = append(lines, f.key+": "+f.text)
		}
	}
	add(above)
	values, err := d.newValues(s, !d.style.values && len(s.Values) > 1)
	if err != nil {
		return nil, err
	}
	switch {
	case len(values) == 1 && len(values[0]) == 1:
		lines = append(lines, "value: "+values[0][0])
	case len(values) == 1:
		lines = append(lines, "value:")
		for _, l := range values[0] {
			lines = append(lines, "  "+l)
		}
	case d.style.values:
		lines = append(lines, "values:")
		in := strings.Repeat(" ", d.style.valueIn)
		for _, v := range values {
			lines = append(lines, in+"- "+v[0])
			for _, l := range v[1:] {
				lines = append(lines, in+"  "+l)
			}
		}
	default:
		var texts []string
		for _, v := range values {
			texts = append(texts, v[0])
		}
		lines = append(lines, "values: ["+strings.Join(texts, ", ")+"]")
	}
	add(below)
	return lines, nil
}

// newValue is a value as lines, or in flow form as one. It has the form of
// another, if there is one.
func (d *declaration) newValue(data schema.Data, like *yaml.Node, flow bool) ([]string, error) {
	fields := fieldsOf(data)
	mapped := d.layout != nil && d.octodns && fields != nil
	if like != nil {
		mapped = fields != nil && like.Kind == yaml.MappingNode
	}
	if !mapped {
		text, err := d.scalarText(data, like)
		if err != nil {
			return nil, err
		}
		out := d.styled(text, like, flow, data.Type() == schema.TypeTXT)
		return []string{out}, nil
	}
	if like != nil { // in its order, by its names
		var in []dataField
		for _, p := range pairs(like) {
			for _, f := range fields {
				if f.is(p[0].Value) {
					f.name = p[0].Value
					in = append(in, f)
				}
			}
		}
		if len(in) == len(fields) {
			fields = in
		}
	}
	var lines []string
	for _, f := range fields {
		text, err := d.fieldText(f, nil)
		if err != nil {
			return nil, err
		}
		if !f.number {
			text = d.styled(text, nil, flow, false)
		}
		lines = append(lines, fmt.Sprintf("%s: %s", f.name, text))
	}
	if flow || like != nil && like.Style&yaml.FlowStyle != 0 {
		return []string{"{" + strings.Join(lines, ", ") + "}"}, nil
	}
	return lines, nil
}
