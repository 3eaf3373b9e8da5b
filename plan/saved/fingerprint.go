package saved

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/report"
	"github.com/zoneherd/zoneherd/schema"
)

// wholeZone is the fingerprint's key for a zone that is to be deleted.
const wholeZone = "*"

// value is one record without its name and type, as text.
type value struct {
	data string
	ttl  schema.TTL
}

func valueOf(r *plan.Record) value { return value{r.Data.String(), r.TTL} }

// keyText names an RRset of a zone.
func keyText(zone schema.Name, k schema.Key) string {
	return k.Name.Relative(zone) + " " + string(k.Type)
}

// fingerprints are those of every RRset at the owner names that a zone's plan
// touches, before and after it. A zone to be deleted has one, of all it holds.
func fingerprints(z *plan.Zone) map[string]report.Fingerprint {
	out := map[string]report.Fingerprint{}
	if z.Action == plan.ZoneDelete {
		out[wholeZone] = report.Fingerprint{Before: ofZone(z.Live)}
		return out
	}
	touched, changed := map[schema.Name]bool{}, map[schema.Key]bool{}
	for i := range z.Changes {
		touched[z.Changes[i].Key.Name], changed[z.Changes[i].Key] = true, true
	}
	chosen := map[schema.Handle]schema.Name{} // of names that can be read in two ways
	for i := range z.Changes {
		chosen[z.Changes[i].Handle] = z.Changes[i].Key.Name
	}
	before := map[schema.Key][]value{}
	if z.Live != nil {
		for _, r := range z.Live.Records {
			if name, ok := chosen[r.Handle]; ok && name == r.Alternative {
				r.Name = name
			}
			if touched[r.Name] {
				before[r.Key()] = append(before[r.Key()], value{r.Data.String(), r.TTL})
			}
		}
	}
	after := map[schema.Key][]value{}
	for k, values := range before {
		after[k] = slices.Clone(values)
	}
	for i := range z.Changes {
		c := &z.Changes[i]
		if c.Before != nil {
			after[c.Key], _ = without(after[c.Key], valueOf(c.Before))
		}
		if c.After != nil {
			after[c.Key] = append(after[c.Key], valueOf(c.After))
		}
	}
	kept := map[schema.Key]bool{}
	for _, k := range slices.Concat(z.Unmanaged, z.Opaque) {
		kept[k.Key] = true
	}
	for k := range after {
		if !kept[k] || changed[k] { // what is left alone may change as it likes
			out[keyText(z.Name, k)] = report.Fingerprint{Before: ofValues(before[k]), After: ofValues(after[k])}
		}
	}
	return out
}

// without takes one value out; ok is false where it is not there.
func without(values []value, v value) (rest []value, ok bool) {
	i := slices.Index(values, v)
	if i < 0 {
		return values, false
	}
	return slices.Delete(slices.Clone(values), i, i+1), true
}

// ofValues is the fingerprint of an RRset, whatever the order of its records;
// empty for none.
func ofValues(values []value) string {
	if len(values) == 0 {
		return ""
	}
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = fmt.Sprintf("%d %s", v.ttl, v.data)
	}
	return ofLines(lines)
}

// ofZone is the fingerprint of all that a zone holds.
func ofZone(z *schema.LiveZone) string {
	if z == nil {
		return ""
	}
	lines := make([]string, 0, len(z.Records)+1)
	for _, r := range z.Records {
		lines = append(lines, fmt.Sprintf("%s %s %d %s", r.Name, r.Data.Type(), r.TTL, r.Data))
	}
	return ofLines(append(lines, z.Name.String()))
}

func ofLines(lines []string) string {
	slices.Sort(lines)
	text, err := json.Marshal(lines)
	if err != nil {
		panic(err) // strings always marshal
	}
	return hash(text)
}
