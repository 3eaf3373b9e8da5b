package vpsorg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/zoneherd/zoneherd/provider"
)

// APIError is an answer of the service that is no success.
type APIError struct {
	Op     string // what was asked: "list the zones"
	Status int
	Code   string // error_code, such as "validation_error"; may be empty
	Field  string // the field that is not valid; may be empty
	Detail string // the service's own words, on one line
	// Permission is the one that the request needs, such as "dns:list".
	Permission string
}

// Error is a sentence that says what to do.
func (e *APIError) Error() string {
	said := ""
	if e.Detail != "" {
		said = fmt.Sprintf(" (the service says: %s)", e.Detail)
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return fmt.Sprintf("%s: the service does not accept the token%s: tokens begin with vps_ and are made at /account/developers/ of the service's site; check that this one is whole and not revoked", e.Op, said)
	case http.StatusForbidden:
		return fmt.Sprintf("%s: the token lacks the permission %s%s: make one that has it at /account/developers/ of the service's site", e.Op, e.Permission, said)
	case http.StatusNotFound:
		return fmt.Sprintf("%s: it does not exist, or belongs to another account%s", e.Op, said)
	case http.StatusBadRequest:
		field := ""
		if e.Field != "" {
			field = " the field " + e.Field
		}
		return fmt.Sprintf("%s: the service refuses%s as invalid%s", e.Op, field, said)
	case http.StatusTooManyRequests:
		return fmt.Sprintf("%s: the service throttles this token for longer than is waited%s: try again later, or with a smaller --concurrency", e.Op, said)
	}
	switch {
	case e.Status/100 == 3:
		return fmt.Sprintf("%s: the service answers with a redirect (%d)%s, which is never followed, since it would carry the token elsewhere: check the endpoint", e.Op, e.Status, said)
	case e.Status >= 500:
		return fmt.Sprintf("%s: the service has a failure of its own (%d)%s: try again later", e.Op, e.Status, said)
	}
	return fmt.Sprintf("%s: the service answers with the status %d%s", e.Op, e.Status, said)
}

// uncertain is a write that may have taken effect or not.
func uncertain(r *request, cause error) error { return &UncertainError{r.op, cause} }

// UncertainError is a write that may have taken effect or not, and may still.
// It is [provider.ErrUncertain] and no other kind, whatever its cause is;
// [errors.As] finds the cause, and [errors.Is] a context's error.
type UncertainError struct {
	Op    string // what was asked: "create A www.example.com"
	Cause error  // an [APIError] with status 3xx or 5xx, or what the network said
}

// Error says why the outcome is unknown.
func (e *UncertainError) Error() string {
	why := e.Cause.Error()
	if api, ok := errors.AsType[*APIError](e.Cause); ok {
		why = fmt.Sprintf("the service answered with the status %d", api.Status)
		if api.Detail != "" {
			why += fmt.Sprintf(" (it says: %s)", api.Detail)
		}
	}
	return fmt.Sprintf("%s: whether it took effect is not known, since it was sent and then: %s; read the zone before repeating it", e.Op, why)
}

// Is makes the error [provider.ErrUncertain], and that of a context that ended it.
func (e *UncertainError) Is(target error) bool {
	switch target {
	case provider.ErrUncertain:
		return true
	case context.Canceled, context.DeadlineExceeded:
		return errors.Is(e.Cause, target)
	}
	return false
}

// As finds the cause.
func (e *UncertainError) As(target any) bool { return errors.As(e.Cause, target) }

// Is sorts the error into the kinds of package provider.
func (e *APIError) Is(target error) bool {
	switch target {
	case provider.ErrUnauthenticated:
		return e.Status == http.StatusUnauthorized
	case provider.ErrForbidden:
		return e.Status == http.StatusForbidden
	case provider.ErrNotFound:
		return e.Status == http.StatusNotFound
	case provider.ErrUnavailable:
		return e.Status >= 500 || e.Status/100 == 3 || slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}, e.Status)
	case provider.ErrRefused:
		return e.Status/100 == 4 && !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}, e.Status)
	}
	return false
}

var (
	expectedIn = regexp.MustCompile(`available in (\d+) second`)
	htmlTitle  = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// apiError reads what the service says about a failure: its documented form,
// `detail` alone, a list of messages by field, or a proxy's HTML page.
func (c *Client) apiError(r *request, a *answer) *APIError {
	e := &APIError{Op: r.op, Status: a.status, Permission: r.needs}
	var documented struct {
		Detail string `json:"detail"`
		Code   string `json:"error_code"`
		Field  string `json:"field"`
	}
	var fields map[string]json.RawMessage
	switch {
	case json.Unmarshal(a.body, &documented) == nil && documented.Detail != "":
		e.Detail, e.Code, e.Field = documented.Detail, documented.Code, documented.Field
	case json.Unmarshal(a.body, &fields) == nil && len(fields) > 0:
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			var list []string
			var one string
			switch {
			case json.Unmarshal(fields[name], &one) == nil && one != "":
				list = []string{one}
			case json.Unmarshal(fields[name], &list) != nil || len(list) == 0:
				continue
			}
			if e.Field == "" && name != "non_field_errors" {
				e.Field = name
			}
			if e.Detail != "" {
				e.Detail += " "
			}
			e.Detail += strings.Join(list, " ")
		}
	default:
		if m := htmlTitle.FindSubmatch(a.body); m != nil {
			e.Detail = string(m[1])
		}
	}
	e.Detail, e.Field, e.Code = c.say(e.Detail), c.say(e.Field), c.say(e.Code)
	if a.status == http.StatusMethodNotAllowed && e.Detail == "" {
		e.Detail = r.method + " is not allowed"
	}
	return e
}

const maxSaid = 16 << 10 // bytes of a text of the service that are looked at

// say makes text of the service safe to show: on one line, without control
// characters, of bounded length, and without the token.
func (c *Client) say(text string) string {
	if len(text) > maxSaid { // a piece of the token that is left at the end is too short to be of use
		text = text[:maxSaid]
	}
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, text)), " ")
	text = c.token.redact(text) // after removing what could stand within it
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}

// isStatus reports whether an error is an answer with a status.
func isStatus(err error, status int) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == status
}
