package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider"
)

// teller is a service that says whose token it is, and counts how often.
type teller struct {
	provider.Provider
	id    provider.Identity
	err   error
	asked int
}

func (t *teller) Identity(context.Context) (provider.Identity, error) {
	t.asked++
	return t.id, t.err
}

func TestWhoseTokenItIsIsAskedOnce(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		service teller
		account string
		err     error
	}{
		"told":      {teller{id: provider.Identity{Account: "a@example.com"}}, "a@example.com", nil},
		"not there": {teller{err: provider.ErrNotFound}, "", nil},
		"not said":  {teller{err: provider.ErrForbidden}, "", nil},
		"broken":    {teller{err: broken}, "", broken},
	} {
		l := &live{Provider: &c.service}
		l.asking(t.Context(), true)()
		for range 2 {
			if account, err := l.account(t.Context()); account != c.account || !errors.Is(err, c.err) {
				t.Errorf("%s: the account is %q, error %v", name, account, err)
			}
		}
		if c.service.asked != 1 {
			t.Errorf("%s: asked %d times", name, c.service.asked)
		}
	}
	idle := &teller{}
	(&live{Provider: idle}).asking(t.Context(), false)()
	if idle.asked != 0 {
		t.Errorf("asked %d times though nobody wanted to know", idle.asked)
	}
}

func TestWhatAPermissionIsTooMuchFor(t *testing.T) {
	all := []string{"dns:list", "dns:create", "servers:read", "*"}
	for command, want := range map[string][]string{"plan": {"dns:create", "servers:read", "*"}, "apply": {"servers:read", "*"}} {
		if diff := cmp.Diff(want, surplusOf(command, all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", command, diff)
		}
	}
}

// A run that nobody wants to be of an account goes on where the question fails,
// and is finished or taken back even so.
func TestARunGoesOnWhereTheQuestionWhoseTokenItIsFails(t *testing.T) {
	s, dir := survive(t, ""), t.TempDir()
	var silent atomic.Bool
	silent.Store(true)
	s.next(func(w http.ResponseWriter, r *http.Request) bool {
		if !silent.Load() || !strings.HasSuffix(r.URL.Path, "/account/me/") {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		return true
	}, nil, nil)
	file := "records: {www: {type: A, value: 192.0.2.1}}\n"
	if err := os.WriteFile(filepath.Join(dir, "a.example.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	begin(t, s, dir, "apply", "--yes", "--journal", "j.jsonl", "a.example.yaml").start().want(0, "nobody knows whose zones these are", "done: ")
	silent.Store(false)
	begin(t, s, dir, "apply", "--yes", "--resume", "j.jsonl", "--rollback").start().want(exitPartly, "taken back: 1 write")
}
