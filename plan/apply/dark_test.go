package apply_test

import (
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/bind"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
	"github.com/zoneherd/zoneherd/schema"
)

// TestNothingGoesDark has 100 random plans applied while a nameserver that the
// sandbox deploys to, its own or a named, is asked, as fast as it answers, for
// each name that has data before and after, and for each RRset: none is ever
// missing, but for the one write of a change from or to a CNAME.
func TestNothingGoesDark(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		nothingGoesDark(t, func(t *testing.T, l *live) (addr string, close func()) {
			served, err := nameserver.Listen(l.server.Nameserver(nil), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			return served.Addr, func() {
				if err := served.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	})
	t.Run("named", func(t *testing.T) {
		path := t.TempDir()
		zones := filepath.Join(path, "zones.conf")
		if err := os.WriteFile(zones, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		named := namedtest.Control(t, zones)
		named.Start(t)
		nothingGoesDark(t, func(t *testing.T, l *live) (addr string, close func()) {
			dir, err := bind.Open(bind.Options{Path: path, Server: named.Addr, RNDCConf: named.RNDCConf})
			if err != nil {
				t.Fatal(err)
			}
			stop, err := l.server.DeployTo(t.Context(), dir, func(string, error) {})
			if err != nil {
				t.Fatal(err)
			}
			return named.Addr.String(), func() {
				stop()
				_ = dir.Close()
			}
		})
	})
}

func nothingGoesDark(t *testing.T, serve func(*testing.T, *live) (addr string, close func())) {
	var runs, asked, writes, swaps int
	for seed := uint64(0); runs < 100; seed++ {
		r := rand.New(rand.NewPCG(seed, 0xda4c))
		z := drawChaosZone(r, "z.example")
		if z.missing || refused(&z.desired) {
			continue
		}
		l := newLive(t, "", nil)
		c := chaosCase{zones: []chaosZone{z}}
		if err := c.load(l.server); err != nil {
			t.Fatal(err)
		}
		addr, end := serve(t, l)
		if !l.deployed(t) { // which BIND refuses as it is
			end()
			continue
		}
		runs++
		info, err := l.FindZone(t.Context(), z.desired.Name)
		if err != nil {
			t.Fatal(err)
		}
		before, err := l.ReadZone(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		p := plan.New([]plan.Input{{Desired: &z.desired, Live: before}}, nil, everything)
		keys, swapped := staying(before, &p.Zones[0])
		swaps += swapped
		stop := make(chan struct{})
		var probers sync.WaitGroup
		var answers atomic.Int64
		for range 2 {
			conn, err := dns.Dial("udp", addr)
			if err != nil {
				t.Fatal(err)
			}
			probers.Go(func() {
				defer conn.Close()
				for len(keys) > 0 {
					for _, k := range keys {
						probe(t, seed, conn, k)
						answers.Add(1)
					}
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		report := apply.Run(t.Context(), l, p, apply.Options{Plan: everything, Concurrency: 4})
		served := l.deployed(t)
		close(stop)
		probers.Wait()
		if !served {
			t.Errorf("seed %d: it is not served as it is in the end", seed)
		}
		if !report.Complete() {
			t.Errorf("seed %d: %+v", seed, report.Counts())
		}
		asked += int(answers.Load())
		writes += p.Summary.Writes
		end()
	}
	t.Logf("%d questions during %d writes; names not asked for since they become or were an alias: %d", asked, writes, swaps)
	if asked < writes {
		t.Error("too few questions to tell")
	}
}

// refused reports whether BIND does not load a zone as it is drawn, since a name
// that is no host name has what only a host name may have.
func refused(z *schema.Zone) bool {
	ofHosts := []schema.Type{schema.TypeA, schema.TypeAAAA, schema.TypeMX}
	return slices.ContainsFunc(z.RRsets, func(s schema.RRset) bool {
		return slices.Contains(ofHosts, s.Type) && strings.Contains(s.Name.String(), "_")
	})
}

// deployed waits until the zones are served as they are, or cannot be.
func (l *live) deployed(t *testing.T) bool {
	for until := time.Now().Add(time.Minute); ; {
		r := httptest.NewRequestWithContext(t.Context(), "GET", sandbox.BasePath+"/dns-zones/", nil)
		r.Header.Set("Authorization", "Bearer "+l.server.Token())
		w := httptest.NewRecorder()
		l.server.ServeHTTP(w, r)
		text := w.Body.String()
		if !strings.Contains(text, `"status":"pending"`) {
			return !strings.Contains(text, `"status":"failed"`)
		}
		if time.Now().After(until) {
			t.Fatal(text)
		}
	}
}

// staying are the RRsets that are there before and after, and type ANY for the
// names; without those that become or were an alias, which are counted, and what
// is delegated.
func staying(live *schema.LiveZone, p *plan.Zone) (keys []schema.Key, swaps int) {
	before := map[schema.Name]map[schema.Type]bool{}
	for _, r := range live.Records {
		if before[r.Name] == nil {
			before[r.Name] = map[schema.Type]bool{}
		}
		before[r.Name][r.Data.Type()] = true
	}
	for name, types := range before {
		after := p.Desired.At(name)
		if len(after) == 0 || delegated(p.Name, name, func(n schema.Name) bool {
			return before[n][schema.TypeNS] || p.Desired.RRset(schema.Key{Name: n, Type: schema.TypeNS}) != nil
		}) {
			continue
		}
		if types[schema.TypeCNAME] != (after[0].Type == schema.TypeCNAME) {
			swaps++
			continue
		}
		keys = append(keys, schema.Key{Name: name, Type: "ANY"})
		for _, s := range after {
			if types[s.Type] {
				keys = append(keys, s.Key)
			}
		}
	}
	slices.SortFunc(keys, schema.Key.Compare)
	return keys, swaps
}

func delegated(apex, name schema.Name, cut func(schema.Name) bool) bool {
	for n := name; n != apex; n = n.Parent() {
		if cut(n) {
			return true
		}
	}
	return false
}

// probe asks for an RRset that has to be there.
func probe(t *testing.T, seed uint64, conn *dns.Conn, k schema.Key) {
	q := new(dns.Msg).SetQuestion(k.Name.String(), dns.StringToType[string(k.Type)])
	q.SetEdns0(4096, false)
	client := &dns.Client{Timeout: 10 * time.Second}
	answer, _, err := client.ExchangeWithConn(q, conn)
	switch {
	case err != nil:
		t.Errorf("seed %d: %v: %v", seed, k, err)
	case answer.Rcode != dns.RcodeSuccess || len(answer.Answer) == 0:
		t.Errorf("seed %d: %s %s went dark: %s", seed, k.Name.Display(), k.Type, dns.RcodeToString[answer.Rcode])
	}
}
