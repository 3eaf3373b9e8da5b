package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// live is the live side of a run.
type live struct {
	provider.Provider
	about    string // in words
	endpoint string // as saved plans name it
	close    func() error

	own bool   // a sandbox in this process, whose token is its own
	dns string // where that answers DNS; empty unless it is to be verified

	asked *whose // once it has been asked for
}

// live opens the live side: the API, or a sandbox in this process. surplus is
// the configuration's record-count-surplus.
func (p *program) live(c *cli.Context, m *messages, surplus int) (*live, error) {
	opts := vpsorg.Options{Version: p.version, Logger: m.logger(), RecordCountSurplus: surplus}
	if err := checkSandbox(c); err != nil {
		return nil, err
	}
	if c.Bool("sandbox") {
		if c.String("endpoint") != "" {
			return nil, usage("--endpoint and --sandbox stand side by side: the sandbox has its own endpoint")
		}
		listener, server, err := p.startSandbox(c, m)
		if err != nil {
			return nil, err
		}
		stop := listener.Close
		dns := ""
		if c.Bool("verify") || c.Command.Name == "verify" {
			answers, err := listenDNS(server, m, "127.0.0.1:0")
			if err != nil {
				return nil, errors.Join(err, stop())
			}
			dns = answers.Addr
			stop = func() error { return errors.Join(answers.Close(), listener.Close()) }
		}
		opts.Endpoint, opts.Token = listener.URL, vpsorg.Token(server.Token())
		client, err := vpsorg.New(opts)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		about := "a sandbox on this machine"
		if file := c.String("sandbox-state"); file != "" {
			about += " (" + file + ")"
		}
		return &live{Provider: client, about: about, endpoint: "sandbox", own: true, dns: dns, close: func() error { client.Close(); return stop() }}, nil
	}
	token, err := readToken(c)
	if err != nil {
		return nil, err
	}
	opts.Endpoint, opts.Token = c.String("endpoint"), token
	client, err := vpsorg.New(opts)
	if err != nil {
		return nil, err
	}
	return &live{Provider: client, about: client.Endpoint(), endpoint: client.Endpoint(), close: func() error { client.Close(); return nil }}, nil
}

// checkSandbox refuses options of a sandbox that is not asked for: neither the
// sandbox nor the real service may be taken by mistake.
func checkSandbox(c *cli.Context) error {
	for _, flag := range []string{"sandbox-live", "sandbox-state", "sandbox-dialect", "sandbox-fault"} {
		if c.String(flag) != "" && !c.Bool("sandbox") {
			return usage("--%s (or %s) is for a sandbox: give --sandbox too, or take it away", flag, environmentName(flag))
		}
	}
	return nil
}

