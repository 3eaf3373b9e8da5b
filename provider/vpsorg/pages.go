package vpsorg

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/zoneherd/zoneherd/provider"
)

// maxPages bounds a list.
const maxPages = 10_000

// listing is a list that was read to the end that it tells of.
type listing[T any] struct {
	items []T
	// count is what the list says there is; -1 where it does not.
	count int
	// ended says that the list itself has said that nothing follows.
	ended bool
}

// page is Django REST framework's page of a list.
type page[T any] struct {
	Count   *int    `json:"count"`
	Next    *string `json:"next"`
	Results []T     `json:"results"`
}

var linkNext = regexp.MustCompile(`<([^>]*)>\s*;[^,]*\brel="?next"?`)

// list reads all pages of a list: a bare array, a bare array with a Link
// header, or Django REST framework's pages. Of the address of a next page only
// the query is taken: it may name a scheme or host that is not ours, and the
// token never goes elsewhere.
func list[T any](ctx context.Context, c *Client, r request) (*listing[T], error) {
	out := &listing[T]{count: -1}
	asked := map[string]bool{r.query.Encode(): true}
	filter := r.query
	for range maxPages {
		var raw json.RawMessage
		a, err := c.read(ctx, &r, &raw)
		if err != nil {
			return nil, err
		}
		items, next, err := pageOf(out, a.header, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: the answer is no list, which is no answer of this API (%w): check the endpoint %s: %w", r.op, err, c.endpoint, provider.ErrUnavailable)
		}
		out.items = append(out.items, items...)
		if next == "" {
			return out, nil
		}
		u, err := url.Parse(next)
		if err != nil {
			return nil, &provider.IncompleteError{Counted: out.count, Read: len(out.items), Reason: "the address of its next page is no URL"}
		}
		query := u.Query()
		for key, values := range filter {
			if !query.Has(key) {
				query[key] = values
			}
		}
		if asked[query.Encode()] {
			return nil, &provider.IncompleteError{Counted: out.count, Read: len(out.items), Reason: "its pages lead in a circle"}
		}
		asked[query.Encode()] = true
		r.query = query
	}
	return nil, &provider.IncompleteError{Counted: out.count, Read: len(out.items), Reason: fmt.Sprintf("it has more than %d pages", maxPages)}
}

// pageOf reads one page and gives the address of the next, empty for none.
func pageOf[T any](out *listing[T], header http.Header, raw json.RawMessage) (items []T, next string, err error) {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, "", err
		}
		for _, link := range header.Values("Link") {
			if m := linkNext.FindStringSubmatch(link); m != nil {
				return items, m[1], nil
			}
		}
		return items, "", nil
	}
	var p page[T]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, "", err
	}
	if p.Results == nil {
		return nil, "", fmt.Errorf("it has no results")
	}
	if p.Count != nil {
		out.count = *p.Count
	}
	out.ended = p.Next == nil || *p.Next == ""
	if out.ended {
		return p.Results, "", nil
	}
	return p.Results, *p.Next, nil
}
