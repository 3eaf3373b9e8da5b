package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/review"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// checkReviewed refuses a plan that is not what was reviewed: by the digest of
// --digest, or with --require-reviewed by the comments on the pull requests
// that were merged since the base.
func (r *planned) checkReviewed(c *cli.Context, m *messages) error {
	if want := c.String("digest"); want != "" && plan.Digest(want) != r.plan.Digest {
		return &statusError{exitRefused, fmt.Errorf("the plan is not the one of --digest: it has the digest %s, and %s was reviewed: look at the plan above and review it", r.plan.Digest, want)}
	}
	if c.String("digest") != "" {
		for i := range r.plan.Zones {
			for j := range r.plan.Zones[i].Changes {
				if ch := &r.plan.Zones[i].Changes[j]; ch.Adopted || ch.Cause == plan.Drift {
					return &statusError{exitRefused, fmt.Errorf("%s: the digest does not cover that %s, which git does not change since the base: look at the plan above and apply it without --digest", r.plan.Zones[i].Name.Display(), ch)}
				}
			}
		}
	}
	if !c.Bool("require-reviewed") {
		return nil
	}
	switch {
	case c.String("base") == "":
		return usage("--require-reviewed asks what was reviewed since --base, and none is given")
	case r.base == nil:
		return &statusError{exitRefused, errors.New("the first push of a branch has no base, so that nothing can have been reviewed since: apply once without --require-reviewed")}
	}
	actions, err := review.ReadActions(os.Getenv)
	if err != nil {
		return err
	}
	client, err := r.gitHub(c, actions)
	if err != nil {
		return err
	}
	account, err := r.live.account(c.Context)
	if err != nil {
		return err
	}
	reviews, err := readReviews(c, client, r, saved.Side(r.live.endpoint, account))
	if err != nil {
		return err
	}
	var unseen []string
	for i := range r.plan.Zones {
		z := &r.plan.Zones[i]
		if z.Summary.Writes == 0 {
			continue
		}
		why, err := reviews.check(c, r, z)
		if err != nil {
			return err
		}
		if why != "" {
			m.say("%s: %s", z.Name.Display(), why)
			unseen = append(unseen, z.Name.Display())
		}
	}
	if len(unseen) > 0 {
		return &statusError{exitRefused, fmt.Errorf("not reviewed as it would be applied: %s; nothing was written", someOf(unseen, 5))}
	}
	return nil
}

// someOf names the first few.
func someOf(names []string, most int) string {
	text := ""
	for i, n := range names {
		switch {
		case i == most:
			return text + fmt.Sprintf(" and %d more", len(names)-most)
		case i > 0:
			text += ", "
		}
		text += n
	}
	return text
}

// reviews are the pull requests that were merged since the base, in order.
type reviews struct {
	steps []reviewed
	// digests are those of the zones that each step changed, over base → head
	// alone; made when they are first asked for.
	digests []map[schema.Name]plan.Digest
}

// reviewed is one of them, or a commit that no pull request brought.
type reviewed struct {
	number int          // 0: none
	note   *review.Note // nil: there is no comment of ours with a plan
	other  bool         // the comment's plan was made against another service or account
	head   string       // the commit that it led to
}

// readReviews finds them. side is what the plan is made against.
func readReviews(c *cli.Context, client *review.Client, r *planned, side string) (*reviews, error) {
	head := c.String("ref")
	if head == "" {
		head = "HEAD"
	}
	line, err := source.FirstParents(".", r.base.commit, head)
	if err != nil {
		return nil, err
	}
	all := &reviews{}
	for _, commit := range line {
		number, err := mergedAs(c.Context, client, commit)
		if err != nil {
			return nil, err
		}
		if n := len(all.steps); n > 0 && number > 0 && all.steps[n-1].number == number { // a rebased pull request is several commits
			all.steps[n-1].head = commit
			continue
		}
		one := reviewed{number: number, head: commit}
		if number > 0 {
			found, err := client.Find(c.Context, number, c.String("id"))
			if err != nil {
				return nil, err
			}
			if found != nil && found.Note != nil {
				one.note = found.Note
				one.other = one.note.Side != "" && one.note.Side != side
			}
		}
		all.steps = append(all.steps, one)
	}
	return all, nil
}

