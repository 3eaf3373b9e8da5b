package vpsorg_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/zoneherd/zoneherd/provider"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
)

// What a person reads, by what the service answers to the creation of a record.
func TestSentences(t *testing.T) {
	const site = "/account/developers/ of the service's site"
	tests := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"a bad token", 401, `{"detail":"Invalid API token.","error_code":"not_authenticated"}`,
			"create A www.example.com: the service does not accept the token (the service says: Invalid API token.): tokens begin with vps_ and are made at " + site + "; check that this one is whole and not revoked"},
		{"a missing permission", 403, `{"detail":"Token lacks dns:create permission."}`,
			"create A www.example.com: the token lacks the permission dns:create (the service says: Token lacks dns:create permission.): make one that has it at " + site},
		{"a missing permission without a word", 403, ``,
			"create A www.example.com: the token lacks the permission dns:create: make one that has it at " + site},
		{"not there", 404, `{"detail":"Not found."}`,
			"create A www.example.com: it does not exist, or belongs to another account (the service says: Not found.)"},
		{"an invalid field as documented", 400, `{"detail":"Enter a valid IPv4 address.","error_code":"validation_error","field":"value"}`,
			"create A www.example.com: the service refuses the field value as invalid (the service says: Enter a valid IPv4 address.)"},
		{"invalid fields by name", 400, `{"value":["Enter a valid IPv4 address.","Really."],"name":"Taken."}`,
			"create A www.example.com: the service refuses the field name as invalid (the service says: Taken. Enter a valid IPv4 address. Really.)"},
		{"an error of no field", 400, `{"non_field_errors":["The set must be unique."]}`,
			"create A www.example.com: the service refuses as invalid (the service says: The set must be unique.)"},
		{"an error in another shape", 400, `{"errors":[{"code":7}]}`,
			"create A www.example.com: the service refuses as invalid"},
		{"a conflict", 409, `{"detail":"Locked."}`,
			"create A www.example.com: the service answers with the status 409 (the service says: Locked.)"},
		{"a page of a proxy", 502, "<html><head><title>502 Bad\n Gateway</title></head><body><h1>nginx</h1>",
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the service answered with the status 502 (it says: 502 Bad Gateway); read the zone before repeating it"},
		{"a page without a title", 503, "<html>upstream down</html>",
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the service answered with the status 503; read the zone before repeating it"},
		{"terminal escapes and line breaks", 400, `{"detail":"\u001b[31mred\u001b[0m\nand \u202emore\u0007"}`,
			"create A www.example.com: the service refuses as invalid (the service says: [31mred[0m and more)"},
		{"an endless text", 400, `{"detail":"` + strings.Repeat("ä", 1000) + `"}`,
			"create A www.example.com: the service refuses as invalid (the service says: " + strings.Repeat("ä", 300) + "…)"},
		{"the token echoed", 400, `{"detail":"Bearer ` + secret + ` and vps_01234\u000056789abcdef","field":"` + secret + `"}`,
			"create A www.example.com: the service refuses the field vps_*** as invalid (the service says: Bearer vps_*** and vps_***)"},
		{"the token echoed in a title", 500, `<title>Error for ` + secret + `</title>`,
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the service answered with the status 500 (it says: Error for vps_***); read the zone before repeating it"},
		{"a token echoed in a field's message", 400, `{"value":["` + secret + `"]}`,
			"create A www.example.com: the service refuses the field value as invalid (the service says: vps_***)"},
		{"something else stored", 201, strings.Replace(aRecord, "192.0.2.1", "192.0.2.99", 1),
			"create A www.example.com: the service stored www.example.com A 300 192.0.2.99 where www.example.com A 300 192.0.2.1 was meant"},
		{"the token stored", 201, `{"uuid":"r1","record_type":"TXT","name":"www","value":"` + secret + `","ttl":300}`,
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the answer gives a record that holds the token of this run, which others could read there: revoke that token and make another, with which this is as any other; read the zone before repeating it"},
		{"the token cut short in a uuid", 201, `{"uuid":"\u0000` + strings.Repeat("x", 20) + secret + `","record_type":"A","name":"www","value":"192.0.2.1","ttl":300}`,
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the answer gives a record with the uuid \"\\x00" + strings.Repeat("x", 20) + "vps_***\", which cannot be used; read the zone before repeating it"},
		{"the token in capitals, percent-encoded and escaped", 400, `{"detail":"` + strings.ToUpper(secret) + ` %76ps_0123456789abcdef \\u0076ps_0123456789abcdef vps_01234567 89abcdef"}`,
			"create A www.example.com: the service refuses as invalid (the service says: vps_*** vps_*** vps_*** vps_*** 89abcdef)"},
		{"JSON that was cut", 201, `{"uuid":"r1"`,
			"create A www.example.com: whether it took effect is not known, since it was sent and then: the service has answered with something else than it should: unexpected end of JSON input; read the zone before repeating it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := wired(t, reply{status: tt.status, body: tt.body})
			err := create(t.Context(), client)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSentencesAboutAServiceThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := wired(t, reply{unsent: &netError{"dial tcp 192.0.2.1:443: connect: connection refused"}})
		err := read(t.Context(), client)
		const want = "list the zones: admin.vps.org cannot be reached or does not answer (dial tcp 192.0.2.1:443: connect: connection refused): check the network and the endpoint: service unavailable"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
	client, _ := wired(t, reply{status: 429, header: map[string]string{"Retry-After": "9999"}, body: `{"detail":"Request was throttled."}`})
	const want = "list the zones: the service throttles this token for longer than is waited (the service says: Request was throttled.): try again later, or with a smaller --concurrency"
	if err := read(t.Context(), client); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Each call names the permission that it needs.
func TestAForbiddenCallNamesItsPermission(t *testing.T) {
	client, _ := wired(t, reply{status: 403, body: `{"detail":"No."}`})
	ctx := t.Context()
	_, list := client.ListZones(ctx)
	_, find := client.FindZone(ctx, example.Name)
	_, zone := client.ReadZone(ctx, exampleInfo)
	_, record := client.ReadRecord(ctx, example, "r1")
	_, made := client.CreateZone(ctx, example.Name)
	for _, call := range []struct {
		err  error
		want string
	}{
		{list, "dns:list"}, {find, "dns:list"}, {zone, "dns:list"}, {record, "dns:list"},
		{made, "dns:create"}, {create(ctx, client), "dns:create"}, {update(ctx, client), "dns:update"},
		{remove(ctx, client), "dns:delete"}, {client.DeleteZone(ctx, example), "dns:delete"},
	} {
		if call.err == nil || !strings.Contains(call.err.Error(), "permission "+call.want) {
			t.Errorf("the error %q does not name %s", call.err, call.want)
		}
	}
}

func TestATokenNeverShows(t *testing.T) {
	token := vpsorg.Token(secret)
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "token", token, "options", vpsorg.Options{Token: token})
	marshalled, err := json.Marshal(vpsorg.Options{Token: token, Logger: nil})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{logged.String(), string(marshalled), token.String(), token.GoString()}
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%T%v", "%10.3s"} {
		shown = append(shown, fmt.Sprintf(verb, token), fmt.Sprintf(verb, vpsorg.Options{Token: token}), fmt.Sprintf(verb, &vpsorg.Options{Token: token}))
	}
	client, _ := wired(t, reply{status: 401, body: secret})
	shown = append(shown, fmt.Sprintf("%v %+v %#v", client, client, client))
	for _, text := range shown {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("the token shows in %s", text)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	tests := []struct {
		name, endpoint, token, want string
	}{
		{"no token", "", "", "there is no token"},
		{"a token with a line feed", "", "vps_1\n", "blanks"},
		{"a token with an umlaut", "", "vps_ü", "blanks or other characters"},
		{"unencrypted", "http://admin.vps.org/api/v1", secret, "unencrypted"},
		{"unencrypted to a name that begins like this machine", "http://127.0.0.1.example.com/api/v1", secret, "unencrypted"},
		{"unencrypted to a name that ends like this machine", "http://x.localhost.example/api/v1", secret, "unencrypted"},
		{"a user", "https://user:hunter2@admin.vps.org/api/v1", secret, "more than scheme, host and path"},
		{"a query", "https://admin.vps.org/api/v1?x=1", secret, "more than scheme, host and path"},
		{"a fragment", "https://admin.vps.org/api/v1#x", secret, "more than scheme, host and path"},
		{"no scheme", "admin.vps.org/api/v1", secret, "is no URL"},
		{"another scheme", "ftp://admin.vps.org/", secret, "neither https"},
		{"no URL", "https://[::1", secret, "is no URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := vpsorg.New(vpsorg.Options{Endpoint: tt.endpoint, Token: vpsorg.Token(tt.token)})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error is %v, want one that says %q", err, tt.want)
			}
		})
	}
	for _, endpoint := range []string{"", "https://example.com", "https://example.com/x/", "http://localhost:8080/api/v1", "http://127.0.0.1:1/", "http://[::1]:1/api/v1"} {
		client, err := vpsorg.New(vpsorg.Options{Endpoint: endpoint, Token: secret})
		if err != nil || strings.HasSuffix(client.Endpoint(), "/") || endpoint == "" && client.Endpoint() != vpsorg.DefaultEndpoint {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	client, _ := wired(t, reply{status: 200, body: `{"account":{"email":"a@example.com","id":7},"token":{"name":"ci","permissions":["dns:list","vps:\u001b[31mread"]},"plan":null}`})
	got, err := client.Identity(t.Context())
	want := provider.Identity{Account: "a@example.com", Token: "ci", Permissions: []string{"dns:list", "vps:[31mread"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
