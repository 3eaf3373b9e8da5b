package edit

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/source"
)

// What Format gives up on.
var (
	errNoMapping         = errors.New("it is no mapping")
	errEndMark           = errors.New("it has YAML's end mark ...: take it out")
	errContentBehindMark = errors.New("it has content behind --- on the same line: begin a new line after ---")
	errUnknownComment    = errors.New("a comment stands where it cannot be followed: move it above or behind a whole record")
)

// width is how long a line may be before a record is broken up.
const width = 100

// role is what a mapping or list is for.
type role int

const (
	roleTop     role = iota // of a file in zoneherd's form
	roleOwners              // from owner names to records
	roleRecords             // the records of one name
	roleRecord
	roleValue // a mapping with the fields of a value
	roleOther
)

func (l *layout) rootRole() role {
	if l.octodns {
		return roleOwners
	}
	return roleTop
}

// roleBelow is the role of what stands below an entry.
func (l *layout) roleBelow(r role, e *entry) role {
	switch {
	case r == roleTop && e.key.Value == "records" && !e.below.isList:
		return roleOwners
	case r == roleOwners && e.below.isList:
		return roleRecords
	case r == roleOwners, r == roleRecords && !e.below.isList:
		return roleRecord
	case r == roleRecord && !e.below.isList && valueKey[e.key.Value]:
		return roleValue
	case r == roleOther && !e.below.isList && e.in.isList && e.in.owner != nil && e.in.owner.key != nil && valueKey[e.in.owner.key.Value]:
		return roleValue
	}
	return roleOther
}

var valueKey = map[string]bool{"value": true, "values": true, "raw": true}

// printer writes a layout.
type printer struct {
	*layout
	out strings.Builder
}

// print is the file laid out anew.
func (l *layout) print() string {
	p := &printer{layout: l}
	for _, line := range l.header {
		p.out.WriteString(line + "\n")
	}
	l.sortKeys(l.root, l.rootRole())
	if len(l.root.entries) == 0 {
		p.comments(l.root.foot, 0, true)
		p.out.WriteString(start(l.root.node) + "{}\n")
		return p.out.String()
	}
	if s := start(l.root.node); s != "" {
		p.out.WriteString(strings.TrimSpace(s) + "\n")
	}
	p.collection(l.root, l.rootRole(), "", 0)
	return p.out.String()
}

func (p *printer) comments(lines []string, indent int, first bool) {
	blank := false
	for i, line := range lines {
		switch {
		case line == "":
			blank = !first || i > 0
			continue
		case blank:
			p.out.WriteByte('\n')
			blank = false
		}
		p.out.WriteString(strings.Repeat(" ", indent) + line + "\n")
	}
	if blank {
		p.out.WriteByte('\n')
	}
}

// collection writes the entries of a collection on lines of their own. typ is
// the type of the record that it is part of.
func (p *printer) collection(c *collection, r role, typ string, indent int) {
	for i, e := range c.entries {
		p.comments(e.lead, indent, i == 0)
		p.out.WriteString(strings.Repeat(" ", indent))
		p.entry(e, r, typ, indent)
	}
	foot := c.foot
	if n := len(foot); n > 0 && foot[n-1] == "" {
		foot = foot[:n-1]
	}
	p.comments(foot, indent, false)
}

// entry writes one entry, whose line has been begun.
func (p *printer) entry(e *entry, r role, typ string, indent int) {
	head := "-"
	if !e.in.isList {
		head = keyText(e.key) + ":"
	}
	behind := ""
	if e.behind != "" {
		behind = "  " + e.behind
	}
	if e.below == nil {
		text, rest := p.scalar(e, typ), ""
		if isBlock(e.value) {
			lines := p.blocks[e.value]
			text, rest = lines[0], indented(lines[1:], indent+2)
		}
		p.out.WriteString(strings.TrimRight(head+" "+start(e.value)+text, " ") + behind + "\n" + rest)
		return
	}
	below := p.roleBelow(r, e)
	if below == roleRecord {
		typ = e.typ()
	}
	if text, ok := p.oneLine(e.below, below, typ); ok && indent+utf8.RuneCountInString(head+" "+start(e.value)+text) <= width {
		p.out.WriteString(head + " " + start(e.value) + text + behind + "\n")
		return
	}
	if len(e.below.entries) == 0 { // it has comments, which no other form holds
		open, end := "{", "}"
		if e.below.isList {
			open, end = "[", "]"
		}
		p.out.WriteString(head + " " + start(e.value) + open + behind + "\n")
		p.comments(e.below.foot, indent+2, true)
		p.out.WriteString(strings.Repeat(" ", indent) + end + "\n")
		return
	}
	if first := e.below.entries[0]; e.in.isList && start(e.value) == "" && behind == "" && !hasText(first.lead) {
		// The first entry stands behind the dash.
		inner := &printer{layout: p.layout}
		inner.collection(e.below, below, typ, indent+2)
		p.out.WriteString("- " + strings.TrimLeft(inner.out.String(), " \n"))
		return
	}
	p.out.WriteString(strings.TrimRight(head+" "+start(e.value), " ") + behind + "\n")
	p.collection(e.below, below, typ, indent+2)
}

