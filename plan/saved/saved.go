// Package saved keeps a plan in a file between the run that made it and the
// run that applies it.
//
// A saved plan is the JSON document of [report.Document] with what it takes to
// refuse it where something has moved since: which service and account it was
// made against, the configuration, a checksum, and a [report.Fingerprint] of
// every RRset at the owner names that it touches. On the way back ([Read],
// [Rebuild]) each RRset has to be as it was before the plan, or as the plan
// would leave it; anything else is [ErrStale].
package saved

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
)

// Origin is what a plan was made with.
type Origin struct {
	Endpoint     string // the service
	Account      string // whose token; empty: the service does not say
	ConfigDigest string // of the configuration file; empty: none
}

// Document is the document of a plan to be saved.
func Document(p *plan.Plan, about report.About, origin Origin) *report.Document {
	d := report.NewDocument(p, about)
	d.Saved = &report.Saved{Endpoint: origin.Endpoint, Account: origin.Account, ConfigDigest: origin.ConfigDigest, Fingerprints: map[string]map[string]report.Fingerprint{}}
	for i := range p.Zones {
		if z := &p.Zones[i]; z.Summary.Writes > 0 {
			d.Fingerprints[z.Name.Display()] = fingerprints(z)
		}
	}
	d.Checksum = checksum(d)
	return d
}

// Side is a hash of a service and an account, for where their names are
// nobody's business.
func Side(endpoint, account string) string {
	return ofLines([]string{"endpoint " + endpoint, "account " + strings.ToLower(account)})
}

// ErrTampered says that a saved plan is not as it was written.
var ErrTampered = errors.New("it is not as it was written: its checksum does not fit its content")

// Read reads a saved plan and checks that it is one, by its JSON Schema, and
// as it was written.
func Read(r io.Reader) (*report.Document, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxSize:
		return nil, fmt.Errorf("it is larger than %d MiB, the most that is read", maxSize>>20)
	}
	return Parse(text)
}

// Parse is [Read] of what has been read.
func Parse(text []byte) (*report.Document, error) {
	d, err := report.ReadDocument(text)
	if err != nil {
		return nil, err
	}
	if d.Saved == nil || d.Checksum == "" {
		return nil, errors.New("it is a plan that was printed and not saved, and lacks what it takes to apply it: make one with plan --out")
	}
	if d.Checksum != checksum(d) {
		return nil, ErrTampered
	}
	return d, nil
}

// maxSize bounds what is read.
const maxSize = 256 << 20

// checksum is over the document without it.
func checksum(d *report.Document) string {
	saved := *d.Saved
	saved.Checksum = ""
	rest := *d
	rest.Saved = &saved
	text, err := json.Marshal(&rest)
	if err != nil {
		panic(err) // there is nothing in it that does not marshal
	}
	return hash(text)
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
