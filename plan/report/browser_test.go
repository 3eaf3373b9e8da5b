package report_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/zoneherd/zoneherd/plan/report"
)

// startChromium starts a browser that the tests of one function share. Where
// CI is set, a machine without one fails them.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" && os.Getenv("CI") != "" {
		t.Fatal("there is no chromium on this machine, and CI needs one")
	}
	if path == "" {
		t.Skip("there is no chromium on this machine to try the page in")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(2*time.Minute))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a page in the browser, with all that it asked for and complained of.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu       sync.Mutex
	requests []string
	errors   []string
}

// open serves a page and loads it, after the actions.
func open(t *testing.T, browser context.Context, page string, before ...chromedp.Action) *tab {
	t.Helper()
	p := &tab{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.note(&p.requests, r.URL.Path)
		w.Header().Set("Content-Type", "text/html") // the page says its character set itself
		fmt.Fprint(w, page)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL + "/"
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p.ctx = ctx
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != p.url && e.Request.URL != "data:," {
				p.note(&p.requests, e.Request.URL)
			}
		case *log.EventEntryAdded:
			p.note(&p.errors, e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			p.note(&p.errors, fmt.Sprint("console: ", e.Type))
		case *runtime.EventExceptionThrown:
			p.note(&p.errors, e.ExceptionDetails.Error())
		}
	})
	p.run(network.Enable(), log.Enable(), runtime.Enable(), chromedp.EmulateViewport(1280, 900))
	p.run(before...)
	p.run(chromedp.Navigate(p.url))
	return p
}

func (p *tab) note(list *[]string, s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, s)
}

func (p *tab) noted(list *[]string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*list)
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// eval gives what an expression is in the page.
func eval[T any](p *tab, expression string) (v T) {
	p.t.Helper()
	p.run(chromedp.Evaluate(expression, &v))
	return v
}

// until waits until an expression holds in the page.
func (p *tab) until(expression string) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		p.t.Fatalf("%s: %v; shown are %q", expression, err, p.shown())
	}
}

// shown lists the changes that can be seen.
func (p *tab) shown() []string {
	p.t.Helper()
	return eval[[]string](p, `Array.from(document.querySelectorAll(".changes tbody tr")).filter((r) => r.checkVisibility()).
		map((r) => [r.dataset.do, r.querySelector(".name").firstChild.data.trim(), r.querySelector(".type").textContent].join(" "))`)
}

// focus presses the tabulator key until a control has the focus.
func (p *tab) focus(selector string) {
	p.t.Helper()
	for range 100 {
		p.run(chromedp.KeyEvent(kb.Tab))
		if eval[bool](p, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	p.t.Fatalf("the tabulator key does not lead to %s", selector)
}

// layOut has the browser lay out what is out of sight too.
func (p *tab) layOut() {
	p.t.Helper()
	p.run(chromedp.Evaluate(`document.querySelectorAll(".zone, .full").forEach((e) => { e.style.contentVisibility = "visible" })`, nil))
}

// picture writes what is seen into the directory ZONEHERD_PICTURES, for people.
func (p *tab) picture(name string) {
	p.t.Helper()
	dir := os.Getenv("ZONEHERD_PICTURES")
	if dir == "" {
		return
	}
	p.layOut()
	var png []byte
	p.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

var dark = emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}})

