package octodns

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// expand puts the zones that are there in place of the dynamic entries, whose
// names begin with *: each zone belongs to the first entry that wants it, and
// to its own where it has one.
func (c *config) expand() {
	known := map[schema.Name]bool{}
	for _, z := range c.zones {
		known[z.name] = true
	}
	var out []*zone
	for _, z := range c.zones {
		if !strings.HasPrefix(z.key, "*") {
			out = append(out, z)
			continue
		}
		wanted, err := selector(z.node)
		if err != nil {
			c.fail(z.at, "dynamic", "the dynamic zone %s: %v", z.key, err)
			continue
		}
		for _, key := range c.listed(z) {
			if !wanted(key) {
				continue
			}
			name := c.zoneName(z.at, key)
			if name.IsZero() || known[name] {
				continue
			}
			known[name] = true
			found := *z
			found.key, found.name = key, name
			out = append(out, &found)
		}
	}
	c.zones = out
}

// selector tells which zones a dynamic entry wants, of names with their
// trailing dots.
func selector(n source.Node) (func(string) bool, error) {
	pattern, what := "", "regex"
	if glob := n.Get("glob").Text(); glob != "" {
		pattern, what = globPattern(glob), "glob"
	} else if pattern = n.Get("regex").Text(); pattern == "" {
		return func(string) bool { return true }, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("its %s cannot be read here (%v): write the zones out that it stands for", what, err)
	}
	return re.MatchString, nil
}

// globPattern is a glob of Python's fnmatch as a regular expression.
func globPattern(glob string) string {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteByte('.')
		case '[':
			end := i + 1
			if end < len(glob) && glob[end] == '!' {
				end++
			}
			if end < len(glob) && glob[end] == ']' {
				end++
			}
			close := strings.IndexByte(glob[min(end, len(glob)):], ']')
			if close < 0 {
				b.WriteString(`\[`)
				continue
			}
			class := glob[i+1 : end+close]
			i = end + close
			b.WriteByte('[')
			if rest, not := strings.CutPrefix(class, "!"); not {
				b.WriteByte('^')
				class = rest
			}
			b.WriteString(strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(class))
			b.WriteByte(']')
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	b.WriteByte('$')
	return b.String()
}

// listed gives the zones that the sources of a dynamic entry have, in order.
func (c *config) listed(z *zone) []string {
	var keys []string
	files := z.sources
	if len(files) > 1 { // others have no zones of their own, as the zones tell
		files = slices.DeleteFunc(slices.Clone(files), func(n source.Node) bool {
			p := c.providers[n.Text()]
			return p != nil && p.class != yamlClass && p.class != splitClass
		})
	}
	for _, p := range c.from(&zone{key: z.key, at: z.at, sources: files}) {
		for _, key := range p.yaml.list() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// list gives the zones of a directory by the files and directories that are
// named after them.
func (y *yamlProvider) list() map[string]string {
	entries, err := fs.ReadDir(y.dir.Tree.FS, y.dir.Name)
	if err != nil {
		return nil // which reading a zone tells
	}
	out := map[string]string{}
	for _, e := range entries {
		info, err := fs.Stat(y.dir.Tree.FS, y.in(e.Name()))
		if err != nil {
			continue
		}
		switch name := e.Name(); {
		case info.IsDir() && y.extension != "" && strings.HasSuffix(name, y.extension):
			out[name] = name[:len(name)-len(y.extension)+1]
		case info.Mode().IsRegular() && !y.noZoneFile && strings.HasSuffix(name, ".yaml") && strings.Count(name, ".") > 1:
			out[name] = strings.TrimSuffix(name, "yaml")
		}
	}
	return out
}
