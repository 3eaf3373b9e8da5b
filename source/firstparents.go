package source

import (
	"fmt"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
)

// FirstParents lists the commits after base up to head along first parents,
// the oldest first: what was merged into a branch, one by one. A base that is
// not on that line is an error.
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
	at, err := commitAt(repo, head, shallow)
	if err != nil {
		return nil, err
	}
	var line []plumbing.Hash
	for at.Hash != from.Hash {
		line = append(line, at.Hash)
		if at.NumParents() == 0 {
			if shallow {
				return nil, fmt.Errorf("this clone is shallow and lacks the way from %s to %s: fetch more, in Actions with fetch-depth: 0", base, head)
			}
			return nil, fmt.Errorf("%s is not on the line of merges that led to %s: choose another --base", base, head)
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
