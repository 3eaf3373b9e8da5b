// Package examples holds repositories and workflows to begin with, and gives
// those to the program that it writes into a new repository.
package examples

import "embed"

//go:embed workflows
var workflows embed.FS

// Workflow gives the text of a workflow for GitHub: plan, apply, drift or
// another of those in the directory workflows. An error is [fs.ErrNotExist].
func Workflow(name string) (string, error) {
	text, err := workflows.ReadFile("workflows/" + name + ".yml")
	return string(text), err
}
