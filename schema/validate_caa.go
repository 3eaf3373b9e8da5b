package schema

import (
	"net/url"
	"slices"
	"strings"
)

// caaTags are the property tags that IANA registers (Certification Authority
// Restriction Properties), without those it marks as reserved.
func caaTags() []string {
	return []string{"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuevmc", "issuemail"}
}

// caa checks the properties of CAA records (RFC 8659).
func (c *checker) caa(s *RRset) {
	for i, v := range s.Values {
		d, ok := v.Data.(CAA)
		if !ok {
			continue
		}
		at := s.Values[i : i+1]
		switch {
		case !slices.Contains(caaTags(), d.Tag):
			c.sense(at, nil, "caa-tag", "%s CAA has the tag %q, which no certification authority knows: write one of %s",
				s.Name.Display(), d.Tag, strings.Join(caaTags(), ", "))
		case d.Tag == "iodef" && !reportURL(d.Value):
			c.sense(at, nil, "caa-iodef", "%s CAA iodef has %s, which is no URL to send reports to: write mailto:hostmaster@example.com, or an https:// address",
				s.Name.Display(), excerpt(d.Value))
		}
	}
}

// reportURL reports whether a text is a URL that RFC 8659 section 4.4 allows
// for reports.
func reportURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "mailto":
		return strings.Contains(u.Opaque, "@")
	case "http", "https":
		return u.Host != ""
	}
	return false
}
