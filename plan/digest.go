package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Digest names what a plan changes: plans with equal digests make the same
// changes, in whatever order and for whatever cause. It is "sha256:" and 64
// hexadecimal digits. With a base it is over what base → head changes instead:
// see [Base].
type Digest string

// digest is over the zone's name, its action and its changes: action, name,
// type, before and after, each change one line of JSON, sorted.
func (z *Zone) digest() Digest {
	lines := make([]string, 0, len(z.Changes)+1)
	for i := range z.Changes {
		lines = append(lines, z.Changes[i].Identity())
	}
	slices.Sort(lines)
	return sum(append([]string{line("zone", z.Name.String(), string(z.Action))}, lines...))
}

// Identity is what makes two changes the same to a reader of the plan: action,
// name, type, before and after.
func (c *Change) Identity() string {
	return line(string(c.Action), c.Key.Name.String(), string(c.Key.Type), side(c.Before), side(c.After))
}

// digestOf is over the digests of the zones that change.
func digestOf(zones []Zone) Digest {
	var digests []Digest
	for i := range zones {
		if zones[i].Reviewed || zones[i].Summary.Writes > 0 && !zones[i].threeWay {
			digests = append(digests, zones[i].Digest)
		}
	}
	return JoinDigests(digests)
}

// JoinDigests makes the digest of a plan from those of its zones.
func JoinDigests(zones []Digest) Digest {
	lines := make([]string, len(zones))
	for i, z := range zones {
		lines[i] = string(z)
	}
	slices.Sort(lines)
	return sum(lines)
}

func side(r *Record) string {
	if r == nil {
		return ""
	}
	return strconv.FormatUint(uint64(r.TTL), 10) + " " + r.Data.String()
}

// line joins fields so that no content of one can look like two.
func line(fields ...string) string {
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

func sum(lines []string) Digest {
	h := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return Digest("sha256:" + hex.EncodeToString(h[:]))
}
