package report

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// links leads from positions to where the commit's files can be looked at;
// empty leads nowhere.
type links string

// linksTo takes a URL that a browser only fetches: one with another scheme
// could run something.
func linksTo(files string) links {
	u, err := url.Parse(files)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return links(strings.TrimSuffix(u.String(), "/") + "/")
}

// url is where a position can be looked at; empty where nowhere. Neither the
// angle brackets of a link in Markdown nor quotes stand in it.
func (l links) url(p schema.Position) string {
	if l == "" || path.IsAbs(p.File) {
		return ""
	}
	parts := strings.Split(p.File, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	u, err := url.Parse(string(l))
	if err != nil {
		return ""
	}
	u = u.JoinPath(parts...)
	if p.Line > 0 {
		u.Fragment = fmt.Sprintf("L%d", p.Line)
	}
	return strings.NewReplacer("<", "%3C", ">", "%3E").Replace(u.String())
}

// place is a position and its URL, empty where there is none.
type place struct {
	Text inert
	URL  string
}

func (l links) place(p *schema.Position) place {
	if p == nil {
		return place{}
	}
	return place{quoted(p.String()), l.url(*p)}
}
