package providertest

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

func backend(fault string) Backend {
	m := newMemory(fault)
	var n atomic.Int32
	return Backend{
		Provider: m,
		Name:     func() schema.Name { return schema.MustName(fmt.Sprintf("zone-%d.example", n.Add(1))) },
		Put: func(zone schema.Name, r provider.Record) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, z := range m.zones {
				if z.name == zone {
					z.records = append(z.records, schema.LiveRecord{Handle: m.handle(), Name: r.Name, TTL: r.TTL, Data: r.Data})
				}
			}
			return nil
		},
		Cut:   func(zone schema.Name) { m.cut = zone },
		Lose:  func() { m.lose = true },
		Alter: func() { m.alter = true },
	}
}

func TestAProviderThatKeepsEveryPromisePasses(t *testing.T) {
	Run(t, func(t *testing.T) Backend { return backend("") })
}

// The faults that break each promise. A promise without one could hold for
// anything.
var faults = map[string][]string{
	"capabilities do not change and hold managed types":              {"capabilities change", "a type twice"},
	"an identity is told, or it is said that it is not":              {"no identity and no error"},
	"zones are listed in order of name, each once":                   {"lists in reverse", "lists a zone twice", "lists ten zones"},
	"a zone is found by exactly its name":                            {"finds the parent", "does not say that nothing is found"},
	"a new zone holds what its reading says and nothing of before":   {"remembers deleted zones"},
	"a zone that exists is not created again":                        {"creates a zone that exists", "empties a zone that exists"},
	"a deleted zone is gone with its records, and no other":          {"deletes all zones", "deletes only records", "deletes zones that are gone"},
	"a zone is read whole, each record under a handle of its own":    {"reads a page", "reads one handle for all", "makes handles up"},
	"handles stay while nothing is written":                          {"makes handles up"},
	"a record is read as it is in the zone":                          {"reads a record with another TTL", "reads what is not there"},
	"a record of no managed type is there and survives":              {"drops what it cannot read"},
	"a read that lacks records is an error":                          {"reads what is cut"},
	"data of every type are stored as meant":                         {"strips quotes", "forgets preferences"},
	"owner names of every kind are stored as meant":                  {"shortens names"},
	"the same record twice is two records, or refused":               {"gives duplicates one handle", "reads duplicates once", "deletes equal records"},
	"what stands beside a CNAME is stored or refused whole":          {"drops what stands beside"},
	"data that cannot be read are not written":                       {"writes what it cannot read"},
	"an update makes one record equal to what is meant":              {"updates only TTLs", "updates the whole name"},
	"an update leaves what it does not change":                       {"sends everything"},
	"an update of what is gone is not found":                         {"creates what is gone"},
	"an update across types takes effect whole or is refused whole":  {"deletes before it refuses a type", "fails to change a type"},
	"a deletion removes one record and no other":                     {"deletes the whole RRset"},
	"a deletion of what is gone is not found":                        {"deletes what is gone", "deletes equal records"},
	"calls may run side by side":                                     {"deletes the whole RRset", "updates only TTLs"},
	"a context that is done ends every call before it does anything": {"ignores the context in lists", "ignores the context in finds", "ignores the context in reads", "ignores the context in creations", "ignores the context in updates", "ignores the context in deletions", "ignores the context in zone creations", "ignores the context in zone deletions"},
	"a creation whose answer is lost is uncertain and not repeated":  {"repeats a creation", "says that a lost creation failed", "is unsure in two ways"},
	"an update whose answer is lost is uncertain":                    {"takes a lost update for done"},
	"a deletion whose answer is lost is uncertain":                   {"repeats a deletion"},
	"what is stored otherwise than meant is a mismatch":              {"does not look at what is stored"},
}

func TestEachBrokenPromiseIsFound(t *testing.T) {
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			if len(faults[p.name]) == 0 {
				t.Fatal("no fault breaks this promise")
			}
			for _, fault := range faults[p.name] {
				r := observe(t.Context(), func(r *recorder) { p.check(r, backend(fault)) })
				if len(r.failures) == 0 {
					t.Errorf("a provider that %s passes", fault)
				}
			}
			if r := observe(t.Context(), func(r *recorder) { p.check(r, backend("")) }); len(r.failures) > 0 {
				t.Errorf("a provider without a fault fails: %s", r.failures)
			}
		})
	}
	if len(faults) != len(promises()) {
		t.Errorf("there are faults for %d promises of %d", len(faults), len(promises()))
	}
}

// recorder is a T that keeps what fails.
type recorder struct {
	ctx      context.Context
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// observe runs a check to its end, or to where it gives up.
func observe(ctx context.Context, check func(*recorder)) *recorder {
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r)
	}()
	<-done
	for _, f := range r.cleanups {
		f()
	}
	return r
}
