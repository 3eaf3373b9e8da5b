package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// memory is a provider that keeps every promise, but for the one fault that it
// is told to have.
type memory struct {
	fault string

	mu     sync.Mutex
	zones  map[schema.Handle]*memoryZone
	serial int

	cut         schema.Name
	lose, alter bool
}

type memoryZone struct {
	name    schema.Name
	records []schema.LiveRecord
}

func newMemory(fault string) *memory {
	return &memory{fault: fault, zones: map[schema.Handle]*memoryZone{}}
}

var _ provider.Provider = (*memory)(nil)

func (m *memory) handle() schema.Handle {
	m.serial++
	return schema.Handle(fmt.Sprintf("h%d", m.serial))
}

func (m *memory) Capabilities() provider.Capabilities {
	m.mu.Lock()
	defer m.mu.Unlock()
	types := schema.Types()
	switch m.fault {
	case "capabilities change":
		m.serial++
		types = types[:1+m.serial%2]
	case "a type twice":
		types = append(types, schema.TypeA)
	}
	return provider.Capabilities{Types: types, TypeChange: true}
}

func (m *memory) Identity(ctx context.Context) (provider.Identity, error) {
	if ctx.Err() != nil {
		return provider.Identity{}, ctx.Err()
	}
	if m.fault == "no identity and no error" {
		return provider.Identity{}, nil
	}
	return provider.Identity{}, provider.ErrForbidden
}

func (m *memory) begin(ctx context.Context, call string) (func(), error) {
	if err := ctx.Err(); err != nil && m.fault != "ignores the context in "+call {
		return nil, err
	}
	m.mu.Lock()
	return m.mu.Unlock, nil
}

func (m *memory) ListZones(ctx context.Context) ([]schema.LiveZoneInfo, error) {
	end, err := m.begin(ctx, "lists")
	if err != nil {
		return nil, err
	}
	defer end()
	var zones []schema.LiveZoneInfo
	for h, z := range m.zones {
		zones = append(zones, schema.LiveZoneInfo{Handle: h, Name: z.name, Records: -1})
	}
	slices.SortFunc(zones, func(a, b schema.LiveZoneInfo) int { return a.Name.Compare(b.Name) })
	switch {
	case len(zones) == 0:
	case m.fault == "lists in reverse":
		slices.Reverse(zones)
	case m.fault == "lists a zone twice":
		zones = append(zones[:1], zones...)
	case m.fault == "lists ten zones":
		zones = zones[:min(10, len(zones))]
	}
	return zones, nil
}

func (m *memory) FindZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	end, err := m.begin(ctx, "finds")
	if err != nil {
		return schema.LiveZoneInfo{}, err
	}
	defer end()
	for h, z := range m.zones {
		if z.name == name || m.fault == "finds the parent" && name.In(z.name) {
			return schema.LiveZoneInfo{Handle: h, Name: z.name}, nil
		}
	}
	if m.fault == "does not say that nothing is found" {
		return schema.LiveZoneInfo{}, errors.New("nothing")
	}
	return schema.LiveZoneInfo{}, provider.ErrNotFound
}

func (m *memory) CreateZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	end, err := m.begin(ctx, "zone creations")
	if err != nil {
		return schema.LiveZoneInfo{}, err
	}
	defer end()
	for h, z := range m.zones {
		if z.name != name {
			continue
		}
		switch m.fault {
		case "empties a zone that exists":
			z.records = nil
		case "creates a zone that exists":
			return schema.LiveZoneInfo{Handle: h, Name: name}, nil
		}
		return schema.LiveZoneInfo{}, provider.ErrRefused
	}
	h := m.handle()
	z := &memoryZone{name: name}
	ns := schema.NS{Host: schema.MustName("ns1.example.net")}
	z.records = []schema.LiveRecord{{Handle: m.handle(), Name: name, TTL: 3600, Data: ns}}
	m.zones[h] = z
	if m.fault == "remembers deleted zones" && m.serial > 3 {
		www, _ := name.Child("www")
		z.records = append(z.records, schema.LiveRecord{Handle: m.handle(), Name: www, TTL: 1, Data: ns})
	}
	return schema.LiveZoneInfo{Handle: h, Name: name}, nil
}

