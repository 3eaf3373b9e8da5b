package source

import (
	"path"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Commit is what files in a work tree were read at.
type Commit struct {
	Hash string // of HEAD; empty outside git and before the first commit
	// Dirty: what was read differs from the commit, or the commit has a zone
	// file more.
	Dirty bool
}

// HeadOf tells the commit of the work tree that the paths lie in, and whether
// the files that were read there are as that commit has them. Outside git it
// is the zero Commit.
func HeadOf(paths, files []Path) Commit {
	if len(paths) == 0 || paths[0].Tree.root == "" {
		return Commit{}
	}
	tree := paths[0].Tree
	repo, err := git.PlainOpenWithOptions(tree.root, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return Commit{}
	}
	head, err := repo.Head()
	if err != nil {
		return Commit{}
	}
	c := Commit{Hash: head.Hash().String()}
	commit, err := repo.CommitObject(head.Hash())
	if err != nil {
		return c
	}
	committed, err := commit.Tree()
	if err != nil {
		return c
	}
	read := make(map[string]bool, len(files))
	for _, f := range files {
		if f.Tree != tree {
			continue
		}
		read[f.Name] = true
		c.Dirty = c.Dirty || differs(committed, f)
	}
	for _, p := range paths {
		if p.Tree == tree && !c.Dirty {
			c.Dirty = hasMore(committed, p.Name, read)
		}
	}
	return c
}

// differs reports whether a file is not as the commit has it.
func differs(committed *object.Tree, f Path) bool {
	entry, err := committed.FindEntry(f.Name)
	if err != nil {
		return true
	}
	text, err := readFile(f.Tree, f.Name)
	return err != nil || plumbing.ComputeHash(plumbing.BlobObject, text) != entry.Hash
}

// hasMore reports whether a directory has a zone file in the commit that was
// not read.
func hasMore(committed *object.Tree, dir string, read map[string]bool) bool {
	if dir != "." {
		t, err := committed.Tree(dir)
		if err != nil {
			return false
		}
		committed = t
	}
	for _, e := range committed.Entries {
		ext := path.Ext(e.Name)
		if (ext == ".yaml" || ext == ".yml") && e.Name[0] != '.' && e.Name != ConfigFile && !read[path.Join(dir, e.Name)] {
			// Files that are read as no zone are not among those read either.
			if base := e.Name[:len(e.Name)-len(ext)]; path.Ext(base) != "" {
				return true
			}
		}
	}
	return false
}
