package vpsorg

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// wireZone is a zone as the API writes it.
type wireZone struct {
	UUID    text          `json:"uuid"`
	Domain  string        `json:"domain"`
	Count   *number       `json:"record_count"`
	Records *[]wireRecord `json:"records"`
}

// zone reads a zone of an answer, unless it shows the token: see errPublic.
func (c *Client) zone(z *wireZone) (schema.LiveZoneInfo, error) {
	info, err := z.info()
	if err == nil && (c.token.In(string(z.UUID)) || c.token.In(z.Domain) || c.token.In(info.Name.Display())) {
		return schema.LiveZoneInfo{}, fmt.Errorf("a zone that %w", errPublic)
	}
	return info, err
}

// info reads a zone of an answer.
func (z *wireZone) info() (schema.LiveZoneInfo, error) {
	if err := z.UUID.check(); err != nil {
		return schema.LiveZoneInfo{}, fmt.Errorf("a zone %w", err)
	}
	name, err := schema.ParseName(z.Domain)
	if err != nil {
		return schema.LiveZoneInfo{}, fmt.Errorf("a zone with a domain that cannot be read: %w", err)
	}
	info := schema.LiveZoneInfo{Handle: schema.Handle(z.UUID), Name: name, Records: -1}
	if z.Count != nil && *z.Count >= 0 {
		info.Records = int(*z.Count)
	}
	return info, nil
}

// ListZones implements [provider.Lister].
func (c *Client) ListZones(ctx context.Context) ([]schema.LiveZoneInfo, error) {
	return c.listZones(ctx, request{op: "list the zones", method: http.MethodGet, path: "/dns-zones/", needs: "dns:list"})
}

// listZones reads a list of zones, once more where it changes meanwhile.
func (c *Client) listZones(ctx context.Context, r request) ([]schema.LiveZoneInfo, error) {
	zones, err := c.listZonesOnce(ctx, r)
	if _, moving := errors.AsType[*movingError](err); moving {
		return c.listZonesOnce(ctx, r)
	}
	return zones, err
}

func (c *Client) listZonesOnce(ctx context.Context, r request) ([]schema.LiveZoneInfo, error) {
	l, err := list[wireZone](ctx, c, r)
	switch {
	case errors.Is(err, provider.ErrNotFound):
		// The list itself is missing, which says nothing of any zone.
		return nil, fmt.Errorf("%s: the service has no list of zones at %s: check the endpoint: %w", r.op, c.endpoint, provider.ErrUnavailable)
	case err != nil:
		return nil, err
	}
	handles := make(map[schema.Name]schema.Handle, len(l.items))
	names := make(map[schema.Handle]schema.Name, len(l.items))
	zones := make([]schema.LiveZoneInfo, 0, len(l.items))
	for i := range l.items {
		info, err := c.zone(&l.items[i])
		if err != nil {
			return nil, &provider.IncompleteError{Counted: l.count, Read: len(l.items), Reason: "the service lists " + c.say(err.Error())}
		}
		h, named := handles[info.Name]
		n, handled := names[info.Handle]
		switch {
		case named && h != info.Handle, handled && n != info.Name:
			return nil, &provider.IncompleteError{Counted: l.count, Read: len(l.items),
				Reason: fmt.Sprintf("the service lists two different zones as %s, or one as two: try again, and ask its support if that persists", info.Name.Display())}
		case named:
			continue // on two pages, since the list has moved between them
		}
		handles[info.Name], names[info.Handle] = info.Handle, info.Name
		zones = append(zones, info)
	}
	if l.count >= 0 && len(zones) < l.count {
		return nil, &movingError{&provider.IncompleteError{Counted: l.count, Read: len(zones),
			Reason: fmt.Sprintf("the service counts %d zones and lists %d: try again", l.count, len(zones))}}
	}
	slices.SortFunc(zones, func(a, b schema.LiveZoneInfo) int { return a.Name.Compare(b.Name) })
	return zones, nil
}

// FindZone implements [provider.Lister]. It asks for the zone by name, and
// still looks at each name of the answer, since a service may ignore that. A
// name with A-labels is asked for in Unicode too, as the service may keep it so.
func (c *Client) FindZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	op := "find the zone " + name.Display()
	for _, spelling := range slices.Compact([]string{name.Display(), name.Unicode()}) {
		zones, err := c.listZones(ctx, request{op: op, method: http.MethodGet, path: "/dns-zones/",
			query: url.Values{"domain": {spelling}}, needs: "dns:list"})
		if err != nil {
			return schema.LiveZoneInfo{}, err
		}
		for _, z := range zones {
			if z.Name == name {
				return z, nil
			}
		}
	}
	return schema.LiveZoneInfo{}, fmt.Errorf("%s: the service has no such zone: %w", op, provider.ErrNotFound)
}

// CreateZone implements [provider.ZoneWriter].
func (c *Client) CreateZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	r := &request{op: "create the zone " + name.Display(), method: http.MethodPost, path: "/dns-zones/",
		body: map[string]string{"domain": name.Display()}, needs: "dns:create"}
	z, err := read[wireZone](ctx, c, r)
	if err != nil {
		return schema.LiveZoneInfo{}, err
	}
	info, err := c.zone(&z)
	if err != nil {
		return schema.LiveZoneInfo{}, uncertain(r, fmt.Errorf("the answer names %s", c.say(err.Error())))
	}
	if info.Name != name {
		return info, fmt.Errorf("%s: the service created %s instead: %w", r.op, info.Name.Display(), provider.ErrMismatch)
	}
	return info, nil
}

// DeleteZone implements [provider.ZoneWriter].
func (c *Client) DeleteZone(ctx context.Context, zone provider.ZoneID) error {
	return c.remove(ctx, &request{op: "delete the zone " + zone.Name.Display(), method: http.MethodDelete,
		path: zonePath(zone.Handle), needs: "dns:delete"})
}

// Identity implements [provider.Identifier].
func (c *Client) Identity(ctx context.Context) (provider.Identity, error) {
	me, err := read[account](ctx, c, &request{op: "ask whose token this is", method: http.MethodGet, path: "/account/me/", needs: "to see the account"})
	if err != nil {
		return provider.Identity{}, err
	}
	for i, p := range me.Token.Permissions {
		me.Token.Permissions[i] = c.say(p)
	}
	return provider.Identity{Account: c.say(me.Account.Email), Token: c.say(me.Token.Name), Permissions: me.Token.Permissions}, nil
}

// account is the account page.
type account struct {
	Account struct {
		Email string `json:"email"`
	} `json:"account"`
	Token struct {
		Name        string   `json:"name"`
		Permissions []string `json:"permissions"`
	} `json:"token"`
}