func (m *memory) DeleteZone(ctx context.Context, zone provider.ZoneID) error {
	end, err := m.begin(ctx, "zone deletions")
	if err != nil {
		return err
	}
	defer end()
	z := m.zones[zone.Handle]
	switch {
	case z == nil && m.fault == "deletes zones that are gone":
		return nil
	case z == nil:
		return provider.ErrNotFound
	case m.fault == "deletes all zones":
		clear(m.zones)
	case m.fault == "deletes only records":
		z.records = nil
		return nil
	}
	delete(m.zones, zone.Handle)
	return nil
}

func (m *memory) ReadZone(ctx context.Context, zone schema.LiveZoneInfo) (*schema.LiveZone, error) {
	end, err := m.begin(ctx, "reads")
	if err != nil {
		return nil, err
	}
	defer end()
	z := m.zones[zone.Handle]
	if z == nil {
		return nil, provider.ErrNotFound
	}
	records := slices.Clone(z.records)
	switch {
	case m.cut == z.name && m.fault == "reads what is cut":
		records = records[:10]
	case m.cut == z.name:
		return nil, &provider.IncompleteError{Zone: z.name, Counted: len(records), Read: 10}
	case m.fault == "reads a page" && len(records) > 100:
		records = records[:100]
	case m.fault == "reads one handle for all":
		for i := range records {
			records[i].Handle = "h"
		}
	case m.fault == "makes handles up":
		for i := range records {
			if i > 0 {
				records[i].Handle = m.handle()
			}
		}
	case m.fault == "drops what it cannot read":
		records = slices.DeleteFunc(records, func(r schema.LiveRecord) bool { _, ok := r.Data.(schema.Opaque); return ok })
	case m.fault == "reads duplicates once":
		seen := map[schema.LiveRecord]bool{}
		records = slices.DeleteFunc(records, func(r schema.LiveRecord) bool {
			r.Handle = ""
			defer func() { seen[r] = true }()
			return seen[r]
		})
	}
	return &schema.LiveZone{Handle: zone.Handle, Name: z.name, Records: records}, nil
}

func (m *memory) find(zone provider.ZoneID, h schema.Handle) (*memoryZone, int, error) {
	z := m.zones[zone.Handle]
	if z == nil {
		return nil, 0, provider.ErrNotFound
	}
	i := slices.IndexFunc(z.records, func(r schema.LiveRecord) bool { return r.Handle == h })
	if i < 0 {
		return nil, 0, provider.ErrNotFound
	}
	return z, i, nil
}

func (m *memory) ReadRecord(ctx context.Context, zone provider.ZoneID, h schema.Handle) (schema.LiveRecord, error) {
	end, err := m.begin(ctx, "reads")
	if err != nil {
		return schema.LiveRecord{}, err
	}
	defer end()
	z, i, err := m.find(zone, h)
	switch {
	case err != nil && m.fault == "reads what is not there":
		return schema.LiveRecord{}, nil
	case err != nil:
		return schema.LiveRecord{}, err
	case m.fault == "reads a record with another TTL":
		z.records[i].TTL++
	}
	return z.records[i], nil
}

// mangle is what a service that gets data wrong makes of them.
func (m *memory) mangle(r *provider.Record) {
	switch d := r.Data.(type) {
	case schema.TXT:
		if m.fault == "strips quotes" && len(d.Text) > 1 && d.Text[0] == '"' {
			r.Data = schema.TXT{Text: d.Text[1 : len(d.Text)-1]}
		}
	case schema.MX:
		if m.fault == "forgets preferences" {
			d.Preference = 10
			r.Data = d
		}
	}
}

