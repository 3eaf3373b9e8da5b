package masterfile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// Head is what a master file has and a zone of zoneherd's lacks.
type Head struct {
	// Comment is what the file begins with, a line each.
	Comment []string
	SOA     SOA
	// NS are the name servers of a zone that declares none at its apex, without
	// which no server loads it.
	NS []schema.Name
}

// Write writes a zone as a master file (RFC 1035 section 5), a line for each
// record: the apex first, the most common TTL at the top, names of the zone
// relative to it and all others absolute. Data that could not be read
// ([schema.Opaque]) has no place in it.
func Write(z *schema.Zone, h Head) []byte {
	var out bytes.Buffer
	for _, line := range h.Comment {
		fmt.Fprintf(&out, "; %s\n", strings.Map(printable, line))
	}
	ttl := source.CommonTTL(z, schema.DefaultTTL)
	fmt.Fprintf(&out, "$ORIGIN %s\n$TTL %d\n", z.Name, ttl)
	w := &writer{out: &out, zone: z.Name, ttl: ttl, width: ownerWidth(z)}
	w.record(z.Name, ttl, "SOA", h.SOA.String())
	if z.RRset(schema.Key{Name: z.Name, Type: schema.TypeNS}) == nil {
		for _, ns := range h.NS {
			w.record(z.Name, ttl, schema.TypeNS, ns.String())
		}
	}
	for i := range z.RRsets {
		for _, v := range z.RRsets[i].Values {
			w.record(z.RRsets[i].Name, v.TTL, z.RRsets[i].Type, v.Data.String())
		}
	}
	return out.Bytes()
}

// maxOwnerWidth bounds the column of the owner names, which longer ones overrun.
const maxOwnerWidth = 24

func ownerWidth(z *schema.Zone) int {
	width := 1
	for i := range z.RRsets {
		width = max(width, min(len(ownerText(z.RRsets[i].Name, z.Name)), maxOwnerWidth))
	}
	return width
}

// ownerText is an owner name as it begins a line, where $ would begin a directive.
func ownerText(n, zone schema.Name) string {
	if text := n.Relative(zone); text[0] != '$' {
		return text
	}
	return `\` + n.Relative(zone)
}

type writer struct {
	out   *bytes.Buffer
	zone  schema.Name
	ttl   schema.TTL
	width int
}

func (w *writer) record(owner schema.Name, ttl schema.TTL, typ schema.Type, data string) {
	given := ""
	if ttl != w.ttl {
		given = fmt.Sprint(ttl)
	}
	fmt.Fprintf(w.out, "%-*s %6s IN %-5s %s\n", w.width, ownerText(owner, w.zone), given, typ, data)
}

// printable keeps a comment on its line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == '\ufffd' {
		return ' '
	}
	return r
}
