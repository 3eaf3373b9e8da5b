package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// arrange puts the arguments into the order that the flag library wants: the
// command, then all flags, then the positional arguments. Flags may thus stand
// anywhere, also before the command; `--` ends them. Flags that the command
// line does not give are taken from the environment, ZONEHERD_ and the flag's
// name; a repeatable one has a value on each line there, and an empty variable
// is as good as none.
func arrange(app *cli.App, args []string, getenv func(string) string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	rest := args[1:]
	if len(rest) == 1 && (rest[0] == "--version" || rest[0] == "-v") {
		return []string{args[0], "version"}, nil
	}
	if n := len(rest); n > 0 && rest[n-1] == "--generate-bash-completion" {
		return args, nil
	}
	command, err := findCommand(app, rest)
	if err != nil || command == nil {
		return args, err
	}
	var flags, positional []string
	given := map[string]bool{}
	seen := false
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		switch {
		case arg == "--":
			positional = append(positional, rest[i+1:]...)
			i = len(rest)
		case len(arg) < 2 || arg[0] != '-':
			if !seen && command.HasName(arg) {
				seen = true
				continue
			}
			positional = append(positional, arg)
		default:
			name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			flag := flagNamed(command, name)
			if flag == nil {
				return nil, unknownFlag(command, arg, name)
			}
			given[flag.Names()[0]] = true
			if !hasValue && !isBool(flag) && i+1 < len(rest) && rest[i+1] != "--" {
				i++
				value, hasValue = rest[i], true
			}
			switch {
			case hasValue:
				if err := checkValue(flag, "--"+name, value); err != nil {
					return nil, err
				}
				flags = append(flags, "--"+name+"="+value)
			case isBool(flag):
				flags = append(flags, "--"+name)
			default:
				return nil, usage("--%s wants a value", name)
			}
		}
	}
	environment, err := fromEnvironment(command, given, getenv)
	if err != nil {
		return nil, err
	}
	flags = append(environment, flags...)
	out := append([]string{args[0], command.Name}, flags...)
	if len(positional) > 0 {
		out = append(append(out, "--"), positional...)
	}
	return out, nil
}

// findCommand finds the command among the arguments: the first that is no flag
// and no flag's value. Nil leaves the arguments to the library.
func findCommand(app *cli.App, args []string) (*cli.Command, error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return nil, usage("-- stands before the command: give the command first")
		}
		if len(arg) > 1 && arg[0] == '-' {
			name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if name == "help" || name == "h" || name == "version" || name == "v" {
				continue
			}
			if !hasValue && takesValue(app, name) {
				i++
			}
			continue
		}
		if arg == "help" || arg == "h" {
			return nil, nil
		}
		if c := app.Command(arg); c != nil {
			return c, nil
		}
		var names []string
		for _, c := range app.VisibleCommands() {
			if c.Name != "help" {
				names = append(names, c.Name)
			}
		}
		return nil, usage("there is no command %q: the commands are %s", arg, strings.Join(names, ", "))
	}
	return nil, nil
}

// takesValue reports whether a flag of any command takes a value.
func takesValue(app *cli.App, name string) bool {
	for _, c := range app.Commands {
		if f := flagNamed(c, name); f != nil {
			return !isBool(f)
		}
	}
	return false
}

func flagNamed(c *cli.Command, name string) cli.Flag {
	if name == "help" || name == "h" {
		return cli.HelpFlag
	}
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func isBool(f cli.Flag) bool {
	_, ok := f.(*cli.BoolFlag)
	return ok
}

func unknownFlag(c *cli.Command, arg, name string) error {
	var names []string
	for _, f := range c.Flags {
		names = append(names, "--"+f.Names()[0])
	}
	if slices.Contains([]string{"token", "vpsorg-token"}, name) {
		return usage("a token is never given as a flag, which others on the machine could read: set VPSORG_TOKEN, or use --token-file FILE")
	}
	slices.Sort(names)
	shown, _, _ := strings.Cut(arg, "=")
	return usage("%s has no flag %s: it has %s", c.Name, shown, strings.Join(names, ", "))
}

// environmentName is the variable of a flag.
func environmentName(flag string) string {
	return "ZONEHERD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment gives the flags that variables set and the command line does not.
func fromEnvironment(c *cli.Command, given map[string]bool, getenv func(string) string) ([]string, error) {
	var out []string
	for _, f := range c.Flags {
		name := f.Names()[0]
		value := getenv(environmentName(name))
		if given[name] || value == "" {
			continue
		}
		if err := checkValue(f, environmentName(name), value); err != nil {
			return nil, err
		}
		if _, repeatable := f.(*cli.StringSliceFlag); !repeatable {
			out = append(out, fmt.Sprintf("--%s=%s", name, value))
			continue
		}
		for line := range strings.Lines(value) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				out = append(out, fmt.Sprintf("--%s=%s", name, line))
			}
		}
	}
	return out, nil
}

// checkValue tells a value that a flag does not take, by the name that the user
// gave it under.
func checkValue(f cli.Flag, given, value string) error {
	switch f.(type) {
	case *cli.BoolFlag:
		if _, err := strconv.ParseBool(value); err != nil {
			return usage("%s is true or false, not %q", given, value)
		}
	case *cli.DurationFlag:
		if d, err := time.ParseDuration(value); err != nil || d < 0 {
			return usage("%s is a duration such as 30s, not %q", given, value)
		}
	case *cli.IntFlag:
		if _, err := strconv.Atoi(value); err != nil {
			return usage("%s is a whole number, not %q", given, value)
		}
	}
	return nil
}
