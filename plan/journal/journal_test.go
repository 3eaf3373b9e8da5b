package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/plan/journal"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/saved"
	"github.com/zoneherd/zoneherd/schema"
)

var zone = schema.MustName("a.example")

func change(action plan.Action, name, before, after string) *plan.Change {
	owner, err := schema.ParseOwner(name, zone)
	if err != nil {
		panic(err)
	}
	side := func(text string) *plan.Record {
		if text == "" {
			return nil
		}
		d, err := schema.ParseData(schema.TypeA, text)
		if err != nil {
			panic(err)
		}
		return &plan.Record{Data: d, TTL: 60}
	}
	c := &plan.Change{Action: action, Key: schema.Key{Name: owner, Type: schema.TypeA}, Before: side(before), After: side(after), Wave: 1}
	if before != "" {
		c.Handle = schema.Handle("was " + name + " " + before)
	}
	return c
}

// document is a saved plan with nothing in it but its form.
func document() *report.Document {
	return saved.Document(plan.New(nil, nil, plan.Options{}), report.About{Live: "x"}, saved.Origin{Endpoint: "https://x.example", Account: "a"})
}

func create(t *testing.T) (*journal.Writer, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "j.jsonl")
	w, err := journal.Create(file, document())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w, file
}

func observe(t *testing.T, w *journal.Writer, events ...apply.Event) {
	t.Helper()
	for _, e := range events {
		e.Zone = zone
		if err := w.Observe(e); err != nil {
			t.Fatal(err)
		}
	}
}

// What the journal of a run tells that broke off at any byte: never that a step
// is done or not whose line is torn, and everything that stands before.
func TestAJournalThatBreaksOffAnywhereTellsWhatIsWhole(t *testing.T) {
	w, file := create(t)
	a, b, c := change(plan.Create, "a", "", "192.0.2.1"), change(plan.Update, "b", "192.0.2.1", "192.0.2.2"), change(plan.Delete, "c", "192.0.2.1", "")
	observe(t, w,
		apply.Event{Change: a, Outcome: apply.Begun}, apply.Event{Change: b, Outcome: apply.Begun},
		apply.Event{Change: a, Outcome: apply.Done, Handle: "made a"}, apply.Event{Change: c, Outcome: apply.Begun},
		apply.Event{Change: b, Outcome: apply.Failed, Err: errors.New("no")}, apply.Event{Change: c, Outcome: apply.Done})
	if err := w.End(false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(text), '\n') + 1
	// By whole lines after the first: done, open.
	want := []string{"", "a?", "a? b?", "a b?", "a b? c?", "a b? c?", "a b? c", "a b? c"}
	for n := first; n <= len(text); n++ {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Read(torn)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		var got []string
		for _, c := range []*plan.Change{a, b, c} {
			name := c.Key.Name.Relative(zone)
			switch s := j.Progress().Steps[saved.Identity("a.example", report.NewChange(zone, c))]; s {
			case saved.Steps{Done: 1}:
				got = append(got, name)
			case saved.Steps{Open: 1}:
				got = append(got, name+"?")
			case saved.Steps{}:
			default:
				t.Errorf("%v: %+v", c, s)
			}
		}
		if lines := strings.Count(string(text[:n]), "\n") - 1; strings.Join(got, " ") != want[lines] {
			t.Errorf("%d whole lines and more tell %q, want %q", lines, got, want[lines])
		}
		// Going on in it cuts the torn line off and numbers steps anew.
		again, err := journal.Append(torn, j)
		if err != nil {
			t.Fatal(err)
		}
		more := change(plan.Create, "more", "", "192.0.2.9")
		observe(t, again, apply.Event{Change: more, Outcome: apply.Begun}, apply.Event{Change: more, Outcome: apply.Done, Handle: "made more"})
		if err := errors.Join(again.End(true), again.Close()); err != nil {
			t.Fatal(err)
		}
		if j, err = journal.Read(torn); err != nil || !j.Complete {
			t.Fatalf("%d bytes and more: complete %v, %v", n, err == nil && j.Complete, err)
		}
	}
}

