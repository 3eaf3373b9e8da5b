package schema

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// ParseData reads data in presentation form with absolute names, the form
// that [Data].String writes and that plans carry: one line without comments
// or parentheses.
func ParseData(t Type, presentation string) (Data, error) {
	if !t.Managed() {
		return nil, fmt.Errorf("the type %q is none that zoneherd manages", t)
	}
	if !oneLine(presentation) {
		return nil, fmt.Errorf("the data %s is not well formed for %s: it holds a line break, comment or parenthesis outside quotes", excerpt(presentation), t)
	}
	if t == TypeCAA {
		return parseCAA(presentation)
	}
	rr, err := dns.NewRR(". 0 IN " + string(t) + " " + presentation)
	if err != nil {
		return nil, fmt.Errorf("the data %s is not well formed for %s: %w", excerpt(presentation), t, err)
	}
	if rr == nil || rr.Header().Rrtype != dns.StringToType[string(t)] {
		return nil, fmt.Errorf("the data %s is not well formed for %s", excerpt(presentation), t)
	}
	return dataOf(rr)
}

// oneLine reports whether text has none of what a master file reads as more or
// less than one line of data (RFC 1035 section 5.1).
func oneLine(text string) bool {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '\n' || c == '\r':
			return false
		case !quoted && (c == ';' || c == '(' || c == ')'):
			return false
		}
	}
	return true
}

// parseCAA reads CAA data in presentation form. Its value is one string that
// may be longer than the character strings of other types (RFC 8659 section
// 4.1.1), for which miekg/dns has no room.
func parseCAA(presentation string) (Data, error) {
	flags, rest, _ := strings.Cut(strings.Trim(presentation, " \t"), " ")
	tag, value, ok := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	value = strings.TrimLeft(value, " \t")
	if inner, quoted := strings.CutPrefix(value, `"`); quoted {
		value, ok = strings.CutSuffix(inner, `"`)
	} else {
		ok = ok && value != "" && !strings.ContainsAny(value, " \t")
	}
	text, err := unescape(value)
	if err != nil || !ok || unescapedQuote(value) {
		return nil, fmt.Errorf(`the data %s is not well formed for CAA: write flags, tag and one quoted value, such as 0 issue "letsencrypt.org"`, excerpt(presentation))
	}
	return ParseCAA(flags, tag, text)
}

// unescapedQuote reports whether a text holds a quotation mark that no
// backslash escapes.
func unescapedQuote(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return true
		}
	}
	return false
}

// dataOf converts what miekg/dns has parsed.
func dataOf(rr dns.RR) (Data, error) {
	switch rr := rr.(type) {
	case *dns.A:
		addr, ok := netip.AddrFromSlice(rr.A.To4())
		if !ok {
			return nil, fmt.Errorf("the data %q is no IPv4 address", rr.A)
		}
		return A{addr}, nil
	case *dns.AAAA:
		addr, ok := netip.AddrFromSlice(rr.AAAA.To16())
		if !ok {
			return nil, fmt.Errorf("the data %q is no IPv6 address", rr.AAAA)
		}
		return AAAA{addr}, nil
	case *dns.CNAME:
		n, err := ParseName(rr.Target)
		return CNAME{n}, err
	case *dns.MX:
		n, err := ParseName(rr.Mx)
		return MX{rr.Preference, n}, err
	case *dns.NS:
		n, err := ParseName(rr.Ns)
		return NS{n}, err
	case *dns.SRV:
		n, err := ParseName(rr.Target)
		return SRV{rr.Priority, rr.Weight, rr.Port, n}, err
	case *dns.TXT:
		var b strings.Builder
		for _, s := range rr.Txt {
			text, err := unescape(s)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
		}
		return TXT{b.String()}, nil
	}
	return nil, fmt.Errorf("the type %s is none that zoneherd manages", dns.TypeToString[rr.Header().Rrtype])
}

// unescape gives the bytes of a character string as miekg/dns keeps it.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		switch escapeLength(s[i:]) {
		case 4:
			n, err := strconv.ParseUint(s[i+1:i+4], 10, 8)
			if err != nil {
				return "", fmt.Errorf("the escape %q stands for no byte: %w", s[i:i+4], err)
			}
			b.WriteByte(byte(n))
			i += 3
		case 2:
			i++
			b.WriteByte(s[i])
		default:
			return "", fmt.Errorf(`the text %q has a backslash that begins no escape: write \DDD with three digits up to 255, or \X for the character X`, s)
		}
	}
	return b.String(), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
