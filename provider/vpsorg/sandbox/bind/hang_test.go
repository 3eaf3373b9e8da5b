package bind_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
)

// script has a script stand in for a program of BIND's.
func script(t testing.TB, program, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// refusing is the address of a nameserver that has no zone.
func refusing(t testing.TB) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused))
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ActivateAndServe()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// written is a directory with one zone, of which named is not told yet.
func written(t testing.TB, path string, server netip.AddrPort) *bind.Dir {
	t.Helper()
	dir, err := bind.Open(bind.Options{Path: path, Server: server, Patience: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	checked, err := dir.Check(t.Context(), "example.com", rrs(t, apex))
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Write(checked); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What a script has started lives on when that is ended, and has its output open.
const hangs = "sleep 60; true\n"

func TestAnRNDCThatHangsIsGivenUp(t *testing.T) {
	namedtest.Look(t, "named-checkzone")
	script(t, "rndc", hangs)
	dir := written(t, t.TempDir(), refusing(t))
	begun := time.Now()
	if _, err := dir.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "rndc cannot tell named of it") {
		t.Error(err)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestACheckThatHangsEndsWithAnInterrupt(t *testing.T) {
	namedtest.Look(t, "rndc")
	script(t, "named-checkzone", hangs)
	dir := open(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := dir.Check(ctx, "example.com", rrs(t, apex)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A zone that named never took leaves zones.conf before its file goes.
func TestZonesConfNamesNoFileThatIsNotThere(t *testing.T) {
	namedtest.Look(t, "named-checkzone")
	path := t.TempDir()
	inTheWay := filepath.Join(path, "zones.conf.new")
	script(t, "rndc", "mkdir -p '"+inTheWay+"/full'\n") // from here on zones.conf cannot be written
	dir := written(t, path, refusing(t))
	if _, err := dir.Reload(t.Context()); err == nil {
		t.Error("zones.conf was written")
	}
	file := filepath.Join(path, "example.com.zone")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("zones.conf names it: %v", err)
	}
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	script(t, "rndc", "")
	if _, err := dir.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
}

func TestOnlyWhatWasThereIsTakenOut(t *testing.T) {
	namedtest.Look(t, "named-checkzone")
	dir := written(t, t.TempDir(), refusing(t))
	for _, tt := range []struct {
		domain string
		want   bool
	}{{"never.example", false}, {"example.com", true}, {"example.com", true}} {
		if got := dir.Remove(tt.domain); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.domain, got, tt.want)
		}
	}
}
