package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
)

func TestAZoneIsWrittenAsACarefulPersonWould(t *testing.T) {
	z := zoneOf(t, "example.com",
		"@ 300 MX 10 mail.example.com.", "@ 300 MX 20 mx.example.net.", `@ 300 TXT "v=spf1 include:_spf.example.net ~all"`, "mail 300 A 192.0.2.25",
		"www 300 CNAME example.com.", "xn--mnchen-3ya 300 A 192.0.2.1", "xn--mnchen-3ya 300 AAAA 2001:db8::1", `_sip._tcp 60 SRV 1 2 5060 sip.voice.example.com.`, `x 300 TXT "say \"hi\"; # no"`, `yes 300 A 192.0.2.3`, "* 300 A 192.0.2.4")
	text, lines, err := source.Write(z, source.Layout{DefaultTTL: 3600, Lenient: map[schema.Key]bool{{Name: schema.MustName("www.example.com"), Type: schema.TypeCNAME}: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := `ttl: 300
records:
  "@":
    - {type: MX, values: [10 mail, 20 mx.example.net.]}
    - {type: TXT, value: "v=spf1 include:_spf.example.net ~all"}
  "*": {type: A, value: 192.0.2.4}
  _sip._tcp: {type: SRV, ttl: 60, value: 1 2 5060 sip.voice.example.com.}
  mail: {type: A, value: 192.0.2.25}
  www: {type: CNAME, value: "@", lenient: true}
  x: {type: TXT, value: 'say "hi"; # no'}
  xn--mnchen-3ya:  # münchen.example.com
    - {type: A, value: 192.0.2.1}
    - {type: AAAA, value: 2001:db8::1}
  "yes": {type: A, value: 192.0.2.3}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, k := range lines {
		if line := strings.Split(string(text), "\n")[n-1]; !strings.Contains(line, "type: "+string(k.Type)) {
			t.Errorf("line %d is %q, said to be %s %s", n, line, k.Name, k.Type)
		}
	}
}

func TestWhatIsLeftAloneIsWrittenAsIgnored(t *testing.T) {
	z := zoneOf(t, "example.com", "www 3600 A 192.0.2.1")
	for _, h := range []string{"old A", "old TXT", "www AAAA", "a ALIAS"} {
		name, typ, _ := strings.Cut(h, " ")
		z.Held = append(z.Held, schema.Held{Name: schema.MustName(name + ".example.com"), Types: []schema.Type{schema.Type(typ)}, Reason: "octodns.ignored"})
	}
	text, lines, err := source.Write(z, source.Layout{DefaultTTL: 3600})
	if err != nil {
		t.Fatal(err)
	}
	want := `records:
  a: {type: ALIAS, octodns: {ignored: true}}
  old:
    - {type: A, octodns: {ignored: true}}
    - {type: TXT, octodns: {ignored: true}}
  www:
    - {type: A, value: 192.0.2.1}
    - {type: AAAA, octodns: {ignored: true}}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if k := (schema.Key{Name: schema.MustName("www.example.com"), Type: schema.TypeA}); len(lines) != 1 || lines[7] != k {
		t.Errorf("the lines are %v", lines)
	}
	z.Held = []schema.Held{{Name: z.Name, Reason: "everything"}}
	if _, _, err := source.Write(z, source.Layout{}); err == nil {
		t.Error("what is left alone whatever its type was written")
	}
}

func TestCommentsStandBehindTheRecordsThatTheyAreAbout(t *testing.T) {
	z := zoneOf(t, "example.com", "@ 3600 A 192.0.2.1", "@ 3600 A 192.0.2.2", "@ 3600 TXT \"one\"", "@ 60 TXT \"two\"", "mail 60 A 192.0.2.3", "mail 60 A 192.0.2.4",
		"xn--mnchen-3ya 3600 A 192.0.2.5", "www 3600 CNAME example.com.", "ftp 3600 CNAME example.com.")
	z.RRsets[1].Values[1].TTL = 3600
	about := source.Comments{}
	for line, text := range map[string]string{
		"@ A 192.0.2.2": "the # second", "mail A 192.0.2.3": "lead\nrecords: {}", "mail A 192.0.2.4": " \u2028\ufeff\x00 ", "xn--mnchen-3ya A 192.0.2.5": "old", "www CNAME example.com.": "bytes \xff", "ftp CNAME example.com.": "\r\n",
	} {
		f := strings.SplitN(line, " ", 3)
		one := zoneOf(t, "example.com", f[0]+" 1 "+f[1]+" "+f[2]).RRsets[0]
		if about[one.Key] == nil {
			about[one.Key] = map[schema.Data]string{}
		}
		about[one.Key][one.Values[0].Data] = text
	}
	text, lines, err := source.Write(z, source.Layout{DefaultTTL: 3600, Comments: about, Lenient: map[schema.Key]bool{{Name: schema.MustName("mail.example.com"), Type: schema.TypeA}: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := `records:
  "@":
    - type: A
      values:
        - 192.0.2.1
        - 192.0.2.2  # the # second
    - {type: TXT, values: ["one", "two"]}
  ftp: {type: CNAME, value: "@"}
  mail:
    type: A
    ttl: 60
    values:
      - 192.0.2.3  # lead records: {}
      - 192.0.2.4
    lenient: true
  www: {type: CNAME, value: "@"}  # bytes �
  xn--mnchen-3ya: {type: A, value: 192.0.2.5}  # münchen.example.com; old
`
	if diff := cmp.Diff(strings.ReplaceAll(want, `\ufffd`, "\ufffd"), string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if k := lines[6]; k.Type != schema.TypeA || k.Name != z.Name {
		t.Errorf("line 6 is said to be %v", k)
	}
}

// zoneOf makes a zone of lines of name, TTL, type and data.
func zoneOf(t interface{ Fatal(...any) }, name string, lines ...string) *schema.Zone {
	z := &schema.Zone{Name: schema.MustName(name)}
	for _, line := range lines {
		f := strings.SplitN(line, " ", 4)
		owner, err := schema.ParseOwner(f[0], z.Name)
		if err != nil {
			t.Fatal(err)
		}
		ttl, err := schema.ParseTTL(f[1])
		if err != nil {
			t.Fatal(err)
		}
		data, err := schema.ParseData(schema.Type(f[2]), f[3])
		if err != nil {
			t.Fatal(err)
		}
		add(z, schema.Key{Name: owner, Type: data.Type()}, schema.Value{Data: data, TTL: ttl})
	}
	return z
}

func add(z *schema.Zone, k schema.Key, v schema.Value) {
	s := z.RRset(k)
	if s == nil {
		z.RRsets = append(z.RRsets, schema.RRset{Key: k})
		slices.SortFunc(z.RRsets, func(a, b schema.RRset) int { return a.Key.Compare(b.Key) })
		s = z.RRset(k)
	}
	s.Values = append(s.Values, v)
}

// A zone that is written and read is the zone, for every type and hostile data;
// with `lenient: true` at each record nothing in it is refused.
func TestAWrittenZoneReadsBack(t *testing.T) {
	label := rapid.OneOf(rapid.SampledFrom([]string{"www", "yes", "null", "0x10", "1e3", "_dmarc", "~", "a.b", `odd\.dot`, `sp\032ce`, strings.Repeat("x", 63), "xn--mnchen-3ya", "true", "-", "12"}),
		rapid.StringMatching(`[a-z0-9_-]{1,10}`))
	host := rapid.SampledFrom([]string{"example.com.", "mail.example.com.", "a.b.example.com.", "mx.example.net.", ".", "com.", `o\.dd.example.com.`, "xn--mnchen-3ya.example.com."})
	rapid.Check(t, func(t *rapid.T) {
		z := &schema.Zone{Name: schema.MustName("example.com")}
		layout := source.Layout{DefaultTTL: 3600, Lenient: map[schema.Key]bool{}, Comments: source.Comments{}}
		comment := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"*/", "\n- x", "#", "\x85x: y", strings.Repeat("long ", 1000), "\xff\xfe", "}", `"`}))
		for range rapid.IntRange(0, 6).Draw(t, "RRsets") {
			owner, err := schema.ParseOwner(rapid.OneOf(label, rapid.Just("@"), rapid.Just("*")).Draw(t, "owner"), z.Name)
			if err != nil {
				continue
			}
			ttl := schema.TTL(rapid.SampledFrom([]int{0, 60, 3600, int(schema.MaxTTL)}).Draw(t, "TTL"))
			typ := rapid.SampledFrom([]string{"A", "AAAA", "CAA", "MX", "NS", "SRV", "TXT", "TXT", "CNAME"}).Draw(t, "type")
			if len(z.At(owner)) > 0 && (typ == "CNAME" || z.At(owner)[0].Type == schema.TypeCNAME) || typ == "CNAME" && owner == z.Name || z.RRset(schema.Key{Name: owner, Type: schema.Type(typ)}) != nil {
				continue
			}
			seen := map[schema.Data]bool{}
			for i := range rapid.IntRange(1, 3).Draw(t, "values") {
				var d schema.Data
				switch h := host.Draw(t, "host"); typ {
				case "TXT":
					d = schema.TXT{Text: rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "# no", "a: b", "- x", "'", `"`, `\`, `a\;b`, "[x]", "{x}", "yes", "v=spf1 -all", "\t", "trailing ", " x", "\u202e", "line\nfeed", "\x00", "@", "%x", "!t", "&a", "*a", "? k", "| x", "> x", "`"})).Draw(t, "text")}
				case "A":
					d = data(t, typ, fmt.Sprintf("192.0.2.%d", i))
				case "AAAA":
					d = data(t, typ, fmt.Sprintf("2001:db8::%d", i))
				case "CAA":
					d = data(t, typ, fmt.Sprintf(`%d issue "ca%d.example; a=b \"q\""`, i, i))
				case "MX":
					d = data(t, typ, fmt.Sprintf("%d %s", i, h))
				case "SRV":
					d = data(t, typ, fmt.Sprintf("%d 1 2 %s", i, h))
				default:
					if h == "." {
						h = "com."
					}
					d = data(t, typ, h)
				}
				if _, err := schema.ParseText(d.String()); seen[d] || err != nil || typ == "CNAME" && i > 0 {
					continue
				}
				seen[d] = true
				if k := (schema.Key{Name: owner, Type: schema.Type(typ)}); layout.Comments[k] == nil {
					layout.Comments[k] = map[schema.Data]string{d: comment.Draw(t, "comment")}
				} else {
					layout.Comments[k][d] = comment.Draw(t, "comment")
				}
				add(z, schema.Key{Name: owner, Type: schema.Type(typ)}, schema.Value{Data: d, TTL: ttl})
			}
			layout.Lenient[schema.Key{Name: owner, Type: schema.Type(typ)}] = true
		}
		text, _, err := source.Write(z, layout)
		if err != nil {
			if !strings.Contains(err.Error(), "is no Unicode") {
				t.Fatal(err)
			}
			t.Skip("not to be written")
		}
		tree := &source.Tree{FS: fstest.MapFS{"example.com.yaml": {Data: text}}}
		result, err := source.Load(t.Context(), []source.Path{{Tree: tree, Name: "example.com.yaml"}}, source.Options{DefaultTTL: 3600})
		if err != nil || result.Problems.Err() != nil {
			t.Fatalf("%v %v\n%s", err, result.Problems, text)
		}
		if diff := cmp.Diff(values(z), values(&result.Zones[0])); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, text)
		}
	})
}

func data(t *rapid.T, typ, text string) schema.Data {
	d, err := schema.ParseData(schema.Type(typ), text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func values(z *schema.Zone) []string {
	out := []string{}
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			out = append(out, fmt.Sprint(s.Name, s.Type, v.TTL, v.Data))
		}
	}
	slices.Sort(out)
	return out
}
