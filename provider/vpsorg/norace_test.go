//go:build !race

package vpsorg_test

const raced = false
