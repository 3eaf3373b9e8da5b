package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// drawn is what is live before a run, and what is declared.
type drawn struct {
	live, declared map[string]lines // by zone
	left           map[string]lines // live, and nobody's business
	absent         string           // the zone that is to be deleted; empty for none
}

// lines are records: name, TTL, type and data each.
type lines []string

// draw draws zones. Every type is in them, and every change: of values, of
// TTLs, from and to a CNAME, of a whole zone.
func draw(rnd *rand.Rand, deletion bool) drawn {
	d := drawn{live: map[string]lines{}, declared: map[string]lines{}, left: map[string]lines{}}
	for i := range 2 + rnd.IntN(3) {
		zone := fmt.Sprintf("z%d.example", i)
		d.live[zone], d.declared[zone] = drawZone(rnd, zone, true), drawZone(rnd, zone, false)
		d.left[zone] = lines{"_acme-challenge 60 TXT \"a challenge\"", "odd 300 CAA 0 issue", "odd 300 SSHFP 1 1 00"}
	}
	d.declared["new.example"] = drawZone(rnd, "new.example", false)
	if deletion {
		d.absent = "old.example"
		d.live[d.absent] = drawZone(rnd, d.absent, true)
	}
	return d
}

func drawZone(rnd *rand.Rand, zone string, mixedTTLs bool) lines {
	var out lines
	add := func(name string, sets ...string) {
		for _, set := range sets {
			ttl := []int{60, 300, 3600}[rnd.IntN(3)]
			typ, values, _ := strings.Cut(set, " ")
			for value := range strings.SplitSeq(values, "|") {
				if mixedTTLs && rnd.IntN(8) == 0 {
					ttl = 120
				}
				out = append(out, fmt.Sprintf("%s %d %s %s", name, ttl, typ, value))
			}
		}
	}
	pick := func(name string, states ...[]string) { add(name, states[rnd.IntN(len(states))]...) }
	target := func() string {
		return []string{"t1." + zone + ".", "t2." + zone + ".", "host.example.net."}[rnd.IntN(3)]
	}
	for _, t := range []string{"t1", "t2"} {
		pick(t, nil, []string{"A 192.0.2.1"}, []string{"A 192.0.2.2|192.0.2.3"}, []string{"A 192.0.2.1|192.0.2.3|192.0.2.4", "AAAA 2001:db8::1"})
	}
	pick("@", []string{"MX 10 " + target()}, []string{"A 192.0.2.9", "TXT \"v=spf1 -all\""}, []string{"CAA 0 issue \"ca.example\"|0 iodef \"mailto:a@example.net\"", "TXT \"one\"|\"two\"|\"thr\\\\ee\""},
		[]string{"MX 10 " + target() + "|20 mail.example.net.", "A 192.0.2.8|192.0.2.9"})
	pick("_sip._tcp", nil, []string{"SRV 1 2 5060 " + target()}, []string{"SRV 1 2 5060 " + target() + "|2 0 5061 b.example.net."})
	pick("child", nil, []string{"NS ns1.example.net.|ns2.example.net."}, []string{"NS ns2.example.net.|ns3.example.net."})
	for _, name := range []string{"a", "b", "c", "d", "*.w"} {
		pick(name, nil, []string{"A 192.0.2.5"}, []string{"A 192.0.2.5|192.0.2.6"}, []string{"CNAME " + target()}, []string{"CNAME " + target()},
			[]string{"A 192.0.2.7", "AAAA 2001:db8::7|2001:db8::8", "TXT \"x\""}, []string{"MX 10 " + target(), "TXT \"y\""})
	}
	return out
}

// yaml is a zone file that declares the records.
func (l lines) yaml() string {
	type entry struct{ name, typ, ttl string }
	byName := map[string][]entry{}
	values := map[entry][]string{}
	for _, line := range l {
		f := strings.SplitN(line, " ", 4)
		e := entry{f[0], f[2], f[1]}
		if values[e] == nil {
			byName[e.name] = append(byName[e.name], e)
		}
		value := f[3]
		if e.typ == "TXT" {
			data, _ := schema.ParseData(schema.TypeTXT, value)
			value = data.(schema.TXT).Text
		}
		values[e] = append(values[e], fmt.Sprintf("%q", value))
	}
	out := "records:\n"
	if len(byName) == 0 {
		out = "records: {}\n"
	}
	for _, name := range sortedKeys(byName) {
		out += fmt.Sprintf("  %q:\n", name)
		for _, e := range byName[name] {
			out += fmt.Sprintf("    - {type: %s, ttl: %s, values: [%s]}\n", e.typ, e.ttl, strings.Join(values[e], ", "))
		}
	}
	return out
}

