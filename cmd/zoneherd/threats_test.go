package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test and session that THREATS.md names is there, and each row names one.
func TestThreatsNameTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../THREATS.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		tests.Write(code)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, line := range strings.Split(string(text), "\n") {
		here := 0
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			switch name := m[1]; {
			case regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`).MatchString(name):
				here++
				if !strings.Contains(tests.String(), "\nfunc "+name+"(") {
					t.Errorf("there is no test %s", name)
				}
			case strings.HasSuffix(name, ".txtar") && name != "x.txtar":
				here++
				if _, err := os.Stat(filepath.Join("testdata", name)); err != nil {
					t.Error(err)
				}
			}
		}
		if row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") && !strings.HasSuffix(line, "shown by |"); row && here == 0 {
			t.Errorf("no test shows this: %s", line)
		}
		named += here
	}
	if named < 50 {
		t.Errorf("%d tests are named", named)
	}
}
