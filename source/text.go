package source

import (
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// Text is a zone file, or one that others include, as YAML: what an edit of
// its text needs to know. What it means is for [Load] to say.
type Text struct {
	Root    *yaml.Node // nil: the file is empty
	OctoDNS bool       // the top level is the owner names themselves
}

// ParseText reads a file's text as YAML. What is wrong with it as YAML is in
// the problems, each at its place in the file.
func ParseText(file string, text []byte) (Text, schema.Problems) {
	var problems schema.Problems
	d, ok := parse(file, text, &problems)
	if !ok || d.root == nil {
		return Text{}, problems
	}
	t := Text{Root: d.root}
	if d.root.Kind == yaml.MappingNode {
		t.OctoDNS = !d.isOwnForm(d.pairs(d.root))
	}
	return t, problems
}

// Read reads a file, within the limits that hold for zone files.
func (p Path) Read() ([]byte, error) {
	text, err := readFile(p.Tree, p.Name)
	if err != nil {
		return nil, fmt.Errorf("%s %w", p.Shown(), err)
	}
	return text, nil
}

// OnDisk is where a file is to be written: its path, links followed, which
// still lies inside the root.
func (p Path) OnDisk() (string, error) {
	if p.Tree.root == "" {
		return "", fmt.Errorf("%s is no file of a work tree, and cannot be written", p.Shown())
	}
	root, err := filepath.EvalSymlinks(p.Tree.root)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", p.Shown(), err)
	}
	file, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(p.Name)))
	if err != nil {
		return "", fmt.Errorf("find %s: %w", p.Shown(), err)
	}
	if !inside(root, file) {
		return "", fmt.Errorf("%s leads out of the repository, and is not written: put the file inside", p.Shown())
	}
	return file, nil
}

// Scalar is text as a zone file has it: plain where every YAML reader takes it
// for text, else in quotes. The texts of TXT records are always in quotes: see
// [Quoted].
func Scalar(text string) string { return scalar(text) }

// Quoted is text in quotes: double ones, or single where those spare escapes.
func Quoted(text string) string { return inQuotes(text) }
