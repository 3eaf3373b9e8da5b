package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/miekg/dns"
	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/verify"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

func (p *program) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "ask the zones' nameservers whether they answer what the files declare",
		ArgsUsage: "[PATH…]",
		Flags: join(fileFlags(), liveFlags(), []cli.Flag{
			&cli.StringFlag{Name: "base", Usage: "want gone what git declared at the merge base with the commit `REF` and declares no longer, too"},
			&cli.BoolFlag{Name: "changed", Usage: "only the zones whose files, includes or configuration differ from --base, each of them whole"},
			&cli.StringFlag{Name: "shard", Usage: "only the part I of N of the zones that are selected, as `I/N`"},
			&cli.StringFlag{Name: "prune", Usage: "whether there may be records that no file declares: `all|owned|none`"},
			&cli.IntFlag{Name: "concurrency", Usage: "at most `N` zones at once", DefaultText: "8"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "how the result is printed: `text|json`"},
		}, verifyFlags()),
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if err := textOrJSON(c); err != nil {
				return err
			}
			return p.verify(c, m)
		},
	}
}

// verifyFlags say whom to ask, and how.
func verifyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "nameserver", Usage: "ask the nameserver at `ADDR` (a host or an address, with or without a port) instead of those that the zones' NS records name (repeatable)"},
		&cli.StringFlag{Name: "resolver", Usage: "ask the resolver at `ADDR`, as users see the zones"},
		&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "wait so `LONG` for answers as declared"},
		&cli.IntFlag{Name: "query-rate", Value: 500, Usage: "put at most `N` questions a second to one nameserver"},
	}
}

func (p *program) verify(c *cli.Context, m *messages) error {
	shard, err := shardOf(c)
	if err != nil {
		return err
	}
	d, err := p.desired(c)
	r, err := p.begin(c, m, d, err)
	if err != nil {
		return err
	}
	if r.base, err = readBase(c, m); err != nil {
		return err
	}
	if left := r.base.undeclared(d, shard); len(left) > 0 {
		m.say("zones that git no longer declares stay live, and are not asked for: %s", report.Names(left, 10))
	}
	if err := r.onlyChanged(c); err != nil {
		return err
	}
	d.selectShard(shard)
	history, err := r.history(c, m)
	if err != nil {
		return err
	}
	if err := r.openIfAny(c, m); err != nil {
		return err
	}
	if r.live != nil {
		defer r.live.close()
	}
	inputs, _, err := r.inputs(c, history)
	if err != nil {
		return err
	}
	zones := make([]verify.Zone, len(inputs))
	for i, in := range inputs {
		if in.LiveErr != nil {
			m.warn("%s: what is served and not declared is seen in a zone transfer alone: %v", in.Desired.Name.Display(), in.LiveErr)
		}
		in.Base = r.base.of(in.Desired.Name)
		zones[i] = verify.Zone{Desired: in.Desired, Plan: r.options, Owned: in.Owned, Gone: verify.Extras(in, r.options)}
		switch {
		case in.Base == nil:
		case in.Base.Unknown:
			m.warn("%s: its files could not be read whole at the base %s, so what has to be gone since is not known", in.Desired.Name.Display(), r.base.commit[:12])
		case in.Base.Zone != nil:
			zones[i].Since(in, asLive(in.Base.Zone, true))
		}
	}
	opts, err := r.verifyOptions(c)
	if err != nil {
		return err
	}
	found, err := r.ask(c.Context, m, zones, opts)
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		err = report.NewVerification(found).WriteJSON(report.InertJSON(p.stdout))
	} else {
		err = report.VerificationText(p.stdout, found, p.style())
	}
	if err == nil && !found.OK() {
		err = status(exitPartly)
	}
	return err
}

// openIfAny opens the live side where there is a token for it: only what the
// service lists can be missed where it has to be gone.
func (r *planned) openIfAny(c *cli.Context, m *messages) (err error) {
	if err := checkSandbox(c); err != nil {
		return err
	}
	if !c.Bool("sandbox") && c.String("token-file") == "" && os.Getenv("VPSORG_TOKEN") == "" {
		m.say("there is no token, so what the API lists and no file declares is not known")
		return nil
	}
	r.live, err = r.program.live(c, m, r.desired.config.CountSurplus)
	return err
}

