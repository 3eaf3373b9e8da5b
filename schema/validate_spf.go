package schema

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MaxSPFLookups is how many terms of an SPF policy, and of those that it
// includes, may make a receiver ask the DNS (RFC 7208 section 4.6.4).
const MaxSPFLookups = 10

// spf checks SPF policies (RFC 7208): one at a name, well formed, and within
// the bound on look-ups as far as its own text shows.
func (c *checker) spf(owner Name, values []Value) {
	var policies []Value
	for i, v := range values {
		text := v.Data.(TXT).Text
		if !IsSPF(text) {
			continue
		}
		policies = append(policies, v)
		asking, err := ParseSPF(text)
		switch {
		case err != nil:
			c.sense(values[i:i+1], nil, "spf-syntax", "%s has an SPF policy that receivers cannot read: %v", owner.Display(), err)
		case len(asking) > MaxSPFLookups:
			c.sense(values[i:i+1], nil, "spf-lookups", "%s has an SPF policy with %d terms that make receivers ask the DNS, and they give up after %d: remove some of include, a, mx, ptr, exists and redirect, or write ip4 and ip6 instead",
				owner.Display(), len(asking), MaxSPFLookups)
		}
	}
	if len(policies) > 1 {
		slices.SortStableFunc(policies, func(a, b Value) int { return b.Position.Compare(a.Position) })
		c.sense(policies, positions(policies[1:]), "spf-several", "%s has %d SPF policies, and receivers then take none (RFC 7208 section 4.5): join them into one", owner.Display(), len(policies))
	}
}

