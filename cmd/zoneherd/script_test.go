package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/plan/review/githubtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zoneherd": main})
}

// commands are what scripts can do besides.
var commands = map[string]func(*testscript.TestScript, bool, []string){"status": wantStatus, "serve": serve, "bind": serveBIND, "lines": setLines, "interrupt": interrupt, "github": gitHub, "comments": comments, "answer": answer, "merged": merged, "opened": opened, "changes": changesOf}

// The scripts in testdata are sessions that a user could type, against the
// real binary and the sandbox over a socket.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			return nil
		},
		Cmds:                commands,
		RequireExplicitExec: true,
	})
}

// wantStatus runs a program and wants an exit status: status 3 zoneherd plan.
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM [ARG…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// serve starts `zoneherd sandbox` with the given arguments, waits for its line
// and sets ENDPOINT and TOKEN, and DNSHOST and DNSPORT where there is DNS.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	path, err := exec.LookPath("zoneherd")
	ts.Check(err)
	await(ts, exec.Command(path, append([]string{"sandbox"}, args...)...))
}

// serveBIND does so with a BIND, as examples/bind/up has it.
func serveBIND(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command(filepath.Join(ts.Getenv("EXAMPLES"), "bind", "up"), append([]string{ts.MkAbs("bind")}, args...)...)
	cmd.Env = append(os.Environ(), fmt.Sprint("DNS_PORT=", freePort(ts)), fmt.Sprint("RNDC_PORT=", freePort(ts)))
	await(ts, cmd)
}

// freePort is one that nobody has, below those that clients are given.
func freePort(ts *testscript.TestScript) int {
	for range 100 {
		port := 30000 + rand.IntN(2700)
		addr := fmt.Sprint("127.0.0.1:", port)
		tcp, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		_ = tcp.Close()
		if udp, err := net.ListenPacket("udp", addr); err == nil {
			_ = udp.Close()
			return port
		}
	}
	ts.Fatalf("no port is free")
	return 0
}

// await starts a sandbox and waits for its line.
func await(ts *testscript.TestScript, cmd *exec.Cmd) {
	cmd.Dir = ts.Getenv("WORK")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("the sandbox ended badly: %v: %.2000s", err, stderr.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ts.Fatalf("the sandbox did not come up: %v: %s", err, stderr.String())
	}
	var ready struct{ URL, Token, DNS string }
	ts.Check(json.Unmarshal([]byte(line), &ready))
	ts.Setenv("ENDPOINT", ready.URL)
	ts.Setenv("TOKEN", ready.Token)
	if ready.DNS != "" {
		host, port, err := net.SplitHostPort(ready.DNS)
		ts.Check(err)
		ts.Setenv("DNSHOST", host)
		ts.Setenv("DNSPORT", port)
	}
}

// gitHub starts a server that answers as GitHub does, and sets what Actions
// would: github EVENT-FILE, or github alone, outside of Actions.
func gitHub(ts *testscript.TestScript, neg bool, args []string) {
	login := "github-actions[bot]"
	if len(args) == 0 {
		login = "maintainer"
	}
	s := githubtest.Start(login, 10)
	ts.Defer(s.Close)
	servers.Store(ts.Getenv("WORK"), s)
	ts.Setenv("GITHUB_API_URL", s.URL)
	ts.Setenv("GITHUB_REPOSITORY", "owner/zones")
	ts.Setenv("GITHUB_TOKEN", githubtest.Token)
	if len(args) == 0 {
		return
	}
	ts.Setenv("GITHUB_ACTIONS", "true")
	ts.Setenv("GITHUB_SERVER_URL", "https://github.example")
	ts.Setenv("GITHUB_RUN_ID", "42")
	ts.Setenv("GITHUB_WORKSPACE", ts.Getenv("WORK"))
	ts.Setenv("GITHUB_SHA", strings.Repeat("5", 40))
	ts.Setenv("GITHUB_EVENT_PATH", ts.MkAbs(args[0]))
	ts.Setenv("GITHUB_STEP_SUMMARY", ts.MkAbs("summary.md"))
}

