package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const served = `
$TTL 3600
@        SOA ns1 hostmaster 7 3600 600 86400 300
@        NS  ns1
@        A   192.0.2.1
@        A   192.0.2.2
@        TXT "v=spf1 -all"
ns1      A   192.0.2.53
www 300  CNAME @
sub      NS  ns.sub
sub      NS  ns.example.net.
ns.sub   A   192.0.2.54
`

// declared is a zone as git declares it, a record a line: name, TTL, type, data.
func declared(t *testing.T, apex string, lines ...string) *schema.Zone {
	t.Helper()
	z := &schema.Zone{Name: schema.MustName(apex)}
	for _, line := range lines {
		part := strings.SplitN(line, " ", 4)
		name, err := schema.ParseOwner(part[0], z.Name)
		if err != nil {
			t.Fatal(err)
		}
		ttl, err := schema.ParseTTL(part[1])
		if err != nil {
			t.Fatal(err)
		}
		data, err := schema.ParseData(schema.Type(part[2]), part[3])
		if err != nil {
			t.Fatal(err)
		}
		k := schema.Key{Name: name, Type: schema.Type(part[2])}
		i, there := slices.BinarySearchFunc(z.RRsets, k, func(s schema.RRset, k schema.Key) int { return s.Key.Compare(k) })
		if !there {
			z.RRsets = slices.Insert(z.RRsets, i, schema.RRset{Key: k})
		}
		z.RRsets[i].Values = append(z.RRsets[i].Values, schema.Value{Data: data, TTL: ttl})
	}
	return z
}

var asServed = []string{
	"@ 3600 A 192.0.2.1", "@ 3600 A 192.0.2.2", `@ 3600 TXT "v=spf1 -all"`,
	"ns1 3600 A 192.0.2.53", "www 300 CNAME example.com.",
	"sub 3600 NS ns.sub.example.com.", "sub 3600 NS ns.example.net.", "ns.sub 3600 A 192.0.2.54",
}

