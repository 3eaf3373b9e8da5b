package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// fromBIND imports the zones of BIND's master files: one, or those of a directory.
func (im *importer) fromBIND(c *cli.Context) error {
	input := c.String("input")
	if input == "" {
		return usage("--from bind wants --input PATH, a zone's master file or a directory of them")
	}
	if err := im.configure(c); err != nil {
		return err
	}
	disk, err := source.OpenDisk(".")
	if err != nil {
		return err
	}
	defer disk.Close()
	path, err := disk.Path(input)
	if err != nil {
		return fmt.Errorf("read --input: %w", err)
	}
	name, err := zoneName(c, path)
	if err != nil {
		return err
	}
	zones, problems := masterfile.Read(path, name)
	var files []*imported
	var names []schema.Name
	for i := range zones {
		z := &zones[i]
		if !matchesAny(c.StringSlice("zone"), z.Name.Display()) {
			continue
		}
		problems = append(problems, z.Problems...)
		names = append(names, z.Name)
		files = append(files, &imported{all: liveOf(&z.Zone), zone: &z.Zone, lenient: map[schema.Key]bool{}, comments: z.Comments})
	}
	problems.Sort()
	im.m.problems(problems)
	switch n := problems.Count(schema.Error); {
	case n > 0:
		return fmt.Errorf("%s: nothing was imported", count(n, "mistake"))
	case len(files) == 0 && len(zones) > 0:
		return usage("no zone of %s matches --zone %s", input, strings.Join(c.StringSlice("zone"), ", "))
	case len(files) == 0:
		return fmt.Errorf("%s has no zones to import", input)
	}
	if err := im.free(c.Context, names, c.Bool("force")); err != nil {
		return err
	}
	return im.place(c.Context, files)
}

// zoneName is the name that --zone-name gives to the zone of one file; the zero
// Name without.
func zoneName(c *cli.Context, path source.Path) (schema.Name, error) {
	given := c.String("zone-name")
	if given == "" {
		return schema.Name{}, nil
	}
	if info, err := fs.Stat(path.Tree.FS, path.Name); err == nil && info.IsDir() {
		return schema.Name{}, usage("--zone-name says which zone one file is, and --input %s is a directory", c.String("input"))
	}
	name, err := schema.ParseName(given)
	if err == nil && name == schema.Root() {
		err = errors.New("the root is no zone of anybody's")
	}
	if err != nil {
		return schema.Name{}, usage("--zone-name: %v", err)
	}
	return name, nil
}
