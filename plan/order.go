package plan

import (
	"cmp"
	"slices"

	"github.com/zoneherd/zoneherd/schema"
)

// The order of a zone's changes keeps names answering. Its promises, the
// strongest first:
//
//  1. an owner name that has data before and after is never without: its
//     additions come before its removals. The one exception is a change from
//     or to a CNAME, which nothing can stand beside: there the other records
//     go first, all but one, and the last of them is swapped for the first of
//     the new ones, one write long;
//  2. targets come before what points at them: what a name needs to be there
//     is created before a record that refers to the name;
//  3. referrers go before their targets: a record is removed, or pointed
//     elsewhere, before the last data that it refers to goes;
//  4. additions come before removals throughout the zone.
//
// The first three are edges of a graph whose nodes are changes, with the two
// halves of a swap as one node, and one gate for each name that comes into
// being or goes; gates keep the number of edges linear in the number of
// changes. Where edges form a circle the weaker promise gives way and the
// change says so as a risk. The fourth decides between what the others leave
// open: it puts every removal that nothing waits for behind all the rest.
type orderer struct {
	zone    schema.Name
	changes []Change
	around  surroundings

	nodes []node
	of    []int // change → node
	gates map[gate]int
}

// node is a step of the graph: one change, the two halves of a swap, or a gate.
type node struct {
	changes []int
	next    []edge
	early   bool // must not wait for the additions of the zone
	wave    int
}

type edge struct {
	to      int
	promise int // 1, 2 or 3, as above
	dropped bool
}

// gate is the moment at which all is there that a referrer of a name needs, or
// at which the last referrer is gone.
type gate struct {
	name  schema.Name
	going bool
	any   bool // for a CNAME, which any data satisfies; else for addresses
}

// order gives the changes their waves and puts them in the order of applying.
func order(zone schema.Name, changes []Change, around surroundings) []Change {
	if len(changes) == 0 {
		return changes
	}
	o := &orderer{zone: zone, changes: changes, around: around, gates: map[gate]int{}}
	slices.SortStableFunc(o.changes, compareChange)
	o.of = make([]int, len(changes))
	for i := range changes {
		o.of[i] = -1
	}
	o.names()
	o.references()
	o.breakCircles()
	o.waves()
	slices.SortStableFunc(o.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Wave, b.Wave), a.Key.Name.Compare(b.Key.Name), swapOrder(a, b), compareChange(a, b))
	})
	return o.changes
}

// swapOrder puts the halves of a swap side by side, the deletion first.
func swapOrder(a, b Change) int {
	rank := func(c Change) int {
		switch {
		case c.Swap && c.Action == Delete:
			return 0
		case c.Swap:
			return 1
		}
		return 2
	}
	return cmp.Compare(rank(a), rank(b))
}

// compareChange is the order in which a reader looks for changes.
func compareChange(a, b Change) int {
	side := func(x, y *Record) int {
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return -1
		case y == nil:
			return 1
		}
		return cmp.Or(schema.CompareData(x.Data, y.Data), cmp.Compare(x.TTL, y.TTL))
	}
	return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(actionRank(a.Action), actionRank(b.Action)),
		side(a.Before, b.Before), side(a.After, b.After), cmp.Compare(a.Handle, b.Handle))
}

func actionRank(a Action) int {
	switch a {
	case Update:
		return 0
	case Create:
		return 1
	}
	return 2
}

// names makes the nodes and the edges of the first promise, name by name; the
// changes of one name lie side by side.
func (o *orderer) names() {
	for start := 0; start < len(o.changes); {
		end := start + 1
		for end < len(o.changes) && o.changes[end].Key.Name == o.changes[start].Key.Name {
			end++
		}
		o.name(start, end)
		start = end
	}
}

