package providertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// zone is a zone that a check has made.
type zone struct {
	t    T
	b    Backend
	info schema.LiveZoneInfo
	id   provider.ZoneID
	own  map[schema.Handle]bool // what the service has put there by itself
}

// newZone makes a zone, which is deleted when the check is over.
func newZone(t T, b Backend) *zone {
	t.Helper()
	name := b.Name()
	info, err := b.Provider.CreateZone(t.Context(), name)
	if err != nil {
		t.Fatalf("create the zone %s: %v", name, err)
	}
	z := &zone{t, b, info, provider.ZoneID{Handle: info.Handle, Name: name}, map[schema.Handle]bool{}}
	ctx := t.Context()
	t.Cleanup(func() { _ = b.Provider.DeleteZone(withoutCancel(ctx), z.id) }) // it may be gone already
	for _, r := range z.all() {
		z.own[r.Handle] = true
	}
	return z
}

// all gives the records that are read.
func (z *zone) all() []schema.LiveRecord {
	z.t.Helper()
	live, err := z.b.Provider.ReadZone(z.t.Context(), z.info)
	if err != nil {
		z.t.Fatalf("read the zone %s: %v", z.id.Name, err)
	}
	if live.Name != z.id.Name || live.Handle != z.id.Handle {
		z.t.Errorf("the zone read is %s (%s), and %s (%s) was asked for", live.Name, live.Handle, z.id.Name, z.id.Handle)
	}
	return live.Records
}

// records gives those that are not the service's own.
func (z *zone) records() []schema.LiveRecord {
	z.t.Helper()
	return slices.DeleteFunc(z.all(), func(r schema.LiveRecord) bool { return z.own[r.Handle] })
}

// holds checks that the zone holds exactly these records.
func (z *zone) holds(want ...provider.Record) {
	z.t.Helper()
	left := slices.Clone(want)
	for _, r := range z.records() {
		i := slices.IndexFunc(left, func(w provider.Record) bool { return same(r, w) })
		if i < 0 {
			z.t.Errorf("the zone holds %s, which should not be there", show(asRecord(r)))
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, w := range left {
		z.t.Errorf("the zone lacks %s", show(w))
	}
}

// create makes a record and checks what is said to be stored.
func (z *zone) create(r provider.Record) schema.LiveRecord {
	z.t.Helper()
	stored, err := z.b.Provider.CreateRecord(z.t.Context(), z.id, r)
	if err != nil {
		z.t.Fatalf("create %s: %v", show(r), err)
	}
	if stored.Handle == "" || !same(stored, r) {
		z.t.Errorf("creating %s says that %s is stored, under the handle %q", show(r), show(asRecord(stored)), stored.Handle)
	}
	return stored
}

// update changes a record and checks what is said to be stored.
func (z *zone) update(h schema.Handle, before, after provider.Record) schema.LiveRecord {
	z.t.Helper()
	stored, err := z.b.Provider.UpdateRecord(z.t.Context(), z.id, h, before, after)
	if err != nil {
		z.t.Fatalf("update %s to %s: %v", show(before), show(after), err)
	}
	if stored.Handle == "" || !same(stored, after) {
		z.t.Errorf("updating to %s says that %s is stored", show(after), show(asRecord(stored)))
	}
	return stored
}

// record makes a record of the zone from an owner name and data as a zone
// file writes them.
func (z *zone) record(owner string, ttl schema.TTL, typ schema.Type, data string) provider.Record {
	z.t.Helper()
	name, err := schema.ParseOwner(owner, z.id.Name)
	if err != nil {
		z.t.Fatalf("%v", err)
	}
	d, err := schema.ParseData(typ, strings.ReplaceAll(data, "$ZONE", z.id.Name.String()))
	if err != nil {
		z.t.Fatalf("%v", err)
	}
	return provider.Record{Name: name, TTL: ttl, Data: d}
}

// same reports whether a live record is the one meant, in either reading of
// its name.
func same(l schema.LiveRecord, r provider.Record) bool {
	return (l.Name == r.Name || l.Alternative == r.Name) && l.TTL == r.TTL && l.Data == r.Data
}

func asRecord(l schema.LiveRecord) provider.Record {
	return provider.Record{Name: l.Name, TTL: l.TTL, Data: l.Data}
}

func show(r provider.Record) string {
	if r.Data == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %d %s %.80s", r.Name, r.TTL, r.Data.Type(), r.Data)
}