// IsSPF reports whether a text is meant as an SPF policy: `v=spf1` alone or
// with anything after it but a letter or digit, in any case.
func IsSPF(text string) bool {
	if len(text) < len("v=spf1") || !strings.EqualFold(text[:len("v=spf1")], "v=spf1") {
		return false
	}
	rest := text[len("v=spf1"):]
	return rest == "" || !isAlnum(rest[0])
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// SPFTerm is a term of an SPF policy that makes a receiver ask the DNS.
type SPFTerm struct {
	Name string // include, a, mx, ptr, exists or redirect
	// Domain is, of include and redirect, whose policy is meant, as it is
	// written: macros may stand in it.
	Domain string
}

// ParseSPF reads an SPF policy, a text that [IsSPF], and gives the terms that
// make a receiver ask the DNS, as it meets them. What stands after `all` is
// never evaluated, nor is a redirect beside one (RFC 7208 sections 5.1 and 6.1).
func ParseSPF(text string) (asking []SPFTerm, err error) {
	rest := text[len("v=spf1"):]
	if rest != "" && rest[0] != ' ' {
		return nil, fmt.Errorf("after v=spf1 stands %q where a blank belongs: write v=spf1, a blank, and the terms", rest[:1])
	}
	all := false
	var redirect []SPFTerm
	seen := map[string]bool{}
	for text := range strings.SplitSeq(rest, " ") {
		if text == "" {
			continue
		}
		term, asks, err := parseTerm(text)
		if err != nil {
			return nil, err
		}
		switch term.Name {
		case "all":
			all = true
		case "redirect", "exp":
			if seen[term.Name] {
				return nil, fmt.Errorf("%s= stands twice: keep one", term.Name)
			}
			seen[term.Name] = true
			if term.Name == "redirect" {
				redirect = append(redirect, term)
			}
		default:
			if asks && !all {
				asking = append(asking, term)
			}
		}
	}
	if !all {
		asking = append(asking, redirect...)
	}
	return asking, nil
}

// spfName is how the name of a mechanism or modifier ends: with nothing, a
// colon, a slash, or an equals sign.
var spfName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9._-]*)([:/=]?)(.*)$`)

// parseTerm reads one directive or modifier (RFC 7208 section 4.6.1) and tells
// whether it makes a receiver ask the DNS by itself.
func parseTerm(text string) (term SPFTerm, asks bool, err error) {
	body := strings.TrimLeft(text, "+-?~")
	if len(text)-len(body) > 1 {
		return term, false, fmt.Errorf("the term %q has more than one of + - ? ~ in front: keep one", text)
	}
	m := spfName.FindStringSubmatch(body)
	if m == nil {
		if _, err := netip.ParseAddr(body); err == nil {
			return term, false, fmt.Errorf("the term %q lacks its name: write ip4: or ip6: in front of the address", text)
		}
		return term, false, fmt.Errorf("the term %q is none of SPF's: write it in plain letters, digits and hyphens, such as -all", text)
	}
	name, sign, value := strings.ToLower(m[1]), m[2], m[3]
	term.Name = name
	if name == "include" || name == "redirect" {
		term.Domain = value
	}
	mechanism := slices.Contains([]string{"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"}, name)
	if sign == "=" {
		switch {
		case mechanism:
			return term, false, fmt.Errorf("the term %q has = where a mechanism has a colon: write %s:%s", text, name, value)
		case body != text:
			return term, false, fmt.Errorf("the term %q is a modifier, which takes none of + - ? ~ in front", text)
		case name == "redirect" || name == "exp":
			return term, false, termError(text, checkDomainSpec(value, name == "exp"))
		}
		return term, false, termError(text, checkMacros(value, true))
	}
	if !mechanism {
		return term, false, fmt.Errorf("there is no SPF mechanism %q: write one of all, include, a, mx, ip4, ip6, exists", m[1])
	}
	return term, name != "all" && name != "ip4" && name != "ip6", termError(text, checkMechanism(name, sign, value))
}

func termError(term string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the term %q %w", term, err)
}

// checkMechanism checks what follows a mechanism's name.
func checkMechanism(name, sign, value string) error {
	switch name {
	case "all":
		if sign != "" {
			return errors.New("has something after all: remove that")
		}
	case "include", "exists":
		if sign != ":" {
			return fmt.Errorf("names no domain: write %s:example.com", name)
		}
		return checkDomainSpec(value, false)
	case "ptr":
		switch sign {
		case ":":
			return checkDomainSpec(value, false)
		case "/":
			return errors.New("has a prefix length, which ptr does not take: remove it")
		}
	case "a", "mx":
		return checkAddressMechanism(sign, value)
	case "ip4":
		return checkNetwork(sign, value, "ip4:192.0.2.0/24", netip.Addr.Is4)
	case "ip6":
		return checkNetwork(sign, value, "ip6:2001:db8::/32", func(a netip.Addr) bool { return a.Is6() && a.Zone() == "" })
	}
	return nil
}

// dualPrefix is the dual-cidr-length of a and mx: /24, //64 or /24//64.
var dualPrefix = regexp.MustCompile(`(?:/([0-9]{1,3}))?(?://([0-9]{1,3}))?$`)

func checkAddressMechanism(sign, value string) error {
	if sign == "" {
		return nil
	}
	domain, prefix := value, ""
	if sign == "/" {
		domain, prefix = "", "/"+value
	} else if i := strings.IndexByte(macroFree(value), '/'); i >= 0 {
		domain, prefix = value[:i], value[i:]
	}
	if prefix != "" {
		m := dualPrefix.FindStringSubmatch(prefix)
		if m[0] != prefix || !prefixLength(m[1], 32) || !prefixLength(m[2], 128) {
			return errors.New("has no well-formed prefix length: write such as /24, //64 or /24//64")
		}
	}
	if sign == "/" {
		return nil
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return errors.New("has an address where a host name belongs: write ip4: or ip6: in front of it")
	}
	return checkDomainSpec(domain, false)
}

// macroFree blanks out macros, whose delimiters may be slashes.
func macroFree(value string) string {
	return macro.ReplaceAllStringFunc(value, func(m string) string { return strings.Repeat("x", len(m)) })
}

func prefixLength(digits string, most int) bool {
	if digits == "" {
		return true
	}
	n, err := strconv.Atoi(digits)
	return err == nil && n <= most && (len(digits) == 1 || digits[0] != '0')
}

func checkNetwork(sign, value, example string, family func(netip.Addr) bool) error {
	address, prefix, hasPrefix := strings.Cut(value, "/")
	addr, err := netip.ParseAddr(address)
	if sign != ":" || err != nil || !family(addr) {
		return fmt.Errorf("has no such address: write it like %s", example)
	}
	if hasPrefix && (prefix == "" || !prefixLength(prefix, addr.BitLen())) {
		return fmt.Errorf("has a prefix length that is no whole number from 0 to %d", addr.BitLen())
	}
	return nil
}

var (
	// macro is a macro-expand (RFC 7208 section 7.1).
	macro    = regexp.MustCompile(`%\{[A-Za-z][0-9]*[Rr]?[.+,/_=-]*\}|%%|%_|%-`)
	topLabel = regexp.MustCompile(`\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.?$`)
	digitTop = regexp.MustCompile(`\.[0-9]+\.?$`)
)

// checkDomainSpec checks a domain-spec: a name of two labels or more, in which
// macros may stand.
func checkDomainSpec(value string, exp bool) error {
	if err := checkMacros(value, exp); err != nil {
		return err
	}
	switch {
	case value == "":
		return errors.New("names no domain")
	case macro.MatchString(value) && strings.HasSuffix(macro.ReplaceAllString(value, "\x00"), "\x00"):
		return nil // ends in a macro, whose value is not known
	case !topLabel.MatchString(value) || digitTop.MatchString(value):
		return errors.New("does not name a domain of at least two labels, such as example.com")
	case strings.Contains(value, "..") || value[0] == '.':
		return errors.New("names a domain with an empty label")
	}
	return nil
}

// checkMacros checks a macro-string: visible ASCII, and % only in macros. The
// letters c, r and t belong into explanations alone.
func checkMacros(value string, exp bool) error {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return errors.New("holds a character that is no plain ASCII: write it anew by hand")
		}
	}
	if strings.Contains(macro.ReplaceAllString(value, ""), "%") {
		return errors.New("has a % that begins no macro: write it like %{i}, or %% for the sign itself")
	}
	for _, m := range macro.FindAllString(value, -1) {
		if m[1] != '{' {
			continue
		}
		letters := "slodiphv"
		if exp {
			letters += "crt"
		}
		if !strings.ContainsRune(letters, rune(m[2]|0x20)) {
			return fmt.Errorf("has the macro %s, which does not exist here", m)
		}
	}
	return nil
}
