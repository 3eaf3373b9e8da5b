package masterfile_test

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// at is a path in a tree of files.
func at(name string, files map[string]string) source.Path {
	tree := fstest.MapFS{}
	for file, text := range files {
		tree[file] = &fstest.MapFile{Data: []byte(text)}
	}
	return source.Path{Tree: &source.Tree{FS: tree}, Name: name}
}

// read reads one zone from one file.
func read(text string) (masterfile.Zone, schema.Problems) {
	zones, problems := masterfile.Read(at("example.com.zone", map[string]string{"example.com.zone": text}), schema.Name{})
	if len(zones) == 0 {
		return masterfile.Zone{}, problems
	}
	return zones[0], append(problems, zones[0].Problems...)
}

// begin is what a zone begins with in these tests.
const begin = "$ORIGIN example.com.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n"

// awkward are master files with what they hold, a record each between bars.
var awkward = map[string]struct{ text, want string }{
	"a blank begins a record of the last owner":   {begin + "a A 192.0.2.1\n\tTXT x\n", "a A 60 192.0.2.1|a TXT 60 \"x\""},
	"TTL and class stand in either order":         {begin + "a 5 IN A 192.0.2.1\nb IN 6 A 192.0.2.1\nc in A 192.0.2.1\nd 7 CLASS1 TYPE1 192.0.2.1\n", "a A 5 192.0.2.1|b A 6 192.0.2.1|c A 60 192.0.2.1|d A 7 192.0.2.1"},
	"an owner may look like anything":             {begin + "in A 192.0.2.1\n300 300 A 192.0.2.1\nmx MX 10 a\n", "300 A 300 192.0.2.1|in A 60 192.0.2.1|mx MX 60 10 a.example.com."},
	"a TTL has units":                             {begin + "a 1h30m A 192.0.2.1\nb 1W2D A 192.0.2.1\nc 30m1h A 192.0.2.1\n$TTL 2d\nd A 192.0.2.1\n", "a A 5400 192.0.2.1|b A 777600 192.0.2.1|c A 5400 192.0.2.1|d A 172800 192.0.2.1"},
	"without $TTL the SOA's minimum is the TTL":   {"$ORIGIN example.com.\n@ SOA ns h 1 2 3 4 5m\na A 192.0.2.1\nb 7 A 192.0.2.1\nc A 192.0.2.1\n", "a A 300 192.0.2.1|b A 7 192.0.2.1|c A 300 192.0.2.1"},
	"and where that has a TTL, the last":          {"$ORIGIN example.com.\n@ 9 SOA ns h 1 2 3 4 5\na A 192.0.2.1\nb 7 A 192.0.2.1\nc A 192.0.2.1\n", "a A 9 192.0.2.1|b A 7 192.0.2.1|c A 7 192.0.2.1"},
	"parentheses join lines":                      {begin + "a TXT ( \"a\" ; x\n\"b\" (c)\n)\n(b\n A 192.0.2.1 )\n", `a TXT 60 "abc"|b A 60 192.0.2.1`},
	"strings are joined":                          {begin + "a TXT \"one \" two\"three\"\n", `a TXT 60 "one twothree"`},
	"a comment needs no blank":                    {begin + "a TXT a;b\n", `a TXT 60 "a"`},
	"in quotes it is none":                        {begin + "a TXT \"a;b ( \" ; c\n", `a TXT 60 "a;b ( "`},
	"every escape is read":                        {begin + `a\.b TXT "\"\\\;\065\000" \;\(\"` + "\n" + `\@ A 192.0.2.1` + "\n" + `\$x A 192.0.2.1` + "\n", `$x A 60 192.0.2.1|\@ A 60 192.0.2.1|a\.b TXT 60 "\"\\;A\000;(\""`},
	"lines end in any way":                        {strings.ReplaceAll(begin, "\n", "\r\n") + "a TXT \"x\"\r\nb A 192.0.2.1\r", `a TXT 60 "x"|b A 60 192.0.2.1`},
	"the last line may lack its end":              {begin + "a A 192.0.2.1", "a A 60 192.0.2.1"},
	"a byte order mark is passed over":            {"\ufeff" + begin + "a A 192.0.2.1", "a A 60 192.0.2.1"},
	"bytes of a text are kept":                    {begin + "a TXT \xc3\xbc \"\xff\"\n", `a TXT 60 "\195\188\255"`},
	"names are relative to the origin":            {begin + "$ORIGIN sub\na MX 10 b\n@ A 192.0.2.1\n$ORIGIN .\nb.example.com NS c.net\n", "b NS 60 c.net.|sub A 60 192.0.2.1|a.sub MX 60 10 b.sub.example.com."},
	"any data may be in hexadecimal":              {begin + `a A \# 4 c0 000201` + "\n" + `b MX \# 5 000a 01 61 00` + "\n" + `c CAA \# 8 0005697373756561` + "\n" + `d TXT \# 3 026162` + "\n", `a A 60 192.0.2.1|b MX 60 10 a.|c CAA 60 0 issue "a"|d TXT 60 "ab"`},
	"all types":                                   {begin + "@ CAA 0 Issue ca.example\n@ CAA 0 iodef \"mailto:a@example.com\"\n_sip._tcp SRV 1 2 3 .\n@ MX 0 .\n6 AAAA 2001:DB8::1\nc CNAME @\n", `@ CAA 60 0 iodef "mailto:a@example.com"|@ CAA 60 0 issue "ca.example"|@ MX 60 0 .|6 AAAA 60 2001:db8::1|_sip._tcp SRV 60 1 2 3 .|c CNAME 60 example.com.`},
	"$GENERATE counts":                            {begin + "$GENERATE 1-3/2 a$ 5 IN A 192.0.2.$\n$GENERATE 9-10 t TXT \"\\\"n $ \\$ $$ ${-9,3,x}\\\"\"\n", `a1 A 5 192.0.2.1|a3 A 5 192.0.2.3|t TXT 60 "n 10 $ $ 001"|t TXT 60 "n 9 $ $ 000"`},
	"$GENERATE has bases":                         {begin + "$GENERATE 171-171 ${0,0,d}-${0,4,o}-${0,0,x}-${0,4,X} CNAME ${0,0,n}.${0,5,N}.${1}\n", "171-0253-ab-00ab CNAME 60 b.a.b.a.0.172.example.com."},
	"a $GENERATE leaves the last owner alone":     {begin + "a A 192.0.2.1\n$GENERATE 1-1 b$ A 192.0.2.2\n TXT x\n", "a A 60 192.0.2.1|a TXT 60 \"x\"|b1 A 60 192.0.2.2"},
	"records of one owner have the first's TTL":   {begin + "a 5 A 192.0.2.1\n 7 A 192.0.2.2\n", "a A 5 192.0.2.1|a A 5 192.0.2.2"},
	"and those further on the last one's":         {begin + "a 5 A 192.0.2.1\nb A 192.0.2.9\na 6 A 192.0.2.2\n 7 A 192.0.2.3\n", "a A 6 192.0.2.1|a A 6 192.0.2.2|a A 6 192.0.2.3|b A 60 192.0.2.9"},
	"glue does not end the records of an owner":   {begin + "a 5 NS b\nb 6 A 192.0.2.1\na 7 NS c\n 8 NS d\nd 9 A 192.0.2.2\n 10 A 192.0.2.3\na 11 NS e\n", "a NS 5 b.example.com.|a NS 5 c.example.com.|a NS 5 d.example.com.|a NS 5 e.example.com.|b A 6 192.0.2.1|d A 9 192.0.2.2|d A 9 192.0.2.3"},
	"other records do":                            {begin + "a 5 NS b\nc 6 A 192.0.2.1\na 7 NS c\n", "a NS 7 b.example.com.|a NS 7 c.example.com.|c A 6 192.0.2.1"},
	"the SOA record's owner is the zone":          {"example.com. 60 SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n", "www A 60 192.0.2.1"},
	"also where the file is named after another":  {"example.net. 60 SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n", "www A 60 192.0.2.1"},
	"a name server at the apex is the service's":  {begin + " NS ns1\n NS ns2.example.net.\nsub NS ns.sub\n", "sub NS 60 ns.sub.example.com."},
	"what is outside the zone is left out":        {begin + "a.example.net. A 192.0.2.1\n TXT x\nb A 192.0.2.1\n", "b A 60 192.0.2.1"},
	"what signs a zone is left out":               {begin + "a A 192.0.2.1\n RRSIG A 8 3 60 20300101000000 20200101000000 1 example.com. AAAA\n@ DNSKEY 256 3 8 AAAA\n", "a A 60 192.0.2.1"},
	"an owner may stand in quotes":                {begin + `"a" A 192.0.2.1` + "\n TXT x\n" + `"b.c"A 192.0.2.1` + "\n" + `"@" 5 A 192.0.2.1` + "\n" + `"www.example.com." A 192.0.2.1` + "\n" + `"d;( $x" A 192.0.2.1` + "\n" + `"e\"f\ g\\\032" A 192.0.2.1` + "\n" + `"@.\@" A 192.0.2.1` + "\n", `@ A 5 192.0.2.1|\@.\@ A 60 192.0.2.1|a A 60 192.0.2.1|a TXT 60 "x"|b.c A 60 192.0.2.1|d\;\(\032$x A 60 192.0.2.1|e\"f\032g\\\032 A 60 192.0.2.1|www A 60 192.0.2.1`},
	"bytes of a name that are no ASCII are bytes": {begin + "b\xc3\xbccher A 192.0.2.1\n", `b\195\188cher A 60 192.0.2.1`},
}

