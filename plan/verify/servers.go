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
	d, err := r.Delegation(ctx, z.Desired.Name)
	if err != nil {
		return nil, &Problem{Unknown, err.Error()}
	}
	if absent := z.Desired.State == schema.Absent; len(d.Hosts()) == 0 && !absent {
		return nil, &Problem{Elsewhere, "the zone is not delegated: " + r.opts.Resolver.String() + " knows no nameservers of it"}
	}
	if reason := r.elsewhere(z.Desired, d); reason != "" {
		return nil, &Problem{Elsewhere, reason}
	}
	report.Notices = append(report.Notices, d.notices()...)
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
	if len(servers) == 0 && z.Desired.State != schema.Absent {
		return nil, &Problem{Elsewhere, "none of its nameservers has an address: " + strings.Join(without, ", ")}
	}
	if len(without) > 0 {
		report.Notices = append(report.Notices, "nameservers without an address: "+strings.Join(without, ", "))
	}
	return servers, nil
}

// Delegation is who is asked for a zone.
type Delegation struct {
	// Parent are the nameservers that the parent zone delegates to; nil where it
	// could not be asked.
	Parent []schema.Name
	// Own are those that the zone itself has at its apex.
	Own []schema.Name
}

// Hosts are all nameservers of a delegation, each once.
func (d Delegation) Hosts() []schema.Name {
	hosts := slices.Concat(d.Parent, d.Own)
	slices.SortFunc(hosts, schema.Name.Compare)
	return slices.Compact(hosts)
}

// notices say where parent and child differ, which resolvers cope with and
// which is never meant.
func (d Delegation) notices() (notices []string) {
	if d.Parent == nil || d.Own == nil {
		return nil
	}
	less := func(a, b []schema.Name) string {
		var names []string
		for _, n := range a {
			if !slices.Contains(b, n) {
				names = append(names, n.Display())
			}
		}
		return strings.Join(names, ", ")
	}
	if more := less(d.Parent, d.Own); more != "" {
		notices = append(notices, "the parent zone delegates to nameservers that the zone does not name: "+more)
	}
	if more := less(d.Own, d.Parent); more != "" {
		notices = append(notices, "the zone names nameservers that the parent zone does not delegate to: "+more)
	}
	return notices
}

// elsewhere says that a zone is delegated to others than the service; empty
// where it is not, or where that cannot be told.
func (r *run) elsewhere(z *schema.Zone, d Delegation) string {
	expected := r.opts.Service
	if set := z.RRset(schema.Key{Name: z.Name, Type: schema.TypeNS}); set != nil {
		expected = func(n schema.Name) bool {
			return slices.ContainsFunc(set.Values, func(v schema.Value) bool { return v.Data == schema.NS{Host: n} })
		}
	}
	hosts := d.Parent
	if hosts == nil {
		hosts = d.Own
	}
	if expected == nil || len(hosts) == 0 || slices.ContainsFunc(hosts, expected) {
		return ""
	}
	return "the zone is delegated to " + names(hosts) + ", and none of them is meant to serve it"
}

func names(hosts []schema.Name) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Display())
	}
	return strings.Join(out, ", ")
}

// Delegation finds out to which nameservers a zone is delegated: what its
// parent's nameservers say, and what the zone says of itself.
func (r *run) Delegation(ctx context.Context, zone schema.Name) (Delegation, error) {
	var d Delegation
	own, err := r.lookup(ctx, zone, dns.TypeNS)
	if err != nil {
		return d, err
	}
	d.Own = hostsOf(own, zone)
	if zone == schema.Root() {
		return d, nil
	}
	for parent := zone.Parent(); ; parent = parent.Parent() {
		answer, err := r.lookup(ctx, parent, dns.TypeNS)
		if err != nil {
			return d, err
		}
		if hosts := hostsOf(answer, parent); len(hosts) > 0 {
			d.Parent = r.referral(ctx, zone, hosts)
			return d, nil
		}
		if parent == schema.Root() {
			return d, nil
		}
	}
}

// referral asks a parent zone's nameservers to whom they delegate a zone; nil
// where none answers.
func (r *run) referral(ctx context.Context, zone schema.Name, parents []schema.Name) []schema.Name {
	const enough = 4
	for _, host := range parents[:min(len(parents), enough)] {
		addrs, err := r.addresses(ctx, host)
		if err != nil {
			continue
		}
		for _, addr := range addrs {
			answer, err := r.asker(netip.AddrPortFrom(addr, r.opts.Port)).ask(ctx, zone.String(), dns.TypeNS, false)
			if err != nil || answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
				continue
			}
			hosts := recordHosts(answer.Ns, zone)
			if answer.Authoritative { // it serves the zone itself too, or there is no delegation
				hosts = recordHosts(answer.Answer, zone)
			}
			if hosts == nil {
				hosts = []schema.Name{}
			}
			return hosts
		}
	}
	return nil
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

func hostsOf(answer *dns.Msg, zone schema.Name) []schema.Name {
	return recordHosts(answer.Answer, zone)
}

// recordHosts are the nameservers of a zone in a section of an answer, in order.
func recordHosts(section []dns.RR, zone schema.Name) []schema.Name {
	var hosts []schema.Name
	for _, r := range recordsOf(section, schema.Key{Name: zone, Type: schema.TypeNS}) {
		if ns, ok := r.Data.(schema.NS); ok {
			hosts = append(hosts, ns.Host)
		}
	}
	slices.SortFunc(hosts, schema.Name.Compare)
	return slices.Compact(hosts)
}
