package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setting is one key of a list of KEY=VALUE: its choices, the one that holds
// without it first, or the kind of its value.
type setting struct {
	key     string
	choices []string
	kind    string // "number", "seed", "probability" or "duration", else choices
	does    string // in words, where the key does not say it
}

// usage is KEY=VALUE for a reader.
func (s setting) usage() string {
	switch s.kind {
	case "":
		return s.key + "=" + strings.Join(s.choices, "|")
	case "number", "seed":
		return s.key + "=N"
	case "probability":
		return s.key + "=P"
	}
	return s.key + "=" + strings.ToUpper(s.kind)
}

// check gives what a value has to be, where it is not that.
func (s setting) check(value string) (wants string) {
	switch s.kind {
	case "number":
		if n, err := strconv.Atoi(value); err != nil || n < 1 {
			return "wants a whole number from 1"
		}
	case "seed":
		if _, err := strconv.ParseUint(value, 10, 64); err != nil {
			return "wants a whole number from 0"
		}
	case "probability":
		if p, err := strconv.ParseFloat(value, 64); err != nil || !(p >= 0 && p <= 1) {
			return "wants a probability from 0 to 1"
		}
	case "duration":
		if t, err := time.ParseDuration(value); err != nil || t < 0 {
			return "wants a duration such as 20ms"
		}
	default:
		if !slices.Contains(s.choices, value) {
			return "is none of " + s.usage()
		}
	}
	return ""
}

// parseList reads a comma-separated list of KEY=VALUE, each key once.
func parseList(what string, all []setting, list string) (map[string]string, error) {
	set := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		i := slices.IndexFunc(all, func(s setting) bool { return s.key == key })
		if !ok || i < 0 {
			var keys []string
			for _, s := range all {
				keys = append(keys, s.key)
			}
			return nil, fmt.Errorf("the %s %q is no KEY=VALUE with one of the keys %s", what, part, strings.Join(keys, ", "))
		}
		if _, twice := set[key]; twice {
			return nil, fmt.Errorf("the %s gives %s twice", what, key)
		}
		if wants := all[i].check(value); wants != "" {
			return nil, fmt.Errorf("the %s %q %s", what, part, wants)
		}
		set[key] = value
	}
	return set, nil
}

// printList is the list that [parseList] reads.
func printList(all []setting, set map[string]string) string {
	var parts []string
	for _, s := range all {
		if v, ok := set[s.key]; ok {
			parts = append(parts, s.key+"="+v)
		}
	}
	return strings.Join(parts, ",")
}
