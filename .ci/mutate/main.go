// Command mutate breaks the code on purpose, in each of the ways of
// mutations.txt, and says whether the tests notice. It works on a copy of what
// git tracks here. Its status is 1 where a mutation survives, does not build or
// no longer applies, and where a test fails without one.
//
//	go run ./.ci/mutate             # all of them, which takes a while
//	go run ./.ci/mutate -run swap   # those with a name that matches
//	go run ./.ci/mutate -check      # only that each still applies
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"log"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

//go:embed mutations.txt
var list string

// mutation is one way to break the code. Its name is the promise that it breaks.
type mutation struct {
	name, file   string
	old, changed string // whole lines
	test         test
}

// test is what has to fail: the tests of a package that match, with more in
// their environment.
type test struct{ pkg, run, env string }

// parse reads blocks of lines, as the head of mutations.txt explains.
func parse(text string) (all []*mutation, err error) {
	for n, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" || line[0] == '#':
		case key == "name":
			all = append(all, &mutation{name: value})
		case len(all) == 0:
			return nil, fmt.Errorf("line %d stands before the first name", n+1)
		default:
			m := all[len(all)-1]
			switch {
			case key == "file":
				m.file = value
			case key == "test":
				f := append(strings.Fields(value), "", "", "")
				m.test = test{f[0], f[1], f[2]}
			case line[0] == '-':
				m.old += line[1:] + "\n"
			case line[0] == '+':
				m.changed += line[1:] + "\n"
			case line[0] == ' ':
				m.old, m.changed = m.old+line[1:]+"\n", m.changed+line[1:]+"\n"
			default:
				return nil, fmt.Errorf("line %d is none of a mutation", n+1)
			}
		}
	}
	return all, nil
}

// apply gives the file's text with the mutation in it.
func (m *mutation) apply(text string) (string, error) {
	if m.old == "" || m.old == m.changed || m.test.run == "" {
		return "", errors.New("it lacks a line that goes or comes, or a test")
	}
	if n := strings.Count("\n"+text, "\n"+m.old); n != 1 {
		return "", fmt.Errorf("the old text stands in %s %d times", m.file, n)
	}
	out := strings.Replace("\n"+text, "\n"+m.old, "\n"+m.changed, 1)[1:]
	_, err := parser.ParseFile(token.NewFileSet(), m.file, out, 0)
	return out, err
}

// copyTree copies what git tracks here or would, as it is now.
func copyTree(to string) error {
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for _, file := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(file)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, file), text, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// goTest runs tests, and gives those that failed. built is false where the
// package does not build.
func goTest(ctx context.Context, dir string, t test) (failures []string, built bool, out string) {
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-vet=off", "-failfast", "-timeout=4m", "-run", t.run, t.pkg)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), strings.Fields(t.env)...)
	text, err := cmd.CombinedOutput()
	out = string(text)
	for _, m := range failed.FindAllStringSubmatch(out, -1) {
		failures = append(failures, m[1])
	}
	if err != nil && failures == nil {
		failures = []string{"a crash or the time limit"}
	}
	return failures, !strings.Contains(out, "[build failed]") && !strings.Contains(out, "[setup failed]") && !strings.Contains(out, "no tests to run"), out
}

func main() {
	log.SetFlags(0)
	run := flag.String("run", "", "only mutations whose name or file matches the `REGEXP`")
	check := flag.Bool("check", false, "only see that each mutation applies")
	show := flag.Bool("list", false, "only list them")
	flag.Parse()
	match, err := regexp.Compile(*run)
	if err != nil {
		log.Fatal(err)
	}
	all, err := parse(list)
	if err != nil {
		log.Fatal("mutations.txt: ", err)
	}
	all = slices.DeleteFunc(all, func(m *mutation) bool { return !match.MatchString(m.name) && !match.MatchString(m.file) })
	bad := 0
	texts := map[*mutation]string{}
	for _, m := range all {
		text, err := os.ReadFile(m.file)
		if err == nil {
			texts[m], err = m.apply(string(text))
		}
		if err != nil {
			fmt.Printf("does not apply  %s: %v\n", m.name, err)
			bad++
		} else if *show {
			fmt.Printf("%-28s %s\n", m.file, m.name)
		}
	}
	if bad == 0 && !*check && !*show {
		bad = try(all, texts)
	}
	if bad > 0 {
		os.Exit(1)
	}
}

// try runs the tests of each mutation, and counts those that were not caught.
func try(all []*mutation, texts map[*mutation]string) (bad int) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := copyTree(dir); err != nil {
		log.Print(err)
		return 1
	}
	begun := time.Now()
	sound := map[test][]string{} // the tests by package and environment
	for _, m := range all {
		k := test{pkg: m.test.pkg, env: m.test.env}
		sound[k] = append(sound[k], m.test.run)
	}
	for t, runs := range sound {
		t.run = strings.Join(slices.Compact(slices.Sorted(slices.Values(runs))), "|")
		if failures, built, out := goTest(ctx, dir, t); failures != nil || !built {
			log.Printf("%s fails without any mutation:\n%s", t.pkg, out)
			return 1
		}
	}
	fmt.Printf("the tests pass without any mutation (%s)\n", time.Since(begun).Round(time.Second))
	count := map[string]int{}
	for i, m := range all {
		file, started := filepath.Join(dir, m.file), time.Now()
		was, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, []byte(texts[m]), 0o644)
		}
		failures, built, out := goTest(ctx, dir, m.test)
		err = errors.Join(err, os.WriteFile(file, was, 0o644))
		if err != nil || ctx.Err() != nil {
			log.Print(errors.Join(err, ctx.Err()))
			return bad + 1
		}
		verdict, by := "caught", ""
		switch {
		case !built:
			verdict, by = "DOES NOT BUILD", "\n"+out
		case failures == nil:
			verdict = "SURVIVED"
		default: // the innermost says the most
			by = " (" + failures[len(failures)-1] + ")"
		}
		if count[verdict]++; verdict != "caught" {
			bad++
		}
		fmt.Printf("%3d/%d %5.1fs  %-8s %s%s\n", i+1, len(all), time.Since(started).Seconds(), verdict, m.name, by)
	}
	var sums []string
	for _, v := range slices.Sorted(maps.Keys(count)) {
		sums = append(sums, fmt.Sprintf("%d %s", count[v], v))
	}
	fmt.Printf("%d mutations: %s, in %s\n", len(all), strings.Join(sums, ", "), time.Since(begun).Round(time.Second))
	return bad
}
