package schema_test

import (
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
)

// A name is read once, where it enters, and is canonical from then on.
func ExampleParseName() {
	a, _ := schema.ParseName("Bücher.Example.")
	b, _ := schema.ParseName("xn--bcher-kva.example")
	fmt.Println(a == b, a, a.Unicode())
	// Output: true xn--bcher-kva.example. bücher.example
}

// Owner names are relative unless they end in a dot; hosts are relative only
// where they have no dot at all.
func ExampleParseHost() {
	zone := schema.MustName("example.com")
	owner, _ := schema.ParseOwner("mail.example.net", zone)
	host, _ := schema.ParseHost("mail.example.net", zone)
	fmt.Println(owner)
	fmt.Println(host)
	// Output:
	// mail.example.net.example.com.
	// mail.example.net.
}

// Data that mean the same are equal.
func ExampleParseData() {
	a, _ := schema.ParseData(schema.TypeTXT, `"v=spf1 " "-all"`)
	fmt.Println(a == schema.TXT{Text: "v=spf1 -all"}, a)
	// Output: true "v=spf1 -all"
}

func ExampleValidate() {
	apex := schema.MustName("example.com")
	at := schema.Position{File: "example.com.yaml", Line: 4, Column: 9}
	zone := schema.Zone{Name: apex, RRsets: []schema.RRset{{
		Key:    schema.Key{Name: apex, Type: schema.TypeTXT},
		Values: []schema.Value{{Data: schema.TXT{Text: "v=spf1 include=_spf.example.net -all"}, TTL: 300, Position: at}},
	}}}
	fmt.Println(schema.Validate([]schema.Zone{zone}))
	// Output: example.com.yaml:4:9: example.com has an SPF policy that receivers cannot read: the term "include=_spf.example.net" has = where a mechanism has a colon: write include:_spf.example.net
}
