package vpsorg

// NewTransport is the transport of a client, for tests that need to trust a
// server of their own.
var NewTransport = newTransport
