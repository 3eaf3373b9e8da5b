package masterfile_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/schema"
	"github.com/zoneherd/zoneherd/schema/schematest"
	"github.com/zoneherd/zoneherd/source/masterfile"
)

// BIND accepts what is written of random zones, 200 or ZONEHERD_BIND_ZONES, and
// what it then holds, byte for byte as it would send it, are the zone's records:
// its own compiled form is compared with wire data that this test makes of the
// zone by itself.
func TestBINDHoldsWhatIsWritten(t *testing.T) {
	checkzone, compilezone := namedtest.Look(t, "named-checkzone"), namedtest.Look(t, "named-compilezone")
	n, err := strconv.Atoi(cmp.Or(os.Getenv("ZONEHERD_BIND_ZONES"), "200"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var group errgroup.Group
	group.SetLimit(min(runtime.GOMAXPROCS(0), 2))
	records := 0
	zones := schematest.Zone(false)
	for i := range n {
		z := schematest.Without(zones.Example(i), refusedByBIND)
		records += z.Records()
		group.Go(func() error {
			name := z.Name.String()
			file := filepath.Join(dir, fmt.Sprint(i))
			text := masterfile.Write(z, head(z.Name))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				return err
			}
			if i%10 == 0 { // named-compilezone checks the same, being the same program
				if out, err := exec.Command(checkzone, "-i", "local", name, file).CombinedOutput(); err != nil {
					return fmt.Errorf("named-checkzone: %w\n%s\n%s", err, out, text)
				}
			}
			out, err := exec.Command(compilezone, "-i", "local", "-F", "raw", "-o", file+".raw", name, file).CombinedOutput()
			if err != nil {
				return fmt.Errorf("named-compilezone: %w\n%s\n%s", err, out, text)
			}
			raw, err := os.ReadFile(file + ".raw")
			if err != nil {
				return err
			}
			got, err := compiled(raw, func(_ uint16, data []byte) []byte { return data })
			if want := onTheWire(z); err != nil || !slices.Equal(got, want) {
				return fmt.Errorf("%v: BIND holds\n%s\nwant\n%s\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"), text)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if records < 3*n {
		t.Errorf("the zones have %d records, too few to tell", records)
	}
	t.Logf("%d records", records)
}

func head(zone schema.Name) masterfile.Head {
	return masterfile.Head{Comment: []string{"a zone of a test"}, SOA: masterfile.Placeholder(zone), NS: []schema.Name{masterfile.PlaceholderNS()}}
}

// refusedByBIND tells the problems for which BIND refuses a zone, as
// TestValidateAgreesWithBIND in package schema has it.
func refusedByBIND(p schema.Problem) bool {
	switch p.Rule {
	case "cname-apex", "cname-exclusive", "cname-several", "owner-host", "ns-wildcard", "ns-address", "target-host":
		return true
	case "target-cname":
		return strings.Contains(p.Message, " NS ")
	}
	return false
}

// compiled reads BIND's raw form, of which each line is owner, TTL, type and
// data as normal gives it; but for the SOA record and placeholder, which the zone
// does not have.
func compiled(raw []byte, normal func(typ uint16, data []byte) []byte) ([]string, error) {
	be := binary.BigEndian
	if len(raw) < 24 || be.Uint32(raw) != 2 || be.Uint32(raw[4:]) != 1 {
		return nil, fmt.Errorf("no raw form of version 1: %.24x", raw)
	}
	var out []string
	for rest := raw[24:]; len(rest) > 0; {
		set := rest[4:be.Uint32(rest)]
		rest = rest[be.Uint32(rest):]
		typ, ttl, n, nameLength := be.Uint16(set[2:]), be.Uint32(set[6:]), be.Uint32(set[10:]), be.Uint16(set[14:])
		name, set := set[16:16+nameLength], set[16+nameLength:]
		for range n {
			length := be.Uint16(set)
			data := set[2 : 2+length]
			set = set[2+length:]
			if typ != 6 && !bytes.Equal(data, []byte("\x02ns\x07invalid\x00")) {
				out = append(out, fmt.Sprintf("%x %d %d %x", lower(name), ttl, typ, normal(typ, data)))
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// BIND reads awkward master files as they are read here, byte for byte.
func TestBINDReadsAwkwardFilesAlike(t *testing.T) {
	compilezone := namedtest.Look(t, "named-compilezone")
	for name, test := range awkward {
		switch name {
		case "a byte order mark is passed over", "lines end in any way": // BIND takes the mark for a part of a name, and no CR alone
			continue
		case "what signs a zone is left out", "a name server at the apex is the service's": // BIND takes no such signatures, nor name servers without addresses
			continue
		}
		t.Run(name, func(t *testing.T) {
			z, problems := read(test.text)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "zone")
			text := test.text + "\n" + z.Name.String() + " 60 NS ns.invalid.\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(compilezone, "-i", "none", "-k", "ignore", "-F", "raw", "-o", file+".raw", z.Name.String(), file).CombinedOutput()
			if err != nil {
				t.Fatalf("named-compilezone: %v\n%s\n%s", err, out, text)
			}
			raw, err := os.ReadFile(file + ".raw")
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled(raw, canonical)
			if err != nil {
				t.Fatal(err)
			}
			apexNS := fmt.Sprintf("%x 60 2 ", wireName(z.Name)) // which the service has
			got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, apexNS) })
			if want := onTheWire(&z.Zone); !slices.Equal(got, want) {
				t.Errorf("BIND holds\n%s\nand not\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), text)
			}
		})
	}
}

// canonical is data in lower case, but for texts, whose strings are joined and
// split anew.
func canonical(typ uint16, data []byte) []byte {
	if typ != 16 {
		return lower(data)
	}
	var text []byte
	for rest := data; len(rest) > 0; rest = rest[1+int(rest[0]):] {
		text = append(text, rest[1:1+int(rest[0])]...)
	}
	var out []byte
	for first := true; first || len(text) > 0; first = false {
		n := min(len(text), 255)
		out = append(append(out, byte(n)), text[:n]...)
		text = text[n:]
	}
	return out
}

func lower(wire []byte) []byte {
	out := slices.Clone(wire)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// onTheWire is the same of a zone, made here and by no library.
func onTheWire(z *schema.Zone) []string {
	out := []string{}
	for _, s := range z.RRsets {
		for _, v := range s.Values {
			var data []byte
			be := binary.BigEndian
			var typ int
			switch d := v.Data.(type) {
			case schema.A:
				typ, data = 1, d.Addr.AsSlice()
			case schema.AAAA:
				typ, data = 28, d.Addr.AsSlice()
			case schema.NS:
				typ, data = 2, wireName(d.Host)
			case schema.CNAME:
				typ, data = 5, wireName(d.Target)
			case schema.MX:
				typ, data = 15, append(be.AppendUint16(nil, d.Preference), wireName(d.Exchange)...)
			case schema.SRV:
				data = be.AppendUint16(be.AppendUint16(be.AppendUint16(nil, d.Priority), d.Weight), d.Port)
				typ, data = 33, append(data, wireName(d.Target)...)
			case schema.CAA:
				typ, data = 257, append(append([]byte{d.Flags, byte(len(d.Tag))}, d.Tag...), d.Value...)
			case schema.TXT:
				typ = 16
				for rest, first := d.Text, true; first || rest != ""; first = false {
					n := min(len(rest), 255)
					data = append(append(data, byte(n)), rest[:n]...)
					rest = rest[n:]
				}
			}
			out = append(out, fmt.Sprintf("%x %d %d %x", wireName(s.Name), v.TTL, typ, data))
		}
	}
	slices.Sort(out)
	return out
}

// wireName is a name in wire form.
func wireName(n schema.Name) []byte {
	var out, label []byte
	text := n.String()
	if text == "." {
		return []byte{0}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.':
			out = append(append(out, byte(len(label))), label...)
			label = nil
		case c == '\\' && text[i+1] >= '0' && text[i+1] <= '9':
			label = append(label, (text[i+1]-'0')*100+(text[i+2]-'0')*10+text[i+3]-'0')
			i += 3
		case c == '\\':
			label = append(label, text[i+1])
			i++
		default:
			label = append(label, c)
		}
	}
	return append(out, 0)
}