func (o *orderer) name(start, end int) {
	name := o.changes[start].Key.Name
	before, after := o.around.of(name)
	var adds, removes []int
	for i := start; i < end; i++ {
		if o.changes[i].Action == Delete {
			removes = append(removes, i)
		} else {
			adds = append(adds, i)
		}
	}
	exclusive := len(adds) > 0 && len(removes) > 0 &&
		(before.cnames > 0) != (after.cnames > 0) || // from or to a CNAME
		after.cnames > 0 && before.cnames > 0 && before.records > 1 // a CNAME is freed of what stands beside it, another CNAME too
	if !exclusive || after.cnames > 0 && after.records > after.cnames {
		for _, i := range append(slices.Clone(adds), removes...) {
			o.node(i)
		}
		o.barrier(o.nodesOf(adds), o.nodesOf(removes), 1)
		return
	}

	// What has to go before the first addition can be made: beside a coming
	// CNAME everything, else the going CNAMEs.
	first, later := removes, []int(nil)
	if after.cnames == 0 {
		first = nil
		for _, i := range removes {
			if o.changes[i].Key.Type == schema.TypeCNAME {
				first = append(first, i)
			} else {
				later = append(later, i)
			}
		}
	}
	var middle []int // nodes between first and the other additions
	if len(first) == before.records && len(first) > 0 {
		// The name would be empty in between: swap the last for the first.
		out := slices.MinFunc(first, func(a, b int) int { return cmp.Compare(keepRank(o.changes[a]), keepRank(o.changes[b])) })
		in := slices.MinFunc(adds, func(a, b int) int { return cmp.Compare(keepRank(o.changes[a]), keepRank(o.changes[b])) })
		o.changes[out].Swap, o.changes[in].Swap = true, true
		first = without(first, out)
		adds = without(adds, in)
		n := o.node(out, in)
		o.nodes[n].early = true
		middle = []int{n}
	}
	for _, i := range append(slices.Clone(first), append(slices.Clone(adds), later...)...) {
		o.node(i)
	}
	for _, n := range o.nodesOf(first) {
		o.nodes[n].early = true
	}
	if middle != nil {
		o.barrier(o.nodesOf(first), middle, 1)
		o.barrier(middle, o.nodesOf(adds), 1)
		o.barrier(middle, o.nodesOf(later), 1)
	} else {
		o.barrier(o.nodesOf(first), o.nodesOf(adds), 1)
	}
	o.barrier(o.nodesOf(adds), o.nodesOf(later), 1)
}

// keepRank orders the records of a name by how much they are missed.
func keepRank(c Change) int {
	switch c.Key.Type {
	case schema.TypeA:
		return 0
	case schema.TypeAAAA:
		return 1
	case schema.TypeCNAME:
		return 2
	case schema.TypeMX:
		return 3
	}
	return 4
}

func without(all []int, x int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(i int) bool { return i == x })
}

func (o *orderer) node(changes ...int) int {
	n := len(o.nodes)
	o.nodes = append(o.nodes, node{changes: changes})
	for _, i := range changes {
		o.of[i] = n
	}
	return n
}

func (o *orderer) nodesOf(changes []int) []int {
	var nodes []int
	for _, i := range changes {
		if len(nodes) == 0 || nodes[len(nodes)-1] != o.of[i] {
			nodes = append(nodes, o.of[i])
		}
	}
	return nodes
}

// barrier puts every node of a before every node of b.
func (o *orderer) barrier(a, b []int, promise int) {
	if len(a) == 0 || len(b) == 0 {
		return
	}
	if len(a) == 1 || len(b) == 1 {
		for _, x := range a {
			for _, y := range b {
				o.edge(x, y, promise)
			}
		}
		return
	}
	mid := o.node()
	for _, x := range a {
		o.edge(x, mid, promise)
	}
	for _, y := range b {
		o.edge(mid, y, promise)
	}
}

func (o *orderer) edge(from, to, promise int) {
	if from != to {
		o.nodes[from].next = append(o.nodes[from].next, edge{to: to, promise: promise})
	}
}

// references adds the edges of the second and third promise.
func (o *orderer) references() {
	for i := range o.changes {
		c := &o.changes[i]
		if c.After != nil {
			if g, ok := o.gateFor(c.After.Data, false); ok {
				o.edge(o.gate(g), o.of[i], 2)
			}
		}
		if c.Before != nil {
			if g, ok := o.gateFor(c.Before.Data, true); ok && !sameTarget(c) {
				o.edge(o.of[i], o.gate(g), 3)
			}
		}
	}
	if len(o.gates) == 0 {
		return
	}
	for i := range o.changes {
		c := &o.changes[i]
		for _, any := range []bool{false, true} {
			if !any && c.Key.Type != schema.TypeA && c.Key.Type != schema.TypeAAAA && c.Key.Type != schema.TypeCNAME {
				continue
			}
			if n, ok := o.gates[gate{c.Key.Name, false, any}]; ok && c.Action == Create {
				o.edge(o.of[i], n, 2)
			}
			if n, ok := o.gates[gate{c.Key.Name, true, any}]; ok && c.Action == Delete {
				o.edge(n, o.of[i], 3)
			}
		}
	}
}

// gateFor is the gate that a record referring to its target has to do with:
// the target comes into being by this plan, or goes by it.
func (o *orderer) gateFor(d schema.Data, going bool) (gate, bool) {
	target, ok := schema.Target(d)
	if !ok || !target.In(o.zone) {
		return gate{}, false
	}
	any := d.Type() == schema.TypeCNAME
	before, after := o.around.of(target)
	had, has := before.addresses > 0, after.addresses > 0
	if any {
		had, has = before.records > 0, after.records > 0
	}
	if going {
		had, has = has, had
	}
	return gate{target, going, any}, !had && has
}

// sameTarget reports whether an update goes on pointing at the same host.
func sameTarget(c *Change) bool {
	if c.Before == nil || c.After == nil {
		return false
	}
	a, _ := schema.Target(c.Before.Data)
	b, _ := schema.Target(c.After.Data)
	return a == b
}

