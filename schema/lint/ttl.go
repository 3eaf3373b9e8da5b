package lint

import "github.com/zoneherd/zoneherd/schema"

// mixedTTLs advises on RRsets whose records differ in TTL, which only a file
// written from live data can hold (RFC 2181 section 5.2).
func (l *linter) mixedTTLs(z *schema.Zone) {
	for i := range z.RRsets {
		set := &z.RRsets[i]
		for _, v := range set.Values[1:] {
			if v.TTL == set.Values[0].TTL {
				continue
			}
			l.advise(z, set.Values, []schema.Position{v.Position}, TTLMixed,
				"%s %s has records with the TTLs %d and %d, and resolvers then take the lowest, or what they like: give all of them one",
				set.Name.Display(), set.Type, set.Values[0].TTL, v.TTL)
			break
		}
	}
}
