package octodns

import (
	"cmp"
	"strings"
)

// Natural compares names as octoDNS sorts them, and wants them sorted: runs of
// digits by their number, what is between them as it stands, and a name that
// begins with digits as if nothing stood before them.
func Natural(a, b string) int {
	for {
		i, j := digitsAt(a), digitsAt(b)
		if c := cmp.Compare(a[:i], b[:j]); c != 0 {
			return c
		}
		if a, b = a[i:], b[j:]; a == "" || b == "" {
			return cmp.Compare(len(a), len(b))
		}
		i, j = nonDigitAt(a), nonDigitAt(b)
		x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
}

func digitsAt(s string) int {
	if i := strings.IndexAny(s, "0123456789"); i >= 0 {
		return i
	}
	return len(s)
}

func nonDigitAt(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
