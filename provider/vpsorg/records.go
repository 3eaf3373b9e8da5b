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

// describe names a record in messages.
func describe(r provider.Record) string {
	return string(r.Data.Type()) + " " + r.Name.Display()
}

func recordPath(h schema.Handle) string { return "/dns-records/" + url.PathEscape(string(h)) + "/" }

func zonePath(h schema.Handle) string { return "/dns-zones/" + url.PathEscape(string(h)) + "/" }

// ReadRecord implements [provider.Reader].
func (c *Client) ReadRecord(ctx context.Context, zone provider.ZoneID, handle schema.Handle) (schema.LiveRecord, error) {
	w, err := read[wireRecord](ctx, c, &request{op: "read a record of " + zone.Name.Display(), method: http.MethodGet, path: recordPath(handle), needs: "dns:list"})
	if err != nil {
		return schema.LiveRecord{}, err
	}
	rec, err := c.record(&w, zone.Name)
	if err == nil && rec.Handle != handle {
		err = errors.New("another record than was asked for")
	}
	if err != nil {
		return schema.LiveRecord{}, &provider.IncompleteError{Zone: zone.Name, Counted: -1, Read: -1, Reason: "the service gives " + c.say(err.Error())}
	}
	return rec, nil
}

// CreateRecord implements [provider.RecordWriter].
func (c *Client) CreateRecord(ctx context.Context, zone provider.ZoneID, r provider.Record) (schema.LiveRecord, error) {
	out, err := c.encode(zone.Name, r)
	if err != nil {
		return schema.LiveRecord{}, err
	}
	return c.store(ctx, zone, r, &request{op: "create " + describe(r), method: http.MethodPost,
		path: zonePath(zone.Handle) + "records/", body: out, needs: "dns:create"})
}

// UpdateRecord implements [provider.RecordWriter]. It sends the fields that
// differ with PATCH, and the whole record with PUT where its type changes or
// the service has no PATCH.
func (c *Client) UpdateRecord(ctx context.Context, zone provider.ZoneID, handle schema.Handle, before, after provider.Record) (schema.LiveRecord, error) {
	whole, err := c.encode(zone.Name, after)
	if err != nil {
		return schema.LiveRecord{}, err
	}
	put := &request{op: "update " + describe(after), method: http.MethodPut, path: recordPath(handle), body: whole, needs: "dns:update"}
	if before.Data.Type() != after.Data.Type() || c.noPatch.Load() {
		return c.replace(ctx, zone, handle, after, put)
	}
	patch := *put
	patch.method, patch.body = http.MethodPatch, differing(whole, before, after)
	rec, err := c.replace(ctx, zone, handle, after, &patch)
	if isStatus(err, http.StatusMethodNotAllowed) {
		c.noPatch.Store(true)
		return c.replace(ctx, zone, handle, after, put)
	}
	return rec, err
}

// replace is store for a record that is there.
func (c *Client) replace(ctx context.Context, zone provider.ZoneID, handle schema.Handle, after provider.Record, r *request) (schema.LiveRecord, error) {
	rec, err := c.store(ctx, zone, after, r)
	if rec.Handle != handle && err == nil {
		return schema.LiveRecord{}, uncertain(r, errors.New("the answer is of another record"))
	}
	return rec, err
}

// differing gives the fields of a record that an update changes. Value and
// priority go together: they are one RDATA.
func differing(whole wireWrite, before, after provider.Record) wireWrite {
	var out wireWrite
	if before.TTL != after.TTL {
		out.TTL = whole.TTL
	}
	if before.Data != after.Data {
		out.Value, out.Priority = whole.Value, whole.Priority
	}
	return out
}

// store does a write and compares what the service says it has stored with
// what was meant.
func (c *Client) store(ctx context.Context, zone provider.ZoneID, meant provider.Record, r *request) (schema.LiveRecord, error) {
	w, err := read[wireRecord](ctx, c, r)
	if err != nil {
		return schema.LiveRecord{}, err
	}
	stored, err := c.record(&w, zone.Name)
	if err != nil {
		return schema.LiveRecord{}, uncertain(r, fmt.Errorf("the answer gives %s", c.say(err.Error())))
	}
	if stored.Alternative == meant.Name {
		stored.Name, stored.Alternative = stored.Alternative, stored.Name
	}
	if stored.Name != meant.Name || stored.TTL != meant.TTL || stored.Data != meant.Data {
		return stored, fmt.Errorf("%s: %w", r.op, &provider.MismatchError{Meant: meant, Stored: stored})
	}
	return stored, nil
}

// DeleteRecord implements [provider.RecordWriter].
func (c *Client) DeleteRecord(ctx context.Context, zone provider.ZoneID, handle schema.Handle) error {
	return c.remove(ctx, &request{op: "delete a record of " + zone.Name.Display(), method: http.MethodDelete, path: recordPath(handle), needs: "dns:delete"})
}
