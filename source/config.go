package source

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/lint"
)

// ConfigFile is the configuration's name in the working directory.
const ConfigFile = "zoneherd.yaml"

// Config is the configuration file of a repository of zones. Unset keys are
// zero; what they default to is said at each.
type Config struct {
	// Zones are the files and directories to read, relative to the tree's root;
	// nil where the file does not say.
	Zones          []Path
	DefaultTTL     schema.TTL // 0: schema.DefaultTTL
	DefaultTTLSet  bool
	Prune          string // "all", "owned" or "none"; "": all
	Ignore         []Ignore
	IgnoreDefaults bool // true unless the file says false
	ManageApexNS   bool
	Lenient        bool
	Unsupported    bool   // skip-unsupported
	OctoDNSTarget  string // which target of `included` and `excluded` this is
	// CountSurplus is by how much the service's record_count exceeds the
	// records it lists; -1: not known.
	CountSurplus int
	Account      string // whose token it has to be; "": anybody's
	MaxZones     int    // how many zones one run may change; 0: any number
	Concurrency  int    // 0: the command's default
	MaxDeletes   int    // percent of a zone's RRsets; 0: the plan's default
	MaxUpdates   int
	NoLastGuard  bool   // the last MX, delegation or apex address may go
	Token        string // what a token that may do more than is needed is: "refuse", "warn" or "allow"; "": "warn"
	// NoAdvice are rules of package lint that are not asked for.
	NoAdvice []string
	// Digest names the content of the file, whatever it means; empty for none.
	Digest string
	// Positions tells where each key is set, by its name.
	Positions map[string]schema.Position
}

// Ignore selects live records that are never touched; empty parts select
// everything.
type Ignore struct {
	Name     string // a glob
	Types    []schema.Type
	Value    string // a glob
	Position schema.Position
}

// configKeys are the keys of the configuration, in the order of the README.
var configKeys = []string{
	"zones", "default-ttl", "prune", "ignore", "ignore-defaults", "apex-ns", "lenient", "skip-unsupported",
	"octodns-target", "record-count-surplus", "account", "max-zones", "concurrency", "guards", "advice",
}

// guardKeys are the keys of `guards:`.
var guardKeys = []string{"max-deletes", "max-updates", "last", "token"}

// NoConfig is what holds where there is no configuration file.
func NoConfig() Config { return Config{IgnoreDefaults: true, CountSurplus: -1} }

// LoadConfig reads a configuration file. Its `zones:` are relative to the
// file's directory.
func LoadConfig(file Path) (Config, schema.Problems) {
	var problems schema.Problems
	text, err := readFile(file.Tree, file.Name)
	if err != nil {
		problems.Add(schema.Error, schema.Position{File: file.Shown()}, "file", "%v", err)
		return NoConfig(), problems
	}
	config := parseConfig(file, text, &problems)
	config.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256(text))
	problems.Sort()
	return config, problems
}

// parseConfig reads the text of a configuration file.
func parseConfig(file Path, text []byte, problems *schema.Problems) Config {
	c := NoConfig()
	d, ok := parse(file.Shown(), text, problems)
	if !ok || d.root == nil {
		return c
	}
	if d.root.Kind != yaml.MappingNode {
		d.problem(d.at(d.root), "kind", "the configuration is a mapping of settings, not a %s", kindName(d.root))
		return c
	}
	c.Positions = map[string]schema.Position{}
	for _, p := range d.pairs(d.root) {
		c.Positions[p.text] = d.at(p.key)
		c.set(d, file, p)
	}
	return c
}

