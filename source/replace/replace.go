// Package replace gives a file other contents at once: whoever reads it meanwhile,
// or after a crash, finds the old ones or the new ones.
//
// On Windows a file cannot be replaced while another program has it open, which is
// an error, and a loss of power may leave neither.
package replace

import (
	"io"
	"io/fs"
)

// Text replaces a file, or makes it, with a text: see [File].
func Text(path string, perm fs.FileMode, text []byte) error {
	return File(path, perm, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
