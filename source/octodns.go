package source

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/zoneherd/zoneherd/schema"
)

// octodnsOptions reads a record's `octodns:` options. Those are obeyed that
// decide whether the record is in force, and lenient; the others are passed
// over with one warning per file.
func (r *recordReader) octodnsOptions(p pair, rec *record) {
	d := r.doc
	if p.value.Kind != yaml.MappingNode {
		d.problem(d.at(p.value), "kind", "octodns is a mapping of octoDNS's options, not %s", d.describe(p.value))
		return
	}
	target := r.b.opts.OctoDNSTarget
	for _, o := range d.pairs(p.value) {
		switch o.text {
		case "lenient":
			if v, ok := d.boolean(o); ok {
				rec.lenient = rec.lenient || v
			}
		case "ignored":
			if v, _ := d.boolean(o); v {
				r.hold(rec, o, "octodns.ignored")
			}
		case "included", "excluded":
			var names []string
			for _, n := range d.elements(o.value) {
				if text, ok := d.scalar(n, "a target in "+o.text); ok {
					names = append(names, text)
				}
			}
			if len(names) > 0 && slices.Contains(names, target) == (o.text == "excluded") && (o.text == "included" || target != "") {
				reason := fmt.Sprintf("octodns.%s is %s", o.text, strings.Join(names, ", "))
				if target == "" {
					reason += ", and the configuration names no octodns-target"
				}
				r.hold(rec, o, reason)
			}
		default:
			if r.foreign != nil && isProxied(d, o) {
				d.problems.Add(schema.Warning, d.at(o.key), "proxy", "carried over is the address or name behind Cloudflare's proxy, which there is none of here: decide whether it may be public")
				continue
			}
			if r.ignored == nil {
				r.ignored, r.counts = map[string]schema.Position{}, map[string]int{}
			}
			if r.counts[o.text]++; r.counts[o.text] == 1 {
				r.ignored[o.text] = d.at(o.key)
			}
		}
	}
}

// isProxied reports whether an option puts a record behind Cloudflare's proxy.
func isProxied(d *document, option pair) bool {
	if option.text != "cloudflare" || option.value.Kind != yaml.MappingNode {
		return false
	}
	return slices.ContainsFunc(d.pairs(option.value), func(p pair) bool {
		return p.text == "proxied" && strings.EqualFold(p.value.Value, "true")
	})
}

// hold marks a record as one to leave alone.
func (r *recordReader) hold(rec *record, o pair, reason string) {
	if rec.held == "" {
		rec.held = reason
		r.doc.problems.Add(schema.Notice, r.doc.at(o.key), "octodns-held", "left alone, neither written nor deleted: %s", reason)
	}
}

// reportIgnored warns of the options that were passed over, once each.
func (r *recordReader) reportIgnored() {
	for _, option := range slices.Sorted(maps.Keys(r.ignored)) {
		times := ""
		if n := r.counts[option]; n > 1 {
			times = fmt.Sprintf(", here and %d more times in this file", n-1)
		}
		r.doc.problems.Add(schema.Warning, r.ignored[option], "octodns-option", "octoDNS's option %s has no meaning here and is passed over%s", option, times)
	}
}

// octodnsText gives what octoDNS makes of a text: quotes around it are taken
// off, and parts of a text that stand in quotes of their own are joined.
func octodnsText(text string, plainSemicolons bool) (string, error) {
	if strings.HasPrefix(text, `"`) {
		if len(text) < 2 || !strings.HasSuffix(text, `"`) {
			return text, errors.New("the text begins with a quote and does not end with one, so that octoDNS would cut off its last character: take the quote out, or close it")
		}
		text = text[1 : len(text)-1]
	}
	text = strings.ReplaceAll(text, `" "`, "")
	if !plainSemicolons {
		text = strings.ReplaceAll(text, `\;`, ";")
	}
	return text, nil
}
