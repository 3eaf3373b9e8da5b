package vpsorg_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

// scripted is a zone as a service tells of it, in each of the three ways.
type scripted struct {
	count                 string // record_count in JSON; empty: absent
	details, nested, flat []string
	paged                 bool // the lists are pages that tell their count and end
	listedCount           int  // their count; 0: as many as there are
	then                  *scripted
}

// rec is a record in JSON.
func rec(n int) string {
	return fmt.Sprintf(`{"uuid":"r%d","record_type":"A","name":"h%d","value":"192.0.2.%d","ttl":300}`, n, n, n%250)
}

func recs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = rec(i + 1)
	}
	return all
}

const apexNS = `{"uuid":"ns1","record_type":"NS","name":"@","value":"ns1.vps.org","ttl":300}`

// same is a zone that gives the same records whichever way it is asked.
func same(count int, records []string) scripted {
	return scripted{count: fmt.Sprint(count), details: records, nested: records, flat: records}
}

// play serves zones by handle.
func play(t *testing.T, opts vpsorg.Options, zones map[string]scripted) *vpsorg.Client {
	var mu sync.Mutex
	return served(t, opts, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		path := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
		header := func(id string, z scripted) string {
			h := fmt.Sprintf(`{"uuid":%q,"domain":"%s.example"`, id, id)
			if z.count != "" {
				h += `,"record_count":` + z.count
			}
			return h
		}
		list := func(z scripted, records []string) {
			body := "[" + strings.Join(records, ",") + "]"
			if z.paged {
				count := z.listedCount
				if count == 0 {
					count = len(records)
				}
				body = fmt.Sprintf(`{"count":%d,"next":null,"previous":null,"results":%s}`, count, body)
			}
			fmt.Fprint(w, body)
		}
		switch {
		case path[0] == "dns-records":
			z := zones[r.URL.Query().Get("zone")]
			list(z, z.flat)
		case path[1] == "":
			var all []string
			for id, z := range zones {
				all = append(all, header(id, z)+"}")
			}
			fmt.Fprint(w, "["+strings.Join(all, ",")+"]")
		case path[2] == "records":
			list(zones[path[1]], zones[path[1]].nested)
		default:
			z := zones[path[1]]
			body := header(path[1], z)
			if z.details != nil {
				body += `,"records":[` + strings.Join(z.details, ",") + "]"
			}
			fmt.Fprint(w, body+"}")
			if z.then != nil {
				zones[path[1]] = *z.then
			}
		}
	})
}

