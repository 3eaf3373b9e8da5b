package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

func (p *program) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what would have to be written to make live equal to the files",
		ArgsUsage: "[PATH…]",
		Flags: join(fileFlags(), liveFlags(), planFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "offline", Usage: "compare --base with the files alone: no live side, no token"},
			&cli.StringFlag{Name: "out", Usage: "save the plan in `FILE`, for apply to carry out"},
			&cli.StringFlag{Name: "resolver", Usage: "for --check-delegation: look nameservers up at the resolver at `ADDR`", DefaultText: "the machine's own"},
		}),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			r, err := p.makePlan(c, m)
			if err != nil {
				return err
			}
			if r.live != nil {
				defer r.live.close()
			}
			if err := r.show(c); err != nil {
				return err
			}
			if err := r.save(c); err != nil {
				return err
			}
			switch {
			case r.plan.Refused():
				return status(exitRefused)
			case r.plan.Pending() && c.Bool("detailed-exitcode"):
				return status(exitChanges)
			}
			return nil
		},
	}
}

// planned is a plan with all that it was made from.
type planned struct {
	*program
	desired     *desired
	base        *base // nil: a two-way plan
	live        *live // nil where the plan is made offline
	plan        *plan.Plan
	options     plan.Options
	concurrency int
}

// makePlan reads both sides and compares them. The caller closes the live side.
func (p *program) makePlan(c *cli.Context, m *messages) (_ *planned, err error) {
	if err := checkFormats(c); err != nil {
		return nil, err
	}
	if err := checkSandbox(c); err != nil {
		return nil, err
	}
	shard, err := shardOf(c)
	if err != nil {
		return nil, err
	}
	d, err := p.desired(c)
	r, err := p.begin(c, m, d, err)
	if err != nil {
		return nil, err
	}
	if r.base, err = readBase(c, m); err != nil {
		return nil, err
	}
	if r.base != nil {
		r.options = r.base.strictest(r.options)
		r.options.Loosened = r.base.loosened(d)
	}
	undeclared := r.base.undeclared(d, shard)
	defer func() {
		if r.plan != nil {
			r.plan.Undeclared = undeclared
		}
	}()
	if err := r.onlyChanged(c); err != nil {
		return nil, err
	}
	d.selectShard(shard) // of head alone: where a zone of base is now is for head to say
	if c.Bool("offline") {
		if err := r.offline(); err != nil {
			return nil, err
		}
		return r, r.checkDelegation(c)
	}
	history, err := r.history(c, m)
	if err != nil {
		return nil, err
	}
	surplus := d.config.CountSurplus
	if b := r.base; b != nil && b.desired != nil && b.desired.config.CountSurplus != surplus {
		m.say("record-count-surplus differs from the base's and does not count before it is merged")
		surplus = -1
	}
	if r.live, err = p.live(c, m, surplus); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.live.close()
		}
	}()
	asked := r.live.asking(c.Context, r.wantsIdentity())
	inputs, unmanaged, err := r.inputs(c, history)
	asked()
	if err != nil {
		return nil, err
	}
	for i := range inputs {
		inputs[i].Base = r.base.of(inputs[i].Desired.Name)
	}
	r.plan = plan.New(inputs, unmanaged, r.options)
	if err := r.checkDelegation(c); err != nil {
		return nil, err
	}
	if err := r.guardIdentity(c, m); err != nil {
		return nil, err
	}
	if !d.selected { // what is not live has not become unmanaged
		undeclared = slices.DeleteFunc(undeclared, func(n schema.Name) bool { return !slices.Contains(unmanaged, n) })
	}
	return r, nil
}

// begin tells what is wrong with the files, and takes up the settings. d and err
// are what reading the files has given.
func (p *program) begin(c *cli.Context, m *messages, d *desired, err error) (*planned, error) {
	if d != nil {
		m.problems(d.problems)
	}
	if err != nil {
		return nil, err
	}
	if d.problems.Err() != nil {
		return nil, mistakes(d)
	}
	r := &planned{program: p, desired: d}
	if r.options, err = d.planOptions(c); err != nil {
		return nil, err
	}
	if r.concurrency, err = d.concurrency(c); err != nil {
		return nil, err
	}
	return r, nil
}

