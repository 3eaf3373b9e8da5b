package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// base is what git said at the merge base, under base's own configuration.
type base struct {
	commit  string
	desired *desired // nil where base has no zone files
	options plan.Options
	zones   map[schema.Name]*schema.Zone
	unknown map[schema.Name]bool // zones whose files could not be read whole
	broken  bool                 // some file could not be read at all, whichever zone it was
}

// readBase reads the base of --base; nil without.
func readBase(c *cli.Context, m *messages) (*base, error) {
	revision := c.String("base")
	if revision == "" {
		if c.Bool("offline") {
			return nil, usage("--offline compares with --base, and none is given")
		}
		return nil, nil
	}
	if strings.Trim(revision, "0") == "" { // what a first push names
		m.say("there is no base, as on the first push of a branch, so that nothing is compared with it")
		return nil, nil
	}
	head := c.String("ref")
	if head == "" {
		head = "HEAD"
	}
	tree, err := source.OpenMergeBase(".", head, revision)
	if err != nil {
		return nil, err
	}
	return baseAt(c, tree, m.say)
}

// baseAt is what git said at a commit.
func baseAt(c *cli.Context, tree *source.CommitTree, say func(string, ...any)) (*base, error) {
	b := &base{commit: tree.Commit().Hash, zones: map[schema.Name]*schema.Zone{}, unknown: map[schema.Name]bool{}}
	d, err := desiredAt(c, &place{tree: tree}, c.Args().Slice())
	if d == nil && c.NArg() > 0 && errors.Is(err, fs.ErrNotExist) {
		// What is read here may have been elsewhere: base says where.
		if own, ownErr := desiredAt(c, &place{tree: tree}, nil); own != nil {
			say("the base %s does not have what is read here, so its own zone files are compared with", b.commit[:12])
			d, err = own, ownErr
		}
	}
	if d == nil {
		// Only what is certainly not there is new. A path that base lacks may
		// have been renamed; then base is unknown, and nothing counts as new.
		switch {
		case errors.Is(err, errNoZonesHere):
			say("the base %s has no zone files: all that the files declare is new", b.commit[:12])
		case errors.Is(err, fs.ErrNotExist):
			say("the base %s does not have what is read here, so it gives no causes, and nothing is deleted, or has to be gone, for its sake: %v", b.commit[:12], err)
			b.broken = true
		default:
			return nil, fmt.Errorf("read the base %s: %w", b.commit[:12], err)
		}
		return b, nil
	}
	b.desired = d
	bad := map[string]bool{}
	for _, p := range d.problems {
		if p.Severity == schema.Error {
			bad[p.Position.File] = true
		}
	}
	if n := d.problems.Count(schema.Error); n > 0 {
		say("the base %s has mistakes of its own (%d): where its files cannot be read, it says nothing", b.commit[:12], n)
	}
	read := map[string]bool{}
	for i := range d.zones {
		b.zones[d.zones[i].Name] = &d.zones[i]
		for _, file := range d.zones[i].Files {
			read[file] = true
			b.unknown[d.zones[i].Name] = b.unknown[d.zones[i].Name] || bad[file]
		}
	}
	for file := range bad {
		b.broken = b.broken || !read[file]
	}
	b.options, err = d.planOptions(c)
	return b, err
}

// of is what base says of a zone.
func (b *base) of(name schema.Name) *plan.Base {
	if b == nil {
		return nil
	}
	z := b.zones[name]
	return &plan.Base{Zone: z, Unknown: b.unknown[name] || z == nil && b.broken, Options: b.options}
}

// strictest takes the stricter of base's and head's guards: a change does not
// loosen what it is judged by.
func (b *base) strictest(o plan.Options) plan.Options {
	stricter := func(x, y int) int {
		if x == 0 {
			x = plan.DefaultThreshold
		}
		if y == 0 {
			y = plan.DefaultThreshold
		}
		return min(x, y)
	}
	o.MaxDeletes = stricter(o.MaxDeletes, b.options.MaxDeletes)
	o.MaxUpdates = stricter(o.MaxUpdates, b.options.MaxUpdates)
	if m := b.options.MaxZones; m > 0 && (o.MaxZones == 0 || m < o.MaxZones) {
		o.MaxZones = m
	}
	o.NoLastGuard = o.NoLastGuard && b.options.NoLastGuard
	return o
}

// onlyChanged keeps, with --changed, the zones that differ from base.
func (r *planned) onlyChanged(c *cli.Context) error {
	if !c.Bool("changed") {
		return nil
	}
	if c.String("base") == "" {
		return usage("--changed selects what differs from --base, and none is given")
	}
	r.desired.selectChanged(r.base)
	return nil
}

// loosened are the settings of the configuration by which head protects less.
func (b *base) loosened(head *desired) []plan.Loosening {
	if b.desired == nil {
		return nil
	}
	var out []plan.Loosening
	for _, l := range head.config.Loosened(b.desired.config, plan.DefaultThreshold) {
		out = append(out, plan.Loosening(l))
	}
	return out
}

// undeclared are the zones of a shard that base declares and head does not.
func (b *base) undeclared(head *desired, shard plan.Shard) []schema.Name {
	if b == nil {
		return nil
	}
	has := make(map[schema.Name]bool, len(head.zones))
	for i := range head.zones {
		has[head.zones[i].Name] = true
	}
	var out []schema.Name
	for name, z := range b.zones {
		if !has[name] && z.State == schema.Present && shard.Holds(name, head.declared) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, schema.Name.Compare)
	return out
}

// offline makes the plan with base in the place of the live side.
func (r *planned) offline() error {
	if r.base == nil {
		return usage("--offline compares with --base, and there is none")
	}
	var inputs []plan.Input
	for i := range r.desired.zones {
		z := &r.desired.zones[i]
		in := plan.Input{Desired: z, Base: r.base.of(z.Name)}
		if in.Base.Unknown {
			in.LiveErr = fmt.Errorf("its files could not be read whole at the base %s, so that there is nothing to compare with offline", r.base.commit[:12])
		} else if in.Base.Zone != nil && in.Base.Zone.State == schema.Present {
			in.Live = asLive(in.Base.Zone, r.options.ManageApexNS)
		}
		inputs = append(inputs, in)
	}
	options := r.options
	if options.Prune == plan.PruneOwned {
		options.Prune = plan.PruneAll // all that base declares is git's own
	}
	r.plan = plan.New(inputs, nil, options)
	return nil
}

// asLive is a zone as it would be live if it were as git says.
func asLive(z *schema.Zone, manageApexNS bool) *schema.LiveZone {
	l := &schema.LiveZone{Handle: "base", Name: z.Name}
	for _, s := range z.RRsets {
		if s.Key == (schema.Key{Name: z.Name, Type: schema.TypeNS}) && !manageApexNS {
			continue // as a service that does not list them
		}
		for _, v := range s.Values {
			l.Records = append(l.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprintf("base-%d", len(l.Records))), Name: s.Name, TTL: v.TTL, Data: v.Data})
		}
	}
	return l
}
