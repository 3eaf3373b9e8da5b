package report

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// fileURL is where a line of the commit can be looked at; ok is false where
// nowhere.
func (d *Document) fileURL(p schema.Position) (link string, ok bool) {
	base, err := url.Parse(d.Files)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || strings.HasPrefix(p.File, "/") {
		return "", false
	}
	var segments []string
	for segment := range strings.SplitSeq(p.File, "/") {
		segments = append(segments, url.PathEscape(segment))
	}
	u := base.JoinPath(segments...)
	if p.Line > 0 {
		u.Fragment = "L" + strconv.Itoa(p.Line)
	}
	return strings.NewReplacer("<", "%3C", ">", "%3E").Replace(u.String()), true
}
