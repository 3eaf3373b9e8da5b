package masterfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/zoneherd/zoneherd/schema"
)

// record reads an entry as a record.
func (f *frame) record(e entry) {
	tokens := e.tokens
	initial := false
	if e.blank {
		if f.moved && f.noOwner == "" && f.owner != f.origin {
			f.warn(tokens[0].at, "inherited-owner", "this record belongs to %s as those above it do, whatever the new origin %s: write its owner if that is not meant", f.owner.Display(), f.origin.Display())
		}
	} else {
		tokens[0] = bare(tokens[0])
		owner, own, ok := f.name(tokens[0])
		if f.owner, f.noOwner, initial = owner, "", own; !ok {
			f.noOwner = "that of the line before it cannot be read"
		}
		f.follow(owner, f.spelling(tokens[0].text))
		tokens = tokens[1:]
	}
	f.moved = false
	h, ok := f.header(tokens, e.tokens[0].at)
	if ok && h.typ == "SOA" {
		f.start(e, h, initial || e.blank && f.initial)
		return
	}
	switch {
	case !ok:
	case f.noOwner != "" && e.blank:
		f.ownerless(e)
	case f.noOwner == "":
		if f.add(f.owner, h, e.tokens[0].at, true, strings.Join(e.comments, "; ")) {
			return // with its comments
		}
	}
	f.left[f.file] += len(e.comments)
}

func (f *frame) ownerless(e entry) {
	f.fail(e.tokens[0].at, "owner", "this record has no owner name, since it begins with a blank and %s: write its owner", f.noOwner)
}

// inQuotes is what a name in quotes holds as one without has it.
var inQuotes = strings.NewReplacer(`\\`, `\\`, `\ `, `\032`, ` `, `\032`, "\\\t", `\009`, "\t", `\009`)

// bare is an owner name without its quotes, in which BIND reads one too, but none
// elsewhere, and a directive as ever.
func bare(t token) token {
	if t.quoted && t.text != "" && !strings.HasPrefix(t.text, "$") {
		t.text, t.quoted = inQuotes.Replace(t.text), false
	}
	return t
}

// header is what a record says before its data.
type header struct {
	ttl    schema.TTL
	hasTTL bool
	typ    schema.Type
	data   []token
	at     int // the type
}

// header reads the TTL, the class and the type of a record, and what follows.
func (f *frame) header(tokens []token, at int) (h header, ok bool) {
	class := false
	for ; len(tokens) > 0 && !tokens[0].quoted; tokens = tokens[1:] {
		at = tokens[0].at
		word := tokens[0].text
		if known, internet := classOf(word); known && !class {
			if class = true; !internet {
				f.fail(at, "class", "the class %s is none of the Internet's: leave such records out", word)
				return h, false
			}
			continue
		}
		if h.hasTTL || !looksLikeTTL(word) {
			break
		}
		ttl, err := parseTTL(word)
		if err != nil {
			f.fail(at, "ttl", "%v; where a type is meant, write it before the data", err)
			return h, false
		}
		h.ttl, h.hasTTL = ttl, true
	}
	if len(tokens) == 0 {
		f.fail(at, "type", "the record has no type: write one, such as A, and its data")
		return h, false
	}
	if h.typ, ok = typeOf(tokens[0]); !ok {
		hint := "check its spelling, and that an owner name begins its line"
		if strings.HasPrefix(tokens[0].text, "$") {
			hint = "a directive begins its line, without a blank before it"
		}
		f.fail(tokens[0].at, "type", "%q is no record type: %s", tokens[0].text, hint)
		return h, false
	}
	h.data, h.at = tokens[1:], tokens[0].at
	return h, true
}

// classOf reports whether a word is a class, and whether that is IN.
func classOf(word string) (known, internet bool) {
	word = strings.ToUpper(word)
	number, numbered := strings.CutPrefix(word, "CLASS")
	switch {
	case numbered && number != "" && strings.Trim(number, "0123456789") == "":
		return true, number == "1"
	case word == "IN":
		return true, true
	}
	return word == "CH" || word == "CHAOS" || word == "HS" || word == "HESIOD" || word == "CS", false
}

