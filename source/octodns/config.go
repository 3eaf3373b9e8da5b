package octodns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// config is octoDNS's configuration, as far as it says what zones hold.
type config struct {
	providers  map[string]*provider
	processors map[string]*processor
	zones      []*zone // in the order of the file
	global     []source.Node
	post       []source.Node
	find       func(directory string) (source.Path, error)
	problems   *schema.Problems
	said       map[string]bool // what each zone would have said again
}

// provider is an entry of providers:. What it says is read once a zone is to be
// read from it, since most are only written to.
type provider struct {
	source.Member
	class string
	read  bool
	yaml  *yamlProvider // nil for what does not read YAML files
	bad   bool          // what is wrong with it has been told
}

// yamlProvider is a YamlProvider, with octoDNS's defaults.
type yamlProvider struct {
	directory      source.Node
	ttl            schema.TTL
	replace        bool   // populate_should_replace
	extension      string // split_extension; "": zones are not split
	shared         string
	noZoneFile     bool
	plainSemicolon bool // escaped_semicolons: false
	ignoreMissing  bool

	dir     source.Path              // where directory has been found
	unasked map[schema.Name][]string // see passedOver
}

// zone is an entry of zones:, or what a dynamic one has brought.
type zone struct {
	key     string // as it is written; begins with * for a dynamic one
	name    schema.Name
	at      schema.Position
	node    source.Node
	sources []source.Node
	given   []from // where there is no configuration
	alias   source.Node
	lenient bool
}

const (
	yamlClass  = "octodns.provider.yaml.YamlProvider"
	splitClass = "octodns.provider.yaml.SplitYamlProvider"
)

// readConfig reads a configuration; nil where nothing can be read of it.
func readConfig(file source.Path, find func(string) (source.Path, error), problems *schema.Problems) *config {
	root, ok := source.ReadNode(file, problems)
	if !ok {
		return nil
	}
	c := &config{providers: map[string]*provider{}, processors: map[string]*processor{}, find: find, problems: problems, said: map[string]bool{}}
	at := root.At()
	if !root.Get("providers").IsMapping() || !root.Get("zones").IsMapping() {
		at.Line, at.Column = 1, 1
		if problems.Count(schema.Error) > 0 {
			return nil
		}
		c.fail(at, "config", "this is no configuration of octoDNS's, which has providers: and zones: as mappings: give its configuration, or the directory of its zone files")
		return nil
	}
	for _, m := range root.Members() {
		switch m.Key {
		case "providers":
			for _, p := range m.Members() {
				c.providers[p.Key] = &provider{Member: p, class: p.Get("class").Text()}
			}
		case "processors":
			for _, p := range m.Members() {
				c.processors[p.Key] = &processor{name: p.Key, at: p.At, node: p.Node}
			}
		case "zones":
			for _, z := range m.Members() {
				c.zone(z)
			}
		case "manager":
			c.manager(m)
		case "secret_handlers", "validators", "plan_outputs":
			c.note(m.At, "key", "%s is left out: it says nothing about what zones hold", m.Key)
		default: // where people keep what they have anchors on
			c.note(m.At, "key", "%s is no part of octoDNS's configuration and is passed over", m.Key)
		}
	}
	return c
}

func (c *config) fail(at schema.Position, rule, format string, args ...any) {
	c.problems.Add(schema.Error, at, rule, format, args...)
}

func (c *config) warn(at schema.Position, rule, format string, args ...any) {
	c.once(schema.Warning, at, rule, fmt.Sprintf(format, args...))
}

func (c *config) note(at schema.Position, rule, format string, args ...any) {
	c.once(schema.Notice, at, rule, fmt.Sprintf(format, args...))
}

func (c *config) once(severity schema.Severity, at schema.Position, rule, message string) {
	if key := at.String() + message; !c.said[key] {
		c.said[key] = true
		c.problems.Add(severity, at, rule, "%s", message)
	}
}

// manager reads what is said to octoDNS as a whole.
func (c *config) manager(m source.Member) {
	var others []string
	for _, s := range m.Members() {
		switch s.Key {
		case "processors":
			c.global = s.List()
		case "post_processors":
			c.post = s.List()
		case "include_meta":
			if isTrue(s.Node) {
				c.warn(s.At, "meta", "include_meta is left out: delete the TXT records octodns-meta that are live, as a plan will want to")
			}
		case "auto_arpa":
			if isTrue(s.Node) || s.IsMapping() {
				c.warn(s.At, "auto-arpa", "auto_arpa is left out, since %s", source.Instead("PTR"))
			}
		default:
			others = append(others, s.Key)
		}
	}
	if len(others) > 0 {
		c.note(m.At, "manager", "left out, since it is about how octoDNS runs: %s", strings.Join(others, ", "))
	}
}

// load reads what a provider says.
func (c *config) load(p *provider) {
	if p.read {
		return
	}
	p.read = true
	if p.class != yamlClass && p.class != splitClass {
		return
	}
	before := c.problems.Count(schema.Error)
	y := &yamlProvider{ttl: 3600}
	p.yaml = y
	if p.class == splitClass {
		y.extension, y.noZoneFile = ".", true
	}
	for _, s := range p.Members() {
		y.set(c, p, s)
	}
	kind, variable, _ := strings.Cut(y.directory.Text(), "/")
	switch {
	case y.directory.IsNull():
		c.fail(p.At, "directory", "the provider %s has no directory: say where its files are", p.Key)
	case kind == "env":
		variable, _, _ = strings.Cut(variable, "/")
		c.fail(y.directory.At(), "secret", "the directory of the provider %s is in the environment variable %s, which is not looked up: write it here", p.Key, variable)
	default:
		var err error
		if y.dir, err = c.find(y.directory.Text()); err != nil {
			c.fail(y.directory.At(), "directory", "the provider %s: %v", p.Key, err)
		}
	}
	p.bad = c.problems.Count(schema.Error) > before
}

