package main

import "fmt"

// The exit statuses. Where several apply it is the first of 130, 4, 3, 1, 2.
const (
	exitDone        = 0
	exitError       = 1
	exitChanges     = 2 // with --detailed-exitcode: changes are pending, or were made
	exitRefused     = 3 // by a guard, or the plan is stale
	exitPartly      = 4 // applied in part, or uncertain
	exitUsage       = 64
	exitInterrupted = 130
)

// statusError is an error with an exit status of its own. Without an error
// inside, there is nothing left to tell.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// status ends the program with a status and nothing more to say.
func status(code int) error {
	if code == exitDone {
		return nil
	}
	return &statusError{status: code}
}

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}
