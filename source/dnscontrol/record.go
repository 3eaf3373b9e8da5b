package dnscontrol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// recordKeys are the keys that every record may have, and that are either read
// or another spelling of what is.
var recordKeys = []string{
	"type", "name", "ttl", "target", "meta", "filepos", "subdomain",
	"name_raw", "name_unicode", "comparable", "zonfefilepartial", "fields",
}

// typeKeys are the keys that belong to one type.
var typeKeys = map[schema.Type][]string{
	schema.TypeMX:  {"mxpreference"},
	schema.TypeSRV: {"srvpriority", "srvweight", "srvport"},
	schema.TypeCAA: {"caaflag", "caatag"},
	schema.TypeTXT: {"txtstrings"},
}

// record reads one record; ok is false where it is of no use, which has been told.
func (r *reader) record(n *node, zone schema.Name) (k schema.Key, v schema.Value, ok bool) {
	typ, label := schema.Type(n.get("type").text()), n.get("name").text()
	what := fmt.Sprintf("%s %s", label, typ)
	if pos := strings.Trim(n.get("filepos").text(), "[]"); pos != "" {
		what += " (dnsconfig.js " + pos + ")"
	}
	if !typ.Managed() {
		r.warn(n.at, "unsupported", "%s is left out: %s", what, source.Instead(typ))
		return k, v, false
	}
	owner, err := schema.ParseOwner(label, zone)
	if err != nil {
		r.fail(n.at, "owner", "%s: %v", what, err)
		return k, v, false
	}
	ttl := DefaultTTL
	if text := n.get("ttl").text(); text != "" {
		if ttl, err = schema.ParseTTL(text); err != nil {
			r.fail(n.get("ttl").at, "ttl", "%s: %v", what, err)
			return k, v, false
		}
	}
	data, err := value(n, typ)
	if err != nil {
		at := n.at
		if t := n.get("target"); t != nil {
			at = t.at
		}
		r.fail(at, strings.ToLower(string(typ)), "%s: %v", what, err)
		return k, v, false
	}
	r.extras(n, typ, what)
	return schema.Key{Name: owner, Type: typ}, schema.Value{Data: data, TTL: ttl, Position: r.places.at(n.at)}, true
}

// extras reports what a record that is carried over says besides.
func (r *reader) extras(n *node, typ schema.Type, what string) {
	for _, m := range n.object {
		switch {
		case m.key == "meta":
			for _, meta := range m.object {
				r.meta(meta, what)
			}
		case slices.Contains(recordKeys, m.key), slices.Contains(typeKeys[typ], m.key):
		case m.text() == "" && len(m.list) == 0 && len(m.object) == 0, m.text() == "0":
		default:
			r.warn(m.at, "key", "%s: %s is left out, since %s has no such part: look whether it matters", what, m.key, typ)
		}
	}
	if typ == schema.TypeTXT && strings.ContainsRune(n.get("target").text(), utf8.RuneError) {
		r.warn(n.at, "txt", "%s holds the character U+FFFD, which JSON puts in the place of bytes that are no Unicode: compare it with what is live", what)
	}
}

func (r *reader) meta(m member, what string) {
	switch {
	case strings.HasPrefix(m.key, "dnscontrol_"):
	case m.key == "cloudflare_proxy" && strings.EqualFold(m.text(), "off"):
	case m.key == "cloudflare_proxy":
		r.warn(m.at, "proxy", "%s is carried over as the address or name behind Cloudflare's proxy, which there is none of here: decide whether it may be public", what)
	default:
		r.warn(m.at, "meta", "%s: %s is left out, since it is a setting of the provider's: set it at the service if it has one", what, m.key)
	}
}

// value reads a record's data.
func value(n *node, typ schema.Type) (schema.Data, error) {
	target := n.get("target").text()
	switch typ {
	case schema.TypeA:
		addr, err := schema.ParseIPv4(target)
		return schema.A{Addr: addr}, err
	case schema.TypeAAAA:
		addr, err := schema.ParseIPv6(target)
		return schema.AAAA{Addr: addr}, err
	case schema.TypeTXT:
		if parts := n.get("txtstrings"); parts != nil && len(parts.list) > 0 { // before DNSControl 4
			target = ""
			for _, p := range parts.list {
				target += p.text()
			}
		}
		return wrap(schema.ParseText(target))
	case schema.TypeCAA:
		return wrap(schema.ParseCAA(cmp.Or(n.get("caaflag").text(), "0"), n.get("caatag").text(), target))
	}
	host, err := hostOf(target)
	if err != nil {
		return nil, err
	}
	var bad error
	number := func(key string) uint16 {
		v, err := schema.ParseNumber(key, cmp.Or(n.get(key).text(), "0"))
		if bad == nil {
			bad = err
		}
		return v
	}
	var data schema.Data
	switch typ {
	case schema.TypeCNAME:
		data = schema.CNAME{Target: host}
	case schema.TypeNS:
		data = schema.NS{Host: host}
	case schema.TypeMX:
		data = schema.MX{Preference: number("mxpreference"), Exchange: host}
	case schema.TypeSRV:
		data = schema.SRV{Priority: number("srvpriority"), Weight: number("srvweight"), Port: number("srvport"), Target: host}
	}
	return data, bad
}

func wrap[D schema.Data](d D, err error) (schema.Data, error) { return d, err }

// hostOf reads a host, which DNSControl has made absolute by the time that it prints.
func hostOf(text string) (schema.Name, error) {
	if !strings.HasSuffix(text, ".") {
		return schema.Name{}, fmt.Errorf("the target %q has no trailing dot, so that DNSControl has not worked it out: print without --raw", text)
	}
	return schema.ParseName(text)
}
