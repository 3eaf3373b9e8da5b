package lint

import "github.com/zoneherd/zoneherd/schema"

// dmarc advises on policies that ask for no reports (RFC 7489 section 6.2).
func (l *linter) dmarc(z *schema.Zone) {
	values(z, schema.TypeTXT, func(set *schema.RRset, i int) {
		text, ok := set.Values[i].Data.(schema.TXT)
		if !ok || set.Name.Label() != "_dmarc" {
			return
		}
		tags, err := schema.ParseDMARC(text.Text)
		if err != nil || tags["rua"] != "" {
			return
		}
		l.advise(z, set.Values[i:i+1], nil, DMARCRua,
			"%s has a DMARC policy without rua=, so that no receiver reports who sends mail in this name: add rua=mailto:dmarc@%s, or where you read such reports",
			set.Name.Display(), z.Name.Display())
	})
}
