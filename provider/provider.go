// Package provider says what a live DNS service is to zoneherd.
//
// A service holds zones (RFC 9499), each with records, each record known by an
// opaque [schema.Handle]. A [Provider] lists, reads and writes them one at a
// time. The interfaces are small, and the comment on each method is its
// contract: what is atomic, what a failure leaves behind, what may run at
// once. Package providertest holds a test for each promise.
//
// All methods may be called from several goroutines at once, also on the same
// zone. All return promptly with the context's error once it is done; a write
// that was on its way then has an unknown outcome and says so with
// [ErrUncertain].
package provider

import (
	"context"

	"github.com/zoneherd/zoneherd/schema"
)

// Provider is a whole live DNS service, as one token sees it.
type Provider interface {
	Lister
	Reader
	ZoneWriter
	RecordWriter
	Identifier

	// Capabilities says what the service can hold and do. It needs no I/O and
	// does not change.
	Capabilities() Capabilities
}

// Capabilities is what a service can hold and do.
type Capabilities struct {
	// Types are the record types that can be written.
	Types []schema.Type
	// TypeChange says that [RecordWriter.UpdateRecord] may be tried across
	// types; a service that turns out not to allow it answers [ErrRefused] and
	// changes nothing.
	TypeChange bool
	// ListsApexNS says whether the apex NS records appear among a zone's
	// records: nil where only the records themselves can tell.
	ListsApexNS *bool
}

// ZoneID names a live zone: the service's handle, and the apex for reading names.
type ZoneID struct {
	Handle schema.Handle
	Name   schema.Name
}

// Record is a record as it is meant to be served.
type Record struct {
	Name schema.Name
	TTL  schema.TTL
	Data schema.Data
}

// Lister tells which zones there are.
type Lister interface {
	// ListZones gives every zone that the token sees, in order of name, each
	// once. A list that may lack zones is an [IncompleteError].
	ListZones(ctx context.Context) ([]schema.LiveZoneInfo, error)

	// FindZone gives the zone with exactly this name, whether or not a list
	// shows it; [ErrNotFound] if the service says there is none.
	FindZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error)
}

// Reader reads a zone's records.
type Reader interface {
	// ReadZone gives every record of a zone, or an error: never a part. A zone
	// whose number of records does not agree with what the service itself
	// counts is an [IncompleteError]. Records that the service lists twice
	// under different handles are two records; under one handle they are one.
	// A record that cannot be read as its type is there with
	// [schema.Opaque] data. [ErrNotFound] if there is no such zone.
	//
	// The read is no snapshot: what others write meanwhile may or may not be
	// in it.
	ReadZone(ctx context.Context, zone schema.LiveZoneInfo) (*schema.LiveZone, error)

	// ReadRecord gives one record as it is now; [ErrNotFound] if it is gone.
	ReadRecord(ctx context.Context, zone ZoneID, handle schema.Handle) (schema.LiveRecord, error)
}

// ZoneWriter makes and removes zones. See [RecordWriter] for what errors mean.
type ZoneWriter interface {
	// CreateZone makes a zone, empty but for what the service puts there by
	// itself. A zone that exists already is [ErrRefused].
	CreateZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error)

	// DeleteZone removes a zone with all its records, irrevocably.
	// [ErrNotFound] if there is none.
	DeleteZone(ctx context.Context, zone ZoneID) error
}

// RecordWriter makes, changes and removes single records. Each call is atomic:
// it takes effect whole or not at all, and never touches another record. There
// is no conditional write: the last one wins.
//
// Errors tell what became of a write:
//   - nil: it took effect, and what the service says it stored is what was meant;
//   - [MismatchError]: it took effect, but the service says that it stored
//     something else, which is returned beside the error;
//   - [ErrUncertain]: it may have taken effect or not, and may still. It was
//     not repeated. Only reading back can tell;
//   - anything else: it did not take effect.
//
// A write is repeated by the provider only where the service has said that it
// did not take effect (throttling), or where it was provably not sent.
type RecordWriter interface {
	// CreateRecord adds a record. Services may hold the same record twice:
	// creating what exists makes a second one, with a handle of its own.
	CreateRecord(ctx context.Context, zone ZoneID, r Record) (schema.LiveRecord, error)

	// UpdateRecord makes the record with the given handle, last seen as before,
	// equal to after; only what differs is sent, where the service can change
	// single fields. The owner name never differs.
	// [ErrNotFound] if there is no such record. The handle in the answer may
	// be a new one.
	UpdateRecord(ctx context.Context, zone ZoneID, handle schema.Handle, before, after Record) (schema.LiveRecord, error)

	// DeleteRecord removes the record with the given handle; [ErrNotFound] if
	// there is none.
	DeleteRecord(ctx context.Context, zone ZoneID, handle schema.Handle) error
}

// Identifier tells whose token is in use.
type Identifier interface {
	// Identity asks the service who the token belongs to. [ErrNotFound] and
	// [ErrForbidden] mean that the service does not say, not that the token is bad.
	Identity(ctx context.Context) (Identity, error)
}

// Identity is who a token belongs to and what it may do, in the service's words.
type Identity struct {
	Account     string // the account's name, such as an e-mail address
	Token       string // the token's name, never the token
	Permissions []string
}
