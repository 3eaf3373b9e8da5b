package table_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source/table"
)

// What is written can be read by whoever reads JSON or CSV, and names the same
// records.
func TestATableNamesTheZonesRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(false).Draw(t, "zone")
		var asJSON, asCSV bytes.Buffer
		if err := table.JSON(&asJSON, []*schema.Zone{z}); err != nil {
			t.Fatal(err)
		}
		if err := table.CSV(&asCSV, []*schema.Zone{z}); err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		if err := json.Unmarshal(asJSON.Bytes(), &rows); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&asCSV).ReadAll()
		if err != nil || len(lines) != len(rows)+1 {
			t.Fatalf("%d lines of CSV, %d rows of JSON, %v", len(lines), len(rows), err)
		}
		got := []string{}
		for i, r := range rows {
			line := []string{r["zone"].(string), r["name"].(string), r["type"].(string), fmt.Sprint(int64(r["ttl"].(float64))), r["data"].(string)}
			if !slices.Equal(line, lines[i+1]) {
				t.Fatalf("JSON has %q, CSV %q", line, lines[i+1])
			}
			owner, err := schema.ParseOwner(line[1], schema.MustName(line[0]))
			if err != nil {
				t.Fatal(err)
			}
			data, err := schema.ParseData(schema.Type(line[2]), line[4])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s %s %q", owner, line[3], line[2], data.String()))
		}
		slices.Sort(got)
		if diff := cmp.Diff(schematest.Lines(z), got); diff != "" {
			t.Fatalf("(-zone +table):\n%s", diff)
		}
	})
}
