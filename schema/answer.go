package schema

import "slices"

// Answering gives the RRsets from which the zone answers queries for a name:
// its own, or those of the wildcard that covers it (RFC 4592 section 3.3.1).
// Zone cuts are not looked at.
func (z *Zone) Answering(n Name) []RRset {
	if !n.In(z.Name) {
		return nil
	}
	for encloser := n; ; encloser = encloser.Parent() {
		if !z.Exists(encloser) {
			continue
		}
		if encloser == n {
			return z.At(n)
		}
		wildcard, err := encloser.Child("*")
		if err != nil {
			return nil
		}
		return z.At(wildcard)
	}
}

// Exists reports whether a name of the zone exists, if only because a name
// below it does. The apex always does.
func (z *Zone) Exists(n Name) bool {
	if n == z.Name {
		return true
	}
	i, _ := slices.BinarySearchFunc(z.RRsets, n, func(s RRset, n Name) int { return s.Name.Compare(n) })
	return i < len(z.RRsets) && z.RRsets[i].Name.In(n)
}
