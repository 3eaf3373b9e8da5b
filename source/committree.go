package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// CommitTree is the tree of one commit, from which zone files are read as from
// a work tree, without touching any: paths are relative to where the user
// stands in the repository.
type CommitTree struct {
	tree *Tree
	hash string
	top  string // the repository's directory
}

// OpenCommit opens the commit that a revision names in the repository around
// cwd: a branch, a tag, a hash, HEAD~1, origin/main and so on.
func OpenCommit(cwd, revision string) (*CommitTree, error) {
	abs, err := filepath.Abs(cwd)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	root := repository(abs)
	if root == "" {
		return nil, fmt.Errorf("there is no git repository here to read %s from: run this inside one", revision)
	}
	repo, err := openRepository(root)
	if err != nil {
		return nil, err
	}
	hash, err := repo.ResolveRevision(plumbing.Revision(revision))
	if err != nil {
		return nil, fmt.Errorf("there is no commit %s in this repository: fetch it, or check its name", revision)
	}
	return newCommitTree(repo, *hash, root, abs)
}

// newCommitTree is the tree of a commit as seen from a directory of the
// repository at root.
func newCommitTree(repo *git.Repository, hash plumbing.Hash, root, from string) (*CommitTree, error) {
	files, err := newCommitFS(repo, hash)
	if err != nil {
		return nil, err
	}
	return treeOf(files, hash, root, from)
}

func treeOf(files *commitFS, hash plumbing.Hash, root, from string) (*CommitTree, error) {
	dir, err := filepath.Rel(root, from)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	return &CommitTree{&Tree{FS: files, Dir: filepath.ToSlash(dir)}, hash.String(), root}, nil
}

// Commit is the commit, which is never dirty.
func (c *CommitTree) Commit() Commit { return Commit{Hash: c.hash, Dir: c.tree.Dir} }

// name is a path, given relative to where the user stands, in the repository;
// ok is false where it leads out.
func (c *CommitTree) name(given string) (name string, ok bool) {
	name = path.Join(c.tree.Dir, filepath.ToSlash(given))
	if filepath.IsAbs(given) {
		rel, err := filepath.Rel(c.top, given)
		if err != nil {
			return "", false
		}
		name = filepath.ToSlash(rel)
	}
	return name, name != ".." && !strings.HasPrefix(name, "../")
}

// Path finds a path, given relative to where the user stands, in the commit.
func (c *CommitTree) Path(given string) (Path, error) {
	name, ok := c.name(given)
	if !ok {
		return Path{}, fmt.Errorf("%s leads out of the repository: name a file or directory inside", given)
	}
	if _, err := fs.Stat(c.tree.FS, name); err != nil {
		return Path{}, fmt.Errorf("%s: in the commit %s it %w", given, c.hash[:12], fileError(err))
	}
	return Path{c.tree, name}, nil
}

// commitFS is a commit's tree as an fs.FS. A symbolic link is followed inside
// the tree and refused out of it, as [os.Root] does.
type commitFS struct {
	*objects
	root *object.Tree
	when time.Time
}

// objects reads a repository's objects. Several commits may share it.
type objects struct {
	mu    sync.Mutex // go-git's storage is not safe for concurrent use
	repo  *git.Repository
	trees map[plumbing.Hash]*object.Tree
}

func newCommitFS(repo *git.Repository, hash plumbing.Hash) (*commitFS, error) {
	commit, err := repo.CommitObject(hash)
	if err != nil {
		return nil, fmt.Errorf("read the commit %s: %w", hash, err)
	}
	root, err := commit.Tree()
	if err != nil {
		return nil, fmt.Errorf("read the tree of the commit %s: %w", hash, err)
	}
	shared := &objects{repo: repo, trees: map[plumbing.Hash]*object.Tree{root.Hash: root}}
	return &commitFS{shared, root, commit.Committer.When}, nil
}

// errEscapes says what os.Root says of a link that leads out of it.
var errEscapes = errors.New("path escapes from parent")

// maxLinks bounds symbolic links on the way to one file.
const maxLinks = 32

// find resolves a name to its entry, links followed.
func (c *commitFS) find(name string) (object.TreeEntry, error) {
	rest := strings.Split(name, "/")
	if name == "." {
		rest = nil
	}
	rootEntry := object.TreeEntry{Name: ".", Mode: filemode.Dir, Hash: c.root.Hash}
	entry := rootEntry
	var at []string // the directory that entry is in, resolved
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(at) == 0 {
				return entry, errEscapes
			}
			rest = slices.Concat(at[:len(at)-1], rest)
			entry, at = rootEntry, nil
			continue
		}
		dir, err := c.subtree(entry)
		if err != nil {
			return entry, err
		}
		i := slices.IndexFunc(dir.Entries, func(e object.TreeEntry) bool { return e.Name == part })
		if i < 0 {
			return entry, fs.ErrNotExist
		}
		entry = dir.Entries[i]
		if entry.Mode != filemode.Symlink {
			at = append(at, part)
			continue
		}
		if links++; links > maxLinks {
			return entry, errors.New("too many symbolic links")
		}
		target, err := c.blob(entry.Hash)
		if err != nil {
			return entry, err
		}
		if path.IsAbs(string(target)) {
			return entry, errEscapes
		}
		// From the root again: what led here, and then the link's target, whose
		// `..` goes up from where a link has led and not from where it stands.
		rest = slices.Concat(at, strings.Split(string(target), "/"), rest)
		entry, at = rootEntry, nil
	}
	return entry, nil
}

