package source

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// OctoDNSFile is one file of records as octoDNS's YamlProvider reads it for
// one zone, of which it may be a part.
type OctoDNSFile struct {
	Path
	Zone schema.Name
	// DefaultTTL is the provider's default_ttl.
	DefaultTTL schema.TTL
	// PlainSemicolons is for escaped_semicolons: false: a backslash before a
	// semicolon is part of the text.
	PlainSemicolons bool
	// Target and SkipUnsupported are as OctoDNSTarget and SkipUnsupported of
	// [Options].
	Target          string
	SkipUnsupported bool

	leftOut, renamed map[schema.Position]string
	aliases          []schema.Held
}

// OctoDNSRecords is what such a file declares.
type OctoDNSRecords struct {
	Zone     schema.Zone
	Included []Path         // by !include, in order
	Comments map[string]int // how many lines of comments each file has
	// LeftOut are the records that were left out, by the places of their types,
	// and keys of records, by their own, and why; Renamed are the names that octoDNS reads otherwise than they are
	// written, by the places of their keys.
	LeftOut map[schema.Position]string
	Renamed map[schema.Position]string
	// Aliases are of what was left out the ALIAS records, each with the types that
	// stand in for it on the live side, and no reason yet to leave them alone.
	Aliases []schema.Held
}

// Read reads the file with what it includes by !include. Where zoneherd's own
// reading of octoDNS's form is more generous than octoDNS, what is not sure to
// mean the same there is an error; what has no counterpart is a warning, and so
// is what zoneherd refuses without `lenient: true`.
func (f OctoDNSFile) Read(ctx context.Context) (OctoDNSRecords, schema.Problems) {
	var problems schema.Problems
	out := OctoDNSRecords{Zone: schema.Zone{Name: f.Zone}}
	d, tags := readTagged(f.Path, &problems)
	if out.Included, out.Comments = tags.files, tags.comments; d == nil || d.root == nil || ctx.Err() != nil {
		return out, problems
	}
	first := schema.Position{File: d.file, Line: 1, Column: 1}
	switch {
	case d.root.Kind != yaml.MappingNode:
		d.problem(d.at(d.root), "kind", "a file of octoDNS's is a mapping from owner names to records, not a %s", kindName(d.root))
	case d.isOwnForm(d.pairs(d.root)):
		d.problem(first, "form", "this file is in zoneherd's form and not in octoDNS's: it needs no import")
	default:
		l := &loader{documents: map[Path]*parsed{}, opts: Options{
			DefaultTTL: f.DefaultTTL, SkipUnsupported: f.SkipUnsupported, OctoDNSTarget: f.Target,
		}}
		file := zoneFile{path: f.Path, doc: d, octodns: true, records: d.root, foreign: &f}
		b := &builder{loader: l, file: file, zone: zoneName{f.Zone, first}, problems: &problems, included: map[Path]schema.Position{}}
		f.leftOut, f.renamed = map[schema.Position]string{}, map[schema.Position]string{}
		out.Zone = b.build()
		out.LeftOut, out.Renamed, out.Aliases = f.leftOut, f.renamed, f.aliases
	}
	problems.Sort()
	return out, problems
}

// What PyYAML takes for something else than text, and of that the numbers that
// it gives back as they were written.
var (
	pythonNumber = regexp.MustCompile(`^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])*|[0-9][0-9_]*(:[0-5]?[0-9])*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|\.(?i:inf|nan))$`)
	pythonSame   = regexp.MustCompile(`^-?[1-9][0-9]*$|^0$|^(0|[1-9][0-9]{0,7})\.(0|[0-9]{0,6}[1-9])$`)
	pythonOctal  = regexp.MustCompile(`^[-+]?0[0-7_]+$`)
	pythonWords  = map[string]string{
		"": "none", "~": "none", "null": "none", "yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false",
	}
)

// owner gives the name that octoDNS makes of a key: of one without quotes,
// Python's word for what YAML 1.1 takes it to be.
func (f *OctoDNSFile) owner(d *document, key *yaml.Node, text string) (string, error) {
	if key.Kind != yaml.ScalarNode || !isUnquoted(key) {
		return text, nil
	}
	if pythonNumber.MatchString(text) && !pythonSame.MatchString(text) {
		return text, fmt.Errorf("the name %s without quotes is a number to octoDNS, which publishes it as Python writes that: write the name that is live, in quotes", text)
	}
	word, ok := pythonWords[strings.ToLower(text)]
	if !ok || word == strings.ToLower(text) {
		return text, nil
	}
	d.problems.Add(schema.Warning, d.at(key), "owner-word", "octoDNS publishes the name %q as %q, which is what Python makes of the word without quotes, and so it is carried over: compare it with what is live", text, word)
	f.renamed[schema.Position{Line: key.Line, Column: key.Column}] = word
	return word, nil
}

// octals refuses numbers of a record that octoDNS does not read as they are
// written.
func (f *OctoDNSFile) octals(d *document, record *yaml.Node) {
	for _, p := range d.pairs(record) {
		switch p.text {
		case "ttl":
			f.octal(d, p)
		case "value", "values":
			for _, v := range d.elements(p.value) {
				if v.Kind != yaml.MappingNode {
					continue
				}
				for _, field := range d.pairs(v) {
					if slices.Contains([]string{"preference", "priority", "weight", "port", "flags"}, field.text) {
						f.octal(d, field)
					}
				}
			}
		}
	}
}

func (f *OctoDNSFile) octal(d *document, p pair) {
	if p.value.Kind == yaml.ScalarNode && isUnquoted(p.value) && pythonOctal.MatchString(p.value.Value) {
		d.problem(d.at(p.value), "octal", "octoDNS reads the %s %s as an octal number, since it begins with 0: write the number that is live", p.text, p.value.Value)
	}
}

func isUnquoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.TaggedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// leaveOut notes what is left out at a node.
func (f *OctoDNSFile) leaveOut(n *yaml.Node, why string) {
	f.leftOut[schema.Position{Line: n.Line, Column: n.Column}] = why
}
