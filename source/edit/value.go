package edit

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
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

// valuesOf is the entry with a record's values; nil where they come from elsewhere.
func valuesOf(r *entry) *entry {
	if r.below == nil {
		return nil
	}
	for _, f := range r.below.entries {
		if f.key.Value == "value" || f.key.Value == "values" {
			return f
		}
	}
	return nil
}

// values are the nodes of a record's values, wherever they stand.
func (d *declaration) values(r *entry, s RRset) ([]*yaml.Node, error) {
	n := d.lookUp(r.value, 0)
	switch {
	case n == nil && len(s.Values) == 0:
		return nil, nil
	case n == nil:
		return nil, d.problem(d.at(r.value), "the values of %s %s are not found at their place: write them out here, and run again", s.Name.Display(), s.Type)
	case n.Kind == yaml.SequenceNode:
		return n.Content, nil
	}
	return []*yaml.Node{n}, nil
}

// lookUp finds what stands at value or values of a record, an alias or merge key
// followed.
func (d *declaration) lookUp(n *yaml.Node, depth int) *yaml.Node {
	n = follow(n)
	if depth > 16 {
		return nil
	}
	var merged *yaml.Node
	for _, p := range pairs(n) {
		switch value := follow(p[1]); {
		case p[0].Tag == "!!merge":
			sources := []*yaml.Node{value}
			if value.Kind == yaml.SequenceNode {
				sources = value.Content
			}
			for _, m := range sources {
				if merged == nil {
					merged = d.lookUp(m, depth+1)
				}
			}
		case p[0].Value == "value", p[0].Value == "values":
			return value
		}
	}
	return merged
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
		d.insert(d.eol(at.to), "\n"+blanks(column)+"- "+t)
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

// dataField is one field of data that may be written as a mapping.
type dataField struct {
	name   string
	other  string // another name of it
	text   string
	host   schema.Name // of a field that is a host
	number bool
}

func (f dataField) is(key string) bool { return key == f.name || key == f.other && f.other != "" }

// same reports whether a field says the same as what is written.
func (f dataField) same(written string, zone schema.Name) bool {
	switch {
	case f.number:
		n, err := schema.ParseNumber(f.name, written)
		return err == nil && strconv.Itoa(int(n)) == f.text
	case !f.host.IsZero():
		host, err := schema.ParseHost(written, zone)
		return err == nil && host == f.host
	case f.name == "tag":
		return strings.EqualFold(written, f.text)
	}
	return written == f.text
}

// fieldsOf are the fields of data that may be a mapping, in the order of their
// names; nil for other types.
func fieldsOf(data schema.Data) []dataField {
	number := func(name string, n uint16) dataField {
		return dataField{name: name, text: strconv.Itoa(int(n)), number: true}
	}
	switch data := data.(type) {
	case schema.MX:
		preference := number("preference", data.Preference)
		preference.other = "priority"
		return []dataField{{name: "exchange", other: "value", host: data.Exchange}, preference}
	case schema.SRV:
		return []dataField{number("port", data.Port), number("priority", data.Priority), {name: "target", host: data.Target}, number("weight", data.Weight)}
	case schema.CAA:
		return []dataField{number("flags", uint16(data.Flags)), {name: "tag", text: data.Tag}, {name: "value", text: data.Value}}
	}
	return nil
}

// fieldText is a field as it is written, a host in the manner of another.
func (d *declaration) fieldText(f dataField, like *yaml.Node) (string, error) {
	if f.host.IsZero() {
		return f.text, checkText(f.text)
	}
	old := ""
	if like != nil {
		old = like.Value
	}
	return d.host(f.host, old), nil
}

// host is a host as short as it may be, or absolute where another one of this
// zone is written so, and in octoDNS's files.
func (d *declaration) host(n schema.Name, like string) string {
	if d.layout != nil && d.octodns {
		return n.String()
	}
	if old, err := schema.ParseName(like); err == nil && strings.HasSuffix(like, ".") && old.In(d.Zone) {
		return n.String()
	}
	return source.Host(d.Zone, n)
}

// unquoted is a CAA value that needs no quotes within the text of its record.
var unquoted = regexp.MustCompile(`^[0-9A-Za-z.:/@_=;%+-]+$`)

// scalarText is data as one text, in the manner of another.
func (d *declaration) scalarText(data schema.Data, like *yaml.Node) (string, error) {
	old := ""
	if like != nil {
		old = like.Value
	}
	words := strings.Fields(old)
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	switch data := data.(type) {
	case schema.TXT:
		if d.layout != nil && d.octodns {
			return strings.ReplaceAll(data.Text, ";", `\;`), checkText(data.Text)
		}
		return data.Text, checkText(data.Text)
	case schema.CNAME:
		return d.host(data.Target, last), nil
	case schema.NS:
		return d.host(data.Host, last), nil
	case schema.MX:
		return fmt.Sprintf("%d %s", data.Preference, d.host(data.Exchange, last)), nil
	case schema.SRV:
		return fmt.Sprintf("%d %d %d %s", data.Priority, data.Weight, data.Port, d.host(data.Target, last)), nil
	case schema.CAA:
		if like != nil && !strings.Contains(old, `"`) && unquoted.MatchString(data.Value) {
			return fmt.Sprintf("%d %s %s", data.Flags, data.Tag, data.Value), nil
		}
	case schema.Opaque:
		return "", fmt.Errorf("the value %s cannot be read, and so not be written: mend it at the service", data)
	}
	return data.String(), nil
}

func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("the live text %q is no Unicode, which a YAML file cannot hold: mend it at the service", text)
	}
	return nil
}

// styled is a text in the quotes of another scalar, as far as those can hold it,
// else as zoneherd writes it.
func (d *declaration) styled(text string, like *yaml.Node, flow, txt bool) string {
	graphic := !strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && (!unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r)) })
	switch {
	case like == nil || like.Kind != yaml.ScalarNode || isBlock(like):
	case like.Style&yaml.SingleQuotedStyle != 0 && graphic:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case like.Style&yaml.SingleQuotedStyle != 0, like.Style&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted(text)
	case isPlain(like) && graphic && isPlainText(text, flow):
		return text
	}
	if txt {
		return source.Quoted(text)
	}
	return source.Scalar(text)
}

func doubleQuoted(text string) string {
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text})
	if err != nil {
		panic(err) // a string always marshals
	}
	return strings.TrimSuffix(string(out), "\n")
}

// word is a text that some reader of YAML may take for a number or a word of
// its own.
var word = regexp.MustCompile(`^[0-9A-Za-z_.:+-]*$`)

// isPlainText reports whether YAML takes a text without quotes for that text.
func isPlainText(text string, flow bool) bool {
	if strings.HasSuffix(text, ":") || word.MatchString(text) && source.Scalar(text) != text {
		return false
	}
	around := "- " + text
	if flow {
		around = "[" + text + ", x]"
	}
	var root yaml.Node
	if yaml.Unmarshal([]byte(around), &root) != nil || len(root.Content) != 1 || len(root.Content[0].Content) == 0 {
		return false
	}
	n := root.Content[0].Content[0]
	return n.Kind == yaml.ScalarNode && isPlain(n) && n.Tag == "!!str" && n.Value == text && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 && n.LineComment == ""
}
