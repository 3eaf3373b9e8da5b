package schema

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ParseIPv4 reads an IPv4 address in dotted decimal form.
func ParseIPv4(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err == nil && addr.Is4():
		return addr, nil
	case err == nil:
		return netip.Addr{}, fmt.Errorf("%q is an IPv6 address: an A record takes IPv4, use AAAA", text)
	}
	return netip.Addr{}, addressError(text, "IPv4", "192.0.2.1")
}

// ParseIPv6 reads an IPv6 address in any of its spellings.
func ParseIPv6(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err == nil && addr.Zone() != "":
		return netip.Addr{}, fmt.Errorf("%q has the zone id %q, which means nothing in DNS: remove it", text, "%"+addr.Zone())
	case err == nil && addr.Is6():
		return addr, nil
	case err == nil:
		return netip.Addr{}, fmt.Errorf("%q is an IPv4 address: an AAAA record takes IPv6, use A", text)
	}
	return netip.Addr{}, addressError(text, "IPv6", "2001:db8::1")
}

// addressError says what is wrong with text as an address.
func addressError(text, family, example string) error {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' || r == '\t' })
	if len(fields) > 1 {
		all := true
		for _, f := range fields {
			_, err := netip.ParseAddr(f)
			all = all && err == nil
		}
		if all {
			return fmt.Errorf("%q holds %d addresses: write them as a list, values: [%s]", text, len(fields), strings.Join(fields, ", "))
		}
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return fmt.Errorf("%q has a prefix length: write the address alone", text)
	}
	if family == "IPv4" {
		for part := range strings.SplitSeq(text, ".") {
			if len(part) > 1 && part[0] == '0' && digits(part) {
				return fmt.Errorf("%q has a number with leading zeros, which some read as octal: write it without them", text)
			}
		}
	}
	return fmt.Errorf("%q is no %s address, which looks like %s", text, family, example)
}

// ParseTTL reads a TTL in whole seconds.
func ParseTTL(text string) (TTL, error) {
	if text == "" || !digits(text) {
		return 0, fmt.Errorf("the TTL %q is no whole number of seconds, such as 3600", text)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > uint64(MaxTTL) {
		return 0, fmt.Errorf("the TTL %s is over %d, the most that DNS allows", text, MaxTTL)
	}
	return TTL(n), nil
}

// ParseNumber reads a 16-bit number; what names the field in the error.
func ParseNumber(what, text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || !digits(text) {
		return 0, fmt.Errorf("the %s %q is no whole number from 0 to 65535", what, text)
	}
	return uint16(n), nil
}

// ParseCAA makes CAA data of its three parts. The tag is letters and digits
// (RFC 8659 section 4.1); whether it is registered is another question.
func ParseCAA(flags, tag, value string) (CAA, error) {
	f, err := strconv.ParseUint(flags, 10, 8)
	if err != nil || !digits(flags) {
		return CAA{}, fmt.Errorf("the CAA flags %q are no whole number from 0 to 255: write 0, or 128 for critical", flags)
	}
	if tag == "" || len(tag) > maxCharacterString || strings.ContainsFunc(tag, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		return CAA{}, fmt.Errorf("the CAA tag %q is not made of letters and digits: write issue, issuewild or iodef", tag)
	}
	return CAA{uint8(f), strings.ToLower(tag), value}, nil
}

// MaxText is the most bytes that TXT data can hold: an RDATA of 65535 bytes
// less one length byte for every 255 (RFC 1035 section 3.3.14).
const MaxText = 65535 - 256

// ParseText checks the length of TXT data.
func ParseText(text string) (TXT, error) {
	if n := len(text) + (len(text)+maxCharacterString-1)/maxCharacterString; n > 65535 {
		return TXT{}, fmt.Errorf("the text has %d bytes, more than fit into one TXT record (%d)", len(text), MaxText)
	}
	return TXT{text}, nil
}
