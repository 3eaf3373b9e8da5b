package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

// The whole history of the corpus, commit by commit, as a team that had used
// zoneherd from the first day would have seen it: first with nobody else at
// work, then with 1 % of the live records changed behind git's back each time.
// For 598 commits of up to 2,300 records that takes 250 seconds of one core,
// spread over reading files, reading live, planning and the sandbox.
func TestTheHistoryOfTheCorpusIsReplayed(t *testing.T) {
	dir := corpus(t)
	if out, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").CombinedOutput(); err != nil {
		t.Skipf("ZONEHERD_CORPUS lies in no git repository, so it has no history to replay: %s", out)
	}
	for name, meddler := range map[string]*rand.Rand{"undisturbed": nil, "meddled with": rand.New(rand.NewPCG(3, 4))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &replay{dir: dir, meddler: meddler, share: 0.01}
			r.run(t)
			t.Log(r.tally)
			if r.tally.writes == 0 || meddler != nil && r.tally.meddled == 0 {
				t.Error("nothing was tried")
			}
		})
	}
}

// A small history with what a real one may lack: a merge, commits that do not
// validate, a zone that comes and goes, a name that repeats the zone's.
func TestASmallHistoryIsReplayed(t *testing.T) {
	dir := smallHistory(t)
	undisturbed := &replay{dir: dir}
	undisturbed.run(t)
	if got := undisturbed.tally; got.commits != 10 || got.invalid != 2 || got.restarts == 0 || got.refused[plan.GuardDeletes] != 1 {
		t.Errorf("not the history that was meant: %v", got)
	}
	sum := tally{causes: map[string]int{}}
	for seed := range uint64(20) {
		r := &replay{dir: dir, meddler: rand.New(rand.NewPCG(seed, 0)), share: 0.2}
		r.run(t)
		for cause, n := range r.tally.causes {
			sum.causes[cause] += n
		}
		sum.half += r.tally.half
	}
	if sum.causes[drift] == 0 || sum.causes[conflict] == 0 || sum.causes[alreadyLive] == 0 || sum.half == 0 {
		t.Errorf("some kind of change behind git's back was never tried: %v", sum)
	}
	t.Logf("undisturbed: %v", undisturbed.tally)
	t.Logf("RRsets with 20 meddlers, by cause: %v, half way from base to head: %d", sum.causes, sum.half)
}

// replay applies each commit that validates to a sandbox that is live as the
// nearest ancestor that validates has left it.
type replay struct {
	dir     string     // of the zone files, in a repository
	meddler *rand.Rand // nil: nobody else writes
	share   float64    // of the live records that the meddler changes each time

	server *sandbox.Server
	live   *live
	stop   func()
	now    commit            // what is live
	texts  map[string]string // a record's data in canonical form, by its type and value
	tally  tally
}

// commit is a commit that validates.
type commit struct {
	hash  string
	zones []schema.Zone
	sets  map[schema.Name]sets
}

// zone is what the commit declares of a zone, nil for nothing.
func (c *commit) zone(name schema.Name) *schema.Zone {
	i := slices.IndexFunc(c.zones, func(z schema.Zone) bool { return z.Name == name })
	if i < 0 {
		return nil
	}
	return &c.zones[i]
}

// tally counts what the replay has seen.
type tally struct {
	commits, invalid, restarts, writes, meddled int
	refused                                     map[string]int // commits, by guard
	causes                                      map[string]int // RRsets, by verdict
	half, takenOver                             int            // of these, half way from base to head, and what base left alone
}

func (n tally) String() string {
	return fmt.Sprintf("%d commits, %d do not validate, %d follow another than the one applied last; %d writes; refused without overrides: %v; "+
		"%d records changed behind git's back; RRsets by cause: %v, half way from base to head: %d, left alone by base: %d",
		n.commits, n.invalid, n.restarts, n.writes, n.refused, n.meddled, n.causes, n.half, n.takenOver)
}

// overridden lets everything pass that a guard can be told to let pass.
var overridden = plan.Options{Allow: plan.AllowAll()}

func (r *replay) run(t *testing.T) {
	r.tally = tally{refused: map[string]int{}, causes: map[string]int{}}
	r.texts = map[string]string{}
	r.start(t, nil)
	defer func() { r.stop() }()
	parents := map[string][]string{}
	valid := map[string]bool{}
	for line := range strings.Lines(git(t, r.dir, "rev-list", "--topo-order", "--reverse", "--parents", "HEAD")) {
		fields := strings.Fields(line)
		hash := fields[0]
		parents[hash] = fields[1:]
		r.tally.commits++
		head, ok := r.read(t, hash)
		if !ok {
			r.tally.invalid++
			continue
		}
		valid[hash] = true
		base := nearest(hash, parents, valid)
		if base != r.now.hash {
			r.tally.restarts++
			r.now, _ = r.read(t, base)
			r.stop()
			r.start(t, r.now.zones)
		}
		r.step(t, head)
		if t.Failed() {
			t.Fatalf("at commit %s (%d), base %s", hash, r.tally.commits, base)
		}
		r.now = head
	}
}

