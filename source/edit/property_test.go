package edit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/edit"
)

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
	for _, v := range s.Values {
		if d, ok := v.Data.(schema.TXT); ok {
			values = append(values, w.text(d.Text))
		} else {
			values = append(values, w.text(v.Data.String()))
		}
	}
	list := "[" + strings.Join(values, w.one("comma", ", ", ",   ")) + "]"
	fields := []string{"type: " + string(s.Type), fmt.Sprint("ttl: ", s.Values[0].TTL), "lenient: true", "values: " + list}
	if len(values) == 1 && rapid.Bool().Draw(w.t, "value") {
		fields[3] = "value: " + values[0]
	}
	fields = rapid.Permutation(fields).Draw(w.t, "fields")
	switch w.one("style", "line", "lines", "block") {
	case "line":
		w.out.WriteString(begin + " {" + strings.Join(fields, ", ") + "}" + w.behind(about) + "\n")
	case "lines":
		w.out.WriteString(begin + " {" + w.behind(about) + "\n")
		for i, f := range fields {
			end := ","
			if i == len(fields)-1 {
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
		for i, f := range fields {
			if i > 0 || !dash {
				w.above("field", indent)
				w.out.WriteString(indent)
			}
			if f == "values: "+list && rapid.Bool().Draw(w.t, "block list") {
				w.out.WriteString("values:" + w.behind("values") + "\n")
				in := indent + w.one("in", "", "  ")
				for i := range values {
					w.above("value", in)
					w.out.WriteString(in + "- " + values[i] + w.behind("value") + "\n")
				}
				continue
			}
			w.out.WriteString(f + w.behind("field") + "\n")
		}
	}
}

// halfQuoted reports whether a text begins with a quote and does not end with
// one, which octoDNS's form does not take.
func halfQuoted(s schema.RRset) bool {
	return slices.ContainsFunc(s.Values, func(v schema.Value) bool {
		t, ok := v.Data.(schema.TXT)
		return ok && strings.HasPrefix(t.Text, `"`) && (len(t.Text) == 1 || !strings.HasSuffix(t.Text, `"`))
	})
}

func TestRandomFilesKeepWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(true).Draw(t, "zone")
		w := &writer{t: t}
		octodns := rapid.Bool().Draw(t, "octodns") && len(z.RRsets) > 0
		indent := w.one("indent", " ", "  ", "    ")
		w.above("file", "")
		if octodns {
			indent = ""
			if rapid.Bool().Draw(t, "mark") {
				w.out.WriteString("---" + w.behind("mark") + "\n")
			}
		} else {
			w.out.WriteString("records:" + w.behind("records") + "\n")
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
		text := []byte(w.out.String())
		if len(owners) == 0 {
			text = append([]byte("records: {}\n# "), "none\n"...)
			w.want = []string{"# none"}
		}
		if rapid.Bool().Draw(t, "CRLF") {
			text = []byte(strings.ReplaceAll(string(text), "\n", "\r\n"))
		}
		if _, problems := source.ParseText("x", text); problems.Err() != nil {
			t.Skip("no YAML")
		}
		got, err := edit.Format("x", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(declared(t, text), declared(t, got)); diff != "" {
			t.Fatalf("it declares something else (-before +after):\n%s\n%s\n%s", diff, text, got)
		}
		again(t, got)
		if octodns && !slices.ContainsFunc(z.RRsets, halfQuoted) {
			upgrades(t, text)
		}
		// Every comment once, those above a name still above it.
		lines := strings.Split(string(got), "\n")
		for _, c := range w.want {
			at := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(l, c) })
			if at < 0 {
				t.Fatalf("the comment %q is lost:\n%s\n%s", c, text, got)
			}
			_, name, above := strings.Cut(c, " above name ")
			if !above {
				continue
			}
			for at++; strings.TrimSpace(lines[at]) == "" || strings.HasPrefix(strings.TrimSpace(lines[at]), "#"); at++ {
			}
			want := source.Scalar(strings.Trim(name, `"'`))
			if !strings.HasPrefix(strings.TrimSpace(lines[at]), want+":") && !strings.ContainsAny(name, `\`) {
				t.Fatalf("the comment %q stands above %q:\n%s\n%s", c, lines[at], text, got)
			}
		}
	})
}

// What import writes is laid out already, where its lines are not too long.
func TestWrittenZonesAreLaidOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(true).Draw(t, "zone")
		text, _, err := source.Write(z, source.Layout{DefaultTTL: 3600})
		if err != nil {
			t.Skip("not to be written")
		}
		for line := range strings.Lines(string(text)) {
			if len(line) > 100 {
				t.Skip("too long")
			}
		}
		got, err := edit.Format("x", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(string(text), string(got)); diff != "" {
			t.Fatalf("(-written +laid out):\n%s", diff)
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"records:\n  a: {type: A, value: 192.0.2.1} # x\n\n  # y\n  b: &a\n  - type: TXT\n    value: |\n      # no\n  c: *a\n", "a: [ # x\n]\n# y\n", "---\n'': {type: A,\n # x\n value: 1} # y\n",
		"records: {a: {type: A, value: 'x\n\n # y'}}#z\n", "a: \"#\\\n  #\" # b\n? b\n: c\n", "a:\n- # x\n  - - b # y\n    # z\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := edit.Format("x", text)
		if err != nil {
			return
		}
		if up, err := edit.Upgrade("x", text); err == nil {
			again(t, up)
		}
		holds(t, text, got)
	})
}

func BenchmarkFormat(b *testing.B) {
	var text strings.Builder
	text.WriteString("records:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  # host %d\n  host-%d:\n    type: A # one\n    value: 192.0.2.%d\n\n", i, i, i%256)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := edit.Format("x", []byte(text.String())); err != nil {
			b.Fatal(err)
		}
	}
}
