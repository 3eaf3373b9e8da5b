//go:build !windows

package replace

import (
	"io"
	"io/fs"

	"github.com/google/renameio/v2"
)

// File replaces a file, or makes it, with what write writes; where that fails
// the file stays as it is. perm is for a new one, less the umask: the
// permissions of one that is there stay.
func File(path string, perm fs.FileMode, write func(io.Writer) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(perm), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if err := write(f); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
