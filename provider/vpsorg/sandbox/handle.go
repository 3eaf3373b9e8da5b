package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// handles makes the handles of zones and records: by chance, or with faults
// from their seed, out of what it is made for and how many-th such that is, so
// that the same requests in another order get the same ones.
type handles struct {
	opaque bool // no UUIDs
	seeded bool
	seed   uint64
	// run counts how often the state file was opened: a handle is not given
	// out again.
	run  uint64
	made map[string]uint64
}

// next makes a handle, under the store's lock.
func (h *handles) next(of ...string) string {
	b := make([]byte, 16)
	if h.seeded {
		key := strings.Join(of, "\x00")
		h.made[key]++
		d := digest(number(h.seed), number(h.run), []byte(key), number(h.made[key]))
		copy(b, d[:])
	} else {
		rand.Read(b)
	}
	if h.opaque {
		return "rec-" + strings.ToUpper(hex.EncodeToString(b))
	}
	return uuid(b)
}

func uuid(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