// ask asks the nameservers, and tells for which it waits.
func (r *planned) ask(ctx context.Context, m *messages, zones []verify.Zone, opts verify.Options) (*verify.Report, error) {
	opts.Progress = &verify.Progress{}
	bar := r.progress("verifying zones", len(zones), func() string {
		of := opts.Progress.Of.Load()
		if of == 0 {
			return "" // transfers, so far
		}
		return fmt.Sprintf(", %d of %s", opts.Progress.Asked.Load(), count(int(of), "RRset"))
	})
	var mu sync.Mutex
	waited := map[netip.AddrPort]bool{}
	opts.Observe = func(e verify.Event) {
		if e.Done {
			bar.step()
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if waited[e.Server.Addr] {
			return
		}
		waited[e.Server.Addr] = true
		what := string(e.Status)
		if e.Open > 0 {
			what = count(e.Open, "RRset") + " not as declared"
		}
		m.say("waiting for %s, up to %s: %s: %s", e.Server, opts.Timeout, e.Zone.Display(), what)
	}
	found, err := verify.Run(ctx, zones, opts)
	bar.end()
	return found, err
}

// verifyOptions are the flags about whom to ask.
func (r *planned) verifyOptions(c *cli.Context) (verify.Options, error) {
	opts := verify.Options{
		Timeout: c.Duration("timeout"), Rate: c.Int("query-rate"), Concurrency: r.concurrency,
		AskResolver: c.String("resolver") != "", Service: vpsorg.IsNameserver,
	}
	if opts.Timeout < 0 || opts.Rate < 1 {
		return opts, usage("--timeout is not negative, and --query-rate at least 1")
	}
	var err error
	if opts.Resolver, err = resolver(c); err != nil {
		return opts, err
	}
	nameservers := c.StringSlice("nameserver")
	if r.live != nil && r.live.own && len(nameservers) == 0 && !opts.AskResolver {
		nameservers = []string{r.live.dns}
	}
	for _, given := range nameservers {
		addrs, err := addresses(c.Context, given)
		if err != nil {
			return opts, usage("--nameserver %s: %v", given, err)
		}
		for _, addr := range addrs {
			host, _, err := net.SplitHostPort(given)
			if err != nil {
				host = given
			}
			if _, err := netip.ParseAddr(host); err == nil {
				host = ""
			}
			opts.Nameservers = append(opts.Nameservers, verify.Server{Host: host, Addr: addr})
		}
	}
	return opts, nil
}

// resolver is the one of --resolver, else the machine's first; none where there
// is none.
func resolver(c *cli.Context) (netip.AddrPort, error) {
	given := c.String("resolver")
	if given == "" {
		conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil || len(conf.Servers) == 0 {
			return netip.AddrPort{}, nil
		}
		given = net.JoinHostPort(conf.Servers[0], conf.Port)
	}
	addrs, err := addresses(c.Context, given)
	if err != nil {
		return netip.AddrPort{}, usage("--resolver %s: %v", given, err)
	}
	return addrs[0], nil
}

// addresses are those of a host or an address, with or without a port.
func addresses(ctx context.Context, given string) ([]netip.AddrPort, error) {
	const port = 53
	if addr, err := netip.ParseAddr(given); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr, port)}, nil
	}
	if addr, err := netip.ParseAddrPort(given); err == nil {
		return []netip.AddrPort{addr}, nil
	}
	host, service, err := net.SplitHostPort(given)
	if err != nil {
		host, service = given, "53"
	}
	if _, err := schema.ParseName(host); err != nil {
		return nil, fmt.Errorf("it is neither an address nor a host: %w", err)
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, fmt.Errorf("%q is no port", service)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.AddrPort
	for _, addr := range found {
		addrs = append(addrs, netip.AddrPortFrom(addr.Unmap(), uint16(n)))
	}
	if len(addrs) == 0 {
		return nil, errors.New("it has no address")
	}
	return addrs, nil
}
