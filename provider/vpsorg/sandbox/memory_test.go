package sandbox_test

import (
	"errors"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
)

// Over a network in memory and with virtual time each fault does the same, and
// takes the time that it says.
func TestFaultsInVirtualTime(t *testing.T) {
	for _, tt := range []struct {
		faults string
		effect time.Duration // when it takes effect; below 0: never
		waits  time.Duration // for the end of the answer, at least
		broken bool
	}{
		{"seed=1", 0, 0, false},
		{"refused=1", 0, 0, false},
		{"reset-before=1", -1, 0, true},
		{"reset-after=1", 0, 0, true},
		{"timeout-before=1", -1, 65 * time.Second, true},
		{"timeout-after=1,hold=1h", 0, time.Hour, true},
		{"late=1,late-by=24h", 24 * time.Hour, 0, true},
		{"error-after=1", 0, 0, false},
		{"truncated=1", 0, 0, true},
		{"slow=1", 0, time.Millisecond, false},
	} {
		t.Run(tt.faults, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults, err := sandbox.ParseFaults(tt.faults)
				if err != nil {
					t.Fatal(err)
				}
				var written log
				server, err := sandbox.New(sandbox.Options{Faults: faults, Observe: written.add})
				if err != nil {
					t.Fatal(err)
				}
				var network sandbox.Memory
				listener, err := sandbox.Serve(server, network.Listen)
				if err != nil {
					t.Fatal(err)
				}
				live(t, server, 1)
				zone := "/dns-zones/" + written.take()[0].Handle + "/"
				transport := &http.Transport{DialContext: network.Dial}
				a := &api{t, server, listener.URL, server.Token(), &http.Client{Transport: transport}}
				begun := time.Now()
				_, err = a.try(t.Context(), "POST", zone+"records/", address)
				if waited := time.Since(begun); (err != nil) != tt.broken || waited < tt.waits || waited > tt.waits+time.Second {
					t.Errorf("after %s: %v", waited, err)
				}
				if tt.faults == "refused=1" {
					if _, err := a.try(t.Context(), "GET", zone, ""); !errors.Is(err, syscall.ECONNREFUSED) {
						t.Errorf("right after it: %v", err)
					}
					time.Sleep(100 * time.Millisecond)
					if r, err := a.try(t.Context(), "GET", zone, ""); err != nil || r.status != 200 {
						t.Errorf("after the pause: %d %v", r.status, err)
					}
				}
				time.Sleep(max(0, tt.effect))
				synctest.Wait()
				if events := written.take(); len(events) != 1 && tt.effect >= 0 || len(events) != 0 && tt.effect < 0 {
					t.Errorf("it took effect %d times", len(events))
				}
				transport.CloseIdleConnections()
				if err := listener.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A server that is closed while a client waits waits for nothing itself, and
// leaves nothing behind: a goroutine that is left ends the bubble in a panic.
func TestClosingAmidFaults(t *testing.T) {
	for _, list := range []string{"timeout-before=1", "timeout-after=1", "oversized=1", "slow=1", "late=1", "refused=1", "tls=self-signed", "lag=1h,foreign=1"} {
		t.Run(list, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults, err := sandbox.ParseFaults(list)
				if err != nil {
					t.Fatal(err)
				}
				server, err := sandbox.New(sandbox.Options{Faults: faults})
				if err != nil {
					t.Fatal(err)
				}
				var network sandbox.Memory
				listener, err := sandbox.Serve(server, network.Listen)
				if err != nil {
					t.Fatal(err)
				}
				transport := &http.Transport{DialContext: network.Dial}
				begun := time.Now()
				var clients sync.WaitGroup
				for range 3 {
					clients.Go(func() {
						req, err := http.NewRequest("DELETE", listener.URL+"/dns-zones/x/", nil)
						if err != nil {
							t.Error(err)
							return
						}
						if res, err := (&http.Client{Transport: transport}).Do(req); err == nil {
							time.Sleep(time.Second) // it reads nothing
							res.Body.Close()
						}
					})
				}
				synctest.Wait()
				if err := listener.Close(); err != nil {
					t.Error(err)
				}
				if waited := time.Since(begun); waited > time.Second {
					t.Errorf("closing took %s", waited)
				}
				clients.Wait()
				transport.CloseIdleConnections()
			})
		})
	}
}
