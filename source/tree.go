package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Tree is files under one root, which nothing that is read can leave: not by
// `..`, not by a symbolic link. A link that stays inside is followed.
type Tree struct {
	FS fs.FS
	// Dir is the directory inside the tree that shown paths are relative to,
	// "." or "" for its root: where the user stands.
	Dir string
	// Base, where it is not empty, is put before every shown path instead: the
	// root as the user wrote it, for a tree that the user does not stand in.
	Base string

	root string // where it is on disk; empty elsewhere
}

// Shown is the path of a file of the tree as messages name it.
func (t *Tree) Shown(name string) string {
	if t.Base != "" {
		return path.Join(t.Base, name)
	}
	if t.Dir == "" || t.Dir == "." {
		return name
	}
	if rest, ok := strings.CutPrefix(name, t.Dir+"/"); ok {
		return rest
	}
	up := strings.Repeat("../", strings.Count(t.Dir, "/")+1)
	return up + name
}

// Path is a file or directory of a tree.
type Path struct {
	Tree *Tree
	Name string // as io/fs has it: slash-separated, relative to the tree's root
}

// Shown is the path as messages name it.
func (p Path) Shown() string { return p.Tree.Shown(p.Name) }

// Disk finds trees on the local file system. The root of a tree is the
// repository around it: the nearest directory upwards that holds `.git`, so
// that a work tree is bounded as a commit's tree is. Outside a repository it
// is the working directory, or for a path outside that the path itself.
type Disk struct {
	cwd   string
	trees map[string]*Tree
	roots []*os.Root
}

// OpenDisk starts from a working directory.
func OpenDisk(cwd string) (*Disk, error) {
	abs, err := filepath.Abs(cwd)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	return &Disk{cwd: abs, trees: map[string]*Tree{}}, nil
}

// Close closes the roots that were opened.
func (d *Disk) Close() error {
	var errs []error
	for _, r := range d.roots {
		errs = append(errs, r.Close())
	}
	d.roots, d.trees = nil, map[string]*Tree{}
	return errors.Join(errs...)
}

// Path finds the tree that a path, as the user gave it, lies in. The path has
// to exist.
func (d *Disk) Path(given string) (Path, error) {
	abs := given
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(d.cwd, given)
	}
	abs = filepath.Clean(abs)
	info, err := os.Stat(abs)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Path{}, fmt.Errorf("%s %w: give a zone file or a directory of zone files", given, errNotThere)
		}
		return Path{}, fmt.Errorf("read %s: %w", given, errors.Unwrap(err))
	}
	dir := abs
	if !info.IsDir() {
		dir = filepath.Dir(abs)
	}
	root := repository(dir)
	if root == "" {
		root = dir
		if inside(d.cwd, dir) {
			root = d.cwd
		}
	}
	tree, err := d.tree(root, given)
	if err != nil {
		return Path{}, err
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil {
		return Path{}, fmt.Errorf("read %s: %w", given, err)
	}
	return Path{tree, filepath.ToSlash(rel)}, nil
}

// tree opens the tree at root once.
func (d *Disk) tree(root, given string) (*Tree, error) {
	if t := d.trees[root]; t != nil {
		return t, nil
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", given, err)
	}
	t := &Tree{FS: r.FS(), root: root}
	if inside(root, d.cwd) {
		rel, _ := filepath.Rel(root, d.cwd)
		t.Dir = filepath.ToSlash(rel)
	} else {
		t.Base = filepath.ToSlash(root)
		if rel, err := filepath.Rel(d.cwd, root); err == nil && !filepath.IsAbs(given) {
			t.Base = filepath.ToSlash(rel)
		}
	}
	d.trees[root], d.roots = t, append(d.roots, r)
	return t, nil
}

// inside reports whether path is dir or below it.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// MaxFileSize is the largest zone or configuration file that is read.
const MaxFileSize = 16 << 20

// readFile reads a file of a tree, within limits. Its errors are clauses
// without the path.
func readFile(t *Tree, name string) ([]byte, error) {
	// Before it is opened, which would wait for ever on a named pipe.
	info, err := fs.Stat(t.FS, name)
	switch {
	case err != nil:
		return nil, fileError(err)
	case info.IsDir():
		return nil, errors.New("is a directory where a file is meant")
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case info.Size() > MaxFileSize:
		return nil, errTooLarge
	}
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead)
	n, err := data.ReadFrom(io.LimitReader(f, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fileError(err)
	case n > MaxFileSize:
		return nil, errTooLarge
	}
	return data.Bytes(), nil
}

var errTooLarge = fmt.Errorf("is larger than %d MiB, the most that is read: split it with include", MaxFileSize>>20)

// errNotThere is fs.ErrNotExist in a person's words.
var errNotThere = &notThereError{}

type notThereError struct{}

func (*notThereError) Error() string        { return "does not exist" }
func (*notThereError) Is(target error) bool { return target == fs.ErrNotExist }

// fileError says why a file could not be read, without its path.
func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNotThere
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read: check its permissions")
	case errors.Is(err, fs.ErrInvalid), strings.Contains(err.Error(), "escapes from parent"):
		return errors.New("leads out of the repository, which is never followed: put the file inside")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}
