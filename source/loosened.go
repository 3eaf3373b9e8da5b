package source

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zoneherd/zoneherd/schema"
)

// Loosening is a setting by which a configuration protects less than another.
type Loosening struct {
	Setting  string
	Was, Is  string // in words
	Position schema.Position
}

// Loosened compares a configuration with what it was, and gives the settings
// by which it protects less, in the order of the README. threshold is what
// unset guards default to.
func (c Config) Loosened(was Config, threshold int) []Loosening {
	var out []Loosening
	add := func(setting, before, now string) {
		at, ok := c.Positions[setting]
		if !ok {
			at = c.Positions["guards"] // the setting was taken out
		}
		out = append(out, Loosening{setting, before, now, at})
	}
	if rank := map[string]int{"none": 0, "owned": 1, "all": 2, "": 2}; rank[c.Prune] > rank[was.Prune] {
		add("prune", wordsOfPrune(was.Prune), wordsOfPrune(c.Prune))
	}
	for _, i := range was.Ignore {
		same := func(j Ignore) bool {
			return i.Name == j.Name && i.Value == j.Value && slices.Equal(i.Types, j.Types)
		}
		if !slices.ContainsFunc(c.Ignore, same) {
			add("ignore", fmt.Sprintf("live records of %s were left alone", i.words()), "they are not, unless another entry covers them")
		}
	}
	if was.IgnoreDefaults && !c.IgnoreDefaults {
		add("ignore-defaults", "certificate challenges and what external-dns marks were left alone", "they are not")
	}
	if !was.ManageApexNS && c.ManageApexNS {
		add("apex-ns", "apex NS records that the service does not list were not written", "they are written")
	}
	if !was.Lenient && c.Lenient {
		add("lenient", "sense errors were errors", "they are warnings in every file")
	}
	if !was.Unsupported && c.Unsupported {
		add("skip-unsupported", "record types that the service lacks were errors", "they are warnings")
	}
	if was.CountSurplus != c.CountSurplus {
		add("record-count-surplus", surplusWords(was.CountSurplus), surplusWords(c.CountSurplus)+", which counts once it is merged")
	}
	if was.Account != "" && was.Account != c.Account {
		now := "any account"
		if c.Account != "" {
			now = "the account " + c.Account
		}
		add("account", "only the account "+was.Account+" could be written", now)
	}
	if was.MaxZones > 0 && (c.MaxZones == 0 || c.MaxZones > was.MaxZones) {
		now := "any number of zones"
		if c.MaxZones > 0 {
			now = strconv.Itoa(c.MaxZones)
		}
		add("max-zones", "one run changed at most "+strconv.Itoa(was.MaxZones)+" zones", now)
	}
	percent := func(n int) int {
		if n == 0 {
			return threshold
		}
		return n
	}
	for _, g := range []struct {
		setting, what string
		was, is       int
	}{
		{"guards.max-deletes", "deleted", percent(was.MaxDeletes), percent(c.MaxDeletes)},
		{"guards.max-updates", "updated", percent(was.MaxUpdates), percent(c.MaxUpdates)},
	} {
		if g.is > g.was {
			add(g.setting, fmt.Sprintf("at most %d %% of a zone's RRsets were %s", g.was, g.what), fmt.Sprintf("%d %%, once it is merged", g.is))
		}
	}
	if !was.NoLastGuard && c.NoLastGuard {
		add("guards.last", "the last MX record, delegation or apex address of a zone did not go without --allow-last", "it does, once it is merged")
	}
	if rank := map[string]int{"refuse": 0, "warn": 1, "": 1, "allow": 2}; rank[c.Token] > rank[was.Token] {
		add("guards.token", wordsOfToken(was.Token), wordsOfToken(c.Token)+", once it is merged")
	}
	return out
}

func wordsOfToken(mode string) string {
	switch mode {
	case "refuse":
		return "a token that may do more than is needed is refused"
	case "allow":
		return "nothing is said of it"
	}
	return "it is warned of a token that may do more than is needed"
}

func wordsOfPrune(mode string) string {
	switch mode {
	case "none":
		return "none: nothing undeclared was deleted"
	case "owned":
		return "owned: only what git has declared before is deleted"
	}
	return "all: whatever git does not declare is deleted"
}

func surplusWords(n int) string {
	if n < 0 {
		return "it was found out"
	}
	return strconv.Itoa(n)
}

// words is what an entry of ignore selects.
func (i Ignore) words() string {
	text := "any name"
	if i.Name != "" {
		text = "the name " + i.Name
	}
	for n, t := range i.Types {
		if n == 0 {
			text += ", type " + string(t)
			continue
		}
		text += " or " + string(t)
	}
	if i.Value != "" {
		text += ", value " + i.Value
	}
	return text
}
