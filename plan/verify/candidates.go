package verify

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/schema"
)

// Candidates are nameservers that a zone is about to be delegated to.
type Candidates struct {
	Zone  schema.Name // that is delegated
	Hosts []schema.Name
	// Glue are the addresses of hosts as they will be declared; a host without
	// any is looked up.
	Glue map[schema.Name][]netip.Addr
}

// Check asks nameservers, before a zone is delegated to them, whether they
// answer for it with authority and alike. It says of each set, side by side,
// what resolvers would run into; nothing where all is well.
func Check(ctx context.Context, candidates []Candidates, opts Options) ([][]string, error) {
	r := newRun(opts)
	defer r.close()
	out := make([][]string, len(candidates))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.opts.Concurrency)
	for i := range candidates {
		group.Go(func() error {
			out[i] = r.check(ctx, &candidates[i])
			return ctx.Err()
		})
	}
	return out, group.Wait()
}

func (r *run) check(ctx context.Context, c *Candidates) (reasons []string) {
	tell := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	zone := c.Zone.Display()
	var first *dns.SOA
	var firstHost string
	for _, host := range c.Hosts {
		addrs := c.Glue[host]
		if len(addrs) == 0 {
			var err error
			if addrs, err = r.addresses(ctx, host); err != nil {
				tell("whether %s answers for %s is not known: %v", host.Display(), zone, err)
				continue
			}
		}
		if len(addrs) == 0 {
			tell("%s has no address", host.Display())
			continue
		}
		reached := false
		for _, addr := range addrs {
			s := Server{Host: host.Display(), Addr: netip.AddrPortFrom(addr, r.opts.Port)}
			answer, err := r.asker(s.Addr).ask(ctx, c.Zone.String(), dns.TypeSOA, false)
			if err != nil && noRoute(err) {
				continue
			}
			reached = true
			soa, why := authoritySOA(answer, err, c.Zone)
			switch {
			case why != "":
				tell("%s would be asked for %s: %s", s, zone, why)
			case first == nil:
				first, firstHost = soa, s.String()
			case !sameSOA(first, soa):
				tell("%s and %s answer for %s with different SOA records (serials %d and %d)", firstHost, s, zone, first.Serial, soa.Serial)
			}
		}
		if !reached {
			tell("none of the addresses of %s can be reached from here", host.Display())
		}
	}
	return reasons
}

// authoritySOA is the SOA record that is answered with authority, or why there
// is none.
func authoritySOA(answer *dns.Msg, err error, zone schema.Name) (*dns.SOA, string) {
	if err != nil {
		return nil, err.Error()
	}
	soa := soaOf(answer, zone)
	switch {
	case answer.Rcode != dns.RcodeSuccess:
		return nil, "it answers " + dns.RcodeToString[answer.Rcode]
	case !answer.Authoritative:
		return nil, "it answers without authority"
	case soa == nil:
		return nil, "it has authority, but for another zone"
	}
	return soa, ""
}

func sameSOA(a, b *dns.SOA) bool {
	return a.Serial == b.Serial && strings.EqualFold(a.Ns, b.Ns) && strings.EqualFold(a.Mbox, b.Mbox)
}
