package main

import (
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
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
		return &messages{p, slog.New(slog.NewJSONHandler(p.stderr, nil))}, nil
	default:
		return nil, usage("--log-format is text or json, not %q", f)
	}
}

// say writes a message.
func (m *messages) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if m.json != nil {
		m.json.Info(text)
		return
	}
	fmt.Fprintln(m.p.stderr, report.Inert(text))
}

// problems writes what was found in the files, a line each.
func (m *messages) problems(problems schema.Problems) {
	for _, pr := range problems {
		if m.json == nil {
			fmt.Fprintln(m.p.stderr, report.Inert(pr.Error()))
			continue
		}
		level := slog.LevelInfo
		switch pr.Severity {
		case schema.Error:
			level = slog.LevelError
		case schema.Warning:
			level = slog.LevelWarn
		}
		m.json.Log(nil, level, pr.Message, "file", pr.Position.File, "line", pr.Position.Line, "column", pr.Position.Column, "rule", pr.Rule)
	}
}

// logger is for packages that log.
func (m *messages) logger() *slog.Logger {
	if m.json != nil {
		return m.json
	}
	return slog.New(slog.NewTextHandler(m.p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
