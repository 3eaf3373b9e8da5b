package replace_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/zoneherd/zoneherd/source/replace"
)

func TestAFileIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	holds := func(text string, perm fs.FileMode) {
		t.Helper()
		got, err := os.ReadFile(file)
		if err != nil || string(got) != text {
			t.Errorf("it holds %q, %v, want %q", got, err, text)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != perm {
			t.Errorf("its permissions are %v, %v, want %v", info.Mode(), err, perm)
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Errorf("beside it is more: %v, %v", all, err)
		}
	}
	if err := replace.Text(file, 0o600, []byte("one")); err != nil {
		t.Fatal(err)
	}
	holds("one", 0o600)
	if err := os.Chmod(file, 0o666); err != nil { // whatever the umask
		t.Fatal(err)
	}
	if err := replace.Text(file, 0o600, []byte("two")); err != nil {
		t.Fatal(err)
	}
	holds("two", 0o666)
	broken := errors.New("broken off")
	err := replace.File(file, 0o600, func(w io.Writer) error {
		_, err := io.WriteString(w, "thr")
		return errors.Join(err, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	holds("two", 0o666)
}
