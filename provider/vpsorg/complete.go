package vpsorg

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// reading is a zone's records as one way of asking gave them.
type reading struct {
	records []schema.LiveRecord // each handle once
	count   int                 // record_count, or the list's own; -1: none
	ended   bool                // the list itself has said that nothing follows
}

// ReadZone implements [provider.Reader]. Whether the zone was read whole is
// judged by the service's own record_count: see complete. A zone that seems to
// change while it is read is read once more.
func (c *Client) ReadZone(ctx context.Context, zone schema.LiveZoneInfo) (*schema.LiveZone, error) {
	live, err := c.readZone(ctx, zone)
	if _, moving := errors.AsType[*movingError](err); moving {
		return c.readZone(ctx, zone)
	}
	return live, err
}

func (c *Client) readZone(ctx context.Context, zone schema.LiveZoneInfo) (*schema.LiveZone, error) {
	first, err := c.readDetails(ctx, zone)
	if err != nil {
		return nil, err
	}
	records, notices, err := c.complete(ctx, zone, first)
	if err != nil {
		return nil, err
	}
	return &schema.LiveZone{Handle: zone.Handle, Name: zone.Name, Records: records, Notices: notices}, nil
}

// movingError is an incomplete read that may be so only because somebody was
// writing meanwhile.
type movingError struct{ *provider.IncompleteError }

func (e *movingError) Unwrap() error { return e.IncompleteError }

// complete decides whether a reading is all of a zone, with more readings
// where the count disagrees:
//
//	read = count       all of it
//	read > count       nothing can be missing: read once more, then a notice
//	read < count       the list below the zone may have them all, where the zone's
//	                   own answer was cut; else all three ways of asking have to
//	                   agree and the surplus be 1 to 9: then it is the apex's own
//	                   hidden records; but where an apex NS or SOA is listed it may
//	                   not be, and a number read that is a multiple of 10 may be a
//	                   page that was cut: these want two other zones, or the
//	                   configuration, to confirm the surplus
//	no count           only a list that has said its own end, with its own count
func (c *Client) complete(ctx context.Context, zone schema.LiveZoneInfo, first *reading) (records []schema.LiveRecord, notices []string, err error) {
	read := len(first.records)
	surplus := first.count - read
	switch {
	case first.count < 0:
		return c.completeUncounted(ctx, zone, first)
	case surplus == 0:
		return first.records, nil, nil
	case surplus < 0:
		return c.completeOver(ctx, zone)
	}
	hidden := []string{fmt.Sprintf("the service counts %d records and lists %d: the count includes the apex's own SOA and NS, which it hides", first.count, read)}
	if c.surplus.isKnown(surplus, zone.Name) {
		return first.records, hidden, nil
	}
	nested, err := c.readNested(ctx, zone)
	if err != nil {
		return nil, nil, err
	}
	if len(nested.records) == first.count && includes(nested, first) {
		return nested.records, nil, nil
	}
	flat, err := c.readFlat(ctx, zone)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !sameReading(first, nested) || !sameReading(first, flat):
		return nil, nil, &movingError{incomplete(zone, first.count, read, "the ways of asking for its records give different ones: ")}
	case surplus > maxSurplus:
		return nil, nil, incomplete(zone, first.count, read, "")
	case read == 0: // an empty list is no cut page, and confirms nothing
		return first.records, hidden, nil
	case read%10 != 0 && !listsApex(zone.Name, first.records):
		c.surplus.confirm(surplus, zone.Name)
		return first.records, hidden, nil
	}
	if err := c.confirmElsewhere(ctx, zone, surplus); err != nil {
		return nil, nil, err
	}
	if c.surplus.isKnown(surplus, zone.Name) {
		return first.records, hidden, nil
	}
	return nil, nil, incomplete(zone, first.count, read, "")
}

