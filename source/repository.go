package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// repository is the nearest directory at or above dir that holds `.git`, a
// directory or, in a linked worktree and in a submodule, a file.
func repository(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// openRepository opens the repository whose work tree is root.
func openRepository(root string) (*git.Repository, error) {
	storage, err := openStorage(root, filesystem.Options{})
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(storage, nil)
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	return repo, nil
}

// DefaultBranch is the branch that a repository's remote origin begins with, which
// only a clone has written down; else main or master, where origin or else the
// repository has it; else the one that its work tree is on, which may have no
// commit yet; empty where none is known. root is its work tree.
func DefaultBranch(root string) string {
	repo, err := openRepository(root)
	if err != nil {
		return ""
	}
	if ref, err := repo.Storer.Reference(plumbing.NewRemoteHEADReferenceName("origin")); err == nil {
		if branch, ok := strings.CutPrefix(ref.Target().String(), "refs/remotes/origin/"); ok {
			return branch
		}
	}
	for _, in := range []string{"refs/remotes/origin/", "refs/heads/"} {
		for _, branch := range []string{"main", "master"} {
			if _, err := repo.Storer.Reference(plumbing.ReferenceName(in + branch)); err == nil {
				return branch
			}
		}
	}
	if ref, err := repo.Storer.Reference(plumbing.HEAD); err == nil && ref.Target().IsBranch() {
		return ref.Target().Short()
	}
	return ""
}

// openStorage opens what git keeps of the work tree at root: its own
// repository, that of a linked worktree or of a submodule, with objects
// borrowed from another repository (alternates) or not.
func openStorage(root string, opts filesystem.Options) (*filesystem.Storage, error) {
	gitDir := filepath.Join(root, ".git")
	info, err := os.Stat(gitDir)
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	if !info.IsDir() {
		text, err := os.ReadFile(gitDir)
		if err != nil {
			return nil, fmt.Errorf("open the repository %s: %w", root, err)
		}
		target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
		if !ok {
			return nil, fmt.Errorf("open the repository %s: its .git names no directory", root)
		}
		gitDir = target
		if !filepath.IsAbs(gitDir) {
			gitDir = filepath.Join(root, gitDir)
		}
	}
	var common billy.Filesystem
	switch text, err := os.ReadFile(filepath.Join(gitDir, "commondir")); {
	case err == nil:
		dir := strings.TrimSpace(string(text))
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(gitDir, dir)
		}
		common = osfs.New(dir)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	opts.AlternatesFS = osfs.New("/")
	return filesystem.NewStorageWithOptions(dotgit.NewRepositoryFilesystem(osfs.New(gitDir), common), cache.NewObjectLRUDefault(), opts), nil
}
