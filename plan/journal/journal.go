// Package journal keeps what an apply is doing in a file, so that a run that is
// broken off, however suddenly, can be finished or taken back.
//
// A journal is JSON, one line for each entry. The first holds the plan, as a
// saved plan does. Then each step has a line before it is sent and one after
// its outcome is known, each on disk before the run goes on. So a step without
// a second line may have taken effect or not, and all others are known. A last
// line that is torn was never acted upon.
//
// [Create] and [Append] give a [Writer], whose Observe is for [apply.Options].
// [Read] gives a [Journal], which tells [saved.Rebuild] how far the run came
// and [apply.TakeBack] what it wrote. There is no token in it.
package journal

import (
	"encoding/json"
	"time"

	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// Version is the format that is written, and the only one that is read.
const Version = "1.0"

// entry is one line.
type entry struct {
	// Journal and Plan stand in the first line alone.
	Journal string          `json:"journal,omitempty"`
	Plan    json.RawMessage `json:"plan,omitempty"`

	Time time.Time `json:"time"`

	// Step numbers the steps of the file from 1. Its first line says what is
	// to be done; the others say what became of it, the last one holding.
	Step   int            `json:"step,omitempty"`
	Event  apply.Outcome  `json:"event,omitempty"`
	Zone   string         `json:"zone,omitempty"`
	Change *report.Change `json:"change,omitempty"` // absent: the zone itself
	Handle schema.Handle  `json:"handle,omitempty"` // of the record that is written
	Undo   bool           `json:"undo,omitempty"`   // the step takes another one back
	Left   schema.Handle  `json:"left,omitempty"`   // of the record that was written
	Error  string         `json:"error,omitempty"`

	// Backup is the file that holds what a zone held before.
	Backup string `json:"backup,omitempty"`
	// Resumed begins another run, Ended ends one.
	Resumed bool `json:"resumed,omitempty"`
	Ended   *end `json:"ended,omitempty"`
}

// end is how a run ended.
type end struct {
	Complete bool `json:"complete"` // all of the plan took effect
}
