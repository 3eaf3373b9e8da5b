package providertest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

func capabilities(t T, b Backend) {
	first, second := b.Provider.Capabilities(), b.Provider.Capabilities()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the capabilities change: %s", diff)
	}
	if len(first.Types) == 0 {
		t.Errorf("no types can be written")
	}
	for i, typ := range first.Types {
		if !typ.Managed() || slices.Contains(first.Types[:i], typ) {
			t.Errorf("the types are %v", first.Types)
		}
	}
}

func identity(t T, b Backend) {
	id, err := b.Provider.Identity(t.Context())
	switch {
	case err == nil && id.Account == "":
		t.Errorf("there is no account in the identity, and no error")
	case err != nil && !errors.Is(err, provider.ErrNotFound) && !errors.Is(err, provider.ErrForbidden):
		t.Errorf("the identity fails: %v", err)
	}
}

func listed(t T, b Backend) {
	want := map[schema.Name]schema.Handle{}
	for range 12 {
		z := newZone(t, b)
		want[z.id.Name] = z.id.Handle
	}
	zones, err := b.Provider.ListZones(t.Context())
	if err != nil {
		t.Fatalf("list the zones: %v", err)
	}
	for i, z := range zones {
		if i > 0 && zones[i-1].Name.Compare(z.Name) >= 0 {
			t.Errorf("%s is listed after %s", z.Name, zones[i-1].Name)
		}
		if h, ok := want[z.Name]; ok && h != z.Handle {
			t.Errorf("%s is listed with the handle %s, and was created with %s", z.Name, z.Handle, h)
		}
		delete(want, z.Name)
	}
	for name := range want {
		t.Errorf("%s is not listed", name)
	}
}

func found(t T, b Backend) {
	z, missing := newZone(t, b), b.Name()
	info, err := b.Provider.FindZone(t.Context(), z.id.Name)
	if err != nil || info.Name != z.id.Name || info.Handle != z.id.Handle {
		t.Errorf("finding %s gives %v: %v", z.id.Name, info, err)
	}
	if info, err := b.Provider.FindZone(t.Context(), missing); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("finding %s, which is not there, gives %v: %v", missing, info, err)
	}
	below, err := z.id.Name.Child("sub")
	if err != nil {
		t.Fatalf("%v", err)
	}
	if info, err := b.Provider.FindZone(t.Context(), below); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("finding %s, which only its parent holds, gives %v: %v", below, info, err)
	}
}

func fresh(t T, b Backend) {
	z := newZone(t, b)
	z.create(z.record("www", 300, schema.TypeA, "192.0.2.1"))
	if err := b.Provider.DeleteZone(t.Context(), z.id); err != nil {
		t.Fatalf("delete the zone: %v", err)
	}
	again, err := b.Provider.CreateZone(t.Context(), z.id.Name)
	if err != nil {
		t.Fatalf("create the zone again: %v", err)
	}
	z.info, z.id.Handle = again, again.Handle
	for _, r := range z.all() {
		if r.Name != z.id.Name {
			t.Errorf("the zone that was made anew holds %s", show(asRecord(r)))
		}
	}
}

func createdTwice(t T, b Backend) {
	z := newZone(t, b)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	z.create(www)
	if info, err := b.Provider.CreateZone(t.Context(), z.id.Name); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("creating a zone that exists gives %v: %v", info, err)
	}
	z.holds(www)
}

func deletedZone(t T, b Backend) {
	gone, stays := newZone(t, b), newZone(t, b)
	lost := gone.create(gone.record("www", 300, schema.TypeA, "192.0.2.1"))
	kept := stays.record("www", 300, schema.TypeA, "192.0.2.1")
	stays.create(kept)
	if err := b.Provider.DeleteZone(t.Context(), gone.id); err != nil {
		t.Fatalf("delete the zone: %v", err)
	}
	if _, err := b.Provider.ReadZone(t.Context(), gone.info); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("reading a zone that was deleted: %v", err)
	}
	if _, err := b.Provider.FindZone(t.Context(), gone.id.Name); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("finding a zone that was deleted: %v", err)
	}
	if _, err := b.Provider.ReadRecord(t.Context(), gone.id, lost.Handle); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("reading a record of a zone that was deleted: %v", err)
	}
	if err := b.Provider.DeleteZone(t.Context(), gone.id); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("deleting a zone that was deleted: %v", err)
	}
	if _, err := b.Provider.CreateRecord(t.Context(), gone.id, gone.record("x", 300, schema.TypeA, "192.0.2.1")); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("creating a record in a zone that was deleted: %v", err)
	}
	stays.holds(kept)
}
