package verify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/schema"
)

// visit is one zone at one nameserver, over as many rounds as it takes.
type visit struct {
	zone      *Zone
	server    Server
	asker     *asker
	questions []question
	open      []question // what was not as declared, where seen
	seen      bool       // all has been asked for, and open is what is left
	progress  *Progress
	report    ServerReport
}

// round asks for all that is not known to be as declared.
func (v *visit) round(ctx context.Context) {
	v.report = ServerReport{Server: v.server, Transfer: v.report.Transfer, DNSSEC: v.report.DNSSEC, Unseen: v.report.Unseen}
	if !v.authority(ctx) {
		return
	}
	if v.zone.Desired.State == schema.Absent {
		return
	}
	var findings []Finding
	switch {
	case v.seen:
		findings = v.ask(ctx, v.open)
	default:
		if all, err := v.transfer(ctx); err == nil {
			v.report.Transfer = true
			findings = v.compareWhole(ctx, all)
		} else {
			findings = v.ask(ctx, v.questions)
		}
		v.seen = true
	}
	slices.SortFunc(findings, func(a, b Finding) int { return a.Key.Compare(b.Key) })
	v.report.Findings = findings
	v.report.Status = OK
	v.open = nil
	asked := byKey(v.questions)
	for _, f := range findings {
		v.report.Status = Wrong
		if q, ok := asked[f.Key]; ok {
			v.open = append(v.open, q)
		} else {
			v.seen = false // a transfer has shown it, and no answer might
		}
	}
}

// authority asks for the zone's SOA record, and reports whether there is more to ask.
func (v *visit) authority(ctx context.Context) bool {
	r := &v.report
	answer, err := v.asker.ask(ctx, v.zone.Desired.Name.String(), dns.TypeSOA, v.server.Resolver)
	if err != nil {
		r.Status, r.Reason, r.noRoute = Unreachable, err.Error(), noRoute(err)
		return false
	}
	soa := soaOf(answer, v.zone.Desired.Name)
	absent := v.zone.Desired.State == schema.Absent
	switch {
	case v.server.Resolver && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError && !absent:
		r.Status, r.Reason = Unreachable, "it answers "+dns.RcodeToString[answer.Rcode]
		return false
	case absent && soa == nil:
		r.Status = OK
		return false
	case absent:
		r.Status, r.Reason = Wrong, "it still answers for the zone, which is declared absent"
		return false
	case v.server.Resolver:
	default:
		var why string
		if soa, why = authoritySOA(answer, nil, v.zone.Desired.Name); why != "" {
			r.Status, r.Reason = Lame, why
			return false
		}
	}
	if soa != nil {
		r.Serial = soa.Serial
	}
	if r.DNSSEC == "" {
		r.DNSSEC = v.dnssec(ctx, answer)
	}
	return true
}

func soaOf(answer *dns.Msg, zone schema.Name) *dns.SOA {
	for _, rr := range answer.Answer {
		if soa, ok := rr.(*dns.SOA); ok && sameName(soa.Hdr.Name, zone.String()) {
			return soa
		}
	}
	return nil
}

// dnssec says whether the zone is signed. soa is the answer to a question for it.
func (v *visit) dnssec(ctx context.Context, soa *dns.Msg) DNSSEC {
	if v.server.Resolver && soa.AuthenticatedData {
		return Validated
	}
	answer, err := v.asker.ask(ctx, v.zone.Desired.Name.String(), dns.TypeDNSKEY, v.server.Resolver)
	if err != nil || answer.Rcode != dns.RcodeSuccess {
		return ""
	}
	if slices.ContainsFunc(answer.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeDNSKEY }) {
		return Signed
	}
	return Unsigned
}