func (c *commitFS) subtree(e object.TreeEntry) (*object.Tree, error) {
	if e.Mode != filemode.Dir {
		return nil, fs.ErrNotExist
	}
	return c.tree(e.Hash)
}

func (o *objects) tree(h plumbing.Hash) (*object.Tree, error) {
	if t := o.trees[h]; t != nil {
		return t, nil
	}
	t, err := o.repo.TreeObject(h)
	if err != nil {
		return nil, err
	}
	if len(o.trees) >= maxTrees {
		clear(o.trees)
	}
	o.trees[h] = t
	return t, nil
}

// maxTrees bounds the directories that are kept in memory; one run over a
// single commit never comes near.
const maxTrees = 256

func (o *objects) blob(h plumbing.Hash) ([]byte, error) {
	b, err := o.repo.BlobObject(h)
	if err != nil {
		return nil, lacking(err)
	}
	r, err := b.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// lacking says why content is not there that a commit names.
func lacking(err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return errors.New("git has not fetched its content, since this is a partial clone: fetch it without --filter")
	}
	return err
}

// info describes an entry. A submodule is an empty directory, as it is in a
// work tree that has not fetched it.
func (c *commitFS) info(e object.TreeEntry) (entryInfo, error) {
	i := entryInfo{name: e.Name, mode: 0o444, when: c.when}
	switch e.Mode {
	case filemode.Dir, filemode.Submodule:
		i.mode = fs.ModeDir | 0o555
		return i, nil
	case filemode.Symlink:
		i.mode |= fs.ModeSymlink
	}
	size, err := c.repo.Storer.EncodedObjectSize(e.Hash)
	if err != nil { // which go-git does not find among borrowed objects
		b, berr := c.repo.BlobObject(e.Hash)
		if berr != nil {
			return i, lacking(berr)
		}
		size = b.Size
	}
	i.size = size
	return i, nil
}

// Open implements [fs.FS].
func (c *commitFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	entry, err := c.find(name)
	if err != nil {
		return fail(err)
	}
	info, err := c.info(entry)
	if err != nil {
		return fail(err)
	}
	info.name = path.Base(name)
	if info.IsDir() {
		f := &commitDir{info: info}
		if entry.Mode == filemode.Submodule {
			return f, nil
		}
		t, err := c.subtree(entry)
		if err != nil {
			return fail(err)
		}
		for _, e := range t.Entries {
			f.entries = append(f.entries, commitEntry{c, e})
		}
		slices.SortFunc(f.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		return f, nil
	}
	if info.size > MaxFileSize {
		return &commitFile{info, bytes.NewReader(nil)}, nil // its size is all that anybody will look at
	}
	text, err := c.blob(entry.Hash)
	if err != nil {
		return fail(err)
	}
	return &commitFile{info, bytes.NewReader(text)}, nil
}

// commitEntry is an entry of a directory. Its size is asked for where somebody
// wants it alone: a partial clone does not have every file.
type commitEntry struct {
	commit *commitFS
	entry  object.TreeEntry
}

func (e commitEntry) Name() string { return e.entry.Name }
func (e commitEntry) IsDir() bool  { return e.Type().IsDir() }
func (e commitEntry) Type() fs.FileMode {
	switch e.entry.Mode {
	case filemode.Dir, filemode.Submodule:
		return fs.ModeDir
	case filemode.Symlink:
		return fs.ModeSymlink
	}
	return 0
}

func (e commitEntry) Info() (fs.FileInfo, error) {
	e.commit.mu.Lock()
	defer e.commit.mu.Unlock()
	return e.commit.info(e.entry)
}

type entryInfo struct {
	name string
	size int64
	mode fs.FileMode
	when time.Time
}

func (i entryInfo) Name() string       { return i.name }
func (i entryInfo) Size() int64        { return i.size }
func (i entryInfo) Mode() fs.FileMode  { return i.mode }
func (i entryInfo) ModTime() time.Time { return i.when }
func (i entryInfo) IsDir() bool        { return i.mode.IsDir() }
func (i entryInfo) Sys() any           { return nil }

type commitFile struct {
	info entryInfo
	*bytes.Reader
}

func (f *commitFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *commitFile) Close() error               { return nil }

type commitDir struct {
	info    entryInfo
	entries []fs.DirEntry
}

func (d *commitDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *commitDir) Close() error               { return nil }
func (d *commitDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("is a directory")}
}

// ReadDir implements [fs.ReadDirFile].
func (d *commitDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	out := d.entries[:n:n]
	d.entries = d.entries[n:]
	return out, nil
}
