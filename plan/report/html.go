package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"sync"
)

//go:embed page
var pageFiles embed.FS

// HTML writes the document as one self-contained page: whoever opens it asks no
// server for anything, and a browser runs no script and no style in it but its
// own two, which the page's policy names by their hashes. Without JavaScript
// everything is there to read; the script adds filters.
func HTML(w io.Writer, d *Document) error {
	b := bufio.NewWriter(w)
	if err := pageTemplate().Execute(b, newPage(d)); err != nil {
		return err
	}
	return b.Flush()
}

// pageTemplate is read when a page is first wanted: most runs want none.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "page/html.tmpl"))
})

// frame is the part of a page that is the same for every document. Style and
// script are our own text and so exempt from escaping, which would change what
// their hashes are of.
type frame struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

var pageFrame = sync.OnceValue(func() frame {
	style, script := embedded("page/html.css"), embedded("page/html.js")
	return frame{
		template.CSS(style), template.JS(script),
		fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", hashSource(style), hashSource(script)),
	}
})

func embedded(name string) string {
	text, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is in this program
	}
	return string(text)
}

// hashSource names a text as Content-Security-Policy does.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
