package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

func (p *program) sandboxCommand() *cli.Command {
	return &cli.Command{
		Name:  "sandbox",
		Usage: "serve the VPS.org DNS API on this machine, for trying things out",
		Description: "When it is ready it prints one line of JSON with its url, a token and the address\n" +
			"where its zones are answered. Use the first two as --endpoint and VPSORG_TOKEN. An interrupt\n" +
			"ends it.\n\n" +
			"With --dns it answers for its zones as the service's nameservers would, over UDP and\n" +
			"TCP, and gives whole zones (AXFR) to this machine.\n\n" +
			"With --bind it hands them to a BIND of yours, as the service does to its own: it writes\n" +
			"zone files into a directory, has named-checkzone check them, and tells a running named\n" +
			"through rndc. Your named.conf includes DIR/zones.conf.\n\n" +
			"A change is served at once, or after the dialect's deploy-delay. What no nameserver\n" +
			"loads is told on stderr, and in the API by the zone's \"deployment\", which is not of the\n" +
			"documented API; the zone is served as it was.\n\n" +
			"A dialect is how it answers where the API's documentation says nothing, the documented\n" +
			"or likeliest way first:\n  " + strings.Join(sandbox.DialectKeys(), "\n  ") + "\n\n" +
			"Faults are what goes wrong, by the seed; P is a probability from 0 to 1 for each request:\n  " +
			strings.Join(sandbox.FaultKeys(), "\n  "),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "serve on `ADDR`"},
			&cli.StringFlag{Name: "dns", Usage: "answer DNS on `ADDR`, such as 127.0.0.1:0 for a free port"},
			&cli.StringFlag{Name: "bind", Usage: "write zone files for BIND into `DIR`, and tell named of them"},
			&cli.StringFlag{Name: "bind-server", Value: "127.0.0.1:53", Usage: "for --bind: named answers at `ADDR`"},
			&cli.StringFlag{Name: "rndc-conf", Usage: "for --bind: rndc reads `FILE` instead of its own configuration"},
			&cli.StringFlag{Name: "live", Usage: "begin with the zone files in `DIR`"},
			&cli.StringFlag{Name: "state", Usage: "keep the state in `FILE`"},
			&cli.StringFlag{Name: "dialect", Usage: "how to answer: `LIST` of KEY=VALUE, comma separated"},
			&cli.StringFlag{Name: "fault", Usage: "what goes wrong: `LIST` of KEY=VALUE, comma separated"},
			&cli.BoolFlag{Name: "lenient", Usage: "for --live: turn sense errors into warnings"},
			&cli.BoolFlag{Name: "skip-unsupported", Usage: "for --live: pass over record types that the service lacks"},
			logFlag(),
		},
		Action: func(c *cli.Context) error {
			m, err := p.messages(c)
			if err != nil {
				return err
			}
			if c.Args().Present() {
				return usage("sandbox takes no arguments, and was given %q", c.Args().First())
			}
			server, err := newSandbox(c, m, "")
			if err != nil {
				return err
			}
			listener, err := sandbox.Listen(server, c.String("listen"))
			if err != nil {
				server.Close()
				return fmt.Errorf("start the sandbox: %w", err)
			}
			dns := ""
			if c.String("bind") != "" {
				stop, addr, err := deployToBIND(c, server, m)
				if err != nil {
					return errors.Join(err, listener.Close())
				}
				defer stop()
				dns = addr
			}
			if addr := c.String("dns"); addr != "" {
				answers, err := listenDNS(server, m, addr)
				if err != nil {
					return errors.Join(err, listener.Close())
				}
				defer answers.Close()
				dns = answers.Addr
			}
			if err := json.NewEncoder(p.stdout).Encode(struct {
				URL   string `json:"url"`
				Token string `json:"token"`
				DNS   string `json:"dns"`
			}{listener.URL, server.Token(), dns}); err != nil {
				return errors.Join(err, listener.Close())
			}
			<-c.Context.Done()
			return listener.Close()
		},
	}
}

// deployToBIND has a sandbox hand its zones to a BIND, until stop is called, and
// gives the address where that answers.
func deployToBIND(c *cli.Context, server *sandbox.Server, m *messages) (stop func(), addr string, err error) {
	at, err := netip.ParseAddrPort(c.String("bind-server"))
	if err != nil {
		return nil, "", usage("--bind-server %s: it is not an address with a port, such as 127.0.0.1:53", c.String("bind-server"))
	}
	dir, err := bind.Open(bind.Options{Path: c.String("bind"), Server: at, RNDCConf: c.String("rndc-conf")})
	if err != nil {
		return nil, "", fmt.Errorf("hand the zones to BIND: %w", err)
	}
	log := m.logger()
	undeploy, err := server.DeployTo(c.Context, dir, func(zone string, err error) {
		if zone == "" {
			log.Warn("the zones are written, and not served yet", "reason", err)
			return
		}
		notTaken(log, zone, err)
	})
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("hand the zones to BIND: %w", err), dir.Close())
	}
	return func() {
		undeploy()
		_ = dir.Close() // it only unlocks
	}, at.String(), nil
}

func notTaken(log *slog.Logger, zone string, err error) {
	log.Warn("the nameservers do not take "+zone+" as it is now", "reason", err)
}

// listenDNS has a sandbox answer DNS, and tells which zones it does not serve as they are.
func listenDNS(server *sandbox.Server, m *messages, addr string) (*nameserver.Listener, error) {
	log := m.logger()
	answers, err := nameserver.Listen(server.Nameserver(func(zone string, err error) {
		notTaken(log, zone, err)
	}), addr)
	if err != nil {
		return nil, fmt.Errorf("answer DNS: %w", err)
	}
	return answers, nil
}
