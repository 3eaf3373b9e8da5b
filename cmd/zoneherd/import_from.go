package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

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
	im.m.problems(problems)
	if n := problems.Count(schema.Error); n > 0 {
		return fmt.Errorf("%s: nothing was imported", count(n, "mistake"))
	}
	var files []*imported
	var names []schema.Name
	for i := range zones {
		z := &zones[i]
		if !matchesAny(c.StringSlice("zone"), z.Name.Display()) {
			continue
		}
		names = append(names, z.Name)
		files = append(files, &imported{all: liveOf(z), zone: z, lenient: map[schema.Key]bool{}})
	}
	switch {
	case len(files) == 0 && len(zones) > 0:
		return usage("no zone of %s matches --zone %s", file, strings.Join(c.StringSlice("zone"), ", "))
	case len(files) == 0:
		return fmt.Errorf("%s has no zones to import", file)
	}
	if err := im.free(c.Context, names, c.Bool("force")); err != nil {
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
