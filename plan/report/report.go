// Package report shows a plan, and what became of it, to a reader: as text for
// people ([Text], [Outcome]), as a page for a browser ([HTML]) and as JSON for
// programs ([JSON]).
//
// All that comes from a record or a server passes [Inert] on its way to a
// terminal or a page, so that no control character in it takes effect.
package report

// About says which plan is shown: what was read and what it was compared with.
type About struct {
	Commit string // the commit that the zone files were read at; empty outside git
	Dirty  bool   // the work tree differs from the commit
	Base   string // the commit of a three-way plan's base; empty without
	Live   string // the live side in words, such as the endpoint
	Files  string // the URL below which the commit's files can be looked at; empty for none
}
