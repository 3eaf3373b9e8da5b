package source

import (
	"bytes"
	"slices"
	"strings"
)

// Reading every version of a large zone file costs much, and from one version
// to the next little changes. So a version's text is cut into the blocks that
// stand for one owner name each, and only those are parsed that no version had
// before. This is for finding out what was ever declared and for nothing else.
//
// A version is read by its blocks only where each of them stands alone: as the
// one entry of a file of its own, without a mistake, and for a name of its own.
// Then no block can be part of another's text, and together they are the file.
// Any other version is parsed whole.

// cut divides the text of a zone file into what stands before the owner names
// and a block for each of those. ok is false where blocks could depend on each
// other, or cannot be told apart for certain.
func cut(text []byte) (before []byte, blocks [][]byte, ok bool) {
	if hasAnchor(text) || bytes.Contains(text, []byte("<<")) {
		return nil, nil, false
	}
	const unknown = -1
	records := unknown // the indentation below records:
	own := false       // zoneherd's form: below records:
	current := &before
	for line := range bytes.Lines(text) {
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		rest := bytes.TrimSpace(line)
		key, isKey := topKey(rest)
		switch {
		case len(rest) == 0 || rest[0] == '#':
		case line[indent] == '\t', bytes.HasPrefix(rest, []byte("...")):
			return nil, nil, false
		case indent == 0 && bytes.HasPrefix(rest, []byte("---")):
			if len(blocks) > 0 || own || string(rest) != "---" {
				return nil, nil, false
			}
		case indent == 0 && slices.Contains(zoneKeys, key):
			// Settings come first and plainly, or not this way.
			if own || len(blocks) > 0 || !bytes.HasPrefix(rest, []byte(key+":")) {
				return nil, nil, false
			}
			if own = key == "records"; own && string(rest) != "records:" {
				return nil, nil, false
			}
		case indent > 0 && !own && len(blocks) == 0 && current == &before: // below a setting
		case own && records != unknown && indent > records, !own && indent > 0:
		case bytes.HasPrefix(rest, []byte("- ")) && len(blocks) > 0 && (!own || indent == records): // a list at the column of its key
		case own && (indent == 0 || records != unknown && indent < records), !isKey:
			return nil, nil, false
		default: // an owner name begins
			if own {
				records = indent
			}
			blocks = append(blocks, nil)
			current = &blocks[len(blocks)-1]
		}
		*current = append(*current, line...)
	}
	return before, blocks, true
}

// topKey is the key that a line begins with, plain or in simple quotes, with
// nothing between it and its colon.
func topKey(line []byte) (key string, ok bool) {
	text := string(line)
	if text == "" {
		return "", false
	}
	if quote := text[0]; quote == '"' || quote == '\'' {
		key, rest, closed := strings.Cut(text[1:], string(quote))
		return key, closed && !strings.Contains(key, `\`) && (rest == ":" || strings.HasPrefix(rest, ": "))
	}
	if strings.IndexByte("{}[],?|>!-%@`&*", text[0]) >= 0 {
		return "", false
	}
	key, rest, found := strings.Cut(text, ":")
	return key, found && (rest == "" || rest[0] == ' ') && !strings.ContainsAny(key, " \t\"'#")
}

// hasAnchor reports what could be an anchor, for an alias in another block.
func hasAnchor(text []byte) bool {
	word := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	for i := range text {
		if text[i] == '&' && (i == 0 || !word(text[i-1])) && i+1 < len(text) && bytes.IndexByte([]byte(" \n&"), text[i+1]) < 0 {
			return true
		}
	}
	return false
}
