package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// imported is one zone on its way into a file.
type imported struct {
	all      *schema.LiveZone
	zone     *schema.Zone // what of it is to be declared
	lenient  map[schema.Key]bool
	exact    bool            // the file is marked from-live
	comments source.Comments // about its records
	own      func() []byte   // the file's text, where another file is to be kept; nil where it cannot be
	lines    map[int]schema.Key
}

// place makes all files, and reads them again as a plan would read them, before
// any of them is put into its place.
func (im *importer) place(ctx context.Context, files []*imported) error {
	if err := os.MkdirAll(im.dir, 0o755); err != nil {
		return fmt.Errorf("make the directory for zone files: %w", err)
	}
	staged, err := os.MkdirTemp(im.dir, ".import-")
	if err != nil {
		return fmt.Errorf("make the directory for zone files: %w", err)
	}
	defer os.RemoveAll(staged)
	if err := im.write(ctx, staged, files); err != nil {
		return err
	}
	records := 0
	for _, f := range files {
		if records += f.zone.Records(); f.exact {
			records += len(f.all.Records) - f.zone.Records()
		}
		name := fileName(f.zone.Name)
		if err := os.Rename(filepath.Join(staged, name), filepath.Join(im.dir, name)); err != nil {
			return fmt.Errorf("write the zone file of %s: %w", f.zone.Name.Display(), err)
		}
	}
	fmt.Fprintf(im.p.stdout, "imported %s with %s into %s\n", count(len(files), "zone"), count(records, "record"), im.dir)
	return nil
}

// free refuses to import zones that have files already, but with force.
func (im *importer) free(ctx context.Context, names []schema.Name, force bool) error {
	if err := im.within(); err != nil {
		return err
	}
	if err := im.undeclared(ctx, names); err != nil {
		return err
	}
	var there []string
	for _, name := range names {
		for _, ending := range []string{".yaml", ".yml"} {
			file := filepath.Join(im.dir, strings.TrimSuffix(fileName(name), ".yaml")+ending)
			if _, err := os.Lstat(file); err != nil {
				continue
			}
			if there = append(there, file); force && ending == ".yml" {
				return fmt.Errorf("nothing was imported: %s would be beside a new %s, and the zone be declared twice: rename it to that, or remove it", file, fileName(name))
			}
		}
	}
	if len(there) == 0 || force {
		return nil
	}
	return fmt.Errorf("nothing was imported, since there are files already: %s: select other zones with --zone, another directory, or --force to write over them", someOf(there, 5))
}

// within refuses a directory to which a link leads out of the repository, where
// no plan would read the files.
func (im *importer) within() error {
	disk, err := source.OpenDisk(".")
	if err != nil {
		return err
	}
	defer disk.Close()
	dir, err := disk.Path(im.dir)
	for at := im.dir; errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); {
		at = filepath.Dir(at) // a link may stand above what is yet to be made
		dir, err = disk.Path(at)
	}
	if err == nil {
		_, err = dir.OnDisk()
	}
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	return nil
}

// undeclared refuses zones that files of other names declare, such as one for
// many domains, or files elsewhere that a plan reads too: not even --force has a
// zone in two files.
func (im *importer) undeclared(ctx context.Context, names []schema.Name) error {
	declared := func(z schema.Zone, at string) error {
		return fmt.Errorf("nothing was imported: %s is declared at %s already: take it out there, or select other zones with --zone", z.Name.Display(), at)
	}
	if info, err := os.Stat(im.dir); err == nil && info.IsDir() { // else nothing is there, or writing tells
		there, err := im.load(ctx, im.dir)
		if err != nil {
			return err
		}
		for _, z := range there.Zones {
			own := fileName(z.Name)
			if at := z.Position.File; slices.Contains(names, z.Name) && at != own && at != strings.TrimSuffix(own, ".yaml")+".yml" {
				return declared(z, filepath.Join(im.dir, z.Position.String()))
			}
		}
	}
	beside, err := im.beside(ctx)
	if err != nil {
		return err
	}
	for _, z := range beside {
		if slices.Contains(names, z.Name) {
			return declared(z, z.Position.String())
		}
	}
	return nil
}

// beside are the zones of what the configuration has read together with the
// directory that is written to.
func (im *importer) beside(ctx context.Context) ([]schema.Zone, error) {
	disk, err := source.OpenDisk(".")
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	together := false
	var others []source.Path
	for _, p := range im.d.config.Zones {
		same, err := samePlace(p.Shown(), im.dir)
		if err != nil {
			return nil, err
		}
		if same {
			together = true
			continue
		}
		switch other, err := disk.Path(p.Shown()); {
		case err == nil:
			others = append(others, other)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if !together {
		return nil, nil
	}
	there, err := source.Load(ctx, others, im.reading())
	return there.Zones, err
}

// samePlace reports whether two paths are the same directory, which need not be
// there.
func samePlace(a, b string) (bool, error) {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return os.SameFile(x, y), nil
	}
	a, errX = filepath.Abs(a)
	b, errY = filepath.Abs(b)
	return a == b, errors.Join(errX, errY)
}

// fileName is the name of a zone's file.
func fileName(zone schema.Name) string {
	return strings.ReplaceAll(zone.Display(), "/", "%2F") + ".yaml"
}

// load reads the files as a plan would.
func (im *importer) load(ctx context.Context, dir string) (source.Result, error) {
	disk, err := source.OpenDisk(dir)
	if err != nil {
		return source.Result{}, err
	}
	defer disk.Close()
	path, err := disk.Path(".")
	if err != nil {
		return source.Result{}, err
	}
	return source.Load(ctx, []source.Path{path}, im.reading())
}
