package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachSchemaIsDraft7AndNamesItself(t *testing.T) {
	for _, name := range JSONSchemas() {
		compiled(t, name)
		text, err := JSONSchema(name)
		if err != nil {
			t.Fatal(err)
		}
		var head struct {
			Schema      string `json:"$schema"`
			ID          string `json:"$id"`
			Title       string `json:"title"`
			Description string `json:"description"`
		}
		if err := json.Unmarshal(text, &head); err != nil {
			t.Fatal(err)
		}
		if head.Schema != "http://json-schema.org/draft-07/schema#" || !strings.HasSuffix(head.ID, "/"+name+".schema.json") || head.Title == "" || head.Description == "" {
			t.Errorf("%s: %+v", name, head)
		}
	}
	if text, err := JSONSchema("zones"); err == nil || !strings.Contains(err.Error(), "zone, config, plan") {
		t.Errorf("an unknown name gives %q, %v", text, err)
	}
}

// Editors show the description of a key where the pointer rests on it.
func TestEveryKeyIsDescribed(t *testing.T) {
	for _, name := range JSONSchemas() {
		text, err := JSONSchema(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		definitions, _ := doc["definitions"].(map[string]any)
		described := func(s map[string]any) bool {
			if s["description"] != nil {
				return true
			}
			ref, _ := s["$ref"].(string)
			target, _ := definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
			return target["description"] != nil
		}
		keys := 0
		var walk func(v any, path string)
		walk = func(v any, path string) {
			switch v := v.(type) {
			case []any:
				for _, e := range v {
					walk(e, path)
				}
			case map[string]any:
				for k, e := range v {
					if k == "if" || k == "then" || k == "not" { // conditions, whose keys are described elsewhere
						continue
					}
					properties, _ := e.(map[string]any)
					if k == "properties" {
						for key, s := range properties {
							keys++
							if s, ok := s.(map[string]any); ok && !described(s) {
								t.Errorf("%s: the key %s of %s has no description", name, key, path)
							}
						}
					}
					walk(e, path+"/"+k)
				}
			}
		}
		walk(doc, "")
		if keys < 10 {
			t.Errorf("%s: %d keys only", name, keys)
		}
	}
}

// where gives the innermost places in the document that a schema complains
// about: an alternative of forms complains further out as well.
func where(err error) []string {
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return nil
	}
	var out []string
	depth := -1
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if n := len(e.InstanceLocation); len(e.Causes) == 0 && n >= depth {
			if n > depth {
				out, depth = nil, n
			}
			out = append(out, "/"+strings.Join(e.InstanceLocation, "/"))
		}
		for _, c := range e.Causes {
			walk(c)
		}
	}
	walk(ve)
	slices.Sort(out)
	return slices.Compact(out)
}

