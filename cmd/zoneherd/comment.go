package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/review"
	"github.com/zoneherd/zoneherd/schema"
)

func (p *program) commentCommand() *cli.Command {
	return &cli.Command{
		Name:      "comment",
		Usage:     "tell the pull request on GitHub what the plan is, or what the files' mistakes are",
		ArgsUsage: "[PATH…]",
		Flags: join(fileFlags(), reviewFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "plan", Usage: "the plan in `FILE`, as plan --out or --report wrote it (repeatable: parts of one plan); without any, the mistakes of the files are told"},
			&cli.StringFlag{Name: "result", Usage: "add what apply did, as its --result `FILE` has it"},
			&cli.BoolFlag{Name: "drift", Usage: "keep an issue open while the plan has something to write, instead of a comment"},
			&cli.IntFlag{Name: "pull-request", Usage: "the pull request `N`, where the event does not tell"},
			&cli.BoolFlag{Name: "untrusted", Usage: "the plan comes from whoever made the pull request: show it, and let it count as no review"},
			&cli.BoolFlag{Name: "summary-only", Usage: "write the job summary alone"},
		}),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			return p.comment(c, m)
		},
	}
}

// reviewFlags are how our comments are known.
func reviewFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "id", Value: "zoneherd", Usage: "which of several comments on one pull request: `ID`"},
		&cli.StringFlag{Name: "author", Usage: "whose comments are ours: `LOGIN`", DefaultText: "github-actions[bot] in Actions, else the token's owner"},
	}
}

// spare is the room that a comment keeps for what apply will have done.
const spare = 6000

func (p *program) comment(c *cli.Context, m *messages) error {
	if err := review.CheckID(c.String("id")); err != nil {
		return usage("--id: %v", err)
	}
	actions, err := review.ReadActions(os.Getenv)
	if err != nil {
		return err
	}
	document, problems, err := p.commented(c)
	if err != nil {
		return err
	}
	result, err := readResult(c.String("result"))
	if err != nil {
		return err
	}
	if err := summarize(actions, document, problems, result); err != nil {
		return err
	}
	if c.Bool("summary-only") {
		return nil
	}
	client, err := p.gitHub(c, actions)
	if err != nil {
		return err
	}
	var rest string
	if actions.RunURL != "" {
		rest = "the whole is in the [job summary](<" + actions.RunURL + ">)"
	}
	if c.Bool("drift") {
		if document == nil {
			return usage("--drift tells of a plan: name it with --plan")
		}
		did, err := client.Drift(c.Context, c.String("id"), document, rest)
		if err == nil {
			m.say("%s", did)
		}
		return readOnly(m, actions, err)
	}
	number := c.Int("pull-request")
	if number == 0 {
		if number, err = client.PullRequest(c.Context, actions); errors.Is(err, review.ErrNoPullRequest) {
			m.say("no comment: %v; --pull-request names one", err)
			return nil
		} else if err != nil {
			return readOnly(m, actions, err)
		}
	}
	found, err := client.Find(c.Context, number, c.String("id"))
	if err != nil {
		return readOnly(m, actions, err)
	}
	var note *review.Note
	if found != nil {
		note = found.Note
	}
	var body string
	switch {
	case result != nil:
		var text strings.Builder
		if err := result.Markdown(&text, spare-500); err != nil {
			return err
		}
		body = found.WithResult(c.String("id"), text.String())
	case document != nil:
		if found == nil && !document.Eventful() {
			m.say("no comment: there is nothing to say")
			return nil
		}
		if body, err = review.Body(c.String("id"), review.Plan{Document: document, Untrusted: c.Bool("untrusted")}, note, rest, spare); err != nil {
			return err
		}
	case problems.Count(schema.Error) == 0:
		return usage("the files have no mistakes to tell of: name the plan with --plan")
	default:
		var text strings.Builder
		if err := report.ProblemsMarkdown(&text, problems, report.CommentLimit-2*spare); err != nil {
			return err
		}
		body = review.Message(c.String("id"), note, text.String())
	}
	if err := client.Post(c.Context, number, c.String("id"), found, body); err != nil {
		return readOnly(m, actions, err)
	}
	m.say("commented on #%d", number)
	return nil
}

// commented is what a comment is about: the plan, or the mistakes of the files.
func (p *program) commented(c *cli.Context) (*report.Document, schema.Problems, error) {
	files := c.StringSlice("plan")
	if len(files) == 0 {
		if c.String("result") != "" {
			return nil, nil, nil
		}
		d, err := p.desired(c)
		if d == nil {
			return nil, nil, err
		}
		return nil, d.problems, nil
	}
	var documents []*report.Document
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("read the plan: %w", err)
		}
		d, err := report.ReadDocument(text)
		if err != nil {
			return nil, nil, fmt.Errorf("the plan %s: %w", file, err)
		}
		documents = append(documents, d)
	}
	d, err := report.Join(documents...)
	if err != nil {
		return nil, nil, err
	}
	// Where the files are looked at is not for a plan to say, which may come
	// from somebody else's fork.
	commit := ""
	if d.Commit != nil {
		commit = *d.Commit
	}
	d.Files = filesURL(commit, fromWorkspace("."))
	return d, nil, nil
}

func readResult(file string) (*report.Result, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	var r report.Result
	if err := json.Unmarshal(text, &r); err != nil || r.FormatVersion == "" {
		return nil, fmt.Errorf("%s is no result: apply --result writes one", file)
	}
	return &r, nil
}

// summarize writes the job summary.
func summarize(actions review.Actions, d *report.Document, problems schema.Problems, result *report.Result) error {
	var text strings.Builder
	limit := report.SummaryLimit - 4096
	if result != nil {
		if err := result.Markdown(&text, limit/4); err != nil {
			return err
		}
		text.WriteString("\n")
	}
	switch {
	case d != nil:
		if err := report.Markdown(&text, d, report.MarkdownOptions{Limit: limit - text.Len()}); err != nil {
			return err
		}
	case problems.Count(schema.Error) > 0:
		if err := report.ProblemsMarkdown(&text, problems, limit-text.Len()); err != nil {
			return err
		}
	}
	return actions.AddSummary(text.String())
}

// gitHub is the client for the repository that the environment names.
func (p *program) gitHub(c *cli.Context, actions review.Actions) (*review.Client, error) {
	author := c.String("author")
	if author == "" && actions.Running {
		author = "github-actions[bot]" // whose token may not ask whose it is
	}
	return review.New(review.Options{API: actions.API, Token: os.Getenv("GITHUB_TOKEN"), Repository: actions.Repository, Branch: actions.Branch, Author: author, Version: p.version})
}

// readOnly makes a token that may not write a notice and no failure, as with a
// pull request from a fork.
func readOnly(m *messages, actions review.Actions, err error) error {
	if !errors.Is(err, review.ErrReadOnly) {
		return err
	}
	m.say("no comment: %v; the plan is in the job summary", err)
	if actions.Running {
		fmt.Fprintln(m.p.stderr, "::notice::zoneherd could not comment, since this run's token may only read: the plan is in the job summary")
	}
	return nil
}
