package schema

import (
	"cmp"
	"fmt"
	"slices"
)

// Position is a place in a file. The zero Position is no place: what came from
// a live service has none.
type Position struct {
	File   string `json:"file"`   // slash-separated, relative to the source's root
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // in characters, from 1
}

// String is file:line:column, the file alone where there is no line, and
// nothing for no place.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// IsZero reports whether p is no place.
func (p Position) IsZero() bool { return p == Position{} }

// Compare orders positions by file, line and column.
func (p Position) Compare(other Position) int {
	return cmp.Or(cmp.Compare(p.File, other.File), cmp.Compare(p.Line, other.Line), cmp.Compare(p.Column, other.Column))
}

// TTL is a time to live in seconds, at most [MaxTTL] (RFC 2181 section 8).
type TTL uint32

// MaxTTL is the largest TTL that DNS allows.
const MaxTTL TTL = 1<<31 - 1

// DefaultTTL is the TTL of a record for which neither its file nor the
// configuration gives one, which is also what the VPS.org API documents.
const DefaultTTL TTL = 3600

// Key names an RRset: an owner name and a type. It is comparable.
type Key struct {
	Name Name
	Type Type
}

// Compare orders keys by name as DNS does, then by type.
func (k Key) Compare(other Key) int {
	return cmp.Or(k.Name.Compare(other.Name), cmp.Compare(k.Type, other.Type))
}

// Value is one record of an RRset: its data, its TTL and where it was written.
type Value struct {
	Data     Data
	TTL      TTL
	Position Position
	// Lenient turns sense errors about this value into warnings.
	Lenient bool
}

// RRset is the records that share an owner name and a type (RFC 9499). All
// values of an RRset have one TTL, except in a zone file marked from-live and
// on the live side, where TTLs may differ and a value may stand twice.
type RRset struct {
	Key
	Values   []Value
	Position Position // where it was first declared
}

// State says whether a zone is meant to exist.
type State uint8

// The states of a declared zone.
const (
	Present State = iota
	// Absent asks for the live zone to be deleted.
	Absent
)

// Allowance is an `allow:` entry of a zone file: a guard that the file itself
// overrides while the change that brings the line is under way.
type Allowance struct {
	Guard    string // "deletes", "updates", "empty", "delete-zone" or "last"
	Position Position
}

// Held is a part of a zone that zoneherd leaves alone: neither published nor,
// where it is live, changed or deleted.
type Held struct {
	Name     Name
	Types    []Type // nil: everything at the name
	Reason   string // a clause for people, such as "octodns.ignored"
	Position Position
}

// Covers reports whether h holds the RRset k.
func (h Held) Covers(k Key) bool {
	return h.Name == k.Name && (h.Types == nil || slices.Contains(h.Types, k.Type))
}

// Zone is a zone as git declares it: the desired state.
type Zone struct {
	Name     Name
	Position Position // where the zone is declared
	Files    []string // the zone file first, then what it includes
	State    State
	FromLive bool    // written from live data: restored as it is, nothing in it is refused
	RRsets   []RRset // in the order of [Key.Compare], each key once
	Held     []Held
	Allow    []Allowance
}

// Allows reports whether the zone's file overrides a guard.
func (z *Zone) Allows(guard string) bool {
	return slices.ContainsFunc(z.Allow, func(a Allowance) bool { return a.Guard == guard })
}

// RRset finds the RRset with the given key, or nil.
func (z *Zone) RRset(k Key) *RRset {
	i, ok := slices.BinarySearchFunc(z.RRsets, k, func(s RRset, k Key) int { return s.Key.Compare(k) })
	if !ok {
		return nil
	}
	return &z.RRsets[i]
}

// At gives the RRsets at one owner name.
func (z *Zone) At(name Name) []RRset {
	i, _ := slices.BinarySearchFunc(z.RRsets, name, func(s RRset, n Name) int { return s.Name.Compare(n) })
	j := i
	for j < len(z.RRsets) && z.RRsets[j].Name == name {
		j++
	}
	return z.RRsets[i:j]
}

// Holds gives the first entry of Held that covers k, or nil.
func (z *Zone) Holds(k Key) *Held {
	for i := range z.Held {
		if z.Held[i].Covers(k) {
			return &z.Held[i]
		}
	}
	return nil
}

// Records counts the records of the zone.
func (z *Zone) Records() int {
	n := 0
	for i := range z.RRsets {
		n += len(z.RRsets[i].Values)
	}
	return n
}
