package source

import (
	"fmt"
	"slices"
)

// FirstParents lists the commits after base up to head along first parents,
// the oldest first: what was merged into a branch, one by one. Where base is
// not on that line but in head's history all the same, as after a branch was
// brought up to date and then pushed, all of it is one step: head.
func FirstParents(cwd, base, head string) ([]string, error) {
	r, err := openRevisions(cwd, head, base)
	if err != nil {
		return nil, err
	}
	var line []string
	for at := r.head; at.Hash != r.base.Hash; {
		line = append(line, at.Hash.String())
		if at.NumParents() == 0 {
			if r.shallow {
				return nil, fmt.Errorf("this clone is shallow and lacks the way from %s to %s: fetch more, in Actions with fetch-depth: 0", base, head)
			}
			return r.asOne(base, head)
		}
		if at, err = at.Parent(0); err != nil {
			return nil, fmt.Errorf("read the history from %s to %s: %w", base, head, err)
		}
	}
	slices.Reverse(line)
	return line, nil
}

// asOne is the whole way from base to head as one step.
func (r *revisions) asOne(base, head string) ([]string, error) {
	before, err := r.base.IsAncestor(r.head)
	if err != nil {
		return nil, fmt.Errorf("read the history from %s to %s: %w", base, head, err)
	}
	if !before {
		return nil, fmt.Errorf("%s is not in the history of %s: choose another --base", base, head)
	}
	return []string{r.head.Hash.String()}, nil
}
