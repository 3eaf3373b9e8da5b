package source

import (
	"fmt"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// FirstParents lists the commits after base up to head along first parents,
// the oldest first: what was merged into a branch, one by one. Where base is
// not on that line but in head's history all the same, as after a branch was
// brought up to date and then pushed, all of it is one step: head.
func FirstParents(cwd, base, head string) ([]string, error) {
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
	repo, shallow, err := graft(repo)
	if err != nil {
		return nil, err
	}
	from, err := commitAt(repo, base, shallow)
	if err != nil {
		return nil, err
	}
	tip, err := commitAt(repo, head, shallow)
	if err != nil {
		return nil, err
	}
	at := tip
	var line []plumbing.Hash
	for at.Hash != from.Hash {
		line = append(line, at.Hash)
		if at.NumParents() == 0 {
			if shallow {
				return nil, fmt.Errorf("this clone is shallow and lacks the way from %s to %s: fetch more, in Actions with fetch-depth: 0", base, head)
			}
			return asOne(from, tip, base, head)
		}
		if at, err = at.Parent(0); err != nil {
			return nil, fmt.Errorf("read the history from %s to %s: %w", base, head, err)
		}
	}
	out := make([]string, len(line))
	for i, h := range line {
		out[len(line)-1-i] = h.String()
	}
	return out, nil
}

func asOne(from, tip *object.Commit, base, head string) ([]string, error) {
	before, err := from.IsAncestor(tip)
	if err != nil {
		return nil, fmt.Errorf("read the history from %s to %s: %w", base, head, err)
	}
	if !before {
		return nil, fmt.Errorf("%s is not in the history of %s: choose another --base", base, head)
	}
	return []string{tip.Hash.String()}, nil
}
