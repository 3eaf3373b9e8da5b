package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// spf checks an SPF record's syntax (RFC 7208 section 4.6.1) and the number of
// look-ups that its own text asks for (section 4.6.4).
func (v *validator) spf(text string, values []Value) {
	terms := strings.Fields(text)
	if !strings.EqualFold(terms[0], "v=spf1") {
		v.sense("spf-syntax", values, "the SPF record begins with %q: write v=spf1 and a blank after it", terms[0])
		return
	}
	lookups := 0
	seen := map[string]bool{}
	for _, term := range terms[1:] {
		asks, err := spfTerm(term, seen)
		if err != nil {
			v.sense("spf-syntax", values, "the SPF record is broken, so that receivers reject it: %v", err)
			return
		}
		if asks {
			lookups++
		}
	}
	if lookups > maxLookups {
		v.sense("spf-lookups", values, "the SPF record asks for %d look-ups by itself, and receivers stop at %d: write addresses as ip4: and ip6:, or remove what sends no mail", lookups, maxLookups)
	}
}

const maxLookups = 10

// spfTerm checks one term and reports whether it costs a look-up.
func spfTerm(term string, seen map[string]bool) (asks bool, err error) {
	if name, _, ok := strings.Cut(term, "="); ok && !strings.ContainsAny(name, ":/") {
		name = strings.ToLower(name)
		if name == "redirect" || name == "exp" {
			if seen[name] {
				return false, fmt.Errorf("%s stands twice", name)
			}
			seen[name] = true
		}
		return name == "redirect", nil
	}
	mechanism := strings.TrimLeft(term, "+-~?")
	if len(term)-len(mechanism) > 1 {
		return false, fmt.Errorf("%q has more than one qualifier", term)
	}
	end := strings.IndexAny(mechanism, ":/")
	if end < 0 {
		end = len(mechanism)
	}
	name, arg := strings.ToLower(mechanism[:end]), mechanism[end:]
	switch name {
	case "all":
		if arg != "" {
			return false, fmt.Errorf("%q: all takes no argument", term)
		}
	case "ip4", "ip6":
		return false, spfAddress(term, name, arg)
	case "include", "exists":
		if len(arg) < 2 || arg[0] != ':' {
			return false, fmt.Errorf("%q: %s wants a domain after a colon", term, name)
		}
		return true, nil
	case "a", "mx", "ptr":
		return true, nil
	default:
		return false, fmt.Errorf("there is no mechanism %q", term)
	}
	return false, nil
}

func spfAddress(term, name, arg string) error {
	text := strings.TrimPrefix(arg, ":")
	addr, err := netip.ParseAddr(text)
	if strings.Contains(text, "/") {
		var prefix netip.Prefix
		prefix, err = netip.ParsePrefix(text)
		addr = prefix.Addr()
	}
	if arg == text || err != nil || addr.Is4() != (name == "ip4") {
		return fmt.Errorf("%q: %s wants an address or network after a colon", term, name)
	}
	return nil
}

// dmarc checks a DMARC record (RFC 7489 section 6.3).
func (v *validator) dmarc(text string, values []Value) {
	if err := checkDMARC(text); err != nil {
		v.sense("dmarc-syntax", values, "the DMARC record is malformed, so that receivers pass over it: %v", err)
	}
}

func checkDMARC(text string) error {
	seen := map[string]bool{}
	first := true
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !ok:
			return fmt.Errorf("%q is no tag=value; separate tags with semicolons", part)
		case first && (name != "v" || value != "DMARC1"):
			return fmt.Errorf("it begins with %q: begin it with v=DMARC1", part)
		case seen[name]:
			return fmt.Errorf("the tag %s stands twice", name)
		}
		first, seen[name] = false, true
		if err := checkDMARCTag(name, value); err != nil {
			return err
		}
	}
	if !seen["p"] {
		return fmt.Errorf("it has no policy: add p=none, p=quarantine or p=reject")
	}
	return nil
}

func checkDMARCTag(name, value string) error {
	var choice []string
	switch name {
	case "p", "sp", "np":
		choice = []string{"none", "quarantine", "reject"}
	case "adkim", "aspf":
		choice = []string{"r", "s"}
	case "pct":
		if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 100 {
			return fmt.Errorf("pct is a number from 0 to 100, not %q", value)
		}
	case "ri":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return fmt.Errorf("ri is a number of seconds, not %q", value)
		}
	case "rua", "ruf":
		for uri := range strings.SplitSeq(value, ",") {
			scheme, rest, ok := strings.Cut(strings.TrimSpace(uri), ":")
			if !ok || scheme == "" || rest == "" {
				return fmt.Errorf("%s wants addresses such as mailto:dmarc@example.com, not %q", name, uri)
			}
		}
	}
	if choice != nil && !slices.Contains(choice, strings.ToLower(value)) {
		return fmt.Errorf("%s is %s, not %q", name, strings.Join(choice, " or "), value)
	}
	return nil
}
