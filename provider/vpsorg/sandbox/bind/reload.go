package bind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// Outcome is what became of a zone that named was told of.
type Outcome struct {
	Domain string
	Serial uint32 // that named answers; 0: it does not answer for the zone
	Err    error  // why it is not what was written; it is as it was
}

// Reload tells named of what was written and removed, and waits for its answer.
// An error is that named cannot be told or asked: then nothing is known of what
// has no outcome, and it is told of again by the next call. What named does not
// serve within [Options.Patience], since it has served the last of the others, is
// put back as named had it.
func (d *Dir) Reload(ctx context.Context) ([]Outcome, error) {
	if err := d.forget(); err != nil {
		return nil, err
	}
	// A named that has started since has loaded it already.
	outcomes, err := d.settle(ctx, 0)
	if err != nil {
		return outcomes, err
	}
	if err := d.tell(ctx); err != nil {
		return outcomes, err
	}
	more, err := d.settle(ctx, d.Patience)
	outcomes = append(outcomes, more...)
	if err != nil {
		return outcomes, err
	}
	if err := d.included(ctx); err != nil {
		return outcomes, err
	}
	outcomes = append(outcomes, d.giveUp()...)
	if err := d.forget(); err != nil {
		return outcomes, err
	}
	return outcomes, d.tell(ctx)
}

// giveUp has what named does not take as it was before.
func (d *Dir) giveUp() (outcomes []Outcome) {
	for domain := range d.leaving {
		delete(d.leaving, domain)
		outcomes = append(outcomes, Outcome{domain, 0, errors.New("named answers for it still: does its configuration name the zone elsewhere too?")})
	}
	for domain, z := range d.zones {
		if !z.open() {
			continue
		}
		o := Outcome{Domain: domain, Err: fmt.Errorf("named does not answer the serial %d after %s: its log says why", z.Serial, d.Patience)}
		if err := d.restore(domain, z); err != nil {
			o.Err = errors.Join(o.Err, err)
		}
		if z.proven != nil {
			o.Serial = z.proven.Serial
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// included finds a zone that named has never heard of, which it has not refused.
func (d *Dir) included(ctx context.Context) error {
	for domain, z := range d.zones {
		if !z.open() || z.present {
			continue
		}
		if err := d.about(ctx, "zonestatus", domain); errors.Is(err, errUnknown) {
			return err
		}
	}
	return nil
}

// errUnknown is what rndc says of a zone that named has never heard of.
var errUnknown = errors.New("named does not know the zone")

// about has rndc tell named something about a zone.
func (d *Dir) about(ctx context.Context, word, domain string) error {
	err := d.control(ctx, word, domain)
	if err != nil && strings.Contains(err.Error(), "not found") {
		return fmt.Errorf("%w %s: does its configuration include %s?", errUnknown, domain, filepath.Join(d.Path, conf))
	}
	return err
}

// forget takes out of zones.conf what was given up, and then its files, so that
// it never names one that is not there.
func (d *Dir) forget() error {
	err := d.List()
	if err != nil {
		return err
	}
	for domain := range d.given {
		delete(d.given, domain)
		if d.zones[domain] == nil {
			err = errors.Join(err, d.drop(domain))
		}
	}
	return err
}

// restore puts a zone back as named has served it.
func (d *Dir) restore(domain string, z *zone) error {
	if z.proven != nil {
		z.Checked = *z.proven
		return d.put(file(domain), z.text)
	}
	delete(d.zones, domain)
	d.listed = false
	d.given[domain] = true
	return nil
}

// tell has named read its configuration, where other zones are in that, and the
// files of the zones that it has. The files of zones that it has not are read
// with the configuration.
func (d *Dir) tell(ctx context.Context) error {
	var changed []string
	for domain, z := range d.zones {
		if z.open() && (d.configured || z.present) {
			changed = append(changed, domain)
		}
	}
	if !d.configured {
		if err := d.control(ctx, "reconfig"); err != nil {
			return err
		}
		d.configured = true
	}
	if len(changed) > many {
		return d.control(ctx, "reload")
	}
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for _, domain := range changed {
		group.Go(func() error { return d.about(ctx, "reload", domain) })
	}
	return group.Wait()
}

// many is of how many zones named is told one by one; of more by having it look
// at all that it has, which it loads where their files are newer.
const many = 20

// sideBySide is how many zones named is told of, and asked about, at once.
const sideBySide = 8

// settle asks named for the serials of the zones that it was told of, until it
// answers them or the time is up, and gives those that are settled.
func (d *Dir) settle(ctx context.Context, patience time.Duration) ([]Outcome, error) {
	var open []string
	for domain, z := range d.zones {
		if z.open() {
			open = append(open, domain)
		}
	}
	open = slices.AppendSeq(open, maps.Keys(d.leaving))
	var until atomic.Int64 // in Unix nanoseconds; later as named comes along
	until.Store(time.Now().Add(patience).UnixNano())
	var mu sync.Mutex
	var outcomes []Outcome
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, domain := range open {
		z := d.zones[domain]
		want := uint32(0)
		if z != nil {
			want = z.Serial
		}
		group.Go(func() error {
			got, err := d.await(ctx, domain, want, &until)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if z != nil {
				z.present = got != 0
			}
			if got == want {
				until.Store(time.Now().Add(patience).UnixNano())
				outcomes = append(outcomes, Outcome{Domain: domain, Serial: got})
			}
			return nil
		})
	}
	err := group.Wait()
	for _, o := range outcomes {
		if z := d.zones[o.Domain]; z != nil {
			proven := z.Checked
			z.proven = &proven
			continue
		}
		delete(d.leaving, o.Domain)
		err = errors.Join(err, d.drop(o.Domain))
	}
	return outcomes, err
}

// await asks for a zone's serial until it is the one that is wanted or the time
// is up, and gives the last one.
func (d *Dir) await(ctx context.Context, domain string, want uint32, until *atomic.Int64) (uint32, error) {
	const most = 200 * time.Millisecond
	for pause := time.Millisecond; ; pause = min(2*pause, most) {
		got, err := d.serial(ctx, domain)
		if err != nil || got == want || time.Now().Add(pause).UnixNano() > until.Load() {
			return got, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}

// serial is what named answers for a zone with authority; 0 where it does not.
func (d *Dir) serial(ctx context.Context, domain string) (uint32, error) {
	client := &dns.Client{Timeout: 2 * time.Second}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(domain), dns.TypeSOA)
	q.RecursionDesired = false
	answer, _, err := client.ExchangeContext(ctx, q, d.Server.String())
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err // without the port on this side, which is another one each time
	}
	if err != nil {
		return 0, fmt.Errorf("named does not answer at %s: %w", d.Server, err)
	}
	for _, rr := range answer.Answer {
		if soa, ok := rr.(*dns.SOA); ok && answer.Authoritative && dns.CanonicalName(soa.Hdr.Name) == dns.CanonicalName(domain+".") {
			return soa.Serial, nil
		}
	}
	return 0, nil
}