func TestAJournalTellsWhatIsToBeTakenBack(t *testing.T) {
	w, file := create(t)
	a, b, c, d := change(plan.Create, "a", "", "192.0.2.1"), change(plan.Update, "b", "192.0.2.1", "192.0.2.2"), change(plan.Delete, "c", "192.0.2.1", ""), change(plan.Create, "d", "", "192.0.2.4")
	observe(t, w, apply.Event{Outcome: apply.Begun}, apply.Event{Outcome: apply.Done, Handle: "z"},
		apply.Event{Change: a, Outcome: apply.Begun}, apply.Event{Change: a, Outcome: apply.Done, Handle: "made a"},
		apply.Event{Change: b, Outcome: apply.Begun}, apply.Event{Change: b, Outcome: apply.Uncertain},
		apply.Event{Change: c, Outcome: apply.Begun},
		apply.Event{Change: d, Outcome: apply.Begun}, apply.Event{Change: d, Outcome: apply.NotDone})
	undo := change(plan.Delete, "a", "192.0.2.1", "")
	undo.Handle = "made a"
	tell := func() string {
		j, err := journal.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		zones, not, err := j.Written()
		if err != nil {
			t.Fatal(err)
		}
		out := []string{fmt.Sprintf("open %d", j.Open())}
		for _, z := range zones {
			for _, s := range z.Steps {
				out = append(out, fmt.Sprintf("%v %s %q %q", s.Change, s.Outcome, s.Change.Handle, s.Handle))
			}
		}
		return strings.Join(append(out, not...), "\n")
	}
	rest := `update b.a.example A uncertain "was b 192.0.2.1" ""
delete c.a.example A uncertain "was c 192.0.2.1" ""
the creation or deletion of the zone a.example`
	if diff := cmp.Diff("open 2\ncreate a.a.example A done \"\" \"made a\"\n"+rest, tell()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	observe(t, w, apply.Event{Change: undo, Outcome: apply.Begun, Undo: true})
	if diff := cmp.Diff("open 3\ncreate a.a.example A done \"\" \"made a\"\n"+rest, tell()); diff != "" {
		t.Errorf("while it is taken back (-want +got):\n%s", diff)
	}
	observe(t, w, apply.Event{Change: undo, Outcome: apply.Done, Undo: true})
	if diff := cmp.Diff("open 2\n"+rest, tell()); diff != "" {
		t.Errorf("after it was taken back (-want +got):\n%s", diff)
	}
	j, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := j.Progress().Steps[saved.Identity("a.example", report.NewChange(zone, a))]; n != (saved.Steps{Open: 1}) {
		t.Errorf("what was taken back counts as %+v: resuming has to look", n)
	}
}

// A step of which it was found out only by taking it back that it took effect is
// taken back for good: an equal record that somebody else creates later is theirs.
func TestWhatWasFoundOutByTakingItBackIsTakenBackOnce(t *testing.T) {
	w, file := create(t)
	open, known := change(plan.Create, "www", "", "192.0.2.1"), change(plan.Create, "www", "", "192.0.2.1")
	updated := change(plan.Update, "b", "192.0.2.1", "192.0.2.2")
	observe(t, w, apply.Event{Change: open, Outcome: apply.Begun},
		apply.Event{Change: known, Outcome: apply.Begun}, apply.Event{Change: known, Outcome: apply.Done, Handle: "known"},
		apply.Event{Change: updated, Outcome: apply.Begun}, apply.Event{Change: updated, Outcome: apply.Uncertain})
	left := func() (out []string) {
		j, err := journal.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		zones, _, err := j.Written()
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range zones {
			for _, s := range z.Steps {
				out = append(out, fmt.Sprintf("%v %s %q", s.Change, s.Outcome, s.Handle))
			}
		}
		return out
	}
	undo := func(c *plan.Change, h schema.Handle) {
		c.Handle = h
		observe(t, w, apply.Event{Change: c, Outcome: apply.Begun, Undo: true}, apply.Event{Change: c, Outcome: apply.Done, Undo: true})
	}
	undo(change(plan.Delete, "www", "192.0.2.1", ""), "known")
	want := []string{`create www.a.example A uncertain ""`, `update b.a.example A uncertain ""`}
	if diff := cmp.Diff(want, left()); diff != "" {
		t.Errorf("after the known one (-want +got):\n%s", diff)
	}
	undo(change(plan.Delete, "www", "192.0.2.1", ""), "found")
	undo(change(plan.Update, "b", "192.0.2.2", "192.0.2.1"), updated.Handle)
	if diff := cmp.Diff([]string(nil), left()); diff != "" {
		t.Errorf("after all (-want +got):\n%s", diff)
	}
}

// Steps from many goroutines: each line is whole, and a step's line is there
// when its Observe returns.
// The zone that was written last is taken back first, and what a zone held is
// what its first backup has.
func TestAJournalOfTwoZones(t *testing.T) {
	w, file := create(t)
	for _, z := range []string{"a.example", "b.example"} {
		for _, backup := range []string{"/first/", "/second/"} {
			if err := w.Backup(schema.MustName(z), backup+z); err != nil {
				t.Fatal(err)
			}
		}
		c := change(plan.Create, "x", "", "192.0.2.1")
		c.Key.Name = schema.MustName("x." + z)
		for _, o := range []apply.Outcome{apply.Begun, apply.Done} {
			if err := w.Observe(apply.Event{Zone: schema.MustName(z), Change: c, Outcome: o}); err != nil {
				t.Fatal(err)
			}
		}
	}
	j, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	zones, _, err := j.Written()
	if err != nil || len(zones) != 2 || zones[0].Zone != schema.MustName("b.example") || zones[1].Zone != schema.MustName("a.example") {
		t.Errorf("taken back are %v (%v)", zones, err)
	}
	if diff := cmp.Diff(map[string]string{"a.example": "/first/a.example", "b.example": "/first/b.example"}, j.Backups); diff != "" {
		t.Errorf("backups (-want +got):\n%s", diff)
	}
}

// A step of unknown outcome that a later run makes again had not taken effect.
func TestAStepThatIsMadeAgainCountsOnce(t *testing.T) {
	w, file := create(t)
	c := change(plan.Create, "a", "", "192.0.2.1")
	observe(t, w, apply.Event{Change: c, Outcome: apply.Begun}, apply.Event{Change: c, Outcome: apply.Uncertain, Err: errors.New("no answer")})
	w.Close()
	j, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	id := saved.Identity("a.example", report.NewChange(zone, c))
	if n := j.Progress().Steps[id]; j.Open() != 1 || n != (saved.Steps{Open: 1}) {
		t.Errorf("%d open, %+v", j.Open(), n)
	}
	if w, err = journal.Append(file, j); err != nil {
		t.Fatal(err)
	}
	observe(t, w, apply.Event{Change: c, Outcome: apply.Begun}, apply.Event{Change: c, Handle: "new", Outcome: apply.Done})
	w.Close()
	if j, err = journal.Read(file); err != nil {
		t.Fatal(err)
	}
	if n := j.Progress().Steps[id]; j.Open() != 0 || n != (saved.Steps{Done: 1}) {
		t.Errorf("made again: %d open, %+v", j.Open(), n)
	}
}

func TestManyWriteAtOnce(t *testing.T) {
	w, file := create(t)
	var wait sync.WaitGroup
	for i := range 50 {
		c := change(plan.Create, fmt.Sprintf("n%d", i), "", "192.0.2.1")
		wait.Go(func() {
			for _, o := range []apply.Outcome{apply.Begun, apply.Done} {
				if err := w.Observe(apply.Event{Zone: zone, Change: c, Outcome: o}); err != nil {
					t.Error(err)
				}
			}
			text, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(text), fmt.Sprintf(`"name":"n%d"`, i)) {
				t.Errorf("the line of step n%d is not there (%v)", i, err)
			}
		})
	}
	wait.Wait()
	j, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if zones, _, err := j.Written(); err != nil || len(zones) != 1 || len(zones[0].Steps) != 50 || j.Open() != 0 {
		t.Errorf("%d open, %v", j.Open(), err)
	}
}

