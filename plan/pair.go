package plan

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// pairing is how one RRset gets from its live to its declared records.
type pairing struct {
	kept   int
	update []pair
	create []schema.Value
	delete []schema.LiveRecord
}

type pair struct {
	old schema.LiveRecord
	new schema.Value
}

// pairUp matches live and declared records of one RRset, both as multisets.
// Equal ones stay; of live duplicates the one with the lowest handle. Of the
// rest those are paired that a reader would pair, by the first of these that
// applies: same data with another TTL, same subject (see subjects), least
// differing text. The result does not depend on the order of the arguments.
func pairUp(live []schema.LiveRecord, want []schema.Value) pairing {
	if len(live) == 1 && len(want) == 1 {
		if live[0].Data == want[0].Data && live[0].TTL == want[0].TTL {
			return pairing{kept: 1}
		}
		return pairing{update: []pair{{live[0], want[0]}}}
	}
	p := &pairing{}
	live, want = slices.Clone(live), slices.Clone(want)
	slices.SortFunc(live, compareLive)
	slices.SortStableFunc(want, compareValue)

	live, want = match(live, want,
		func(r schema.LiveRecord) Record { return Record{r.Data, r.TTL} },
		func(v schema.Value) Record { return Record{v.Data, v.TTL} },
		func(schema.LiveRecord, schema.Value) { p.kept++ })
	take := func(r schema.LiveRecord, v schema.Value) { p.update = append(p.update, pair{r, v}) }
	live, want = match(live, want,
		func(r schema.LiveRecord) schema.Data { return r.Data },
		func(v schema.Value) schema.Data { return v.Data }, take)
	for level := range subjectLevels {
		if len(live) == 0 || len(want) == 0 {
			break
		}
		// The TTL that stays the same saves the reader a line.
		live, want = match(live, want,
			func(r schema.LiveRecord) subject { return subjectOf(r.Data, level) },
			func(v schema.Value) subject { return subjectOf(v.Data, level) }, take)
	}
	live, want = closest(live, want, take)
	p.create, p.delete = want, live
	slices.SortFunc(p.update, func(a, b pair) int {
		return cmp.Or(compareLive(a.old, b.old), compareValue(a.new, b.new))
	})
	return *p
}

// dropOpaque takes out what would write a value that cannot be read; the live
// records that it was paired with stay.
func (p *pairing) dropOpaque() bool {
	n := len(p.update) + len(p.create)
	p.update = slices.DeleteFunc(p.update, func(u pair) bool { _, opaque := u.new.Data.(schema.Opaque); return opaque })
	p.create = slices.DeleteFunc(p.create, func(v schema.Value) bool { _, opaque := v.Data.(schema.Opaque); return opaque })
	return len(p.update)+len(p.create) < n
}

func compareLive(a, b schema.LiveRecord) int {
	return cmp.Or(schema.CompareData(a.Data, b.Data), cmp.Compare(a.TTL, b.TTL), cmp.Compare(a.Handle, b.Handle))
}

func compareValue(a, b schema.Value) int {
	return cmp.Or(schema.CompareData(a.Data, b.Data), cmp.Compare(a.TTL, b.TTL), a.Position.Compare(b.Position))
}

// match pairs off records with equal keys, in order, and gives what is left,
// still in order. A zero key pairs with nothing.
func match[K comparable](live []schema.LiveRecord, want []schema.Value, liveKey func(schema.LiveRecord) K, wantKey func(schema.Value) K, take func(schema.LiveRecord, schema.Value)) ([]schema.LiveRecord, []schema.Value) {
	var none K
	byKey := make(map[K][]int, len(live))
	for i, r := range live {
		if k := liveKey(r); k != none {
			byKey[k] = append(byKey[k], i)
		}
	}
	taken := make([]bool, len(live))
	var restWant []schema.Value
	for _, v := range want {
		k := wantKey(v)
		if queue := byKey[k]; len(queue) > 0 {
			byKey[k] = queue[1:]
			taken[queue[0]] = true
			take(live[queue[0]], v)
			continue
		}
		restWant = append(restWant, v)
	}
	var restLive []schema.LiveRecord
	for i, r := range live {
		if !taken[i] {
			restLive = append(restLive, r)
		}
	}
	return restLive, restWant
}

