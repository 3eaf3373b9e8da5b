package source

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
)

// Commit is what files in a work tree were read at.
type Commit struct {
	Hash string // of HEAD; empty outside git and before the first commit
	// Dirty: what was read differs from the commit, or the commit has a zone
	// file more.
	Dirty bool
	Dir   string // where the user stands in the repository, slash-separated
}

// HeadOf tells the commit of the work tree that the paths lie in, and whether
// the files that were read there are as that commit has them. Outside git it
// is the zero Commit.
func HeadOf(paths, files []Path) Commit {
	if len(paths) == 0 || paths[0].Tree.root == "" {
		return Commit{}
	}
	tree := paths[0].Tree
	repo, err := openRepository(tree.root)
	if err != nil {
		return Commit{}
	}
	head, err := repo.Head()
	if err != nil {
		return Commit{}
	}
	c := Commit{Hash: head.Hash().String(), Dir: tree.Dir}
	committed, err := newCommitFS(repo, head.Hash())
	if err != nil {
		return c
	}
	read := make(map[string]bool, len(files))
	for _, f := range files {
		if f.Tree == tree {
			read[f.Name] = true
			c.Dirty = c.Dirty || differs(committed, f)
		}
	}
	config := path.Join(tree.Dir, ConfigFile)
	if _, err := fs.Stat(committed, config); err == nil {
		_, err = fs.Stat(tree.FS, config)
		c.Dirty = c.Dirty || err != nil
	}
	for _, p := range paths {
		if p.Tree == tree && !c.Dirty {
			c.Dirty = hasMore(committed, p.Name, read)
		}
	}
	return c
}

// differs reports whether a file is not as the commit has it.
func differs(committed *commitFS, f Path) bool {
	was, err := readFile(&Tree{FS: committed}, f.Name)
	is, err2 := readFile(f.Tree, f.Name)
	if err != nil && err2 != nil {
		return err.Error() != err2.Error() // as a link that leads out of both
	}
	return err != nil || err2 != nil || !bytes.Equal(was, is)
}

// hasMore reports whether a directory has a zone file in the commit that was
// not read.
func hasMore(committed *commitFS, dir string, read map[string]bool) bool {
	entries, err := fs.ReadDir(committed, dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		// One without a dot may be read as no zone.
		isZone := mayBeZone(e.Name()) && strings.Contains(strings.TrimSuffix(e.Name(), path.Ext(e.Name())), ".")
		if isZone && !read[path.Join(dir, e.Name())] {
			return true
		}
	}
	return false
}