// nearest is the first proper ancestor that validates, going breadth first;
// empty for none.
func nearest(hash string, parents map[string][]string, valid map[string]bool) string {
	seen := map[string]bool{}
	for queue := parents[hash]; len(queue) > 0; queue = queue[1:] {
		switch at := queue[0]; {
		case valid[at]:
			return at
		case !seen[at]:
			seen[at] = true
			queue = slices.Concat(queue, parents[at])
		}
	}
	return ""
}

// read reads a commit; not ok if it has mistakes or no zones.
func (r *replay) read(t *testing.T, hash string) (commit, bool) {
	t.Helper()
	tree, err := source.OpenCommit(r.dir, hash)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tree.Path(".")
	if err != nil {
		return commit{}, false
	}
	result, err := source.Load(t.Context(), []source.Path{path}, source.Options{DefaultTTL: schema.DefaultTTL, Lenient: true, SkipUnsupported: true})
	if err != nil {
		t.Fatal(err)
	}
	c := commit{hash, result.Zones, map[schema.Name]sets{}}
	for i := range c.zones {
		c.sets[c.zones[i].Name] = declared(&c.zones[i])
	}
	return c, result.Problems.Err() == nil && len(c.zones) > 0
}

// start begins with a new sandbox in which zones are live.
func (r *replay) start(t *testing.T, zones []schema.Zone) {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{})
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
	r.stop = func() {
		client.Close()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
	var applied []schema.Zone
	for _, z := range zones {
		z.RRsets = slices.DeleteFunc(slices.Clone(z.RRsets), func(s schema.RRset) bool { return leftAlone(&z, s.Key) })
		applied = append(applied, z)
	}
	if err := server.Load(applied); err != nil {
		t.Fatal(err)
	}
	r.server, r.live = server, &live{Provider: client}
}

// step plans and applies one commit, and looks at what came of it.
func (r *replay) step(t *testing.T, head commit) {
	t.Helper()
	inputs, unmanaged := r.inputs(t, head)
	before := r.served(t)
	now := before
	if r.meddler != nil {
		for _, in := range inputs {
			if in.Live != nil {
				r.meddle(t, in, r.now.sets[in.Desired.Name], head.sets[in.Desired.Name])
			}
		}
		inputs, unmanaged = r.inputs(t, head)
		now = r.served(t)
	}
	opts := plan.Options{}
	p := plan.New(inputs, unmanaged, opts)
	if p.Refused() {
		guards := map[string]bool{}
		for _, z := range p.Zones {
			for _, refusal := range z.Refused {
				guards[refusal.Guard] = true
			}
		}
		for g := range guards {
			r.tally.refused[g]++
		}
		opts = overridden
		if p = plan.New(inputs, unmanaged, opts); p.Refused() {
			t.Errorf("refused whatever is overridden: %v", guards)
			return
		}
	}
	if r.now.hash != "" {
		r.checkCauses(t, p, head, before, now)
	}
	result := apply.Run(t.Context(), r.live, p, apply.Options{Plan: opts})
	if !result.Complete() {
		t.Errorf("not applied whole: %v", result.Counts())
	}
	r.tally.writes += result.Counts()[apply.Done]
	r.checkApplied(t, p, head)
}