// readToken reads the token from its file or variable.
func readToken(c *cli.Context) (vpsorg.Token, error) {
	if strings.Contains(os.Getenv("GODEBUG"), "http2debug") {
		return "", errors.New("GODEBUG=http2debug would print the token with each request: take it away")
	}
	file := c.String("token-file")
	if file == "" {
		if t := strings.TrimSpace(os.Getenv("VPSORG_TOKEN")); t != "" {
			return vpsorg.Token(t), nil
		}
		return "", errors.New("there is no token: make one at https://admin.vps.org/account/developers/ and set VPSORG_TOKEN or use --token-file, or try things out with --sandbox")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	t := strings.TrimSpace(string(text))
	if t == "" || strings.ContainsAny(t, "\r\n") {
		return "", fmt.Errorf("the token file %s holds no token on one line", file)
	}
	return vpsorg.Token(t), nil
}

// startSandbox starts the sandbox of --sandbox.
func (p *program) startSandbox(c *cli.Context, m *messages) (*sandbox.Listener, *sandbox.Server, error) {
	server, err := newSandbox(c, m, "sandbox-")
	if err != nil {
		return nil, nil, err
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start the sandbox: %w", err), server.Close())
	}
	return listener, server, nil
}

// newSandbox makes a sandbox server, as the flags with a prefix say. With a
// state file that holds zones already, it goes on from there; else it begins
// with the zone files of live.
func newSandbox(c *cli.Context, m *messages, prefix string) (*sandbox.Server, error) {
	dialect, err := sandbox.ParseDialect(c.String(prefix + "dialect"))
	if err != nil {
		return nil, usage("%v", err)
	}
	faults, err := sandbox.ParseFaults(c.String(prefix + "fault"))
	if err != nil {
		return nil, usage("%v", err)
	}
	server, err := sandbox.New(sandbox.Options{Dialect: dialect, Faults: faults, StateFile: c.String(prefix + "state")})
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	dir := c.String(prefix + "live")
	if dir == "" || len(server.Snapshot()) > 0 {
		return server, nil
	}
	zones, err := loadForSandbox(c, m, dir)
	if err == nil {
		err = server.Load(zones)
	}
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// loadForSandbox reads the zone files that a sandbox begins with.
func loadForSandbox(c *cli.Context, m *messages, dir string) ([]schema.Zone, error) {
	disk, err := source.OpenDisk(".")
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	path, err := disk.Path(dir)
	if err != nil {
		return nil, err
	}
	result, err := source.Load(c.Context, []source.Path{path}, source.Options{
		DefaultTTL: schema.DefaultTTL, Lenient: c.Bool("lenient"), SkipUnsupported: c.Bool("skip-unsupported"),
	})
	if err != nil {
		return nil, err
	}
	if result.Problems.Err() != nil {
		m.problems(result.Problems)
		return nil, fmt.Errorf("the zone files in %s for the sandbox have mistakes", dir)
	}
	return result.Zones, nil
}

// inputs reads the live side of each desired zone.
func (l *live) inputs(ctx context.Context, d *desired, concurrency int, done func()) (inputs []plan.Input, unmanaged []schema.Name, err error) {
	listed, err := l.ListZones(ctx)
	if err != nil {
		return nil, nil, err
	}
	byName := make(map[schema.Name]schema.LiveZoneInfo, len(listed))
	for _, info := range listed {
		byName[info.Name] = info
	}
	inputs = make([]plan.Input, len(d.zones))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i := range d.zones {
		inputs[i].Desired = &d.zones[i]
		info, known := byName[d.zones[i].Name]
		group.Go(func() error {
			defer done()
			var err error
			if known {
				inputs[i].Live, err = l.ReadZone(ctx, info)
			} else { // it may be on a page that the list never told of
				inputs[i].Live, err = l.zone(ctx, d.zones[i].Name)
			}
			if errors.Is(err, provider.ErrIncomplete) {
				inputs[i].LiveErr = err
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	if !d.selected {
		for i := range d.zones {
			delete(byName, d.zones[i].Name)
		}
		for name := range byName {
			unmanaged = append(unmanaged, name)
		}
		slices.SortFunc(unmanaged, schema.Name.Compare)
	}
	return inputs, unmanaged, nil
}

// zone reads what is live of a zone; nil where there is none.
func (l *live) zone(ctx context.Context, name schema.Name) (*schema.LiveZone, error) {
	info, err := l.FindZone(ctx, name)
	if errors.Is(err, provider.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return l.ReadZone(ctx, info)
}

// zones reads what is live of the named zones, of those that there are.
func (l *live) zones(ctx context.Context, names []schema.Name, concurrency int, done func()) (map[schema.Name]*schema.LiveZone, error) {
	read := make([]*schema.LiveZone, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, name := range names {
		group.Go(func() (err error) {
			defer done()
			read[i], err = l.zone(ctx, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	zones := make(map[schema.Name]*schema.LiveZone, len(names))
	for i, z := range read {
		if z != nil {
			zones[names[i]] = z
		}
	}
	return zones, nil
}
