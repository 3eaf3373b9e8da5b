package source_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/source"
)

// Each setting on its own, made looser and made stricter again: the first is
// told, the second is not.
func TestWhatAConfigurationLoosens(t *testing.T) {
	config := func(text string) source.Config {
		file := source.Path{Tree: &source.Tree{FS: fstest.MapFS{"zoneherd.yaml": {Data: []byte(text)}}, Dir: "."}, Name: "zoneherd.yaml"}
		c, problems := source.LoadConfig(file)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return c
	}
	for _, test := range []struct{ strict, loose, setting string }{
		{"prune: none", "prune: owned", "prune"},
		{"prune: owned", "lenient: false", "prune"},
		{"ignore: [{name: a}, {name: b, type: A}]", "ignore: [{name: a}, {name: b, type: AAAA}]", "ignore"},
		{"ignore-defaults: true", "ignore-defaults: false", "ignore-defaults"},
		{"apex-ns: auto", "apex-ns: manage", "apex-ns"},
		{"lenient: false", "lenient: true", "lenient"},
		{"lenient: false", "skip-unsupported: true", "skip-unsupported"},
		{"account: a@b.example", "account: c@b.example", "account"},
		{"account: a@b.example", "lenient: false", "account"},
		{"max-zones: 2", "max-zones: 3", "max-zones"},
		{"max-zones: 2", "lenient: false", "max-zones"},
		{"guards: {max-deletes: 30}", "guards: {max-deletes: 31}", "guards.max-deletes"},
		{"guards: {max-updates: 29}", "lenient: false", "guards.max-updates"},
		{"lenient: false", "guards: {last: allow}", "guards.last"},
		{"guards: {last: refuse}", "guards: {last: allow}", "guards.last"},
		{"guards: {token: refuse}", "lenient: false", "guards.token"},
		{"guards: {token: refuse}", "guards: {token: allow}", "guards.token"},
		{"guards: {token: warn}", "guards: {token: allow}", "guards.token"},
	} {
		strict, loose := config(test.strict), config(test.loose)
		var settings []string
		for _, l := range loose.Loosened(strict, 30) {
			settings = append(settings, l.Setting)
		}
		if diff := cmp.Diff([]string{test.setting}, settings); diff != "" {
			t.Errorf("from %q to %q (-want +got):\n%s", test.strict, test.loose, diff)
		}
		if test.setting == "account" || test.setting == "ignore" {
			continue // one is as good as another
		}
		if l := strict.Loosened(loose, 30); len(l) > 0 {
			t.Errorf("from %q to %q loosens %v", test.loose, test.strict, l)
		}
	}
}
