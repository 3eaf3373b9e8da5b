package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/octodns"
)

// newOwner is a name that the file does not have.
type newOwner struct {
	name schema.Name
	key  string
	sets []RRset
}

// ownerKey is a name as the file's form has it.
func (d *declaration) ownerKey(name schema.Name) string {
	relative := name.Relative(d.Zone)
	if relative == "@" && d.layout != nil && d.octodns {
		return ""
	}
	return relative
}

// addOwners adds names where the order of the names wants them, or at the end.
func (d *declaration) addOwners(fresh []newOwner) error {
	if len(fresh) == 0 {
		return nil
	}
	compare := compareOwners
	if d.layout != nil && d.octodns {
		compare = func(a, b *entry) int { return octodns.Natural(a.key.Value, b.key.Value) }
	}
	keyed := func(o newOwner) *entry { return &entry{key: &yaml.Node{Value: o.key}} }
	slices.SortFunc(fresh, func(a, b newOwner) int { return compare(keyed(a), keyed(b)) })
	if d.owners == nil {
		return d.firstOwners(fresh)
	}
	if err := d.free(d.owners.node); err != nil {
		return err
	}
	sorted := slices.IsSortedFunc(d.owners.entries, compare)
	behind := map[*entry][]string{}
	for _, o := range fresh {
		i := len(d.owners.entries)
		if sorted {
			for i = 0; i < len(d.owners.entries) && compare(d.owners.entries[i], keyed(o)) < 0; {
				i++
			}
		}
		var after *entry
		if i > 0 {
			after = d.owners.entries[i-1]
		}
		text, err := d.newOwner(o, d.owners.column, d.owners.flow())
		if err != nil {
			return err
		}
		behind[after] = append(behind[after], text)
	}
	for after, texts := range behind {
		d.placeOwners(after, texts)
	}
	return nil
}

// placeOwners puts names behind one, or before all.
func (d *declaration) placeOwners(after *entry, texts []string) {
	first := d.owners.entries[0]
	switch {
	case d.owners.flow() && len(d.removed) == len(d.owners.entries):
		d.splices[len(d.splices)-1].text = "{" + strings.Join(texts, ", ") + "}"
	case d.owners.flow(), after != nil, after == nil && strings.TrimSpace(d.before(d.entryStart(first))) != "":
		d.add(d.owners, after, texts...)
	default:
		line := first.line
		for slices.ContainsFunc(d.comments, func(c comment) bool { return c.own && c.text != "" && c.line == line-1 }) {
			line--
		}
		for _, t := range texts {
			d.insert(d.starts[line-1], blanks(d.owners.column)+t+"\n")
		}
	}
}

// firstOwners adds names to a file that has none.
func (d *declaration) firstOwners(fresh []newOwner) error {
	var texts string
	for _, o := range fresh {
		text, err := d.newOwner(o, 3, false)
		if err != nil {
			return err
		}
		texts += "\n  " + text
	}
	if d.layout == nil { // nothing but comments
		end := strings.TrimRight(d.text, "\n")
		if end != "" {
			end += "\n"
		}
		d.put(0, len(d.text), end+"records:"+texts+"\n")
		return nil
	}
	if d.root.flow() || len(d.root.entries) == 0 {
		return d.problem(d.top(), "names cannot be added to this file, which is written in braces: write records: on a line of its own, and run again")
	}
	for _, e := range d.root.entries {
		if e.key.Value != "records" {
			continue
		}
		colon := d.end(e.key) + 1
		at := d.content(e.value)
		if e.value.Kind == yaml.AliasNode || start(e.value) != "" || d.commentIn(colon, max(at.to, colon)) {
			return d.problem(d.at(e.value), "names cannot be added below records: as it is: write it without anything behind it, and run again")
		}
		if at.to > colon { // {}, or null
			d.put(colon, at.to, "")
		}
		d.insert(d.eol(max(colon, at.to)), texts)
		return nil
	}
	d.insert(d.eol(d.entryEnd(d.root.entries[len(d.root.entries)-1])), "\nrecords:"+texts)
	return nil
}

// newOwner is a name with its records. Lines but the first are indented.
func (d *declaration) newOwner(o newOwner, column int, flow bool) (string, error) {
	key := source.Scalar(o.key)
	if o.key == "" {
		key = "''"
	}
	list := len(o.sets) > 1 || d.style.list
	switch {
	case flow:
		texts, err := d.newRecords(o.sets, true, 0)
		if err != nil || len(texts) == 1 {
			return key + ": " + strings.Join(texts, ""), err
		}
		return key + ": [" + strings.Join(texts, ", ") + "]", nil
	case !list:
		texts, err := d.newRecords(o.sets, !d.style.block, column+2)
		if err != nil || !d.style.block {
			return key + ": " + strings.Join(texts, ""), err
		}
		return key + ":\n" + blanks(column+2) + texts[0], nil
	}
	dash := column + d.style.listIn
	texts, err := d.newRecords(o.sets, !d.style.block, dash+2)
	return key + ":\n" + blanks(dash) + "- " + strings.Join(texts, "\n"+blanks(dash)+"- "), err
}