func TestOnceALineIsLostNothingMoreIsWritten(t *testing.T) {
	w, file := create(t)
	a := change(plan.Create, "a", "", "192.0.2.1")
	observe(t, w, apply.Event{Change: a, Outcome: apply.Begun})
	w.Close() // as good as a disk that is gone
	for range 2 {
		if err := w.Observe(apply.Event{Zone: zone, Change: a, Outcome: apply.Done}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("the error is %v", err)
		}
	}
}

// A pipe takes a line, and cannot bring it to a disk.
func TestALineThatDoesNotReachTheDiskIsAnErrorAndTheLast(t *testing.T) {
	end, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	w := journal.On(pipe)
	for _, name := range []string{"a", "b"} {
		if err := w.Observe(apply.Event{Zone: zone, Change: change(plan.Create, name, "", "192.0.2.1"), Outcome: apply.Begun}); err == nil {
			t.Errorf("the step %s may be sent, and its line is not on disk", name)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(end); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%v; after a line that was lost there is more:\n%s", err, text)
	}
}

func TestAJournalIsMadeByItsFirstStepAndForItsOwnerAlone(t *testing.T) {
	w, file := create(t)
	if err := w.End(true); err != nil || w.Begun() {
		t.Errorf("%v, begun %v", err, w.Begun())
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a step: %v", err)
	}
	observe(t, w, apply.Event{Outcome: apply.Begun})
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	if _, err := journal.Create(file, document()); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("a journal that is there already: %v", err)
	}
}

