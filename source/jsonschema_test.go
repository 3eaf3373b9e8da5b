package source

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

func compileSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := schema.JSONSchema(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonValue reads YAML as an editor hands it to a JSON Schema: keys are text.
func jsonValue(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var convert func(any) any
	convert = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = convert(v[k])
			}
		case map[any]any:
			out := map[string]any{}
			for k, e := range v {
				out[fmt.Sprint(k)] = convert(e)
			}
			return out
		case []any:
			for i := range v {
				v[i] = convert(v[i])
			}
		case float64:
			if math.IsInf(v, 0) {
				return 1e300 // JSON has no infinity
			}
		case bool, string, int, nil:
		default:
			return fmt.Sprint(v) // a date
		}
		return v
	}
	return convert(v)
}

// zoneFiles gives the zone files of a fixture: itself, or those of its tree.
func zoneFiles(t *testing.T, file string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(file, ".txtar") {
		return map[string][]byte{file: text}
	}
	out := map[string][]byte{}
	for _, f := range txtar.Parse(text).Files {
		if ext := filepath.Ext(f.Name); (ext == ".yaml" || ext == ".yml") && f.Name != ConfigFile && !strings.Contains(f.Name, "notes") {
			out[f.Name] = f.Data
		}
	}
	return out
}

func TestTheJSONSchemaTakesEveryGoodZoneFile(t *testing.T) {
	s := compileSchema(t, "zone")
	files := fixtures(t, "testdata/good/*", 5)
	files = append(files, fixtures(t, "../examples/*/zones/*", 3)...)
	for _, file := range files {
		for name, text := range zoneFiles(t, file) {
			if err := s.Validate(jsonValue(t, text)); err != nil {
				t.Errorf("%s (%s): %v", file, name, err)
			}
		}
	}
}

// The rules that a JSON Schema can know: the structure, not the data.
var structural = []string{"unknown-key", "kind", "type", "values", "choice", "zone-name", "include-key"}

func TestTheJSONSchemaRefusesWhatIsBadlyBuilt(t *testing.T) {
	s := compileSchema(t, "zone")
	n := 0
	for _, file := range fixtures(t, "testdata/bad/*", 120) {
		if strings.HasSuffix(file, ".txtar") {
			continue
		}
		problems := loadFixture(t, file).Problems
		if !slices.Contains(structural, problems[0].Rule) || slices.Contains(cannotTell, filepath.Base(file)) {
			continue
		}
		n++
		for _, text := range zoneFiles(t, file) {
			if s.Validate(jsonValue(t, text)) == nil {
				t.Errorf("%s is taken, though %v", file, problems[0])
			}
		}
	}
	if n < 30 {
		t.Errorf("tried %d badly built files, want at least 30", n)
	}
}

// cannotTell are fixtures whose mistake a JSON Schema does not see.
var cannotTell = []string{
	"mapping-as-key.yaml",                        // YAML alone has such keys
	"merge-of-scalar.yaml",                       // merge keys are gone by then
	"raw-outside-from-live.yaml",                 // depends on another key's value
	"zone-bad-name.yaml",                         // the name itself
	"zone-root.yaml",                             //
	"zone-star-label.yaml", "zone-wildcard.yaml", //
	"depth.yaml", //
}

func TestTheConfigurationsSchemaAgreesWithTheReader(t *testing.T) {
	s := compileSchema(t, "config")
	n := 0
	for _, file := range fixtures(t, "testdata/bad/config-*", 15) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(text).Files {
			if f.Name != ConfigFile || strings.Contains(file, "glob") || strings.Contains(file, "ignore-type") || strings.Contains(file, "outside") {
				continue
			}
			n++
			if s.Validate(jsonValue(t, f.Data)) == nil {
				t.Errorf("%s is taken", file)
			}
		}
	}
	if n < 12 {
		t.Errorf("tried %d configurations, want at least 12", n)
	}
	for _, file := range fixtures(t, "../examples/*/zoneherd", 1) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(jsonValue(t, text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := s.Validate(jsonValue(t, []byte("zones: [zones]\ndefault-ttl: 300\nprune: none\nignore: [{name: a, type: [A]}]\nguards: {max-deletes: 3}\nrecord-count-surplus: 3\n"))); err != nil {
		t.Error(err)
	}
}
