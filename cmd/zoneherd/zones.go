package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

// zonesCommand lists the live zones.
func (p *program) zonesCommand() *cli.Command {
	return &cli.Command{
		Name:  "zones",
		Usage: "list the zones of the live side",
		Flags: join([]cli.Flag{
			&cli.StringSliceFlag{Name: "zone", Usage: "only the zones whose name matches `GLOB` (repeatable)"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "how the list is printed: `text|json`"},
			&cli.BoolFlag{Name: "check", Usage: "look up which zones are delegated to the service"},
			&cli.StringFlag{Name: "resolver", Usage: "for --check: look up at the resolver at `ADDR`", DefaultText: "the machine's own"},
			&cli.StringSliceFlag{Name: "nameserver", Usage: "for --check: `HOST` is a nameserver of the service, besides those below vps.org (repeatable)"},
		}, liveAloneFlags()),
		Action: func(c *cli.Context) error {
			check, err := delegationOptions(c)
			if err != nil {
				return err
			}
			l, err := p.openLive(c)
			if err != nil {
				return err
			}
			defer l.close()
			list, err := l.ListZones(c.Context)
			if err != nil {
				return err
			}
			out := []listedZone{}
			var names []schema.Name
			for _, info := range list {
				if !matchesAny(c.StringSlice("zone"), info.Name.Display()) {
					continue
				}
				z := listedZone{Zone: info.Name.Display()}
				if info.Records >= 0 {
					z.Records = &info.Records
				}
				out = append(out, z)
				names = append(names, info.Name)
			}
			if c.Bool("check") {
				if err := p.checkDelegations(c.Context, names, out, check); err != nil {
					return err
				}
			}
			return p.printZones(c, out)
		},
	}
}

// listedZone is a live zone as `zones --format json` prints it.
type listedZone struct {
	Zone    string `json:"zone"`
	Records *int   `json:"records"`
	// With --check: "ok", "elsewhere" or "unknown", why, and to whom it is delegated.
	Delegation  verify.Status `json:"delegation,omitempty"`
	Reason      string        `json:"reason,omitempty"`
	Nameservers []string      `json:"nameservers,omitempty"`
	Notices     []string      `json:"notices,omitempty"`
}

func (p *program) printZones(c *cli.Context, zones []listedZone) error {
	if c.String("format") == "json" {
		return json.NewEncoder(report.InertJSON(p.stdout)).Encode(zones)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, z := range zones {
		records := ""
		if z.Records != nil {
			records = count(*z.Records, "record")
		}
		fmt.Fprintf(w, "%s\t%s", report.InertLine(z.Zone), records)
		if c.Bool("check") {
			fmt.Fprintf(w, "\t%s", report.Inert(z.delegation()))
		}
		fmt.Fprintln(w)
	}
	if len(zones) == 0 {
		fmt.Fprintln(p.stderr, "no zones there")
	}
	return w.Flush()
}

// delegation says in words to whom the zone is delegated.
func (z *listedZone) delegation() string {
	text := "delegated here"
	if z.Reason != "" {
		text = z.Reason
	}
	for _, notice := range z.Notices {
		text += "; " + notice
	}
	return text
}

// checkDelegations looks up to whom zones are delegated.
func (p *program) checkDelegations(ctx context.Context, names []schema.Name, zones []listedZone, opts verify.Options) error {
	bar := p.progress("looking up zones", len(names))
	found, err := verify.Delegations(ctx, names, opts, bar.step)
	bar.end()
	if err != nil {
		return err
	}
	for i, f := range found {
		zones[i].Delegation, zones[i].Reason, zones[i].Notices = f.Status, f.Reason, f.Notices
		for _, host := range f.Delegation.Hosts() {
			zones[i].Nameservers = append(zones[i].Nameservers, host.Display())
		}
	}
	return nil
}

// delegationOptions say where delegations are looked up, and which nameservers
// are the service's.
func delegationOptions(c *cli.Context) (verify.Options, error) {
	own := map[schema.Name]bool{}
	for _, given := range c.StringSlice("nameserver") {
		host, err := schema.ParseName(given)
		if err != nil {
			return verify.Options{}, usage("--nameserver %s: %v", given, err)
		}
		own[host] = true
	}
	opts := verify.Options{Service: func(n schema.Name) bool { return own[n] || vpsorg.IsNameserver(n) }}
	var err error
	opts.Resolver, err = resolver(c)
	return opts, err
}
