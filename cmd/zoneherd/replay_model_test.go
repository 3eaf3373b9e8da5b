package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// The verdicts of the table of causes on an RRset that is to be told of.
const (
	intended    = string(plan.Intended)
	drift       = string(plan.Drift)
	conflict    = string(plan.Conflict)
	alreadyLive = "live already"
)

// inTable is the table of causes: see [plan.Cause].
func inTable(base, head, live []string, lookedAfter bool) string {
	switch {
	case slices.Equal(head, live) && slices.Equal(base, head):
		return ""
	case slices.Equal(head, live):
		return alreadyLive
	case slices.Equal(base, head) && lookedAfter:
		return drift
	case slices.Equal(base, head), slices.Equal(base, live), mixture(base, head, live):
		return intended
	}
	return conflict
}

// leftAlone reports whether an RRset is out of zoneherd's hands: held, the
// apex's NS, which the sandbox does not list, and certificate challenges.
func leftAlone(z *schema.Zone, k schema.Key) bool {
	return z.Holds(k) != nil || k == schema.Key{Name: z.Name, Type: schema.TypeNS} ||
		k.Type == schema.TypeTXT && k.Name.Label() == "_acme-challenge" && z.RRset(k) == nil
}

// sets are the RRsets of a zone, each as its records in order.
type sets map[schema.Key][]string

func declared(z *schema.Zone) sets {
	all := sets{}
	if z == nil {
		return all
	}
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			if z.Holds(s.Key) == nil {
				all[s.Key] = append(all[s.Key], fmt.Sprintf("%d %s", v.TTL, v.Data))
			}
		}
		slices.Sort(all[s.Key])
	}
	return all
}

// served are the RRsets of each zone as the sandbox itself has them, for which
// no answer need be read.
func (r *replay) served(t *testing.T) map[schema.Name]sets {
	t.Helper()
	all := map[schema.Name]sets{}
	for domain, records := range r.server.Snapshot() {
		zone := schema.MustName(domain)
		all[zone] = sets{}
		for _, rec := range records {
			name := zone
			if rec.Name != "@" {
				name = schema.MustName(rec.Name + "." + domain)
			}
			k := schema.Key{Name: name, Type: schema.Type(rec.Type)}
			all[zone][k] = append(all[zone][k], fmt.Sprintf("%d %s", rec.TTL, r.text(t, rec)))
		}
		for _, s := range all[zone] {
			slices.Sort(s)
		}
	}
	return all
}

// text is a record's data in the form that [schema.Data] has.
func (r *replay) text(t *testing.T, rec sandbox.Record) string {
	value := rec.Value
	if rec.Priority != nil {
		value = fmt.Sprintf("%d %s", *rec.Priority, value)
	}
	key := rec.Type + " " + value
	if r.texts[key] == "" {
		data, err := schema.ParseData(schema.Type(rec.Type), value)
		if err != nil {
			t.Fatal(err)
		}
		r.texts[key] = data.String()
	}
	return r.texts[key]
}

func everyKey(all ...sets) map[schema.Key]bool {
	keys := map[schema.Key]bool{}
	for _, s := range all {
		for k := range s {
			keys[k] = true
		}
	}
	return keys
}

// mixture reports whether live is what an apply from base to head can leave
// that stopped half way: some of the old records, some of the new, all of
// those in both, each once, and as many as is possible.
func mixture(base, head, live []string) bool {
	for i, r := range live {
		if i > 0 && r == live[i-1] || !slices.Contains(base, r) && !slices.Contains(head, r) {
			return false
		}
	}
	for _, r := range base {
		if slices.Contains(head, r) && !slices.Contains(live, r) {
			return false
		}
	}
	least, most := min(len(base), len(head)), max(len(base), len(head))
	return least <= len(live) && len(live) <= most
}
