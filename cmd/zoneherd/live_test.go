package main

import (
	"context"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// forgetful has a zone that its list does not tell of.
type forgetful struct{ provider.Provider }

func (forgetful) ListZones(context.Context) ([]schema.LiveZoneInfo, error) { return nil, nil }

func (forgetful) FindZone(_ context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	return schema.LiveZoneInfo{Handle: "z", Name: name}, nil
}

func (forgetful) ReadZone(_ context.Context, zone schema.LiveZoneInfo) (*schema.LiveZone, error) {
	return &schema.LiveZone{Handle: zone.Handle, Name: zone.Name}, nil
}

// A plan that took such a zone as not there would create it.
func TestAZoneThatTheListLacksIsLookedFor(t *testing.T) {
	d := &desired{zones: []schema.Zone{{Name: schema.MustName("a.example")}}}
	inputs, _, err := (&live{Provider: forgetful{}}).inputs(t.Context(), d, 1, func() {})
	if err != nil || len(inputs) != 1 || inputs[0].Live == nil {
		t.Errorf("the inputs are %v: %v", inputs, err)
	}
}