// Each rule about what is a zone read whole, by what the service counts and
// gives. The zone read is z; others are there to confirm a surplus.
func TestAZoneIsReadWholeOrNotAtAll(t *testing.T) {
	later := same(3, recs(3))
	still := same(2, recs(3))
	grown := same(6, recs(6))
	tests := []struct {
		name    string
		zone    scripted
		others  map[string]scripted
		surplus int
		want    int // records; -1: refused
		notice  string
		reason  string
	}{
		{name: "the count agrees", zone: same(3, recs(3)), want: 3},
		{name: "an empty zone", zone: same(0, []string{}), want: 0},
		{name: "a zone without records in its details is read from its list", zone: scripted{count: "3", nested: recs(3)}, want: 3},
		{name: "details that were cut are made good by the list", zone: scripted{count: "12", details: recs(10), nested: recs(12)}, want: 12},
		{name: "a list of as many but other records makes nothing good",
			zone: scripted{count: "3", details: []string{rec(9)}, nested: recs(3), flat: recs(3)}, want: -1, reason: "give different ones"},

		{name: "three hidden apex records are counted besides", zone: same(8, recs(5)), want: 5, notice: "counts 8 records and lists 5"},
		{name: "nine may be hidden", zone: same(14, recs(5)), want: 5, notice: "hides"},
		{name: "ten are too many to be hidden", zone: same(15, recs(5)), want: -1, reason: "counts 15 records and gives 5"},
		{name: "an empty zone with hidden records", zone: same(3, []string{}), want: 0, notice: "hides"},
		{name: "hidden records with an apex NS among those listed", zone: same(8, append(recs(4), apexNS)), want: -1, reason: "record-count-surplus: 3"},
		{name: "the ways of asking disagree", zone: scripted{count: "8", details: recs(5), nested: recs(5), flat: recs(4)}, want: -1, reason: "different"},
		{name: "the ways of asking disagree about content", zone: scripted{count: "5", details: recs(2), nested: recs(2), flat: []string{rec(1), strings.Replace(rec(2), "300", "60", 1)}}, want: -1, reason: "different"},

		{name: "ten records and a surplus look like a page that was cut", zone: same(13, recs(10)), want: -1, reason: "record-count-surplus: 3"},
		{name: "two other zones confirm the surplus", zone: same(13, recs(10)),
			others: map[string]scripted{"a": same(7, recs(4)), "b": same(6, recs(3))}, want: 10, notice: "hides"},
		{name: "they confirm it for a zone that lists an apex NS too", zone: same(8, append(recs(4), apexNS)),
			others: map[string]scripted{"a": same(7, recs(4)), "b": same(6, recs(3))}, want: 5, notice: "hides"},
		{name: "one other zone does not", zone: same(13, recs(10)), others: map[string]scripted{"a": same(7, recs(4))}, want: -1},
		{name: "two others with another surplus do not", zone: same(13, recs(10)),
			others: map[string]scripted{"a": same(6, recs(4)), "b": same(5, recs(3))}, want: -1},
		{name: "two others that may be cut themselves do not", zone: same(13, recs(10)),
			others: map[string]scripted{"a": same(23, recs(20)), "b": same(13, recs(10))}, want: -1},
		{name: "two others whose ways disagree do not", zone: same(13, recs(10)),
			others: map[string]scripted{"a": {count: "7", details: recs(4), nested: recs(3), flat: recs(4)}, "b": {count: "6", details: recs(3), nested: recs(3), flat: recs(2)}}, want: -1},
		{name: "the configuration states the surplus", zone: same(13, recs(10)), surplus: 3, want: 10, notice: "hides"},
		{name: "the configuration states another", zone: same(13, recs(10)), surplus: 2, want: -1},

		{name: "more than counted is read again", zone: scripted{count: "2", details: recs(3), then: &later}, want: 3},
		{name: "more than counted twice is a notice", zone: scripted{count: "2", details: recs(3), then: &still}, want: 3, notice: "nothing is missing"},
		{name: "more than counted and then less is refused", zone: scripted{count: "2", details: recs(3), then: &scripted{count: "4", details: recs(3)}}, want: -1, reason: "counts 4 records and gives 3"},
		{name: "a zone that changes while it is read is read again", zone: scripted{count: "4", details: recs(3), then: &grown}, want: 6},
		{name: "a zone that never stays is refused", zone: scripted{count: "4", details: recs(3), then: &scripted{count: "6", details: recs(5), nested: recs(7), flat: recs(7)}}, want: -1, reason: "different"},
		{name: "a record listed twice under one handle counts once", zone: same(3, []string{rec(1), rec(2), rec(2)}), want: 2, notice: "counts 3 records and lists 2"},

		{name: "no count, and a list that tells its end", zone: scripted{details: recs(3), nested: recs(3), paged: true}, want: 3},
		{name: "no count, and a list that does not", zone: scripted{details: recs(3), nested: recs(3)}, want: -1, reason: "without a count"},
		{name: "no count, and a list that counts more", zone: scripted{details: recs(3), nested: recs(3), paged: true, listedCount: 4}, want: -1, reason: "without a count"},
		{name: "a count that is null is none", zone: scripted{count: "null", details: recs(3), nested: recs(3)}, want: -1},
		{name: "a negative count is none", zone: scripted{count: "-1", details: recs(3), nested: recs(3)}, want: -1},
		{name: "a count in a string", zone: scripted{count: `"3"`, details: recs(3)}, want: 3},

		{name: "a record without a handle", zone: same(2, []string{rec(1), `{"record_type":"A","name":"x","value":"192.0.2.1"}`}), want: -1, reason: "without a uuid"},
		{name: "a handle that would name another path", zone: same(1, []string{`{"uuid":"..","record_type":"A","name":"x","value":"192.0.2.1"}`}), want: -1, reason: "cannot be used"},
		{name: "a record without a name", zone: same(1, []string{`{"uuid":"r1","record_type":"A","value":"192.0.2.1"}`}), want: -1, reason: "without a name"},
		{name: "a record without a type", zone: same(1, []string{`{"uuid":"r1","name":"x","value":"192.0.2.1"}`}), want: -1, reason: "without a type"},
		{name: "a record outside the zone", zone: same(1, []string{`{"uuid":"r1","record_type":"A","name":"x.example.org.","value":"192.0.2.1"}`}), want: -1, reason: "outside the zone"},
		{name: "a name that cannot be read", zone: same(1, []string{`{"uuid":"r1","record_type":"A","name":"a..b","value":"192.0.2.1"}`}), want: -1, reason: "empty label"},
		{name: "a TTL that no record has", zone: same(1, []string{`{"uuid":"r1","record_type":"A","name":"x","value":"192.0.2.1","ttl":-1}`}), want: -1, reason: "TTL"},
		{name: "one handle for two records", zone: same(2, []string{rec(1), strings.Replace(rec(2), "r2", "r1", 1)}), want: -1, reason: "one handle"},
		{name: "a record that is null", zone: same(1, []string{"null"}), want: -1, reason: "without a uuid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zones := map[string]scripted{"z": tt.zone}
			for id, z := range tt.others {
				zones[id] = z
			}
			client := play(t, vpsorg.Options{RecordCountSurplus: tt.surplus}, zones)
			live, err := client.ReadZone(t.Context(), schema.LiveZoneInfo{Handle: "z", Name: schema.MustName("z.example"), Records: -1})
			if tt.want < 0 {
				if !errors.Is(err, provider.ErrIncomplete) || live != nil {
					t.Fatalf("the zone was read: %v (%v)", live, err)
				}
				if ie, ok := errors.AsType[*provider.IncompleteError](err); !ok || ie.Zone != schema.MustName("z.example") {
					t.Errorf("the error does not name the zone: %v", err)
				}
				if !strings.Contains(err.Error(), tt.reason) {
					t.Errorf("the error %q does not say %q", err, tt.reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(live.Records) != tt.want {
				t.Errorf("%d records, want %d", len(live.Records), tt.want)
			}
			if notices := strings.Join(live.Notices, "\n"); !strings.Contains(notices, tt.notice) || tt.notice == "" && notices != "" {
				t.Errorf("the notices are %q, want %q", notices, tt.notice)
			}
		})
	}
}

// What is said of a zone does not depend on which were read before it, and
// looking at other zones happens once.
func TestASurplusIsConfirmedWhicheverZoneIsReadFirst(t *testing.T) {
	zones := map[string]scripted{"a": same(7, recs(4)), "b": same(6, recs(3))}
	for i := range 20 {
		zones[fmt.Sprintf("m%d", i)] = same(13, recs(10))
	}
	client := play(t, vpsorg.Options{}, zones)
	var wg sync.WaitGroup
	for id := range zones {
		wg.Go(func() {
			name := schema.MustName(id + ".example")
			if _, err := client.ReadZone(t.Context(), schema.LiveZoneInfo{Handle: schema.Handle(id), Name: name}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAnAnswerOfAnotherZoneIsNotTaken(t *testing.T) {
	for name, body := range map[string]string{
		"another name":   `{"uuid":"z1","domain":"example.org","record_count":0,"records":[]}`,
		"another handle": `{"uuid":"z2","domain":"example.com","record_count":0,"records":[]}`,
		"no name":        `{"uuid":"z1","record_count":0,"records":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := wired(t, reply{status: 200, body: body})
			if _, err := client.ReadZone(t.Context(), exampleInfo); !errors.Is(err, provider.ErrIncomplete) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
