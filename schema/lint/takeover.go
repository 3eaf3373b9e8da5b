package lint

import (
	_ "embed"
	"fmt"
	"path"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

//go:embed takeover.tsv
var takeoverList string

// claimable is a service at which anybody can register names, one that was
// given up too.
type claimable struct {
	labels    []string // of the name below which its customers' are, the last first; each may be a glob
	service   string
	reference string
}

// claimables reads the list of them.
func claimables() []claimable {
	var list []claimable
	for line := range strings.Lines(takeoverList) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			panic(fmt.Sprintf("takeover.tsv: %q has not three fields", line))
		}
		list = append(list, claimable{labels(fields[0]), fields[1], fields[2]})
	}
	return list
}

// labels gives the labels of a name, the last first.
func labels(name string) []string {
	var out []string
	for rest := name; rest != ""; {
		i := strings.LastIndexByte(rest, '.')
		out, rest = append(out, rest[i+1:]), rest[:max(i, 0)]
	}
	return out
}

// covers reports whether a name, by its labels, is the service's or below.
func (c claimable) covers(name []string) bool {
	if len(name) < len(c.labels) {
		return false
	}
	for i, glob := range c.labels {
		if ok, err := path.Match(glob, name[i]); !ok || err != nil {
			return false
		}
	}
	return true
}

// takeover advises on aliases of names that somebody else can claim once their
// owner has given them up.
func (l *linter) takeover() func(*schema.Zone) {
	list := claimables()
	return func(z *schema.Zone) {
		values(z, schema.TypeCNAME, func(set *schema.RRset, i int) {
			alias, ok := set.Values[i].Data.(schema.CNAME)
			if !ok || l.hand.enclosing(alias.Target) != nil {
				return
			}
			target := labels(alias.Target.Display())
			for _, c := range list {
				if !c.covers(target) {
					continue
				}
				l.advise(z, set.Values[i:i+1], nil, Takeover,
					"%s is an alias of %s, and whoever registers that at %s once you have given it up answers in your name (%s): see that it is yours, and take the record away before the service",
					set.Name.Display(), alias.Target.Display(), c.service, c.reference)
				return
			}
		})
	}
}
