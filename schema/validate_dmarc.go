package schema

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dmarc checks the policies at _dmarc names (RFC 7489 section 6.3): each text
// there is one, since receivers pass over any other, and there is one alone.
func (c *checker) dmarc(owner Name, values []Value) {
	if owner.Label() != "_dmarc" {
		return
	}
	var policies []Value
	for i, v := range values {
		text := v.Data.(TXT).Text
		if _, err := ParseDMARC(text); err != nil {
			c.sense(values[i:i+1], nil, "dmarc-syntax", "%s has a DMARC policy that receivers pass over: %v", owner.Display(), err)
		}
		if strings.HasPrefix(strings.ToLower(text), "v=dmarc1") {
			policies = append(policies, v)
		}
	}
	if len(policies) > 1 {
		slices.SortStableFunc(policies, func(a, b Value) int { return b.Position.Compare(a.Position) })
		c.sense(policies, positions(policies[1:]), "dmarc-several", "%s has %d DMARC policies, and receivers then take none (RFC 7489 section 6.6.3): keep one", owner.Display(), len(policies))
	}
}

// ParseDMARC reads a DMARC policy and gives its tags.
func ParseDMARC(text string) (map[string]string, error) {
	read := map[string]string{}
	tags := strings.Split(text, ";")
	has := func(name string) bool { _, ok := read[name]; return ok }
	for i, tag := range tags {
		name, value, ok := strings.Cut(tag, "=")
		name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
		switch {
		case i == 0 && name == "v" && len(value) > len("DMARC1") && strings.HasPrefix(value, "DMARC1"):
			return nil, fmt.Errorf("after v=DMARC1 stands %q where ; belongs", value[len("DMARC1"):])
		case i == 0 && (name != "v" || value != "DMARC1"):
			return nil, errors.New("it does not begin with v=DMARC1, in just this spelling and before all other tags")
		case strings.Trim(tag, " \t") == "" && i == len(tags)-1:
			continue
		case strings.Trim(tag, " \t") == "":
			return nil, errors.New("it has two semicolons with nothing between them: remove one")
		case !ok || name == "":
			return nil, fmt.Errorf("%q is no tag=value: check for a missing semicolon or equals sign", strings.TrimSpace(tag))
		case has(name):
			return nil, fmt.Errorf("the tag %s stands twice: keep one", name)
		}
		read[name] = value
		if err := checkDMARCTag(name, value); err != nil {
			return nil, err
		}
	}
	if !has("p") {
		return nil, errors.New("it has no p=: add p=none, p=quarantine or p=reject")
	}
	return read, nil
}

// checkDMARCTag checks the value of a tag; unknown tags are allowed.
func checkDMARCTag(name, value string) error {
	choice := func(values ...string) error {
		if slices.Contains(values, strings.ToLower(value)) {
			return nil
		}
		last := len(values) - 1
		err := fmt.Errorf("%s is %s or %s, not %q", name, strings.Join(values[:last], ", "), values[last], value)
		if strings.Contains(value, "=") {
			err = fmt.Errorf("%w: a semicolon is missing", err)
		}
		return err
	}
	switch name {
	case "p", "sp", "np":
		return choice("none", "quarantine", "reject")
	case "adkim", "aspf":
		return choice("r", "s")
	case "t":
		return choice("y", "n")
	case "psd":
		return choice("y", "n", "u")
	case "pct":
		if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 100 || !digits(value) {
			return fmt.Errorf("pct=%s is no whole number from 0 to 100", value)
		}
	case "ri":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil || !digits(value) {
			return fmt.Errorf("ri=%s is no whole number of seconds", value)
		}
	case "fo":
		for option := range strings.SplitSeq(value, ":") {
			if !slices.Contains([]string{"0", "1", "d", "s"}, strings.ToLower(strings.TrimSpace(option))) {
				return fmt.Errorf("fo=%s is no list of 0, 1, d and s with colons between them", value)
			}
		}
	case "rua", "ruf":
		for target := range strings.SplitSeq(value, ",") {
			if err := checkReportURI(strings.TrimSpace(target)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

var reportSize = regexp.MustCompile(`^[0-9]+[kmgtKMGT]?$`)

// checkReportURI checks an address for reports: a URI with an optional size
// after an exclamation mark (RFC 7489 section 6.2).
func checkReportURI(target string) error {
	address, size, sized := strings.Cut(target, "!")
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme == "":
		return fmt.Errorf("%q is no URI to send reports to: write mailto:dmarc@example.com, several with commas between them", target)
	case u.Scheme == "mailto" && !strings.Contains(u.Opaque, "@"):
		return fmt.Errorf("%q names no address: write mailto:dmarc@example.com", target)
	case sized && !reportSize.MatchString(size):
		return fmt.Errorf("%q has an exclamation mark and no size such as 10m after it", target)
	}
	return nil
}