func hasText(lines []string) bool {
	return slices.ContainsFunc(lines, func(s string) bool { return s != "" })
}

// oneLine is a collection on one line, where it may stand on one.
func (p *printer) oneLine(c *collection, r role, typ string) (string, bool) {
	open, end := "{", "}"
	if c.isList {
		open, end = "[", "]"
	}
	if hasText(c.foot) || len(c.entries) > 0 && (r == roleTop || r == roleOwners || r == roleRecords) {
		return "", false
	}
	parts := make([]string, 0, len(c.entries))
	for _, e := range c.entries {
		if hasText(e.lead) || e.behind != "" || isBlock(e.value) || e.value.Kind == yaml.ScalarNode && e.value.Value == "" && isPlain(e.value) {
			return "", false
		}
		text := p.scalar(e, typ)
		if e.below != nil {
			var ok bool
			if text, ok = p.oneLine(e.below, p.roleBelow(r, e), typ); !ok {
				return "", false
			}
		}
		text = start(e.value) + text
		if e.key != nil {
			text = keyText(e.key) + ": " + text
		}
		parts = append(parts, text)
	}
	return open + strings.Join(parts, ", ") + end, true
}

// start is the anchor and the tag of a node.
func start(n *yaml.Node) string {
	s := ""
	if n.Anchor != "" {
		s += "&" + n.Anchor + " "
	}
	if n.Style&yaml.TaggedStyle != 0 {
		s += n.Tag + " "
	}
	return s
}

func isPlain(n *yaml.Node) bool { return n.Style&^(yaml.TaggedStyle|yaml.FlowStyle) == 0 }

func isBlock(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

func keyText(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode:
		return "*" + n.Value + " "
	case n.Tag == "!!merge" && isPlain(n):
		return start(n) + n.Value
	}
	return start(n) + source.Scalar(n.Value)
}

// numberKeys are the keys whose values are numbers, which take no quotes.
var (
	numberKeys = map[string]bool{"ttl": true, "preference": true, "priority": true, "weight": true, "port": true, "flags": true}
	number     = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
)

// scalar is the text of a value that is none of the collections.
func (p *printer) scalar(e *entry, typ string) string {
	n := e.value
	switch {
	case n.Kind == yaml.AliasNode:
		return "*" + n.Value
	case n.Kind != yaml.ScalarNode:
		return ""
	case isBlock(n):
		return "" // see entry
	case isPlain(n) && (n.Tag == "!!null" || n.Tag == "!!bool"):
		return n.Value
	case n.Style&yaml.TaggedStyle == 0 && e.key != nil && numberKeys[e.key.Value] && number.MatchString(n.Value):
		return n.Value
	case isPlain(n) && n.Tag == "!!int" && e.key != nil && !valueKey[e.key.Value] && number.MatchString(n.Value):
		return n.Value
	case typ == "TXT" && p.isValue(e):
		return source.Quoted(n.Value)
	}
	if _, file, ok := strings.Cut(n.Value, "./"); ok && strings.Trim(n.Value[:len(n.Value)-len(file)], "./") == "" && source.Scalar("x"+file) == "x"+file {
		return n.Value // a path, which is no text of another kind
	}
	return source.Scalar(n.Value)
}

// isValue reports whether an entry is a record's value.
func (p *printer) isValue(e *entry) bool {
	for ; e != nil; e = e.in.owner {
		if e.key != nil {
			return valueKey[e.key.Value]
		}
	}
	return false
}

// indented are lines further in, but for blank ones.
func indented(lines []string, indent int) string {
	var out strings.Builder
	for _, line := range lines {
		if line != "" {
			out.WriteString(strings.Repeat(" ", indent))
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}
