package main

import (
	"context"
	"errors"
	"fmt"
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
		if why := reviews.check(z, r.base, r.plan.Digest); why != "" {
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
type reviews []reviewed

// reviewed is one of them, or a commit that no pull request brought.
type reviewed struct {
	number int          // 0: none
	note   *review.Note // nil: there is no comment of ours with a plan
	other  bool         // the comment's plan was made against another service or account
	// digests are those of the zones that it changed, over base → head alone.
	digests map[schema.Name]plan.Digest
}

// readReviews finds them. side is what the plan is made against.
func readReviews(c *cli.Context, client *review.Client, r *planned, side string) (reviews, error) {
	head := c.String("ref")
	if head == "" {
		head = "HEAD"
	}
	line, err := source.FirstParents(".", r.base.commit, head)
	if err != nil {
		return nil, err
	}
	var out reviews
	from := r.base.commit
	for i := 0; i < len(line); {
		number, err := mergedAs(c.Context, client, line[i])
		if err != nil {
			return nil, err
		}
		j := i + 1
		for number > 0 && j < len(line) { // a rebased pull request is several commits
			next, err := mergedAs(c.Context, client, line[j])
			if err != nil {
				return nil, err
			}
			if next != number {
				break
			}
			j++
		}
		one := reviewed{number: number}
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
		if one.digests, err = digestsBetween(c, from, line[j-1]); err != nil {
			return nil, err
		}
		out = append(out, one)
		from, i = line[j-1], j
	}
	return out, nil
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
func (all reviews) check(z *plan.Zone, base *base, whole plan.Digest) string {
	for i := range z.Changes {
		c := &z.Changes[i]
		seen := func(one reviewed) bool { return one.note != nil && !one.other && one.note.Adopts(z.Name, c) }
		if c.Adopted && !slices.ContainsFunc(all, seen) {
			return fmt.Sprintf("no review showed that %s %s is deleted, which was left alone before", c.Key.Name.Display(), c.Key.Type)
		}
	}
	if z.Action == plan.ZoneNone && !slices.ContainsFunc(z.Changes, func(c plan.Change) bool { return !c.Adopted }) {
		return ""
	}
	if z.Base == nil || z.Base.Unknown {
		return "what the base said of it could not be read, so that nobody can tell what has changed since: choose a --base that can be read"
	}
	if was := base.zones[z.Name]; z.Action == plan.ZoneCreate && was != nil && was.State == schema.Present {
		return "the zone is gone live, and would be made anew"
	}
	for _, one := range all {
		if one.note != nil && (one.note.Covers(z.Name, z.Digest) || one.note.CoversAll(whole)) {
			if one.other {
				return fmt.Sprintf("pull request #%d showed it for another service or account", one.number)
			}
			return ""
		}
	}
	if z.LiveBound {
		return "live differs from what the review showed where git changes it"
	}
	changed := false
	for _, one := range all {
		digest, ok := one.digests[z.Name]
		if !ok {
			continue
		}
		changed = true
		switch {
		case one.number == 0:
			return "a commit changed it that no pull request brought"
		case one.note == nil:
			return fmt.Sprintf("pull request #%d has no comment of ours with a plan", one.number)
		case one.note.Untrusted:
			return fmt.Sprintf("the plan on pull request #%d came from its author, which is no review", one.number)
		case one.other:
			return fmt.Sprintf("pull request #%d showed it for another service or account", one.number)
		case !one.note.Covers(z.Name, digest):
			return fmt.Sprintf("pull request #%d showed another change of it", one.number)
		}
	}
	if !changed {
		return "no pull request since the base changed it"
	}
	return ""
}

// digestsBetween gives the digests of the zones that one commit changes since
// another, with no live side.
func digestsBetween(c *cli.Context, from, to string) (map[schema.Name]plan.Digest, error) {
	tree, err := source.OpenCommit(".", to)
	if err != nil {
		return nil, err
	}
	quiet := func(string, ...any) {}
	head, err := baseAt(c, tree, quiet)
	if err != nil {
		return nil, err
	}
	if head.desired == nil { // it declares nothing
		return nil, nil
	}
	if tree, err = source.OpenCommit(".", from); err != nil {
		return nil, err
	}
	b, err := baseAt(c, tree, quiet)
	if err != nil {
		return nil, err
	}
	r := &planned{desired: head.desired, base: b, options: head.options}
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
