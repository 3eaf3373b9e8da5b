package vpsorg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/schema"
)

// wireRecord is a record as the API writes it.
type wireRecord struct {
	UUID     text    `json:"uuid"`
	Type     string  `json:"record_type"`
	Name     *string `json:"name"`
	Value    *string `json:"value"`
	TTL      *number `json:"ttl"`
	Priority *number `json:"priority"`
}

// text is a JSON string, or a number taken as it is written.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(b []byte) error {
	if n := len(b); n >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) {
		*t = text(b[1 : n-1]) // as almost all are
		return nil
	}
	if len(b) > 0 && b[0] != '"' && b[0] != 'n' {
		var n json.Number
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		*t = text(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// check reports what is wrong with a text as a handle: it is put into paths,
// where some would name something else.
func (t text) check() error {
	switch {
	case t == "":
		return errors.New("without a uuid")
	case t == ".", t == "..", len(t) > maxHandle, strings.ContainsFunc(string(t), unicode.IsControl):
		return fmt.Errorf("with the uuid %.40q, which cannot be used", string(t))
	}
	return nil
}

const maxHandle = 1024

// number is a whole number, which may be written as a string.
type number int64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q is no whole number", s)
	}
	*n = number(v)
	return nil
}

// record reads a record of a zone, unless it shows the token: see errPublic.
func (c *Client) record(w *wireRecord, zone schema.Name) (schema.LiveRecord, error) {
	r, err := w.decode(zone)
	if err != nil {
		return r, err
	}
	in, n := c.token.In, len(*c.token)
	shown := in(string(w.UUID)) || in(w.Type) || len(*w.Name) >= n && (in(*w.Name) || in(r.Name.Display())) ||
		w.Value != nil && len(*w.Value) >= n && (in(*w.Value) || in(decodeText(*w.Value)) || in(textOf(r.Data)))
	if shown {
		return schema.LiveRecord{}, fmt.Errorf("a record that %w", errPublic)
	}
	return r, nil
}

// decode reads a record of a zone. It fails where the record cannot be told
// from others: without a handle, a name or a TTL. A value that its type does
// not allow, and a type that is not ours, become [schema.Opaque].
func (w *wireRecord) decode(zone schema.Name) (schema.LiveRecord, error) {
	r := schema.LiveRecord{Handle: schema.Handle(w.UUID), TTL: schema.DefaultTTL}
	if err := w.UUID.check(); err != nil {
		return r, fmt.Errorf("a record %w", err)
	}
	if w.Name == nil {
		return r, errors.New("a record without a name")
	}
	if w.Type == "" {
		return r, errors.New("a record without a type")
	}
	if w.TTL != nil {
		if *w.TTL < 0 || *w.TTL > number(schema.MaxTTL) {
			return r, fmt.Errorf("a record with the TTL %d", *w.TTL)
		}
		r.TTL = schema.TTL(*w.TTL)
	}
	var err error
	if r.Name, r.Alternative, err = decodeName(*w.Name, zone); err != nil {
		return r, fmt.Errorf("a record with a name that cannot be read: %w", err)
	}
	typ := schema.Type(strings.ToUpper(w.Type))
	var raw string
	if w.Value != nil {
		raw = *w.Value
		r.Data = w.data(typ, raw, zone)
	}
	if r.Data == nil {
		if w.Priority != nil {
			raw = strconv.FormatInt(int64(*w.Priority), 10) + " " + raw
		}
		r.Data = schema.Opaque{RRType: typ, Raw: raw}
	}
	return r, nil
}

// decodeName reads an owner name: `@`, relative, or in full, with or without
// the trailing dot. One without the dot that equals or ends in the zone's name
// is in full, but could be relative: that is the alternative.
func decodeName(text string, zone schema.Name) (name, alternative schema.Name, err error) {
	if text == "@" || text == "" {
		return zone, schema.Name{}, nil
	}
	if strings.HasSuffix(text, ".") {
		name, err = schema.ParseName(text)
		if err == nil && !name.In(zone) {
			err = fmt.Errorf("%q is outside the zone", text)
		}
		return name, schema.Name{}, err
	}
	full, err := schema.ParseName(text)
	if err != nil {
		return schema.Name{}, schema.Name{}, err
	}
	relative, err := schema.ParseOwner(text, zone)
	if !full.In(zone) {
		return relative, schema.Name{}, err
	}
	if err != nil { // too long to be relative
		relative = schema.Name{}
	}
	return full, relative, nil
}