// servers are the servers of gitHub by the directories of their scripts.
var servers sync.Map

func gitHubOf(ts *testscript.TestScript) *githubtest.Server {
	s, ok := servers.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("there is no server: begin with github")
	}
	return s.(*githubtest.Server)
}

// comments writes the comments on a pull request to a file: comments 7 FILE.
func comments(ts *testscript.TestScript, neg bool, args []string) {
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := gitHubOf(ts)
	all := strings.Join(slices.Concat(s.Comments(number, "github-actions[bot]"), s.Comments(number, "maintainer")), "\n=====\n")
	for _, i := range s.Issues() {
		all += fmt.Sprintf("\n===== issue, %s: %s\n%s", i.State, i.Title, i.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(all), 0o644))
}

// answer makes GitHub's next answer to a request that writes a failure:
// answer POST 403 MESSAGE.
func answer(ts *testscript.TestScript, neg bool, args []string) {
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	gitHubOf(ts).Answer(githubtest.Answer{Method: args[0], Status: status, Body: fmt.Sprintf(`{"message":%q}`, args[2])})
}

// merged tells GitHub that the commit here was brought by a pull request, of
// which others were brought before, into main: merged 7.
func merged(ts *testscript.TestScript, neg bool, args []string) {
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	now := time.Now()
	gitHubOf(ts).AddPull(githubtest.Pull{Number: number, State: "closed", MergedAt: &now, Base: githubtest.Base{Ref: "main"}, Commits: []string{commitOf(ts, "HEAD")}})
}

// opened tells GitHub of an open pull request, such as a fork's, with a commit
// as its head: opened 8 somebody:branch REVISION.
func opened(ts *testscript.TestScript, neg bool, args []string) {
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	gitHubOf(ts).AddPull(githubtest.Pull{Number: number, State: "open", Head: githubtest.Head{SHA: commitOf(ts, args[2]), Label: args[1]}})
}

// commitOf is the commit of a revision in the repository here.
func commitOf(ts *testscript.TestScript, revision string) string {
	git := exec.Command("git", "rev-parse", revision)
	git.Dir = ts.MkAbs(".")
	out, err := git.Output()
	ts.Check(err)
	return strings.TrimSpace(string(out))
}

// changesOf writes what a JSON plan does and what it leaves alone, a line each,
// with the zone and the place: changes PLAN.json FILE.
func changesOf(ts *testscript.TestScript, neg bool, args []string) {
	d, err := report.ReadDocument([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	var lines strings.Builder
	for _, z := range d.Zones {
		for _, c := range z.Changes {
			at := "-"
			if c.Position != nil {
				at = c.Position.String()
			}
			fmt.Fprintln(&lines, strings.TrimSpace(fmt.Sprintln(z.Zone, c.Action, c.Name, c.Type, at, c.Cause)))
		}
		for _, k := range z.Unmanaged {
			fmt.Fprintln(&lines, z.Zone, "left", k.Name, k.Type)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lines.String()), 0o644))
}

// setLines sets a variable to several lines: lines NAME LINE…
func setLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: lines NAME LINE…")
	}
	ts.Setenv(args[0], strings.Join(args[1:], "\n"))
}

// interrupt runs zoneherd with the given arguments, interrupts it once it has
// printed its plan, and wants the exit status 130: interrupt apply --yes. What
// it printed goes to the files interrupted.out and interrupted.err.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	path, err := exec.LookPath("zoneherd")
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), append(os.Environ(), "VPSORG_TOKEN="+ts.Getenv("VPSORG_TOKEN"))
	var stdout, stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		stdout.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "digest ") {
			ts.Check(cmd.Process.Signal(os.Interrupt))
		}
	}
	if err := cmd.Wait(); neg || cmd.ProcessState.ExitCode() != 130 {
		ts.Fatalf("%v, want exit status 130\n%s\n%s", err, stdout.String(), stderr.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.out"), []byte(stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.err"), []byte(stderr.String()), 0o600))
}
