// <kx-demo>: the bar of a demonstration store: its clock, which can be moved, and the jobs that otherwise run by themselves.
// On any other store /dev/clock does not answer and the bar is not there.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { coded, t } from '../i18n/index';
import { dateTime } from '../lib/time';
import { session } from './session';
import { toast } from './toast';
import { Problem } from '../lib/problem';
import { Task, View } from './view';

const steps = ['P1D', 'P7D', 'P30D', 'P1Y', 'P3Y', 'P10Y'] as const;
const jobs = ['accept-submissions', 'build-export', 'purge-expired', 'seal-audit', 'rotate-keys'] as const;

interface Clock { now: string | number; offset?: string | number }

@customElement('kx-demo')
export class Demo extends View {
  private readonly clock = new Task<Clock>(this);
  private readonly job = new Task<void>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    if (session.config?.demonstration) void this.clock.start(() => session.api.get<Clock>('/dev/clock'));
  }

  private advance(step: string): void {
    void this.clock.start(async () => {
      const clock = await session.api.post<Clock>('/dev/clock', { advance: step });
      toast(t('demo.moved', { now: dateTime(clock.now) }));
      return clock;
    });
  }

  private run(job: string): void {
    void this.job.start(async () => {
      try {
        const report = await session.api.post<unknown>(`/dev/jobs/${job}`, {});
        toast(`${coded('job', job)}${t('colon')}${reportText(report)}`);
        this.dispatchEvent(new CustomEvent('kexin-job', { bubbles: true }));
      } catch (error) {
        toast(`${coded('job', job)}${t('colon')}${error instanceof Problem ? error.text : t('problem.internal')}`, 'danger');
      }
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.clock.value) return nothing;
    return html`<section class="demo no-print" aria-label=${t('demo.title')}>
      <strong>${t('demo.title')}</strong>
      <span>${t('demo.clock')} <time id="demo-clock">${dateTime(this.clock.value.now)}</time></span>
      <div class="row"><label for="demo-step">${t('demo.advance')}</label>
        <select id="demo-step">${steps.map((step) => html`<option value=${step}>${coded('step', step)}</option>`)}</select>
        <button type="button" class="button small" id="demo-advance" ?disabled=${this.clock.busy}
          @click=${() => this.advance(this.chosen('demo-step'))}>${t('demo.go')}</button></div>
      <div class="row"><label for="demo-job">${t('demo.job')}</label>
        <select id="demo-job">${jobs.map((job) => html`<option value=${job}>${coded('job', job)}</option>`)}</select>
        <button type="button" class="button small" id="demo-run" ?disabled=${this.job.busy}
          @click=${() => this.run(this.chosen('demo-job'))}>${t('demo.run')}</button></div>
    </section>`;
  }

  private chosen(id: string): string {
    return this.querySelector<HTMLSelectElement>(`#${id}`)!.value;
  }
}

/** A job's report in one line: its numbers by name. */
export function reportText(report: unknown): string {
  if (!report || typeof report !== 'object') return t('demo.done');
  const parts = Object.entries(report)
    .filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value) && value !== '')
    .map(([name, value]) => `${coded('report', name.toLowerCase(), name)} ${typeof value === 'boolean' ? t(value ? 'yes' : 'no') : value}`);
  return parts.length ? parts.join(' · ') : t('demo.done');
}