// data reads a value by its type; nil where it cannot be read.
func (w *wireRecord) data(typ schema.Type, value string, zone schema.Name) schema.Data {
	switch typ {
	case schema.TypeA:
		if addr, err := schema.ParseIPv4(value); err == nil {
			return schema.A{Addr: addr}
		}
	case schema.TypeAAAA:
		if addr, err := schema.ParseIPv6(value); err == nil {
			return schema.AAAA{Addr: addr}
		}
	case schema.TypeCNAME:
		if host, ok := decodeHost(value, zone); ok && value != "" {
			return schema.CNAME{Target: host}
		}
	case schema.TypeNS:
		if host, ok := decodeHost(value, zone); ok && value != "" {
			return schema.NS{Host: host}
		}
	case schema.TypeMX:
		return w.mx(value, zone)
	case schema.TypeSRV:
		return w.srv(value, zone)
	case schema.TypeCAA:
		return decodeCAA(value)
	case schema.TypeTXT:
		if txt, err := schema.ParseText(decodeText(value)); err == nil {
			return txt
		}
	}
	return nil
}

// decodeHost reads a host: always absolute, whether or not it ends in a dot.
// Nothing at all is the root, whose dot was taken off.
func decodeHost(text string, zone schema.Name) (schema.Name, bool) {
	switch text {
	case "@":
		return zone, true
	case "", ".":
		return schema.Root(), true
	}
	name, err := schema.ParseName(text)
	return name, err == nil
}

// split separates the priority from the fields of a value, of which there are
// n besides. It stands in a field of its own, or first in the value, or in
// both, where they have to agree.
func (w *wireRecord) split(value string, n int) (priority uint16, fields []string, ok bool) {
	fields = strings.Fields(value)
	apart := w.Priority != nil && *w.Priority >= 0 && *w.Priority <= math.MaxUint16
	switch {
	case len(fields) == n && apart:
		return uint16(*w.Priority), fields, true
	case len(fields) == n+1:
		p, err := schema.ParseNumber("priority", fields[0])
		return p, fields[1:], err == nil && (w.Priority == nil || *w.Priority == number(p))
	case len(fields) == n-1 && apart: // a target that is nothing: the root, its dot taken off
		return uint16(*w.Priority), append(fields, "."), true
	}
	return 0, nil, false
}

func (w *wireRecord) mx(value string, zone schema.Name) schema.Data {
	preference, fields, ok := w.split(value, 1)
	if !ok {
		return nil
	}
	host, ok := decodeHost(fields[0], zone)
	if !ok {
		return nil
	}
	return schema.MX{Preference: preference, Exchange: host}
}

func (w *wireRecord) srv(value string, zone schema.Name) schema.Data {
	priority, fields, ok := w.split(value, 3)
	if !ok {
		return nil
	}
	weight, err1 := schema.ParseNumber("weight", fields[0])
	port, err2 := schema.ParseNumber("port", fields[1])
	host, ok := decodeHost(fields[2], zone)
	if err1 != nil || err2 != nil || !ok {
		return nil
	}
	return schema.SRV{Priority: priority, Weight: weight, Port: port, Target: host}
}

// decodeCAA reads `flags tag "value"`, with or without the quotes.
func decodeCAA(text string) schema.Data {
	flags, rest, ok := strings.Cut(strings.TrimSpace(text), " ")
	tag, value, ok2 := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || !ok2 {
		return nil
	}
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, `"`) {
		var b strings.Builder
		if n, ok := unquoteOne(&b, value); !ok || n != len(value) {
			return nil
		}
		value = b.String()
	}
	caa, err := schema.ParseCAA(flags, tag, value)
	if err != nil {
		return nil
	}
	return caa
}

// decodeText gives the bytes of a TXT value: of its quoted strings, joined,
// where it is nothing but complete quoted strings separated by blanks; else
// the value as it is, backslashes and all.
func decodeText(value string) string {
	if text, ok := unquote(value); ok {
		return text
	}
	return value
}

// unquote joins the quoted strings that a value consists of; ok is false where
// it consists of anything else.
func unquote(value string) (joined string, ok bool) {
	var b strings.Builder
	rest := strings.Trim(value, " \t")
	if rest == "" {
		return "", false
	}
	for rest != "" {
		if rest[0] != '"' {
			return "", false
		}
		n, ok := unquoteOne(&b, rest)
		if !ok {
			return "", false
		}
		after := strings.TrimLeft(rest[n:], " \t")
		if after != "" && len(after) == len(rest[n:]) {
			return "", false // no blank between two strings
		}
		rest = after
	}
	return b.String(), true
}

// unquoteOne reads the quoted string that s begins with, and gives its length.
func unquoteOne(b *strings.Builder, s string) (n int, ok bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1, true
		case '\\':
			if i++; i == len(s) {
				return 0, false
			}
			if s[i] < '0' || s[i] > '9' {
				b.WriteByte(s[i])
				continue
			}
			if i+2 >= len(s) {
				return 0, false
			}
			v, err := strconv.ParseUint(s[i:i+3], 10, 8)
			if err != nil {
				return 0, false
			}
			b.WriteByte(byte(v))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return 0, false
}
