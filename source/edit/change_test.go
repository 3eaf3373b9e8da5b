package edit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source/edit"
)

func TestAnUpgradeWithChangesKeepsEveryComment(t *testing.T) {
	at := func(line, column int) schema.Position { return schema.Position{Line: line, Column: column} }
	for name, test := range map[string]struct {
		text   string
		change edit.Change
		want   string
	}{
		"a record of a list becomes comments above the next one": {
			"'': # the apex\n  # balanced\n  - type: ALIAS # by hand\n    # who?\n    value: lb.example.net.\n  # text\n  - {type: TXT, value: x}\n",
			edit.Change{LeaveOut: map[schema.Position]string{at(3, 11): "no ALIAS"}},
			"records:\n  \"@\":  # the apex\n    # balanced\n    # left out: no ALIAS\n    # - type: ALIAS  # by hand\n    #   # who?\n    #   value: lb.example.net.\n    # text\n    - {type: TXT, value: \"x\"}\n",
		},
		"the last of a list, below the others": {
			"a:\n- {type: A, value: 192.0.2.1}\n- {type: SSHFP, value: x} # key\n# end\n",
			edit.Change{LeaveOut: map[schema.Position]string{at(3, 10): "no SSHFP"}},
			"records:\n  a:\n    - {type: A, value: 192.0.2.1}\n    # left out: no SSHFP\n    # - {type: SSHFP, value: x}  # key\n  # end\n",
		},
		"all of a name": {
			"a: {type: PTR, value: x.example.net.}\n# b\nb:\n  - {type: PTR, value: x.example.net.}\nc: {type: A, value: 192.0.2.1}\n",
			edit.Change{LeaveOut: map[schema.Position]string{at(1, 11): "no PTR", at(4, 12): "no PTR"}},
			"records:\n  # left out: no PTR\n  # a: {type: PTR, value: x.example.net.}\n  # b\n  # left out: no PTR\n  # b:\n  #   - {type: PTR, value: x.example.net.}\n  c: {type: A, value: 192.0.2.1}\n",
		},
		"a key of a record": {
			"a:\n  type: A\n  geo: # far away\n    AS: [192.0.2.3]\n    EU: [192.0.2.2]\n  value: 192.0.2.1\nb: {type: A, value: 192.0.2.1, x: 1}\n",
			edit.Change{LeaveOut: map[schema.Position]string{at(3, 3): "no geo", at(7, 32): "no x"}},
			"records:\n  a:\n    type: A\n    # left out: no geo\n    # geo: {AS: [192.0.2.3], EU: [192.0.2.2]}  # far away\n    value: 192.0.2.1\n  b:\n    type: A\n    value: 192.0.2.1\n    # left out: no x\n    # x: 1\n",
		},
		"all of a file": {
			"a: {type: PTR, value: x.example.net.}\n",
			edit.Change{LeaveOut: map[schema.Position]string{at(1, 11): "no PTR"}},
			"records: {\n  # left out: no PTR\n  # a: {type: PTR, value: x.example.net.}\n}\n",
		},
		"records become lenient and names others": {
			"a:\n  type: A # here\n  value: 192.0.2.1\nnull:\n  - {type: TXT, value: x}\n  - {type: A, value: 192.0.2.1}\n",
			edit.Change{Lenient: map[schema.Position]bool{at(2, 3): true, at(5, 5): true}, Rename: map[schema.Position]string{at(4, 1): "none"}},
			"records:\n  a:\n    type: A  # here\n    value: 192.0.2.1\n    lenient: true\n  none:\n    - {type: A, value: 192.0.2.1}\n    - {type: TXT, value: \"x\", lenient: true}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.UpgradeWith("example.com.yaml", []byte(test.text), test.change)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
