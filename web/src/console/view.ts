// What every view of the console has in common: it renders into the page (so that its styles and printing are the page's), speaks both
// languages, and shows waiting, failure and emptiness the same way.
import { html, LitElement, nothing, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { LanguageController, t } from '../i18n/index';
import { faultText, Problem } from '../lib/problem';

/** The base of views. */
export class View extends LitElement {
  constructor() {
    super();
    new LanguageController(this);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** Something that is fetched or done, with its state. */
export class Task<T> {
  state: 'idle' | 'busy' | 'failed' | 'done' = 'idle';
  value?: T;
  problem?: Problem;
  private run = 0;

  constructor(private readonly host: ReactiveControllerHost) {}

  get busy(): boolean {
    return this.state === 'busy';
  }

  /** Does work and answers what came of it; undefined when it failed or a later start overtook it. */
  async start(work: () => Promise<T>): Promise<T | undefined> {
    const run = ++this.run;
    this.state = 'busy';
    this.problem = undefined;
    this.host.requestUpdate();
    try {
      const value = await work();
      if (run !== this.run) return undefined;
      this.value = value;
      this.state = 'done';
      return value;
    } catch (error) {
      if (run === this.run) {
        this.problem = error instanceof Problem ? error : new Problem('internal', 0, '');
        this.state = 'failed';
      }
      return undefined;
    } finally {
      this.host.requestUpdate();
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.run += 1;
    this.state = 'idle';
    this.value = undefined;
    this.problem = undefined;
    this.host.requestUpdate();
  }
}

/** Shows a fetched value, or that it is awaited, missing or refused. */
export function shown<T>(task: Task<T>, view: (value: T) => unknown, retry: () => void): unknown {
  if (task.state === 'failed') {
    return html`<div class="panel state" role="alert"><h2>${t('state.failed')}</h2>${problemLines(task.problem!)}
      <button type="button" class="button" @click=${retry}>${t('action.retry')}</button></div>`;
  }
  if (task.value === undefined) {
    return html`<p class="panel state" role="status"><span class="spinner"></span> ${t('state.loading')}</p>`;
  }
  return view(task.value);
}

/** That there is nothing to see, and why that is so. */
export function emptiness(title: string, text = ''): TemplateResult {
  return html`<div class="panel state"><h2>${title}</h2>${text ? html`<p>${text}</p>` : nothing}</div>`;
}

/** What the server refused, in a box that is read out. */
export function problemBox(problem: Problem | undefined): TemplateResult {
  return html`<div role="alert">${problem ? html`<div class="note danger">${problemLines(problem)}</div>` : nothing}</div>`;
}

function problemLines(problem: Problem): TemplateResult {
  const faults = problem.faults.filter((fault) => fault.field !== '');
  return html`<p><strong>${problem.text}</strong></p>
    ${faults.length ? html`<ul>${faults.map((fault) => html`<li><span class="mono">${fault.field}</span>${t('colon')}${faultText(fault)}</li>`)}</ul>` : nothing}
    ${problem.request ? html`<p class="small muted">${t('problem.request', { id: problem.request })}</p>` : nothing}`;
}
