package vpsorg_test

import (
	"testing"

	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// sandboxed gives a client of a new sandbox over a real socket.
func sandboxed(t testing.TB, dialect string) (*vpsorg.Client, *sandbox.Server) {
	t.Helper()
	d, err := sandbox.ParseDialect(dialect)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Options{Dialect: d})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := vpsorg.New(vpsorg.Options{Endpoint: listener.URL, Token: vpsorg.Token(server.Token())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return client, server
}
