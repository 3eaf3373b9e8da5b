package edit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/octodns"
)

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
		if err := checkText(data.Text); err != nil || d.layout == nil || !d.octodns {
			return data.Text, err
		}
		return octodns.Text(data.Text)
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
