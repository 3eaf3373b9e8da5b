package lint

import (
	"fmt"

	"github.com/zoneherd/zoneherd/schema"
)

// mailHosts advises on mail exchanges that have no address. An alias is
// another rule's.
func (l *linter) mailHosts(z *schema.Zone) {
	values(z, schema.TypeMX, func(set *schema.RRset, i int) {
		mx, ok := set.Values[i].Data.(schema.MX)
		if !ok {
			return
		}
		a := l.hand.ask(mx.Exchange)
		if a.zone == nil || a.has(schema.TypeA, schema.TypeAAAA, schema.TypeCNAME) {
			return
		}
		l.advise(z, set.Values[i:i+1], a.besides(z), MXAddress,
			"%s has the mail exchange %s, which has no address, so that no mail arrives there: %s, or name another host",
			set.Name.Display(), mx.Exchange.Display(), a.remedy(mx.Exchange, "give it one"))
	})
}

// remedy says where a name is missing, and what to do there.
func (a answer) remedy(n schema.Name, add string) string {
	if a.zone.State == schema.Absent {
		return fmt.Sprintf("its zone %s is declared absent, so keep that", a.zone.Name.Display())
	}
	return fmt.Sprintf("%s at %q of the zone %s", add, n.Relative(a.zone.Name), a.zone.Name.Display())
}