// typeOf reads a type, also as RFC 3597 writes one that has no name.
func typeOf(t token) (schema.Type, bool) {
	word := strings.ToUpper(t.text)
	number, known := dns.StringToType[word]
	if digits, numbered := strings.CutPrefix(word, "TYPE"); !known && numbered {
		n, err := schema.ParseNumber("type", digits)
		if err != nil || t.quoted {
			return "", false
		}
		if number = n; dns.TypeToString[n] == "" {
			return schema.Type(word), n != 0
		}
		known = true
	}
	switch number {
	case dns.TypeNone, dns.TypeReserved, dns.TypeOPT, dns.TypeTKEY, dns.TypeTSIG, dns.TypeIXFR, dns.TypeAXFR, dns.TypeMAILA, dns.TypeMAILB, dns.TypeANY:
		return "", false // which no zone holds
	}
	return schema.Type(dns.TypeToString[number]), known && !t.quoted
}

// start takes the SOA record.
func (f *frame) start(e entry, h header, initial bool) {
	f.left[f.file] += len(e.comments)
	if f.soa != nil {
		f.mistakes++
		f.problems = append(f.problems, schema.Problem{
			Position: f.position(e.tokens[0].at), Rule: "soa", Related: []schema.Position{f.soa.at},
			Message: "this is a second SOA record, and the files of one zone have one: keep each zone in a file of its own",
		})
		return
	}
	if e.blank && f.noOwner != "" {
		f.ownerless(e)
		f.owner = f.origin
	}
	f.soa = &start{owner: f.owner, initial: initial, at: f.position(e.tokens[0].at)}
	written := make([]string, len(h.data))
	for i, t := range h.data {
		written[i] = t.written()
	}
	soa, err := ParseSOA(strings.Join(written, " "), f.origin)
	if err != nil {
		f.fail(h.at, "soa", "%v", err)
	} else {
		f.soa.data = &soa
	}
	switch {
	case h.hasTTL:
		f.last, f.hasLast = h.ttl, true
	case !f.hasTTL && !f.hasLast:
		f.ttl, f.hasTTL = schema.TTL(soa.Minimum), true
	}
}

// add takes a record. follows says that it is one of the run of records of its
// owner, which those of $GENERATE are not; ok is whether it was taken.
func (f *frame) add(owner schema.Name, h header, at int, follows bool, comment string) (ok bool) {
	r := record{key: schema.Key{Name: owner, Type: h.typ}, comment: comment, count: 1}
	r.value.Position = f.position(at)
	switch {
	case h.hasTTL:
		r.value.TTL = h.ttl
		f.hasLast = true
	case f.hasTTL:
		r.value.TTL = f.ttl
	case f.hasLast:
		r.value.TTL = f.last
	default:
		f.fail(at, "ttl", "nothing gives this record a TTL: begin the file with $TTL and a number of seconds")
		return false
	}
	r.written = r.value.TTL
	if f.soa != nil && !owner.In(f.soa.owner) {
		f.last = r.written // though it is ignored
		f.outside(r.value.Position, owner, f.soa.owner)
		return false
	}
	f.last = r.written
	if follows {
		f.last = f.now().ttl(h.typ, r.written)
	}
	for _, later := range []*run{f.glue, f.run} { // they are added to the zone once they end
		if later != nil && later.owner == owner {
			if ttl, ok := later.ttls[h.typ]; ok {
				r.value.TTL = ttl
			}
		}
	}
	if h.typ.Managed() {
		d, err := f.data(h)
		if err != nil {
			if !errors.Is(err, errTold) {
				place := h.at
				if len(h.data) > 0 {
					place = h.data[0].at
				}
				f.fail(place, strings.ToLower(string(h.typ)), "%v", err)
			}
			return false
		}
		r.value.Data = d
		if ns, ok := d.(schema.NS); ok && follows && f.glue == nil {
			f.run.hosts = append(f.run.hosts, ns.Host)
		}
	}
	f.records = append(f.records, r)
	return true
}

// outside tells a record that BIND ignores.
func (t *told) outside(at schema.Position, owner, zone schema.Name) {
	t.problems.Add(schema.Warning, at, "out-of-zone", "%s is outside the zone %s, for which BIND ignores the record: it is left out; write it into its own zone, or without the trailing dot", owner.Display(), zone.Display())
}

// errTold stands for a mistake that has been told at its place.
var errTold = errors.New("told already")

// names is where a type's data has a name.
var names = map[schema.Type]int{schema.TypeCNAME: 0, schema.TypeNS: 0, schema.TypeMX: 1, schema.TypeSRV: 3}

