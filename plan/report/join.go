package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zoneherd/zoneherd/plan"
)

// Join makes one document of the plans of parts of the zones, made at the same
// commit and base.
func Join(documents ...*Document) (*Document, error) {
	if len(documents) == 1 {
		return documents[0], nil
	}
	if len(documents) == 0 {
		return nil, errors.New("there is no plan")
	}
	saved, err := joinSaved(documents)
	if err != nil {
		return nil, err
	}
	whole := *documents[0]
	whole.Saved = saved
	whole.Zones, whole.UnmanagedZones, whole.UndeclaredZones, whole.Loosened = nil, nil, nil, nil
	var summary plan.Summary
	where := map[string]bool{}
	var digests []plan.Digest
	for _, d := range documents {
		if text(d.Commit) != text(whole.Commit) || text(d.Base) != text(whole.Base) {
			return nil, errors.New("the plans were made at different commits, and so are no parts of one")
		}
		whole.Dirty = whole.Dirty || d.Dirty
		for _, z := range d.Zones {
			if where[z.Zone] {
				return nil, fmt.Errorf("the zone %s is in two of the plans", z.Zone)
			}
			where[z.Zone] = true
			whole.Zones = append(whole.Zones, z)
			if z.Reviewed || d.Base == nil && z.Summary.Writes > 0 {
				digests = append(digests, z.Digest)
			}
		}
		summary.Add(plan.Summary(d.Summary))
		for _, l := range d.Loosened {
			if !slices.ContainsFunc(whole.Loosened, func(o Loosening) bool { return o.Setting == l.Setting && o.Was == l.Was && o.Is == l.Is }) {
				whole.Loosened = append(whole.Loosened, l)
			}
		}
		whole.UnmanagedZones = append(whole.UnmanagedZones, d.UnmanagedZones...)
		whole.UndeclaredZones = append(whole.UndeclaredZones, d.UndeclaredZones...)
	}
	tidy := func(zones []string) []string {
		zones = slices.DeleteFunc(zones, func(z string) bool { return where[z] })
		slices.Sort(zones)
		return slices.Compact(zones)
	}
	whole.UnmanagedZones, whole.UndeclaredZones = tidy(whole.UnmanagedZones), tidy(whole.UndeclaredZones)
	slices.SortFunc(whole.Zones, func(a, b Zone) int { return strings.Compare(a.Zone, b.Zone) })
	whole.Summary, whole.Digest = Summary(summary), plan.JoinDigests(digests)
	return &whole, nil
}

// joinSaved is what saved parts say together of where they may be applied, so
// that a review of them counts there alone; nil where one does not say.
func joinSaved(documents []*Document) (*Saved, error) {
	var side *Saved
	silent := false
	for _, d := range documents {
		switch {
		case d.Saved == nil:
			silent = true
		case side == nil:
			side = &Saved{Endpoint: d.Endpoint, Account: d.Account}
		case d.Endpoint != side.Endpoint || !strings.EqualFold(d.Account, side.Account):
			return nil, errors.New("the plans were made against different services or accounts, and so are no parts of one")
		}
	}
	if silent {
		return nil, nil
	}
	return side, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
