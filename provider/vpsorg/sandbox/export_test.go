package sandbox

import "os"

// KeepIn appends the log of writes to a file, for tests that need one that
// fails; nil keeps nothing.
func (s *Server) KeepIn(file *os.File) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.store.log = nil; file != nil {
		s.store.log = &stateLog{file: file}
	}
}
