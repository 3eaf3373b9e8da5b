package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

func (p *program) sandboxCommand() *cli.Command {
	return &cli.Command{
		Name:  "sandbox",
		Usage: "serve the VPS.org DNS API on this machine, for trying things out",
		Description: "When it is ready it prints one line of JSON with its url and a token. Use them as\n" +
			"--endpoint and VPSORG_TOKEN. An interrupt ends it.\n\n" +
			"A dialect is how it answers where the API's documentation says nothing, the documented\n" +
			"or likeliest way first:\n  " + strings.Join(sandbox.DialectKeys(), "\n  ") + "\n\n" +
			"Faults are what goes wrong, by the seed; P is a probability from 0 to 1 for each request:\n  " +
			strings.Join(sandbox.FaultKeys(), "\n  "),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "serve on `ADDR`"},
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
			if err := json.NewEncoder(p.stdout).Encode(struct {
				URL   string `json:"url"`
				Token string `json:"token"`
				DNS   string `json:"dns"`
			}{listener.URL, server.Token(), ""}); err != nil {
				listener.Close()
				return err
			}
			<-c.Context.Done()
			return listener.Close()
		},
	}
}
