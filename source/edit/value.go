package edit

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/octodns"
)

// record changes a record of a name; goes tells that all its values do, and
// that nothing was changed.
func (d *declaration) record(owner, r *entry, s RRset) (goes bool, err error) {
	values, err := d.values(r, s)
	if err != nil {
		return false, err
	}
	changes := make([]*Value, len(values))
	var fresh []schema.Data
	left := len(values)
	for i, v := range s.Values {
		if v.At.IsZero() {
			fresh = append(fresh, v.Data)
			continue
		}
		at := slices.IndexFunc(values, func(n *yaml.Node) bool { return d.at(follow(n)) == v.At })
		if at < 0 {
			return false, d.problem(v.At, "the value of %s %s is not found at its place: this is a fault of zoneherd's, please report it", s.Name.Display(), s.Type)
		}
		if changes[at] = &s.Values[i]; v.Data == nil {
			left--
		}
	}
	if left == 0 && len(s.Values) > 0 && len(fresh) == 0 {
		return true, nil
	}
	if err := d.free(d.owners.node, owner.value, r.value); err != nil {
		return false, err
	}
	if len(s.Values) > 0 {
		if err := d.changeValues(r, changes, fresh); err != nil {
			return false, err
		}
	}
	if s.TTL != nil {
		if err := d.setTTL(r, *s.TTL); err != nil {
			return false, err
		}
	}
	if s.Lenient {
		return false, d.relax(r)
	}
	return false, nil
}

// changeValues changes the values of a record; changes has one for each, nil
// where it stays.
func (d *declaration) changeValues(r *entry, changes []*Value, fresh []schema.Data) error {
	f := valuesOf(r)
	if f == nil {
		return d.problem(d.at(r.value), "a value comes from a merge key or an alias, and a change would be one of all that use it: write it out, and run again")
	}
	if err := d.free(f.value); err != nil {
		return err
	}
	if f.below == nil || !f.below.isList {
		if err := d.freeBelow(f.value); err != nil {
			return err
		}
		if len(fresh) > 0 {
			return d.toValues(f, changes[0], fresh)
		}
		if changes[0] == nil {
			return nil
		}
		return d.replace(f, changes[0].Data)
	}
	gone := map[*entry]bool{}
	var last *entry
	for i, e := range f.below.entries {
		if changes[i] == nil {
			last = e
			continue
		}
		if changes[i].Data == nil {
			if err := d.freeBelow(e.value); err != nil {
				return err
			}
			gone[e] = true
			continue
		}
		last = e
		if err := d.free(e.value); err != nil {
			return err
		}
		if err := d.freeBelow(e.value); err != nil {
			return err
		}
		if err := d.replace(e, changes[i].Data); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		var texts []string
		for _, data := range fresh {
			lines, err := d.newValue(data, follow(last.value), f.below.depth() > 0)
			if err != nil {
				return d.problem(d.at(f.value), "%v", err)
			}
			texts = append(texts, strings.Join(lines, "\n"+blanks(last.column+2)))
		}
		d.add(f.below, last, texts...)
	}
	return d.removing(f.value, f.below, gone)
}

// replace makes a value another.
func (d *declaration) replace(e *entry, data schema.Data) error {
	n := e.value
	if n.Kind == yaml.MappingNode {
		return d.replaceFields(e, data)
	}
	text, err := d.scalarText(data, n)
	if err != nil {
		return d.problem(d.at(n), "%v", err)
	}
	d.putScalar(n, d.styled(text, n, e.in.depth() > 0, data.Type() == schema.TypeTXT))
	return nil
}

// putScalar puts another text in the place of a scalar. What stands behind the
// mark of a text block stays.
func (d *declaration) putScalar(n *yaml.Node, text string) {
	at := d.content(n)
	if isBlock(n) {
		d.put(at.from, at.from+len(d.blocks[n][0]), text)
		d.put(d.eol(at.from), at.to, "")
		return
	}
	d.put(at.from, at.to, text)
}

// replaceFields changes those fields of a value that differ.
func (d *declaration) replaceFields(e *entry, data schema.Data) error {
	for _, f := range fieldsOf(data) {
		i := slices.IndexFunc(e.below.entries, func(own *entry) bool { return f.is(own.key.Value) })
		if i < 0 {
			if f.name == "flags" {
				if f.text != "0" {
					d.addField(e.below, roleValue, "flags", f.text)
				}
				continue
			}
			return d.problem(d.at(e.value), "the field %s is not written here: write it out, and run again", f.name)
		}
		own := e.below.entries[i]
		if err := d.free(own.value); err != nil {
			return err
		}
		if f.same(own.value.Value, d.Zone) {
			continue
		}
		text, err := d.fieldText(f, own.value)
		if err != nil {
			return d.problem(d.at(own.value), "%v", err)
		}
		if !f.number || !isPlain(own.value) {
			text = d.styled(text, own.value, e.below.depth() > 0, false)
		}
		d.putScalar(own.value, text)
	}
	return nil
}

