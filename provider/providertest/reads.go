package providertest

import (
	"errors"
	"fmt"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

func readWhole(t T, b Backend) {
	z := newZone(t, b)
	var want []provider.Record
	handles := map[schema.Handle]bool{}
	for i := range 137 { // more than a page of a hundred, and no round number
		r := z.record(fmt.Sprintf("host-%d", i), 300, schema.TypeA, fmt.Sprintf("192.0.2.%d", i))
		handles[z.create(r).Handle] = true
		want = append(want, r)
	}
	z.holds(want...)
	seen := map[schema.Handle]bool{}
	for _, r := range z.records() {
		if seen[r.Handle] || !handles[r.Handle] {
			t.Errorf("%s has the handle %s, which another has, or which its creation did not give", show(asRecord(r)), r.Handle)
		}
		seen[r.Handle] = true
	}
}

func handlesStay(t T, b Backend) {
	z := newZone(t, b)
	for i := range 5 {
		z.create(z.record("www", 300, schema.TypeA, fmt.Sprintf("192.0.2.%d", i)))
	}
	before := map[schema.Handle]schema.LiveRecord{}
	for _, r := range z.records() {
		before[r.Handle] = r
	}
	for _, r := range z.records() {
		if before[r.Handle] != r {
			t.Errorf("%s had another handle or other data before: %s", show(asRecord(r)), show(asRecord(before[r.Handle])))
		}
	}
}

func readOne(t T, b Backend) {
	z := newZone(t, b)
	for _, r := range []provider.Record{
		z.record("@", 300, schema.TypeMX, "10 mail.$ZONE"),
		z.record("www", 3600, schema.TypeA, "192.0.2.1"),
		z.record("www", 86400, schema.TypeTXT, `"a text"`),
	} {
		z.create(r)
	}
	for _, r := range z.records() {
		one, err := b.Provider.ReadRecord(t.Context(), z.id, r.Handle)
		if err != nil || one != r {
			t.Errorf("in the zone %s, alone %s: %v", show(asRecord(r)), show(asRecord(one)), err)
		}
	}
	if r, err := b.Provider.ReadRecord(t.Context(), z.id, "no-such-handle"); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("reading what is not there gives %s: %v", show(asRecord(r)), err)
	}
}

func opaque(t T, b Backend) {
	z := newZone(t, b)
	strange := z.record("host", 300, schema.TypeA, "192.0.2.1")
	strange.Data = schema.Opaque{RRType: "PTR", Raw: "host.example.net."}
	broken := z.record("bad", 300, schema.TypeA, "192.0.2.1")
	broken.Data = schema.Opaque{RRType: schema.TypeA, Raw: "not an address"}
	for _, r := range []provider.Record{strange, broken} {
		if err := b.Put(z.id.Name, r); err != nil {
			t.Fatalf("put: %v", err)
		}
	}
	z.holds(strange, broken)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	other := z.record("www", 600, schema.TypeA, "192.0.2.2")
	h := z.update(z.create(www).Handle, www, other).Handle
	z.holds(strange, broken, other)
	if err := b.Provider.DeleteRecord(t.Context(), z.id, h); err != nil {
		t.Errorf("delete: %v", err)
	}
	z.holds(strange, broken)
}

func cut(t T, b Backend) {
	z := newZone(t, b)
	for i := range 24 {
		z.create(z.record("www", 300, schema.TypeA, fmt.Sprintf("192.0.2.%d", i)))
	}
	b.Cut(z.id.Name)
	live, err := b.Provider.ReadZone(t.Context(), z.info)
	if live != nil || !errors.Is(err, provider.ErrIncomplete) {
		t.Errorf("a zone that lacks records is read as %v: %v", live, err)
	}
}
