package vpsorg_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

// What a run against five zones may take at most, whatever the service does.
const (
	longestRun   = 24 * time.Hour
	mostRequests = 5000
)

// badZones are what the service holds when a run begins: a zone to change, one
// to add to, one to delete, and one that is nobody's; a fifth is to be created.
func badZones() map[string]*badZone {
	record := func(n int, typ, name, value string, priority any) map[string]any {
		return map[string]any{"uuid": fmt.Sprintf("r%d", n), "record_type": typ, "name": name, "value": value, "ttl": 300, "priority": priority}
	}
	z1 := &badZone{domain: "example.com"}
	for i := range 11 {
		z1.records = append(z1.records, record(i, "A", fmt.Sprintf("h%d", i), fmt.Sprintf("192.0.2.%d", i), nil))
	}
	z1.records = append(z1.records, record(11, "MX", "@", "h1.example.com", 10), record(12, "TXT", "@", "v=spf1 -all", nil), record(13, "CNAME", "www", "h2.example.com", nil))
	return map[string]*badZone{
		"z1": z1,
		"z2": {"example.org", []map[string]any{record(20, "A", "@", "192.0.2.1", nil), record(21, "A", "old", "192.0.2.2", nil)}},
		"z3": {"gone.example", []map[string]any{record(30, "A", "@", "192.0.2.3", nil)}},
		"z4": {"other.example", []map[string]any{record(40, "A", "@", "192.0.2.4", nil)}},
	}
}

func desiredZone(t *testing.T, name string, lines ...string) schema.Zone {
	t.Helper()
	z := schema.Zone{Name: schema.MustName(name)}
	for _, line := range lines {
		f := strings.SplitN(line, " ", 3)
		owner, err := schema.ParseOwner(f[0], z.Name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := schema.ParseData(schema.Type(f[1]), f[2])
		if err != nil {
			t.Fatal(err)
		}
		z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: owner, Type: data.Type()}, Values: []schema.Value{{Data: data, TTL: 300}}})
	}
	slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
	return z
}

// A service may answer anything to any call of a whole run, which lists and
// reads the zones, plans with every guard overridden, writes, and reads back.
// The run ends within its bounds, and nothing is deleted but what the service
// has listed, in an answer that arrived whole, in a zone that was read whole.
func FuzzBadServer(f *testing.F) {
	f.Add([]byte{}, "", false, false)
	for do := range byte(instructions) {
		f.Add([]byte{do}, "{}", false, false)
		f.Add([]byte{do, 3, 1, 2}, `[{"uuid":"r1"}]`, true, false)
		f.Add([]byte{sound, do, 7}, `{"uuid":"z1","domain":"example.com","record_count":1,"records":[]}`, false, true)
		f.Add([]byte{sound, sound, sound, sound, do, 1, 1, do, 1, 1, do}, "<title>x</title>", false, false)
		f.Add([]byte{sound, sound, sound, sound, sound, sound, sound, sound, sound, do}, "null", true, true)
	}
	f.Fuzz(func(t *testing.T, script []byte, body string, repeats, rollback bool) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := &badServer{zones: badZones(), script: script, body: body, repeats: repeats, most: mostRequests, stop: cancel,
				log: &said{zones: map[string]*saidZone{}, gone: map[string]bool{"gone.example": true}}}
			client := dial(t, vpsorg.Options{Transport: server, MaxAnswer: 1 << 16})
			begun := time.Now()
			wholeRun(ctx, t, client, rollback)
			if took := time.Since(begun); took > longestRun {
				t.Errorf("the run took %s", took)
			}
			if server.requests > mostRequests {
				t.Errorf("the run does not end: %d requests", server.requests)
			}
			for _, why := range server.wrong {
				t.Error(why)
			}
			if len(script) == 0 && (server.deletes != 5 || len(server.zones) != 4) {
				t.Errorf("a sound service was sent %d deletions and holds %d zones", server.deletes, len(server.zones))
			}
		})
	})
}

// wholeRun is what the command line does for an apply.
func wholeRun(ctx context.Context, t *testing.T, client *vpsorg.Client, rollback bool) {
	zones := []schema.Zone{
		desiredZone(t, "example.com", "h0 A 192.0.2.0", "h1 A 192.0.2.101", "h2 A 192.0.2.2", "h3 A 192.0.2.3", "h4 A 192.0.2.4", "h5 A 192.0.2.5", "h6 A 192.0.2.6", "h7 A 192.0.2.7",
			"new A 192.0.2.99", "@ MX 10 h2.example.com.", "@ TXT \"v=spf1 -all\"", "www A 192.0.2.8"),
		desiredZone(t, "example.org", "@ A 192.0.2.1", "www CNAME example.org."),
		desiredZone(t, "gone.example"),
		desiredZone(t, "shop.example", "@ A 192.0.2.9"),
	}
	zones[2].State = schema.Absent
	listed, err := client.ListZones(ctx)
	if err != nil {
		printable(t, err)
		return
	}
	inputs := make([]plan.Input, len(zones))
	for i := range zones {
		inputs[i].Desired = &zones[i]
		at := slices.IndexFunc(listed, func(l schema.LiveZoneInfo) bool { return l.Name == zones[i].Name })
		var info schema.LiveZoneInfo
		if at >= 0 {
			info = listed[at]
		} else if info, err = client.FindZone(ctx, zones[i].Name); errors.Is(err, provider.ErrNotFound) {
			continue
		}
		if err == nil {
			inputs[i].Live, err = client.ReadZone(ctx, info)
		}
		switch {
		case errors.Is(err, provider.ErrIncomplete):
			inputs[i].LiveErr = err
		case err != nil:
			printable(t, err)
			return
		}
		err = nil
	}
	opts := plan.Options{Prune: plan.PruneAll, Allow: plan.AllowAll()}
	p := plan.New(inputs, nil, opts)
	if p.Refused() { // of a zone that was not read whole: the others go on
		var sound []plan.Input
		for i := range inputs {
			if p.Zones[slices.IndexFunc(p.Zones, func(z plan.Zone) bool { return z.Name == zones[i].Name })].Refused == nil {
				sound = append(sound, inputs[i])
			}
		}
		if p = plan.New(sound, nil, opts); p.Refused() {
			return
		}
	}
	report := apply.Run(ctx, client, p, apply.Options{Plan: opts, Concurrency: 1, Rollback: rollback})
	for i := range report.Zones {
		if err := report.Zones[i].Err; err != nil {
			printable(t, err)
		}
	}
}
