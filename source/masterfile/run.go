package masterfile

import (
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// run is the records of one owner that follow one another, to which BIND gives
// the TTL of the first of their type. Another case makes another run. Records of
// a name server of the run, which are taken for glue, are a run of their own that
// does not end it.
type run struct {
	owner   schema.Name
	spelled string
	ttls    map[schema.Type]schema.TTL
	hosts   []schema.Name // the name servers
}

func newRun(owner schema.Name, spelled string) *run {
	return &run{owner: owner, spelled: spelled, ttls: map[schema.Type]schema.TTL{}}
}

// anew is another run of the same owner, as where a file is included.
func (r *run) anew() *run {
	if r == nil {
		return nil
	}
	return newRun(r.owner, r.spelled)
}

// ttl is the TTL of a record that has one written.
func (r *run) ttl(typ schema.Type, written schema.TTL) schema.TTL {
	if _, before := r.ttls[typ]; !before {
		r.ttls[typ] = written
	}
	return r.ttls[typ]
}

// now is the run that the next record without an owner belongs to.
func (f *frame) now() *run {
	if f.glue != nil {
		return f.glue
	}
	return f.run
}

// follow takes the owner of the records that follow.
func (f *frame) follow(owner schema.Name, spelled string) {
	if f.glue != nil && f.glue.spelled != spelled {
		f.glue = nil
	}
	switch {
	case f.glue != nil, f.run != nil && f.run.spelled == spelled:
	case f.run != nil && slices.Contains(f.run.hosts, owner):
		f.glue = newRun(owner, spelled)
	default:
		f.run = newRun(owner, spelled)
	}
}
