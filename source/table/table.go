// Package table writes zones as a table, a row for each record, in JSON or CSV:
//
//	zone,name,type,ttl,data
//	example.com,@,MX,3600,10 mail.example.com.
//	example.com,@,TXT,3600,"""v=spf1 mx -all"""
//
// zone is the zone's name without its trailing dot, name the owner relative to
// it (@ for the apex), ttl in seconds, and data in presentation form with
// absolute names, texts in quoted strings of at most 255 bytes: a plan's JSON
// has them so too. Nothing is put before a value for a spreadsheet's sake.
package table

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/zoneherd/zoneherd/schema"
)

// Row is one record.
type Row struct {
	Zone string     `json:"zone"`
	Name string     `json:"name"`
	Type string     `json:"type"`
	TTL  schema.TTL `json:"ttl"`
	Data string     `json:"data"`
}

// Rows are the records of zones, in their order.
func Rows(zones []*schema.Zone) []Row {
	rows := []Row{}
	for _, z := range zones {
		for i := range z.RRsets {
			s := &z.RRsets[i]
			for _, v := range s.Values {
				rows = append(rows, Row{z.Name.Display(), s.Name.Relative(z.Name), string(s.Type), v.TTL, v.Data.String()})
			}
		}
	}
	return rows
}

// JSON writes the rows as one list, each on a line of its own.
func JSON(w io.Writer, zones []*schema.Zone) error {
	between := "[\n"
	for _, row := range Rows(zones) {
		text, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("write the records as JSON: %w", err)
		}
		if _, err := io.WriteString(w, between+string(text)); err != nil {
			return err
		}
		between = ",\n"
	}
	end := "\n]\n"
	if between == "[\n" {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// CSV writes the rows as RFC 4180 has them, but for lines that end as they do
// here, below a line with the names of the columns.
func CSV(w io.Writer, zones []*schema.Zone) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"zone", "name", "type", "ttl", "data"}) // an error stays until the end
	for _, r := range Rows(zones) {
		_ = out.Write([]string{r.Zone, r.Name, r.Type, strconv.FormatUint(uint64(r.TTL), 10), r.Data})
	}
	out.Flush()
	return out.Error()
}