func TestThePageInABrowser(t *testing.T) {
	browser := startChromium(t)
	full, base := pageOf(t, report.NewDocument(example(t), about)), pageOf(t, sinceBase(t))

	t.Run("asks for nothing and complains of nothing", func(t *testing.T) {
		p := open(t, browser, full)
		p.until(`!document.getElementById("filters").hidden`)
		if got := p.noted(&p.requests); !slices.Equal(got, []string{"/"}) {
			t.Errorf("requests: %q", got)
		}
		if got := p.noted(&p.errors); len(got) > 0 {
			t.Errorf("errors: %q", got)
		}
		if got := p.shown(); len(got) != 12 {
			t.Errorf("%d changes are shown: %q", len(got), got)
		}
		p.picture("light")
	})

	t.Run("runs nothing but its own script", func(t *testing.T) {
		evil := `<script>document.title = "taken"</script><img src="https://picture.example/x.png"><style>body { background: red }</style></main>`
		p := open(t, browser, strings.Replace(full, "</main>", evil, 1))
		p.until(`!document.getElementById("filters").hidden`)
		if title := eval[string](p, "document.title"); !strings.HasPrefix(title, "DNS plan") {
			t.Errorf("the title is %q", title)
		}
		if got := p.noted(&p.errors); len(got) < 3 {
			t.Errorf("of three violations these are told: %q", got)
		}
	})

	t.Run("shows all without JavaScript", func(t *testing.T) {
		p := open(t, browser, full, emulation.SetScriptExecutionDisabled(true))
		if got := p.shown(); len(got) != 12 {
			t.Errorf("%d changes are shown: %q", len(got), got)
		}
		if hidden := eval[[]string](p, `Array.from(document.querySelectorAll("[hidden]"), (e) => e.id)`); !slices.Equal(hidden, []string{"filters", "none"}) {
			t.Errorf("hidden are %q", hidden)
		}
	})

	t.Run("filters with the keyboard alone", func(t *testing.T) {
		p := open(t, browser, base)
		p.until(`!document.getElementById("filters").hidden`)
		all := p.shown()
		p.focus(".skip")
		p.run(chromedp.KeyEvent(kb.Enter))
		p.until(`location.hash === "#changes"`)

		p.focus("[name=zone]")
		p.run(chromedp.KeyEvent("nowhere"))
		p.until(`document.getElementById("shown").textContent === "0 of 4 changes shown" && !document.getElementById("none").hidden`)
		p.run(chromedp.KeyEvent(strings.Repeat(kb.Backspace, len("nowhere")) + "BUSY"))
		p.until(`document.getElementById("shown").textContent === "4 of 4 changes shown" && document.getElementById("none").hidden`)

		p.focus("[name=cause]")
		for _, cause := range []string{"intended", "drift", "conflict"} {
			p.run(chromedp.KeyEvent(kb.ArrowDown))
			p.until(fmt.Sprintf(`document.querySelector("[name=cause]").value === %q`, cause))
			want := eval[int](p, fmt.Sprintf(`document.querySelectorAll("tr[data-cause=%s]").length`, cause))
			p.until(fmt.Sprintf(`document.getElementById("shown").textContent.startsWith("%d of 4 ")`, want))
			if got := p.shown(); len(got) != want || want == 0 {
				t.Errorf("%s: %q", cause, got)
			}
		}
		p.focus("button")
		p.run(chromedp.KeyEvent(kb.Enter))
		p.until(`document.getElementById("shown").textContent.startsWith("4 of 4 ")`)
		if got := p.shown(); !slices.Equal(got, all) {
			t.Errorf("after showing all: %q, want %q", got, all)
		}
		if got := p.noted(&p.errors); len(got) > 0 {
			t.Errorf("errors: %q", got)
		}
	})

	t.Run("filters by action and risk", func(t *testing.T) {
		p := open(t, browser, full)
		p.focus("[name=action]")
		p.run(chromedp.KeyEvent("c"))
		p.until(`document.querySelector("[name=action]").value === "create"`)
		if got, want := p.shown(), []string{"create www CNAME", "create @ A", "create xn--bcher-kva TXT"}; !slices.Equal(got, want) {
			t.Errorf("created: %q, want %q", got, want)
		}
		if zones := eval[[]string](p, `Array.from(document.querySelectorAll(".zone")).filter((z) => z.checkVisibility()).map((z) => z.querySelector("h3 code").textContent)`); !slices.Equal(zones, []string{"busy.example", "new.example"}) {
			t.Errorf("zones: %q", zones)
		}
		p.run(chromedp.KeyEvent(kb.Home))
		p.until(`document.querySelector("[name=action]").value === ""`)
		p.focus("[name=risk]")
		p.run(chromedp.KeyEvent("sp"))
		p.until(`document.querySelector("[name=risk]").value === "spf"`)
		if got, want := p.shown(), []string{"delete @ TXT"}; !slices.Equal(got, want) {
			t.Errorf("at risk of spf: %q, want %q", got, want)
		}
		// A link leads to its change though the filter hides it.
		p.run(chromedp.Evaluate(`Array.from(document.querySelectorAll(".risks a")).find((a) => a.textContent.includes("gone.example")).focus()`, nil), chromedp.KeyEvent(kb.Enter))
		p.until(`document.querySelector("tr:target")?.checkVisibility() === true`)
	})

	t.Run("is dark where that is preferred", func(t *testing.T) {
		p := open(t, browser, base)
		const ground = "getComputedStyle(document.body).backgroundColor"
		light := eval[string](p, ground)
		p.run(dark)
		if got := eval[string](p, ground); got == light || got != "rgb(21, 24, 28)" {
			t.Errorf("the ground is %s in the dark, %s in the light", got, light)
		}
		p.picture("dark")
	})

	t.Run("fits on a phone", func(t *testing.T) {
		for name, page := range map[string]string{"phone": full, "phone-base": base, "phone-long": pageOf(t, filled(strings.Repeat("long", 60), ""))} {
			p := open(t, browser, page, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
			p.layOut()
			if width := eval[int](p, "document.documentElement.scrollWidth"); width > 360 {
				t.Errorf("%s is %d pixels wide", name, width)
			}
			p.picture(name)
		}
	})

	t.Run("shows 10,000 changes", func(t *testing.T) {
		page := pageOf(t, large(10_000))
		p := open(t, browser, page)
		p.until(`performance.getEntriesByName("first-contentful-paint").length > 0`)
		p.until(`!document.getElementById("filters").hidden`)
		t.Logf("%.1f MB, first painted after %.0f ms, loaded after %.0f ms, filtered in %.0f ms", float64(len(page))/1e6,
			eval[float64](p, `performance.getEntriesByName("first-contentful-paint")[0].startTime`),
			eval[float64](p, `performance.getEntriesByType("navigation")[0].loadEventEnd`),
			eval[float64](p, `(() => { const t = performance.now(); document.querySelector("[name=risk]").value = "*"; document.querySelector("[name=risk]").dispatchEvent(new Event("input", {bubbles: true})); document.body.offsetHeight; return performance.now() - t })()`))
		if got := eval[string](p, `document.getElementById("shown").textContent`); !strings.HasSuffix(got, " of 10000 changes shown") || strings.HasPrefix(got, "10000") {
			t.Errorf("shown are %s", got)
		}
	})
}
