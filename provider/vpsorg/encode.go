package vpsorg

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

// wireWrite is the body of a write. Fields that are nil are not sent.
type wireWrite struct {
	Type     *string `json:"record_type,omitempty"`
	Name     *string `json:"name,omitempty"`
	Value    *string `json:"value,omitempty"`
	TTL      *uint32 `json:"ttl,omitempty"`
	Priority *int    `json:"priority,omitempty"`
}

// encode writes a whole record.
func (c *Client) encode(zone schema.Name, r provider.Record) (wireWrite, error) {
	typ, name, ttl := string(r.Data.Type()), encodeName(r.Name, zone), uint32(r.TTL)
	value, priority, err := encodeData(r.Data)
	if err != nil {
		return wireWrite{}, fmt.Errorf("write %s: %w", describe(r), err)
	}
	if c.token.In(r.Name.Display()) || c.token.In(textOf(r.Data)) {
		return wireWrite{}, fmt.Errorf("this %s record %w: %w", typ, errPublic, provider.ErrRefused)
	}
	if txt, ok := r.Data.(schema.TXT); ok && needsEscapes(txt.Text) {
		c.log.Warn("this text is written with \\DDD escapes, and whether the service reads them is not documented: check it with dig once it is deployed", "name", r.Name.Display())
	}
	return wireWrite{&typ, &name, &value, &ttl, priority}, nil
}

// encodeName writes an owner name: `@`, or relative; in full where the
// relative form would itself read as in full.
func encodeName(name, zone schema.Name) string {
	relative := name.Relative(zone)
	if relative == "@" {
		return relative
	}
	if n, err := schema.ParseName(relative); err == nil && n.In(zone) {
		return name.Display()
	}
	return relative
}

// encodeHost writes a host as the documentation does, without a trailing dot;
// one without any other dot keeps it, since it would read as relative.
func encodeHost(name schema.Name) string {
	if text := name.Display(); strings.Contains(text, ".") {
		return text
	}
	return name.String()
}

func encodeData(d schema.Data) (value string, priority *int, err error) {
	switch d := d.(type) {
	case schema.CNAME:
		return encodeHost(d.Target), nil, nil
	case schema.NS:
		return encodeHost(d.Host), nil, nil
	case schema.MX:
		p := int(d.Preference)
		return encodeHost(d.Exchange), &p, nil
	case schema.SRV:
		p := int(d.Priority)
		return fmt.Sprintf("%d %d %s", d.Weight, d.Port, encodeHost(d.Target)), &p, nil
	case schema.TXT:
		return encodeText(d), nil, nil
	case schema.Opaque:
		return "", nil, fmt.Errorf("its value %q cannot be read as its type: %w", d, provider.ErrRefused)
	}
	return d.String(), nil, nil
}

// encodeText writes text as it is where it reads back as itself, else in
// quoted strings: also what only begins like one, as another reader may be
// less strict than unquote, and blanks at its ends and nothing at all, so that
// no form field trims or refuses them.
func encodeText(d schema.TXT) string {
	trimmed := strings.TrimFunc(d.Text, unicode.IsSpace)
	if looksQuoted := strings.HasPrefix(trimmed, `"`); looksQuoted || trimmed == "" || trimmed != d.Text || needsEscapes(d.Text) {
		return d.String()
	}
	return d.Text
}

// needsEscapes reports whether text has bytes that JSON text cannot hold, or
// that a form field would not take.
func needsEscapes(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) })
}
