package nameserver_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// drawn is a zone of chance, as full of corners as a few labels make it.
type drawn struct {
	origin  string
	records []dns.RR
	owners  []string // and names near them
}

// drawZone draws a zone: wildcards, empty non-terminals, delegations with and
// without glue, chains and loops of CNAME records, and texts of any bytes.
// What no server loads is drawn again.
func drawZone(r *rand.Rand, origin string, children ...string) drawn {
	for {
		z := drawAny(r, origin, children)
		if _, err := nameserver.NewZone(origin, z.records); err == nil {
			return z
		}
	}
}

func drawAny(r *rand.Rand, origin string, children []string) drawn {
	z := drawn{origin: origin, owners: []string{origin}}
	head := func(name string, rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: []uint32{0, 60, 300, 3600, 86400}[r.IntN(5)]}
	}
	soa := &dns.SOA{Hdr: head(origin, dns.TypeSOA), Ns: "ns1.vps.org.", Mbox: "hostmaster.vps.org.", Serial: 1 + r.Uint32N(1<<31), Refresh: 7200, Retry: 3600, Expire: 1209600, Minttl: []uint32{0, 30, 3600}[r.IntN(3)]}
	z.records = append(z.records, soa)
	for _, ns := range []string{"ns1.vps.org.", "ns2.vps.org.", "ns1." + origin}[r.IntN(3):] {
		z.records = append(z.records, &dns.NS{Hdr: head(origin, dns.TypeNS), Ns: ns})
	}
	for _, child := range children {
		for _, ns := range []string{"ns1.vps.org.", "ns1." + child, "ns1." + origin, "a." + origin}[r.IntN(4):] {
			z.records = append(z.records, &dns.NS{Hdr: head(child, dns.TypeNS), Ns: ns})
		}
		z.owners = append(z.owners, child, "ns1."+child)
	}
	taken := map[string]uint16{} // CNAME, or another type
	for range 3 + r.IntN(25) {
		owner := drawName(r, origin)
		if len(z.owners) > 0 && r.IntN(2) == 0 {
			owner = z.owners[r.IntN(len(z.owners))]
		}
		rrtype := drawTypes[r.IntN(len(drawTypes))]
		switch {
		case taken[owner] == dns.TypeCNAME,
			rrtype == dns.TypeCNAME && (taken[owner] != 0 || owner == origin),
			rrtype == dns.TypeNS && strings.HasPrefix(owner, "*."):
			continue
		}
		atChild := false
		for _, child := range children {
			atChild = atChild || owner == child && rrtype == dns.TypeCNAME
		}
		if atChild {
			continue
		}
		taken[owner] = rrtype
		z.owners = append(z.owners, owner)
		values := 1 + r.IntN(3)
		if rrtype == dns.TypeCNAME {
			values = 1
		}
		h := head(owner, rrtype)
		for range values {
			z.records = append(z.records, drawData(r, h, z))
		}
	}
	return z
}

var drawTypes = []uint16{dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeAAAA, dns.TypeCAA, dns.TypeCNAME, dns.TypeCNAME, dns.TypeCNAME, dns.TypeMX, dns.TypeMX, dns.TypeNS, dns.TypeNS, dns.TypeSRV, dns.TypeTXT}

var drawLabels = []string{"a", "b", "c", "d", "ns1", "mail", "www", "*", "_tcp", `odd\.dot`, `\000\255`, `sp\ ace`, `qu\"ote`, "xn--mnchen-3ya", strings.Repeat("x", 63)}

func drawName(r *rand.Rand, below string) string {
	labels := r.IntN(4)
	for i := range labels {
		label := drawLabels[r.IntN(len(drawLabels))]
		if label == "*" && i < labels-1 && r.IntN(4) > 0 {
			label = "a"
		}
		below = label + "." + below
	}
	return below
}

func drawData(r *rand.Rand, h dns.RR_Header, z drawn) dns.RR {
	host := func() string {
		switch r.IntN(8) {
		case 0:
			return "mail.example.net."
		case 1:
			return "."
		case 2:
			return drawName(r, "z1.test.")
		case 3, 4:
			return drawName(r, z.origin)
		}
		return z.owners[r.IntN(len(z.owners))]
	}
	switch h.Rrtype {
	case dns.TypeA:
		return &dns.A{Hdr: h, A: []byte{192, 0, 2, byte(r.IntN(256))}}
	case dns.TypeAAAA:
		return &dns.AAAA{Hdr: h, AAAA: []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(r.IntN(256))}}
	case dns.TypeCAA:
		return &dns.CAA{Hdr: h, Flag: uint8(r.IntN(256)), Tag: []string{"issue", "issuewild", "iodef", "x9"}[r.IntN(4)], Value: drawText(r, 60)}
	case dns.TypeCNAME:
		return &dns.CNAME{Hdr: h, Target: host()}
	case dns.TypeMX:
		return &dns.MX{Hdr: h, Preference: uint16(r.IntN(1 << 16)), Mx: host()}
	case dns.TypeNS:
		return &dns.NS{Hdr: h, Ns: host()}
	case dns.TypeSRV:
		return &dns.SRV{Hdr: h, Priority: uint16(r.IntN(1 << 16)), Weight: uint16(r.IntN(1 << 16)), Port: uint16(r.IntN(1 << 16)), Target: host()}
	}
	var texts []string
	for range 1 + r.IntN([]int{2, 2, 2, 16}[r.IntN(4)]) {
		texts = append(texts, drawText(r, 255))
	}
	return &dns.TXT{Hdr: h, Txt: texts}
}

// drawText draws up to so many bytes, each of any value, in the library's spelling.
func drawText(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		fmt.Fprintf(&b, `\%03d`, r.IntN(256))
	}
	return b.String()
}

// drawQuestion draws one about a zone: what is there, what is not, and what is
// next to it.
func drawQuestion(r *rand.Rand, z drawn) *dns.Msg {
	name := z.owners[r.IntN(len(z.owners))]
	label := drawLabels[r.IntN(len(drawLabels))]
	switch r.IntN(9) {
	case 0:
		name = drawName(r, z.origin)
	case 1:
		name = label + "." + name
	case 2:
		name = "nothing." + label + "." + name
	case 3:
		if next, end := dns.NextLabel(name, 0); !end {
			name = label + "." + name[next:] // its neighbour; above the apex too
		}
	case 4:
		if next, end := dns.NextLabel(name, 0); !end {
			name = name[next:]
		}
	}
	if name = strings.Replace(name, "*.", "w.", r.IntN(2)); len(name) > 240 {
		name = z.origin
	}
	if r.IntN(3) == 0 {
		b := []byte(name)
		for i := range b {
			if b[i] >= 'a' && b[i] <= 'z' && r.IntN(2) == 0 {
				b[i] -= 'a' - 'A'
			}
		}
		name = string(b)
	}
	m := new(dns.Msg).SetQuestion(name, []uint16{dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeCAA, dns.TypeCNAME, dns.TypeMX, dns.TypeNS, dns.TypeSRV, dns.TypeTXT,
		dns.TypeSOA, dns.TypeANY, dns.TypeANY, dns.TypeDS, dns.TypePTR, dns.TypeHTTPS, dns.TypeRRSIG, 65280}[r.IntN(17)])
	m.RecursionDesired = r.IntN(2) == 0
	m.CheckingDisabled = r.IntN(8) == 0
	if size := []uint16{0, 0, 100, 512, 1232, 4096}[r.IntN(6)]; size > 0 {
		m.SetEdns0(size, r.IntN(4) == 0)
	}
	return m
}
