package source

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/zoneherd/zoneherd/schema"
)

// Instead says what to do about a type that cannot be carried over.
func Instead(typ schema.Type) string {
	switch typ {
	case "ALIAS", "ANAME", "R53_ALIAS", "AZURE_ALIAS", "AKAMAICDN", "AKAMAITLC":
		return "the service follows no other name for an address: write A and AAAA records of what it stands for"
	case "SPF":
		return "the type SPF has been given up (RFC 7208): write the text as a TXT record"
	case "SOA":
		return "the service keeps the SOA record itself"
	case "PTR":
		return "the service has no PTR records: set the name of an address with whoever gave you the address"
	case "DS", "DNSKEY":
		return fmt.Sprintf("the service has no %s records: a signed child zone needs a service that has them", typ)
	case "FRAME", "URL", "URL301", "NETLIFY", "NETLIFYv6", "PORKBUN_URLFWD":
		return "it is answered by a web server of the provider's: run a redirection of your own and write its address"
	}
	if isAlias(typ) {
		return Instead("ALIAS")
	}
	if strings.HasPrefix(string(typ), "CF_") || strings.HasPrefix(string(typ), "CLOUDFLAREAPI_") {
		return "it is a rule of Cloudflare's and no DNS record: run a redirection of your own and write its address"
	}
	var have []string
	for _, t := range schema.Types() {
		have = append(have, string(t))
	}
	return fmt.Sprintf("the service has no %s records, only %s: leave it with a service that has them, or do without", cmp.Or(string(typ), "nameless"), strings.Join(have, ", "))
}