func instance(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestASchemaComplainsWhereTheMistakeIs(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{}
	for _, name := range JSONSchemas() {
		schemas[name] = compiled(t, name)
	}
	const change = `{format_version: "1.0", commit: null, base: null, digest: "sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `", unmanaged_zones: [],
summary: {create: 0, update: 0, delete: 0, unchanged: 0, drift: 0, conflict: 0, writes: 0},
zones: [{zone: a.example, action: none, refused: [], summary: {create: 0, update: 0, delete: 0, unchanged: 0, drift: 0, conflict: 0, writes: 0}, changes: [`
	for _, test := range []struct {
		about, schema, text string
		want                []string // nil: none
	}{
		{about: "nothing at all", schema: "zone", text: ""},
		{about: "scalars as they are written", schema: "zone", text: "{zone: 1.2, records: {a: {type: TXT, values: [1, 1.5, true, x]}, '5': {type: a, value: 192.0.2.1}}}"},
		{about: "every type in any case", schema: "zone", text: "{records: {a: [{type: Mx, value: 10 a}, {type: txt, value: x}, {type: AlIaS, value: a.}, {type: P/ALIAS, value: a}]}}"},
		{about: "a value with its own TTL", schema: "zone", text: "{from-live: true, records: {a: [{type: A, values: [{value: 192.0.2.1, ttl: 60}, 192.0.2.2]}, {type: MX, raw: x}]}}"},
		{about: "octoDNS's form", schema: "zone", text: "{'': {type: MX, values: [{priority: 10, value: a.}]}, records: {type: A, value: 192.0.2.1}, zone: {type: A, value: 192.0.2.1}}"},
		{about: "a record that is not in force needs no value", schema: "zone", text: "{a: {type: A, octodns: {ignored: true, cloudflare: {proxied: true}}}}"},

		{about: "a list", schema: "zone", text: "[a]", want: []string{"/"}},
		{about: "an unknown key", schema: "zone", text: "{zone: a.example, record: {}}", want: []string{"/"}},
		{about: "an unknown type", schema: "zone", text: "{records: {a: {type: CNMAE, value: x}}}", want: []string{"/records/a/type"}},
		{about: "no type", schema: "zone", text: "{records: {a: {value: x}}}", want: []string{"/records/a"}},
		{about: "an unknown key of a record", schema: "zone", text: "{records: {a: {type: A, value: x, vlaue: x}}}", want: []string{"/records/a"}},
		{about: "value and values", schema: "zone", text: "{records: {a: {type: A, value: x, values: [x]}}}", want: []string{"/records/a/values"}},
		{about: "no value", schema: "zone", text: "{a: {type: A}}", want: []string{"/a"}},
		{about: "an empty list of values", schema: "zone", text: "{a: {type: A, values: []}}", want: []string{"/a/values"}},
		{about: "an unknown field of MX", schema: "zone", text: "{a: {type: MX, value: {preference: 1, exchange: a, x: y}}}", want: []string{"/a/value"}},
		{about: "a preference out of 16 bits", schema: "zone", text: "{a: {type: MX, value: {preference: 65536, exchange: a}}}", want: []string{"/a/value/preference"}},
		{about: "MX fields in SRV", schema: "zone", text: "{a: {type: SRV, value: {preference: 1, exchange: a}}}", want: []string{"/a/value"}},
		{about: "CAA flags over 255", schema: "zone", text: "{a: {type: CAA, value: {flags: 256, tag: issue, value: a}}}", want: []string{"/a/value/flags"}},
		{about: "a mapping for an address", schema: "zone", text: "{a: {type: A, value: {address: x}}}", want: []string{"/a/value"}},
		{about: "a TTL over the most", schema: "zone", text: "{zone: a.example, ttl: 2147483648}", want: []string{"/ttl"}},
		{about: "lenient as text", schema: "zone", text: "{a: {type: A, value: x, lenient: maybe}}", want: []string{"/a/lenient"}},
		{about: "a state that does not exist", schema: "zone", text: "{state: gone}", want: []string{"/state"}},
		{about: "guards that a file overrides", schema: "zone", text: "{zone: a.example, allow: [deletes, updates, empty, delete-zone, last]}"},
		{about: "a guard that does not exist", schema: "zone", text: "{zone: a.example, allow: everything}", want: []string{"/allow"}},

		{about: "no configuration", schema: "config", text: ""},
		{about: "a whole configuration", schema: "config", text: "{zones: [zones], default-ttl: 300, prune: owned, ignore: [{name: a, type: [A], value: x}], ignore-defaults: false, apex-ns: manage, lenient: true, skip-unsupported: true, octodns-target: vps, record-count-surplus: 3, account: a@b, max-zones: 5, concurrency: 4, guards: {max-deletes: 10, max-updates: 20, last: allow, token: refuse}, advice: {dmarc-rua: false}}"},
		{about: "advice that does not exist", schema: "config", text: "{advice: {dmarc: false}}", want: []string{"/advice"}},
		{about: "advice that is neither on nor off", schema: "config", text: "{advice: {dmarc-rua: warn}}", want: []string{"/advice/dmarc-rua"}},
		{about: "a token neither warned of, refused nor allowed", schema: "config", text: "{guards: {token: maybe}}", want: []string{"/guards/token"}},
		{about: "the endpoint", schema: "config", text: "{endpoint: 'https://a.example'}", want: []string{"/"}},
		{about: "a percentage over 100", schema: "config", text: "{guards: {max-deletes: 101}}", want: []string{"/guards/max-deletes"}},
		{about: "a mode that does not exist", schema: "config", text: "{prune: some}", want: []string{"/prune"}},
		{about: "an ignore that selects everything", schema: "config", text: "{ignore: [{}]}", want: []string{"/ignore/0"}},

		{about: "an update", schema: "plan", text: change + `{action: update, name: www, type: A, before: {data: 192.0.2.1, ttl: 60}, after: {data: 192.0.2.2, ttl: 60}, risks: [], wave: 1}]}]}`},
		{about: "a plan saved with --out", schema: "plan", text: change + `]}], endpoint: 'https://a.example', account: a@b, config_digest: x, fingerprints: {a.example: {www A: {before: '', after: 'sha256:` + strings.Repeat("0", 64) + `'}}}, checksum: 'sha256:` + strings.Repeat("0", 64) + `'}`},
		{about: "a creation with a before", schema: "plan", text: change + `{action: create, name: www, type: A, before: {data: 192.0.2.1, ttl: 60}, after: {data: 192.0.2.2, ttl: 60}, risks: [], wave: 1}]}]}`, want: []string{"/zones/0/changes/0"}},
		{about: "an update without an after", schema: "plan", text: change + `{action: update, name: www, type: A, before: {data: 192.0.2.1, ttl: 60}, risks: [], wave: 1}]}]}`, want: []string{"/zones/0/changes/0"}},
		{about: "a wave before the first", schema: "plan", text: change + `{action: delete, name: www, type: A, before: {data: 192.0.2.1, ttl: 60}, risks: [], wave: 0}]}]}`, want: []string{"/zones/0/changes/0/wave"}},
		{about: "an unknown action", schema: "plan", text: change + `{action: replace, name: www, type: A, risks: [], wave: 1}]}]}`, want: []string{"/zones/0/changes/0/action"}},
		{about: "no digest", schema: "plan", text: `{format_version: "1.0"}`, want: []string{"/"}},
	} {
		t.Run(test.about, func(t *testing.T) {
			err := schemas[test.schema].Validate(instance(t, test.text))
			if diff := cmp.Diff(test.want, where(err)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}