// compareWhole compares a whole zone, and asks for what it may be transferred
// with and not answered.
func (v *visit) compareWhole(ctx context.Context, all []schema.LiveRecord) []Finding {
	var large []question
	for _, q := range v.questions {
		if len(q.want) > manyRecords {
			large = append(large, q)
		}
	}
	var answers []schema.LiveRecord
	asked := byKey(v.questions)
	for _, r := range all {
		// A CNAME beside what is asked for explains why that is missing, and a TXT
		// record may say whose it is.
		if _, ok := asked[r.Key()]; ok || r.Data.Type() == schema.TypeCNAME || r.Data.Type() == schema.TypeTXT {
			answers = append(answers, r)
		}
	}
	findings := slices.Concat(v.zone.judge(v.questions, answers), v.zone.undeclared(v.questions, all))
	for _, f := range v.ask(ctx, large) {
		if !slices.ContainsFunc(findings, func(other Finding) bool { return other.Key == f.Key }) {
			findings = append(findings, f)
		}
	}
	return findings
}

// ask puts questions side by side and judges the answers.
func (v *visit) ask(ctx context.Context, questions []question) []Finding {
	if len(questions) == 0 {
		return nil
	}
	progress := v.progress
	if v.seen {
		progress = &Progress{} // what is asked again was counted
	}
	progress.Of.Add(int64(len(questions)))
	var mu sync.Mutex
	var silent atomic.Int64 // questions without an answer, one after the other
	var answers []schema.LiveRecord
	had := map[schema.LiveRecord]bool{} // a CNAME answers for each type
	var answered []question
	var failed []Finding
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for _, q := range questions {
		if v.server.Resolver && !q.cut.IsZero() {
			progress.Asked.Add(1)
			continue // resolvers show what the delegated zone says
		}
		group.Go(func() error {
			defer progress.Asked.Add(1)
			if silent.Load() >= giveUp {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, q.failed(errTime))
				return nil
			}
			records, unseen, err := v.one(ctx, q)
			if errors.Is(err, errTime) {
				silent.Add(1)
			} else {
				silent.Store(0)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failed = append(failed, q.failed(err))
			case unseen:
				if !slices.Contains(v.report.Unseen, q.key) {
					v.report.Unseen = append(v.report.Unseen, q.key)
				}
			default:
				answered = append(answered, q)
				for _, r := range records {
					if !had[r] {
						had[r] = true
						answers = append(answers, r)
					}
				}
			}
			return nil
		})
	}
	_ = group.Wait() // no question gives an error
	slices.SortFunc(answered, func(a, b question) int { return a.key.Compare(b.key) })
	return append(failed, v.unexcused(ctx, v.zone.judge(answered, answers))...)
}

// unexcused leaves out what may be answered though it has to be gone.
func (v *visit) unexcused(ctx context.Context, found []Finding) []Finding {
	excused := make([]bool, len(found))
	hidden := make([]bool, len(found))
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for i, f := range found {
		if v.zone.Desired.RRset(f.Key) == nil {
			group.Go(func() error {
				hidden[i] = v.below(ctx, f.Key.Name)
				excused[i] = hidden[i] || v.underWildcard(ctx, f) || v.marked(ctx, f)
				return nil
			})
		}
	}
	_ = group.Wait() // no question gives an error
	var left []Finding
	for i, f := range found {
		if hidden[i] && !slices.Contains(v.report.Unseen, f.Key) {
			v.report.Unseen = append(v.report.Unseen, f.Key)
		}
		if !excused[i] {
			left = append(left, f)
		}
	}
	slices.SortFunc(v.report.Unseen, schema.Key.Compare)
	return left
}

// below reports whether it is another zone, below this one and at the same
// nameserver, that answers for a name.
func (v *visit) below(ctx context.Context, name schema.Name) bool {
	answer, err := v.asker.ask(ctx, name.String(), dns.TypeSOA, v.server.Resolver)
	if err != nil {
		return false
	}
	for _, rr := range slices.Concat(answer.Answer, answer.Ns) {
		if soa, ok := rr.(*dns.SOA); ok {
			zone, err := schema.ParseName(soa.Hdr.Name)
			return err == nil && zone != v.zone.Desired.Name && zone.In(v.zone.Desired.Name) && name.In(zone)
		}
	}
	return false
}

