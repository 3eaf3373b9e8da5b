package main

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// The flags, by what they are about. Each has an environment variable; see
// fromEnvironment.

func fileFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "read the configuration from `FILE` instead of zoneherd.yaml in the working directory"},
		&cli.StringFlag{Name: "ref", Usage: "read the files as the commit `REF` has them instead of the work tree"},
		&cli.StringSliceFlag{Name: "zone", Usage: "only the zones whose name matches `GLOB` (repeatable)"},
		&cli.BoolFlag{Name: "lenient", Usage: "turn sense errors into warnings"},
		&cli.BoolFlag{Name: "skip-unsupported", Usage: "warn of record types that the service lacks, and leave what is live there alone"},
		logFlag(),
	}
}

func logFlag() cli.Flag {
	return &cli.StringFlag{Name: "log-format", Value: "text", Usage: "how messages on stderr are written: `text|json`"}
}

func liveFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "endpoint", Usage: "the API's `URL`", DefaultText: "the public API"},
		&cli.StringFlag{Name: "token-file", Usage: "read the token from `FILE` instead of the variable VPSORG_TOKEN"},
	}, sandboxFlags()...)
}

// liveAloneFlags are those of a command that asks the live side and reads no
// zone files but the sandbox's.
func liveAloneFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "lenient", Usage: "for --sandbox-live: turn sense errors into warnings"},
		&cli.BoolFlag{Name: "skip-unsupported", Usage: "for --sandbox-live: pass over record types that the service lacks"},
		logFlag(),
	}, liveFlags()...)
}

func sandboxFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "sandbox", Usage: "use a sandbox in this process as the live side"},
		&cli.StringFlag{Name: "sandbox-live", Usage: "let the sandbox begin with the zone files in `DIR`"},
		&cli.StringFlag{Name: "sandbox-state", Usage: "keep the sandbox's state in `FILE`"},
		&cli.StringFlag{Name: "sandbox-dialect", Usage: "how the sandbox answers: `LIST` of KEY=VALUE, comma separated"},
		&cli.StringFlag{Name: "sandbox-fault", Usage: "what goes wrong in the sandbox: `LIST` of KEY=VALUE, comma separated"},
	}
}

func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "base", Usage: "compare with what git said before too: at the merge base with the commit `REF`"},
		&cli.BoolFlag{Name: "changed", Usage: "only the zones whose files, includes or configuration differ from --base"},
		&cli.StringFlag{Name: "shard", Usage: "only the part I of N of the zones that are selected, as `I/N`: each zone is in one part, and zones within one another in the same"},
		&cli.StringFlag{Name: "prune", Usage: "what happens to live records that no file declares: `all|owned|none`"},
		&cli.StringSliceFlag{Name: "allow-deletes", Usage: "let the guard on deletions pass for `ZONE` (a name or glob, repeatable)"},
		&cli.StringSliceFlag{Name: "allow-updates", Usage: "let the guard on updates pass for `ZONE` (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-empty", Usage: "let a file without records empty `ZONE` (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-delete-zone", Usage: "let `ZONE`, declared absent, be deleted (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-apex-ns", Usage: "let the NS records of the apex of `ZONE` change (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-last", Usage: "let the last MX record, delegation or apex address of `ZONE` be deleted (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-max-zones", Usage: "do not count `ZONE` among the zones that one run may change (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-account", Usage: "write to `ZONE` though the token is not of the configuration's account (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-token", Usage: "write to `ZONE` though the token may do more than is needed, where that is refused (repeatable)"},
		&cli.IntFlag{Name: "concurrency", Usage: "at most `N` requests at once", DefaultText: "8"},
		&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 2 where changes are pending, or were made"},
		&cli.StringSliceFlag{Name: "report", Usage: "write the plan to `FILE` too, as its ending says: .txt, .md, .html or .json (repeatable)"},
		&cli.StringFlag{Name: "format", Value: "text", Usage: "how the plan is printed: `text|markdown|html|json`"},
		&cli.BoolFlag{Name: "check-delegation", Usage: "ask the nameservers to which a changed delegation points whether they answer for it; what they do not is a risk in the plan"},
	}
}

// textOrJSON refuses another --format, for commands that have these two.
func textOrJSON(c *cli.Context) error {
	if f := c.String("format"); f != "text" && f != "json" {
		return usage("--format is text or json, not %q", f)
	}
	return nil
}

func join(lists ...[]cli.Flag) []cli.Flag { return slices.Concat(lists...) }
