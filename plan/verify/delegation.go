package verify

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/schema"
)

// Delegated says whether a zone is delegated to the service.
type Delegated struct {
	Zone       schema.Name
	Delegation Delegation
	Status     Status // OK, Elsewhere or Unknown
	Reason     string // of Elsewhere and Unknown
	Notices    []string
}

// Delegations finds out to whom zones are delegated, side by side. Done is told
// of each zone, from several goroutines at once.
func Delegations(ctx context.Context, zones []schema.Name, opts Options, done func()) ([]Delegated, error) {
	r := newRun(opts)
	defer r.close()
	out := make([]Delegated, len(zones))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.opts.Concurrency)
	for i, zone := range zones {
		group.Go(func() error {
			defer done()
			out[i] = r.delegated(ctx, zone)
			return ctx.Err()
		})
	}
	return out, group.Wait()
}

func (r *run) delegated(ctx context.Context, zone schema.Name) Delegated {
	out := Delegated{Zone: zone, Status: OK}
	d, err := r.delegation(ctx, zone)
	out.Delegation = d
	switch {
	case err != nil:
		out.Status, out.Reason = Unknown, err.Error()
	case len(d.Hosts()) == 0:
		out.Status, out.Reason = Elsewhere, "the zone is not delegated"
	default:
		if reason := r.elsewhere(&schema.Zone{Name: zone}, d); reason != "" {
			out.Status, out.Reason = Elsewhere, reason
		}
		out.Notices = d.notices()
	}
	return out
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

// keep drops the hosts that are not of the service, where that is known.
func (d *Delegation) keep(service func(schema.Name) bool) {
	if service == nil {
		return
	}
	other := func(n schema.Name) bool { return !service(n) }
	d.Parent, d.Own = slices.DeleteFunc(d.Parent, other), slices.DeleteFunc(d.Own, other)
}

// notices say where parent and child differ, which resolvers cope with and
// which is never meant.
func (d Delegation) notices() (notices []string) {
	if d.Parent == nil || d.Own == nil {
		return nil
	}
	less := func(a, b []schema.Name) string {
		return names(slices.DeleteFunc(slices.Clone(a), func(n schema.Name) bool { return slices.Contains(b, n) }))
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

// delegation finds out to which nameservers a zone is delegated: what its
// parent's nameservers say, and what the zone says of itself.
func (r *run) delegation(ctx context.Context, zone schema.Name) (Delegation, error) {
	var d Delegation
	own, failed := r.lookup(ctx, zone, dns.TypeNS)
	if failed == nil {
		d.Own = hostsOf(own.Answer, zone)
	}
	if zone == schema.Root() {
		return d, failed
	}
	for parent := zone.Parent(); ; parent = parent.Parent() {
		answer, err := r.lookup(ctx, parent, dns.TypeNS)
		if err != nil {
			return d, err
		}
		if hosts := hostsOf(answer.Answer, parent); len(hosts) > 0 {
			d.Parent = r.referral(ctx, zone, hosts)
			return d, failed
		}
		if parent == schema.Root() {
			return d, failed
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
			hosts := hostsOf(answer.Ns, zone)
			if answer.Authoritative { // it serves the zone itself too, or there is no delegation
				hosts = hostsOf(answer.Answer, zone)
			}
			if hosts == nil {
				hosts = []schema.Name{}
			}
			return hosts
		}
	}
	return nil
}
