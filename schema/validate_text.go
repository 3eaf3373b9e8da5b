package schema

import (
	"fmt"
	"strings"
)

// texts checks the bytes of TXT data for what is most likely not meant, and
// gives the values that are sound, to be read further.
func (c *checker) texts(s *RRset) (sound []Value) {
	for i, v := range s.Values {
		d, ok := v.Data.(TXT)
		if !ok {
			continue
		}
		at, name := s.Values[i:i+1], s.Name.Display()
		switch control := strings.IndexFunc(d.Text, func(r rune) bool { return r < ' ' || r == 0x7f }); {
		case d.Text == "":
			c.sense(at, nil, "txt-empty", "%s TXT is empty: give it a text, or remove it", name)
		case control >= 0:
			c.sense(at, nil, "txt-control", "%s TXT holds %s at byte %d: %s", name, controlName(d.Text[control]), control+1, controlRemedy(d.Text[control]))
		case len(d.Text) > 1 && d.Text[0] == '"' && d.Text[len(d.Text)-1] == '"':
			c.sense(at, nil, "txt-quotes", "%s TXT begins and ends with a quotation mark that would be part of the text: write %s",
				name, excerpt(unquoted(d.Text)))
		default:
			sound = append(sound, v)
		}
	}
	return sound
}

// controlName names a control byte.
func controlName(b byte) string {
	switch b {
	case 0:
		return "a NUL"
	case '\n':
		return "a line feed"
	case '\r':
		return "a carriage return"
	case '\t':
		return "a tab"
	}
	return fmt.Sprintf("the control byte 0x%02x", b)
}

func controlRemedy(b byte) string {
	if b == '\n' {
		return "write it on one line, and a YAML block with |- or >-, since | and > add one at the end"
	}
	return "take it out"
}

// unquoted gives what a text in quotation marks most likely means: the strings
// of a master file joined, else the text between the outer marks.
func unquoted(text string) string {
	if d, err := ParseData(TypeTXT, text); err == nil {
		if t, ok := d.(TXT); ok {
			return t.Text
		}
	}
	return text[1 : len(text)-1]
}

// excerpt quotes a text for a message, in part if it is long.
func excerpt(text string) string {
	const most = 100
	if len(text) > most {
		return quote(text[:most]) + "…"
	}
	return quote(text)
}

// dkim checks DKIM keys (RFC 6376 section 3.6.1): many verifiers take no white
// space inside the key, where copying from a web page leaves it.
func (c *checker) dkim(owner Name, values []Value) {
	for i, v := range values {
		text := v.Data.(TXT).Text
		if !strings.Contains(owner.String(), "._domainkey.") && !strings.HasPrefix(text, "v=DKIM1") {
			continue
		}
		for tag := range strings.SplitSeq(text, ";") {
			name, value, _ := strings.Cut(tag, "=")
			if strings.TrimSpace(name) == "p" && strings.ContainsAny(strings.TrimSpace(value), " \t\r\n") {
				c.sense(values[i:i+1], nil, "dkim-blank", "%s TXT has white space inside its DKIM key p=, as a text copied in pieces has, and not every verifier reads that: take it out", owner.Display())
			}
		}
	}
}
