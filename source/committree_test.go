package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// gitIn runs git in a directory, without the user's own configuration.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// repositoryOf makes a repository with zones of two commits: at the first www
// is 192.0.2.1, at the second 192.0.2.2.
func repositoryOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	gitIn(t, dir, "init", "-q")
	write(t, filepath.Join(dir, "dns", "zones", "a.example.yaml"), "include: ../shared/web.yaml\n")
	write(t, filepath.Join(dir, "dns", "shared", "web.yaml"), "records:\n  www: {type: A, value: 192.0.2.1}\n")
	write(t, filepath.Join(dir, "dns", "zoneherd.yaml"), "default-ttl: 60\n")
	if err := os.Symlink("../shared/web.yaml", filepath.Join(dir, "dns", "zones", "b.example.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "dns", "zones", "c.example.yaml")); err != nil {
		t.Fatal(err)
	}
	gitIn(t, dir, "add", "-A")
	gitIn(t, dir, "commit", "-qm", "first")
	gitIn(t, dir, "tag", "one")
	write(t, filepath.Join(dir, "dns", "shared", "web.yaml"), "records:\n  www: {type: A, value: 192.0.2.2}\n")
	gitIn(t, dir, "commit", "-qam", "second")
	return dir
}

// addressAt reads the zone a.example at a revision.
func addressAt(t *testing.T, dir, revision string) string {
	t.Helper()
	c, err := OpenCommit(dir, revision)
	if err != nil {
		return err.Error()
	}
	p, err := c.Path("zones")
	if err != nil {
		return err.Error()
	}
	r, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range r.Zones {
		if z.Name.Display() == "a.example" && len(z.RRsets) == 1 {
			return z.RRsets[0].Values[0].Data.String()
		}
	}
	return r.Problems.Error()
}

