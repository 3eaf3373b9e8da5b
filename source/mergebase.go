package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// revisions are two commits of the repository around a directory.
type revisions struct {
	repo       *git.Repository
	root, from string // the repository's directory, and the one that was begun at
	shallow    bool
	head, base *object.Commit
}

// openRevisions finds the commits that two revisions name.
func openRevisions(cwd, head, base string) (*revisions, error) {
	abs, err := filepath.Abs(cwd)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	root := repository(abs)
	if root == "" {
		return nil, fmt.Errorf("there is no git repository here to find %s in: run this inside one", base)
	}
	repo, err := openRepository(root)
	if err != nil {
		return nil, err
	}
	r := &revisions{root: root, from: abs}
	if r.repo, r.shallow, err = graft(repo); err != nil {
		return nil, err
	}
	if r.head, err = commitAt(r.repo, head, r.shallow); err != nil {
		return nil, err
	}
	r.base, err = commitAt(r.repo, base, r.shallow)
	return r, err
}

// OpenMergeBase opens the tree of the merge base of two revisions of the
// repository around cwd: the newest commit that both have in their history. A
// shallow clone that may lack it is an error that says so.
func OpenMergeBase(cwd, head, base string) (*CommitTree, error) {
	r, err := openRevisions(cwd, head, base)
	if err != nil {
		return nil, err
	}
	bases, err := r.head.MergeBase(r.base)
	if err != nil {
		return nil, fmt.Errorf("find the merge base of %s and %s: %w", head, base, err)
	}
	if len(bases) == 0 {
		if r.shallow {
			return nil, fmt.Errorf("this clone is shallow and lacks the merge base of %s and %s: fetch more, in Actions with fetch-depth: 0", head, base)
		}
		return nil, fmt.Errorf("%s and %s have no history in common: choose another --base", head, base)
	}
	return newCommitTree(r.repo, bases[0].Hash, r.root, r.from)
}

func commitAt(repo *git.Repository, revision string, shallow bool) (*object.Commit, error) {
	hash, err := repo.ResolveRevision(plumbing.Revision(revision))
	if err == nil {
		var c *object.Commit
		if c, err = repo.CommitObject(*hash); err == nil {
			return c, nil
		}
	}
	if shallow {
		return nil, fmt.Errorf("there is no commit %s in this repository, which is a shallow clone: fetch it, in Actions with fetch-depth: 0", revision)
	}
	return nil, fmt.Errorf("there is no commit %s in this repository: fetch it, or check its name", revision)
}

// graft opens a shallow clone as git itself does: the commits at its boundary
// have no parents. Without this every walk to the boundary fails, since their
// parents are named and not there.
func graft(repo *git.Repository) (_ *git.Repository, shallow bool, err error) {
	boundary, err := repo.Storer.Shallow()
	if err != nil || len(boundary) == 0 {
		return repo, false, err
	}
	s := &graftedStorer{Storer: repo.Storer, boundary: make(map[plumbing.Hash]bool, len(boundary))}
	for _, h := range boundary {
		s.boundary[h] = true
	}
	repo, err = git.Open(s, nil)
	return repo, true, err
}

// graftedStorer gives commits at the boundary without their parents.
type graftedStorer struct {
	storage.Storer
	boundary map[plumbing.Hash]bool
}

// EncodedObject implements [storer.EncodedObjectStorer].
func (s *graftedStorer) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	o, err := s.Storer.EncodedObject(t, h)
	if err != nil || !s.boundary[h] || o.Type() != plumbing.CommitObject {
		return o, err
	}
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	header, message, _ := bytes.Cut(text, []byte("\n\n"))
	var kept []string
	for line := range strings.SplitSeq(string(header), "\n") {
		if !strings.HasPrefix(line, "parent ") {
			kept = append(kept, line)
		}
	}
	orphan := &plumbing.MemoryObject{}
	orphan.SetType(plumbing.CommitObject)
	if _, err := orphan.Write([]byte(strings.Join(kept, "\n") + "\n\n" + string(message))); err != nil {
		return nil, err
	}
	return &namedObject{orphan, h}, nil
}

// namedObject is an object under the hash that it is known by.
type namedObject struct {
	plumbing.EncodedObject
	hash plumbing.Hash
}

func (o *namedObject) Hash() plumbing.Hash { return o.hash }
