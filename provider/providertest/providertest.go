// Package providertest checks that a [provider.Provider] keeps the promises
// that package provider makes in its comments, one test for each.
//
//	func TestConformance(t *testing.T) {
//		providertest.Run(t, func(t *testing.T) providertest.Backend {
//			return providertest.Backend{Provider: newClient(t), Name: freshName}
//		})
//	}
//
// It makes zones of its own, under names that the caller gives, and deletes
// them again. Promises about what goes wrong need hooks into the service, and
// are checked where the caller has them.
package providertest

import (
	"context"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// Backend is what a promise is checked on. Provider and Name are needed.
type Backend struct {
	Provider provider.Provider
	// Name gives the name of a zone that does not exist, another one each time.
	Name func() schema.Name

	// Whole says that the service can only replace records whole, so that an
	// update may overwrite what it was not meant to change.
	Whole bool

	// Put adds a record to a zone behind the provider's back. Its data may be
	// [schema.Opaque].
	Put func(zone schema.Name, r provider.Record) error
	// Cut makes every read of the zone, which has two dozen records, end after
	// ten of them, as a page does that nothing follows.
	Cut func(zone schema.Name)
	// Lose makes the answer to the next write get lost after it took effect.
	Lose func()
	// Alter makes the service store the next record that is created with
	// another TTL, and say so.
	Alter func()
}

// T is what a check needs of a [testing.T].
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Run checks each promise in a subtest, on a backend of its own.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			b := open(t)
			if p.needs != nil && !p.needs(b) {
				t.Skip("the backend has no hook for this")
			}
			p.check(t, b)
		})
	}
}

// promise is one sentence of package provider's comments.
type promise struct {
	name  string
	needs func(Backend) bool // whether it can be checked; nil: always
	check func(T, Backend)
}

func promises() []promise {
	canPut := func(b Backend) bool { return b.Put != nil }
	canCut := func(b Backend) bool { return b.Cut != nil }
	canLose := func(b Backend) bool { return b.Lose != nil }
	canAlter := func(b Backend) bool { return b.Alter != nil }
	return []promise{
		{"capabilities do not change and hold managed types", nil, capabilities},
		{"an identity is told, or it is said that it is not", nil, identity},

		{"zones are listed in order of name, each once", nil, listed},
		{"a zone is found by exactly its name", nil, found},
		{"a new zone holds what its reading says and nothing of before", nil, fresh},
		{"a zone that exists is not created again", nil, createdTwice},
		{"a deleted zone is gone with its records, and no other", nil, deletedZone},

		{"a zone is read whole, each record under a handle of its own", nil, readWhole},
		{"handles stay while nothing is written", nil, handlesStay},
		{"a record is read as it is in the zone", nil, readOne},
		{"a record of no managed type is there and survives", canPut, opaque},
		{"a read that lacks records is an error", canCut, cut},

		{"data of every type are stored as meant", nil, everyType},
		{"owner names of every kind are stored as meant", nil, ownerNames},
		{"the same record twice is two records, or refused", nil, duplicate},
		{"what stands beside a CNAME is stored or refused whole", nil, exclusive},
		{"data that cannot be read are not written", nil, writeOpaque},

		{"an update makes one record equal to what is meant", nil, updates},
		{"an update leaves what it does not change", func(b Backend) bool { return !b.Whole }, updateKeeps},
		{"an update of what is gone is not found", nil, updateGone},
		{"an update across types takes effect whole or is refused whole", nil, typeChange},

		{"a deletion removes one record and no other", nil, deletes},
		{"a deletion of what is gone is not found", nil, deleteGone},

		{"calls may run side by side", nil, sideBySide},
		{"a context that is done ends every call before it does anything", nil, cancelled},
		{"a creation whose answer is lost is uncertain and not repeated", canLose, lostCreate},
		{"an update whose answer is lost is uncertain", canLose, lostUpdate},
		{"a deletion whose answer is lost is uncertain", canLose, lostDelete},
		{"what is stored otherwise than meant is a mismatch", canAlter, altered},
	}
}
