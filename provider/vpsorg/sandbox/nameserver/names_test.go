package nameserver_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/namedtest"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox/nameserver"
)

// CheckNames refuses what named-checkzone does, as strict as named is by default.
func TestNamesThatBINDTakes(t *testing.T) {
	checkzone := namedtest.Look(t, "named-checkzone")
	names := []string{"a", "A", "a-b", "-a", "a-", "_a", "a_b", "*", "*.a", "*.*", "a.*", `a\.b`, `\097`, `\000`, "1", "_spf", "a._spf", "_SPF_rate", "x_spf", "gc._msdcs", "a.gc._msdcs", "gc._msdcs._x", "xn--mnchen-3ya", "ä"}
	refused := 0
	for _, name := range names {
		for _, record := range []string{
			"OWNER A 192.0.2.1", "OWNER AAAA 2001:db8::1", "OWNER MX 10 mail.example.net.", "OWNER TXT x", "OWNER CNAME example.net.", "OWNER CAA 0 issue \"x\"", "OWNER SRV 1 2 3 a.example.net.",
			"t MX 10 OWNER.example.net.", "t NS OWNER.example.net.", "t SRV 1 2 3 OWNER.example.net.", "t CNAME OWNER.example.net.",
		} {
			record = strings.ReplaceAll(record, "OWNER", name)
			text := "$ORIGIN zone.test.\n$TTL 60\n@ SOA ns1.vps.org. hostmaster.vps.org. 1 7200 3600 1209600 3600\n@ NS ns1.vps.org.\n" + record + "\n"
			zone, err := nameserver.NewZone("zone.test.", parse(t, text))
			if err != nil {
				t.Fatalf("%s: %v", record, err)
			}
			got := zone.CheckNames()
			cmd := exec.Command(checkzone, "-i", "none", "-k", "fail", "zone.test", "-")
			cmd.Stdin = strings.NewReader(text)
			out, err := cmd.CombinedOutput()
			if (got != nil) != (err != nil) {
				t.Errorf("%s: %v, named-checkzone: %v\n%s", record, got, err, out)
			}
			if err != nil {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
