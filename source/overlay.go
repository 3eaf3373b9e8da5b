package source

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"time"
)

// With is a tree in which some files, by their names in it, have other texts.
// Files that are not there already are not listed in their directories. What it
// holds is on no disk.
func (t *Tree) With(texts map[string][]byte) *Tree {
	return &Tree{FS: overlay{t.FS, texts}, Dir: t.Dir, Base: t.Base}
}

// InMemory is a file that is on no disk, and alone in its tree.
func InMemory(name string, text []byte) Path {
	return Path{Tree: (&Tree{FS: nothing{}}).With(map[string][]byte{name: text}), Name: name}
}

// nothing is a file system without files.
type nothing struct{}

// Open implements [fs.FS].
func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// overlay is a file system with other texts for some of its files.
type overlay struct {
	fs.FS
	texts map[string][]byte
}

// Open implements [fs.FS].
func (o overlay) Open(name string) (fs.File, error) {
	text, ok := o.texts[name]
	if !ok {
		return o.FS.Open(name)
	}
	return &textFile{bytes.NewReader(text), textInfo{path.Base(name), int64(len(text))}}, nil
}

// Stat implements [fs.StatFS]: a file is looked at before it is opened.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	if text, ok := o.texts[name]; ok {
		return textInfo{path.Base(name), int64(len(text))}, nil
	}
	return fs.Stat(o.FS, name)
}

// textFile is a file that is a text in memory.
type textFile struct {
	io.Reader
	info textInfo
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *textFile) Close() error               { return nil }

type textInfo struct {
	name string
	size int64
}

func (i textInfo) Name() string     { return i.name }
func (i textInfo) Size() int64      { return i.size }
func (textInfo) Mode() fs.FileMode  { return 0o644 }
func (textInfo) ModTime() time.Time { return time.Time{} }
func (textInfo) IsDir() bool        { return false }
func (textInfo) Sys() any           { return nil }
