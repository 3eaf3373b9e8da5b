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

// place is a position and its URL, empty where there is none.
type place struct {
	Text inert
	URL  string
}

func (l links) place(p *schema.Position) place {
	if p == nil {
		return place{}
	}
	out := place{Text: quoted(p.String())}
	if l == "" || path.IsAbs(p.File) {
		return out
	}
	parts := strings.Split(p.File, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	out.URL = string(l) + strings.Join(parts, "/")
	if p.Line > 0 {
		out.URL += fmt.Sprintf("#L%d", p.Line)
	}
	return out
}