func (o *orderer) gate(g gate) int {
	n, ok := o.gates[g]
	if !ok {
		n = o.node()
		o.gates[g] = n
	}
	return n
}

// breakCircles drops edges of the third promise, then of the second, from
// every circle. The first promise makes none.
func (o *orderer) breakCircles() {
	for _, promise := range []int{3, 2} {
		component := o.components()
		if component == nil {
			return
		}
		for n := range o.nodes {
			for e := range o.nodes[n].next {
				ed := &o.nodes[n].next[e]
				if ed.promise == promise && component[n] == component[ed.to] {
					ed.dropped = true
				}
			}
		}
	}
}

// components numbers the strongly connected components (Tarjan, without
// recursion, since chains can be long); nil if there is no circle.
func (o *orderer) components() []int {
	count := len(o.nodes)
	index, low, component := make([]int, count), make([]int, count), make([]int, count)
	onStack := make([]bool, count)
	var stack []int
	type frame struct{ node, edge int }
	next, components := 1, 0
	circle := false
	for root := range count {
		if index[root] != 0 {
			continue
		}
		frames := []frame{{root, 0}}
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			n := f.node
			if f.edge == 0 {
				index[n], low[n] = next, next
				next++
				stack = append(stack, n)
				onStack[n] = true
			}
			descended := false
			for f.edge < len(o.nodes[n].next) {
				e := o.nodes[n].next[f.edge]
				f.edge++
				if e.dropped {
					continue
				}
				if index[e.to] == 0 {
					frames = append(frames, frame{e.to, 0})
					descended = true
					break
				}
				if onStack[e.to] {
					low[n] = min(low[n], index[e.to])
				}
			}
			if descended {
				continue
			}
			if f.edge == 0 {
				f.edge = 1
			}
			if low[n] == index[n] {
				size := 0
				for {
					m := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					onStack[m] = false
					component[m] = components
					size++
					if m == n {
						break
					}
				}
				components++
				circle = circle || size > 1
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				parent := frames[len(frames)-1].node
				low[parent] = min(low[parent], low[n])
			}
		}
	}
	if !circle {
		return nil
	}
	return component
}

// waves numbers the steps by the longest way to each, first those that are
// additions or that an addition waits for, then the removals.
func (o *orderer) waves() {
	previous := make([][]int, len(o.nodes))
	waiting := make([]int, len(o.nodes))
	for n := range o.nodes {
		for _, e := range o.nodes[n].next {
			if !e.dropped {
				previous[e.to] = append(previous[e.to], n)
				waiting[e.to]++
			}
		}
	}
	// Early is an addition, and whatever an early node waits for.
	var early []int
	for n := range o.nodes {
		for _, i := range o.nodes[n].changes {
			if o.changes[i].Action != Delete {
				o.nodes[n].early = true
			}
		}
		if o.nodes[n].early {
			early = append(early, n)
		}
	}
	for len(early) > 0 {
		n := early[len(early)-1]
		early = early[:len(early)-1]
		for _, p := range previous[n] {
			if !o.nodes[p].early {
				o.nodes[p].early = true
				early = append(early, p)
			}
		}
	}
	last := 0
	for _, phase := range []bool{true, false} {
		var ready []int
		floor := last
		for n := range o.nodes {
			if o.nodes[n].early == phase && waiting[n] == 0 {
				ready = append(ready, n)
			}
		}
		for len(ready) > 0 {
			n := ready[len(ready)-1]
			ready = ready[:len(ready)-1]
			nd := &o.nodes[n]
			if len(nd.changes) > 0 {
				// A gate takes no wave of its own.
				nd.wave = max(nd.wave, floor) + 1
			}
			last = max(last, nd.wave)
			for _, e := range nd.next {
				if e.dropped {
					continue
				}
				to := &o.nodes[e.to]
				to.wave = max(to.wave, nd.wave)
				if waiting[e.to]--; waiting[e.to] == 0 && to.early == phase {
					ready = append(ready, e.to)
				}
			}
		}
	}
	for n := range o.nodes {
		for _, i := range o.nodes[n].changes {
			o.changes[i].Wave = o.nodes[n].wave
		}
	}
	o.tellBroken()
}

// tellBroken states as a risk each promise that a circle broke and that the
// waves do not happen to keep.
func (o *orderer) tellBroken() {
	for n := range o.nodes {
		for _, e := range o.nodes[n].next {
			if !e.dropped || o.nodes[n].wave < o.nodes[e.to].wave {
				continue
			}
			// One end is a gate: the risk stands at the change on the other.
			at := o.nodes[e.to].changes
			if len(at) == 0 {
				at = o.nodes[n].changes
			}
			for _, i := range at {
				reason := "it is written before the name that it points at has data, since the two wait for each other"
				if e.promise == 3 {
					reason = "a name and a record that pointed at it go at the same time, since the two wait for each other"
				}
				o.changes[i].addRisk(RiskOrder, "%s", reason)
			}
		}
	}
}
