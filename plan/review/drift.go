package review

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/go-github/v84/github"

	"github.com/zoneherd/zoneherd/plan/report"
)

// Drift keeps one issue open while live differs from what git declares, and
// closes it once it does not. It tells what it did.
func (c *Client) Drift(ctx context.Context, id string, d *report.Document, rest string) (string, error) {
	found, err := c.driftIssue(ctx, id)
	if err != nil {
		return "", err
	}
	if d.Summary.Writes == 0 && d.RefusedZones() == 0 {
		if found == nil {
			return "live is as declared", nil
		}
		return "live is as declared again: closed #" + number(found), c.edit(ctx, found, "close the issue", &github.IssueRequest{State: github.Ptr("closed"), StateReason: github.Ptr("completed")})
	}
	head := marker(id)
	var b strings.Builder
	b.WriteString(head)
	if err := report.Markdown(&b, d, report.MarkdownOptions{Title: "Live differs from git", Limit: report.CommentLimit - len(head) - len(whatToDo), Rest: rest}); err != nil {
		return "", err
	}
	b.WriteString(whatToDo)
	body := b.String()
	if found != nil {
		if found.GetBody() == body {
			return "live differs as #" + number(found) + " says already", nil
		}
		return "live differs: updated #" + number(found), c.edit(ctx, found, "update the issue", &github.IssueRequest{Body: &body})
	}
	title := "DNS: live differs from git"
	var made *github.Issue
	err = c.do(ctx, "open an issue", func() (*github.Response, error) {
		issue, res, err := c.github.Issues.Create(ctx, c.owner, c.name, &github.IssueRequest{Title: &title, Body: &body})
		made = issue
		return res, err
	}, func() (bool, error) { // after a failure it may be there all the same
		issue, err := c.driftIssue(ctx, id)
		made = issue
		return issue != nil, err
	})
	if err != nil {
		return "", err
	}
	return "live differs: opened #" + number(made), nil
}

// whatToDo ends the issue.
const whatToDo = "\n`zoneherd import --merge` takes over into the files what is live, and a pull request then shows it; `zoneherd apply` makes live as the files are again.\n"

func number(i *github.Issue) string { return strconv.Itoa(i.GetNumber()) }

func (c *Client) edit(ctx context.Context, issue *github.Issue, what string, request *github.IssueRequest) error {
	return c.do(ctx, what+" #"+number(issue), func() (*github.Response, error) {
		_, res, err := c.github.Issues.Edit(ctx, c.owner, c.name, issue.GetNumber(), request)
		return res, err
	}, nil)
}

// driftIssue finds our open issue; nil where there is none.
func (c *Client) driftIssue(ctx context.Context, id string) (*github.Issue, error) {
	author, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	open, err := pages(ctx, c, "read the open issues", func(opts github.ListOptions) ([]*github.Issue, *github.Response, error) {
		return c.github.Issues.ListByRepo(ctx, c.owner, c.name, &github.IssueListByRepoOptions{State: "open", Creator: author, ListOptions: opts})
	})
	if err != nil {
		return nil, err
	}
	for _, issue := range open {
		if !issue.IsPullRequest() && isOurs(issue.GetUser(), issue.GetBody(), author, id) {
			return issue, nil
		}
	}
	return nil, nil
}