func verifyAt(t *testing.T, z Zone, opts Options, servers ...*fakeServer) *ZoneReport {
	t.Helper()
	for _, s := range servers {
		opts.Nameservers = append(opts.Nameservers, Server{Addr: s.addr})
	}
	opts.Interval = time.Millisecond
	if opts.Wait == 0 {
		opts.Wait = 200 * time.Millisecond
	}
	report, err := Run(t.Context(), []Zone{z}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return &report.Zones[0]
}

// told is a report in lines: a nameserver's status, and its findings.
func told(r *ZoneReport) []string {
	var lines []string
	for _, s := range r.Servers {
		line := string(s.Status)
		if s.Reason != "" {
			line += ": " + s.Reason
		}
		lines = append(lines, line)
		for _, f := range s.Findings {
			line := fmt.Sprintf("%s %s %s", f.Kind, f.Key.Name.Relative(r.Zone), f.Key.Type)
			if f.Kind != Missing && f.Kind != NoAnswer {
				for _, g := range f.Got {
					line += fmt.Sprintf(" %d %s", g.TTL, g.Data)
				}
			}
			if f.Reason != "" {
				line += ": " + f.Reason
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWhatANameserverAnswersIsComparedWithWhatIsDeclared(t *testing.T) {
	edit := func(change ...string) []string {
		lines := slices.Clone(asServed)
		for _, c := range change {
			if rest, ok := strings.CutPrefix(c, "-"); ok {
				lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, rest) })
				continue
			}
			lines = append(lines, c)
		}
		return lines
	}
	for _, tt := range []struct {
		name  string
		lines []string
		gone  []string
		want  []string
	}{
		{"all is as declared", asServed, nil, []string{"ok"}},
		{"an RRset is missing", edit("new 60 A 192.0.2.9"), nil, []string{"wrong", "missing new A"}},
		{"the data are others", edit("-ns1", "ns1 3600 A 192.0.2.50"), nil, []string{"wrong", "other ns1 A 3600 192.0.2.53"}},
		{"a value is more than declared", edit("-@ 3600 A 192.0.2.2"), nil, []string{"wrong", "other @ A 3600 192.0.2.1 3600 192.0.2.2"}},
		{"the TTL is another", edit("-www", "www 60 CNAME example.com."), nil, []string{"wrong", "ttl www CNAME 300 example.com."}},
		{"a CNAME stands in the place of an address", edit("-www", "www 300 A 192.0.2.1"), nil, []string{"wrong", "other www A 300 example.com."}},
		{"what has to be gone is there", edit("-ns1"), []string{"ns1 A"}, []string{"wrong", "extra ns1 A 3600 192.0.2.53"}},
		{"what has to be gone is gone", asServed, []string{"old A", "www A"}, []string{"ok"}},
		{"a delegation has another nameserver", edit("-sub 3600 NS ns.example.net.", "sub 3600 NS ns.example.org."), nil,
			[]string{"wrong", "other sub NS 3600 ns.example.net. 3600 ns.sub.example.com."}},
		{"the glue is another", edit("-ns.sub", "ns.sub 3600 A 192.0.2.55"), nil, []string{"wrong", "other ns.sub A 3600 192.0.2.54"}},
		{"what is below a delegation and no glue is not asked for", edit("host.sub 60 A 192.0.2.99"), nil, []string{"ok"}},
	} {
		for _, transfer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/transfer=%v", tt.name, transfer), func(t *testing.T) {
				z := newZone(t, "example.com", served)
				z.transfer = transfer
				s := serve(t, "127.0.0.1", 0, z.handle)
				zone := Zone{Desired: declared(t, "example.com", tt.lines...)}
				if slices.Contains(tt.gone, "ns1 A") {
					zone.Plan.Prune = plan.PruneNone // found since it has to be gone, not as what is undeclared
				}
				for _, k := range tt.gone {
					name, typ, _ := strings.Cut(k, " ")
					owner, _ := schema.ParseOwner(name, zone.Desired.Name)
					zone.Gone = append(zone.Gone, schema.Key{Name: owner, Type: schema.Type(typ)})
				}
				r := verifyAt(t, zone, Options{}, s)
				if diff := cmp.Diff(tt.want, told(r)); diff != "" {
					t.Error(diff)
				}
				if r.Servers[0].Transfer != transfer || r.Servers[0].Serial != 7 {
					t.Errorf("transfer %v, serial %d", r.Servers[0].Transfer, r.Servers[0].Serial)
				}
			})
		}
	}
}

