package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The hooks for pre-commit are commands that there are, with flags that they
// have, and are built from a checkout of this repository.
func TestThePreCommitHooksAreCommands(t *testing.T) {
	const file = "../../.pre-commit-hooks.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct {
		ID, Entry, Language string
		Files               string
		PassFilenames       *bool `yaml:"pass_filenames"`
	}
	if err := yaml.Unmarshal(text, &hooks); err != nil {
		t.Fatal(err)
	}
	app := (&program{}).app()
	var ids []string
	for _, h := range hooks {
		ids = append(ids, h.ID)
		words := strings.Fields(h.Entry)
		if len(words) < 2 || words[0] != "zoneherd" || h.Language != "golang" {
			t.Errorf("%s: runs %q as %s", h.ID, h.Entry, h.Language)
			continue
		}
		command := app.Command(words[1])
		if command == nil {
			t.Errorf("%s: there is no command %s", h.ID, words[1])
			continue
		}
		for _, flag := range words[2:] {
			if flagNamed(command, strings.TrimLeft(flag, "-")) == nil {
				t.Errorf("%s: %s has no flag %s", h.ID, words[1], flag)
			}
		}
		// Zones are checked together, so a hook reads what the configuration names.
		if h.PassFilenames == nil || *h.PassFilenames || h.Files == "" {
			t.Errorf("%s: would be given the files that a commit changes", h.ID)
		}
	}
	for _, id := range []string{"zoneherd-validate", "zoneherd-fmt"} {
		if !slices.Contains(ids, id) {
			t.Errorf("there is no %s among %q", id, ids)
		}
	}
	preCommit, err := exec.LookPath("pre-commit")
	if err != nil {
		return // it would only say the same of the keys
	}
	if out, err := exec.Command(preCommit, "validate-manifest", file).CombinedOutput(); err != nil {
		t.Errorf("pre-commit does not take it: %v\n%s", err, out)
	}
}
