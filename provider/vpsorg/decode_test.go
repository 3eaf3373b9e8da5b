package vpsorg

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/schema"
)

var zone = schema.MustName("example.com")

// How the API spells a record, and what it is: owner, TTL, type and data.
// Data in angle brackets are opaque.
func TestDecoding(t *testing.T) {
	tests := []struct{ name, wire, want string }{
		{"as documented", `{"uuid":"1","record_type":"A","name":"@","value":"192.0.2.1","ttl":1800,"priority":null,"created_at":"2026-01-01T00:00:00Z"}`, "example.com. 1800 A 192.0.2.1"},
		{"no TTL", `{"uuid":"1","record_type":"A","name":"www","value":"192.0.2.1"}`, "www.example.com. 3600 A 192.0.2.1"},
		{"a TTL of null", `{"uuid":"1","record_type":"A","name":"www","value":"192.0.2.1","ttl":null}`, "www.example.com. 3600 A 192.0.2.1"},
		{"a TTL of 0", `{"uuid":"1","record_type":"A","name":"www","value":"192.0.2.1","ttl":0}`, "www.example.com. 0 A 192.0.2.1"},
		{"numbers in strings", `{"uuid":7,"record_type":"MX","name":"@","value":"mail.example.com","ttl":"300","priority":"10"}`, "example.com. 300 MX 10 mail.example.com."},
		{"fields not known", `{"uuid":"1","record_type":"A","name":"www","value":"192.0.2.1","zone":{"a":[1]},"comment":null}`, "www.example.com. 3600 A 192.0.2.1"},
		{"a type in lower case", `{"uuid":"1","record_type":"a","name":"www","value":"192.0.2.1"}`, "www.example.com. 3600 A 192.0.2.1"},

		{"an apex without a name", `{"uuid":"1","record_type":"A","name":"","value":"192.0.2.1"}`, "example.com. 3600 A 192.0.2.1"},
		{"an absolute name", `{"uuid":"1","record_type":"A","name":"WWW.Example.COM.","value":"192.0.2.1"}`, "www.example.com. 3600 A 192.0.2.1"},
		{"a full name", `{"uuid":"1","record_type":"A","name":"www.example.com","value":"192.0.2.1"}`, "www.example.com. 3600 A 192.0.2.1 or www.example.com.example.com."},
		{"a full apex", `{"uuid":"1","record_type":"A","name":"Example.com","value":"192.0.2.1"}`, "example.com. 3600 A 192.0.2.1 or example.com.example.com."},
		{"an absolute apex", `{"uuid":"1","record_type":"A","name":"example.com.","value":"192.0.2.1"}`, "example.com. 3600 A 192.0.2.1"},
		{"a relative name that is longer than the zone's", `{"uuid":"1","record_type":"A","name":"wwwexample.com","value":"192.0.2.1"}`, "wwwexample.com.example.com. 3600 A 192.0.2.1"},
		{"a wildcard", `{"uuid":"1","record_type":"A","name":"*.x","value":"192.0.2.1"}`, "*.x.example.com. 3600 A 192.0.2.1"},
		{"a Unicode name", `{"uuid":"1","record_type":"A","name":"bücher","value":"192.0.2.1"}`, "xn--bcher-kva.example.com. 3600 A 192.0.2.1"},

		{"an address that is none", `{"uuid":"1","record_type":"A","name":"www","value":"192.0.2.256"}`, "www.example.com. 3600 A <192.0.2.256>"},
		{"no value", `{"uuid":"1","record_type":"A","name":"www"}`, "www.example.com. 3600 A <>"},
		{"a value of null is no null MX", `{"uuid":"1","record_type":"MX","name":"www","value":null,"priority":0}`, "www.example.com. 3600 MX <0 >"},
		{"IPv6 in long form", `{"uuid":"1","record_type":"AAAA","name":"www","value":"2001:0DB8:0000:0000:0000:0000:0000:0001"}`, "www.example.com. 3600 AAAA 2001:db8::1"},
		{"IPv4 in AAAA", `{"uuid":"1","record_type":"AAAA","name":"www","value":"192.0.2.1"}`, "www.example.com. 3600 AAAA <192.0.2.1>"},

		{"a host with a dot", `{"uuid":"1","record_type":"CNAME","name":"www","value":"Example.NET."}`, "www.example.com. 3600 CNAME example.net."},
		{"a host without", `{"uuid":"1","record_type":"CNAME","name":"www","value":"example.net"}`, "www.example.com. 3600 CNAME example.net."},
		{"a host of one label is absolute", `{"uuid":"1","record_type":"NS","name":"www","value":"localhost"}`, "www.example.com. 3600 NS localhost."},
		{"a host that is the apex", `{"uuid":"1","record_type":"CNAME","name":"www","value":"@"}`, "www.example.com. 3600 CNAME example.com."},
		{"no host", `{"uuid":"1","record_type":"CNAME","name":"www","value":""}`, "www.example.com. 3600 CNAME <>"},
		{"a host with a blank", `{"uuid":"1","record_type":"NS","name":"www","value":"a b"}`, "www.example.com. 3600 NS <a b>"},

		{"MX joined", `{"uuid":"1","record_type":"MX","name":"@","value":"10 mail.example.com."}`, "example.com. 3600 MX 10 mail.example.com."},
		{"MX both ways", `{"uuid":"1","record_type":"MX","name":"@","value":"10 mail.example.com","priority":10}`, "example.com. 3600 MX 10 mail.example.com."},
		{"MX both ways with two priorities", `{"uuid":"1","record_type":"MX","name":"@","value":"10 mail.example.com","priority":20}`, "example.com. 3600 MX <20 10 mail.example.com>"},
		{"MX without priority", `{"uuid":"1","record_type":"MX","name":"@","value":"mail.example.com"}`, "example.com. 3600 MX <mail.example.com>"},
		{"MX with a priority out of range", `{"uuid":"1","record_type":"MX","name":"@","value":"mail.example.com","priority":65536}`, "example.com. 3600 MX <65536 mail.example.com>"},
		{"a null MX", `{"uuid":"1","record_type":"MX","name":"@","value":".","priority":0}`, "example.com. 3600 MX 0 ."},
		{"a null MX without its dot", `{"uuid":"1","record_type":"MX","name":"@","value":"","priority":0}`, "example.com. 3600 MX 0 ."},

		{"SRV split", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"10 5060 sip.example.com","priority":1}`, "_s._tcp.example.com. 3600 SRV 1 10 5060 sip.example.com."},
		{"SRV joined", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"1 10 5060 sip.example.com."}`, "_s._tcp.example.com. 3600 SRV 1 10 5060 sip.example.com."},
		{"SRV of nothing", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"0 0 .","priority":0}`, "_s._tcp.example.com. 3600 SRV 0 0 0 ."},
		{"SRV of nothing without its dot", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"0 0 ","priority":0}`, "_s._tcp.example.com. 3600 SRV 0 0 0 ."},
		{"SRV without priority", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"10 5060 sip.example.com"}`, "_s._tcp.example.com. 3600 SRV <10 5060 sip.example.com>"},
		{"SRV with a port out of range", `{"uuid":"1","record_type":"SRV","name":"_s._tcp","value":"10 65536 sip.example.com","priority":1}`, "_s._tcp.example.com. 3600 SRV <1 10 65536 sip.example.com>"},

		{"CAA", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue \"letsencrypt.org\""}`, `example.com. 3600 CAA 0 issue "letsencrypt.org"`},
		{"CAA without quotes", `{"uuid":"1","record_type":"CAA","name":"@","value":"0  Issue  letsencrypt.org"}`, `example.com. 3600 CAA 0 issue "letsencrypt.org"`},
		{"CAA of nobody", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue \";\""}`, `example.com. 3600 CAA 0 issue ";"`},
		{"CAA with an empty value", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue \"\""}`, `example.com. 3600 CAA 0 issue ""`},
		{"CAA with escapes", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue \"a\\\"b\\\\c\""}`, `example.com. 3600 CAA 0 issue "a\"b\\c"`},
		{"CAA of two strings", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue \"a\" \"b\""}`, `example.com. 3600 CAA <0 issue "a" "b">`},
		{"CAA that is short", `{"uuid":"1","record_type":"CAA","name":"@","value":"0 issue"}`, `example.com. 3600 CAA <0 issue>`},

		{"text", `{"uuid":"1","record_type":"TXT","name":"@","value":"v=spf1 -all"}`, `example.com. 3600 TXT "v=spf1 -all"`},
		{"quoted text", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"v=spf1 -all\""}`, `example.com. 3600 TXT "v=spf1 -all"`},
		{"text in chunks", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"v=spf1 \"  \"-all\""}`, `example.com. 3600 TXT "v=spf1 -all"`},
		{"chunks without a blank between are no chunks", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"a\"\"b\""}`, `example.com. 3600 TXT "\"a\"\"b\""`},
		{"quotes that do not close", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"a"}`, `example.com. 3600 TXT "\"a"`},
		{"quotes that are escaped at the end", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"a\\\""}`, `example.com. 3600 TXT "\"a\\\""`},
		{"backslashes in bare text", `{"uuid":"1","record_type":"TXT","name":"@","value":"a\\b\\;\\065"}`, `example.com. 3600 TXT "a\\b\\;\\065"`},
		{"escapes in quoted text", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"\\\"\\\\\\065\\;\\255\""}`, `example.com. 3600 TXT "\"\\A;\255"`},
		{"an escape that is no byte", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"\\256\""}`, `example.com. 3600 TXT "\"\\256\""`},
		{"no text", `{"uuid":"1","record_type":"TXT","name":"@","value":""}`, `example.com. 3600 TXT ""`},
		{"blank text", `{"uuid":"1","record_type":"TXT","name":"@","value":"  "}`, `example.com. 3600 TXT "  "`},
		{"quoted nothing", `{"uuid":"1","record_type":"TXT","name":"@","value":"\"\" \"\""}`, `example.com. 3600 TXT ""`},

		{"an apex SOA", `{"uuid":"1","record_type":"SOA","name":"@","value":"ns1.vps.org. host.vps.org. 1 2 3 4 5"}`, `example.com. 3600 SOA <ns1.vps.org. host.vps.org. 1 2 3 4 5>`},
		{"another type", `{"uuid":"1","record_type":"PTR","name":"1","value":"host.example.net"}`, `1.example.com. 3600 PTR <host.example.net>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w wireRecord
			if err := json.Unmarshal([]byte(tt.wire), &w); err != nil {
				t.Fatal(err)
			}
			r, err := w.decode(zone)
			if err != nil {
				t.Fatal(err)
			}
			data := r.Data.String()
			if raw, ok := r.Data.(schema.Opaque); ok {
				data = "<" + raw.Raw + ">"
			}
			got := fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Data.Type(), data)
			if !r.Alternative.IsZero() {
				got += " or " + r.Alternative.String()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What goes out, where the spelling is not evident.
func TestEncoding(t *testing.T) {
	record := func(owner string, typ schema.Type, data string) provider.Record {
		name, err := schema.ParseOwner(owner, zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := schema.ParseData(typ, data)
		if err != nil {
			t.Fatal(err)
		}
		return provider.Record{Name: name, TTL: 60, Data: d}
	}
	tests := []struct {
		name   string
		record provider.Record
		want   string
	}{
		{"the apex", record("@", "A", "192.0.2.1"), `{"record_type":"A","name":"@","value":"192.0.2.1","ttl":60}`},
		{"a TTL of 0 is sent", provider.Record{Name: zone, Data: schema.TXT{Text: "x"}}, `{"record_type":"TXT","name":"@","value":"x","ttl":0}`},
		{"a priority of 0 is sent", record("@", "MX", "0 ."), `{"record_type":"MX","name":"@","value":".","ttl":60,"priority":0}`},
		{"a relative name", record("a.b", "A", "192.0.2.1"), `{"record_type":"A","name":"a.b","value":"192.0.2.1","ttl":60}`},
		{"a name that would read as in full", record("www.example.com", "A", "192.0.2.1"), `{"record_type":"A","name":"www.example.com.example.com","value":"192.0.2.1","ttl":60}`},
		{"a name that would read as the apex", record("example.com", "A", "192.0.2.1"), `{"record_type":"A","name":"example.com.example.com","value":"192.0.2.1","ttl":60}`},
		{"a host", record("www", "CNAME", "example.net."), `{"record_type":"CNAME","name":"www","value":"example.net","ttl":60}`},
		{"a host of one label", record("www", "CNAME", "localhost."), `{"record_type":"CNAME","name":"www","value":"localhost.","ttl":60}`},
		{"SRV", record("_s._tcp", "SRV", "1 2 3 sip.example.com."), `{"record_type":"SRV","name":"_s._tcp","value":"2 3 sip.example.com","ttl":60,"priority":1}`},
		{"SRV of nothing", record("_s._tcp", "SRV", "0 0 0 ."), `{"record_type":"SRV","name":"_s._tcp","value":"0 0 .","ttl":60,"priority":0}`},
		{"CAA", record("@", "CAA", `0 issue "a\"b\\c"`), `{"record_type":"CAA","name":"@","value":"0 issue \"a\\\"b\\\\c\"","ttl":60}`},
		{"text", record("@", "TXT", `"a \\ \"b\" \195\188"`), `{"record_type":"TXT","name":"@","value":"a \\ \"b\" ü","ttl":60}`},
		{"text that would read as quoted", record("@", "TXT", `"\"a\""`), `{"record_type":"TXT","name":"@","value":"\"\\\"a\\\"\"","ttl":60}`},
		{"text with blanks around", record("@", "TXT", `" a "`), `{"record_type":"TXT","name":"@","value":"\" a \"","ttl":60}`},
		{"text that is no UTF-8", record("@", "TXT", `"\252"`), `{"record_type":"TXT","name":"@","value":"\"\\252\"","ttl":60}`},
		{"text with a control byte", record("@", "TXT", `"a\009b"`), `{"record_type":"TXT","name":"@","value":"\"a\\009b\"","ttl":60}`},
		{"no text", record("@", "TXT", `""`), `{"record_type":"TXT","name":"@","value":"\"\"","ttl":60}`},
	}
	client := &Client{log: slog.New(slog.DiscardHandler), token: new(Token)}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := client.encode(zone, tt.record)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Any bytes are written so that they read back as themselves, whether the
// service answers what it was sent or quotes it anew.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", `"quoted"`, `"a" "b"`, `\`, `"\`, "\x00\xff", " x ", `"\1"`, "ü", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		txt, err := schema.ParseText(text)
		if err != nil {
			t.Skip()
		}
		sent := encodeText(txt)
		if !utf8.ValidString(sent) {
			t.Errorf("%q is sent as %q, which JSON cannot hold", text, sent)
		}
		if got := decodeText(sent); got != text {
			t.Errorf("%q is sent as %q and reads as %q", text, sent, got)
		}
		if got := decodeText(txt.String()); got != text {
			t.Errorf("%q in quotes is %s and reads as %q", text, txt, got)
		}
		if strings.HasPrefix(sent, `"`) {
			if _, quoted := unquote(sent); !quoted {
				t.Errorf("%q is sent as %q, which begins like a quoted string and is none", text, sent)
			}
		}
	})
}

