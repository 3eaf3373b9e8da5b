package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/go-github/v84/github"
)

// Actions is what GitHub Actions tells a step in its environment; its fields
// are empty elsewhere.
type Actions struct {
	Running    bool   // GITHUB_ACTIONS
	API        string // GITHUB_API_URL
	Repository string // GITHUB_REPOSITORY
	RunURL     string // where this run is looked at
	Summary    string // GITHUB_STEP_SUMMARY, the file of the job summary
	Branch     string // the branch that the run is for, from GITHUB_REF; empty for none

	event event
}

// event is what of the event's file is of use.
type event struct {
	PullRequest *struct {
		Number int `json:"number"`
	} `json:"pull_request"`
	Issue *struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"`
	} `json:"issue"`
	WorkflowRun *struct {
		HeadSHA        string `json:"head_sha"`
		HeadBranch     string `json:"head_branch"`
		HeadRepository struct {
			Owner struct {
				Login string `json:"login"`
			} `json:"owner"`
		} `json:"head_repository"`
	} `json:"workflow_run"`
	After string `json:"after"` // of a push
}

// ReadActions reads the environment.
func ReadActions(getenv func(string) string) (Actions, error) {
	a := Actions{
		Running: getenv("GITHUB_ACTIONS") == "true", API: getenv("GITHUB_API_URL"), Repository: getenv("GITHUB_REPOSITORY"),
		Summary: getenv("GITHUB_STEP_SUMMARY"),
	}
	if server, run := getenv("GITHUB_SERVER_URL"), getenv("GITHUB_RUN_ID"); server != "" && run != "" && a.Repository != "" {
		a.RunURL = server + "/" + a.Repository + "/actions/runs/" + run
	}
	if branch, ok := strings.CutPrefix(getenv("GITHUB_REF"), "refs/heads/"); ok {
		a.Branch = branch
	}
	if path := getenv("GITHUB_EVENT_PATH"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return a, fmt.Errorf("read the event that GITHUB_EVENT_PATH names: %w", err)
		}
		if err := json.Unmarshal(text, &a.event); err != nil {
			return a, fmt.Errorf("read the event %s: %w", path, err)
		}
	}
	return a, nil
}

// ErrNoPullRequest says that a run is about no pull request.
var ErrNoPullRequest = errors.New("this run is about no pull request")

// PullRequest finds the pull request that a run is about: that of its event;
// for a run that follows another, the open one with that run's head; for a
// push, the one that was merged by it.
func (c *Client) PullRequest(ctx context.Context, a Actions) (int, error) {
	switch e := a.event; {
	case e.PullRequest != nil && e.PullRequest.Number > 0:
		return e.PullRequest.Number, nil
	case e.Issue != nil && e.Issue.PullRequest != nil:
		return e.Issue.Number, nil
	case e.WorkflowRun != nil:
		head := e.WorkflowRun.HeadRepository.Owner.Login + ":" + e.WorkflowRun.HeadBranch
		open, err := pages(ctx, c, "find the pull request of the run", func(opts github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.github.PullRequests.List(ctx, c.owner, c.name, &github.PullRequestListOptions{State: "open", Head: head, ListOptions: opts})
		})
		if err != nil {
			return 0, err
		}
		for _, pr := range open {
			if pr.GetHead().GetSHA() == e.WorkflowRun.HeadSHA {
				return pr.GetNumber(), nil
			}
		}
		return 0, ErrNoPullRequest
	}
	if a.event.After == "" {
		return 0, ErrNoPullRequest
	}
	merged, err := c.Merged(ctx, a.event.After)
	if err != nil {
		return 0, err
	}
	if len(merged) == 0 {
		return 0, ErrNoPullRequest
	}
	return merged[len(merged)-1], nil
}

// Merged are the numbers of the pull requests by which a commit was merged into
// the branch.
func (c *Client) Merged(ctx context.Context, commit string) ([]int, error) {
	all, err := pages(ctx, c, "find the pull request of "+commit[:min(len(commit), 12)], func(opts github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return c.github.PullRequests.ListPullRequestsWithCommit(ctx, c.owner, c.name, commit, &opts)
	})
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, pr := range all {
		if pr.MergedAt != nil && (c.branch == "" || pr.GetBase().GetRef() == c.branch) {
			numbers = append(numbers, pr.GetNumber())
		}
	}
	return numbers, nil
}

// AddSummary appends Markdown to the job summary; without one it does nothing.
func (a Actions) AddSummary(markdown string) error {
	if a.Summary == "" {
		return nil
	}
	f, err := os.OpenFile(a.Summary, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the job summary: %w", err)
	}
	_, err = f.WriteString(markdown)
	return errors.Join(err, f.Close())
}

// Annotation is a workflow command that puts a message at a line of a file.
// level is error, warning or notice.
func Annotation(level, file string, line, column int, message string) string {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d::%s", level, property.Replace(file), max(line, 1), max(column, 1), text.Replace(message))
}

// MaxAnnotations is how many of each level GitHub takes from one step.
const MaxAnnotations = 10
