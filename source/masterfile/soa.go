package masterfile

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// SOA is the start of authority of a zone (RFC 1035 section 3.3.13): what every
// master file begins with and no zone file of zoneherd's has.
type SOA struct {
	Primary schema.Name // MNAME: the server that the others copy from
	Mailbox schema.Name // RNAME: whom to write to, with a dot for the @
	Serial  uint32

	Refresh, Retry, Expire, Minimum uint32
}

// Placeholder is a SOA that a server takes and a person has to replace: it
// names a server that nobody has (RFC 2606).
func Placeholder(zone schema.Name) SOA {
	mailbox, err := zone.Child("hostmaster") // RFC 2142
	if err != nil || !zone.IsHost() {        // too long, or no name for a mailbox's domain
		mailbox = schema.MustName("hostmaster.invalid")
	}
	return SOA{
		Primary: PlaceholderNS(), Mailbox: mailbox, Serial: 1,
		Refresh: 10800, Retry: 3600, Expire: 604800, Minimum: 3600,
	}
}

// PlaceholderNS is the name server that stands in for those of a zone that
// declares none.
func PlaceholderNS() schema.Name { return schema.MustName("ns.invalid") }

// ParseSOA reads a SOA's data as a master file of the zone has it: a name
// without a trailing dot is relative to the zone.
func ParseSOA(presentation string, zone schema.Name) (SOA, error) {
	bad := func(why string) (SOA, error) {
		return SOA{}, fmt.Errorf("%q is no SOA data%s: write two names and five numbers, such as ns1.example.net. hostmaster.example.net. 1 10800 3600 604800 3600", presentation, why)
	}
	if strings.ContainsAny(presentation, "\r\n;") || len(strings.Fields(presentation)) != 7 { // with fewer the last would be 0
		return bad("")
	}
	parser := dns.NewZoneParser(strings.NewReader(". 0 IN SOA "+presentation+"\n"), zone.String(), "")
	rr, _ := parser.Next()
	soa, ok := rr.(*dns.SOA)
	if !ok || soa.Ns == "" {
		return bad("")
	}
	out := SOA{Serial: soa.Serial, Refresh: soa.Refresh, Retry: soa.Retry, Expire: soa.Expire, Minimum: soa.Minttl}
	var err error
	if out.Primary, err = schema.ParseName(soa.Ns); err != nil {
		return bad(", since " + err.Error())
	}
	if out.Mailbox, err = schema.ParseName(soa.Mbox); err != nil {
		return bad(", since " + err.Error())
	}
	return out, nil
}

// String is the data in presentation form.
func (s SOA) String() string {
	return fmt.Sprintf("%s %s %d %d %d %d %d", s.Primary, s.Mailbox, s.Serial, s.Refresh, s.Retry, s.Expire, s.Minimum)
}
