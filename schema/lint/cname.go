package lint

import "github.com/zoneherd/zoneherd/schema"

// dangling advises on aliases of names that have no records.
func (l *linter) dangling(z *schema.Zone) {
	values(z, schema.TypeCNAME, func(set *schema.RRset, i int) {
		alias, ok := set.Values[i].Data.(schema.CNAME)
		if !ok || set.Name.Label() == "_acme-challenge" { // its target is there while a certificate is made
			return
		}
		a := l.hand.ask(alias.Target)
		if a.zone == nil || len(a.sets) > 0 {
			return
		}
		l.advise(z, set.Values[i:i+1], a.besides(z), Dangling,
			"%s is an alias of %s, which has no records, so that nothing answers: %s, or point it elsewhere",
			set.Name.Display(), alias.Target.Display(), a.remedy(alias.Target, "add them"))
	})
}
