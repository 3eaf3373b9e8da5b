package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/dnscontrol"
)

// from imports what another program keeps: no live side is asked.
func (im *importer) from(c *cli.Context, program string) error {
	switch program {
	case "dnscontrol":
	case "bind":
		return im.fromBIND(c)
	case "octodns":
		return im.fromOctoDNS(c)
	default:
		return usage("--from is live, bind, dnscontrol or octodns, not %q", program)
	}
	file := c.String("input")
	if file == "" {
		return usage("--from dnscontrol wants --input FILE, which `dnscontrol print-ir --pretty` has printed")
	}
	if err := im.configure(c); err != nil {
		return err
	}
	text, err := readAtMost(file, dnscontrol.MaxSize)
	if err != nil {
		return err
	}
	zones, problems := dnscontrol.Read(file, text)
	var files []*imported
	for i := range zones {
		z := &zones[i]
		if !matchesAny(c.StringSlice("zone"), z.Name.Display()) {
			continue
		}
		files = append(files, foreign(z))
	}
	if err := im.readable(c, problems, len(files), len(zones) > 0); err != nil {
		return err
	}
	return im.bring(c, files)
}

// foreign is a zone that another program keeps, on its way into a file.
func foreign(z *schema.Zone) *imported {
	return &imported{all: liveOf(z), zone: z, lenient: map[schema.Key]bool{}}
}

// tell tells what was found, and refuses to import anything with mistakes.
func (im *importer) tell(problems schema.Problems) error {
	im.m.problems(problems)
	if n := problems.Count(schema.Error); n > 0 {
		return fmt.Errorf("%s: nothing was imported", count(n, "mistake"))
	}
	return nil
}

// readable tells what is wrong with the files of --input, and refuses an import
// of no zones. some: there are zones, whether selected or not.
func (im *importer) readable(c *cli.Context, problems schema.Problems, selected int, some bool) error {
	switch err := im.tell(problems); {
	case err != nil:
		return err
	case selected == 0 && some:
		return usage("no zone of %s matches --zone %s", c.String("input"), strings.Join(c.StringSlice("zone"), ", "))
	case selected == 0:
		return fmt.Errorf("%s has no zones to import", c.String("input"))
	}
	return nil
}

// bring writes the zones that another program keeps.
func (im *importer) bring(c *cli.Context, files []*imported) error {
	var names []schema.Name
	var zones []schema.Zone
	for _, f := range files {
		names, zones = append(names, f.zone.Name), append(zones, *f.zone)
	}
	if err := im.free(c.Context, names, c.Bool("force")); err != nil {
		return err
	}
	// Of what is live, what is ignored is left out; here somebody has to choose.
	if err := im.tell(plan.CheckIgnored(zones, im.d.ignorePatterns())); err != nil {
		return err
	}
	return im.place(c.Context, files)
}

// liveOf is a zone as a service would give it, for a file that is marked from-live.
func liveOf(z *schema.Zone) *schema.LiveZone {
	live := &schema.LiveZone{Name: z.Name}
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			live.Records = append(live.Records, schema.LiveRecord{Name: s.Name, TTL: v.TTL, Data: v.Data})
		}
	}
	return live
}

// readAtMost reads a file, within a bound and a byte more, by which the reader
// sees that it is too large.
func readAtMost(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return text, nil
}
