//go:build race

package plan_test

// every says how many of the pairs are tried: under the race detector, which
// has nothing to find in a pure function, one of so many.
const every = 32
