package provider

import (
	"errors"
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
)

// The kinds of failure that callers tell apart, for [errors.Is]. What an error
// prints is the provider's own sentence.
var (
	// ErrNotFound: there is no such zone or record, or it is somebody else's.
	ErrNotFound = errors.New("not found")
	// ErrRefused: the service holds the request to be invalid. Repeating it is no use.
	ErrRefused = errors.New("refused as invalid")
	// ErrUnauthenticated: the service does not accept the token.
	ErrUnauthenticated = errors.New("not authenticated")
	// ErrForbidden: the token lacks a permission.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable: the service could not be reached, or failed before it
	// did anything, for longer than it was worth trying.
	ErrUnavailable = errors.New("service unavailable")
	// ErrIncomplete: a read did not give everything; see [IncompleteError].
	ErrIncomplete = errors.New("incomplete read")
	// ErrUncertain: a write may have taken effect or not.
	ErrUncertain = errors.New("outcome unknown")
	// ErrMismatch: a write took effect otherwise than meant; see [MismatchError].
	ErrMismatch = errors.New("stored otherwise than meant")
	// ErrStopped: the run was to stop before anything was sent; see [WithStop].
	ErrStopped = errors.New("stopped before it was sent")
)

// IncompleteError is a read that may lack something. It is [ErrIncomplete].
type IncompleteError struct {
	Zone schema.Name // the zero Name for a list of zones
	// Counted is what the service says there is, Read what was read; both -1
	// where numbers do not tell.
	Counted, Read int
	Reason        string // a sentence: why the read is not trusted, and what to do
}

// Error says what was being read and why it is not trusted.
func (e *IncompleteError) Error() string {
	what := "the list of zones"
	if !e.Zone.IsZero() {
		what = "the zone " + e.Zone.Display()
	}
	return fmt.Sprintf("%s was not read whole: %s", what, e.Reason)
}

// Is makes the error [ErrIncomplete].
func (e *IncompleteError) Is(target error) bool { return target == ErrIncomplete }

// MismatchError is a write that the service answered with something else than
// was meant. It is [ErrMismatch].
type MismatchError struct {
	Meant  Record
	Stored schema.LiveRecord
}

// Error names both values.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the service stored %s %s %d %s where %s %s %d %s was meant",
		e.Stored.Name.Display(), e.Stored.Data.Type(), e.Stored.TTL, e.Stored.Data,
		e.Meant.Name.Display(), e.Meant.Data.Type(), e.Meant.TTL, e.Meant.Data)
}

// Is makes the error [ErrMismatch].
func (e *MismatchError) Is(target error) bool { return target == ErrMismatch }
