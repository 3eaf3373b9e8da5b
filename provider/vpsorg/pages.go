package vpsorg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"

	"github.com/zoneherd/zoneherd/provider"
)

// Bounds on a list.
const (
	maxPages = 10_000
	maxItems = 1_000_000
)

// listing is a list that was read to the end that it tells of.
type listing[T any] struct {
	items []T
	// count is what the list says there is; -1 where it does not.
	count int
	// ended says that the list itself has said that nothing follows.
	ended bool
}

// list reads all pages of a list: a bare array, a bare array with a Link
// header (RFC 8288), or Django REST framework's pages. Of the address of a
// next page only the query is taken: it may name a scheme or host that is not
// ours, and the token never goes elsewhere. All pages together are no larger
// than a single answer may be.
func list[T any](ctx context.Context, c *Client, r request) (*listing[T], error) {
	out := &listing[T]{count: -1}
	incomplete := func(reason string) *provider.IncompleteError {
		return &provider.IncompleteError{Counted: out.count, Read: len(out.items), Reason: reason}
	}
	asked := map[string]bool{r.query.Encode(): true}
	filter := r.query
	size := int64(0)
	for range maxPages {
		p, err := readAs(ctx, c, &r, parsePage[T])
		switch {
		case errors.Is(err, provider.ErrNotFound) && len(asked) > 1:
			// Not the zone is gone, but the page: the list got shorter meanwhile.
			return nil, &movingError{incomplete("it changes while it is read: try again")}
		case err != nil:
			return nil, err
		}
		if size += p.size; size > c.maxBody {
			return nil, incomplete((&tooLargeError{c.maxBody}).Error())
		}
		out.items = append(out.items, p.Results...)
		if p.Count != nil {
			out.count = *p.Count
		}
		if p.Next == nil || *p.Next == "" {
			out.ended = p.paged
			return out, nil
		}
		next, err := url.Parse(*p.Next)
		if err != nil {
			return nil, incomplete("the address of its next page is no URL")
		}
		query := next.Query()
		maps.Copy(query, filter)
		if r.query = query; asked[query.Encode()] {
			return nil, incomplete("its pages lead in a circle")
		}
		asked[query.Encode()] = true
		if len(out.items) > maxItems {
			break
		}
	}
	return nil, incomplete(fmt.Sprintf("it has more than %d pages or %d items", maxPages, maxItems))
}

// page is one page of a list, in Django REST framework's form.
type page[T any] struct {
	Count   *int    `json:"count"`
	Next    *string `json:"next"`
	Results []T     `json:"results"`

	size int64 // in bytes
	// paged says that the answer had that form, and so tells its end.
	paged bool
}

func parsePage[T any](a *answer) (page[T], error) {
	p := page[T]{size: int64(len(a.body))}
	if body := bytes.TrimLeft(a.body, " \t\r\n"); len(body) > 0 && body[0] == '[' {
		if err := json.Unmarshal(body, &p.Results); err != nil {
			return p, err
		}
		for _, link := range a.header.Values("Link") {
			if m := linkNext.FindStringSubmatch(link); m != nil {
				p.Next = &m[1]
			}
		}
		return p, nil
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return p, err
	}
	if p.Results == nil {
		return p, errors.New("it is no list")
	}
	p.paged = true
	return p, nil
}

var linkNext = regexp.MustCompile(`<([^>]*)>\s*;[^,]*\brel="?next"?`)
