package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// recordsOf are the records of an RRset in a section of an answer, and a CNAME
// that stands in its place.
func recordsOf(section []dns.RR, k schema.Key) []schema.LiveRecord {
	var records []schema.LiveRecord
	for _, rr := range section {
		r, ok := record(rr)
		if ok && r.Name == k.Name && (r.Data.Type() == k.Type || r.Data.Type() == schema.TypeCNAME) {
			records = append(records, r)
		}
	}
	return records
}

// record reads a record of a message. A name that is none of zoneherd's is not
// read; data that is not is opaque.
func record(rr dns.RR) (schema.LiveRecord, bool) {
	h := rr.Header()
	if h.Class != dns.ClassINET {
		return schema.LiveRecord{}, false
	}
	name, err := schema.ParseName(h.Name)
	if err != nil {
		return schema.LiveRecord{}, false
	}
	typ := schema.Type(dns.Type(h.Rrtype).String())
	text := strings.TrimPrefix(rr.String(), h.String())
	r := schema.LiveRecord{Name: name, TTL: schema.TTL(h.Ttl), Data: schema.Opaque{RRType: typ, Raw: text}}
	if caa, ok := rr.(*dns.CAA); ok { // whose value has no escapes
		r.Data = schema.CAA{Flags: caa.Flag, Tag: strings.ToLower(caa.Tag), Value: caa.Value}
	} else if typ.Managed() {
		if data, err := schema.ParseData(typ, text); err == nil {
			r.Data = data
		}
	}
	return r, true
}

// A zone transfer has at most so many records and takes at most so long.
const (
	maxTransfer  = 2_000_000
	transferTime = time.Minute
)

// transfer has the whole zone transferred (RFC 5936). An error means that the
// nameserver has to be asked one by one, most likely since it allows no transfer.
func (v *visit) transfer(ctx context.Context) ([]schema.LiveRecord, error) {
	if v.zone.Only != nil || v.server.Resolver {
		return nil, errors.New("not all of the zone is asked for")
	}
	ctx, cancel := context.WithTimeout(ctx, transferTime)
	defer cancel()
	dialer := net.Dialer{Timeout: v.asker.wait}
	conn, err := dialer.DialContext(ctx, "tcp", v.server.Addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	t := &dns.Transfer{Conn: &dns.Conn{Conn: conn}, ReadTimeout: v.asker.wait}
	envelopes, err := t.In(new(dns.Msg).SetAxfr(v.zone.Desired.Name.String()), v.server.Addr.String())
	if err != nil {
		return nil, err
	}
	var records []schema.LiveRecord
	serials := map[uint32]bool{}
	var failed error
	for e := range envelopes { // to its end, or its sender waits for ever
		if failed == nil {
			failed = e.Error
		}
		for _, rr := range e.RR {
			if soa, ok := rr.(*dns.SOA); ok {
				serials[soa.Serial] = true
				v.report.Serial = soa.Serial
				continue
			}
			r, ok := record(rr)
			if !ok {
				continue // no name that zoneherd could write
			}
			if records = append(records, r); len(records) > maxTransfer {
				_ = conn.Close()
				failed = fmt.Errorf("it transfers more than %d records", maxTransfer)
			}
		}
	}
	if failed == nil && len(serials) != 1 {
		failed = errors.New("the zone changed while it was transferred")
	}
	return records, failed
}