// inputs reads the live side of a commit, with what is live as its base.
func (r *replay) inputs(t *testing.T, head commit) ([]plan.Input, []schema.Name) {
	t.Helper()
	inputs, unmanaged, err := r.live.inputs(t.Context(), &desired{zones: head.zones}, apply.DefaultConcurrency, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if r.now.hash != "" {
		for i := range inputs {
			inputs[i].Base = &plan.Base{Zone: r.now.zone(inputs[i].Desired.Name), Options: overridden}
		}
	}
	return inputs, unmanaged
}

// checkCauses compares the causes that the plan gives with those that the table
// of causes gives. before is live as the base was applied: what differs from it
// is somebody else's, and is never to be called intended.
func (r *replay) checkCauses(t *testing.T, p *plan.Plan, next commit, before, now map[schema.Name]sets) {
	t.Helper()
	for i := range p.Zones {
		z := &p.Zones[i]
		got := map[schema.Key]string{}
		for _, c := range z.Changes {
			if was, ok := got[c.Key]; ok && was != string(c.Cause) {
				t.Errorf("%s: the causes %q and %q within one RRset", c, was, c.Cause)
			}
			got[c.Key] = string(c.Cause)
		}
		for _, k := range z.AlreadyLive {
			got[k.Key] += alreadyLive
		}
		base, head := r.now.sets[z.Name], next.sets[z.Name]
		was, is := before[z.Name], now[z.Name]
		want := map[schema.Key]string{}
		for k := range everyKey(base, head, is) {
			if leftAlone(z.Desired, k) {
				continue
			}
			b, h, l := base[k], head[k], is[k]
			// What base does not declare or holds, git did not look after: anything
			// may be live there, and it is git's doing if it goes.
			lookedAfter := r.now.zone(z.Name) != nil && r.now.zone(z.Name).Holds(k) == nil
			verdict := inTable(b, h, l, lookedAfter)
			if verdict == "" {
				continue
			}
			want[k] = verdict
			r.tally.causes[verdict]++
			// As far as anybody can tell: an apply that stopped half way leaves the same.
			half := verdict == intended && lookedAfter && !slices.Equal(b, l)
			switch {
			case half:
				r.tally.half++
			case !lookedAfter:
				r.tally.takenOver++
			case r.meddler == nil && verdict != intended:
				t.Errorf("%s %s: nobody else was at work, and it is %s", k.Name.Display(), k.Type, verdict)
			}
			if lookedAfter && !half && !slices.Equal(was[k], l) && got[k] == intended {
				t.Errorf("%s %s: somebody else's change is called intended", k.Name.Display(), k.Type)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: causes (-table +plan):\n%s", z.Name.Display(), diff)
		}
	}
}

// checkApplied looks at live after the plan was applied: it is as head says,
// and no plan has anything left to do.
func (r *replay) checkApplied(t *testing.T, p *plan.Plan, head commit) {
	t.Helper()
	inputs, unmanaged := r.inputs(t, head)
	again := plan.New(inputs, unmanaged, plan.Options{})
	if again.Pending() || again.Refused() {
		t.Errorf("the same plan once more has writes: %+v", again.Summary)
	}
	if r.now.hash != "" && p.Summary.Conflict == 0 && again.Digest != p.Digest {
		t.Error("applying the plan has moved its digest")
	}
	live := r.served(t)
	for i := range inputs {
		z := inputs[i].Desired
		want, got := head.sets[z.Name], live[z.Name]
		for k := range everyKey(want, got) {
			if !slices.Equal(want[k], got[k]) && !leftAlone(z, k) {
				t.Errorf("%s %s: live is %q, and head says %q", k.Name.Display(), k.Type, got[k], want[k])
			}
		}
		for _, base := range []*plan.Base{nil, {Zone: z}} {
			inputs[i].Base = base
			if next := plan.New(inputs[i:i+1], nil, plan.Options{}); next.Pending() || len(next.Zones[0].AlreadyLive) > 0 {
				t.Errorf("%s: the next plan is not empty: %v, live already: %v", z.Name.Display(), next.Zones[0].Changes, next.Zones[0].AlreadyLive)
			}
		}
	}
}

// meddle changes a share of a zone's live records in the way of somebody at the
// service's own pages, who may also do by hand what git is about to do: of the
// RRsets that git changes every fourth record, or nothing would ever clash.
func (r *replay) meddle(t *testing.T, in plan.Input, base, head sets) {
	t.Helper()
	z, rnd := in.Live, r.meddler
	id := provider.ZoneID{Handle: z.Handle, Name: z.Name}
	ofType := map[schema.Type][]schema.Data{}
	records := slices.Clone(z.Records)
	slices.SortFunc(records, func(a, b schema.LiveRecord) int { // a seed gives the same changes whatever was applied first
		return strings.Compare(fmt.Sprint(a.Name, a.TTL, a.Data), fmt.Sprint(b.Name, b.TTL, b.Data))
	})
	for _, rec := range records {
		ofType[rec.Data.Type()] = append(ofType[rec.Data.Type()], rec.Data)
	}
	for _, rec := range records {
		k := rec.Key()
		git := !slices.Equal(base[k], head[k])
		if x := rnd.Float64(); leftAlone(in.Desired, k) || !rec.Alternative.IsZero() || x >= r.share && (!git || x >= 0.25) {
			continue
		}
		old := provider.Record{Name: rec.Name, TTL: rec.TTL, Data: rec.Data}
		other := old
		other.Data = ofType[k.Type][rnd.IntN(len(ofType[k.Type]))]
		if other == old {
			other.TTL += schema.TTL(1 + rnd.IntN(1000))
		}
		if set := in.Desired.RRset(k); git && set != nil && rnd.IntN(2) == 0 {
			v := set.Values[rnd.IntN(len(set.Values))]
			other.Data, other.TTL = v.Data, v.TTL
		}
		var err error
		switch rnd.IntN(4) {
		case 0, 1:
			_, err = r.live.UpdateRecord(t.Context(), id, rec.Handle, old, other)
		case 2:
			err = r.live.DeleteRecord(t.Context(), id, rec.Handle)
		default:
			if k.Type == schema.TypeCNAME || rnd.IntN(2) == 0 {
				if other.Name, err = z.Name.Child(fmt.Sprintf("behind-%d", r.tally.meddled)); err != nil {
					t.Fatal(err)
				}
			}
			_, err = r.live.CreateRecord(t.Context(), id, other)
		}
		if err != nil {
			t.Fatalf("change %s %s behind git's back: %v", rec.Name.Display(), k.Type, err)
		}
		r.tally.meddled++
	}
}