func mergedAs(ctx context.Context, client *review.Client, commit string) (int, error) {
	numbers, err := client.Merged(ctx, commit)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	return slices.Max(numbers), nil
}

// check tells why a zone's plan is not what was reviewed; empty where it is.
// It is what one pull request showed; or each change of the zone was what its
// own pull request showed, and nothing live has come between.
func (all *reviews) check(c *cli.Context, r *planned, z *plan.Zone) (string, error) {
	for i := range z.Changes {
		ch := &z.Changes[i]
		seen := func(one reviewed) bool { return one.note != nil && !one.other && one.note.Adopts(z.Name, ch) }
		if ch.Adopted && !slices.ContainsFunc(all.steps, seen) {
			return fmt.Sprintf("no review showed that %s %s is deleted, which was left alone before", ch.Key.Name.Display(), ch.Key.Type), nil
		}
	}
	if z.Action == plan.ZoneNone && !slices.ContainsFunc(z.Changes, func(ch plan.Change) bool { return !ch.Adopted }) {
		return "", nil
	}
	if z.Base == nil || z.Base.Unknown {
		return "what the base said of it could not be read, so that nobody can tell what has changed since: choose a --base that can be read", nil
	}
	if was := z.Base.Zone; z.Action == plan.ZoneCreate && was != nil && was.State == schema.Present {
		return "the zone is gone live, and would be made anew", nil
	}
	for _, one := range all.steps {
		if one.note != nil && (one.note.Covers(z.Name, z.Digest) || one.note.CoversAll(r.plan.Digest)) {
			if one.other {
				return one.elsewhere(), nil
			}
			return "", nil
		}
	}
	if z.LiveBound {
		return "live differs from what the review showed where git changes it", nil
	}
	return all.checkSteps(c, r, z.Name)
}

// checkSteps is check for the changes of a zone one by one.
func (all *reviews) checkSteps(c *cli.Context, r *planned, zone schema.Name) (string, error) {
	if err := all.readDigests(c, r.base); err != nil {
		return "", err
	}
	changed := false
	for i, one := range all.steps {
		digest, ok := all.digests[i][zone]
		if !ok {
			continue
		}
		changed = true
		switch {
		case one.number == 0:
			return "a commit changed it that no pull request brought", nil
		case one.note == nil:
			return fmt.Sprintf("pull request #%d has no comment of ours with a plan", one.number), nil
		case one.note.Untrusted:
			return fmt.Sprintf("the plan on pull request #%d came from its author, which is no review", one.number), nil
		case one.other:
			return one.elsewhere(), nil
		case !one.note.Covers(zone, digest) && !one.note.CoversAll(plan.JoinDigests(slices.Collect(maps.Values(all.digests[i])))):
			return fmt.Sprintf("pull request #%d showed another change of it", one.number), nil
		}
	}
	if !changed {
		return "no pull request since the base changed it", nil
	}
	return "", nil
}

func (one *reviewed) elsewhere() string {
	return fmt.Sprintf("pull request #%d showed it for another service or account", one.number)
}

// readDigests reads what each step has changed since the one before.
func (all *reviews) readDigests(c *cli.Context, from *base) error {
	if all.digests != nil {
		return nil
	}
	digests := make([]map[schema.Name]plan.Digest, len(all.steps))
	for i, one := range all.steps {
		tree, err := source.OpenCommit(".", one.head)
		if err != nil {
			return err
		}
		to, err := baseAt(c, tree, func(string, ...any) {})
		if err != nil {
			return err
		}
		if digests[i], err = digestsBetween(from, to); err != nil {
			return err
		}
		from = to
	}
	all.digests = digests
	return nil
}

// digestsBetween gives the digests of the zones that one commit changes since
// another, with no live side.
func digestsBetween(from, to *base) (map[schema.Name]plan.Digest, error) {
	if to.desired == nil { // it declares nothing
		return nil, nil
	}
	r := &planned{desired: to.desired, base: from, options: to.options}
	if err := r.offline(); err != nil {
		return nil, err
	}
	digests := map[schema.Name]plan.Digest{}
	for i := range r.plan.Zones {
		if z := &r.plan.Zones[i]; z.Reviewed {
			digests[z.Name] = z.Digest
		}
	}
	return digests, nil
}