// No answer makes the decoder panic, and what it understands is what the
// encoder writes: written and read again, it is the same.
func FuzzRecord(f *testing.F) {
	f.Add("A", "www", "192.0.2.1", 300, -1)
	f.Add("AAAA", "@", "2001:db8::1", 0, 0)
	f.Add("CNAME", "www.example.com", "example.net.", 1, -1)
	f.Add("MX", "example.com", "10 mail", 300, 10)
	f.Add("SRV", "_s._tcp.example.com.", "1 2 3 .", 300, 1)
	f.Add("CAA", "*", `0 issue "x\"y"`, 300, -1)
	f.Add("TXT", "a.b", `"x" "y\065"`, 300, -1)
	f.Add("NS", "bücher", "ns.", 300, -1)
	f.Add("SOA", "", "x", 300, -1)
	f.Add("MX", "0", `10 ü"00`, 300, -1) // its A-label needed an escape and had none
	client := &Client{log: slog.New(slog.DiscardHandler), token: new(Token)}
	f.Fuzz(func(t *testing.T, typ, name, value string, ttl, priority int) {
		w := wireRecord{UUID: "1", Type: typ, Name: &name, Value: &value, TTL: new(number(ttl))}
		if priority >= 0 {
			w.Priority = new(number(priority))
		}
		r, err := w.decode(zone)
		if err != nil {
			return
		}
		if r.Data == nil || !r.Name.In(zone) || !r.Alternative.IsZero() && !r.Alternative.In(zone) {
			t.Fatalf("decoded to %+v", r)
		}
		if _, opaque := r.Data.(schema.Opaque); opaque {
			return
		}
		for _, owner := range slices.Compact([]schema.Name{r.Name, r.Alternative}) {
			if owner.IsZero() {
				continue
			}
			meant := provider.Record{Name: owner, TTL: r.TTL, Data: r.Data}
			out, err := client.encode(zone, meant)
			if err != nil {
				t.Fatal(err)
			}
			back := wireRecord{UUID: "1", Type: *out.Type, Name: out.Name, Value: out.Value, TTL: new(number(*out.TTL))}
			if out.Priority != nil {
				back.Priority = new(number(*out.Priority))
			}
			again, err := back.decode(zone)
			if err != nil || again.Name != owner || again.TTL != r.TTL || again.Data != r.Data {
				t.Errorf("%+v is written as name %q value %q and reads as %+v (%v)", meant, *out.Name, *out.Value, again, err)
			}
		}
	})
}
