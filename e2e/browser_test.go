package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long the tests wait for something to appear: a guard against hanging on a busy machine, never a measurement.
const patience = 90 * time.Second

// chromium returns the browser to use, "" when the tests are not configured.
func chromium() string {
	if path := os.Getenv("KEXIN_TEST_CHROMIUM"); path != "" {
		return path
	}
	const usual = "/usr/bin/chromium"
	if _, err := os.Stat(usual); err == nil && os.Getenv("KEXIN_FULL") == "1" {
		return usual
	}
	return ""
}

// person is somebody at a browser.
type person struct {
	t     *testing.T
	ctx   context.Context
	base  string
	axe   string
	shots string
}

// newPerson opens a browser. Scripts of the page that fail, and whatever its security policy stops, fail the test.
func newPerson(t *testing.T, path, base string) *person {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1280, 900))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, base: base, axe: readAxe(t), shots: shotsFolder(t)}
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		t.Fatalf("start browser: %v", err)
	}
	return p
}

// heard takes what the page throws and what its security policy stops as failures.
func (p *person) heard(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.t.Errorf("script of the page failed: %s", e.ExceptionDetails.Text)
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			p.t.Errorf("the security policy stopped something")
		}
	}
}

func readAxe(t *testing.T) string {
	path := os.Getenv("KEXIN_TEST_AXE")
	if path == "" {
		path = filepath.Join("..", "web", "node_modules", "axe-core", "axe.min.js")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Log("axe-core is not installed: accessibility is checked by web/test only")
	}
	return string(data)
}

func shotsFolder(t *testing.T) string {
	if folder := os.Getenv("KEXIN_TEST_SHOTS"); folder != "" {
		return folder
	}
	return t.TempDir()
}

// act carries out steps in the browser.
func (p *person) act(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// find is a script function: the element of a selector, also inside the form component.
const find = `const find = (s) => document.querySelector(s) ?? document.querySelector('kexin-form')?.shadowRoot?.querySelector(s);
const shows = (e) => !!e && (e.offsetParent !== null || e.getClientRects().length > 0);`

// script answers what a script expression gives, awaited.
func script[T any](p *person, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := evaluate[T](ctx, expression)
	if err != nil {
		p.t.Fatalf("script %.120s: %v", expression, err)
	}
	return value
}

func evaluate[T any](ctx context.Context, expression string) (T, error) {
	return chromedp.Run(ctx, chromedp.Evaluate[T]("(() => {"+find+" return "+expression+" })()", chromedp.EvalAwaitPromise))
}

// holds reports whether a script expression is true. On a page that is just being left nothing is.
func (p *person) holds(expression string) bool {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := evaluate[bool](ctx, "!!("+expression+")")
	if err != nil && !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "find context") {
		p.t.Fatalf("script %.120s: %v", expression, err)
	}
	return err == nil && value
}

func (p *person) text(expression string) string { p.t.Helper(); return script[string](p, expression) }

func (p *person) do(expression string) { p.t.Helper(); script[chromedp.Void](p, expression) }

// until waits for a script expression to be true.
func (p *person) until(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		if p.holds(expression) {
			return
		}
		if time.Now().After(deadline) {
			p.shot("failed")
			p.t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // a string always has an encoding
	return string(data)
}

func (p *person) see(selector string) {
	p.t.Helper()
	p.until(selector, "shows(find("+quoted(selector)+"))")
}

func (p *person) read(selector string) string {
	p.t.Helper()
	p.see(selector)
	return p.text("find(" + quoted(selector) + ").textContent.trim()")
}

func (p *person) click(selector string) {
	p.t.Helper()
	p.until(selector+" to be usable", "shows(find("+quoted(selector)+")) && !find("+quoted(selector)+").disabled")
	p.do("find(" + quoted(selector) + ").click()")
}

// write types into an input as its page sees it.
func (p *person) write(selector, text string) {
	p.t.Helper()
	p.until(selector+" to be usable", "shows(find("+quoted(selector)+")) && !find("+quoted(selector)+").disabled")
	p.do(fmt.Sprintf("((e) => { e.value = %s; for (const n of ['input', 'change', 'blur']) e.dispatchEvent(new Event(n, {bubbles: true})); })(find(%s))",
		quoted(text), quoted(selector)))
}

// choose picks an option that is there.
func (p *person) choose(selector, value string) {
	p.t.Helper()
	p.until("option "+value+" of "+selector, fmt.Sprintf("[...(find(%s)?.options ?? [])].some((o) => o.value === %s)", quoted(selector), quoted(value)))
	p.write(selector, value)
}

func (p *person) open(path string) {
	p.t.Helper()
	p.act(chromedp.Navigate(p.base + path))
}

// goTo opens a page of the console without leaving it.
func (p *person) goTo(page string) {
	p.t.Helper()
	p.do("(() => { location.hash = '#/" + page + "'; })()")
	p.until(page, "document.querySelector('nav [aria-current]')?.getAttribute('href') === '#/"+strings.Split(page, "/")[0]+"'")
}

// signIn changes to another account of the demonstration.
func (p *person) signIn(subject string) {
	p.t.Helper()
	p.open("/console/")
	p.until("console", "find('[data-subject], #sign-out')")
	p.do("find('#sign-out')?.click()")
	p.click("[data-subject=" + subject + "]")
	p.see("#sign-out")
}

// job runs a job from the demonstration bar and waits for its report.
func (p *person) job(name string) {
	p.t.Helper()
	p.do("document.querySelectorAll('.toast button').forEach((b) => b.click())")
	p.until("no message", "!find('.toast')")
	p.choose("#demo-job", name)
	p.click("#demo-run")
	p.see(".toast")
	if text := p.read(".toast"); !strings.Contains(p.class(".toast"), "ok") {
		p.t.Fatalf("job %s: %s", name, text)
	}
}

func (p *person) class(selector string) string {
	return p.text("find(" + quoted(selector) + ").className")
}

// show takes screenshots in both languages, on a phone and in the dark, and checks that the page fits and is accessible.
func (p *person) show(name string) {
	p.t.Helper()
	p.until("page at rest", "!find('.spinner')")
	p.accessible(name)
	p.shot(name + "-zh")
	p.language()
	p.shot(name + "-en")
	p.act(chromedp.EmulateViewport(360, 780))
	if over := script[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		p.t.Errorf("%s is %d pixels wider than a phone of 360", name, over)
	}
	p.shot(name + "-phone")
	p.act(chromedp.EmulateViewport(1280, 900))
	p.language()
	p.do("find('#theme').click()")
	p.accessible(name + ", dark")
	p.shot(name + "-dark")
	p.do("find('#theme').click()")
}

// language changes to the other language.
func (p *person) language() {
	p.t.Helper()
	before := p.text("document.documentElement.lang")
	p.do("(find('#language') ?? find('.languages button[aria-pressed=false]')).click()")
	p.until("other language", "document.documentElement.lang !== "+quoted(before))
}

func (p *person) shot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	if err := os.WriteFile(filepath.Join(p.shots, name+".png"), png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// accessible runs axe-core over what is shown.
func (p *person) accessible(name string) {
	p.t.Helper()
	if p.axe == "" {
		return
	}
	p.act(chromedp.Evaluate[chromedp.Void](p.axe + ";0"))
	found := p.text(`axe.run(document).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))])))`)
	if found != "[]" {
		p.t.Errorf("%s violates accessibility rules: %s", name, found)
	}
}
