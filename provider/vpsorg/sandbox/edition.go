package sandbox

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// maxString is how many bytes a string of a TXT record holds (RFC 1035 section 3.3).
const maxString = 255

// edition is a zone as it was at a moment.
type edition struct {
	serial  uint32
	records []*Record
	absent  bool
}

// zone is an edition as the nameserver in this process has it.
func (e edition) zone(domain string) (*nameserver.Zone, error) {
	all, err := e.rrs(domain)
	if err != nil {
		return nil, err
	}
	zone, err := nameserver.NewZone(domain, all)
	if err != nil {
		return nil, err
	}
	return zone, zone.CheckNames()
}

// rrs are an edition's records for the wire.
func (e edition) rrs(domain string) ([]dns.RR, error) {
	all := make([]dns.RR, 0, len(e.records))
	for _, r := range e.records {
		rr, err := r.rr(domain)
		if err != nil {
			return nil, fmt.Errorf("the %s record of %s in the zone %s: %w", r.Type, r.Name, domain, err)
		}
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial = e.serial
		}
		all = append(all, rr)
	}
	return all, nil
}

// rr is a record of a zone for the wire.
func (r *Record) rr(domain string) (dns.RR, error) {
	owner := domain + "."
	if r.Name != "@" {
		owner = r.Name + "." + owner
	}
	rrtype, ok := dns.StringToType[r.Type]
	if !ok {
		return nil, fmt.Errorf("there is no type %q", r.Type)
	}
	h := dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: uint32(r.TTL)}
	priority := uint16(0)
	if r.Priority != nil {
		priority = uint16(*r.Priority)
	}
	switch r.Type {
	case "A", "AAAA":
		addr, err := netip.ParseAddr(r.Value)
		if err != nil || addr.Is4() != (r.Type == "A") {
			return nil, fmt.Errorf("%q is no address", r.Value)
		}
		if r.Type == "A" {
			return &dns.A{Hdr: h, A: net.IP(addr.AsSlice())}, nil
		}
		return &dns.AAAA{Hdr: h, AAAA: net.IP(addr.AsSlice())}, nil
	case "CNAME":
		return &dns.CNAME{Hdr: h, Target: dns.Fqdn(r.Value)}, nil
	case "NS":
		return &dns.NS{Hdr: h, Ns: dns.Fqdn(r.Value)}, nil
	case "MX":
		return &dns.MX{Hdr: h, Preference: priority, Mx: dns.Fqdn(r.Value)}, nil
	case "SRV":
		parts := strings.Split(r.Value, " ")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is not weight, port and target", r.Value)
		}
		weight, err := strconv.ParseUint(parts[0], 10, 16)
		if err != nil {
			return nil, err
		}
		port, err := strconv.ParseUint(parts[1], 10, 16)
		if err != nil {
			return nil, err
		}
		return &dns.SRV{Hdr: h, Priority: priority, Weight: uint16(weight), Port: uint16(port), Target: dns.Fqdn(parts[2])}, nil
	case "CAA":
		flags, rest, _ := strings.Cut(r.Value, " ")
		tag, value, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseUint(flags, 10, 8)
		if err != nil || len(value) < 2 {
			return nil, fmt.Errorf("%q is not flags, tag and value", r.Value)
		}
		return &dns.CAA{Hdr: h, Flag: uint8(n), Tag: tag, Value: value[1 : len(value)-1]}, nil
	case "TXT":
		_, raw, ok := readQuoted(r.Value, 1)
		if !ok {
			return nil, fmt.Errorf("%q is no text", r.Value)
		}
		txt := &dns.TXT{Hdr: h}
		for rest := raw; rest != "" || txt.Txt == nil; {
			n := min(len(rest), maxString)
			quoted := quoteText(rest[:n])
			txt.Txt = append(txt.Txt, quoted[1:len(quoted)-1])
			rest = rest[n:]
		}
		return txt, nil
	}
	text := r.Value
	if r.Type == "SOA" {
		fields := strings.Fields(text)
		for i := range min(2, len(fields)) {
			fields[i] = dns.Fqdn(fields[i])
		}
		text = strings.Join(fields, " ")
	}
	rr, err := dns.NewRR(h.String() + text)
	if err == nil && rr == nil {
		err = fmt.Errorf("%q is no data", r.Value)
	}
	return rr, err
}
