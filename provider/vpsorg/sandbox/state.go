package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/zoneherd/zoneherd/source/replace"
)

// The state file is a log: a line that names the format, then one JSON line
// for each write, appended before the write takes effect, so that a write costs
// one line however much there is, a stop of the process loses nothing, and what
// cannot be kept does not happen. A
// torn last line is a write that was never answered. The log is written anew,
// without its history, by an atomic rename: on closing where it has any, and on
// opening where it is torn or mostly history.
//
// It is not synced: what was written outlives a kill of the process, though
// not a loss of power. A sandbox is not worth waiting for a disk at each write.
//
// One process at a time has it open, which a lock on a file beside it sees to:
// on the file itself it would be lost with the rename. That file stays, as
// removing it would take away the lock of who has opened it meanwhile.

const stateFormat = 1

// entry is one line of the log.
type entry struct {
	Format   int     `json:"zoneherd_sandbox,omitempty"`
	Run      uint64  `json:"run,omitempty"` // see handles
	Token    *token  `json:"token,omitempty"`
	Revoked  string  `json:"revoked,omitempty"`
	Zone     *zone   `json:"zone,omitempty"`
	ZoneID   string  `json:"zone_id,omitempty"`
	Record   *Record `json:"record,omitempty"`
	RecordID string  `json:"record_id,omitempty"`
	Deleted  bool    `json:"deleted,omitempty"`
}

// stateLog appends to the state file; nil keeps nothing.
type stateLog struct {
	file  *os.File
	lock  *flock.Flock
	lines int
	last  int   // the number of lines that there is room for; 0: any
	err   error // the first failure, after which nothing is written
}

// write keeps all of some entries, or refuses the write that they are of.
func (l *stateLog) write(entries ...entry) *apiError {
	if l == nil {
		return nil
	}
	if l.err == nil {
		l.err = l.append(entries)
	}
	if l.err == nil {
		return nil
	}
	return &apiError{http.StatusInternalServerError, "server_error", "", "The state cannot be kept: " + l.err.Error()}
}

func (l *stateLog) append(entries []entry) error {
	var lines []byte
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	l.lines += len(entries)
	if l.last > 0 && l.lines > l.last {
		return &fs.PathError{Op: "write", Path: l.file.Name(), Err: syscall.ENOSPC}
	}
	_, err := l.file.Write(lines)
	return err
}

// openStore opens the state file, or begins with an empty store that has one
// account and one token.
func openStore(path string) (*store, error) {
	s := newStore()
	if path == "" {
		s.addToken(defaultAccount, allPermissions())
		return s, nil
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("locking the sandbox state: %w", err)
	case !locked:
		return nil, fmt.Errorf("the sandbox state %s is in use by another sandbox: end that one, or give another file", path)
	}
	if err := s.openLog(path); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.log.lock = lock
	return s, nil
}

// openLog reads the state file, and appends to it from then on.
func (s *store) openLog(path string) error {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the sandbox state: %w", err)
	}
	if err := s.replay(path, data); err != nil {
		return err
	}
	lines := bytes.Count(data, []byte("\n"))
	anew := !bytes.HasSuffix(data, []byte("\n")) || lines > 2*s.size()
	if s.first == "" {
		s.addToken(defaultAccount, allPermissions())
		anew = true
	}
	if anew {
		if err := s.compact(path); err != nil {
			return err
		}
		lines = s.size()
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the sandbox state: %w", err)
	}
	s.log = &stateLog{file: f, lines: lines}
	return nil
}

// withFaults prepares the store for faults.
func (s *store) withFaults(f Faults) {
	s.lag = f.duration("lag", 0)
	s.handles.seeded, s.handles.seed, s.handles.made = true, f.seed(), map[string]uint64{}
	if s.log == nil {
		return
	}
	s.handles.run++
	s.log.write(entry{Run: s.handles.run})
	if n := f.number("disk-full"); n > 0 {
		s.log.last = s.log.lines + int(n) - 1
	}
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		return nil
	}
	err := errors.Join(s.log.err, s.log.file.Close())
	if full := s.log.last > 0 && s.log.err != nil; !full && (s.log.err != nil || s.log.lines > s.size()) {
		err = errors.Join(err, s.compact(s.log.file.Name()))
	}
	if s.log.lock != nil {
		err = errors.Join(err, s.log.lock.Unlock())
	}
	s.log = nil
	return err
}

// size is how many lines the state takes without its history.
func (s *store) size() int {
	n := 1 + len(s.tokens) + len(s.zones)
	if s.handles.run > 0 {
		n++
	}
	for _, z := range s.zones {
		n += len(z.records)
	}
	return n
}

// replay folds the lines of a log into the store.
func (s *store) replay(path string, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	for n, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) == 0 || line[len(line)-1] != '\n' && n > 0 {
			continue // the end, or a torn line
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("the sandbox state %s is not readable at line %d (%w): give another file, or remove it to start empty", path, n+1, err)
		}
		if n == 0 && e.Format != stateFormat {
			return fmt.Errorf("%s is no sandbox state of format %d: give another file", path, stateFormat)
		}
		s.apply(e)
	}
	return nil
}

func (s *store) apply(e entry) {
	z := s.zones[e.ZoneID]
	switch {
	case e.Run > 0:
		s.handles.run = e.Run
	case e.Token != nil:
		s.tokens[e.Token.Secret] = e.Token
		if s.first == "" {
			s.first = e.Token.Secret
		}
	case e.Revoked != "":
		delete(s.tokens, e.Revoked)
	case e.Zone != nil:
		s.putZone(e.Zone)
	case z == nil:
	case e.Record != nil:
		if old := z.byID[e.Record.ID]; old != nil {
			s.removeRecord(z, old)
		}
		s.putRecord(z, e.Record)
	case e.RecordID != "":
		if old := z.byID[e.RecordID]; old != nil {
			s.removeRecord(z, old)
		}
	case e.Deleted:
		s.dropZone(z)
	}
}

// compact writes the state without its history.
func (s *store) compact(path string) error {
	if err := replace.File(path, 0o600, s.snapshot); err != nil {
		return fmt.Errorf("writing the sandbox state: %w", err)
	}
	return nil
}

func (s *store) snapshot(to io.Writer) error {
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var err error
	write := func(e entry) {
		if err == nil {
			err = enc.Encode(e)
		}
	}
	write(entry{Format: stateFormat})
	if s.handles.run > 0 {
		write(entry{Run: s.handles.run})
	}
	if t := s.tokens[s.first]; t != nil {
		write(entry{Token: t})
	}
	for secret, t := range s.tokens {
		if secret != s.first {
			write(entry{Token: t})
		}
	}
	for _, z := range s.zones {
		kept := *z
		kept.Serial -= uint32(len(z.records)) // which are added again as they are read
		write(entry{Zone: &kept})
		for _, r := range z.records {
			write(entry{ZoneID: z.ID, Record: r})
		}
	}
	if err == nil {
		err = w.Flush()
	}
	return err
}
