package vpsorg

import (
	"context"
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

// info reads a zone of an answer.
func (z *wireZone) info() (schema.LiveZoneInfo, error) {
	if z.UUID == "" {
		return schema.LiveZoneInfo{}, fmt.Errorf("a zone without a uuid")
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

func (c *Client) listZones(ctx context.Context, r request) ([]schema.LiveZoneInfo, error) {
	l, err := list[wireZone](ctx, c, r)
	if err != nil {
		return nil, err
	}
	seen := make(map[schema.Name]schema.Handle, len(l.items))
	zones := make([]schema.LiveZoneInfo, 0, len(l.items))
	for i := range l.items {
		info, err := l.items[i].info()
		if err != nil {
			return nil, &provider.IncompleteError{Counted: l.count, Read: len(l.items), Reason: "the service lists " + c.say(err.Error())}
		}
		switch h, twice := seen[info.Name]; {
		case twice && h != info.Handle:
			return nil, &provider.IncompleteError{Counted: l.count, Read: len(l.items),
				Reason: fmt.Sprintf("the service lists the zone %s twice, as two different ones: have its support remove one", info.Name.Display())}
		case twice:
			continue // on two pages, since the list has moved between them
		}
		seen[info.Name] = info.Handle
		zones = append(zones, info)
	}
	if l.count >= 0 && len(zones) < l.count {
		return nil, &provider.IncompleteError{Counted: l.count, Read: len(zones),
			Reason: fmt.Sprintf("the service counts %d zones and lists %d: try again", l.count, len(zones))}
	}
	slices.SortFunc(zones, func(a, b schema.LiveZoneInfo) int { return a.Name.Compare(b.Name) })
	return zones, nil
}

// FindZone implements [provider.Lister]. It asks for the zone by name, and
// still looks at each name of the answer, since a service may ignore that.
func (c *Client) FindZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	op := "find the zone " + name.Display()
	zones, err := c.listZones(ctx, request{op: op, method: http.MethodGet, path: "/dns-zones/",
		query: url.Values{"domain": {name.Display()}}, needs: "dns:list"})
	if err != nil {
		return schema.LiveZoneInfo{}, err
	}
	for _, z := range zones {
		if z.Name == name {
			return z, nil
		}
	}
	return schema.LiveZoneInfo{}, fmt.Errorf("%s: the service has no such zone: %w", op, provider.ErrNotFound)
}

// CreateZone implements [provider.ZoneWriter].
func (c *Client) CreateZone(ctx context.Context, name schema.Name) (schema.LiveZoneInfo, error) {
	r := &request{op: "create the zone " + name.Display(), method: http.MethodPost, path: "/dns-zones/",
		body: map[string]string{"domain": name.Display()}, needs: "dns:create"}
	var z wireZone
	if _, err := c.read(ctx, r, &z); err != nil {
		return schema.LiveZoneInfo{}, err
	}
	info, err := z.info()
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
	_, err := c.do(ctx, &request{op: "delete the zone " + zone.Name.Display(), method: http.MethodDelete,
		path: "/dns-zones/" + url.PathEscape(string(zone.Handle)) + "/", needs: "dns:delete"})
	return err
}

// Identity implements [provider.Identifier].
func (c *Client) Identity(ctx context.Context) (provider.Identity, error) {
	var me struct {
		Account struct {
			Email string `json:"email"`
		} `json:"account"`
		Token struct {
			Name        string   `json:"name"`
			Permissions []string `json:"permissions"`
		} `json:"token"`
	}
	if _, err := c.read(ctx, &request{op: "ask whose token this is", method: http.MethodGet, path: "/account/me/", needs: "to see the account"}, &me); err != nil {
		return provider.Identity{}, err
	}
	return provider.Identity{Account: me.Account.Email, Token: me.Token.Name, Permissions: me.Token.Permissions}, nil
}