// inputs are the zones as both sides have them; without a live side as git has
// them alone. unmanaged are the live zones that no file declares.
func (r *planned) inputs(c *cli.Context, history *source.History) (inputs []plan.Input, unmanaged []schema.Name, err error) {
	zones := r.desired.zones
	if r.live == nil {
		inputs = make([]plan.Input, len(zones))
		for i := range inputs {
			inputs[i].Desired = &zones[i]
		}
	} else {
		bar := r.progress("reading zones", len(zones))
		inputs, unmanaged, err = r.live.inputs(c.Context, r.desired, r.concurrency, bar.step)
		bar.end()
	}
	for i := range inputs {
		if history != nil {
			inputs[i].Owned = history.Declared(inputs[i].Desired.Name)
		}
	}
	return inputs, unmanaged, err
}

// checkDelegation asks, with --check-delegation, the nameservers that the plan
// delegates to.
func (r *planned) checkDelegation(c *cli.Context) error {
	if !c.Bool("check-delegation") {
		return nil
	}
	at, err := resolver(c)
	if err != nil {
		return err
	}
	return verify.CheckPlan(c.Context, r.plan, verify.Options{Resolver: at})
}

// shardOf is the part of the zones that --shard selects.
func shardOf(c *cli.Context) (plan.Shard, error) {
	if !c.IsSet("shard") {
		return plan.Shard{}, nil
	}
	shard, err := plan.ParseShard(c.String("shard"))
	if err != nil {
		return shard, usage("--shard: %v", err)
	}
	return shard, nil
}

// mistakes ends a run whose files have mistakes, which have been told.
func mistakes(d *desired) error {
	n := d.problems.Count(schema.Error)
	if n == 1 {
		return fmt.Errorf("the files have a mistake, and nothing was written")
	}
	return fmt.Errorf("the files have %d mistakes, and nothing was written", n)
}

func (r *planned) about() report.About {
	about := report.About{Commit: r.desired.commit.Hash, Dirty: r.desired.commit.Dirty, Live: "nothing live (offline)"}
	if r.live != nil {
		about.Live = r.live.about
	}
	if r.base != nil {
		about.Base = r.base.commit
	}
	about.Files = filesURL(about.Commit, r.desired.commit.Dir)
	return about
}

// filesURL is where a directory of a commit can be looked at, from what
// Actions sets; empty elsewhere.
func filesURL(commit, dir string) string {
	server, repository := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_REPOSITORY")
	if commit == "" || server == "" || repository == "" {
		return ""
	}
	return server + "/" + path.Join(repository, "blob", commit, dir) + "/"
}

// show prints the plan and writes the reports asked for.
func (r *planned) show(c *cli.Context) error {
	if err := r.write(r.stdout, c.String("format"), r.style()); err != nil {
		return err
	}
	for _, file := range c.StringSlice("report") {
		f, err := os.Create(file)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		b := bufio.NewWriter(f)
		err = r.write(b, reportFormat(file), report.Style{})
		if ferr := b.Flush(); err == nil {
			err = ferr
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("write the report %s: %w", file, err)
		}
	}
	return nil
}

func (r *planned) write(w io.Writer, format string, style report.Style) error {
	switch format {
	case "json":
		return report.JSON(w, report.NewDocument(r.plan, r.about()))
	case "markdown":
		return report.Markdown(w, report.NewDocument(r.plan, r.about()), report.MarkdownOptions{Limit: report.SummaryLimit})
	case "html":
		return report.HTML(w, report.NewDocument(r.plan, r.about()))
	}
	return report.Text(w, r.plan, r.about(), style)
}

// reportFormat is the format that a file's ending asks for; empty for none.
func reportFormat(file string) string {
	switch filepath.Ext(file) {
	case ".json":
		return "json"
	case ".md":
		return "markdown"
	case ".html":
		return "html"
	case ".txt":
		return "text"
	}
	return ""
}

// checkFormats refuses formats that there are not, before anything is done.
func checkFormats(c *cli.Context) error {
	if f := c.String("format"); !slices.Contains([]string{"text", "markdown", "html", "json"}, f) {
		return usage("--format is text, markdown, html or json, not %q", f)
	}
	for _, file := range c.StringSlice("report") {
		if reportFormat(file) == "" {
			return usage("--report %s: the name of a report ends in .txt, .md, .html or .json, which says how it is written", file)
		}
	}
	return nil
}