// set reads one setting.
func (c *Config) set(d *document, file Path, p pair) {
	switch p.text {
	case "zones":
		c.Zones = []Path{}
		for _, n := range d.elements(p.value) {
			text, ok := d.scalar(n, "a path in zones")
			if !ok {
				continue
			}
			name := path.Join(path.Dir(file.Name), text)
			if path.IsAbs(text) || name == ".." || strings.HasPrefix(name, "../") {
				d.problem(d.at(n), "path", "%q leads out of the repository: name a file or directory inside", text)
				continue
			}
			c.Zones = append(c.Zones, Path{file.Tree, name})
		}
	case "default-ttl":
		if text, ok := d.scalar(p.value, p.text); ok {
			ttl, err := schema.ParseTTL(text)
			if err != nil {
				d.problem(d.at(p.value), "ttl", "%v", err)
				return
			}
			c.DefaultTTL, c.DefaultTTLSet = ttl, true
		}
	case "prune":
		c.Prune = d.oneOf(p, "all", "owned", "none")
	case "apex-ns":
		c.ManageApexNS = d.oneOf(p, "auto", "manage") == "manage"
	case "ignore":
		for _, n := range d.elements(p.value) {
			c.ignore(d, n)
		}
	case "ignore-defaults":
		c.IgnoreDefaults = true
		if v, ok := d.boolean(p); ok {
			c.IgnoreDefaults = v
		}
	case "lenient":
		c.Lenient, _ = d.boolean(p)
	case "skip-unsupported":
		c.Unsupported, _ = d.boolean(p)
	case "octodns-target":
		c.OctoDNSTarget, _ = d.scalar(p.value, p.text)
	case "account":
		c.Account, _ = d.scalar(p.value, p.text)
	case "record-count-surplus":
		c.CountSurplus = -1
		if n, ok := d.number(p, 1, 9); ok {
			c.CountSurplus = n
		}
	case "max-zones":
		c.MaxZones, _ = d.number(p, 1, 1_000_000)
	case "concurrency":
		c.Concurrency, _ = d.number(p, 1, 64)
	case "guards":
		if p.value.Kind != yaml.MappingNode {
			d.problem(d.at(p.value), "kind", "guards is a mapping, such as {max-deletes: 30}, not %s", d.describe(p.value))
			return
		}
		for _, g := range d.pairs(p.value) {
			c.Positions["guards."+g.text] = d.at(g.key)
			switch g.text {
			case "max-deletes":
				c.MaxDeletes, _ = d.number(g, 1, 100)
			case "max-updates":
				c.MaxUpdates, _ = d.number(g, 1, 100)
			case "last":
				c.NoLastGuard = d.oneOf(g, "refuse", "allow") == "allow"
			case "token":
				c.Token = d.oneOf(g, "warn", "refuse", "allow")
			default:
				d.problem(d.at(g.key), "unknown-key", "guards has no key %q: %s", g.text, didYouMean(g.text, guardKeys))
			}
		}
	case "advice":
		if p.value.Kind != yaml.MappingNode {
			d.problem(d.at(p.value), "kind", "advice is a mapping, such as {%s: false}, not %s", lint.DMARCRua, d.describe(p.value))
			return
		}
		for _, rule := range d.pairs(p.value) {
			switch given, ok := d.boolean(rule); {
			case !slices.Contains(lint.Rules(), rule.text):
				d.problem(d.at(rule.key), "unknown-key", "there is no advice %q: %s", rule.text, didYouMean(rule.text, lint.Rules()))
			case ok && !given:
				c.NoAdvice = append(c.NoAdvice, rule.text)
			}
		}
	case "endpoint":
		d.problem(d.at(p.key), "secret", "the endpoint is never set in a file of the repository, since a pull request could send the token elsewhere: use --endpoint or ZONEHERD_ENDPOINT")
	case "token", "token-file":
		d.problem(d.at(p.key), "secret", "a token never belongs in a file of the repository: take this line out, revoke a token that stood here, and use VPSORG_TOKEN or --token-file")
	default:
		d.problem(d.at(p.key), "unknown-key", "the configuration has no key %q: %s", p.text, didYouMean(p.text, configKeys))
	}
}

// ignore reads one entry of `ignore:`, a mapping or the glob of a name.
func (c *Config) ignore(d *document, n *yaml.Node) {
	entry := Ignore{Position: d.at(n)}
	if n.Kind != yaml.MappingNode {
		d.problem(d.at(n), "kind", `an entry of ignore is a mapping, such as {name: "_acme-challenge*", type: TXT}, not %s`, d.describe(n))
		return
	}
	for _, p := range d.pairs(n) {
		switch p.text {
		case "name", "value":
			text, ok := d.scalar(p.value, p.text)
			if !ok {
				return
			}
			if _, err := path.Match(text, ""); err != nil {
				d.problem(d.at(p.value), "glob", "the pattern %q is not well formed: close its bracket, or escape it with a backslash", text)
				return
			}
			if p.text == "name" {
				entry.Name = text
			} else {
				entry.Value = text
			}
		case "type":
			for _, e := range d.elements(p.value) {
				text, ok := d.scalar(e, "type")
				if !ok {
					return
				}
				typ := schema.Type(strings.ToUpper(text))
				if !typ.Managed() && !isOtherType(typ) {
					d.problem(d.at(e), "type", "there is no record type %q, so this would ignore nothing: %s", text, didYouMean(string(typ), managedTypes()))
					return
				}
				entry.Types = append(entry.Types, typ)
			}
		default:
			d.problem(d.at(p.key), "unknown-key", "an entry of ignore has no key %q: %s", p.text, didYouMean(p.text, []string{"name", "type", "value"}))
			return
		}
	}
	if entry.Name == "" && entry.Types == nil && entry.Value == "" {
		d.problem(d.at(n), "empty", "this entry of ignore selects everything: give it a name, a type or a value")
		return
	}
	c.Ignore = append(c.Ignore, entry)
}

// oneOf reads a setting with a fixed choice; "" where it is none of them.
func (d *document) oneOf(p pair, choice ...string) string {
	text, ok := d.scalar(p.value, p.text)
	if !ok {
		return ""
	}
	if !slices.Contains(choice, text) {
		d.problem(d.at(p.value), "choice", "%s is %s or %s, not %q", p.text, strings.Join(choice[:len(choice)-1], ", "), choice[len(choice)-1], text)
		return ""
	}
	return text
}

// number reads a whole number within bounds.
func (d *document) number(p pair, least, most int) (int, bool) {
	text, ok := d.scalar(p.value, p.text)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		d.problem(d.at(p.value), "number", "%s is a whole number from %d to %d, not %q", p.text, least, most, text)
		return 0, false
	}
	return n, true
}
