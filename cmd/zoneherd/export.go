package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/masterfile"
	"github.com/zoneherd/zoneherd/source/octodns"
	"github.com/zoneherd/zoneherd/source/replace"
	"github.com/zoneherd/zoneherd/source/table"
)

func (p *program) exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the zones of the files, or with --live what is live, in a form that other programs read",
		ArgsUsage: "[PATH…]",
		Flags: join(fileFlags(), []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "the form: `bind|octodns|json|csv`"},
			&cli.StringFlag{Name: "out", Usage: "write a file for each zone into `DIR` instead of stdout, which of bind and octodns takes one zone"},
			&cli.BoolFlag{Name: "force", Usage: "write over files that are there"},
			&cli.BoolFlag{Name: "live", Usage: "what is live instead of what the files declare"},
			&cli.StringFlag{Name: "soa", Usage: "for bind: the `DATA` of the SOA record, two names and five numbers; without it a placeholder", DefaultText: "a placeholder"},
			&cli.StringSliceFlag{Name: "ns", Usage: "for bind: `HOST` is a name server of zones that declare none at the apex (repeatable)", DefaultText: "a placeholder"},
			&cli.IntFlag{Name: "concurrency", Usage: "at most `N` requests at once", DefaultText: "8"},
		}, liveFlags()),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			e := &exporter{p: p, m: m, to: c.String("to")}
			if err := e.check(c); err != nil {
				return err
			}
			if c.Bool("live") {
				err = e.fromLive(c)
			} else {
				err = e.fromFiles(c)
			}
			if err != nil {
				return err
			}
			return e.write(c)
		},
	}
}

// exporter writes zones in other programs' forms.
type exporter struct {
	p     *program
	m     *messages
	to    string
	ns    []schema.Name
	zones []exported
}

// exported is one zone, and what only a live service knows of it.
type exported struct {
	*schema.Zone
	from string // in words
	soa  string // as the service gave it; else empty
}

// endings are those of the files, by the form.
var endings = map[string]string{"bind": ".zone", "octodns": ".yaml", "json": ".json", "csv": ".csv"}

// check refuses what cannot be meant, before anything is read.
func (e *exporter) check(c *cli.Context) error {
	if e.to == "" || endings[e.to] == "" {
		return usage("--to is bind, octodns, json or csv, not %q", e.to)
	}
	if e.to != "bind" && (c.String("soa") != "" || len(c.StringSlice("ns")) > 0) {
		return usage("--soa and --ns are for --to bind: %s has no place for them", e.to)
	}
	if c.Bool("live") && (c.NArg() > 0 || c.String("ref") != "") {
		return usage("--live reads no files: give neither paths nor --ref")
	}
	if c.Bool("force") && c.String("out") == "" {
		return usage("--force is for files that --out DIR finds there")
	}
	for _, host := range c.StringSlice("ns") {
		n, err := schema.ParseName(host)
		if err != nil || n == schema.Root() {
			return usage("--ns %q is no host name", host)
		}
		e.ns = append(e.ns, n)
	}
	return nil
}

func (e *exporter) fromFiles(c *cli.Context) error {
	d, err := e.p.desired(c)
	if d == nil {
		return err
	}
	e.m.problems(d.problems)
	if err != nil {
		return err
	}
	if n := d.problems.Count(schema.Error); n > 0 {
		return fmt.Errorf("%s: nothing was exported", count(n, "mistake"))
	}
	for i := range d.zones {
		z := &d.zones[i]
		if z.State == schema.Absent {
			e.m.say("%s: left out, since its file declares it absent", z.Name.Display())
			continue
		}
		for _, h := range z.Held {
			e.m.warn("%s: %s is left out: %s", h.Position, h.Name.Display(), h.Reason)
		}
		e.zones = append(e.zones, exported{Zone: z, from: strings.Join(z.Files, ", ")})
	}
	return nil
}

func (e *exporter) fromLive(c *cli.Context) error {
	im := &importer{p: e.p, m: e.m}
	if err := im.open(c); err != nil {
		return err
	}
	defer im.live.close()
	names, err := im.names(c, "export")
	if err != nil {
		return err
	}
	slices.SortFunc(names, schema.Name.Compare)
	live, err := im.read(c, names, "export")
	if err != nil {
		return err
	}
	for _, z := range live {
		out := exported{Zone: zoneOf(z.Name, z.Records), from: "what is live at " + im.live.about}
		if soa := out.RRset(schema.Key{Name: z.Name, Type: "SOA"}); soa != nil {
			if o, ok := soa.Values[0].Data.(schema.Opaque); ok {
				out.soa = o.Raw
			}
		}
		e.zones = append(e.zones, out)
	}
	return nil
}

