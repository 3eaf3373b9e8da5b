package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// owner changes the records of a name that the file has.
func (d *declaration) owner(e *entry, sets []RRset) error {
	if follow(e.value).Kind == yaml.SequenceNode && e.below == nil {
		return d.free(e.value)
	}
	records := d.records(e)
	gone := map[*entry]bool{}
	var fresh []RRset
	for _, s := range sets {
		i := slices.IndexFunc(records, func(r record) bool { return r.typ == s.Type })
		if i < 0 {
			fresh = append(fresh, s)
			continue
		}
		goes, err := d.record(e, records[i].entry, s)
		if err != nil {
			return err
		}
		gone[records[i].entry] = goes
	}
	// One that goes gives its place to one that comes.
	for _, r := range records {
		if !gone[r.entry] {
			continue
		}
		if err := d.freeBelow(r.entry.value); err != nil {
			return err
		}
		if len(fresh) > 0 {
			if err := d.replaceRecord(e, r.entry, fresh[0]); err != nil {
				return err
			}
			gone[r.entry], fresh = false, fresh[1:]
		}
	}
	if !slices.ContainsFunc(records, func(r record) bool { return !gone[r.entry] }) {
		d.removed[e] = true
		if err := d.freeBelow(e.key); err != nil {
			return err
		}
		return d.freeBelow(e.value)
	}
	if len(fresh) > 0 {
		return d.appendRecords(e, fresh)
	}
	if e.below == nil || !e.below.isList {
		return nil
	}
	if slices.ContainsFunc(e.below.entries, func(r *entry) bool { return gone[r] }) {
		if err := d.free(e.value); err != nil {
			return err
		}
	}
	return d.removing(e.value, e.below, gone)
}

// removing is remove, with the place in what goes wrong.
func (d *declaration) removing(at *yaml.Node, c *collection, gone map[*entry]bool) error {
	if err := d.remove(c, func(e *entry) bool { return gone[e] }); err != nil {
		return d.problem(d.at(at), "this cannot be changed: %v", err)
	}
	return nil
}

// replaceRecord puts another record in the place of one.
func (d *declaration) replaceRecord(e, r *entry, s RRset) error {
	if r != e {
		if err := d.free(e.value); err != nil {
			return err
		}
	}
	at := d.content(r.value)
	if r.value.Kind == yaml.AliasNode || r.below.flow() {
		if d.commentIn(at.from, at.to) {
			return d.problem(d.at(r.value), "this cannot be changed: %v", errComment)
		}
		text, err := d.flowRecord(s)
		if err != nil {
			return err
		}
		d.put(at.from, at.to, text)
		return nil
	}
	lines, err := d.blockRecord(s)
	if err != nil {
		return err
	}
	first := d.line(at.from)
	d.put(at.from, min(d.entryEnd(r.below.entries[0]), d.eol(at.from)), lines[0])
	for _, l := range lines[1:] {
		d.insert(d.eol(at.from), "\n"+blanks(r.below.column)+l)
	}
	if last := d.line(at.to); last > first {
		d.dropLines(first+1, last)
	}
	return nil
}

// appendRecords adds records to a name that has some, and makes a list of its
// one record where it has no list.
func (d *declaration) appendRecords(e *entry, fresh []RRset) error {
	if err := d.free(d.owners.node); err != nil {
		return err
	}
	flow := e.value.Kind == yaml.AliasNode || e.below.flow()
	if e.below != nil && e.below.isList {
		if err := d.free(e.value); err != nil {
			return err
		}
		last := e.below.entries[len(e.below.entries)-1]
		flow = flow || last.below == nil && !d.style.block || last.below != nil && last.below.flow()
		texts, err := d.newRecords(fresh, flow, last.column+2)
		if err != nil {
			return err
		}
		d.add(e.below, last, texts...)
		return nil
	}
	if d.aliased[e.value] || start(e.value) != "" {
		return d.problem(d.at(e.value), "records cannot be added behind this one, which has an anchor or a tag: make it a list by hand, and run again")
	}
	at := d.content(e.value)
	column := e.column + d.style.listIn
	switch {
	case e.in.depth() > 0:
		texts, err := d.newRecords(fresh, true, 0)
		if err != nil {
			return err
		}
		d.insert(at.from, "[")
		d.insert(at.to, ", "+strings.Join(texts, ", ")+"]")
		return nil
	case flow:
		colon := d.end(e.key) + 1
		if d.commentIn(colon, at.from) {
			return d.problem(d.at(e.value), "this cannot be changed: %v", errComment)
		}
		d.put(colon, at.from, "\n"+blanks(column)+"- ")
	default:
		column = d.toList(e.below, e.column)
	}
	texts, err := d.newRecords(fresh, flow, column+2)
	if err != nil {
		return err
	}
	for _, t := range texts {
		d.insert(d.behind(at.to, e.column), "\n"+blanks(column)+"- "+t)
	}
	return nil
}

// toList makes a block mapping below a key the first element of a list, and
// gives the column of its dash.
func (d *declaration) toList(c *collection, key int) int {
	shift := max(0, key+2-c.column)
	column := c.column + shift - 2
	from := d.start(c.node.Content[0])
	first, last := d.line(from), d.line(d.end(c.node))
	d.put(d.starts[first-1], from, blanks(column)+"- ")
	for n := first + 1; n <= last && shift > 0; n++ {
		if strings.TrimSpace(d.lines[n-1]) != "" {
			d.insert(d.starts[n-1], strings.Repeat(" ", shift))
		}
	}
	return column
}

// removeOwners takes the names out that have no record left.
func (d *declaration) removeOwners() error {
	if err := d.free(d.owners.node); err != nil {
		return err
	}
	if d.owners.flow() && len(d.removed) == len(d.owners.entries) {
		at := d.content(d.owners.node)
		if d.commentIn(at.from, at.to) {
			return d.problem(d.at(d.owners.node), "this cannot be changed: %v", errComment)
		}
		d.put(at.from, at.to, "{}")
		return nil
	}
	return d.removing(d.owners.node, d.owners, d.removed)
}
