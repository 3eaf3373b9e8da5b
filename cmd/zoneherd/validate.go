package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

func (p *program) validateCommand() *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "check the zone files, without a live side",
		ArgsUsage: "[PATH…]",
		Flags: join(fileFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "strict", Usage: "give advice too: what DNS serves and an expert would do otherwise"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "how the result is printed: `text|json`"},
		}),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if err := textOrJSON(c); err != nil {
				return err
			}
			d, err := p.desired(c)
			if d == nil {
				return err
			}
			if c.String("format") == "json" {
				if perr := p.problemsJSON(d.problems); perr != nil {
					return perr
				}
			} else {
				m.problems(d.problems)
			}
			if err != nil {
				return err
			}
			errors, warnings := d.problems.Count(schema.Error), d.problems.Count(schema.Warning)
			if errors > 0 {
				return fmt.Errorf("%s, %s", count(errors, "mistake"), count(warnings, "warning"))
			}
			if c.String("format") == "json" {
				return nil
			}
			records := 0
			for i := range d.zones {
				records += d.zones[i].Records()
			}
			_, err = fmt.Fprintf(p.stdout, "valid: %s with %s, %s\n", count(len(d.zones), "zone"), count(records, "record"), count(warnings, "warning"))
			return err
		},
	}
}

// problemJSON is a problem as `validate --format json` prints it.
type problemJSON struct {
	Severity string            `json:"severity"`
	Position schema.Position   `json:"position"`
	Rule     string            `json:"rule"`
	Message  string            `json:"message"`
	Related  []schema.Position `json:"related,omitempty"`
}

func (p *program) problemsJSON(problems schema.Problems) error {
	out := make([]problemJSON, 0, len(problems))
	for _, pr := range problems {
		out = append(out, problemJSON{pr.Severity.String(), pr.Position, pr.Rule, pr.Message, pr.Related})
	}
	e := json.NewEncoder(report.InertJSON(p.stdout))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