// data reads the data of a managed type.
func (f *frame) data(h header) (schema.Data, error) {
	if len(h.data) == 0 {
		return nil, fmt.Errorf("the %s record has no data: write it behind the type", h.typ)
	}
	if h.data[0].text == `\#` && !h.data[0].quoted {
		return generic(h)
	}
	written := make([]string, len(h.data))
	for i, t := range h.data {
		written[i] = t.written()
		if at, has := names[h.typ]; has && i == at {
			n, _, ok := f.name(t)
			if !ok {
				return nil, errTold
			}
			written[i] = n.String()
		}
		if n := textLength(t.text); h.typ == schema.TypeTXT && n > 255 {
			f.fail(t.at, "txt", "this string has %d bytes, and a string of TXT has at most 255: split it in two, which are joined again", n)
			return nil, errTold
		}
	}
	return schema.ParseData(h.typ, strings.Join(written, " "))
}

// textLength is how many bytes a string has once its escapes are read.
func textLength(s string) int {
	n := 0
	for i := 0; i < len(s); i, n = i+1, n+1 {
		switch {
		case s[i] != '\\' || i+1 == len(s):
		case s[i+1] >= '0' && s[i+1] <= '9':
			i += min(3, len(s)-1-i)
		default:
			i++
		}
	}
	return n
}

// generic reads data in the form that every type has (RFC 3597 section 5).
func generic(h header) (schema.Data, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `. 0 IN TYPE%d \#`, dns.StringToType[string(h.typ)])
	for _, t := range h.data[1:] {
		b.WriteString(" " + t.written())
	}
	rr, err := dns.NewRR(b.String())
	if err != nil {
		return nil, fmt.Errorf(`the data behind \# is not well formed for %s: write the number of bytes and the bytes in hexadecimal: %w`, h.typ, err)
	}
	if _, unknown := rr.(*dns.RFC3597); unknown || rr == nil {
		return nil, fmt.Errorf(`the data behind \# is none of %s: write it as that type has it`, h.typ)
	}
	return schema.ParseData(h.typ, strings.TrimPrefix(rr.String(), rr.Header().String()))
}

// name reads a name; initial tells that it depends on the origin that the
// reading began with. What is wrong with it is told.
func (f *frame) name(t token) (n schema.Name, initial, ok bool) {
	text := t.text
	switch {
	case t.quoted:
		f.fail(t.at, "name", "the name %q is in quotes: take them away", text)
		return n, false, false
	case text == "@":
		f.usedInitial = f.usedInitial || f.initial
		return f.origin, f.initial, true
	case !absolute(text):
		f.usedInitial = f.usedInitial || f.initial
		initial = f.initial
		text += "." + strings.TrimPrefix(f.origin.String(), ".")
	}
	bytes := octets(text)
	n, err := schema.ParseName(bytes)
	if err != nil {
		f.fail(t.at, "name", "%v", err)
		return n, initial, false
	}
	if bytes != text {
		hint := ""
		if meant, err := schema.ParseName(text); err == nil {
			hint = ", such as " + meant.String()
		}
		f.warn(t.at, "name", "the name %q is not ASCII, and BIND serves its bytes as they are, for which no resolver asks: write its xn-- form%s, if a name of another script is meant", t.text, hint)
	}
	return n, initial, true
}

// absolute reports whether a name ends in a dot that is not escaped.
func absolute(text string) bool {
	rest, dotted := strings.CutSuffix(text, ".")
	return dotted && (len(rest)-len(strings.TrimRight(rest, `\`)))%2 == 0
}

// spelling is an owner name in the case in which it is written: see [run].
func (f *frame) spelling(text string) string {
	switch {
	case text == "@":
		text = f.origin.String()
	case !absolute(text):
		text += "." + strings.TrimPrefix(f.origin.String(), ".")
	}
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if n, err := strconv.ParseUint(text[i:min(i+3, len(text))], 10, 8); err == nil {
			b.WriteByte(byte(n))
			i += 2
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// octets escapes what is not ASCII, which a master file has as bytes.
func octets(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0 {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			if i++; name[i] < 0x80 {
				b.WriteByte('\\')
			}
		}
		if name[i] < 0x80 {
			b.WriteByte(name[i])
		} else {
			fmt.Fprintf(&b, `\%03d`, name[i])
		}
	}
	return b.String()
}