// completeOver takes a zone that lists more than it counts, which it may have
// done only because somebody was writing.
func (c *Client) completeOver(ctx context.Context, zone schema.LiveZoneInfo) (records []schema.LiveRecord, notices []string, err error) {
	again, err := c.readDetails(ctx, zone)
	if err != nil {
		return nil, nil, err
	}
	switch read := len(again.records); {
	case read < again.count || again.count < 0:
		return nil, nil, &movingError{incomplete(zone, again.count, read, "the numbers change while it is read, so try again: ")}
	case read > again.count:
		notices = []string{fmt.Sprintf("the service counts %d records and lists %d, so that nothing is missing", again.count, read)}
	}
	return again.records, notices, nil
}

const (
	maxSurplus = 9  // the most hidden apex records that are believed in
	maxLooked  = 16 // how many other zones are asked about a surplus
)

func incomplete(zone schema.LiveZoneInfo, counted, read int, why string) *provider.IncompleteError {
	reason := fmt.Sprintf("%sthe service counts %d records and gives %d, so that some may be missing, and nothing is written there", why, counted, read)
	if s := counted - read; s > 0 && s <= maxSurplus && why == "" {
		reason += fmt.Sprintf("; if the count always includes %d hidden apex records, say so with record-count-surplus: %d in zoneherd.yaml", s, s)
	}
	return &provider.IncompleteError{Zone: zone.Name, Counted: counted, Read: read, Reason: reason}
}

// completeUncounted takes a zone whose details have no count from a list that
// tells its own end.
func (c *Client) completeUncounted(ctx context.Context, zone schema.LiveZoneInfo, first *reading) ([]schema.LiveRecord, []string, error) {
	nested, err := c.readNested(ctx, zone)
	if err != nil {
		return nil, nil, err
	}
	if !nested.ended || nested.count != len(nested.records) || !sameReading(nested, first) {
		return nil, nil, &movingError{&provider.IncompleteError{Zone: zone.Name, Counted: nested.count, Read: len(nested.records),
			Reason: fmt.Sprintf("the service gives %d records without a count or an end to check them by, so that some may be missing, and nothing is written there", len(nested.records))}}
	}
	return nested.records, nil, nil
}

// agree reports whether the other two documented ways of asking for a zone's
// records give the same ones.
func (c *Client) agree(ctx context.Context, zone schema.LiveZoneInfo, first *reading) (bool, error) {
	nested, err := c.readNested(ctx, zone)
	if err != nil || !sameReading(first, nested) {
		return false, err
	}
	flat, err := c.readFlat(ctx, zone)
	return err == nil && sameReading(first, flat), err
}