func TestACommitIsReadLikeAWorkTree(t *testing.T) {
	dir := repositoryOf(t)
	c, err := OpenCommit(filepath.Join(dir, "dns"), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Path("zones")
	if err != nil {
		t.Fatal(err)
	}
	fromCommit, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := OpenDisk(filepath.Join(dir, "dns"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if p, err = disk.Path("zones"); err != nil {
		t.Fatal(err)
	}
	fromDisk, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
	if err != nil {
		t.Fatal(err)
	}
	var a, b strings.Builder
	printZones(&a, fromDisk.Zones)
	printZones(&b, fromCommit.Zones)
	if diff := cmp.Diff(a.String()+fromDisk.Problems.Error(), b.String()+fromCommit.Problems.Error()); diff != "" {
		t.Errorf("-work tree +commit:\n%s", diff)
	}
	if !strings.Contains(b.String(), "192.0.2.2") || !strings.Contains(fromCommit.Problems.Error(), "zones/c.example.yaml: leads out of the repository") {
		t.Errorf("read %s\n%v", b.String(), fromCommit.Problems)
	}
	if err := fstest.TestFS(c.tree.FS, "dns/zones/a.example.yaml", "dns/shared/web.yaml"); err != nil && !strings.Contains(err.Error(), "c.example.yaml") {
		t.Error(err)
	}
}

func TestEveryKindOfRepositoryIsRead(t *testing.T) {
	dir := repositoryOf(t)
	dns := filepath.Join(dir, "dns")
	for revision, want := range map[string]string{
		"HEAD": "192.0.2.2", "HEAD~1": "192.0.2.1", "one": "192.0.2.1", "main": "192.0.2.2",
		gitIn(t, dir, "rev-parse", "one"): "192.0.2.1",
		"nowhere":                         "there is no commit nowhere in this repository: fetch it, or check its name",
	} {
		if got := addressAt(t, dns, revision); got != want {
			t.Errorf("at %s: %s, want %s", revision, got, want)
		}
	}

	gitIn(t, dir, "worktree", "add", "-q", filepath.Join(dir, "..", "linked"), "one")
	linked := filepath.Join(dir, "..", "linked", "dns")
	t.Cleanup(func() { os.RemoveAll(filepath.Join(dir, "..", "linked")) })
	if got := addressAt(t, linked, "HEAD"); got != "192.0.2.1" {
		t.Errorf("in a linked worktree with a detached head: %s", got)
	}

	gitIn(t, dir, "gc", "-q", "--aggressive", "--prune=now")
	gitIn(t, dir, "pack-refs", "--all")
	if got := addressAt(t, dns, "one"); got != "192.0.2.1" {
		t.Errorf("with packed refs and objects: %s", got)
	}

	shared := filepath.Join(t.TempDir(), "shared")
	gitIn(t, dir, "clone", "-q", "--shared", dir, shared)
	if got := addressAt(t, filepath.Join(shared, "dns"), "origin/main~1"); got != "192.0.2.1" {
		t.Errorf("with objects borrowed from another repository: %s", got)
	}

	super := t.TempDir()
	gitIn(t, super, "init", "-q")
	gitIn(t, super, "submodule", "add", "-q", dir, "sub")
	gitIn(t, super, "commit", "-qm", "a submodule")
	if got := addressAt(t, filepath.Join(super, "sub", "dns"), "HEAD"); got != "192.0.2.2" {
		t.Errorf("in a submodule: %s", got)
	}

	gitIn(t, dir, "checkout", "-q", "-b", "side", "one")
	write(t, filepath.Join(dir, "other"), "x\n")
	gitIn(t, dir, "add", "-A")
	gitIn(t, dir, "commit", "-qm", "side")
	gitIn(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "main")
	if got := addressAt(t, dns, "HEAD"); got != "192.0.2.2" {
		t.Errorf("at a merge commit: %s", got)
	}
	if got := addressAt(t, dns, "HEAD^1"); got != "192.0.2.1" {
		t.Errorf("at its first parent: %s", got)
	}
	if got := addressAt(t, t.TempDir(), "HEAD"); !strings.HasPrefix(got, "there is no git repository here") {
		t.Errorf("outside a repository: %s", got)
	}
}

func TestTheMergeBaseIsFoundOrSaidToBeMissing(t *testing.T) {
	dir := repositoryOf(t)
	first := gitIn(t, dir, "rev-parse", "one")
	gitIn(t, dir, "checkout", "-q", "-b", "side", "one")
	for _, n := range []string{"a", "b"} {
		write(t, filepath.Join(dir, n), n)
		gitIn(t, dir, "add", "-A")
		gitIn(t, dir, "commit", "-qm", n)
	}
	baseOf := func(dir, head, base string) string {
		c, err := OpenMergeBase(dir, head, base)
		if err != nil {
			return err.Error()
		}
		return c.Commit().Hash
	}
	if got := baseOf(dir, "HEAD", "main"); got != first {
		t.Errorf("the merge base is %s, want %s", got, first)
	}
	if got := baseOf(dir, "side", "side~1"); got != gitIn(t, dir, "rev-parse", "side~1") {
		t.Errorf("of an ancestor: %s", got)
	}
	clone := func(depth string) string {
		to := filepath.Join(t.TempDir(), "shallow")
		gitIn(t, dir, "clone", "-q", "--depth", depth, "--no-single-branch", "--branch", "side", "file://"+dir, to)
		return to
	}
	if got, want := baseOf(clone("1"), "HEAD", "origin/main"), "this clone is shallow and lacks the merge base of HEAD and origin/main: fetch more, in Actions with fetch-depth: 0"; got != want {
		t.Errorf("a shallow clone without the base: %s", got)
	}
	if got := baseOf(clone("3"), "HEAD", "origin/main"); got != first {
		t.Errorf("a shallow clone with the base at its boundary: %s, want %s", got, first)
	}
	gitIn(t, dir, "checkout", "-q", "--orphan", "alone")
	gitIn(t, dir, "commit", "-qm", "alone")
	if got, want := baseOf(dir, "alone", "main"), "alone and main have no history in common: choose another --base"; got != want {
		t.Errorf("without a common history: %s", got)
	}
}

func TestAWorkTreeThatDiffersFromItsCommitIsDirty(t *testing.T) {
	dir := repositoryOf(t)
	if err := os.Remove(filepath.Join(dir, "dns", "zones", "c.example.yaml")); err != nil {
		t.Fatal(err)
	}
	gitIn(t, dir, "commit", "-qam", "third")
	head := gitIn(t, dir, "rev-parse", "HEAD")
	look := func() Commit {
		disk, err := OpenDisk(filepath.Join(dir, "dns"))
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		p, err := disk.Path("zones")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
		if err != nil {
			t.Fatal(err)
		}
		return HeadOf([]Path{p}, r.Files)
	}
	if got := look(); got != (Commit{head, false, "dns"}) {
		t.Errorf("clean: %v, want %v", got, head)
	}
	web := filepath.Join(dir, "dns", "shared", "web.yaml")
	write(t, web, "records:\n  www: {type: A, value: 192.0.2.3}\n")
	if got := look(); !got.Dirty {
		t.Error("an included file was changed, and nothing said")
	}
	gitIn(t, dir, "checkout", "-q", ".")
	write(t, filepath.Join(dir, "dns", "zones", "new.example.yaml"), "records: {}\n")
	if got := look(); !got.Dirty {
		t.Error("a zone file was added, and nothing said")
	}
	gitIn(t, dir, "clean", "-qfd")
	if err := os.Remove(filepath.Join(dir, "dns", "zones", "a.example.yaml")); err != nil {
		t.Fatal(err)
	}
	if got := look(); !got.Dirty {
		t.Error("a zone file was removed, and nothing said")
	}
}

// A partial clone lacks the content of what was not checked out, which is of
// no matter to who does not read it.
func TestACommitOfAPartialCloneIsReadWithoutWhatItLacks(t *testing.T) {
	origin := t.TempDir()
	gitIn(t, origin, "init", "-q", "-b", "main")
	gitIn(t, origin, "config", "uploadpack.allowFilter", "true")
	for name, text := range map[string]string{"zones/a.example.yaml": "records:\n  www: {type: A, value: 192.0.2.1}\n", "zones/NOTES.txt": "first", "zones/b.example.yaml": "{}"} {
		if err := os.MkdirAll(filepath.Join(origin, "zones"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(origin, name), text)
	}
	gitIn(t, origin, "add", "-A")
	gitIn(t, origin, "commit", "-qm", "first")
	write(t, filepath.Join(origin, "zones/NOTES.txt"), "second")
	gitIn(t, origin, "commit", "-qam", "second")
	write(t, filepath.Join(origin, "zones/b.example.yaml"), "records:\n  www: {type: A, value: 192.0.2.1}\n")
	gitIn(t, origin, "commit", "-qam", "third")
	clone := filepath.Join(t.TempDir(), "clone")
	gitIn(t, origin, "clone", "-q", "--filter=blob:none", "file://"+origin, clone)
	load := func(revision string) Result {
		c, err := OpenCommit(clone, revision)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Path("zones")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Load(t.Context(), []Path{p}, Options{DefaultTTL: 60})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := load("HEAD~1"); len(r.Zones) != 1 || r.Problems.Err() == nil || !strings.Contains(r.Problems.Err().Error(), "zones/b.example.yaml: cannot be read: git has not fetched its content, since this is a partial clone") {
		t.Errorf("a zone file that is lacking: %v", r.Problems)
	}
	gitIn(t, clone, "show", "HEAD~1:zones/b.example.yaml") // has git fetch it
	if r := load("HEAD~1"); len(r.Zones) != 2 || r.Problems.Err() != nil {
		t.Errorf("a text file that is lacking: %v", r.Problems)
	}
}
