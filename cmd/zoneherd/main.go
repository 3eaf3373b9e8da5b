// Command zoneherd keeps the DNS zones of a service equal to the YAML files of
// a git repository. README.md says how it is used; DESIGN of the command line:
// results go to stdout, progress and messages to stderr, and the exit status
// tells what happened (see exit.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/zoneherd/zoneherd/plan/report"
)

func main() {
	// A short run keeps most of what it allocates, so that collecting often
	// finds little: 1,000 zones of 100 records take 120 MiB this way. GOGC
	// goes over it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it gives the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, stop: stop, interrupt: cancel, version: version()}
	done := make(chan struct{})
	defer close(done)
	go p.interrupts(signals, done, stop)
	app := p.app()
	ordered, err := arrange(app, args, os.Getenv)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	return p.exit(err)
}

// interrupts deals with signals until done is closed: the first lets what is
// under way finish, or ends a run that has written nothing; the second breaks off.
func (p *program) interrupts(signals <-chan os.Signal, done <-chan struct{}, stop chan<- struct{}) {
	select {
	case <-done:
		return
	case <-signals:
	}
	close(stop)
	if p.finishing.Load() {
		p.tell("interrupted: finishing what is under way; interrupt again to break off")
	} else {
		p.interrupt()
	}
	select {
	case <-done:
	case <-signals:
		p.tell("broken off: what was under way may have taken effect or not")
		if then := p.then.Load(); then != nil {
			p.tell(*then)
		} else {
			p.tell("plan again to see")
		}
		os.Exit(exitInterrupted)
	}
}

// tell writes a line for people, from any goroutine.
func (p *program) tell(text string) {
	if log := p.log.Load(); log != nil {
		log.Info(text)
		return
	}
	fmt.Fprintln(p.stderr, report.InertLine(text))
}

// exit tells an error, if it has something to tell, and gives its status.
func (p *program) exit(err error) int {
	if err == nil {
		return exitDone
	}
	status := exitError
	var coded *statusError
	switch {
	case errors.As(err, &coded):
		status = coded.status
		if coded.err == nil {
			return status
		}
	case errors.Is(err, context.Canceled):
		p.tell("interrupted: nothing was written")
		if then := p.then.Load(); then != nil { // but by an earlier run
			p.tell(*then)
		}
		return exitInterrupted
	}
	if log := p.log.Load(); log != nil {
		log.Error(err.Error(), "status", status)
		return status
	}
	fmt.Fprintln(p.stderr, "zoneherd: "+report.Inert(err.Error()))
	return status
}
