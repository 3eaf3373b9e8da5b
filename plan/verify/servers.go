package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// nameservers are those that are asked for a zone.
func (r *run) nameservers(ctx context.Context, z *Zone, report *ZoneReport) ([]Server, *Problem) {
	servers := slices.Clone(r.opts.Nameservers)
	if r.opts.AskResolver {
		servers = append(servers, Server{Addr: r.opts.Resolver, Resolver: true})
	}
	if len(servers) > 0 {
		return servers, nil
	}
	d, err := r.delegation(ctx, z.Desired.Name)
	absent := z.Desired.State == schema.Absent
	if absent { // it may be anywhere else, or be delegated still, which resolvers take for a failure
		err = nil
		d.keep(r.opts.Service)
		if len(d.Hosts()) == 0 {
			report.Notices = append(report.Notices, "no nameserver of the service is named for it, so none was asked")
		}
	}
	if err != nil {
		return nil, &Problem{Unknown, err.Error()}
	}
	if len(d.Hosts()) == 0 && !absent {
		return nil, &Problem{Elsewhere, "the zone is not delegated: " + r.opts.Resolver.String() + " knows no nameservers of it"}
	}
	if reason := r.elsewhere(z.Desired, d); reason != "" && !absent {
		return nil, &Problem{Elsewhere, reason}
	}
	if !absent {
		report.Notices = append(report.Notices, d.notices()...)
	}
	var without []string
	for _, host := range d.Hosts() {
		addrs, err := r.addresses(ctx, host)
		if err != nil {
			return nil, &Problem{Unknown, err.Error()}
		}
		if len(addrs) == 0 {
			without = append(without, host.Display())
		}
		for _, addr := range addrs {
			servers = append(servers, Server{Host: host.Display(), Addr: netip.AddrPortFrom(addr, r.opts.Port)})
		}
	}
	if len(servers) == 0 && !absent {
		return nil, &Problem{Elsewhere, "none of its nameservers has an address: " + strings.Join(without, ", ")}
	}
	if len(without) > 0 {
		report.Notices = append(report.Notices, "nameservers without an address: "+strings.Join(without, ", "))
	}
	return servers, nil
}

// addresses are those of a host, IPv4 first.
func (r *run) addresses(ctx context.Context, host schema.Name) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answer, err := r.lookup(ctx, host, typ)
		if err != nil {
			return nil, err
		}
		for _, rr := range answer.Answer { // a CNAME has been followed
			switch rr := rr.(type) {
			case *dns.A:
				if addr, ok := netip.AddrFromSlice(rr.A.To4()); ok {
					addrs = append(addrs, addr)
				}
			case *dns.AAAA:
				if addr, ok := netip.AddrFromSlice(rr.AAAA.To16()); ok {
					addrs = append(addrs, addr)
				}
			}
		}
	}
	return addrs, nil
}

// lookup asks the resolver.
func (r *run) lookup(ctx context.Context, name schema.Name, typ uint16) (*dns.Msg, error) {
	if !r.opts.Resolver.IsValid() {
		return nil, errNoResolver
	}
	answer, err := r.asker(r.opts.Resolver).ask(ctx, name.String(), typ, true)
	if err == nil && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		err = fmt.Errorf("it answers %s", dns.RcodeToString[answer.Rcode])
	}
	if err != nil {
		return nil, fmt.Errorf("look up the %s records of %s at the resolver %s: %w", dns.TypeToString[typ], name.Display(), r.opts.Resolver, err)
	}
	return answer, nil
}

// hostsOf are the nameservers of a zone in a section of an answer, in order.
func hostsOf(section []dns.RR, zone schema.Name) []schema.Name {
	var hosts []schema.Name
	for _, r := range recordsOf(section, schema.Key{Name: zone, Type: schema.TypeNS}) {
		if ns, ok := r.Data.(schema.NS); ok {
			hosts = append(hosts, ns.Host)
		}
	}
	slices.SortFunc(hosts, schema.Name.Compare)
	return slices.Compact(hosts)
}
