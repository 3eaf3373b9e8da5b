package schema

import (
	"net/url"
	"slices"
	"strings"
)

// data checks the values of an RRset by their type.
func (v *validator) data(set *RRset) {
	switch set.Type {
	case TypeAAAA:
		for i, value := range set.Values {
			if d, ok := value.Data.(AAAA); ok && d.Addr.Is4In6() {
				v.sense("aaaa-mapped", set.Values[i:i+1], "%s is an IPv4 address mapped into IPv6, which no host is reached by: write an A record with %s", d.Addr, d.Addr.Unmap())
			}
		}
	case TypeMX:
		for i, value := range set.Values {
			if d, ok := value.Data.(MX); ok && d.Exchange == Root() && len(set.Values) > 1 {
				v.sense("null-mx", set.Values[i:i+1], "the null MX of %s says that it takes no mail, and stands beside others (RFC 7505 section 3): keep it alone, or remove it", set.Name.Display())
			}
		}
	case TypeCAA:
		for i, value := range set.Values {
			if d, ok := value.Data.(CAA); ok {
				v.caa(d, set.Values[i:i+1])
			}
		}
	case TypeTXT:
		v.texts(set)
	}
}

// The CAA properties that IANA has registered and that are in use
// (https://www.iana.org/assignments/pkix-parameters, CAA Properties).
var caaTags = []string{"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuevmc", "issuemail"}

func (v *validator) caa(d CAA, values []Value) {
	if !slices.Contains(caaTags, d.Tag) {
		v.sense("caa-tag", values, "the CAA tag %q is not registered, and no authority knows it: write one of %s", d.Tag, strings.Join(caaTags, ", "))
	}
	if d.Tag == "iodef" {
		u, err := url.Parse(d.Value)
		if err != nil || !slices.Contains([]string{"mailto", "http", "https"}, u.Scheme) || u.Opaque == "" && u.Host == "" {
			v.sense("caa-iodef", values, "the CAA iodef value %q is no URL: write mailto:, http: or https: and the address", d.Value)
		}
	}
}

// texts checks TXT values: their bytes, and what mail servers read in them.
func (v *validator) texts(set *RRset) {
	var spf, dmarc []Value
	for i, value := range set.Values {
		d, ok := value.Data.(TXT)
		if !ok {
			continue
		}
		one := set.Values[i : i+1]
		v.bytes(set.Name, d.Text, one)
		lower := strings.ToLower(d.Text)
		switch {
		case strings.HasPrefix(lower, "v=spf1"):
			spf = append(spf, value)
			v.spf(d.Text, one)
		case set.Name.Label() == "_dmarc" && strings.HasPrefix(strings.TrimLeft(lower, " "), "v=dmarc"):
			dmarc = append(dmarc, value)
			v.dmarc(d.Text, one)
		case strings.HasPrefix(lower, "v=dkim1") || set.Name.Parent().Label() == "_domainkey":
			v.dkim(d.Text, one)
		}
	}
	if len(spf) > 1 {
		v.sense("spf-several", spf, "%s has %d SPF records, so that receivers hold all of them to be wrong (RFC 7208 section 4.5): join them into one", set.Name.Display(), len(spf))
	}
	if len(dmarc) > 1 {
		v.sense("dmarc-several", dmarc, "%s has %d DMARC records, so that receivers follow none (RFC 7489 section 6.6.3): keep one", set.Name.Display(), len(dmarc))
	}
}

// bytes checks a text for what is there by mistake.
func (v *validator) bytes(owner Name, text string, values []Value) {
	switch i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }); {
	case text == "":
		v.sense("txt-empty", values, "the TXT value of %s is empty: give it a text, or remove it", owner.Display())
	case i >= 0 && text[i] == '\n':
		v.sense("txt-control", values, "the text of %s holds a line feed, as a YAML block (| or >) adds one: write it on one line, or with >-", owner.Display())
	case i >= 0:
		v.sense("txt-control", values, "the text of %s holds the control byte 0x%02x: remove it", owner.Display(), text[i])
	case len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"':
		v.sense("txt-quotes", values, "the text of %s begins and ends with quotes, which would be part of it: write %s without them", owner.Display(), text[1:len(text)-1])
	}
}

// dkim checks a DKIM key record (RFC 6376 section 3.6.1).
func (v *validator) dkim(text string, values []Value) {
	for tag := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(tag), "=")
		if strings.TrimSpace(name) == "p" && strings.ContainsAny(strings.TrimSpace(value), " \t") {
			v.sense("dkim-blank", values, "the DKIM key after p= holds a blank, as a text copied in pieces does: remove it")
		}
	}
}