// What another run writes at the same time is no torn end.
func TestAJournalThatHasGrownSinceIsNotGoneOnWith(t *testing.T) {
	w, file := create(t)
	a := change(plan.Create, "a", "", "192.0.2.1")
	observe(t, w, apply.Event{Change: a, Outcome: apply.Begun})
	j, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	observe(t, w, apply.Event{Change: a, Outcome: apply.Done, Handle: "made a"})
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Append(file, j); err == nil || !strings.Contains(err.Error(), "another run has written to it") {
		t.Errorf("gone on with: %v", err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("%v, it holds\n%s", err, after)
	}
}

func TestWhatIsNoJournalIsRefused(t *testing.T) {
	w, file := create(t)
	observe(t, w, apply.Event{Outcome: apply.Begun})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(good), "\n")
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                 {"", "it is empty"},
		"a torn first line":       {head[:100], "it is empty"},
		"something else":          {"{}\n", "no journal of zoneherd"},
		"no JSON":                 {head + "\nnone\n", "line 2 is not readable"},
		"another format":          {strings.Replace(head, `"journal":"1.0"`, `"journal":"2.0"`, 1) + "\n", "its format is 2.0"},
		"a plan that was changed": {strings.Replace(head, `"account":"a"`, `"account":"b"`, 1) + "\n", "not as it was written"},
		"a step that never began": {head + "\n" + strings.Replace(rest, `"event":"begun"`, `"event":"done"`, 1), "has not begun"},
		"a step that began twice": {head + "\n" + rest + rest, "line 3 begins no new step"},
	} {
		t.Run(name, func(t *testing.T) {
			f := filepath.Join(t.TempDir(), "j")
			if err := os.WriteFile(f, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := journal.Read(f); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// Whatever stands after a journal's first line is read or refused.
func FuzzRead(f *testing.F) {
	step := `{"time":"2026-01-01T00:00:00Z","step":1,"event":"begun","zone":"a.example","change":{"action":"create","name":"a","type":"A","after":{"data":"192.0.2.1","ttl":60}},"handle":"x"}` + "\n"
	f.Add([]byte(step + `{"step":1,"event":"done","left":"y"}` + "\n"))
	f.Add([]byte(step + strings.Replace(strings.Replace(step, `"step":1`, `"step":2,"undo":true`, 1), "create", "delete", 1)))
	f.Add([]byte(`{"step":1,"event":"begun","zone":"a.example"}` + "\n" + `{"resumed":true}` + "\n" + `{"ended":{"complete":true}}` + "\n"))
	plan, err := json.Marshal(document())
	if err != nil {
		f.Fatal(err)
	}
	head := fmt.Appendf(nil, `{"journal":"1.0","plan":%s}`+"\n", plan)
	f.Fuzz(func(t *testing.T, rest []byte) {
		file := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(file, append(slices.Clone(head), rest...), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Read(file)
		if err != nil {
			return
		}
		for id, n := range j.Progress().Steps {
			if n.Done < 0 || n.Open < 0 {
				t.Errorf("%s: %+v", id, n)
			}
		}
		zones, _, err := j.Written()
		if err != nil {
			return
		}
		for _, z := range zones {
			if len(z.Inverse()) != len(z.Steps) {
				t.Error("not each step has its inverse")
			}
		}
	})
}
