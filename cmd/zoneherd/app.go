package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/zoneherd/zoneherd/plan/report"
)

// program is one run of the command line: its streams, and what interrupts it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stop           <-chan struct{} // closed by the first interrupt
	interrupt      context.CancelFunc
	finishing      atomic.Bool // an interrupt lets what is under way finish
	version        string
	log            atomic.Pointer[slog.Logger] // with --log-format json; else nil
	then           atomic.Pointer[string]      // how to go on with what is begun; nil: nothing is
}

// app is the command line.
func (p *program) app() *cli.App {
	usageError := func(_ *cli.Context, err error, _ bool) error { return usage("%v", err) }
	app := &cli.App{
		Name:                      "zoneherd",
		Usage:                     "keep DNS zones equal to the YAML files of a git repository",
		Version:                   p.version,
		HideVersion:               true,
		Reader:                    p.stdin,
		Writer:                    p.stdout,
		ErrWriter:                 p.stderr,
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		Action: func(c *cli.Context) error {
			_ = cli.ShowAppHelp(c)
			return status(exitUsage)
		},
		Commands: []*cli.Command{
			p.validateCommand(),
			p.fmtCommand(),
			p.planCommand(),
			p.applyCommand(),
			p.verifyCommand(),
			p.initCommand(),
			p.importCommand(),
			p.exportCommand(),
			p.zonesCommand(),
			p.whoamiCommand(),
			p.commentCommand(),
			p.sandboxCommand(),
			p.schemaCommand(),
			p.versionCommand(),
			p.completionCommand(),
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
		c.HideHelpCommand = true
	}
	return app
}

// version is what the binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// isTerminal reports whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// style is how text looks on stdout: coloured on a terminal alone.
func (p *program) style() report.Style {
	return report.Style{Color: isTerminal(p.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(*cli.Context) error {
			_, err := io.WriteString(p.stdout, "zoneherd "+p.version+"\n")
			return err
		},
	}
}