// zone is what the server is loaded with.
func (l lines) zone(name string) schema.Zone {
	z := schema.Zone{Name: schema.MustName(name)}
	sets := map[schema.Key]*schema.RRset{}
	var order []schema.Key
	for _, line := range l {
		f := strings.SplitN(line, " ", 4)
		owner, err := schema.ParseOwner(f[0], z.Name)
		if err != nil {
			panic(err)
		}
		data, err := schema.ParseData(schema.Type(f[2]), f[3])
		if err != nil {
			panic(err)
		}
		k := schema.Key{Name: owner, Type: data.Type()}
		if sets[k] == nil {
			sets[k], order = &schema.RRset{Key: k}, append(order, k)
		}
		var ttl schema.TTL
		fmt.Sscan(f[1], &ttl)
		sets[k].Values = append(sets[k].Values, schema.Value{Data: data, TTL: ttl})
	}
	for _, k := range order {
		z.RRsets = append(z.RRsets, *sets[k])
	}
	return z
}

// load makes the server hold what is live before.
func (d drawn) load(s *sandbox.Server) error {
	var zones []schema.Zone
	for _, name := range sortedKeys(d.live) {
		zones = append(zones, d.live[name].zone(name))
	}
	if err := s.Load(zones); err != nil {
		return err
	}
	for _, zone := range sortedKeys(d.left) {
		for _, line := range d.left[zone] {
			f := strings.SplitN(line, " ", 4)
			var ttl int64
			fmt.Sscan(f[1], &ttl)
			if err := s.Put(zone, sandbox.Record{Name: f[0], TTL: ttl, Type: f[2], Value: f[3]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// writes is how many writes a plan from what is live to what is declared has.
func (d drawn) writes() int {
	var inputs []plan.Input
	for name, declared := range d.declared {
		in := plan.Input{Desired: new(declared.zone(name))}
		if live, ok := d.live[name]; ok {
			in.Live = &schema.LiveZone{Handle: "z", Name: in.Desired.Name}
			for _, set := range live.zone(name).RRsets {
				for _, v := range set.Values {
					in.Live.Records = append(in.Live.Records, schema.LiveRecord{Handle: schema.Handle(fmt.Sprint(len(in.Live.Records))), Name: set.Name, TTL: v.TTL, Data: v.Data})
				}
			}
		}
		inputs = append(inputs, in)
	}
	if d.absent != "" {
		inputs = append(inputs, plan.Input{Desired: &schema.Zone{Name: schema.MustName(d.absent), State: schema.Absent}, Live: &schema.LiveZone{Handle: "z", Name: schema.MustName(d.absent)}})
	}
	return plan.New(inputs, nil, overridden).Summary.Writes
}

// wanted are the records that each zone is to hold in the end.
func (d drawn) wanted() map[string][]string {
	all := map[string][]string{}
	for zone, declared := range d.declared {
		all[zone] = []string{}
		for _, line := range slices.Concat(declared, d.left[zone]) {
			all[zone] = append(all[zone], canonical(line))
		}
		slices.Sort(all[zone])
	}
	return all
}

// names gives the names, with their zone, that have data before and after, and
// those that have a CNAME before or after.
func (d drawn) names() (both, cname map[string]bool) {
	before, after := map[string]bool{}, map[string]bool{}
	both, cname = map[string]bool{}, map[string]bool{}
	take := func(all map[string]lines, has map[string]bool) {
		for zone, l := range all {
			for _, line := range l {
				f := strings.Fields(line)
				has[zone+" "+f[0]] = true
				if f[2] == "CNAME" {
					cname[zone+" "+f[0]] = true
				}
			}
		}
	}
	take(d.live, before)
	take(d.declared, after)
	for name := range before {
		both[name] = after[name]
	}
	return both, cname
}

// canonical is a line with its data as [schema.Data] has it, or as it is where
// no type fits.
func canonical(line string) string {
	f := strings.SplitN(line, " ", 4)
	if data, err := schema.ParseData(schema.Type(f[2]), f[3]); err == nil {
		f[3] = data.String()
	}
	return strings.Join(f, " ")
}

// inFull is a record of the server as such a line.
func inFull(r *sandbox.Record) string {
	value := r.Value
	if r.Priority != nil {
		value = fmt.Sprintf("%d %s", *r.Priority, value)
	}
	return canonical(fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, value))
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
