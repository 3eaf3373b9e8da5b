package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/plan/review/githubtest"
)

// The scripts in testdata/action run the workflows of examples/workflows with
// nektos/act, on this machine and without a container: action.yml itself, a
// sandbox for the service and a server for GitHub. The actions of others are
// stood in for by testdata/action/stubs, since they cannot be downloaded here.
func TestAction(t *testing.T) {
	act, err := exec.LookPath("act")
	if err != nil {
		act = filepath.Join(goEnv(t)["GOPATH"], "bin", "act")
		if _, err := os.Stat(act); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("act is not installed: .ci/run installs it")
			}
			t.Skip("act is not installed: go install github.com/nektos/act@v0.2.89")
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// Once alone, so that the scripts do not all build everything side by side.
	install := exec.Command("bash", filepath.Join(root, ".github/action/install.sh"))
	install.Env = append(os.Environ(), "VERSION=", "RUNNER_TEMP="+t.TempDir(), "GITHUB_ACTION_PATH="+root)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install.sh: %v\n%s", err, out)
	}
	env := goEnv(t)
	commands := maps.Clone(commands)
	commands["act"] = func(ts *testscript.TestScript, _ bool, args []string) { runAct(ts, args, act, root) }
	testscript.Run(t, testscript.Params{
		Dir: "testdata/action",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("ACTION", root)
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				e.Setenv("GIT_"+who+"_NAME", "Test")
				e.Setenv("GIT_"+who+"_EMAIL", "test@example.com")
			}
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB"} {
				e.Setenv(name, env[name])
			}
			return nil
		},
		Cmds:                commands,
		RequireExplicitExec: true,
	})
}

func goEnv(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var env map[string]string
	if err := json.Unmarshal(out, &env); err != nil {
		t.Fatal(err)
	}
	return env
}

var (
	usesLine    = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (\S+)@(\S+)`)
	commandLine = regexp.MustCompile(`(?m)^( *)command: (?:plan|apply|drift|verify)$`)
)

// runAct runs a workflow of examples/workflows, or one of the script's, in the
// repository $WORK/repo, with the sandbox's endpoint, and wants an outcome: act
// succeeds|fails|skips EVENT EVENT-FILE WORKFLOW. What act prints goes to the
// file act.out.
func runAct(ts *testscript.TestScript, args []string, act, root string) {
	if len(args) != 4 {
		ts.Fatalf("usage: act succeeds|fails|skips EVENT EVENT-FILE WORKFLOW")
	}
	want, args := args[0], args[1:]
	work := func(name string) string { return filepath.Join(ts.Getenv("WORK"), name) }
	file := work(args[2])
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(root, "examples", "workflows", args[2])
	}
	text, err := os.ReadFile(file)
	ts.Check(err)
	text = commandLine.ReplaceAll(text, []byte("$0\n${1}endpoint: "+ts.Getenv("ENDPOINT")))
	workflow := work("workflow.yml")
	ts.Check(os.WriteFile(workflow, text, 0o644))
	action, err := os.ReadFile(filepath.Join(root, "action.yml"))
	ts.Check(err)

	line := []string{
		args[0], "-e", ts.MkAbs(args[1]), "-W", workflow, "-P", "ubuntu-latest=-self-hosted",
		"--no-cache-server", "--action-cache-path", work("actions"),
		"-s", "GITHUB_TOKEN=" + githubtest.Token, "-s", "VPSORG_TOKEN=" + ts.Getenv("TOKEN"), "-s", "VPSORG_READ_TOKEN=" + ts.Getenv("TOKEN"),
	}
	for _, name := range []string{"GITHUB_API_URL", "HOME", "GIT_CONFIG_GLOBAL", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB"} {
		line = append(line, "--env", name+"="+ts.Getenv(name))
	}
	line = append(line, "--env", "REMOTE="+work("repo"), "--env", "ARTIFACTS="+work("artifacts"), "--env", "ZONEHERD_ENDPOINT="+ts.Getenv("ENDPOINT"))
	for _, m := range usesLine.FindAllStringSubmatch(string(text)+string(action), -1) {
		stub := root
		switch name := strings.TrimPrefix(m[1], "actions/"); name {
		case "setup-go", "cache":
			stub = filepath.Join(root, "cmd/zoneherd/testdata/action/stubs/nothing")
		case "checkout", "upload-artifact", "download-artifact":
			stub = filepath.Join(root, "cmd/zoneherd/testdata/action/stubs", name)
		}
		line = append(line, "--local-repository", m[1]+"@"+m[2]+"="+stub)
	}
	cmd := exec.Command(act, line...)
	cmd.Dir = work("repo")
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "XDG_CACHE_HOME="+work("cache"), "HOME="+ts.Getenv("HOME"))
	out, err := cmd.CombinedOutput()
	ts.Logf("act %s\n%s", strings.Join(args, " "), out)
	ts.Check(os.WriteFile(work("act.out"), out, 0o644))
	got := "skips" // which act takes for a success
	switch {
	case err != nil || strings.Contains(string(out), "Job failed"):
		got = "fails"
	case strings.Contains(string(out), "Job succeeded"):
		got = "succeeds"
	}
	if got != want {
		ts.Fatalf("the workflow %s %s: %v", args[2], got, err)
	}
}

// What a workflow runs is pinned, no value of a workflow gets into the text of a
// script, where it would be code, and shellcheck finds nothing in the scripts of
// action.yml, which actionlint does not look at.
func TestWorkflowsAreSafe(t *testing.T) {
	files := []string{"../../action.yml"}
	for _, dir := range []string{"../../examples/workflows", "../../.github/workflows"} {
		found, err := filepath.Glob(dir + "/*.yml")
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no workflows: %v", dir, err)
		}
		files = append(files, found...)
	}
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("shellcheck is not installed: .ci/run installs it")
	}
	type steps []struct{ Uses, Run string }
	var scripts, uses int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Permissions *struct{}
			Runs        struct{ Steps steps }
			Jobs        map[string]struct {
				Permissions map[string]string
				Steps       steps
			}
		}
		if err := yaml.Unmarshal(text, &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all := workflow.Runs.Steps
		for name, job := range workflow.Jobs {
			all = append(all, job.Steps...)
			if len(job.Permissions) == 0 {
				t.Errorf("%s: the job %s does not say its permissions", file, name)
			}
		}
		if len(workflow.Jobs) > 0 && workflow.Permissions == nil {
			t.Errorf("%s: jobs have permissions unless they say so: permissions: {} at the top is missing", file)
		}
		for _, step := range all {
			if step.Run != "" {
				scripts++
			}
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s: a script has an expression in its text: %s", file, step.Run)
			}
			if step.Run != "" && len(workflow.Jobs) == 0 && shellcheck != "" {
				check := exec.Command(shellcheck, "--shell=bash", "-")
				check.Stdin = strings.NewReader("set -eo pipefail # as GitHub does\n" + step.Run)
				if out, err := check.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", file, err, out)
				}
			}
			if step.Uses == "" {
				continue
			}
			uses++
			if !regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
				t.Errorf("%s: %s is not pinned by a commit", file, step.Uses)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)uses: \S+(.*)$`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], " # ") {
				t.Errorf("%s: which version is pinned is not said: %s", file, m[0])
			}
		}
	}
	if scripts < 4 || uses < 10 {
		t.Fatalf("%d scripts and %d actions were looked at: is the test blind?", scripts, uses)
	}
}
