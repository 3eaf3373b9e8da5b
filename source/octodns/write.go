// Package octodns reads what octoDNS makes of its configuration and zone files,
// and writes zones as such files, which zoneherd's own reader (package source)
// reads back the same.
package octodns

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// Write writes a zone as octoDNS's YamlProvider reads it: keys in the order
// that it enforces, hosts with their trailing dots, `;` in texts escaped. A
// text that is no Unicode or has a blank between quotes, and data that could not be read ([schema.Opaque]),
// is an error, as are values of one RRset whose TTLs differ.
func Write(z *schema.Zone) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	type owner struct {
		name string
		sets []schema.RRset
	}
	var owners []owner
	for rest := z.RRsets; len(rest) > 0; {
		n := len(z.At(rest[0].Name))
		name := rest[0].Name.Relative(z.Name)
		if name == "@" {
			name = ""
		}
		owners = append(owners, owner{name, rest[:n]})
		rest = rest[n:]
	}
	slices.SortFunc(owners, func(a, b owner) int { return Natural(a.name, b.name) })
	for _, o := range owners {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range o.sets {
			r, err := record(&o.sets[i])
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", o.sets[i].Name.Display(), o.sets[i].Type, err)
			}
			list.Content = append(list.Content, r)
		}
		if len(list.Content) == 1 {
			list = list.Content[0]
		}
		key, err := text(o.name)
		if err != nil {
			return nil, err
		}
		root.Content = append(root.Content, key, list)
	}
	var out bytes.Buffer
	out.WriteString("---\n")
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("write the zone %s: %w", z.Name.Display(), err)
	}
	return out.Bytes(), e.Close()
}

// record is one RRset, its keys in alphabetical order.
func record(s *schema.RRset) (*yaml.Node, error) {
	m := &yaml.Node{Kind: yaml.MappingNode}
	values := &yaml.Node{Kind: yaml.SequenceNode}
	lenient := false
	for _, v := range s.Values {
		if v.TTL != s.Values[0].TTL {
			return nil, fmt.Errorf("its values have different TTLs, which an octoDNS file cannot hold: give them one")
		}
		n, err := value(v.Data)
		if err != nil {
			return nil, err
		}
		values.Content = append(values.Content, n)
		lenient = lenient || v.Lenient
	}
	if lenient {
		add(m, "octodns", mapping("lenient", plain("true")))
	}
	add(m, "ttl", plain(strconv.FormatUint(uint64(s.Values[0].TTL), 10)))
	add(m, "type", plain(string(s.Type)))
	if len(values.Content) == 1 {
		add(m, "value", values.Content[0])
	} else {
		add(m, "values", values)
	}
	return m, nil
}

// Text is a text as octoDNS's files have it: `;` escaped, and one that begins with
// a quote in one more pair of quotes, which octoDNS takes off.
func Text(text string) (string, error) {
	if strings.HasPrefix(text, `"`) {
		text = `"` + text + `"`
	}
	if strings.Contains(text, `" "`) {
		return "", fmt.Errorf("the text %s has a blank between two quotes, where octoDNS joins texts, so that its files cannot hold it", schema.TXT{Text: text})
	}
	return strings.ReplaceAll(text, ";", `\;`), nil
}

func value(d schema.Data) (*yaml.Node, error) {
	number := func(n uint16) *yaml.Node { return plain(strconv.Itoa(int(n))) }
	switch d := d.(type) {
	case schema.TXT:
		written, err := Text(d.Text)
		if err != nil {
			return nil, fmt.Errorf("%w: export it to bind, json or csv", err)
		}
		return text(written)
	case schema.MX:
		return mapping("exchange", plain(d.Exchange.String()), "preference", number(d.Preference)), nil
	case schema.SRV:
		return mapping("port", number(d.Port), "priority", number(d.Priority), "target", plain(d.Target.String()), "weight", number(d.Weight)), nil
	case schema.CAA:
		v, err := text(d.Value)
		if err != nil {
			return nil, err
		}
		tag, err := text(d.Tag)
		return mapping("flags", number(uint16(d.Flags)), "tag", tag, "value", v), err
	case schema.Opaque:
		return nil, fmt.Errorf("the value %s cannot be read: leave it out, or mend it first", d)
	}
	return text(d.String())
}

// text is a scalar that any reader of YAML takes for text, in quotes where it
// needs them.
func text(s string) (*yaml.Node, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("the text %q is no Unicode, which a YAML file cannot hold: export it to bind, json or csv", s)
	}
	n := &yaml.Node{}
	if err := n.Encode(s); err != nil {
		return nil, fmt.Errorf("write the text %q: %w", s, err)
	}
	// Not all line ends come back otherwise, and PyYAML takes some for what they are not.
	if python.MatchString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: s}
	}
	return n, nil
}

// python are the texts that PyYAML takes for no text where the YAML library
// needs no quotes.
var python = regexp.MustCompile(`^(=|<<|\.[0-9_]+|0[xb]_*|[0-9]{4}-[0-9].*)$`)

// plain is a scalar that YAML reads as it stands, or as text where it has a
// trailing dot.
func plain(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: s}
	if strings.HasSuffix(s, ".") {
		n.Tag = "!!str"
	}
	return n
}

func mapping(pairs ...any) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		add(m, pairs[i].(string), pairs[i+1].(*yaml.Node))
	}
	return m
}

func add(m *yaml.Node, key string, v *yaml.Node) { m.Content = append(m.Content, plain(key), v) }
