package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/zoneherd/zoneherd/schema"
)

// NewerError is the error of a plan that a newer version has made.
type NewerError struct{ Version string }

func (e *NewerError) Error() string {
	return fmt.Sprintf("it was made by a newer version of zoneherd (format %s, and this one reads %s): use that version", e.Version, FormatVersion)
}

// ReadDocument reads a document that [JSON] has written, and checks it by its
// JSON Schema: it may come from anybody.
func ReadDocument(text []byte) (*Document, error) {
	var version struct {
		FormatVersion string `json:"format_version"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.FormatVersion == "" {
		return nil, errors.New("it is no plan: plan --out or --report writes one")
	}
	if newer(version.FormatVersion) {
		return nil, &NewerError{version.FormatVersion}
	}
	if err := checkSchema(text); err != nil {
		return nil, err
	}
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("it is no plan: %w", err)
	}
	return &d, nil
}

// newer reports whether a version is one that this one does not know.
func newer(version string) bool {
	part := func(v string) (major, minor int) {
		a, b, _ := strings.Cut(v, ".")
		major, _ = strconv.Atoi(a)
		minor, _ = strconv.Atoi(b)
		return major, minor
	}
	major, minor := part(version)
	ourMajor, ourMinor := part(FormatVersion)
	return major > ourMajor || major == ourMajor && minor > ourMinor
}

// planSchema is the JSON Schema of a plan, compiled when it is first wanted.
var planSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	source, err := schema.JSONSchema("plan")
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("plan.json")
})

func checkSchema(text []byte) error {
	s, err := planSchema()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("it is no plan: %w", err)
	}
	var invalid *jsonschema.ValidationError
	if err := s.Validate(value); errors.As(err, &invalid) {
		for len(invalid.Causes) > 0 {
			invalid = invalid.Causes[0]
		}
		return fmt.Errorf("it is no plan of this version: /%s is not as the schema has it (zoneherd schema plan)", strings.Join(invalid.InstanceLocation, "/"))
	} else if err != nil {
		return err
	}
	return nil
}
