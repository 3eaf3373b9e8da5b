package schema

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed jsonschema/*.schema.json
var jsonSchemas embed.FS

// JSONSchemas are the names of the JSON Schemas that [JSONSchema] knows.
func JSONSchemas() []string { return []string{"zone", "config", "plan"} }

// JSONSchema gives the JSON Schema (draft 7, which editors know best) of a
// zone file, of the configuration, or of the JSON form of a plan.
func JSONSchema(name string) ([]byte, error) {
	text, err := jsonSchemas.ReadFile("jsonschema/" + name + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("there is no schema %q: there are %s", name, strings.Join(JSONSchemas(), ", "))
	}
	return text, nil
}
