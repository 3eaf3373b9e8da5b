package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/provider"
)

func matchesAny(globs []string, name string) bool {
	for _, g := range globs {
		if plan.Glob(strings.TrimSuffix(g, "."), name) {
			return true
		}
	}
	return len(globs) == 0
}

// whoamiCommand tells whose token is in use.
func (p *program) whoamiCommand() *cli.Command {
	return &cli.Command{
		Name:  "whoami",
		Usage: "tell whose token is in use and what it may do",
		Flags: join([]cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "how the answer is printed: `text|json`"},
			logFlag(),
		}, liveFlags()),
		Action: func(c *cli.Context) error {
			l, err := p.openLive(c)
			if err != nil {
				return err
			}
			defer l.close()
			id, err := l.Identity(c.Context)
			if errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrForbidden) {
				return fmt.Errorf("%s does not say whose token this is, which does not mean that the token is bad: %w", l.about, err)
			}
			if err != nil {
				return err
			}
			if c.String("format") == "json" {
				return json.NewEncoder(report.InertJSON(p.stdout)).Encode(struct {
					Live        string   `json:"live"`
					Account     string   `json:"account"`
					Token       string   `json:"token"`
					Permissions []string `json:"permissions"`
				}{l.about, id.Account, id.Token, append([]string{}, id.Permissions...)})
			}
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "live side\t%s\naccount\t%s\ntoken\t%s\npermissions\t%s\n", l.about, report.Inert(id.Account), report.Inert(id.Token), report.Inert(strings.Join(id.Permissions, ", ")))
			return w.Flush()
		},
	}
}

// openLive opens the live side for commands that read no zone files.
func (p *program) openLive(c *cli.Context) (*live, error) {
	m, err := p.messages(c)
	if err != nil {
		return nil, err
	}
	if err := textOrJSON(c); err != nil {
		return nil, err
	}
	if c.Args().Present() {
		return nil, usage("%s takes no arguments, and was given %q", c.Command.Name, c.Args().First())
	}
	return p.live(c, m, -1)
}
