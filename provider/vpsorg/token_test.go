package vpsorg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/schema"
)

// Live data that shows the token is refused: the token is public then, and a
// plan, a journal or a backup, which has to be exact, would make it more so.
func TestLiveDataThatShowsTheTokenIsNotTaken(t *testing.T) {
	quoted := `"` + secret[:9] + `" "` + secret[9:] + `"`
	var digits strings.Builder
	for i := range len(secret) {
		fmt.Fprintf(&digits, `\%03d`, secret[i])
	}
	record := func(field, value string) string {
		r := map[string]any{"uuid": "r1", "record_type": "TXT", "name": "www", "value": "x", "ttl": 300}
		r[field] = value
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, rec := range map[string]string{
		"as a text":               record("value", secret),
		"within a text":           record("value", "token="+strings.ToUpper(secret)+";"),
		"in two quoted strings":   record("value", quoted),
		"in a text's escapes":     record("value", `"`+digits.String()+`"`),
		"in JSON's escapes":       strings.Replace(record("value", secret), "vps_", `\u0076\u0070\u0073_`, 1),
		"percent-encoded":         record("value", "%76%70%73_"+secret[4:]),
		"in a name":               record("name", secret),
		"in a name in other form": record("name", "ｖps_"+secret[4:]),
		"in a handle":             record("uuid", secret),
		"in a type":               record("record_type", secret),
		"in what is no address":   strings.Replace(record("value", secret), "TXT", "A", 1),
		"in a host":               strings.Replace(record("value", secret+".example.net"), "TXT", "CNAME", 1),
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := wired(t, reply{status: 200, body: `{"uuid":"z1","domain":"example.com","record_count":1,"records":[` + rec + `]}`})
			live, err := client.ReadZone(t.Context(), exampleInfo)
			if !errors.Is(err, provider.ErrIncomplete) || live != nil || !strings.Contains(err.Error(), "revoke") {
				t.Errorf("the zone was read: %+v, %v", live, err)
			}
			hides(t, err)
			client, _ = wired(t, reply{status: 200, body: rec})
			one, err := client.ReadRecord(t.Context(), example, "r1")
			if !errors.Is(err, provider.ErrIncomplete) {
				t.Errorf("the record was read: %+v, %v", one, err)
			}
			hides(t, err)
			if err := create(t.Context(), client); !errors.Is(err, provider.ErrUncertain) {
				t.Errorf("the answer to a write was taken: %v", err)
			} else {
				hides(t, err)
			}
		})
	}
	for name, zone := range map[string]string{
		"in a zone's name":   `{"uuid":"z9","domain":"` + secret + `.example","record_count":0}`,
		"in a zone's handle": `{"uuid":"` + secret + `","domain":"z.example","record_count":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := wired(t, reply{status: 200, body: "[" + zone + "]"})
			zones, err := client.ListZones(t.Context())
			if !errors.Is(err, provider.ErrIncomplete) || zones != nil {
				t.Errorf("listed %v, %v", zones, err)
			}
			hides(t, err)
			client, _ = wired(t, reply{status: 201, body: zone})
			_, err = client.CreateZone(t.Context(), schema.MustName("z.example"))
			if !errors.Is(err, provider.ErrUncertain) {
				t.Errorf("the answer to a write was taken: %v", err)
			}
			hides(t, err)
		})
	}
}

// The token is not written into a zone either, whoever has declared it there.
func TestTheTokenIsNotWrittenIntoAZone(t *testing.T) {
	for name, r := range map[string]provider.Record{
		"a text":      {Name: schema.MustName("www.example.com"), TTL: 300, Data: schema.TXT{Text: "x " + secret}},
		"a long text": {Name: schema.MustName("www.example.com"), TTL: 300, Data: schema.TXT{Text: strings.Repeat("x", 250) + secret}},
		"a host":      {Name: schema.MustName("www.example.com"), TTL: 300, Data: schema.CNAME{Target: schema.MustName(secret + ".example.com")}},
		"an owner":    address(secret+".example.com", "192.0.2.1", 300),
	} {
		client, w := wired(t, reply{status: 201, body: aRecord})
		_, err := client.CreateRecord(t.Context(), example, r)
		if !errors.Is(err, provider.ErrRefused) || w.requests() != 0 {
			t.Errorf("%s: %v, %d requests", name, err, w.requests())
			continue
		}
		hides(t, err)
	}
}

// hides checks that an error shows no piece of the token.
func hides(t *testing.T, err error) {
	t.Helper()
	text := strings.ToLower(err.Error())
	for i := 0; i+12 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+12]) {
			t.Errorf("a piece of the token shows in %q", err)
			return
		}
	}
}

// A panic prints what it was given, and the arguments of each function as
// addresses and numbers: neither shows the token.
func TestAPanicDoesNotShowTheToken(t *testing.T) {
	if what := os.Getenv("ZONEHERD_TEST_PANIC"); what != "" {
		opts := vpsorg.Options{Token: secret}
		client, err := vpsorg.New(opts)
		if err != nil {
			t.Fatal(err)
		}
		switch what {
		case "token":
			panic(opts.Token)
		case "options":
			panic(opts)
		case "error":
			panic(fmt.Errorf("%v %+v %#v %q", client, client, opts, opts.Token))
		case "within":
			panicWith(opts.Token, client)
		}
	}
	for _, what := range []string{"token", "options", "error", "within"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAPanicDoesNotShowTheToken$")
		cmd.Env = append(os.Environ(), "ZONEHERD_TEST_PANIC="+what, "GOTRACEBACK=system")
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "panic: ") || !strings.Contains(string(out), "goroutine ") {
			t.Fatalf("%s: no panic: %v\n%s", what, err, out)
		}
		if strings.Contains(string(out), secret[4:]) {
			t.Errorf("%s: the token shows in\n%s", what, out)
		}
	}
}

//go:noinline
func panicWith(token vpsorg.Token, client *vpsorg.Client) { panic(len(token) + len(client.Endpoint())) }
