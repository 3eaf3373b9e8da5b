package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/plan/adopt"
	"github.com/zoneherd/zoneherd/source"
)

// Somebody may edit a file while live is read.
func TestAFileThatHasChangedSinceIsNotWrittenOverNorAnyOther(t *testing.T) {
	dir := t.TempDir()
	disk, err := source.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	var files []adopt.File
	for _, name := range []string{"a.example.yaml", "b.example.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("records: {} # "+name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		path, err := disk.Path(name)
		if err != nil {
			t.Fatal(err)
		}
		before, err := path.Read()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, adopt.File{Path: path, Before: before, After: []byte("records: {}\n")})
	}
	if err := os.WriteFile(filepath.Join(dir, "b.example.yaml"), []byte("records: {} # mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(files); err == nil || !strings.Contains(err.Error(), "b.example.yaml has changed while live was read, and nothing was written") {
		t.Fatalf("the error is %v", err)
	}
	for name, want := range map[string]string{"a.example.yaml": "records: {} # a.example.yaml\n", "b.example.yaml": "records: {} # mine\n"} {
		if is, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(is) != want {
			t.Errorf("%s is %q (%v), want %q", name, is, err, want)
		}
	}
}
