package sandbox

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// input is the body of a create, replace or change. A pointer that is nil was
// not given.
type input struct {
	Type     *string `json:"record_type"`
	Name     *string `json:"name"`
	Value    *string `json:"value"`
	TTL      *int64  `json:"ttl"`
	Priority *int    `json:"priority"`
}

// check makes a record of the input, in the server's own canonical form.
func (in input) check(domain string) (Record, *apiError) {
	var r Record
	for _, f := range []struct {
		name  string
		value *string
	}{{"record_type", in.Type}, {"name", in.Name}, {"value", in.Value}} {
		if f.value == nil {
			return r, invalid(f.name, "This field is required.")
		}
	}
	r.Type = strings.ToUpper(*in.Type)
	if !slices.Contains([]string{"A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA"}, r.Type) {
		return r, invalid("record_type", fmt.Sprintf("%q is not a valid choice.", *in.Type))
	}
	var err *apiError
	if r.Name, err = checkName(*in.Name, domain); err != nil {
		return r, err
	}
	r.TTL = 3600
	if in.TTL != nil {
		r.TTL = *in.TTL
	}
	if r.TTL < 0 || r.TTL > 1<<31-1 {
		return r, invalid("ttl", "Ensure this value is between 0 and 2147483647.")
	}
	r.Priority = in.Priority
	if r.Value, err = checkValue(&r, *in.Value); err != nil {
		return r, err
	}
	if r.Type == "MX" || r.Type == "SRV" {
		if r.Priority == nil {
			return r, invalid("priority", r.Type+" records require a priority value")
		}
		if *r.Priority < 0 || *r.Priority > 65535 {
			return r, invalid("priority", "Ensure this value is between 0 and 65535.")
		}
	} else {
		r.Priority = nil
	}
	return r, nil
}

// checkDomain gives a domain in lower-case A-labels without trailing dot.
func checkDomain(text string) (string, *apiError) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(text, "."))
	if err != nil {
		ascii = strings.TrimSuffix(text, ".")
	}
	ascii = strings.ToLower(ascii)
	if _, ok := dns.IsDomainName(ascii); !ok || ascii == "" || !strings.Contains(ascii, ".") || strings.ContainsAny(ascii, " \\\"/") {
		return "", invalid("domain", "Enter a valid domain name.")
	}
	return ascii, nil
}

// checkName gives a record's name relative to its zone.
func checkName(text, domain string) (string, *apiError) {
	name := strings.ToLower(text)
	name, absolute := strings.CutSuffix(name, ".")
	switch {
	case text == "@" || name == domain:
		return "@", nil
	case strings.HasSuffix(name, "."+domain):
		name = strings.TrimSuffix(name, "."+domain)
	case absolute:
		return "", invalid("name", "The name is not in this zone.")
	}
	if _, ok := dns.IsDomainName(name + "." + domain); !ok || name == "" || strings.ContainsAny(name, " \"\t\n") || !plainASCII(name) {
		return "", invalid("name", "Enter a valid record name.")
	}
	for i, label := range dns.SplitDomainName(name + ".") {
		if strings.Contains(label, "*") && (label != "*" || i > 0) {
			return "", invalid("name", "A wildcard is only allowed as the whole first label.")
		}
	}
	return name, nil
}

func plainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// checkHost gives a host in lower case without trailing dot; the root is ".".
func checkHost(text string) (string, *apiError) {
	host := strings.ToLower(text)
	if host == "." {
		return host, nil
	}
	host = strings.TrimSuffix(host, ".")
	_, isName := dns.IsDomainName(host)
	_, notAddr := netip.ParseAddr(host)
	if !isName || host == "" || notAddr == nil || !plainASCII(host) || strings.Contains(host, "..") {
		return "", invalid("value", "Enter a valid hostname.")
	}
	return host, nil
}

func checkValue(r *Record, text string) (string, *apiError) {
	switch r.Type {
	case "A":
		addr, err := netip.ParseAddr(text)
		if err != nil || !addr.Is4() {
			return "", invalid("value", "Enter a valid IPv4 address.")
		}
		return addr.String(), nil
	case "AAAA":
		addr, err := netip.ParseAddr(text)
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", invalid("value", "Enter a valid IPv6 address.")
		}
		return addr.String(), nil
	case "CNAME", "NS":
		return checkHost(text)
	case "MX":
		if p, host, ok := strings.Cut(text, " "); ok {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil {
				return "", invalid("value", "Enter a valid hostname.")
			}
			priority := int(n)
			r.Priority, text = &priority, host
		}
		return checkHost(text)
	case "SRV":
		return checkSRV(r, text)
	case "CAA":
		return checkCAA(text)
	}
	raw, ok := readText(text)
	if !ok || len(raw) > 65535 {
		return "", invalid("value", "Enter a valid text of at most 65535 bytes.")
	}
	return quoteText(raw), nil
}

func checkSRV(r *Record, text string) (string, *apiError) {
	parts := strings.Fields(text)
	if len(parts) == 4 {
		n, err := strconv.ParseUint(parts[0], 10, 16)
		if err != nil {
			return "", invalid("value", "Enter weight, port and target.")
		}
		priority := int(n)
		r.Priority, parts = &priority, parts[1:]
	}
	if len(parts) != 3 {
		return "", invalid("value", "Enter weight, port and target.")
	}
	for _, p := range parts[:2] {
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return "", invalid("value", "Ensure weight and port are between 0 and 65535.")
		}
	}
	host, err := checkHost(parts[2])
	return parts[0] + " " + parts[1] + " " + host, err
}

func checkCAA(text string) (string, *apiError) {
	rr, err := dns.NewRR(". IN CAA " + text)
	caa, ok := rr.(*dns.CAA)
	if err != nil || !ok || caa.Tag == "" || strings.ContainsFunc(caa.Tag, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "", invalid("value", "Enter flags, tag and a quoted value.")
	}
	return strconv.Itoa(int(caa.Flag)) + " " + strings.ToLower(caa.Tag) + ` "` + caa.Value + `"`, nil
}

// readText gives the bytes of a TXT value: of its quoted strings where it is
// nothing but complete quoted strings, else the value as it is.
func readText(text string) (string, bool) {
	var out strings.Builder
	i, stringsRead := 0, 0
	for i < len(text) {
		if text[i] == ' ' || text[i] == '\t' {
			i++
			continue
		}
		if text[i] != '"' || stringsRead > 0 && text[i-1] == '"' {
			return text, true
		}
		end, body, ok := readQuoted(text, i+1)
		if !ok {
			return text, true
		}
		out.WriteString(body)
		i, stringsRead = end, stringsRead+1
	}
	if stringsRead == 0 {
		return text, true
	}
	return out.String(), true
}

func readQuoted(text string, i int) (end int, body string, ok bool) {
	var b strings.Builder
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1, b.String(), true
		case '\\':
			if i+3 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
				n, err := strconv.ParseUint(text[i+1:i+4], 10, 8)
				if err != nil {
					return 0, "", false
				}
				b.WriteByte(byte(n))
				i += 3
				continue
			}
			i++
			if i == len(text) {
				return 0, "", false
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return 0, "", false
}

// quoteText gives bytes as one quoted string of any length.
func quoteText(raw string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '"', c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
