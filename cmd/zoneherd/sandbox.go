package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

func (p *program) sandboxCommand() *cli.Command {
	return &cli.Command{
		Name:  "sandbox",
		Usage: "serve the VPS.org DNS API on this machine, for trying things out",
		Description: "When it is ready it prints one line of JSON with its url, a token and the address\n" +
			"where it answers DNS. Use the first two as --endpoint and VPSORG_TOKEN. An interrupt\n" +
			"ends it.\n\n" +
			"With --dns it answers for its zones as the service's nameservers would, over UDP and\n" +
			"TCP, and gives whole zones (AXFR) to this machine. A change is there at once, or after\n" +
			"the dialect's deploy-delay; what no nameserver loads is told on stderr, and the zone\n" +
			"stays as it was.\n\n" +
			"A dialect is how it answers where the API's documentation says nothing, the documented\n" +
			"or likeliest way first:\n  " + strings.Join(sandbox.DialectKeys(), "\n  ") + "\n\n" +
			"Faults are what goes wrong, by the seed; P is a probability from 0 to 1 for each request:\n  " +
			strings.Join(sandbox.FaultKeys(), "\n  "),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "serve on `ADDR`"},
			&cli.StringFlag{Name: "dns", Usage: "answer DNS on `ADDR`, such as 127.0.0.1:0 for a free port"},
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

// listenDNS has a sandbox answer DNS, and tells which zones it does not serve as they are.
func listenDNS(server *sandbox.Server, m *messages, addr string) (*nameserver.Listener, error) {
	log := m.logger()
	answers, err := nameserver.Listen(server.Nameserver(func(zone string, err error) {
		log.Warn("the nameservers do not take "+zone+" as it is now", "reason", err)
	}), addr)
	if err != nil {
		return nil, fmt.Errorf("answer DNS: %w", err)
	}
	return answers, nil
}
