package main

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows how far long work has come, on a terminal alone.
type progress struct {
	all *mpb.Progress
	bar *mpb.Bar
}

// progress begins to show it. more, if any, is told behind the count.
func (p *program) progress(what string, total int, more ...func() string) *progress {
	if total == 0 || !isTerminal(p.stderr) || os.Getenv("TERM") == "dumb" {
		return &progress{}
	}
	all := mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(40))
	behind := []decor.Decorator{decor.CountersNoUnit("%d of %d")}
	for _, text := range more {
		behind = append(behind, decor.Any(func(decor.Statistics) string { return text() }))
	}
	bar := all.AddBar(int64(total), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(what+" ")), mpb.AppendDecorators(behind...))
	return &progress{all, bar}
}

// step counts one piece of work as done. It may be called from several
// goroutines at once.
func (p *progress) step() {
	if p.bar != nil {
		p.bar.Increment()
	}
}

// end takes the display away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.all.Wait()
	}
}
