package review

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

// Note is what a comment carries hidden: which plan it shows, so that apply
// can tell whether what it is about to do is what was reviewed.
type Note struct {
	Digest plan.Digest `json:"digest"`
	Commit string      `json:"commit,omitempty"`
	// Side is a hash of the service and account that the plan was made
	// against; empty where it does not say.
	Side    string    `json:"side,omitempty"`
	Earlier []Earlier `json:"earlier,omitempty"` // the newest first
	// Untrusted: the plan came from whoever made the pull request, and is no
	// review.
	Untrusted bool `json:"untrusted,omitempty"`
	// Zones are the digests of the zones that git changes, cut short and
	// packed: 8 bytes that name the zone and 12 of its digest, each.
	Zones []byte `json:"zones,omitempty"`
	// TooMany: there are more than can be noted.
	TooMany bool `json:"too_many,omitempty"`
	// Adopted are hashes, 12 bytes each, of the deletions of what base left
	// alone, which the digests are not over.
	Adopted []byte `json:"adopted,omitempty"`
}

// Earlier is a plan that a comment showed before.
type Earlier struct {
	Digest plan.Digest `json:"digest"`
	Commit string      `json:"commit,omitempty"`
}

const (
	nameBytes   = 8
	digestBytes = 12

	// maxNoted bounds the zones and deletions that a comment notes one by one,
	// which take up to 36 characters each. Beyond it the plan is known by its
	// digest as a whole.
	maxNoted = 1000
	// maxEarlier bounds the earlier plans that stay listed.
	maxEarlier = 20
)

// noteOf is the note of a document, with what was noted before.
func noteOf(p Plan, before *Note) Note {
	d := p.Document
	n := Note{Digest: d.Digest, Untrusted: p.Untrusted}
	if d.Commit != nil {
		n.Commit = *d.Commit
	}
	if d.Saved != nil {
		n.Side = saved.Side(d.Endpoint, d.Account)
	}
	var entries [][]byte
	for i := range d.Zones {
		if z := &d.Zones[i]; z.Reviewed {
			entries = append(entries, entry(z.Zone, z.Digest))
		}
	}
	var adopted [][]byte
	for i := range d.Zones {
		z := &d.Zones[i]
		for j := range z.Changes {
			if c := &z.Changes[j]; c.Adopted && c.Before != nil {
				adopted = append(adopted, deletion(z.Zone, *c))
			}
		}
	}
	slices.SortFunc(entries, bytes.Compare)
	switch {
	case p.Untrusted:
	case len(entries)+len(adopted) <= maxNoted:
		n.Zones, n.Adopted = bytes.Join(entries, nil), bytes.Join(adopted, nil)
	default:
		n.TooMany = true
	}
	if before != nil {
		n.Earlier = before.Earlier
		if before.Digest != n.Digest {
			n.Earlier = append([]Earlier{{before.Digest, before.Commit}}, n.Earlier...)
		}
		n.Earlier = n.Earlier[:min(len(n.Earlier), maxEarlier)]
	}
	return n
}

func entry(zone string, digest plan.Digest) []byte {
	name := sha256.Sum256([]byte(zone))
	sum, err := hex.DecodeString(strings.TrimPrefix(string(digest), "sha256:"))
	if err != nil || len(sum) < digestBytes {
		sum = make([]byte, digestBytes) // equal to no digest
	}
	return slices.Concat(name[:nameBytes], sum[:digestBytes])
}

// Covers reports whether the note's plan changes a zone as this digest has it.
func (n *Note) Covers(zone schema.Name, digest plan.Digest) bool {
	return packed(n.Zones, entry(zone.Display(), digest))
}

// packed reports whether an entry is among those of its length.
func packed(entries, want []byte) bool {
	for part := range slices.Chunk(entries, len(want)) {
		if bytes.Equal(part, want) {
			return true
		}
	}
	return false
}

// CoversAll reports whether the note, which has too many zones to note each, is
// of the very same plan.
func (n *Note) CoversAll(whole plan.Digest) bool { return n.TooMany && n.Digest == whole }

// deletion is what a deletion is noted as.
func deletion(zone string, c report.Change) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %q", zone, c.Name, c.Type, c.Before.TTL, c.Before.Data))
	return sum[:digestBytes]
}

// Adopts reports whether the note's plan shows this deletion of what base left
// alone.
func (n *Note) Adopts(zone schema.Name, c *plan.Change) bool {
	return packed(n.Adopted, deletion(zone.Display(), report.NewChange(zone, c)))
}

// marker begins a comment, or the body of an issue, and says whose it is.
func marker(id string) string { return "<!-- zoneherd " + id + " -->\n" }

// CheckID reports an identifier of comments that cannot stand in a marker.
func CheckID(id string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("the id %q is not made of up to 64 letters, digits, dots and underscores", id)
	}
	return nil
}

var validID = regexp.MustCompile(`^[A-Za-z0-9._]{1,64}$`)

// write puts the note into a comment.
func (n *Note) write() string {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // there is nothing in it that does not marshal
	}
	return "<!-- zoneherd:note " + base64.StdEncoding.EncodeToString(text) + " -->\n"
}

var noted = regexp.MustCompile(`^<!-- zoneherd [A-Za-z0-9._]+ -->\r?\n<!-- zoneherd:note ([A-Za-z0-9+/=]+) -->`)

var (
	validDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	validCommit = regexp.MustCompile(`^[0-9a-f]{0,64}$`)
)

// readNote finds the note of a comment; nil where there is none.
func readNote(body string) *Note {
	m := noted.FindStringSubmatch(body)
	if m == nil {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		return nil
	}
	var n Note
	if json.Unmarshal(text, &n) != nil || n.Digest != "" && !validDigest.MatchString(string(n.Digest)) || !validCommit.MatchString(n.Commit) {
		return nil
	}
	n.Earlier = slices.DeleteFunc(n.Earlier, func(e Earlier) bool {
		return !validDigest.MatchString(string(e.Digest)) || !validCommit.MatchString(e.Commit)
	})
	return &n
}
