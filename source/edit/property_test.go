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
	"github.com/zoneherd/zoneherd/source/edit/edittest"
)

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
		f := edittest.Draw(t, z, rapid.Bool().Draw(t, "octodns"), "")
		text, octodns := f.Text, f.OctoDNS
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
		for _, c := range f.Comments {
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
