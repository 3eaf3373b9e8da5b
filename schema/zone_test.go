package schema

import (
	"testing"
)

func TestAZoneFindsItsRRsets(t *testing.T) {
	z := zoneOf(t, "example.com", `
		@ A 192.0.2.1
		@ MX 10 mail
		a A 192.0.2.1
		a A 192.0.2.2
		a.a TXT "x"
		b A 192.0.2.3`)
	for _, s := range z.RRsets {
		if got := z.RRset(s.Key); got == nil || got.Key != s.Key || len(got.Values) != len(s.Values) {
			t.Errorf("%v is not found", s.Key)
		}
	}
	for _, k := range []Key{
		{MustName("example.com"), TypeTXT}, {MustName("a.example.com"), TypeTXT}, {MustName("aa.example.com"), TypeA}, {MustName("example.net"), TypeA}, {Root(), TypeA},
	} {
		if z.RRset(k) != nil {
			t.Errorf("%v is found", k)
		}
	}
	for name, want := range map[string]int{"example.com": 2, "a.example.com": 1, "a.a.example.com": 1, "b.example.com": 1, "c.example.com": 0, "com": 0} {
		if got := len(z.At(MustName(name))); got != want {
			t.Errorf("%d RRsets at %s, want %d", got, name, want)
		}
	}
	if got := z.Records(); got != 6 {
		t.Errorf("%d records, want 6", got)
	}
}

func TestAZoneHoldsByNameAndType(t *testing.T) {
	a, b := MustName("a.example.com"), MustName("b.example.com")
	z := Zone{Held: []Held{{Name: a, Types: []Type{TypeTXT, "ALIAS"}, Reason: "one"}, {Name: b, Reason: "two"}, {Name: b, Types: []Type{TypeA}, Reason: "three"}}}
	for k, want := range map[Key]string{
		{a, TypeTXT}: "one", {a, "ALIAS"}: "one", {a, TypeA}: "", {b, TypeA}: "two", {b, "PTR"}: "two", {MustName("c"), TypeA}: "",
	} {
		got := ""
		if h := z.Holds(k); h != nil {
			got = h.Reason
		}
		if got != want {
			t.Errorf("%v is held as %q, want %q", k, got, want)
		}
	}
}

func TestKeysAreInOrderOfNameAndThenType(t *testing.T) {
	a, b := MustName("a.example.com"), MustName("b.example.com")
	keys := []Key{{MustName("example.com"), TypeTXT}, {a, TypeA}, {a, TypeMX}, {MustName("z.a.example.com"), TypeA}, {b, TypeA}}
	for i := range keys {
		for j := range keys {
			if got, want := keys[i].Compare(keys[j]), compareInts(i, j); got != want {
				t.Errorf("%v against %v: %d, want %d", keys[i], keys[j], got, want)
			}
		}
	}
}

func TestALiveRecordBelongsToTheRRsetOfItsNameAndType(t *testing.T) {
	r := LiveRecord{Handle: "rec-1", Name: MustName("a.example.com"), Data: Opaque{"ALIAS", "b"}}
	if got, want := r.Key(), (Key{MustName("a.example.com"), "ALIAS"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
