package providertest

import (
	"errors"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

func everyType(t T, b Backend) {
	z := newZone(t, b)
	can := b.Provider.Capabilities().Types
	var want []provider.Record
	for _, c := range []struct {
		owner string
		typ   schema.Type
		data  string
	}{
		{"a", schema.TypeA, "192.0.2.1"},
		{"a", schema.TypeA, "255.255.255.255"},
		{"aaaa", schema.TypeAAAA, "2001:db8::1"},
		{"aaaa", schema.TypeAAAA, "::"},
		{"mapped", schema.TypeAAAA, "::ffff:192.0.2.1"},
		{"cname", schema.TypeCNAME, "$ZONE"},
		{"cname-out", schema.TypeCNAME, "www.example.net."},
		{"cname-odd", schema.TypeCNAME, "_x._y.example.net."},
		{"mx", schema.TypeMX, "0 mail.$ZONE"},
		{"mx", schema.TypeMX, "65535 mail.example.net."},
		{"null-mx", schema.TypeMX, "0 ."},
		{"tld-mx", schema.TypeMX, "10 mail."},
		{"ns", schema.TypeNS, "ns1.example.net."},
		{"ns", schema.TypeNS, "ns.ns.$ZONE"},
		{"_sip._tcp", schema.TypeSRV, "1 2 5060 sip.$ZONE"},
		{"_sip._tcp", schema.TypeSRV, "65535 65535 65535 sip.example.net."},
		{"_no._tcp", schema.TypeSRV, "0 0 0 ."},
		{"caa", schema.TypeCAA, `0 issue "letsencrypt.org"`},
		{"caa", schema.TypeCAA, `128 iodef "mailto:security@example.com"`},
		{"caa", schema.TypeCAA, `0 issuewild ";"`},
		{"caa", schema.TypeCAA, `0 issue "ca.example; account=1\"2\\3"`},
		{"txt", schema.TypeTXT, `"v=spf1 include:_spf.google.com ~all"`},
		{"txt", schema.TypeTXT, `"with \"quotes\" and \\ backslash"`},
		{"txt", schema.TypeTXT, `"\"wholly quoted\""`},
		{"txt", schema.TypeTXT, `"\"two\" \"strings\""`},
		{"txt", schema.TypeTXT, `"\"open"`},
		{"txt", schema.TypeTXT, `" blanks  around "`},
		{"txt", schema.TypeTXT, `"semicolon; and \\; escaped"`},
		{"txt", schema.TypeTXT, `"\195\188ml\195\164ut"`},
		{"txt", schema.TypeTXT, `"<b>&amp;\\u0041\\065"`},
		{"bytes", schema.TypeTXT, `"\000\001\009\010\127\128\255"`},
		{"empty", schema.TypeTXT, `""`},
		{"long", schema.TypeTXT, `"` + strings.Repeat("0123456789", 25) + `" "` + strings.Repeat("abcdefghij", 25) + `" "x"`},
	} {
		if !slices.Contains(can, c.typ) {
			continue
		}
		r := z.record(c.owner, 300, c.typ, c.data)
		z.create(r)
		want = append(want, r)
	}
	for i, ttl := range []schema.TTL{60, schema.DefaultTTL, 86400} {
		r := z.record("ttl", ttl, schema.TypeA, "192.0.2."+string(rune('1'+i)))
		z.create(r)
		want = append(want, r)
	}
	z.holds(want...)
}

func ownerNames(t T, b Backend) {
	z := newZone(t, b)
	apex := z.id.Name.Display()
	first, _, _ := strings.Cut(apex, ".")
	var want []provider.Record
	for _, owner := range []string{
		"@", "www", "*", "*.sub", "a.b.c.d.e", "_dmarc", "_25._tcp.mail", "selector._domainkey", "xn--bcher-kva", "1", "a-b",
		apex, "www." + apex, // that is: apex.apex
		first, "x" + apex, "*." + apex, strings.Repeat("l", 63),
	} {
		r := z.record(owner, 300, schema.TypeA, "192.0.2.1")
		z.create(r)
		want = append(want, r)
	}
	z.holds(want...)
	for _, r := range z.records() { // each is changed where it is, and nowhere else
		i := slices.IndexFunc(want, func(w provider.Record) bool { return same(r, w) })
		if i < 0 {
			continue // told above
		}
		before := want[i]
		want[i].TTL = 600
		z.update(r.Handle, before, want[i])
	}
	z.holds(want...)
}

func duplicate(t T, b Backend) {
	z := newZone(t, b)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	one := z.create(www)
	two, err := b.Provider.CreateRecord(t.Context(), z.id, www)
	switch {
	case errors.Is(err, provider.ErrRefused):
		z.holds(www)
	case err != nil:
		t.Errorf("creating a record again: %v", err)
	case two.Handle == one.Handle:
		t.Errorf("the same record twice has the one handle %s", one.Handle)
	default:
		z.holds(www, www)
		if err := b.Provider.DeleteRecord(t.Context(), z.id, one.Handle); err != nil {
			t.Errorf("delete one of two: %v", err)
		}
		z.holds(www)
	}
}

func exclusive(t T, b Backend) {
	z := newZone(t, b)
	www, alias := z.record("www", 300, schema.TypeA, "192.0.2.1"), z.record("www", 300, schema.TypeCNAME, "example.net.")
	z.create(www)
	_, err := b.Provider.CreateRecord(t.Context(), z.id, alias)
	switch {
	case err == nil:
		z.holds(www, alias)
	case errors.Is(err, provider.ErrRefused):
		z.holds(www)
	default:
		t.Errorf("a CNAME beside an address: %v", err)
	}
}

func writeOpaque(t T, b Backend) {
	z := newZone(t, b)
	r := z.record("www", 300, schema.TypeA, "192.0.2.1")
	r.Data = schema.Opaque{RRType: schema.TypeA, Raw: "192.0.2.1"}
	if _, err := b.Provider.CreateRecord(t.Context(), z.id, r); err == nil || errors.Is(err, provider.ErrUncertain) {
		t.Errorf("writing data that cannot be read: %v", err)
	}
	z.holds()
}

func updates(t T, b Backend) {
	z := newZone(t, b)
	other := z.record("www", 300, schema.TypeA, "192.0.2.99")
	z.create(other)
	for _, c := range []struct {
		typ           schema.Type
		before, after string
	}{
		{schema.TypeA, "192.0.2.1", "192.0.2.2"},
		{schema.TypeMX, "10 a.example.net.", "20 a.example.net."},
		{schema.TypeMX, "10 a.example.net.", "10 b.example.net."},
		{schema.TypeSRV, "1 2 3 a.example.net.", "2 2 3 a.example.net."},
		{schema.TypeSRV, "1 2 3 a.example.net.", "1 3 3 a.example.net."},
		{schema.TypeSRV, "1 2 3 a.example.net.", "1 2 3 ."},
		{schema.TypeCAA, `0 issue "a"`, `128 issue "a"`},
		{schema.TypeTXT, `"v=spf1 -all"`, `"\"v=spf1\" \"-all\""`},
	} {
		for _, ttl := range []schema.TTL{300, 600} {
			before, after := z.record("www", 300, c.typ, c.before), z.record("www", ttl, c.typ, c.after)
			stored := z.update(z.create(before).Handle, before, after)
			z.holds(other, after)
			if err := b.Provider.DeleteRecord(t.Context(), z.id, stored.Handle); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
	}
	before, after := z.record("ttl", 300, schema.TypeA, "192.0.2.1"), z.record("ttl", 86400, schema.TypeA, "192.0.2.1")
	z.update(z.create(before).Handle, before, after)
	z.holds(other, after)
}

// updateKeeps changes the TTL of a record whose data somebody else has changed
// meanwhile: the data stay, and the difference is told.
func updateKeeps(t T, b Backend) {
	z := newZone(t, b)
	before := z.record("www", 300, schema.TypeA, "192.0.2.1")
	meanwhile := z.record("www", 300, schema.TypeA, "192.0.2.2")
	after := z.record("www", 600, schema.TypeA, "192.0.2.1")
	h := z.update(z.create(before).Handle, before, meanwhile).Handle
	_, err := b.Provider.UpdateRecord(t.Context(), z.id, h, before, after)
	if !errors.Is(err, provider.ErrMismatch) {
		t.Errorf("updating the TTL of a record with other data: %v", err)
	}
	z.holds(z.record("www", 600, schema.TypeA, "192.0.2.2"))
}

func updateGone(t T, b Backend) {
	z := newZone(t, b)
	before, after := z.record("www", 300, schema.TypeA, "192.0.2.1"), z.record("www", 600, schema.TypeA, "192.0.2.1")
	h := z.create(before).Handle
	if err := b.Provider.DeleteRecord(t.Context(), z.id, h); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if _, err := b.Provider.UpdateRecord(t.Context(), z.id, h, before, after); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("updating what is gone: %v", err)
	}
	z.holds()
}

func typeChange(t T, b Backend) {
	if !b.Provider.Capabilities().TypeChange {
		return
	}
	z := newZone(t, b)
	for _, c := range [][2]provider.Record{
		{z.record("www", 300, schema.TypeA, "192.0.2.1"), z.record("www", 600, schema.TypeCNAME, "example.net.")},
		{z.record("mail", 300, schema.TypeMX, "10 example.net."), z.record("mail", 300, schema.TypeA, "192.0.2.1")},
		{z.record("mx", 300, schema.TypeCNAME, "example.net."), z.record("mx", 300, schema.TypeMX, "10 example.net.")},
	} {
		live := z.create(c[0])
		left := c[1]
		stored, err := b.Provider.UpdateRecord(t.Context(), z.id, live.Handle, c[0], c[1])
		switch {
		case err == nil:
			live = stored
		case errors.Is(err, provider.ErrRefused):
			left = c[0]
		default:
			t.Fatalf("update %s to %s: %v", show(c[0]), show(c[1]), err)
		}
		z.holds(left)
		if err := b.Provider.DeleteRecord(t.Context(), z.id, live.Handle); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
}

func deletes(t T, b Backend) {
	z := newZone(t, b)
	keep := []provider.Record{
		z.record("www", 300, schema.TypeA, "192.0.2.1"),
		z.record("www", 300, schema.TypeAAAA, "2001:db8::1"),
		z.record("@", 300, schema.TypeA, "192.0.2.2"),
		z.record("*", 300, schema.TypeA, "192.0.2.2"),
	}
	for _, r := range keep {
		z.create(r)
	}
	h := z.create(z.record("www", 300, schema.TypeA, "192.0.2.2")).Handle
	if err := b.Provider.DeleteRecord(t.Context(), z.id, h); err != nil {
		t.Errorf("delete: %v", err)
	}
	z.holds(keep...)
}

func deleteGone(t T, b Backend) {
	z := newZone(t, b)
	www := z.record("www", 300, schema.TypeA, "192.0.2.1")
	h := z.create(www).Handle
	z.create(www)
	if err := b.Provider.DeleteRecord(t.Context(), z.id, h); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if err := b.Provider.DeleteRecord(t.Context(), z.id, h); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("deleting what is gone: %v", err)
	}
	z.holds(www)
}