// set reads one setting of a YamlProvider.
func (y *yamlProvider) set(c *config, p *provider, s source.Member) {
	if kind, name, ok := strings.Cut(s.Text(), "/"); ok && kind == "env" && s.Key != "directory" {
		name, _, _ = strings.Cut(name, "/") // behind which a default may stand
		c.fail(s.Node.At(), "secret", "%s of the provider %s is in the environment variable %s, which is not looked up: write its value here", s.Key, p.Key, name)
		return
	}
	split := p.class == splitClass
	switch {
	case s.Key == "directory":
		y.directory = s.Node
	case s.Key == "default_ttl":
		ttl, err := schema.ParseTTL(s.Text())
		if err != nil {
			c.fail(s.Node.At(), "ttl", "%v", err)
			return
		}
		y.ttl = ttl
	case s.Key == "populate_should_replace":
		y.replace = c.boolean(s)
	case s.Key == "extension" && split, s.Key == "split_extension" && !split:
		if y.extension = s.Text(); y.extension == "false" || y.extension == "False" {
			y.extension = ""
		}
		if y.extension != "" && !strings.HasPrefix(y.extension, ".") {
			c.fail(s.Node.At(), "split", "%s is %q: one that does not begin with a dot is not supported", s.Key, y.extension)
		}
	case s.Key == "shared_filename":
		if y.shared = s.Text(); y.shared == "false" || y.shared == "False" {
			y.shared = ""
		}
	case s.Key == "disable_zonefile" && !split:
		y.noZoneFile = c.boolean(s)
	case s.Key == "escaped_semicolons":
		y.plainSemicolon = !s.IsNull() && !c.boolean(s)
	case s.Key == "ignore_missing_zones":
		y.ignoreMissing = c.boolean(s)
	case slices.Contains([]string{"class", "enforce_order", "order_mode", "supports_root_ns", "split_catchall", "strict_supports"}, s.Key):
	default:
		c.warn(s.At, "key", "%s of the provider %s is not known here and is left out: look whether the zones depend on it", s.Key, p.Key)
	}
}

// boolean reads a setting as PyYAML does.
func (c *config) boolean(s source.Member) bool {
	switch strings.ToLower(s.Text()) {
	case "true", "yes", "on":
		return true
	case "false", "no", "off", "":
		return false
	}
	c.fail(s.Node.At(), "kind", "%s is true or false, not %q", s.Key, s.Text())
	return false
}

func isTrue(n source.Node) bool {
	return slices.Contains([]string{"true", "yes", "on"}, strings.ToLower(n.Text()))
}

// zone reads an entry of zones:.
func (c *config) zone(m source.Member) {
	z := &zone{key: m.Key, at: m.At, node: m.Node}
	if !strings.HasPrefix(m.Key, "*") {
		if z.name = c.zoneName(m.At, m.Key); z.name.IsZero() {
			return
		}
		for _, other := range c.zones {
			if other.name == z.name {
				c.fail(m.At, "duplicate-zone", "the zone %s stands here twice: keep one", z.name.Display())
				return
			}
		}
	}
	if !m.IsMapping() {
		c.fail(m.At, "kind", "the zone %s is a mapping with sources: and targets:", m.Key)
		return
	}
	for _, s := range m.Members() {
		switch s.Key {
		case "sources":
			z.sources = s.List()
		case "alias":
			z.alias = s.Node
		case "lenient":
			z.lenient = c.boolean(s)
		case "targets":
			if len(s.List()) == 0 {
				c.warn(s.At, "targets", "the zone %s has no targets, so that octoDNS writes it nowhere: it is imported all the same, unless --zone leaves it out", m.Key)
			}
		case "update_pcent_threshold", "delete_pcent_threshold":
			guard := map[byte]string{'u': "max-updates", 'd': "max-deletes"}[s.Key[0]]
			c.note(s.At, "guards", "%s of %s is left out: guards: {%s: N} in zoneherd.yaml is such a bound, in percent, for every zone", s.Key, m.Key, guard)
		case "processors", "glob", "regex", "ignore_subzone_adds": // read where they are needed
		case "validators", "always-dry-run":
			c.note(s.At, "key", "%s of %s is left out: it is about how octoDNS runs", s.Key, m.Key)
		default:
			c.warn(s.At, "key", "%s of the zone %s is not known here and is left out: look whether its records depend on it", s.Key, m.Key)
		}
	}
	c.zones = append(c.zones, z)
}

// zoneName reads a zone's name; zero where it is none, which has been told.
func (c *config) zoneName(at schema.Position, text string) schema.Name {
	if !strings.HasSuffix(text, ".") {
		c.fail(at, "zone-name", "the zone %q has no dot at its end, without which octoDNS takes no zone: write %s.", text, text)
		return schema.Name{}
	}
	name, err := schema.ParseName(text)
	if err == nil && (name == schema.Root() || strings.Contains(text, "*")) {
		err = fmt.Errorf("%q is no name that a zone has here", text)
	}
	if err != nil {
		c.fail(at, "zone-name", "%v", err)
		return schema.Name{}
	}
	return name
}
