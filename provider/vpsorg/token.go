package vpsorg

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/zoneherd/zoneherd/provider/secret"
	"github.com/zoneherd/zoneherd/schema"
)

// Token is an API token, such as "vps_0123456789abcdef". It never shows
// itself: printed, formatted, logged or marshalled it is a placeholder.
type Token string

const hidden = "vps_***"

// String implements [fmt.Stringer].
func (Token) String() string { return hidden }

// GoString implements [fmt.GoStringer].
func (Token) GoString() string { return hidden }

// MarshalText implements [encoding.TextMarshaler], and with it JSON.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements [slog.LogValuer].
func (Token) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format implements [fmt.Formatter] for all verbs.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

func (t Token) check() error {
	if t == "" {
		return errors.New("there is no token: set VPSORG_TOKEN, or give a file that holds it with --token-file")
	}
	if strings.ContainsFunc(string(t), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token holds blanks or other characters that no token has: copy it again")
	}
	return nil
}

// redact takes the token, and pieces of it, out of what a server has said.
func (t Token) redact(text string) string { return secret.Hide(text, string(t), hidden) }

// In reports whether text shows the token; see package secret for how it may be
// written there.
func (t Token) In(text string) bool { return secret.Shows(text, string(t)) }

// textOf is data as it is searched for the token: the text of a TXT record has no
// quotes in it, where a long one was cut in two.
func textOf(d schema.Data) string {
	if txt, ok := d.(schema.TXT); ok {
		return txt.Text
	}
	return d.String()
}

// errPublic is what is wrong with a record, or a zone, that shows the token: it
// is not taken, so that the token gets into no plan, journal or backup.
var errPublic = errors.New("holds the token of this run, which others could read there: revoke that token and make another, with which this is as any other")