// toValues makes a list of a record's one value.
func (d *declaration) toValues(f *entry, change *Value, fresh []schema.Data) error {
	n := f.value
	if start(n) != "" {
		return d.problem(d.at(n), "values cannot be added behind this one, which has an anchor or a tag: make it a list by hand, and run again")
	}
	if f.key.Value == "value" {
		at := d.content(f.key)
		d.put(at.from, at.to, "values")
	}
	lines := !f.in.flow() && f.in.depth() == 0
	block := lines && f.below != nil && !f.below.flow()
	lines = block || lines && d.style.values && d.line(d.content(n).to) == d.line(d.start(f.key)) && !isBlock(n)
	if f.below != nil && change != nil {
		if err := d.replaceFields(f, change.Data); err != nil {
			return err
		}
	}
	column := f.column + d.style.valueIn
	var texts []string
	for _, data := range fresh {
		v, err := d.newValue(data, n, !lines)
		if err != nil {
			return d.problem(d.at(n), "%v", err)
		}
		if block {
			column = f.below.column + max(0, f.column+2-f.below.column) - 2
		}
		texts = append(texts, strings.Join(v, "\n"+blanks(column+2)))
	}
	text := n.Value
	if f.below == nil {
		if change != nil {
			var err error
			if text, err = d.scalarText(change.Data, n); err != nil {
				return d.problem(d.at(n), "%v", err)
			}
		}
		text = d.styled(text, n, !lines, fresh[0].Type() == schema.TypeTXT)
		if at := d.content(n); change == nil && !isBlock(n) && (!isPlain(n) || lines) {
			text = d.text[at.from:at.to]
		}
	}
	at := d.content(n)
	switch {
	case block:
		d.toList(f.below, f.column)
	case lines && f.below == nil:
		d.put(d.end(f.key)+1, at.to, "\n"+blanks(column)+"- "+text)
	case lines:
		d.put(d.end(f.key)+1, at.from, "\n"+blanks(column)+"- ")
	case f.below == nil:
		d.putScalar(n, "["+text+", "+strings.Join(texts, ", ")+"]")
		return nil
	default:
		d.insert(at.from, "[")
		d.insert(at.to, ", "+strings.Join(texts, ", ")+"]")
		return nil
	}
	for _, t := range texts {
		d.insert(d.behind(at.to, f.column), "\n"+blanks(column)+"- "+t)
	}
	return nil
}

// setTTL gives a record a TTL, or takes its own away where it has the same
// without.
func (d *declaration) setTTL(r *entry, ttl schema.TTL) error {
	text := strconv.FormatUint(uint64(ttl), 10)
	without := d.ttl != nil && *d.ttl == ttl
	for _, e := range r.below.entries {
		switch {
		case e.key.Tag == "!!merge":
			without = false
		case e.key.Value == "ttl":
			if err := d.free(e.value); err != nil {
				return err
			}
			if follow(e.value).Value == text {
				return nil
			}
			line := d.line(d.entryEnd(e))
			commented := slices.ContainsFunc(d.comments, func(c comment) bool { return c.line == line && c.text != "" })
			if without && (r.below.flow() && line == d.line(d.start(e.key)) || e != r.below.entries[0] && !commented) {
				if d.aliased[e.value] {
					return d.free(e.value)
				}
				return d.removing(e.value, r.below, map[*entry]bool{e: true})
			}
			d.putScalar(e.value, text)
			return nil
		}
	}
	if !without {
		d.addField(r.below, roleRecord, "ttl", text)
	}
	return nil
}

// relax gives a record `lenient: true`, in octoDNS's files as octoDNS's option.
func (d *declaration) relax(r *entry) error {
	in, role := r, roleRecord
	if d.octodns {
		i := slices.IndexFunc(r.below.entries, func(e *entry) bool { return e.key.Value == "octodns" })
		if i < 0 {
			d.addField(r.below, roleRecord, "octodns", "{lenient: true}")
			return nil
		}
		if in, role = r.below.entries[i], roleOther; in.below == nil || in.below.isList || len(in.below.entries) == 0 {
			return d.problem(d.at(in.value), "lenient: true cannot be added here: write it below octodns:, and run again")
		}
	}
	for _, e := range in.below.entries {
		if e.key.Value == "lenient" {
			d.putScalar(e.value, "true")
			return nil
		}
	}
	d.addField(in.below, role, "lenient", "true")
	return nil
}

// addField adds a key to a record or a value, where the order of keys wants it.
func (d *declaration) addField(c *collection, r role, key, text string) {
	rank := (&layout{octodns: d.octodns}).order(c, r)
	if rank == nil {
		rank = func(a, b *entry) int { return octodns.Natural(a.key.Value, b.key.Value) }
	}
	fresh := &entry{key: &yaml.Node{Value: key}}
	i := slices.IndexFunc(c.entries, func(e *entry) bool { return rank(e, fresh) > 0 })
	if i < 0 {
		i = len(c.entries)
	}
	var after *entry
	if i > 0 {
		after = c.entries[i-1]
	}
	d.add(c, after, key+": "+text)
}