func TestAMasterFileIsReadAsBINDReadsIt(t *testing.T) {
	for name, test := range awkward {
		t.Run(name, func(t *testing.T) {
			z, problems := read(test.text)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range z.RRsets {
				for _, v := range s.Values {
					got = append(got, fmt.Sprintf("%s %s %d %s", s.Name.Relative(z.Name), s.Type, v.TTL, v.Data))
				}
			}
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMistakeIsToldAtItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no type":                         {"a\n", "4:1: the record has no type: write one, such as A, and its data"},
		"a type that is none":             {"a 60 B 192.0.2.1\n", `4:6: "B" is no record type: check its spelling, and that an owner name begins its line`},
		"a type that only questions have": {"a ANY x\n", `4:3: "ANY" is no record type: check its spelling, and that an owner name begins its line`},
		"a directive behind a blank":      {" $TTL 5\n", `4:2: "$TTL" is no record type: a directive begins its line, without a blank before it`},
		"a directive that is none":        {"$FOO x\n", `4:1: "$FOO" is no directive: there are $ORIGIN, $TTL, $INCLUDE and $GENERATE, and an owner name that begins so is written \$FOO`},
		"a directive with too much":       {"$ORIGIN a b\n$TTL 5 6\n$INCLUDE a b c\n$TTL\n$GENERATE 1-2\n", "4:1: $ORIGIN is not well formed: write $ORIGIN NAME|5:1: $TTL is not well formed: write $TTL and a number of seconds|6:1: $INCLUDE is not well formed: write $INCLUDE FILE, or $INCLUDE FILE ORIGIN|7:1: $TTL is not well formed: write $TTL and a number of seconds|8:1: $GENERATE is not well formed: write $GENERATE 1-10 host$ A 192.0.2.$"},
		"a class that is another":         {"a CH A 192.0.2.1\n", "4:3: the class CH is none of the Internet's: leave such records out"},
		"a TTL that is none":              {"a 1h30 A 192.0.2.1\nb 2147483648 A 192.0.2.1\n", "4:3: the TTL \"1h30\" is no number of seconds up to 2147483647, and no such number with the units w, d, h, m and s, as in 1h30m; where a type is meant, write it before the data|5:3: the TTL 2147483648 is over 2147483647, the most that DNS allows; where a type is meant, write it before the data"},
		"no data":                         {"a A\nb TXT\n", "4:3: the A record has no data: write it behind the type|5:3: the TXT record has no data: write it behind the type"},
		"a directive in quotes":           {`"$ORIGIN" sub` + "\n", `4:1: the name "$ORIGIN" is in quotes: take them away|4:11: "sub" is no record type: check its spelling, and that an owner name begins its line`},
		"an owner that is empty":          {`"" A 192.0.2.1` + "\n", `4:1: the name "" is in quotes: take them away`},
		"an owner that is none":           {"a..b A 192.0.2.1\n A 192.0.2.2\nc A 192.0.2.3\n", "4:1: the name \"a..b.example.com\" has an empty label: remove the extra dot|5:2: this record has no owner name, since it begins with a blank and that of the line before it cannot be read: write its owner"},
		"a label that is too long":        {strings.Repeat("x", 64) + " A 192.0.2.1\n", "4:1: the label \"" + strings.Repeat("x", 64) + "\" has 64 bytes, more than the 63 that DNS allows"},
		"a target that is none":           {"a MX 10 \"m\"\nb CNAME c..d\n", "4:9: the name \"m\" is in quotes: take them away|5:9: the name \"c..d.example.com\" has an empty label: remove the extra dot"},
		"a string that is too long":       {"a TXT ok " + strings.Repeat("x", 256) + "\n", "4:10: this string has 256 bytes, and a string of TXT has at most 255: split it in two, which are joined again"},
		"a quotation mark":                {"a TXT \"x\nb A 192.0.2.1\n", `4:7: this quotation mark is not closed on its line: close it, and write \010 for a line feed`},
		"a parenthesis":                   {"a TXT ( x\nb A 192.0.2.1\n", "4:7: this parenthesis is never closed, so that nothing behind it was read: write ) at the end of the record"},
		"a closing parenthesis":           {"a TXT x )\n", `4:9: this closes a parenthesis that was never opened: take it out, or write \)`},
		"a backslash":                     {"a TXT x\\\n", "4:8: this backslash stands at the end of a line: join lines with parentheses"},
		"a second SOA record":             {"example.net. SOA ns h 1 2 3 4 5\n", "4:1: this is a second SOA record, and the files of one zone have one: keep each zone in a file of its own (see f.zone:3:1)"},
		"a range":                         {"$GENERATE 3-1 a A 192.0.2.1\n$GENERATE 1-2/0 a A 192.0.2.1\n$GENERATE 1 a A 192.0.2.1\n", `4:11: "3-1" is no range: write it as 1-10, or 0-100/2 for every second number|5:11: "1-2/0" is no range: write it as 1-10, or 0-100/2 for every second number|6:11: "1" is no range: write it as 1-10, or 0-100/2 for every second number`},
		"many records":                    {"$GENERATE 0-65536 a A 192.0.2.1\n", "4:11: the zone has more than 65536 records of $GENERATE, the most that are made: split it"},
		"a base":                          {"$GENERATE 1-2 a${0,1,q} A 192.0.2.1\n$GENERATE 1-2 a${0 A 192.0.2.1\n$GENERATE 1-2 a${0,999999999} A 192.0.2.1\n", "4:15: " + badBase(`${0,1,q`) + "|5:15: " + badBase("${0") + "|6:15: " + badBase("${0,999999999")},
		"data of several words":           {"$GENERATE 1-2 a$ MX 10 m$\n", "4:18: the data of $GENERATE is one word: write it in quotes, as in $GENERATE 1-2 @ MX \"10 mx$\""},
		"data that are made wrong":        {"$GENERATE 1-9 a$ TXT \"\\\"$\"\n", "4:22: the data \"\\\"1\" that this makes is not well formed: close its quotes and parentheses"},
		"a file that is not there":        {"$INCLUDE x\n", `4:10: the file "x" is neither beside this one nor in the directory that is read: give the directory that BIND runs in with --input`},
		"a path that leads out":           {"$INCLUDE ../x\n$INCLUDE /etc/passwd\n", `4:10: the path "../x" leads out of the directory that is read: put the file inside|5:10: the path "/etc/passwd" is absolute, and is not followed: write it relative to this file, or to the directory that is given with --input`},
		"a file that includes itself":     {"$INCLUDE f.zone\n", "4:10: this file includes itself: f.zone → f.zone"},
	} {
		t.Run(name, func(t *testing.T) {
			zones, problems := masterfile.Read(at("f.zone", map[string]string{"f.zone": begin + test.text}), schema.Name{})
			if len(zones) != 1 {
				t.Fatalf("%d zones, %v", len(zones), problems)
			}
			var got []string
			for _, p := range zones[0].Problems {
				if p.Severity == schema.Error {
					got = append(got, strings.TrimPrefix(p.Error(), "f.zone:"))
				}
			}
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func badBase(inner string) string {
	return fmt.Sprintf("%q in $GENERATE is not well formed: write ${OFFSET,WIDTH,BASE}, a width up to 255, and d, o, x, X, n or N as the base, which number no negative ones but in d", inner)
}

func TestAZoneThatIsWrittenAsAMasterFileReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := schematest.Zone(false).Draw(t, "zone")
		text := masterfile.Write(z, head(z.Name))
		zones, problems := masterfile.Read(at("x", map[string]string{"x": string(text)}), schema.Name{})
		if len(zones) != 1 || append(problems, zones[0].Problems...).Err() != nil {
			t.Fatalf("%v %v\n%s", problems, zones, text)
		}
		want := schema.Zone{Name: z.Name}
		for _, s := range z.RRsets {
			if s.Type != schema.TypeNS || s.Name != z.Name { // which the service has
				want.RRsets = append(want.RRsets, s)
			}
		}
		if diff := cmp.Diff(schematest.Lines(&want), schematest.Lines(&zones[0].Zone)); diff != "" || zones[0].Name != z.Name {
			t.Fatalf("(-written +read):\n%s\n%s", diff, text)
		}
	})
}

// Whatever is read ends, and each place that is named lies in the file.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		begin + "a 5 IN A 192.0.2.1 ; comment\n TXT ( \"x\"\n \"y\" )\n", begin + "$GENERATE 1-9/2 a${1,3,x} TXT \"\\\"$ $$\\\"\"\n", begin + "$INCLUDE other sub\n$INCLUDE example.com.zone\n",
		"@ SOA ( ns h 1 2 3 4 5 )\n\xff A 192.0.2.1\na\\.b MX 10 \\@\n", begin + "a CAA \\# 8 0005697373756561\nb TYPE16 \\# 1 00\n", begin + "x.net. PTR a\n300 300 300\n$ORIGIN .\nb\\\n\"\n)\n(",
	} {
		f.Add(seed, "a A 192.0.2.1\n$ORIGIN x\nb RRSIG x\n")
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		files := map[string]string{"zones/example.com.zone": text, "zones/other": other}
		zones, problems := masterfile.Read(at("zones", files), schema.Name{})
		for _, z := range zones {
			problems = append(problems, z.Problems...)
			for i := range z.RRsets {
				if len(z.RRsets[i].Values) == 0 || z.RRset(z.RRsets[i].Key) != &z.RRsets[i] || !z.RRsets[i].Name.In(z.Name) {
					t.Errorf("%s is out of order or empty", z.RRsets[i].Name)
				}
			}
			if z.Problems.Err() != nil {
				continue // it is not imported
			}
			text := masterfile.Write(&z.Zone, head(z.Name))
			again, wrong := masterfile.Read(at("x", map[string]string{"x": string(text)}), schema.Name{})
			if len(again) != 1 || again[0].Problems.Err() != nil || !cmp.Equal(schematest.Lines(&z.Zone), schematest.Lines(&again[0].Zone)) {
				t.Errorf("what is read is not read back: %v %v\n%s", wrong, again, text)
			}
		}
		for _, p := range problems {
			content, ok := files[p.Position.File]
			lines := strings.Split(strings.TrimPrefix(content, "\ufeff"), "\n")
			if !ok || p.Position.Line > len(lines) || p.Position.Line > 0 && p.Position.Column > utf8.RuneCountInString(lines[p.Position.Line-1])+1 {
				t.Errorf("no such place: %v", p)
			}
			if p.Message == "" || p.Rule == "" {
				t.Errorf("a problem without a rule or sentence: %v", p)
			}
		}
	})
}

// A thousand zones of a hundred RRsets, a file each.
func BenchmarkRead(b *testing.B) {
	tree := fstest.MapFS{}
	size := 0
	for i := range 1000 {
		var text bytes.Buffer
		fmt.Fprintf(&text, "$TTL 300\n@ IN SOA ns1 hostmaster 1 10800 3600 604800 3600\n")
		for j := range 100 {
			fmt.Fprintf(&text, "host%d IN A 192.0.2.%d ; a comment\n", j, j)
		}
		name := fmt.Sprintf("zones/z%d.example.com.zone", i)
		tree[name] = &fstest.MapFile{Data: text.Bytes()}
		size += text.Len()
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		zones, problems := masterfile.Read(source.Path{Tree: &source.Tree{FS: tree}, Name: "zones"}, schema.Name{})
		if len(zones) != 1000 || problems.Err() != nil || len(zones[0].RRsets) != 100 || path.Base(zones[0].Position.File) == "" {
			b.Fatal(problems)
		}
	}
}