func TestATransferShowsWhatIsNotDeclared(t *testing.T) {
	text := served + `
more     A   192.0.2.77
_acme-challenge TXT "challenge"
ext      A   192.0.2.78
ext      TXT "heritage=external-dns,external-dns/owner=x"
left     TXT "ignored"
sshfp    SSHFP 1 1 0123456789abcdef0123456789abcdef01234567
`
	z := newZone(t, "example.com", text)
	z.transfer = true
	s := serve(t, "127.0.0.1", 0, z.handle)
	zone := Zone{Desired: declared(t, "example.com", asServed...), Plan: plan.Options{Ignore: []plan.Pattern{{Name: "left"}}}}
	if diff := cmp.Diff([]string{"wrong", "extra more A 3600 192.0.2.77"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
		t.Error(diff)
	}
	zone.Plan.Prune = plan.PruneNone
	if diff := cmp.Diff([]string{"ok"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
		t.Error(diff)
	}
}

func TestAWildcardAnswersForWhatIsGone(t *testing.T) {
	text := served + "*.w 60 A 192.0.2.80\n"
	z := newZone(t, "example.com", text)
	z.change = func(q, answer *dns.Msg) { // as RFC 4592 has it
		if name := q.Question[0].Name; name == "gone.w.example.com." && q.Question[0].Qtype == dns.TypeA {
			answer.Rcode, answer.Ns = dns.RcodeSuccess, nil
			rr := dns.Copy(z.find("*.w.example.com.", dns.TypeA)[0])
			rr.Header().Name = name
			answer.Answer = []dns.RR{rr}
		}
	}
	for _, z.transfer = range []bool{false, true} {
		s := serve(t, "127.0.0.1", 0, z.handle)
		zone := Zone{
			Desired: declared(t, "example.com", append(slices.Clone(asServed), "*.w 60 A 192.0.2.80")...),
			Gone:    []schema.Key{{Name: schema.MustName("gone.w.example.com"), Type: schema.TypeA}},
		}
		if diff := cmp.Diff([]string{"ok"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
			t.Error(diff)
		}
	}
}

// What a plan leaves alone takes its name, and those above it, out of a wildcard.
func TestAWildcardNeedNotAnswerForWhatIsGone(t *testing.T) {
	const mark = `TXT "heritage=external-dns,external-dns/owner=x"` + "\n"
	for name, tt := range map[string]struct {
		served string
		want   []string
	}{
		"something else is at the name":      {"gone.w TXT left\n", []string{"ok"}},
		"a challenge is below it":            {"_acme-challenge.gone.w TXT left\n", []string{"ok"}},
		"external-dns has put it there anew": {"gone.w A 192.0.2.81\na-gone.w " + mark, []string{"ok"}},
		"it is still there":                  {"gone.w A 192.0.2.81\n", []string{"wrong", "other gone.w A 3600 192.0.2.81"}},
	} {
		for _, transfer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/transfer=%v", name, transfer), func(t *testing.T) {
				z := newZone(t, "example.com", served+"*.w 60 A 192.0.2.80\n"+tt.served)
				z.transfer = transfer
				zone := Zone{
					Desired:  declared(t, "example.com", append(slices.Clone(asServed), "*.w 60 A 192.0.2.80")...),
					Gone:     []schema.Key{{Name: schema.MustName("gone.w.example.com"), Type: schema.TypeA}},
					Unlisted: true,
					Plan:     plan.Options{Prune: plan.PruneNone},
				}
				if diff := cmp.Diff(tt.want, told(verifyAt(t, zone, Options{}, serve(t, "127.0.0.1", 0, z.handle)))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestVerifyTellsTheTruth has a server misbehave in each way that is told apart.
func TestVerifyTellsTheTruth(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(q, answer *dns.Msg)
		handle func(z *zoneServer) dns.HandlerFunc
		want   []string
	}{
		{name: "refused", change: func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeRefused) }, want: []string{"lame: it answers REFUSED"}},
		{name: "server failure", change: func(_, a *dns.Msg) { *a = *failure(a, dns.RcodeServerFailure) }, want: []string{"lame: it answers SERVFAIL"}},
		{name: "no authority", change: func(_, a *dns.Msg) { a.Authoritative = false }, want: []string{"lame: it answers without authority"}},
		{name: "another zone's authority", change: func(_, a *dns.Msg) { a.Answer = nil }, want: []string{"lame: it has authority, but for another zone"}},
		{name: "one RRset fails", change: func(q, a *dns.Msg) {
			if q.Question[0].Qtype == dns.TypeTXT {
				*a = *failure(a, dns.RcodeServerFailure)
			}
		}, want: []string{"wrong", "noanswer @ TXT: it answers SERVFAIL"}},
		{name: "a part of an RRset", change: func(q, a *dns.Msg) {
			if q.Question[0].Qtype == dns.TypeA && len(a.Answer) == 2 {
				a.Answer = a.Answer[:1]
			}
		}, want: []string{"wrong", "other @ A 3600 192.0.2.1"}},
		{name: "signatures", change: func(q, a *dns.Msg) {
			if len(a.Answer) > 0 {
				a.Answer = append(a.Answer, &dns.RRSIG{Hdr: dns.RR_Header{Name: a.Answer[0].Header().Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: 3600},
					TypeCovered: q.Question[0].Qtype, SignerName: "example.com.", Signature: "AAAA"})
			}
		}, want: []string{"ok"}},
		{name: "it answers another question", change: func(_, a *dns.Msg) { a.Question[0].Name = "other.example.com." },
			want: []string{"unreachable: it answers another question: other.example.com. SOA"}},
		{name: "silence", handle: func(*zoneServer) dns.HandlerFunc { return func(dns.ResponseWriter, *dns.Msg) {} }, want: []string{"unreachable: no answer in time"}},
		{name: "what is no message", handle: func(*zoneServer) dns.HandlerFunc {
			return func(w dns.ResponseWriter, q *dns.Msg) { _, _ = w.Write([]byte{byte(q.Id >> 8), byte(q.Id), 0x80}) }
		}, want: []string{"unreachable: its answer cannot be read: dns: short read"}},
		{name: "the question back", handle: func(*zoneServer) dns.HandlerFunc {
			return func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(q) }
		}, want: []string{"unreachable: it sends a question back"}},
		{name: "no EDNS", handle: func(z *zoneServer) dns.HandlerFunc {
			return func(w dns.ResponseWriter, q *dns.Msg) {
				if q.IsEdns0() != nil {
					_ = w.WriteMsg(new(dns.Msg).SetRcodeFormatError(q))
					return
				}
				z.handle(w, q)
			}
		}, want: []string{"ok"}},
		{name: "all answers cut short over UDP", handle: func(z *zoneServer) dns.HandlerFunc {
			return func(w dns.ResponseWriter, q *dns.Msg) {
				if w.RemoteAddr().Network() == "udp" {
					a := new(dns.Msg).SetReply(q)
					a.Truncated = true
					_ = w.WriteMsg(a)
					return
				}
				z.handle(w, q)
			}
		}, want: []string{"ok"}},
		{name: "cut short everywhere", handle: func(*zoneServer) dns.HandlerFunc {
			return func(w dns.ResponseWriter, q *dns.Msg) {
				a := new(dns.Msg).SetReply(q)
				a.Truncated = true
				_ = w.WriteMsg(a)
			}
		}, want: []string{"unreachable: the answer is cut short over UDP, and over TCP there is none: it is cut short there too"}},
		{name: "each question lost twice", handle: func(z *zoneServer) dns.HandlerFunc {
			var mu sync.Mutex
			asked := map[dns.Question]int{}
			return func(w dns.ResponseWriter, q *dns.Msg) {
				mu.Lock()
				asked[q.Question[0]]++
				n := asked[q.Question[0]]
				mu.Unlock()
				if n < 3 {
					return
				}
				z.handle(w, q)
			}
		}, want: []string{"ok"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, "example.com", served)
			z.change = tt.change
			handle := z.handle
			if tt.handle != nil {
				handle = tt.handle(z)
			}
			s := serve(t, "127.0.0.1", 0, handle)
			r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, Options{}, s)
			if diff := cmp.Diff(tt.want, told(r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func failure(a *dns.Msg, rcode int) *dns.Msg {
	f := a.Copy()
	f.Rcode, f.Answer, f.Ns, f.Extra, f.Authoritative = rcode, nil, nil, nil, false
	return f
}

func TestNobodyListensIsUnreachable(t *testing.T) {
	s := serve(t, "127.0.0.1", 0, func(dns.ResponseWriter, *dns.Msg) {})
	free := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), s.addr.Port())
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, Options{}, &fakeServer{addr: free})
	if r.Status() != Unreachable || !strings.Contains(r.Servers[0].Reason, "refused") {
		t.Errorf("%v", told(r))
	}
}

func TestAServerThatIsBehindIsToldFromOneThatIsWrong(t *testing.T) {
	good := newZone(t, "example.com", served)
	behind := newZone(t, "example.com", strings.ReplaceAll(strings.Replace(served, " 7 ", " 6 ", 1), "192.0.2.2\n", "192.0.2.3\n"))
	wrong := newZone(t, "example.com", strings.ReplaceAll(served, "192.0.2.53", "192.0.2.99"))
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, Options{},
		serve(t, "127.0.0.1", 0, good.handle), serve(t, "127.0.0.1", 0, behind.handle), serve(t, "127.0.0.1", 0, wrong.handle))
	want := []string{"ok", "lagging: its serial is 6, and another nameserver has 7", "other @ A 3600 192.0.2.1 3600 192.0.2.3", "wrong", "other ns1 A 3600 192.0.2.99"}
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Error(diff)
	}
	if r.Status() != Wrong {
		t.Errorf("the zone is %s", r.Status())
	}
}

func TestSerialsWrapAround(t *testing.T) {
	for _, tt := range []struct {
		a, b  uint32
		older bool
	}{{1, 2, true}, {2, 1, false}, {7, 7, false}, {1<<32 - 1, 0, true}, {0, 1<<32 - 1, false}, {1 << 31, 1<<31 + 5, true}} {
		if older(tt.a, tt.b) != tt.older {
			t.Errorf("older(%d, %d) is not %v", tt.a, tt.b, tt.older)
		}
	}
}

// TestItIsAskedAgainUntilTheChangeIsDeployed: what was as declared already is
// not asked for again.
func TestItIsAskedAgainUntilTheChangeIsDeployed(t *testing.T) {
	for _, transfer := range []bool{false, true} {
		old := newZone(t, "example.com", strings.ReplaceAll(served, "192.0.2.53", "192.0.2.99"))
		now := newZone(t, "example.com", served)
		old.transfer, now.transfer = transfer, transfer
		var rounds atomic.Int64
		s := serve(t, "127.0.0.1", 0, func(w dns.ResponseWriter, q *dns.Msg) {
			if rounds.Load() < 3 {
				old.handle(w, q)
				return
			}
			now.handle(w, q)
		})
		var first int64
		var progress Progress
		opts := Options{Timeout: 10 * time.Second, Progress: &progress, Observe: func(e Event) {
			if e.Done {
				return
			}
			if e.Open != 1 || e.Status != Wrong {
				t.Errorf("%d open, %s", e.Open, e.Status)
			}
			if rounds.Add(1) == 1 {
				first = s.asked.Load()
			}
		}}
		r := verifyAt(t, Zone{Desired: declared(t, "example.com", asServed...)}, opts, s)
		if r.Status() != OK || rounds.Load() != 3 {
			t.Errorf("%v after %d rounds", told(r), rounds.Load())
		}
		if again := s.asked.Load() - first; again != 6 { // the SOA and one RRset, three times
			t.Errorf("%d questions after the first round's %d", again, first)
		}
		want := int64(6) // RRsets, each counted the first time alone
		if transfer {
			want = 0
		}
		if progress.Asked.Load() != want || progress.Of.Load() != want {
			t.Errorf("%d RRsets asked for of %d, want %d", progress.Asked.Load(), progress.Of.Load(), want)
		}
	}
}

func TestAnInterruptEndsIt(t *testing.T) {
	s := serve(t, "127.0.0.1", 0, newZone(t, "example.com", served).handle)
	ctx, cancel := context.WithCancel(t.Context())
	zone := Zone{Desired: declared(t, "example.com", "nowhere 60 A 192.0.2.1")}
	_, err := Run(ctx, []Zone{zone}, Options{Nameservers: []Server{{Addr: s.addr}}, Timeout: time.Hour, Interval: time.Hour,
		Observe: func(Event) { cancel() }})
	if err == nil {
		t.Error("it came to an end by itself")
	}
}

func TestAnAbsentZoneIsAnsweredForByNobody(t *testing.T) {
	zone := Zone{Desired: &schema.Zone{Name: schema.MustName("example.com"), State: schema.Absent}}
	s := serve(t, "127.0.0.1", 0, newZone(t, "example.com", served).handle)
	if diff := cmp.Diff([]string{"wrong: it still answers for the zone, which is declared absent"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
		t.Error(diff)
	}
	s = serve(t, "127.0.0.1", 0, newZone(t, "example.net", served).handle)
	if diff := cmp.Diff([]string{"ok"}, told(verifyAt(t, zone, Options{}, s))); diff != "" {
		t.Error(diff)
	}
}

func TestMoreThanAHundredRecordsAreAskedForThoughTransferred(t *testing.T) {
	text, lines := served, slices.Clone(asServed)
	for i := range 101 {
		text += fmt.Sprintf("many A 198.51.100.%d\n", i)
		lines = append(lines, fmt.Sprintf("many 3600 A 198.51.100.%d", i))
	}
	z := newZone(t, "example.com", text)
	z.transfer = true
	z.change = func(q, a *dns.Msg) {
		if strings.HasPrefix(q.Question[0].Name, "many.") {
			*a = *failure(a, dns.RcodeServerFailure)
		}
	}
	r := verifyAt(t, Zone{Desired: declared(t, "example.com", lines...)}, Options{}, serve(t, "127.0.0.1", 0, z.handle))
	if diff := cmp.Diff([]string{"wrong", "noanswer many A: it answers SERVFAIL"}, told(r)); diff != "" {
		t.Error(diff)
	}
}

func TestAResolverCountsTheTTLDown(t *testing.T) {
	z := newZone(t, "example.com", served)
	z.change = func(_, a *dns.Msg) {
		a.Authoritative, a.AuthenticatedData = false, true
		for i := range a.Answer {
			a.Answer[i] = dns.Copy(a.Answer[i])
			a.Answer[i].Header().Ttl -= 100
		}
	}
	s := serve(t, "127.0.0.1", 0, z.handle)
	zone := Zone{Desired: declared(t, "example.com", asServed...)}
	var progress Progress
	r := verifyAt(t, zone, Options{Resolver: s.addr, AskResolver: true, Progress: &progress})
	if asked, of := progress.Asked.Load(), progress.Of.Load(); asked != of || of == 0 { // it is not asked for delegations
		t.Errorf("%d RRsets asked for of %d", asked, of)
	}
	if diff := cmp.Diff([]string{"ok"}, told(r)); diff != "" {
		t.Error(diff)
	}
	if r.Servers[0].DNSSEC != Validated {
		t.Errorf("DNSSEC: %q", r.Servers[0].DNSSEC)
	}
	zone.Desired = declared(t, "example.com", "@ 60 A 192.0.2.1", "@ 60 A 192.0.2.2")
	if diff := cmp.Diff([]string{"wrong", "ttl @ A 3500 192.0.2.1 3500 192.0.2.2"}, told(verifyAt(t, zone, Options{Resolver: s.addr, AskResolver: true}))); diff != "" {
		t.Error("a TTL that was changed, and that the resolver still has: ", diff)
	}
}

// Ten thousand RRsets, each with another TTL than is declared.
func BenchmarkJudge(b *testing.B) {
	z := &Zone{Desired: &schema.Zone{Name: schema.MustName("example.com")}}
	var answers []schema.LiveRecord
	for i := range 10_000 {
		k := schema.Key{Name: schema.MustName(fmt.Sprintf("h%05d.example.com", i)), Type: schema.TypeTXT}
		data := schema.TXT{Text: "x"}
		z.Desired.RRsets = append(z.Desired.RRsets, schema.RRset{Key: k, Values: []schema.Value{{Data: data, TTL: 300}}})
		answers = append(answers, schema.LiveRecord{Name: k.Name, Data: data, TTL: 60})
	}
	questions, _ := z.questions()
	for b.Loop() {
		if n := len(z.judge(questions, answers)); n != len(questions) {
			b.Fatal(n)
		}
	}
}
