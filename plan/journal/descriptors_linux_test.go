package journal_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// A thousand runs in one process, each with a client and a journal of its own,
// leave no file, connection or goroutine behind.
func TestAThousandRunsLeaveNothingOpen(t *testing.T) {
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var open atomic.Int64 // connections, as the server has them
	web := httptest.NewUnstartedServer(server)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	web.Start()
	defer web.Close()
	dir := t.TempDir()
	run := func(n int) {
		client, err := vpsorg.New(vpsorg.Options{Endpoint: web.URL + sandbox.BasePath, Token: vpsorg.Token(server.Token())})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		www := schema.RRset{Key: schema.Key{Name: schema.MustName("www.a.example"), Type: schema.TypeA}}
		for _, value := range []string{fmt.Sprintf("192.0.2.%d", n%250), fmt.Sprintf("198.51.100.%d", n%250)} {
			data, err := schema.ParseData(schema.TypeA, value)
			if err != nil {
				t.Fatal(err)
			}
			www.Values = append(www.Values, schema.Value{Data: data, TTL: 300})
		}
		desired := &schema.Zone{Name: zone, RRsets: []schema.RRset{www}}
		in := plan.Input{Desired: desired}
		if info, err := client.FindZone(t.Context(), zone); err == nil {
			if in.Live, err = client.ReadZone(t.Context(), info); err != nil {
				t.Fatal(err)
			}
		}
		opts := plan.Options{Allow: plan.AllowAll()}
		p := plan.New([]plan.Input{in}, nil, opts)
		w, err := journal.Create(filepath.Join(dir, fmt.Sprint(n)), saved.Document(p, report.About{}, saved.Origin{}))
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), client, p, apply.Options{Plan: opts, Observe: w.Observe})
		if err := w.End(r.Complete()); err != nil || !r.Complete() || !w.Begun() {
			t.Fatalf("run %d: complete %v, begun %v: %v", n, r.Complete(), w.Begun(), err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (files, goroutines int) {
		for late := time.Now().Add(10 * time.Second); open.Load() > 0 && time.Now().Before(late); {
			runtime.Gosched()
		}
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), runtime.NumGoroutine()
	}
	for n := range 3 {
		run(n)
	}
	files, goroutines := count()
	for n := 3; n < 1000; n++ {
		run(n)
	}
	nowFiles, nowGoroutines := count()
	// What is closed may still be on its way out.
	for late := time.Now().Add(10 * time.Second); (nowFiles > files || nowGoroutines > goroutines) && time.Now().Before(late); runtime.Gosched() {
		nowFiles, nowGoroutines = count()
	}
	if nowFiles > files || nowGoroutines > goroutines {
		t.Errorf("after 3 runs there were %d files open and %d goroutines, after 1,000 %d and %d", files, goroutines, nowFiles, nowGoroutines)
	}
	t.Logf("%d files open after 3 runs and %d after 1,000; %d and %d goroutines", files, nowFiles, goroutines, nowGoroutines)
}
