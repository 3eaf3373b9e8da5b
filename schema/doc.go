// Package schema is the vocabulary of zoneherd: what a zone is, in the words
// of RFC 9499.
//
// A [Name] is a domain name in canonical form, a [Data] is the RDATA of one
// record as a typed value, a [Value] is such data with its TTL and the place
// in a file that it came from, an [RRset] is all the values at one owner name
// and type, and a [Zone] is what git declares. The live side is a [LiveZone]:
// the same data, each record with the [Handle] by which its provider knows it.
//
// Everything is parsed once, where it enters the program, and is canonical
// from then on: two names or two data that mean the same are equal under ==,
// and nothing downstream compares strings as a file or a server spelt them.
//
//	owner, err := schema.ParseOwner("WWW", schema.MustName("example.com"))
//	// owner.String() == "www.example.com."
//	data, err := schema.ParseData(schema.TypeMX, "10 Mail.example.com.")
//	// data == schema.MX{Preference: 10, Exchange: schema.MustName("mail.example.com")}
//
// [Validate] checks zones that files declare. What a live service serves is
// never validated: it is what it is.
package schema
