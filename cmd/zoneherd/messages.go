package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/review"
	"github.com/zoneherd/zoneherd/schema"
)

// messages is what goes to stderr for people or, with --log-format json, for
// programs.
type messages struct {
	p    *program
	json *slog.Logger // nil: text
}

func (p *program) messages(c *cli.Context) (*messages, error) {
	switch f := c.String("log-format"); f {
	case "text", "":
		return &messages{p: p}, nil
	case "json":
		log := slog.New(slog.NewJSONHandler(report.InertJSON(p.stderr), nil))
		p.log.Store(log)
		return &messages{p, log}, nil
	default:
		return nil, usage("--log-format is text or json, not %q", f)
	}
}

// say writes a message.
func (m *messages) say(format string, args ...any) {
	m.p.tell(fmt.Sprintf(format, args...))
}

// warn writes a message that asks for something to be done.
func (m *messages) warn(format string, args ...any) {
	if m.json != nil {
		m.json.Warn(fmt.Sprintf(format, args...))
		return
	}
	m.say("warning: "+format, args...)
}

// problems writes what was found in the files, a line each.
func (m *messages) problems(problems schema.Problems) {
	m.annotate(problems)
	for _, pr := range problems {
		if m.json == nil {
			fmt.Fprintln(m.p.stderr, report.InertLine(pr.Error()))
			continue
		}
		level := slog.LevelInfo
		switch pr.Severity {
		case schema.Error:
			level = slog.LevelError
		case schema.Warning:
			level = slog.LevelWarn
		}
		m.json.Log(context.Background(), level, pr.Message, "file", pr.Position.File, "line", pr.Position.Line, "column", pr.Position.Column, "rule", pr.Rule, "related", pr.Related)
	}
}

// annotate puts problems at their lines in the pull request, as many as
// Actions takes.
func (m *messages) annotate(problems schema.Problems) {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	told := map[schema.Severity]int{}
	for _, pr := range problems {
		level := map[schema.Severity]string{schema.Error: "error", schema.Warning: "warning"}[pr.Severity]
		if told[pr.Severity]++; level == "" || told[pr.Severity] > review.MaxAnnotations {
			continue
		}
		fmt.Fprintln(m.p.stderr, review.Annotation(level, fromWorkspace(pr.Position.File), pr.Position.Line, pr.Position.Column, report.Inert(pr.Message)))
	}
}

// fromWorkspace is a path of the working directory as seen from the
// repository's top, which Actions names; elsewhere it is the path itself.
func fromWorkspace(file string) string {
	top := os.Getenv("GITHUB_WORKSPACE")
	abs, err := filepath.Abs(file)
	if top == "" || err != nil {
		return file
	}
	if rel, err := filepath.Rel(top, abs); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return filepath.ToSlash(rel)
	}
	return file
}

// logger is for packages that log.
func (m *messages) logger() *slog.Logger {
	if m.json != nil {
		return m.json
	}
	return slog.New(&plainHandler{out: m.p.stderr})
}

// plainHandler writes what packages log as lines for people.
type plainHandler struct {
	out   io.Writer
	attrs []slog.Attr
}

func (h *plainHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		fmt.Fprintf(&b, ", %s %v", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	_, err := fmt.Fprintln(h.out, report.InertLine(b.String())) // one write, so that lines stay whole
	return err
}

func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plainHandler{h.out, append(slices.Clone(h.attrs), attrs...)}
}

func (h *plainHandler) WithGroup(string) slog.Handler { return h }
