package vpsorg

import "github.com/zoneherd/zoneherd/schema"

// IsNameserver reports whether a host is one of the service's authoritative
// nameservers, which the documentation calls ns1.vps.org and so on.
func IsNameserver(host schema.Name) bool { return host.Below(schema.MustName("vps.org")) }
