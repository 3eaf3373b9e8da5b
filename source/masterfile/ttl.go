package masterfile

import (
	"fmt"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// units are BIND's, in seconds.
var units = map[byte]uint64{'w': 7 * 86400, 'd': 86400, 'h': 3600, 'm': 60, 's': 1}

// looksLikeTTL reports whether a word stands where a TTL may, and can be
// nothing else: no type or class begins with a digit.
func looksLikeTTL(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }

// parseTTL reads a TTL in seconds, or in BIND's units, such as 1h30m.
func parseTTL(word string) (schema.TTL, error) {
	if strings.Trim(word, "0123456789") == "" {
		return schema.ParseTTL(word)
	}
	bad := func() (schema.TTL, error) {
		return 0, fmt.Errorf("the TTL %q is no number of seconds up to %d, and no such number with the units w, d, h, m and s, as in 1h30m", word, schema.MaxTTL)
	}
	total, n, digits := uint64(0), uint64(0), 0
	for i := range len(word) {
		switch c := word[i]; {
		case c >= '0' && c <= '9' && digits < 10:
			n, digits = n*10+uint64(c-'0'), digits+1
		case digits > 0 && units[c|0x20] > 0:
			total, n, digits = total+n*units[c|0x20], 0, 0
		default:
			return bad()
		}
		if total > uint64(schema.MaxTTL) {
			return bad()
		}
	}
	if digits > 0 {
		return bad()
	}
	return schema.TTL(total), nil
}
