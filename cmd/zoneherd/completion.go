package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// The scripts ask the program itself for what can come next.
const (
	bashCompletion = `_zoneherd() {
  local current words
  COMPREPLY=()
  current="${COMP_WORDS[COMP_CWORD]}"
  words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ "$current" == -* ]]; then
    words+=("$current")
  fi
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$current"))
  [[ ${#COMPREPLY[@]} -gt 0 || "$current" == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o bashdefault -o default -F _zoneherd zoneherd
`
	zshCompletion = `#compdef zoneherd
_zoneherd() {
  local -a found
  local current=${words[CURRENT]}
  if [[ "$current" == -* ]]; then
    found=("${(@f)$(${words[1,CURRENT]} --generate-bash-completion 2>/dev/null)}")
  else
    found=("${(@f)$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)}")
  fi
  if [[ -n "$found" ]]; then compadd -- ${found%%:*}; fi
  _files
}
compdef _zoneherd zoneherd
`
)

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a script that completes commands and flags in a shell",
		ArgsUsage:   "bash|zsh|fish",
		Description: "bash: source <(zoneherd completion bash)\nzsh:  source <(zoneherd completion zsh)\nfish: zoneherd completion fish | source",
		Flags:       []cli.Flag{logFlag()},
		Action: func(c *cli.Context) error {
			var script string
			var err error
			switch shell := c.Args().First(); shell {
			case "bash":
				script = bashCompletion
			case "zsh":
				script = zshCompletion
			case "fish":
				script, err = c.App.ToFishCompletion()
			default:
				return usage("completion wants bash, zsh or fish, not %q", shell)
			}
			if err != nil {
				return fmt.Errorf("make the completion: %w", err)
			}
			_, err = io.WriteString(p.stdout, script)
			return err
		},
	}
}
