package dnscontrol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/zoneherd/zoneherd/schema"
)

// Bounds on what one document may hold.
const (
	// MaxSize is the largest document that is read, in bytes.
	MaxSize  = 64 << 20
	maxDepth = 32
)

// node is a JSON value with its place.
type node struct {
	at     int // offset of its first byte
	scalar any // string, json.Number, bool or nil
	list   []*node
	object []member
	kind   byte // '{', '[' or 's'
}

type member struct {
	key string
	at  int
	*node
}

// get finds a member; nil where there is none.
func (n *node) get(key string) *node {
	for i := range n.object {
		if n.object[i].key == key {
			return n.object[i].node
		}
	}
	return nil
}

// text is a scalar as it is written; empty for null and what is no scalar.
func (n *node) text() string {
	if n == nil {
		return ""
	}
	switch v := n.scalar.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// tree parses a document, keeping where each value stands.
type tree struct {
	text    []byte
	decoder *json.Decoder
	bad     int // where an error of our own stands
}

func parse(text []byte) (*node, int, error) {
	t := &tree{text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	t.decoder.UseNumber()
	n, err := t.value(0)
	if err == nil {
		end := t.next()
		if _, more := t.decoder.Token(); !errors.Is(more, io.EOF) {
			return nil, end, errors.New("something follows the JSON document")
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, max(int(syntax.Offset)-1, 0), fmt.Errorf("not valid JSON: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, len(text), errors.New("the JSON document ends too early")
	}
	return n, t.bad, err
}

// next is where the next value begins.
func (t *tree) next() int {
	i := int(t.decoder.InputOffset())
	for i < len(t.text) && bytes.IndexByte([]byte(" \t\r\n,:"), t.text[i]) >= 0 {
		i++
	}
	return i
}

func (t *tree) value(depth int) (*node, error) {
	n := &node{at: t.next(), kind: 's'}
	token, err := t.decoder.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		n.scalar = token
		return n, nil
	}
	if depth++; depth > maxDepth {
		t.bad = n.at
		return nil, fmt.Errorf("objects and lists stand more than %d deep within one another here", maxDepth)
	}
	n.kind = byte(delim)
	for t.decoder.More() {
		m := member{at: t.next()}
		if delim == '{' {
			key, err := t.decoder.Token()
			if err != nil {
				return nil, err
			}
			m.key = key.(string) // the decoder has seen to that
			if n.get(m.key) != nil && len(n.object) < 256 {
				t.bad = m.at
				return nil, fmt.Errorf("the key %q stands twice in this object", m.key)
			}
		}
		if m.node, err = t.value(depth); err != nil {
			return nil, err
		}
		if delim == '{' {
			n.object = append(n.object, m)
		} else {
			n.list = append(n.list, m.node)
		}
	}
	_, err = t.decoder.Token()
	return n, err
}

// places turns offsets into positions. They are asked for in rising order for
// the most part, so that it counts on from the last.
type places struct {
	file       string
	text       []byte
	line, from int // the line that was last counted to, and where it begins
}

func (p *places) at(offset int) schema.Position {
	offset = min(offset, len(p.text))
	if p.line == 0 || offset < p.from {
		p.line, p.from = 1, 0
	}
	for {
		end := bytes.IndexByte(p.text[p.from:offset], '\n')
		if end < 0 {
			break
		}
		p.line++
		p.from += end + 1
	}
	return schema.Position{File: p.file, Line: p.line, Column: 1 + utf8.RuneCount(p.text[p.from:offset])}
}
