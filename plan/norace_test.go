//go:build !race

package plan_test

// every says how many of the pairs are tried: all.
const every = 1
