package review

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v84/github"

	"github.com/zoneherd/zoneherd/plan/report"
)

// Comment is a comment of ours on a pull request.
type Comment struct {
	id   int64
	body string
	// Note is what it carries hidden; nil where it shows no plan.
	Note *Note
}

// Find finds our comment on a pull request; nil where there is none. Of
// several the first counts.
func (c *Client) Find(ctx context.Context, number int, id string) (*Comment, error) {
	author, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	all, err := pages(ctx, c, fmt.Sprintf("read the comments of #%d", number), func(opts github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return c.github.Issues.ListComments(ctx, c.owner, c.name, number, &github.IssueListCommentsOptions{ListOptions: opts})
	})
	if err != nil {
		return nil, err
	}
	for _, comment := range all {
		if isOurs(comment.GetUser(), comment.GetBody(), author, id) {
			return &Comment{comment.GetID(), comment.GetBody(), readNote(comment.GetBody())}, nil
		}
	}
	return nil, nil
}

func isOurs(user *github.User, body, author, id string) bool {
	return strings.EqualFold(user.GetLogin(), author) && strings.HasPrefix(strings.ReplaceAll(body, "\r\n", "\n"), marker(id))
}

// Post makes the body our comment on a pull request, or puts it into the one
// that there is.
func (c *Client) Post(ctx context.Context, number int, id string, found *Comment, body string) error {
	if found != nil {
		if found.body == body {
			return nil
		}
		return c.do(ctx, fmt.Sprintf("update the comment on #%d", number), func() (*github.Response, error) {
			_, res, err := c.github.Issues.EditComment(ctx, c.owner, c.name, found.id, &github.IssueComment{Body: &body})
			return res, err
		}, nil)
	}
	// After a failure the comment may be there all the same.
	before := func() (bool, error) {
		found, err := c.Find(ctx, number, id)
		return found != nil, err
	}
	return c.do(ctx, fmt.Sprintf("comment on #%d", number), func() (*github.Response, error) {
		_, res, err := c.github.Issues.CreateComment(ctx, c.owner, c.name, number, &github.IssueComment{Body: &body})
		return res, err
	}, before)
}

// Plan is a plan to be shown in a comment.
type Plan struct {
	*report.Document
	// Untrusted: the document comes from whoever made the pull request, and
	// what it says of itself counts as no review.
	Untrusted bool
}

// Body is the comment that shows a plan. Its room is bounded by GitHub. rest
// says, as Markdown, where the whole is; before is the comment's note so far;
// spare is how much room is left for a result.
func Body(id string, p Plan, before *Note, rest string, spare int) (string, error) {
	note := noteOf(p, before)
	head := marker(id) + note.write()
	tail := earlier(note.Earlier)
	var b strings.Builder
	b.WriteString(head)
	if err := report.Markdown(&b, p.Document, report.MarkdownOptions{Limit: max(1, report.CommentLimit-len(head)-len(tail)-spare), Rest: rest}); err != nil {
		return "", err
	}
	b.WriteString(tail)
	return b.String(), nil
}

// resultBegins stands before what apply did, which is replaced as a whole.
const resultBegins = "\n<!-- zoneherd:result -->\n\n"

// WithResult is the comment with what apply did below it; where there is no
// comment, that alone.
func (c *Comment) WithResult(id, markdown string) string {
	body := marker(id)
	if c != nil {
		body, _, _ = strings.Cut(strings.ReplaceAll(c.body, "\r\n", "\n"), resultBegins)
	}
	return body + resultBegins + markdown
}

// earlier lists the plans that the comment showed before, folded.
func earlier(plans []Earlier) string {
	if len(plans) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n<details><summary>Earlier plans of this pull request</summary>\n\n")
	for _, e := range plans {
		at := ""
		if e.Commit != "" {
			at = " at commit `" + report.Inert(e.Commit[:min(len(e.Commit), 12)]) + "`"
		}
		fmt.Fprintf(&b, "- `%s`%s\n", report.Inert(string(e.Digest)), at)
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// Message is a comment that shows no plan but a text, given as Markdown.
func Message(id string, before *Note, markdown string) string {
	head := marker(id)
	if before != nil { // of no plan that holds: it joins the earlier ones
		note := Note{Earlier: append([]Earlier{{before.Digest, before.Commit}}, before.Earlier...)}
		if before.Digest == "" {
			note.Earlier = before.Earlier
		}
		note.Earlier = note.Earlier[:min(len(note.Earlier), maxEarlier)]
		head += note.write()
		markdown += earlier(note.Earlier)
	}
	return head + markdown
}