// subject is what a record is about, so that another value about the same
// subject reads as a change of it. Comparable; the zero subject is none.
type subject struct {
	name   schema.Name
	text   string
	prefix netip.Prefix
}

// subjectLevels are the levels of subjectOf, from the narrowest.
const subjectLevels = 2

// subjectOf gives the subject at a level of narrowness.
func subjectOf(d schema.Data, level int) subject {
	switch d := d.(type) {
	case schema.MX:
		return subject{name: d.Exchange}
	case schema.NS:
		return subject{name: d.Host}
	case schema.SRV:
		return subject{name: d.Target}
	case schema.CAA:
		if level == 0 {
			return subject{text: d.Tag + " " + d.Value}
		}
		return subject{text: d.Tag}
	case schema.TXT:
		return subject{text: tag(d.Text)}
	case schema.A:
		p, _ := d.Addr.Prefix([subjectLevels]int{24, 16}[level])
		return subject{prefix: p}
	case schema.AAAA:
		p, _ := d.Addr.Prefix([subjectLevels]int{64, 48}[level])
		return subject{prefix: p}
	}
	return subject{}
}

// The tags of texts that are policies.
const (
	tagSPF   = "v=spf1"
	tagDMARC = "v=dmarc1"
)

// tag is what a text begins with if it is of the form `tag=…`, as in
// `google-site-verification=…`; `v=spf1` and `v=DMARC1` whole, since what is
// before the `=` there says nothing.
func tag(text string) string {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.ContainsAny(name, " \t\"") {
		return ""
	}
	if name != "v" {
		return strings.ToLower(name) + "="
	}
	if end := strings.IndexAny(value, " ;"); end >= 0 {
		value = value[:end]
	}
	return "v=" + strings.ToLower(value)
}

// maxCompared bounds the pairs that closest compares by text; beyond it they
// are paired in order, which costs the reader a little and no write.
const maxCompared = 4096

// closest pairs off what is left, the least differing first, until one side is
// used up.
func closest(live []schema.LiveRecord, want []schema.Value, take func(schema.LiveRecord, schema.Value)) ([]schema.LiveRecord, []schema.Value) {
	n := min(len(live), len(want))
	if n == 0 {
		return live, want
	}
	if len(live)*len(want) > maxCompared {
		for i := range n {
			take(live[i], want[i])
		}
		return live[n:], want[n:]
	}
	type candidate struct{ live, want, alike int }
	var candidates []candidate
	texts := make([]string, len(want))
	for j, v := range want {
		texts[j] = v.Data.String()
	}
	for i, r := range live {
		text := r.Data.String()
		for j := range want {
			candidates = append(candidates, candidate{i, j, alike(text, texts[j])})
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.alike, a.alike) })
	goneLive, goneWant := make([]bool, len(live)), make([]bool, len(want))
	for _, c := range candidates {
		if goneLive[c.live] || goneWant[c.want] {
			continue
		}
		goneLive[c.live], goneWant[c.want] = true, true
		take(live[c.live], want[c.want])
	}
	return keepUntaken(live, goneLive), keepUntaken(want, goneWant)
}

func keepUntaken[T any](all []T, taken []bool) []T {
	var rest []T
	for i, x := range all {
		if !taken[i] {
			rest = append(rest, x)
		}
	}
	return rest
}

// alike is the share, in percent, of the longer text that both begin or end with.
func alike(a, b string) int {
	longest, shortest := max(len(a), len(b)), min(len(a), len(b))
	if longest == 0 {
		return 100
	}
	front := 0
	for front < shortest && a[front] == b[front] {
		front++
	}
	back := 0
	for back < shortest-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return 100 * (front + back) / longest
}
