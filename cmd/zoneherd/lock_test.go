package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"strings"
	"sync"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/schema"
)

// told is what a run says, and a way to wait for it.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
	said chan struct{}
}

func (b *told) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.text.Write(p)
	select {
	case b.said <- struct{}{}:
	default:
	}
	return n, err
}

// runOn is a run against a service.
func runOn(endpoint string) (*planned, *cli.Context, *told, chan struct{}) {
	out := &told{said: make(chan struct{}, 1)}
	stop := make(chan struct{})
	r := &planned{program: &program{stderr: out, stop: stop}, live: &live{endpoint: endpoint}}
	c := cli.NewContext(cli.NewApp(), flag.NewFlagSet("", flag.ContinueOnError), nil)
	c.Context = context.Background()
	return r, c, out, stop
}

func TestTwoRunsOnOneMachineDoNotWriteAtOnce(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	zones := []schema.Name{schema.MustName("a.example"), schema.MustName("b.example")}
	lock := func(endpoint string, zones ...schema.Name) (func(), error) {
		r, c, _, _ := runOn(endpoint)
		return r.lock(c, &messages{p: r.program}, zones)
	}
	unlock, err := lock("a", zones...)
	if err != nil {
		t.Fatal(err)
	}

	// Another service, or other zones, have nothing to wait for.
	for endpoint, zone := range map[string]string{"b": "a.example", "a": "c.example"} {
		other, err := lock(endpoint, schema.MustName(zone))
		if err != nil {
			t.Fatal(err)
		}
		other()
	}

	// One of the same zones waits, until it may go on or is interrupted.
	waiting, c, out, stop := runOn("a")
	failed := make(chan error)
	go func() {
		_, err := waiting.lock(c, &messages{p: waiting.program}, zones[1:])
		failed <- err
	}()
	<-out.said
	if text := out.text.String(); !strings.Contains(text, "another run on this machine writes to some of these zones") {
		t.Errorf("it says %q", text)
	}
	close(stop)
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted while it waits: %v", err)
	}

	waiting, c, out, _ = runOn("a")
	locked := make(chan func())
	go func() {
		unlock, err := waiting.lock(c, &messages{p: waiting.program}, zones)
		if err != nil {
			t.Error(err)
		}
		locked <- unlock
	}()
	<-out.said
	select {
	case <-locked:
		t.Error("both have the lock")
	default:
	}
	unlock()
	(<-locked)()
}
