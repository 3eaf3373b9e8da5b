package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the sandbox within a process holds before and after, with a change from
// a CNAME and one to a CNAME.
const (
	eachBefore = "ttl: 300\nrecords:\n" +
		"  mail: {type: A, value: 192.0.2.25}\n  www: {type: A, values: [192.0.2.1, 192.0.2.2]}\n  ftp: {type: CNAME, value: www}\n  old: {type: TXT, value: old}\n  ttl: {type: A, value: 192.0.2.3}\n"
	eachAfter = "ttl: 300\nrecords:\n" +
		"  mail: {type: A, value: 192.0.2.25}\n  www: {type: CNAME, value: mail}\n  ftp: {type: A, value: 192.0.2.4}\n  new: {type: TXT, value: new}\n  ttl: {type: A, ttl: 60, value: 192.0.2.3}\n"
)

// A process that is killed at its first write, its second, and so on, before
// that took effect or after: applying again finishes, resuming does, and a
// rollback brings back what was there.
func TestAnApplyKilledAtEachWriteIsFinishedAndTakenBack(t *testing.T) {
	for _, tt := range []struct {
		dialect, fault string
		writes         int
	}{
		{"type-change=allowed", "kill-after", 6},
		{"type-change=refused", "kill-before", 9}, // a swap is two writes, and the first is tried in one
		{"type-change=refused", "kill-after", 9},
	} {
		t.Run(tt.dialect+","+tt.fault, func(t *testing.T) {
			t.Parallel()
			killed := 0
			for killAt(t, tt.dialect, fmt.Sprintf("%s=%d", tt.fault, killed+1)) {
				if killed++; killed > tt.writes {
					t.Fatal("it never comes to its end")
				}
			}
			if killed != tt.writes {
				t.Errorf("killed at %d writes, want %d", killed, tt.writes)
			}
		})
	}
}

// killAt applies with a fault, and reports whether that has killed it.
func killAt(t *testing.T, dialect, fault string) bool {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"before/a.example.yaml": eachBefore, "after/a.example.yaml": eachAfter} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path, err := exec.LookPath("zoneherd")
	if err != nil {
		t.Fatal(err)
	}
	run := func(state string, args ...string) int {
		t.Helper()
		cmd := exec.Command(path, append(args[:1:1], append([]string{"--sandbox", "--sandbox-state", state, "--sandbox-dialect", dialect}, args[1:]...)...)...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		out, _ := cmd.CombinedOutput() // the status tells
		code := cmd.ProcessState.ExitCode()
		if code > 0 && !t.Failed() {
			t.Logf("%s: status %d: zoneherd %s\n%s", fault, code, strings.Join(cmd.Args[1:], " "), out)
		}
		return code
	}
	want := func(status int, state string, args ...string) {
		t.Helper()
		if got := run(state, args...); got != status {
			t.Fatalf("%s: exit status %d, want %d", fault, got, status)
		}
	}
	journal := filepath.Join(dir, "j.jsonl")
	first := []string{"apply", "--yes", "--concurrency", "1", "--journal", "j.jsonl", "--sandbox-live", "before", "--sandbox-fault", fault, "--allow-deletes", "*", "--allow-updates", "*", "after"}
	if run("s", first...) == exitDone {
		want(exitDone, "s", "plan", "--detailed-exitcode", "after")
		return false
	}

	// Each way to go on begins with what the killed one has left.
	left := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	state, written := left("s"), left("j.jsonl")
	again := func() {
		for file, text := range map[string][]byte{"s": state, "j.jsonl": written} {
			if err := os.WriteFile(filepath.Join(dir, file), bytes.Clone(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	want(exitDone, "s", "apply", "--yes", "--allow-deletes", "*", "--allow-updates", "*", "after")
	want(exitDone, "s", "plan", "--detailed-exitcode", "after")
	again()
	want(exitDone, "s", "apply", "--yes", "--settle-for", "300ms", "--resume", journal)
	want(exitDone, "s", "plan", "--detailed-exitcode", "after")
	again()
	want(exitDone, "s", "apply", "--yes", "--settle-for", "300ms", "--resume", journal, "--rollback")
	want(exitDone, "s", "plan", "--detailed-exitcode", "before")
	return true
}
