package main

import (
	"path/filepath"
	"testing"

	"github.com/zoneherd/zoneherd/schema"
)

// apply writes nothing to a zone whose backup is an error.
func TestABackupThatCannotBeWrittenIsAnError(t *testing.T) {
	k := &kept{dir: filepath.Join(t.TempDir(), "gone")}
	if err := k.backup()(&schema.LiveZone{Name: schema.MustName("a.example")}); err == nil || k.saved.Load() != 0 {
		t.Errorf("%d zones are saved: %v", k.saved.Load(), err)
	}
}
