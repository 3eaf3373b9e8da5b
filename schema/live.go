package schema

// Handle is the opaque text by which a provider knows a zone or a record.
// Only the provider that gave it can interpret it.
type Handle string

// LiveRecord is one record as a provider serves it.
type LiveRecord struct {
	Handle Handle
	Name   Name
	// Alternative is the other way to read the owner name that the provider
	// gave, where its spelling allows two; else the zero Name. Name is the
	// likelier reading.
	Alternative Name
	TTL         TTL
	// Data is [Opaque] for a type that zoneherd does not manage and for a
	// value that its type does not allow.
	Data Data
}

// Key is the key of the RRset that the record belongs to.
func (r LiveRecord) Key() Key { return Key{r.Name, r.Data.Type()} }

// LiveZone is a zone as a provider serves it, read whole: a provider that
// could not read every record gives an error and no LiveZone. What is missing
// in a LiveZone is not live.
type LiveZone struct {
	Handle  Handle
	Name    Name
	Records []LiveRecord
	// Notices are what a person should know about how the zone was read.
	Notices []string
}

// LiveZoneInfo is a zone as a provider lists it, without its records.
type LiveZoneInfo struct {
	Handle Handle
	Name   Name
	// Records is the provider's own count of records, or -1 where it gives
	// none. What it counts is the provider's business.
	Records int
}