// write makes all files before it writes the first.
func (e *exporter) write(c *cli.Context) error {
	if len(e.zones) == 0 {
		return errors.New("there are no zones to export")
	}
	dir := c.String("out")
	if dir == "" {
		if len(e.zones) > 1 && (e.to == "bind" || e.to == "octodns") {
			return usage("%s has a file for each zone, and there are %d: select one with --zone, or write them into a directory with --out", e.to, len(e.zones))
		}
		text, err := e.text(c, e.zones...)
		if err != nil {
			return err
		}
		_, err = e.p.stdout.Write(text)
		return err
	}
	texts, records := make([][]byte, len(e.zones)), 0
	files := make([]string, len(e.zones))
	var there []string
	for i, z := range e.zones {
		var err error
		if texts[i], err = e.text(c, z); err != nil {
			return err
		}
		records += z.Records()
		files[i] = filepath.Join(dir, strings.TrimSuffix(fileName(z.Name), ".yaml")+endings[e.to])
		if _, err := os.Lstat(files[i]); err == nil {
			there = append(there, files[i])
		}
	}
	if len(there) > 0 && !c.Bool("force") {
		return fmt.Errorf("nothing was exported, since there are files already, such as %s: select other zones with --zone, another directory, or --force to write over them", there[0])
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	for i, file := range files {
		if err := replace.Text(file, 0o644, texts[i]); err != nil {
			return fmt.Errorf("write the file of %s: %w", e.zones[i].Name.Display(), err)
		}
	}
	_, err := fmt.Fprintf(e.p.stdout, "exported %s with %s into %s\n", count(len(e.zones), "zone"), count(records, "record"), dir)
	return err
}

// text is zones in the form that is asked for.
func (e *exporter) text(c *cli.Context, zones ...exported) ([]byte, error) {
	var out bytes.Buffer
	var all []*schema.Zone
	for _, z := range zones {
		all = append(all, z.Zone)
	}
	switch e.to {
	case "json":
		err := table.JSON(&out, all)
		return out.Bytes(), err
	case "csv":
		err := table.CSV(&out, all)
		return out.Bytes(), err
	}
	z := zones[0]
	readable := e.readable(z.Zone)
	if e.to == "octodns" {
		text, err := octodns.Write(readable)
		if err != nil {
			err = fmt.Errorf("nothing was exported: %w", err)
		}
		return text, err
	}
	h, err := e.head(c, z)
	return masterfile.Write(readable, h), err
}

// readable is a zone without what could not be read, which is told.
func (e *exporter) readable(z *schema.Zone) *schema.Zone {
	out := *z
	out.RRsets = nil
	for _, s := range z.RRsets {
		var values []schema.Value
		for _, v := range s.Values {
			if _, opaque := v.Data.(schema.Opaque); !opaque {
				values = append(values, v)
			} else if s.Type != "SOA" || s.Name != z.Name {
				e.m.warn("%s: left out: %s %s %s, which zoneherd does not read: write it yourself, or export to json or csv", z.Name.Display(), s.Name.Display(), s.Type, v.Data)
			}
		}
		if s.Values = values; len(values) > 0 {
			out.RRsets = append(out.RRsets, s)
		}
	}
	return &out
}

// head is what a master file has besides the zone: from the flags, else from
// the live side, else placeholders, which the file and a warning say.
func (e *exporter) head(c *cli.Context, z exported) (masterfile.Head, error) {
	h := masterfile.Head{Comment: []string{z.Name.Display() + ", exported by zoneherd from " + z.from}, SOA: masterfile.Placeholder(z.Name), NS: e.ns}
	declared := z.RRset(schema.Key{Name: z.Name, Type: schema.TypeNS})
	if declared == nil && len(h.NS) == 0 {
		h.NS = []schema.Name{masterfile.PlaceholderNS()}
		h.Comment = append(h.Comment, "The name server is a placeholder: the zone declares none. Replace it, or export with --ns HOST.")
		e.m.warn("%s: the name server is a placeholder, since the zone declares none: give --ns HOST", z.Name.Display())
	}
	switch given := c.String("soa"); {
	case given != "":
		soa, err := masterfile.ParseSOA(given, z.Name)
		if err != nil {
			return h, usage("--soa: %v", err)
		}
		h.SOA = soa
	case z.soa != "":
		if soa, err := masterfile.ParseSOA(z.soa, schema.Root()); err == nil { // hosts as the API writes them
			h.SOA = soa
			h.Comment = append(h.Comment, "The SOA record is the one that is live.")
			return h, nil
		}
		fallthrough
	default:
		h.Comment = append(h.Comment, "The SOA record is a placeholder: zoneherd does not keep it. Replace it, or export with --soa DATA.")
		e.m.warn("%s: the SOA record is a placeholder, since zoneherd does not keep it: give --soa DATA", z.Name.Display())
	}
	return h, nil
}
