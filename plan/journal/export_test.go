package journal

import "os"

// On is a journal that is begun already, in a file that is open.
func On(out *os.File) *Writer {
	w := newWriter(out.Name(), nil)
	w.out = out
	return w
}
