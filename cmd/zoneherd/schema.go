package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
)

func (p *program) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "print a JSON Schema: of a zone file, of the configuration, or of the JSON plan",
		ArgsUsage: strings.Join(schema.JSONSchemas(), "|"),
		Flags:     []cli.Flag{logFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usage("schema wants one of %s", strings.Join(schema.JSONSchemas(), ", "))
			}
			text, err := schema.JSONSchema(c.Args().First())
			if err != nil {
				return usage("%v", err)
			}
			_, err = p.stdout.Write(text)
			return err
		},
		BashComplete: func(c *cli.Context) {
			for _, name := range schema.JSONSchemas() {
				_, _ = p.stdout.Write([]byte(name + "\n"))
			}
		},
	}
}
