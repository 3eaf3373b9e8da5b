package report

import "unicode/utf8"

// marked is a text of which the middle is what differs from another.
type marked struct{ Head, Middle, Tail inert }

// markDifference finds where two texts differ: between what both begin and what
// both end with. A number that differs differs as a whole, so that 24 → 25 is
// not shown as 4 → 5.
func markDifference(a, b string) (was, now marked) {
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for head > 0 && (splits(a, head) || splits(b, head)) {
		head--
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	for tail > 0 && (splits(a, len(a)-tail) || splits(b, len(b)-tail)) {
		tail--
	}
	of := func(s string) marked {
		return marked{quoted(s[:head]), quoted(s[head : len(s)-tail]), quoted(s[len(s)-tail:])}
	}
	return of(a), of(b)
}

// splits reports whether a cut before s[i] goes through a character or a number.
func splits(s string, i int) bool {
	if i == 0 || i == len(s) {
		return false
	}
	return !utf8.RuneStart(s[i]) || digit(s[i-1]) && digit(s[i])
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
