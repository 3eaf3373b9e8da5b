package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// git runs git in a directory, without the user's own configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// smallHistory makes a repository with the commits that are told in it.
func smallHistory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	many := func(from, to int, value string) (text string) {
		for i := from; i < to; i++ {
			text += fmt.Sprintf("n%02d: {type: A, value: %s}\n", i, value)
		}
		return text
	}
	const mail = "'': {type: MX, values: [{preference: 10, exchange: mx1.example.net.}, {preference: 20, exchange: mx2.example.net.}]}\n"
	commit := func(files map[string]string) {
		for name, text := range files {
			file := filepath.Join(dir, name+".yaml")
			err := os.WriteFile(file, []byte(text), 0o600)
			if text == "" {
				err = os.Remove(file)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		git(t, dir, "add", "-A")
		git(t, dir, "commit", "-qm", "change")
	}
	git(t, dir, "init", "-q")
	commit(map[string]string{"a.example": mail + many(0, 20, "192.0.2.1"), "b.example": many(0, 5, "192.0.2.1")})
	git(t, dir, "branch", "side")
	commit(map[string]string{"a.example": mail + many(0, 20, "192.0.2.999")}) // is no address
	commit(map[string]string{"a.example": mail + many(0, 2, "192.0.2.2") + many(2, 20, "192.0.2.1")})
	commit(map[string]string{"a.example": "n00: {type: CNAME, value: n03}\nn01: {type: A, ttl: 60, values: [192.0.2.2, 192.0.2.3, 192.0.2.4]}\n" + many(2, 20, "192.0.2.1")})
	git(t, dir, "checkout", "-q", "side")
	commit(map[string]string{"b.example": many(0, 4, "192.0.2.7"), "c.example": mail})
	commit(map[string]string{"b.example": "b.example: {type: TXT, value: below}\n" + many(1, 4, "192.0.2.7")}) // a name that repeats the zone's
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "merge", "-q", "-m", "merge", "side")
	commit(map[string]string{"a.example": "n00: {type: CNAME, value: n03}\n" + many(1, 10, "192.0.2.1")}) // half of it gone
	commit(map[string]string{"a.example": "n00: [\n"})                                                    // is no YAML
	commit(map[string]string{"a.example": mail + many(0, 12, "192.0.2.1"), "b.example": many(1, 4, "192.0.2.7"), "c.example": ""})
	return dir
}
