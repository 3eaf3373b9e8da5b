package masterfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// Which files of a directory are zones, which zones they are, and what is said
// of the others.
func TestFilesOfADirectory(t *testing.T) {
	const soa = "@ 60 SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n"
	for name, test := range map[string]struct {
		files map[string]string
		zones string // with the number of their records
		told  []string
	}{
		"a file is the zone that it is named after": {
			map[string]string{"db.a.example.com": soa, "b.example.zone": soa, "c.example.com": soa, "sub/d.example.db": soa, "zone.e.example.com": soa, "F.example.com.hosts": soa},
			"a.example.com 1, c.example.com 1, e.example.com 1, f.example.com 1, b.example 1, d.example 1", nil,
		},
		"what it says goes before its name": {
			map[string]string{"db.a.example.com": "b.example.com. " + soa[2:], "x": "$ORIGIN example.\nc" + soa[1:], "y": "$ORIGIN d.example.\n" + soa},
			"b.example.com 1, c.example 0, d.example 1", []string{"x:3:1: warning: www.example is outside the zone c.example, for which BIND ignores the record: it is left out; write it into its own zone, or without the trailing dot"},
		},
		"a name that says nothing is no guess": {
			map[string]string{"db.127": soa, "db.local": soa, "db.192.168.1": soa, "example.com.bak": soa, "db.example.com~": soa},
			"", []string{
				"db.127: warning: read as no zone, " + unnamed, "db.192.168.1: warning: read as no zone, " + unnamed, "db.example.com~: warning: read as no zone, " + unnamed,
				"db.local: warning: read as no zone, " + unnamed, "example.com.bak: warning: read as no zone, " + unnamed,
			},
		},
		"what is only included is no zone": {
			map[string]string{"a.example.zone": "$TTL 60\n$INCLUDE soa\n$INCLUDE more.example.zone\n", "soa": "@ SOA ns h 1 2 3 4 5\n", "more.example.zone": soa[strings.Index(soa, "www"):]},
			"a.example 1", nil,
		},
		"a file is found where BIND runs, too": {
			map[string]string{"zones/a.example.zone": soa + "$INCLUDE inc/x\n", "inc/x": "x A 192.0.2.2\n"},
			"a.example 2", nil,
		},
		"other files are told": {
			map[string]string{"a.example.zone": soa, ".hidden": "x", "README": "It has no such record.\n", "a.example.zone.jnl": ";BIND LOG V9\n", "raw.example.zone": "\x00\x00\x00\x02\x00\x00\x00\x01"},
			"a.example 1", []string{
				"README: notice: read as no zone, since it has no SOA record",
				"a.example.zone.jnl: warning: read as no zone, since it is a journal of BIND's, with changes that the zone's file may lack: run rndc sync -clean, and import again",
				"raw.example.zone: warning: read as no zone, since it is BIND's raw form: run named-compilezone -f raw -F text -o FILE ZONE raw.example.zone",
			},
		},
		"one zone in two files is a mistake": {
			map[string]string{"a.example.zone": soa, "old/a.example.zone": soa},
			"a.example 1, a.example 1", []string{"old/a.example.zone:1:1: the zone a.example is there twice: give the file that is in use alone, or move the other away (see a.example.zone:1:1)"},
		},
		"a file that may be two is a mistake": {
			map[string]string{"zones/a.example.zone": soa + "$INCLUDE x\n", "x": "", "zones/x": ""},
			"a.example 1", []string{"x: notice: read as no zone, since it has no SOA record", "zones/x: notice: read as no zone, since it has no SOA record", `zones/a.example.zone:3:10: the file "x" may be zones/x or x, since BIND looks in the directory that it runs in: write a path that is only one of them`},
		},
		"files that include one another are all told": {
			map[string]string{"a.example.zone": soa + "$INCLUDE b.example.zone\n", "b.example.zone": "@ 60 SOA ns h 1 2 3 4 5\n$INCLUDE a.example.zone\n"},
			"a.example 1, b.example 1", []string{
				"b.example.zone:2:10: this file includes itself: a.example.zone → b.example.zone → a.example.zone", "a.example.zone:3:10: this file includes itself: b.example.zone → a.example.zone → b.example.zone",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			zones, problems := masterfile.Read(at(".", test.files), schema.Name{})
			var got []string
			for _, z := range zones {
				got = append(got, z.Name.Display()+" "+string(rune('0'+z.Records())))
				problems = append(problems, z.Problems...)
			}
			if diff := cmp.Diff(test.zones, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var told []string
			for _, p := range problems {
				if p.Rule != "soa" && p.Rule != "zone-name" {
					told = append(told, p.Error())
				}
			}
			if diff := cmp.Diff(test.told, told); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const unnamed = "since nothing says which zone it is: give it alone with --zone-name NAME, name it after its zone, or begin it with $ORIGIN NAME."

func TestOneFileIsAZoneOrAMistake(t *testing.T) {
	const soa = "@ 60 SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n"
	for name, test := range map[string]struct{ text, zone, want string }{
		"--zone-name says which":         {soa, "a.example", "www.a.example. 60 A \"192.0.2.1\""},
		"without it nothing does":        {soa, "", "x: read as no zone, " + unnamed},
		"the file may say otherwise":     {"$ORIGIN b.example.\n" + soa, "a.example", "x:2:1: the SOA record belongs to b.example, and --zone-name says a.example: leave that out"},
		"the zone may be below":          {"sub" + soa[1:], "a.example", "x:1:1: the SOA record belongs to sub.a.example, and the zone is taken to be a.example: give the file alone with --zone-name NAME, or begin it with $ORIGIN NAME."},
		"a file without a SOA is none":   {"a 60 A 192.0.2.1\n", "a.example", "x: read as no zone, since it has no SOA record: give a zone's master file"},
		"and its mistakes are told, too": {"a 60 A 192.0.2.256\n", "a.example", "x: read as no zone, since it has no SOA record: give a zone's master file|" + `x:1:8: the data "192.0.2.256" is not well formed for A: dns: bad A A: "192.0.2.256" at line: 1:20`},
	} {
		t.Run(name, func(t *testing.T) {
			var zone schema.Name
			if test.zone != "" {
				zone = schema.MustName(test.zone)
			}
			zones, problems := masterfile.Read(at("x", map[string]string{"x": test.text}), zone)
			var got []string
			for _, z := range zones {
				problems = append(problems, z.Problems...)
			}
			for _, p := range problems {
				if p.Severity == schema.Error {
					got = append(got, p.Error())
				}
			}
			if len(zones) == 1 && len(got) == 0 {
				got = schematest.Lines(&zones[0].Zone)
			}
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
