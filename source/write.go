package source

import (
	"bytes"
	"errors"
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

// Layout is how [Write] writes a zone.
type Layout struct {
	// DefaultTTL is the TTL of files that give none.
	DefaultTTL schema.TTL
	// Lenient are the RRsets that get `lenient: true`.
	Lenient map[schema.Key]bool
	// Comments stand behind the records that they are about.
	Comments Comments
}

// Comments are what people wrote about records.
type Comments map[schema.Key]map[schema.Data]string

// of is the comment about a record as a line of YAML ends with it.
func (c Comments) of(k schema.Key, d schema.Data) string {
	text := strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, c[k][d]))
	if text == "" {
		return ""
	}
	return "  # " + text
}

// Write writes a zone down as a careful person would, each RRset on a line of
// its own, or each value where one has a comment: the apex first, the most
// common TTL at the top, hosts as short as they may be. What is left alone
// stands there as ignored, without values. lines tells which RRset stands on
// which line, from 1. What a careful file cannot hold is an error: see [FromLive].
func Write(z *schema.Zone, l Layout) (text []byte, lines map[int]schema.Key, err error) {
	w := &zoneWriter{zone: z, layout: l, ttl: CommonTTL(z, l.DefaultTTL), lines: map[int]schema.Key{}}
	if name := z.Name.Display(); !z.Name.IsHost() || !strings.Contains(name, ".") {
		w.line("zone: %s", scalar(name)) // which the file's name does not tell
	}
	if w.ttl != l.DefaultTTL {
		w.line("ttl: %d", w.ttl)
	}
	held := map[schema.Name][]schema.Held{}
	var names []schema.Name
	for _, h := range z.Held {
		if len(held[h.Name]) == 0 && len(z.At(h.Name)) == 0 {
			names = append(names, h.Name)
		}
		held[h.Name] = append(held[h.Name], h)
	}
	for i := range z.RRsets {
		if n := z.RRsets[i].Name; len(names) == 0 || names[len(names)-1] != n {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, schema.Name.Compare)
	if len(names) == 0 {
		w.line("records: {}")
	} else {
		w.line("records:")
	}
	for _, n := range names {
		if err := w.owner(n, z.At(n), held[n]); err != nil {
			return nil, nil, err
		}
	}
	return w.out.Bytes(), w.lines, nil
}

// CommonTTL is the TTL that most RRsets of a zone have; of several the smallest.
// Without RRsets it is the one given.
func CommonTTL(z *schema.Zone, otherwise schema.TTL) schema.TTL {
	counts, best := map[schema.TTL]int{}, otherwise
	for i := range z.RRsets {
		counts[z.RRsets[i].Values[0].TTL]++
	}
	for ttl, n := range counts {
		if n > counts[best] || n == counts[best] && ttl < best {
			best = ttl
		}
	}
	return best
}

type zoneWriter struct {
	zone   *schema.Zone
	layout Layout
	ttl    schema.TTL
	out    bytes.Buffer
	n      int // lines so far
	lines  map[int]schema.Key
}

func (w *zoneWriter) line(format string, args ...any) {
	fmt.Fprintf(&w.out, format+"\n", args...)
	w.n++
}

// owner writes the RRsets of one name, and what is left alone there.
func (w *zoneWriter) owner(name schema.Name, sets []schema.RRset, held []schema.Held) error {
	key := scalar(name.Relative(w.zone.Name))
	comment := ""
	if u := name.Unicode(); u != name.Display() && strings.Contains(key, "xn--") {
		comment = "  # " + u
	}
	several := len(sets)+len(held) > 1
	if several {
		w.line("  %s:%s", key, comment)
		comment = ""
	}
	first, indent := "  "+key+": ", "    "
	if several {
		first, indent = "    - ", "      "
	}
	for i := range sets {
		if err := w.set(&sets[i], first, indent, comment); err != nil {
			return fmt.Errorf("%s %s: %w", name.Display(), sets[i].Type, err)
		}
	}
	for _, h := range held {
		if len(h.Types) == 0 {
			return fmt.Errorf("%s is left alone whatever its type, which is written into ignore: of the configuration", name.Display())
		}
		w.line("%s{type: %s, octodns: {ignored: true}}%s", first, scalar(string(h.Types[0])), comment)
	}
	return nil
}

// set writes one RRset behind what its first line begins with: as a mapping on
// that line or, where one of several values has a comment, on lines of their own
// with that indent. comment is about the name.
func (w *zoneWriter) set(s *schema.RRset, first, indent, comment string) error {
	fields, values, err := w.record(s)
	if err != nil {
		return err
	}
	var lenient []string
	if w.layout.Lenient[s.Key] {
		lenient = []string{"lenient: true"}
	}
	about := make([]string, len(values))
	for i, v := range s.Values {
		about[i] = w.layout.Comments.of(s.Key, v.Data)
	}
	own := strings.Join(about, "")
	var lines []string
	switch {
	case len(values) == 1:
		if comment != "" && own != "" {
			own = ";" + strings.TrimPrefix(own, "  #")
		}
		fields = append(append(fields, "value: "+values[0]), lenient...)
		lines = []string{first + "{" + strings.Join(fields, ", ") + "}" + comment + own}
	case own == "":
		fields = append(append(fields, "values: ["+strings.Join(values, ", ")+"]"), lenient...)
		lines = []string{first + "{" + strings.Join(fields, ", ") + "}" + comment}
	default:
		fields = append(fields, "values:")
		for i, v := range values {
			fields = append(fields, "  - "+v+about[i])
		}
		fields = append(fields, lenient...)
		if name, ok := strings.CutSuffix(first, ": "); ok {
			lines = []string{name + ":" + comment, indent + fields[0]}
		} else {
			lines = []string{first + fields[0]}
		}
		for _, f := range fields[1:] {
			lines = append(lines, indent+f)
		}
	}
	for _, line := range lines {
		w.line("%s", line)
		w.lines[w.n] = s.Key
	}
	return nil
}

// record is what one RRset says before its values, and those.
func (w *zoneWriter) record(s *schema.RRset) (fields, values []string, err error) {
	ttl := s.Values[0].TTL
	seen := map[schema.Data]bool{}
	for _, v := range s.Values {
		text, err := w.value(v.Data)
		switch {
		case err != nil:
			return nil, nil, err
		case v.TTL != ttl:
			return nil, nil, errors.New("its values have different TTLs")
		case seen[v.Data]:
			return nil, nil, fmt.Errorf("it has the value %s twice", v.Data)
		}
		seen[v.Data] = true
		values = append(values, text)
	}
	fields = []string{"type: " + string(s.Type)}
	if ttl != w.ttl {
		fields = append(fields, fmt.Sprintf("ttl: %d", ttl))
	}
	return fields, values, nil
}

// value is data in its short form.
func (w *zoneWriter) value(d schema.Data) (string, error) {
	switch d := d.(type) {
	case schema.TXT:
		if !utf8.ValidString(d.Text) {
			return "", fmt.Errorf("the text %s is no Unicode, which a YAML file cannot hold", d)
		}
		return inQuotes(d.Text), nil
	case schema.Opaque:
		return "", fmt.Errorf("the value %s cannot be read", d)
	case schema.CNAME:
		return scalar(Host(w.zone.Name, d.Target)), nil
	case schema.NS:
		return scalar(Host(w.zone.Name, d.Host)), nil
	case schema.MX:
		return scalar(fmt.Sprintf("%d %s", d.Preference, Host(w.zone.Name, d.Exchange))), nil
	case schema.SRV:
		return scalar(fmt.Sprintf("%d %d %d %s", d.Priority, d.Weight, d.Port, Host(w.zone.Name, d.Target))), nil
	}
	return scalar(d.String()), nil
}

// Host is a host as short as it may be in a zone's file: relative where it is
// one label below the zone, else absolute.
func Host(zone, n schema.Name) string {
	if n.In(zone) {
		if relative := n.Relative(zone); !strings.ContainsAny(relative, `.\`) {
			return relative
		}
	}
	return n.String()
}

// plain is what no YAML reader takes for anything but text, but for what looks
// like a number or a word of its own.
var (
	plain = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z_.:/-]*( [0-9A-Za-z_.:/-]+)*$`)
	words = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|[0-9]+(:[0-9]+)+)$`)
)

// scalar is text as YAML writes it, in quotes where it needs them.
func scalar(text string) string {
	_, notFloat := strconv.ParseFloat(text, 64)
	_, notInt := strconv.ParseInt(text, 0, 64)
	if !plain.MatchString(text) || strings.HasSuffix(text, ":") || strings.Contains(text, ": ") || words.MatchString(text) || notFloat == nil || notInt == nil {
		return inQuotes(text)
	}
	return text
}

// inQuotes is text in double quotes, or in single ones where it has what
// double ones would escape.
func inQuotes(text string) string {
	if strings.ContainsAny(text, `"\\`) && !strings.ContainsFunc(text, func(r rune) bool {
		return r == '\'' || r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r) && r != ' '
	}) {
		return "'" + text + "'"
	}
	out, err := yaml.Marshal(quoted(text))
	if err != nil {
		panic(err) // a string always marshals
	}
	return strings.TrimSuffix(string(out), "\n")
}
