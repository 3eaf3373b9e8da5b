package replace

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File replaces a file, or makes it, with what write writes; where that fails
// the file stays as it is. Permissions are those of the directory.
func File(path string, _ fs.FileMode, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
