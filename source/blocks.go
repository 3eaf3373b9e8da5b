package source

import (
	"bytes"
	"slices"
)

// Reading every version of a large zone file costs much, and from one version
// to the next little changes. So a version's text is cut into the blocks that
// stand for one owner name each, and only those are parsed that no version had
// before. This is for finding out what was ever declared and for nothing else:
// a text that is not plainly made of blocks is parsed whole, and so is one
// whose new blocks have a mistake.

// cut divides the text of a zone file into what stands before and after the
// owner names and a block for each of those. ok is false where blocks could
// depend on each other, or cannot be told apart for certain.
func cut(text []byte) (before []byte, blocks [][]byte, after []byte, ok bool) {
	if hasAnchor(text) || bytes.Contains(text, []byte("<<")) {
		return nil, nil, nil, false
	}
	const outside = -1
	records := outside // the indentation below records:, once it is known
	own := false       // below records:
	var current *[]byte
	for line := range bytes.Lines(text) {
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		rest := bytes.TrimSpace(line)
		if indent < len(line) && line[indent] == '\t' {
			return nil, nil, nil, false
		}
		switch {
		case len(rest) == 0 || rest[0] == '#':
		case indent == 0 && (bytes.Equal(rest, []byte("---")) || isSetting(rest)):
			own, records = bytes.HasPrefix(rest, []byte("records:")), outside
			if own && !bytes.Equal(rest, []byte("records:")) {
				return nil, nil, nil, false
			}
			current = &before
			if len(blocks) > 0 {
				current = &after
			}
		case indent > 0 && !own:
		case own && records != outside && indent > records:
		case bytes.HasPrefix(rest, []byte("- ")) && len(blocks) > 0 && current != &after: // a list at the column of its key
		case own && records != outside && indent < records, bytes.IndexByte([]byte("{}[],?|>!-%"), rest[0]) >= 0:
			return nil, nil, nil, false
		case len(after) > 0: // settings between owner names
			return nil, nil, nil, false
		default: // an owner name begins
			if own {
				records = indent
			}
			blocks = append(blocks, nil)
			current = &blocks[len(blocks)-1]
		}
		if current == nil {
			current = &before
		}
		*current = append(*current, line...)
	}
	return before, blocks, after, true
}

// hasAnchor reports what could be an anchor, for an alias in another block.
func hasAnchor(text []byte) bool {
	for i := range text {
		if text[i] == '&' && (i == 0 || bytes.IndexByte([]byte(" \n[{,"), text[i-1]) >= 0) &&
			i+1 < len(text) && bytes.IndexByte([]byte(" \n&"), text[i+1]) < 0 {
			return true
		}
	}
	return false
}

// isSetting reports whether a line at the top level begins with a key of a
// zone file.
func isSetting(line []byte) bool {
	key, _, ok := bytes.Cut(line, []byte(":"))
	return ok && slices.Contains(zoneKeys, string(key))
}
