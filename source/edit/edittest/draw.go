// Package edittest draws the text of zone files, laid out in every way that
// people might.
package edittest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// File is the text of a zone file.
type File struct {
	Text     []byte
	OctoDNS  bool     // it is in octoDNS's form
	Comments []string // all of them; each says what it stands at
}

// Draw writes a zone as anybody might. In zoneherd's form the file begins with
// head, which are lines.
func Draw(t *rapid.T, z *schema.Zone, octodns bool, head string) File {
	w := &writer{t: t}
	octodns = octodns && len(z.RRsets) > 0
	indent := w.one("indent", " ", "  ", "    ")
	w.above("file", "")
	if octodns {
		indent = ""
		if rapid.Bool().Draw(t, "mark") {
			w.out.WriteString("---" + w.behind("mark") + "\n")
		}
	} else {
		w.out.WriteString(head + "records:" + w.behind("records") + "\n")
	}
	var owners [][]schema.RRset
	for rest := z.RRsets; len(rest) > 0; {
		n := len(z.At(rest[0].Name))
		owners = append(owners, rest[:n])
		rest = rest[n:]
	}
	if len(owners) > 1 {
		owners = rapid.Permutation(owners).Draw(t, "owners")
	}
	for _, sets := range owners {
		key := w.text(sets[0].Name.Relative(z.Name))
		if octodns && sets[0].Name == z.Name {
			key = `''`
		}
		w.above("name "+key, indent)
		if len(sets) == 1 && rapid.Bool().Draw(t, "no list") {
			w.record(&sets[0], indent+key+":", indent+"   ", false)
			continue
		}
		w.out.WriteString(indent + key + ":" + w.behind("name") + "\n")
		in := indent + w.one("list in", "", "  ")
		for i := range sets {
			w.above("record "+string(sets[i].Type), in)
			w.record(&sets[i], in+"-", in+"  ", true)
		}
	}
	w.above("end", w.one("end", "", "  ", "      "))
	f := File{[]byte(w.out.String()), octodns, w.want}
	if len(owners) == 0 {
		f = File{Text: []byte(head + "records: {}\n# none\n"), Comments: []string{"# none"}}
	}
	if rapid.Bool().Draw(t, "CRLF") {
		f.Text = []byte(strings.ReplaceAll(string(f.Text), "\n", "\r\n"))
	}
	return f
}

// writer writes a zone as anybody might, with comments that say what they
// stand at.
type writer struct {
	t    *rapid.T
	out  strings.Builder
	n    int
	want []string // the comments
}

func (w *writer) one(what string, choices ...string) string {
	return rapid.SampledFrom(choices).Draw(w.t, what)
}

// comment is one comment; empty mostly.
func (w *writer) comment(about string) string {
	if rapid.IntRange(0, 4).Draw(w.t, "comment") > 0 {
		return ""
	}
	w.n++
	c := fmt.Sprintf("# %d %s", w.n, about)
	w.want = append(w.want, c)
	return c
}

func (w *writer) behind(about string) string {
	if c := w.comment("behind " + about); c != "" {
		return w.one("gap", " ", "   ", "\t") + c
	}
	return ""
}

func (w *writer) above(about, indent string) {
	w.out.WriteString(w.one("blank", "", "", "\n", "\n\n", "  \n"))
	if c := w.comment("above " + about); c != "" {
		w.out.WriteString(indent + c + "\n" + w.one("blank below", "", "", "\n"))
	}
}

func (w *writer) text(s string) string {
	if rapid.Bool().Draw(w.t, "quoted") {
		return source.Quoted(s)
	}
	return source.Scalar(s)
}

// record writes a record behind what begins its line; indent is where its
// keys stand if they have lines of their own.
func (w *writer) record(s *schema.RRset, begin, indent string, dash bool) {
	about := "record"
	var values []string
	fields := make([][]string, len(s.Values)) // of values that are mappings
	for i, v := range s.Values {
		d, isText := v.Data.(schema.TXT)
		if fields[i] = w.fields(v.Data); fields[i] != nil {
			values = append(values, "{"+strings.Join(fields[i], ", ")+"}")
		} else if isText {
			values = append(values, w.text(d.Text))
		} else {
			values = append(values, w.text(v.Data.String()))
		}
	}
	list := "[" + strings.Join(values, w.one("comma", ", ", ",   ")) + "]"
	keys := []string{"type: " + string(s.Type), fmt.Sprint("ttl: ", s.Values[0].TTL), "lenient: true", "values: " + list}
	if len(values) == 1 && rapid.Bool().Draw(w.t, "value") {
		keys[3] = "value: " + values[0]
	}
	if s.Values[0].TTL == schema.DefaultTTL && rapid.Bool().Draw(w.t, "no TTL") {
		keys = append(keys[:1], keys[2:]...)
	}
	keys = rapid.Permutation(keys).Draw(w.t, "fields")
	switch w.one("style", "line", "lines", "block") {
	case "line":
		w.out.WriteString(begin + " {" + strings.Join(keys, ", ") + "}" + w.behind(about) + "\n")
	case "lines":
		w.out.WriteString(begin + " {" + w.behind(about) + "\n")
		for i, f := range keys {
			end := ","
			if i == len(keys)-1 {
				end = ""
			}
			w.out.WriteString(indent + " " + f + end + w.behind("field") + "\n")
		}
		w.out.WriteString(indent + " }" + w.behind(about) + "\n")
	default:
		if dash {
			w.out.WriteString(begin + " ")
		} else {
			w.out.WriteString(begin + w.behind(about) + "\n")
		}
		for i, f := range keys {
			if i > 0 || !dash {
				w.above("field", indent)
				w.out.WriteString(indent)
			}
			if f == "values: "+list && rapid.Bool().Draw(w.t, "block list") {
				w.out.WriteString("values:" + w.behind("values") + "\n")
				in := indent + w.one("in", "", "  ")
				for i := range values {
					w.above("value", in)
					text := values[i]
					if fields[i] != nil && rapid.Bool().Draw(w.t, "block mapping") {
						text = strings.Join(fields[i], "\n"+in+"  ")
					}
					w.out.WriteString(in + "- " + text + w.behind("value") + "\n")
				}
				continue
			}
			if fields[0] != nil && f == "value: "+values[0] && rapid.Bool().Draw(w.t, "block mapping") {
				in := indent + w.one("in", " ", "  ", "   ")
				f = "value:" + w.behind("value") + "\n" + in + strings.Join(fields[0], "\n"+in)
			}
			w.out.WriteString(f + w.behind("field") + "\n")
		}
	}
}

// fields are data as the fields of a mapping; nil for data that have none, and
// half of the time.
func (w *writer) fields(d schema.Data) []string {
	var fields []string
	switch d := d.(type) {
	case schema.MX:
		fields = []string{fmt.Sprint(w.one("preference", "preference", "priority"), ": ", d.Preference), "exchange: " + w.text(d.Exchange.String())}
	case schema.SRV:
		fields = []string{fmt.Sprint("priority: ", d.Priority), fmt.Sprint("weight: ", d.Weight), fmt.Sprint("port: ", d.Port), "target: " + w.text(d.Target.String())}
	case schema.CAA:
		fields = []string{"tag: " + w.text(d.Tag), "value: " + w.text(d.Value)}
		if d.Flags > 0 {
			fields = append(fields, fmt.Sprint("flags: ", d.Flags))
		}
	}
	if fields == nil || rapid.Bool().Draw(w.t, "no mapping") {
		return nil
	}
	return rapid.Permutation(fields).Draw(w.t, "value fields")
}