func (m *memory) CreateRecord(ctx context.Context, zone provider.ZoneID, r provider.Record) (schema.LiveRecord, error) {
	end, err := m.begin(ctx, "creations")
	if err != nil {
		return schema.LiveRecord{}, err
	}
	defer end()
	z := m.zones[zone.Handle]
	if z == nil {
		return schema.LiveRecord{}, provider.ErrNotFound
	}
	if _, ok := r.Data.(schema.Opaque); ok && m.fault != "writes what it cannot read" {
		return schema.LiveRecord{}, provider.ErrRefused
	}
	meant := r
	m.mangle(&r)
	if relative := r.Name.Relative(z.name); m.fault == "shortens names" && len(relative) > len(z.name.Display()) {
		if n, err := schema.ParseName(relative); err == nil && n.In(z.name) {
			r.Name = n
		}
	}
	live := schema.LiveRecord{Handle: m.handle(), Name: r.Name, TTL: r.TTL, Data: r.Data}
	if m.fault == "drops what stands beside" && r.Data.Type() == schema.TypeCNAME {
		z.records = slices.DeleteFunc(z.records, func(o schema.LiveRecord) bool { return o.Name == r.Name })
	}
	if m.fault == "gives duplicates one handle" {
		for _, o := range z.records {
			if same(o, meant) {
				live.Handle = o.Handle
			}
		}
	}
	altered := m.alter
	if m.alter {
		m.alter = false
		live.TTL = 7200
	}
	z.records = append(z.records, live)
	lost := m.lose
	if m.lose = false; lost {
		switch m.fault {
		case "repeats a creation":
			again := live
			again.Handle = m.handle()
			z.records = append(z.records, again)
		case "says that a lost creation failed":
			return schema.LiveRecord{}, provider.ErrUnavailable
		case "is unsure in two ways":
			return schema.LiveRecord{}, errors.Join(provider.ErrUncertain, provider.ErrUnavailable)
		}
		return schema.LiveRecord{}, provider.ErrUncertain
	}
	said := live
	said.Name, said.Data = meant.Name, meant.Data
	if altered && m.fault != "does not look at what is stored" {
		return live, &provider.MismatchError{Meant: meant, Stored: live}
	}
	return said, nil
}

func (m *memory) UpdateRecord(ctx context.Context, zone provider.ZoneID, h schema.Handle, before, after provider.Record) (schema.LiveRecord, error) {
	end, err := m.begin(ctx, "updates")
	if err != nil {
		return schema.LiveRecord{}, err
	}
	defer end()
	z, i, err := m.find(zone, h)
	if err != nil {
		if m.fault == "creates what is gone" {
			live := schema.LiveRecord{Handle: m.handle(), Name: after.Name, TTL: after.TTL, Data: after.Data}
			z := m.zones[zone.Handle]
			z.records = append(z.records, live)
			return live, nil
		}
		return schema.LiveRecord{}, err
	}
	if before.Data.Type() != after.Data.Type() {
		switch m.fault {
		case "deletes before it refuses a type":
			z.records = slices.Delete(z.records, i, i+1)
			return schema.LiveRecord{}, provider.ErrRefused
		case "fails to change a type":
			return schema.LiveRecord{}, errors.New("failed")
		}
	}
	live := z.records[i]
	if before.TTL != after.TTL || m.fault == "sends everything" {
		live.TTL = after.TTL
	}
	if (before.Data != after.Data || m.fault == "sends everything") && !(m.fault == "updates only TTLs") {
		live.Data = after.Data
	}
	if m.fault == "updates the whole name" {
		for j := range z.records {
			if z.records[j].Name == live.Name {
				z.records[j].TTL = live.TTL
			}
		}
	}
	z.records[i] = live
	lost := m.lose
	if m.lose = false; lost {
		if m.fault == "takes a lost update for done" {
			return live, nil
		}
		return schema.LiveRecord{}, provider.ErrUncertain
	}
	if m.fault == "updates only TTLs" {
		live.Data = after.Data
	}
	if !same(live, after) {
		return live, &provider.MismatchError{Meant: after, Stored: live}
	}
	return live, nil
}

func (m *memory) DeleteRecord(ctx context.Context, zone provider.ZoneID, h schema.Handle) error {
	end, err := m.begin(ctx, "deletions")
	if err != nil {
		return err
	}
	defer end()
	z, i, err := m.find(zone, h)
	if err != nil {
		if m.fault == "deletes what is gone" {
			return nil
		}
		return err
	}
	gone := z.records[i]
	z.records = slices.DeleteFunc(z.records, func(r schema.LiveRecord) bool {
		return r.Handle == h ||
			m.fault == "deletes the whole RRset" && r.Key() == gone.Key() ||
			m.fault == "deletes equal records" && r.Key() == gone.Key() && r.Data == gone.Data
	})
	lost := m.lose
	if m.lose = false; lost {
		if m.fault == "repeats a deletion" {
			return provider.ErrNotFound
		}
		return provider.ErrUncertain
	}
	return nil
}
