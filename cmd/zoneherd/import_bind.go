package main

import (
	"errors"
	"fmt"
	"io/fs"

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
	for i := range zones {
		z := &zones[i]
		if !matchesAny(c.StringSlice("zone"), z.Name.Display()) {
			continue
		}
		problems = append(problems, z.Problems...)
		f := foreign(&z.Zone)
		f.comments = z.Comments
		files = append(files, f)
	}
	problems.Sort()
	if err := im.readable(c, problems, len(files), len(zones) > 0); err != nil {
		return err
	}
	return im.bring(c, files)
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
