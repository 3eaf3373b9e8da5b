package providertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// sideBySide has one goroutine create, change and delete for each record, and
// others read meanwhile.
func sideBySide(t T, b Backend) {
	z := newZone(t, b)
	const n = 16
	want := make([]provider.Record, n)
	steps := make([][4]provider.Record, n)
	for i := range n {
		at := func(last int, ttl schema.TTL) provider.Record {
			return z.record("www", ttl, schema.TypeA, fmt.Sprintf("192.0.2.%d", 4*i+last))
		}
		steps[i] = [4]provider.Record{at(0, 300), at(1, 600), at(2, 300)}
		want[i] = steps[i][1]
	}
	errs := make(chan error, 2*n)
	ctx := t.Context()
	var wg sync.WaitGroup
	for _, s := range steps {
		wg.Go(func() {
			live, err := b.Provider.CreateRecord(ctx, z.id, s[0])
			if err == nil {
				_, err = b.Provider.UpdateRecord(ctx, z.id, live.Handle, s[0], s[1])
			}
			if err == nil {
				live, err = b.Provider.CreateRecord(ctx, z.id, s[2])
			}
			if err == nil {
				err = b.Provider.DeleteRecord(ctx, z.id, live.Handle)
			}
			errs <- err
		})
	}
	for range 4 {
		wg.Go(func() {
			// The zone changes meanwhile, and may not be read whole then.
			if _, err := b.Provider.ReadZone(ctx, z.info); err != nil && !errors.Is(err, provider.ErrIncomplete) {
				errs <- fmt.Errorf("read: %w", err)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("side by side: %v", err)
		}
	}
	z.holds(want...)
}

func cancelled(t T, b Backend) {
	z := newZone(t, b)
	www, other := z.record("www", 300, schema.TypeA, "192.0.2.1"), z.record("www", 600, schema.TypeA, "192.0.2.2")
	h := z.create(www).Handle
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, name := b.Provider, b.Name()
	for what, call := range map[string]func() error{
		"list the zones":  func() error { _, err := p.ListZones(ctx); return err },
		"find a zone":     func() error { _, err := p.FindZone(ctx, z.id.Name); return err },
		"read a zone":     func() error { _, err := p.ReadZone(ctx, z.info); return err },
		"read a record":   func() error { _, err := p.ReadRecord(ctx, z.id, h); return err },
		"create a zone":   func() error { _, err := p.CreateZone(ctx, name); return err },
		"delete a zone":   func() error { return p.DeleteZone(ctx, z.id) },
		"create a record": func() error { _, err := p.CreateRecord(ctx, z.id, other); return err },
		"update a record": func() error { _, err := p.UpdateRecord(ctx, z.id, h, www, other); return err },
		"delete a record": func() error { return p.DeleteRecord(ctx, z.id, h) },
		"identity":        func() error { _, err := p.Identity(ctx); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that is done: %v", what, err)
		}
	}
	z.holds(www)
	if _, err := p.FindZone(t.Context(), name); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("finding the zone that was not created: %v", err)
	}
}

func withoutCancel(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func lostCreate(t T, b Backend) {
	z := newZone(t, b)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	b.Lose()
	_, err := b.Provider.CreateRecord(t.Context(), z.id, www)
	uncertain(t, err)
	z.holds(www) // once
}

func lostUpdate(t T, b Backend) {
	z := newZone(t, b)
	before, after := z.record("www", 300, schema.TypeA, "192.0.2.1"), z.record("www", 600, schema.TypeA, "192.0.2.1")
	h := z.create(before).Handle
	b.Lose()
	_, err := b.Provider.UpdateRecord(t.Context(), z.id, h, before, after)
	uncertain(t, err)
	z.holds(after)
}

func lostDelete(t T, b Backend) {
	z := newZone(t, b)
	h := z.create(z.record("www", 300, schema.TypeA, "192.0.2.1")).Handle
	b.Lose()
	uncertain(t, b.Provider.DeleteRecord(t.Context(), z.id, h))
	z.holds()
}

// uncertain checks that an error leaves the outcome open, and says nothing else.
func uncertain(t T, err error) {
	t.Helper()
	if !errors.Is(err, provider.ErrUncertain) {
		t.Errorf("a write whose answer was lost: %v", err)
	}
	for _, kind := range []error{provider.ErrNotFound, provider.ErrRefused, provider.ErrUnauthenticated, provider.ErrForbidden, provider.ErrUnavailable, provider.ErrMismatch} {
		if errors.Is(err, kind) {
			t.Errorf("a write whose answer was lost claims to know: %v", err)
		}
	}
}

func altered(t T, b Backend) {
	z := newZone(t, b)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	b.Alter()
	stored, err := b.Provider.CreateRecord(t.Context(), z.id, www)
	var mismatch *provider.MismatchError
	if !errors.Is(err, provider.ErrMismatch) || !errors.As(err, &mismatch) {
		t.Fatalf("a record that was stored with another TTL: %v", err)
	}
	if mismatch.Meant != www || mismatch.Stored.TTL == www.TTL || mismatch.Stored.Handle == "" || stored.Handle != mismatch.Stored.Handle {
		t.Errorf("the mismatch says %+v, and %+v is returned", mismatch, stored)
	}
	z.holds(asRecord(mismatch.Stored))
}
