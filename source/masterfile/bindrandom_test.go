package masterfile_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/source"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// What BIND holds of master files drawn at random, 100 or ZONEHERD_BIND_ZONES, is
// what is read here, and a zone that BIND refuses is refused.
func TestBINDReadsRandomFilesAlike(t *testing.T) {
	compilezone := namedtest.Look(t, "named-compilezone")
	n, err := strconv.Atoi(cmp.Or(os.Getenv("ZONEHERD_BIND_ZONES"), "100"))
	if err != nil {
		t.Fatal(err)
	}
	disk, err := source.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	refused := 0
	for seed := range n {
		dir := t.TempDir()
		r := &drawer{rand.New(rand.NewPCG(uint64(seed), 1))}
		zone, inc := r.zone(), r.lines(4, false)
		for name, text := range map[string]string{"zone": zone, "inc": inc} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file, err := disk.Path(filepath.Join(dir, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		name := schema.MustName("example.com")
		zones, problems := masterfile.Read(file, name)
		for _, z := range zones {
			problems = append(problems, z.Problems...)
		}
		command := exec.Command(compilezone, "-i", "none", "-k", "ignore", "-F", "raw", "-o", "raw", "example.com", "zone")
		command.Dir = dir
		out, err := command.CombinedOutput()
		if (err != nil) != (problems.Err() != nil) {
			t.Fatalf("seed %d: BIND says %s\nand here it is\n%v\n%s\n--- inc\n%s", seed, out, problems, zone, inc)
		}
		if err != nil {
			refused++
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, "raw"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := compiled(raw, canonical)
		if err != nil {
			t.Fatal(err)
		}
		got = slices.DeleteFunc(got, func(line string) bool {
			f := strings.Fields(line)
			return f[2] == "12" || f[2] == "2" && f[0] == fmt.Sprintf("%x", wireName(name)) // PTR, and what the service has
		})
		if want := onTheWire(&zones[0].Zone); !slices.Equal(got, want) {
			t.Fatalf("seed %d: BIND holds\n%s\nand not\n%s\n%s\n--- inc\n%s\n%s\n%v", seed, strings.Join(got, "\n"), strings.Join(want, "\n"), zone, inc, out, problems)
		}
	}
	if refused > n/2 {
		t.Errorf("%d of %d are refused, too many to tell", refused, n)
	}
	t.Logf("%d of %d are refused", refused, n)
}

// drawer draws master files.
type drawer struct{ *rand.Rand }

func (r *drawer) one(choices ...string) string { return choices[r.IntN(len(choices))] }

func (r *drawer) zone() string {
	head := r.one("$TTL 60\n", "$TTL 1h1m\n", "")
	blank := r.one("@", "@", "@", "example.com.", "", "\t")
	soa := blank + r.one(" ", " 77 ", " IN ", " IN 1h ", " 5 IN ") + "SOA ns h " + r.one("1 2 3 4 5", "( 1 ; serial\n 2 3\n 4 5m )") + "\n"
	return head + soa + "@ " + r.one("", "9 ", "IN ") + "NS ns.invalid.\n" + r.lines(12, true)
}

func (r *drawer) lines(n int, include bool) string {
	var b strings.Builder
	for range r.IntN(n) + 1 {
		switch k := r.IntN(20); {
		case k == 0:
			b.WriteString("$TTL " + r.one("30", "2m", "1d") + r.one("", " ; c") + "\n")
		case k == 1:
			b.WriteString(r.one("$ORIGIN", "$origin") + " " + r.one("sub", "example.com.", "sub.example.com.", ".", "example.net.") + "\n")
		case k == 2 && include:
			b.WriteString("$INCLUDE " + r.one("inc", `"inc"`) + r.one("", " sub", " other.example.com.", " @") + "\n")
		case k == 3:
			fmt.Fprintf(&b, "$GENERATE %s %s%s%s\n", r.one("1-3", "0-6/3", "9-11"), r.one("g$", "g${0,3,x}", "g${-1,2}", "a", `\$$`, "g${1,3,n}", "$.w"),
				r.one(" ", " 7 ", " IN ", " 1m IN ", " IN 8 "), r.one("A 192.0.2.$", `TXT "\"a $\" b"`, `MX "$ m$"`, "PTR h$", "CAA \"0 issue ca$.example\""))
		case k == 4:
			b.WriteString(r.one("; a comment\n", "\n", " \t\n", " ; a \"comment\" (\n"))
		default:
			b.WriteString(r.record() + r.one("\n", "\n", "\n", " ; c\n", "\t\n", "\r\n"))
		}
	}
	return b.String()
}

func (r *drawer) record() string {
	owner := r.one("a", "a", "b", "A", "@", "*", "d", "d", "D", "ns.d", "ns1.d", "NS.d", "x.sub", "sub", "a.example.com.", "other.net.", `o\.dd`, `\097`, "in", "60", " ", "", "\t", " ")
	middle := r.one(" ", " ", " ", " 10 ", " 20 ", " IN ", " in 30 ", "\t1h\tIN\t", " 0 ")
	data := r.one("A 192.0.2.1", "A 192.0.2.2", "A 192.0.2.3", "( A\n 192.0.2.4 )", "TXT x", `TXT "a;(" b;c`, "TXT ( \"a\" ; no\n \"b\" )", `txt \"\065\;x\\ "\"\195\188"`, "MX 10 m", "MX (20) m.example.net.", "MX 0 .", "MX 5 @",
		`TYPE1 \# 4 c0000205`, "AAAA 2001:DB8::1", `CAA 0 issue "x; y=z"`, "SRV 1 2 3 t", "PTR p", `TXT \# 2 0178`)
	if owner == "d" || owner == "D" { // not of itself in another case, which BIND adds in another order where a file ends
		data = r.one("NS ns.d", "NS ns1.d", "NS b", "NS a", "NS ns.elsewhere.", "NS other.net.")
	}
	return owner + middle + data
}
