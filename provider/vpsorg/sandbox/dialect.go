package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dialect is how the server answers where the documentation leaves it open.
// The zero Dialect is the documented way throughout.
type Dialect struct{ set map[string]string }

// settings are all there are, in the order in which a dialect is printed.
func settings() []setting {
	return []setting{
		{key: "list", choices: []string{"bare", "pages", "link"}},
		{key: "page-size", kind: "number"},
		{key: "next", choices: []string{"absolute", "http", "internal"}},
		{key: "names", choices: []string{"at", "relative", "fqdn", "dot"}},
		{key: "hosts", choices: []string{"plain", "dot"}},
		{key: "case", choices: []string{"lower", "mixed"}},
		{key: "txt", choices: []string{"bare", "quoted", "chunks"}},
		{key: "srv", choices: []string{"split", "joined"}},
		{key: "mx", choices: []string{"split", "joined"}},
		{key: "apex", choices: []string{"hidden", "listed"}},
		{key: "count", choices: []string{"listed", "all", "none"}},
		{key: "type-change", choices: []string{"allowed", "refused"}},
		{key: "cname", choices: []string{"strict", "loose"}},
		{key: "slash", choices: []string{"redirect", "missing"}},
		{key: "filter", choices: []string{"exact", "ignored"}},
		{key: "patch", choices: []string{"allowed", "refused"}},
		{key: "fields", choices: []string{"full", "sparse"}},
		{key: "domain", choices: []string{"plain", "dot", "unicode"}},
		{key: "aaaa", choices: []string{"canonical", "long"}},
		{key: "errors", choices: []string{"documented", "detail", "fields", "html"}},
		{key: "handles", choices: []string{"uuid", "opaque"}},
		{key: "account", choices: []string{"shown", "missing", "forbidden"}},
		{key: "throttle", kind: "number"},
		{key: "latency", kind: "duration"},
		{key: "deploy-delay", kind: "duration"},
	}
}

// DialectKeys describes what a dialect can say, a KEY=CHOICES each, the
// documented choice first.
func DialectKeys() []string {
	var out []string
	for _, s := range settings() {
		out = append(out, s.usage())
	}
	return out
}

// ParseDialect reads a comma-separated list such as "list=pages,txt=quoted".
func ParseDialect(list string) (Dialect, error) {
	set, err := parseList("dialect", settings(), list)
	return Dialect{set}, err
}

// String is the list that [ParseDialect] reads.
func (d Dialect) String() string { return printList(settings(), d.set) }

func (d Dialect) get(key string) string { return d.set[key] }

func (d Dialect) number(key string) int {
	n, _ := strconv.Atoi(d.set[key]) // checked by ParseDialect; 0 where unset
	return n
}

func (d Dialect) duration(key string) time.Duration {
	t, _ := time.ParseDuration(d.set[key])
	return t
}

func (d Dialect) refusesTypeChange() bool { return d.get("type-change") == "refused" }

// Dialects lists every dialect that differs from the documented way in one
// choice, each with what it needs to show.
func Dialects() []string {
	var all []string
	for _, s := range settings() {
		if s.kind != "" {
			continue
		}
		for _, choice := range s.choices[1:] {
			d := s.key + "=" + choice
			if s.key == "next" {
				d = "list=pages,page-size=7," + d
			}
			if d == "list=pages" || d == "list=link" {
				d += ",page-size=7"
			}
			if d == "count=none" {
				d = "list=pages," + d
			}
			if d == "count=all" {
				// A surplus where a page seems cut off can only be told by a person.
				d += ",apex=hidden"
			}
			all = append(all, d)
		}
	}
	return all
}

// RandomDialect draws a combination in which every setting is used.
func RandomDialect(r *rand.Rand) string {
	var parts []string
	pages := true
	for _, s := range settings() {
		switch s.key {
		case "throttle", "latency", "deploy-delay":
			continue
		case "page-size":
			if pages {
				parts = append(parts, fmt.Sprintf("page-size=%d", 3+r.IntN(60)))
			}
			continue
		}
		choice := s.choices[r.IntN(len(s.choices))]
		if s.key == "list" {
			pages = choice != "bare"
		}
		if s.key == "count" && choice == "none" && !slices.Contains(parts, "list=pages") {
			choice = "listed" // without a count a bare list never says its end
		}
		parts = append(parts, s.key+"="+choice)
	}
	return strings.Join(parts, ",")
}
