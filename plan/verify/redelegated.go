package verify

import (
	"context"
	"net/netip"
	"slices"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// CheckPlan asks the nameservers to which a plan delegates anew, by NS records
// or by their glue, and adds what it finds to the risks of those changes.
func CheckPlan(ctx context.Context, p *plan.Plan, opts Options) error {
	found := redelegated(p)
	candidates := make([]Candidates, len(found))
	for i := range found {
		candidates[i] = found[i].Candidates
	}
	reasons, err := Check(ctx, candidates, opts)
	if err != nil {
		return err
	}
	for i, r := range reasons {
		for _, reason := range r {
			found[i].change.AddRisk(plan.RiskDelegation, reason)
		}
	}
	return nil
}

// redelegation is a delegation that a plan changes, and its first change.
type redelegation struct {
	Candidates
	change *plan.Change
}

// redelegated are the delegations, and apexes, whose NS records or glue a plan
// changes, and which are there afterwards.
func redelegated(p *plan.Plan) []redelegation {
	var found []redelegation
	created := map[schema.Name]bool{} // before its parent delegates to it
	for i := range p.Zones {
		created[p.Zones[i].Name] = p.Zones[i].Action == plan.ZoneCreate
	}
	for i := range p.Zones {
		z := &p.Zones[i]
		if z.Action == plan.ZoneDelete || z.Desired == nil {
			continue
		}
		changed := map[schema.Key]*plan.Change{}
		for j := range z.Changes {
			if c := &z.Changes[j]; changed[c.Key] == nil {
				changed[c.Key] = c
			}
		}
		for j := range z.Desired.RRsets {
			set := &z.Desired.RRsets[j]
			if set.Type != schema.TypeNS || created[set.Name] {
				continue
			}
			r := redelegation{Candidates: Candidates{Zone: set.Name, Glue: map[schema.Name][]netip.Addr{}}, change: changed[set.Key]}
			for _, v := range set.Values {
				host, ok := schema.Target(v.Data)
				if !ok {
					continue
				}
				r.Hosts = append(r.Hosts, host)
				r.Glue[host] = declaredAddresses(p, host)
				for _, typ := range []schema.Type{schema.TypeA, schema.TypeAAAA} {
					if r.change == nil && host.In(set.Name) {
						r.change = changed[schema.Key{Name: host, Type: typ}]
					}
				}
			}
			if r.change != nil {
				found = append(found, r)
			}
		}
	}
	return found
}

// declaredAddresses are those of a host in the zones of a plan, as they will be.
func declaredAddresses(p *plan.Plan, host schema.Name) []netip.Addr {
	var addrs []netip.Addr
	for i := range p.Zones {
		if p.Zones[i].Desired == nil || !host.In(p.Zones[i].Name) {
			continue
		}
		for _, set := range p.Zones[i].Desired.At(host) {
			for _, v := range set.Values {
				switch d := v.Data.(type) {
				case schema.A:
					addrs = append(addrs, d.Addr)
				case schema.AAAA:
					addrs = append(addrs, d.Addr)
				}
			}
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}
