package nameserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// CheckNames finds a name for which BIND does not load the zone, unless
// check-names has been changed: one that is no host name (RFC 952, RFC 1123) and
// owns what hosts own, or is what NS, MX and SRV records point at.
func (z *Zone) CheckNames() error {
	for _, name := range slices.Sorted(maps.Keys(z.nodes)) {
		for _, s := range z.nodes[name].sets {
			rrtype := s.rrtype()
			if !ownerName(name, rrtype) {
				return fmt.Errorf("%s has %s records and is no host name", name, dns.TypeToString[rrtype])
			}
			for _, rr := range s {
				if host, err := canonical(hostOf(rr)); err != nil || !isHost(host) {
					return fmt.Errorf("%s %s points at %s, which is no host name", name, dns.TypeToString[rrtype], hostOf(rr))
				}
			}
		}
	}
	return nil
}

// ownerName reports whether a name may own records of a type. BIND lets through
// what an Active Directory's global catalogue and, for A, SPF's macros need.
func ownerName(name string, rrtype uint16) bool {
	switch rrtype {
	case dns.TypeA:
		if slices.ContainsFunc(dns.SplitDomainName(name), func(label string) bool {
			return label == "_spf" || label == "_spf_verify" || label == "_spf_rate"
		}) {
			return true
		}
		name = strings.TrimPrefix(name, "gc._msdcs.")
	case dns.TypeAAAA:
		name = strings.TrimPrefix(name, "gc._msdcs.")
	case dns.TypeMX:
	default:
		return true
	}
	return isHost(strings.TrimPrefix(name, "*."))
}

// isHost reports whether a canonical name is letters, digits and inner hyphens;
// the root is.
func isHost(name string) bool {
	for _, label := range dns.SplitDomainName(name) {
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