// confirmElsewhere looks at a few other zones of the account, so that what is
// said about one zone does not depend on which others were read before it.
// It does so once in a run for each surplus.
func (c *Client) confirmElsewhere(ctx context.Context, zone schema.LiveZoneInfo, surplus int) error {
	select {
	case c.surplus.looking <- struct{}{}:
		defer func() { <-c.surplus.looking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.surplus.looked[surplus] {
		return nil
	}
	zones, err := c.ListZones(ctx)
	if err != nil {
		return err
	}
	asked := 0
	for _, other := range zones {
		if other.Name == zone.Name || other.Records <= 0 {
			continue
		}
		if asked == maxLooked || c.surplus.isKnown(surplus, zone.Name) {
			break
		}
		asked++
		r, err := c.readDetails(ctx, other)
		if errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrIncomplete) {
			continue
		}
		if err != nil {
			return err
		}
		n := len(r.records)
		if s := r.count - n; s < 1 || s > maxSurplus || n == 0 || n%10 == 0 || listsApex(other.Name, r.records) {
			continue
		}
		same, err := c.agree(ctx, other, r)
		if err != nil && !errors.Is(err, provider.ErrIncomplete) {
			return err
		}
		if same {
			c.surplus.confirm(r.count-n, other.Name)
		}
	}
	c.surplus.looked[surplus] = true
	return nil
}

// listsApex reports whether the service's own apex records are among those
// listed, which then cannot be what the count has more.
func listsApex(zone schema.Name, records []schema.LiveRecord) bool {
	for _, r := range records {
		if r.Name == zone && (r.Data.Type() == schema.TypeNS || r.Data.Type() == "SOA") {
			return true
		}
	}
	return false
}

// sameReading compares readings by handle and content.
func sameReading(a, b *reading) bool {
	return len(a.records) == len(b.records) && includes(a, b)
}

// includes reports whether all records of b are in a.
func includes(a, b *reading) bool {
	byHandle := make(map[schema.Handle]schema.LiveRecord, len(a.records))
	for _, r := range a.records {
		byHandle[r.Handle] = r
	}
	for _, r := range b.records {
		if byHandle[r.Handle] != r {
			return false
		}
	}
	return true
}

// readDetails reads a zone with its records in one answer.
func (c *Client) readDetails(ctx context.Context, zone schema.LiveZoneInfo) (*reading, error) {
	w, err := read[wireZone](ctx, c, &request{op: "read the zone " + zone.Name.Display(), method: http.MethodGet, path: zonePath(zone.Handle), needs: "dns:list"})
	if err != nil {
		return nil, err
	}
	info, err := c.zone(&w)
	if errors.Is(err, errPublic) {
		return nil, &provider.IncompleteError{Zone: zone.Name, Counted: -1, Read: -1, Reason: "the service gives " + err.Error()}
	}
	if err != nil || info.Name != zone.Name || info.Handle != zone.Handle {
		return nil, &provider.IncompleteError{Zone: zone.Name, Counted: -1, Read: -1, Reason: "the service answers with something else than the zone that was asked for: try again"}
	}
	if w.Records == nil {
		r, err := c.readNested(ctx, zone)
		if err == nil && info.Records >= 0 {
			r.count = info.Records
		}
		return r, err
	}
	r := &reading{count: info.Records}
	r.records, err = c.decodeAll(zone, *w.Records)
	return r, err
}

// readNested reads the list of records below a zone.
func (c *Client) readNested(ctx context.Context, zone schema.LiveZoneInfo) (*reading, error) {
	return c.readList(ctx, zone, request{op: "list the records of " + zone.Name.Display(), method: http.MethodGet, path: zonePath(zone.Handle) + "records/", needs: "dns:list"})
}

// readFlat reads the list of all records, filtered by zone.
func (c *Client) readFlat(ctx context.Context, zone schema.LiveZoneInfo) (*reading, error) {
	return c.readList(ctx, zone, request{op: "list the records of " + zone.Name.Display(), method: http.MethodGet, path: "/dns-records/",
		query: url.Values{"zone": {string(zone.Handle)}}, needs: "dns:list"})
}

func (c *Client) readList(ctx context.Context, zone schema.LiveZoneInfo, r request) (*reading, error) {
	l, err := list[wireRecord](ctx, c, r)
	if err != nil {
		if ie, ok := errors.AsType[*provider.IncompleteError](err); ok {
			ie.Zone = zone.Name
		}
		return nil, err
	}
	out := &reading{count: l.count, ended: l.ended}
	out.records, err = c.decodeAll(zone, l.items)
	return out, err
}

// decodeAll reads records, each handle once. One that cannot be named, or one
// handle for two different records, makes the reading incomplete.
func (c *Client) decodeAll(zone schema.LiveZoneInfo, wire []wireRecord) ([]schema.LiveRecord, error) {
	records := make([]schema.LiveRecord, 0, len(wire))
	seen := make(map[schema.Handle]int, len(wire))
	for i := range wire {
		rec, err := c.record(&wire[i], zone.Name)
		if err != nil {
			return nil, &provider.IncompleteError{Zone: zone.Name, Counted: len(wire), Read: i, Reason: "the service gives " + c.say(err.Error()) + ": nothing is written there"}
		}
		if j, twice := seen[rec.Handle]; twice {
			if records[j] != rec {
				return nil, &provider.IncompleteError{Zone: zone.Name, Counted: len(wire), Read: i, Reason: "the service gives two different records under one handle; they changed while they were read: try again"}
			}
			continue
		}
		seen[rec.Handle] = len(records)
		records = append(records, rec)
	}
	return records, nil
}
