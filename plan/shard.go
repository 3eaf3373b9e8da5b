package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// Shard is one of the parts into which several runs divide the zones. The zero
// Shard is all of them.
//
// In which part a zone is depends on its name, and on no other zone but those
// that it lies within: zones within one another go with the topmost, since one
// of them may have to wait for another (see [Zone.After]), which no two runs
// could do.
type Shard struct{ part, parts uint64 }

// ParseShard reads I/N: the part I of N, counted from 1.
func ParseShard(text string) (Shard, error) {
	i, n, _ := strings.Cut(text, "/")
	part, err := strconv.ParseUint(i, 10, 31)
	parts, err2 := strconv.ParseUint(n, 10, 31)
	if err != nil || err2 != nil || part < 1 || part > parts {
		return Shard{}, fmt.Errorf("a shard is I/N, the part I of N counted from 1, such as 2/4, and not %q", text)
	}
	return Shard{part, parts}, nil
}

// IsZero reports whether the shard is all zones because none was asked for.
func (s Shard) IsZero() bool { return s.parts == 0 }

// Holds reports whether a zone is in this part. declared are the zones that git
// declares, also those that the run does not select.
func (s Shard) Holds(zone schema.Name, declared map[schema.Name]bool) bool {
	if s.IsZero() {
		return true
	}
	sum := sha256.Sum256([]byte(topmost(zone, declared).Display()))
	return binary.BigEndian.Uint64(sum[:])%s.parts == s.part-1
}

// topmost is the highest declared zone that a zone lies within; itself, if none.
func topmost(zone schema.Name, declared map[schema.Name]bool) schema.Name {
	top := zone
	for up := zone.Parent(); up != schema.Root(); up = up.Parent() {
		if declared[up] {
			top = up
		}
	}
	return top
}
