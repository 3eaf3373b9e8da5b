package source

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// FromLive writes a live zone as a zone file marked from-live, which holds all
// of it: TTLs that disagree, values that stand twice, and what could not be
// read. Applying the file makes the zone equal to it again. head is a comment.
func FromLive(z *schema.LiveZone, head string) ([]byte, error) {
	records := slices.Clone(z.Records)
	slices.SortStableFunc(records, func(a, b schema.LiveRecord) int {
		return cmp.Or(a.Key().Compare(b.Key()), compareKinds(a, b), schema.CompareData(a.Data, b.Data))
	})
	owners := &yaml.Node{Kind: yaml.MappingNode}
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Name == records[0].Name {
			n++
		}
		owners.Content = append(owners.Content, quoted(records[0].Name.Relative(z.Name)), liveOwner(records[:n]))
		records = records[n:]
	}
	root := mapping("zone", quoted(z.Name.Display()), "from-live", plainNode("true"), "records", owners)
	root.HeadComment = head
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("write the zone %s: %w", z.Name.Display(), err)
	}
	return out.Bytes(), e.Close()
}

// compareKinds orders records of one RRset by what stands in one entry of the
// file: those that were read and those that were not, and each TTL.
func compareKinds(a, b schema.LiveRecord) int {
	rank := func(r schema.LiveRecord) int {
		if _, opaque := r.Data.(schema.Opaque); opaque {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.TTL, b.TTL))
}

// liveOwner is the list of the records at one name.
func liveOwner(records []schema.LiveRecord) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for len(records) > 0 {
		first := records[0]
		n := 1
		for n < len(records) && records[n].Key() == first.Key() && compareKinds(records[n], first) == 0 {
			n++
		}
		values := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, r := range records[:n] {
			values.Content = append(values.Content, liveValue(r))
		}
		key := "values"
		if _, opaque := first.Data.(schema.Opaque); opaque {
			key = "raw"
		}
		record := mapping("type", plainNode(string(first.Data.Type())), "ttl", ttlNode(first.TTL), key, values)
		record.Style = yaml.FlowStyle
		list.Content = append(list.Content, record)
		records = records[n:]
	}
	return list
}

// liveValue writes data down as a careful person would; as the service gave it,
// where it could not be read; and in presentation form where no text can hold it.
func liveValue(r schema.LiveRecord) *yaml.Node {
	switch d := r.Data.(type) {
	case schema.Opaque:
		return quoted(d.Raw)
	case schema.TXT:
		if !isText(d.Text) {
			return mapping("data", quoted(d.String()), "ttl", ttlNode(r.TTL))
		}
		return quoted(d.Text)
	}
	return quoted(r.Data.String())
}

// isText reports whether bytes are text that a file can hold as it is.
func isText(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

func ttlNode(ttl schema.TTL) *yaml.Node { return plainNode(strconv.FormatUint(uint64(ttl), 10)) }

func plainNode(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// quoted is a scalar that is nothing but text.
func quoted(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}
}

// mapping is a mapping of keys and nodes, in turn.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Content = append(n.Content, plainNode(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}