// giveUp is after how many questions in a row without an answer the others of a
// round are not asked.
const giveUp = 2 * sideBySide

func (q question) failed(err error) Finding {
	f := compare(q, nil)
	f.Kind, f.Reason = NoAnswer, err.Error()
	return f
}

// underWildcard reports whether what is answered for a name that has to be gone
// is what a wildcard above it answers, which may be there though nobody declares
// it, as with [plan.PruneNone].
func (v *visit) underWildcard(ctx context.Context, f Finding) bool {
	zone := v.zone.Desired.Name
	for above := f.Key.Name; above != zone; {
		above = above.Parent()
		wildcard, err := above.Child("*")
		if err != nil || wildcard == f.Key.Name {
			continue
		}
		q := question{key: schema.Key{Name: wildcard, Type: f.Key.Type}}
		records, _, err := v.one(ctx, q)
		if err != nil || len(records) == 0 {
			continue
		}
		return slices.Equal(compare(q, records).Got, f.Got)
	}
	return false
}

// marked reports whether what is answered for a name that has to be gone is left
// alone since external-dns has marked the name as its own. Where the service
// lists its records, that is known before it is asked.
func (v *visit) marked(ctx context.Context, f Finding) bool {
	if !v.zone.Unlisted || v.zone.Plan.NoDefaultIgnores {
		return false
	}
	var there []schema.LiveRecord
	for _, r := range f.Got {
		there = append(there, schema.LiveRecord{Name: f.Key.Name, TTL: r.TTL, Data: r.Data})
	}
	for _, name := range plan.Marks(v.zone.Desired.Name, f.Key.Name) {
		marks, _, err := v.one(ctx, question{key: schema.Key{Name: name, Type: schema.TypeTXT}})
		if err == nil && len(v.zone.judge([]question{{key: f.Key}}, slices.Concat(there, marks))) == 0 {
			return true
		}
	}
	return false
}

// one puts one question. unseen: it is about a delegation that the nameserver
// does not show, since it has authority for what is delegated too.
func (v *visit) one(ctx context.Context, q question) (records []schema.LiveRecord, unseen bool, err error) {
	answer, err := v.asker.ask(ctx, q.key.Name.String(), dns.StringToType[string(q.key.Type)], v.server.Resolver)
	if err != nil {
		return nil, false, err
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return nil, false, errors.New("it answers " + dns.RcodeToString[answer.Rcode])
	}
	switch {
	case v.server.Resolver:
		return aged(q, recordsOf(answer.Answer, q.key)), false, nil
	case q.cut.IsZero() && answer.Authoritative:
		records = recordsOf(answer.Answer, q.key)
		// With authority, NS records below the apex are a delegated zone's own.
		child := len(q.want) == 0 && q.key.Type == schema.TypeNS && q.key.Name != v.zone.Desired.Name
		return records, child && len(records) > 0, nil
	case answer.Authoritative:
		// The delegated zone answers itself. Where it says the same, all is well.
		records = recordsOf(answer.Answer, q.key)
		return records, len(v.zone.judge([]question{q}, records)) > 0, nil
	case q.key.Type == schema.TypeNS:
		return recordsOf(answer.Ns, q.key), false, nil
	case q.cut.IsZero():
		return nil, false, nil // it is below a delegation there
	}
	return recordsOf(answer.Extra, q.key), false, nil
}

// aged gives records the TTL that is asked for where theirs is less, as
// resolvers count it down.
func aged(q question, records []schema.LiveRecord) []schema.LiveRecord {
	for i := range records {
		for _, v := range q.want {
			if records[i].Key() == q.key && records[i].TTL < v.TTL {
				records[i].TTL = v.TTL
			}
		}
	}
	return records
}
