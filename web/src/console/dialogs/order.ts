// Asking for an export: purpose, reason, fields; first a preview of the level that would leave and how many approvals that takes.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { coded, language, t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import type { ExportOrder } from '../../lib/types';
import { levelBadge, options } from '../bits';
import { fieldTitle, formFields, usedPurposes } from '../policy';
import { session } from '../session';
import { toast } from '../toast';
import { problemBox, Task, View } from '../view';

interface Preview { level: string; approvals: number }
interface Ordered { export: string; state: string; approval?: string }

const kinds = ['individual', 'enterprise', 'sole_trader', 'public_institution'];

@customElement('kx-order')
export class Order extends View {
  @state() private order: ExportOrder = {
    purpose: '', reason: '', fields: [], kinds: [...kinds], department: session.me?.department ?? '', format: 'csv', language: language(),
  };
  private readonly preview = new Task<Preview>(this);
  private readonly request = new Task<Ordered>(this);
  private readonly attempt = new Attempt();

  private set(change: Partial<ExportOrder>): void {
    this.order = { ...this.order, ...change };
    this.preview.clear();
  }

  private exportable(): string[] {
    return formFields(session.policy).filter((field) => field.export && (!field.purposes?.length || field.purposes.includes(this.order.purpose)))
      .map((field) => field.name);
  }

  private complete(): boolean {
    return !!this.order.purpose && !!this.order.reason && this.order.fields.length > 0 && this.order.kinds.length > 0;
  }

  private look(): void {
    void this.preview.start(() => session.api.post<Preview>('/v1/exports/preview', this.order));
  }

  private send(event: Event): void {
    event.preventDefault();
    void this.request.start(async () => {
      const ordered = await session.api.post<Ordered>('/v1/exports', this.order, { idempotencyKey: this.attempt.keyFor(this.order) });
      this.attempt.done();
      toast(ordered.approval ? t('order.waits', { approval: ordered.approval }) : t('order.sent'));
      this.dispatchEvent(new CustomEvent('changed'));
      this.dispatchEvent(new CustomEvent('closed'));
      return ordered;
    });
  }

  protected override render(): TemplateResult {
    return html`<kx-modal heading=${t('exports.order')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <form class="stack" @submit=${(event: Event) => this.send(event)}>
        ${problemBox(this.request.problem ?? this.preview.problem)}
        ${this.why()}
        ${this.what()}
        <div class="split">
          <div class="field"><label for="order-format">${t('order.format')}</label><select id="order-format" @change=${(event: Event) => this.set({ format: (event.target as HTMLSelectElement).value })}>
            ${['csv', 'ndjson'].map((format) => html`<option value=${format} .selected=${format === this.order.format}>${coded('format', format)}</option>`)}</select></div>
          <div class="field"><label for="order-language">${t('order.language')}</label><select id="order-language" @change=${(event: Event) => this.set({ language: (event.target as HTMLSelectElement).value })}>
            <option value="zh" .selected=${this.order.language === 'zh'}>中文</option><option value="en" .selected=${this.order.language === 'en'}>English</option></select></div>
        </div>
        <div aria-live="polite">${this.preview.value ? html`<div class="note info" id="order-preview">${t('order.preview.result', { approvals: this.preview.value.approvals })}
          ${this.preview.value.level ? levelBadge(this.preview.value.level) : nothing}</div>` : nothing}</div>
        <div class="row end"><button type="button" class="button" id="order-look" ?disabled=${!this.complete() || this.preview.busy} @click=${() => this.look()}>${t('order.preview')}</button>
          <button class="button primary" id="order-send" ?disabled=${!this.complete() || this.request.busy}>${t('order.send')}</button></div>
      </form></kx-modal>`;
  }

  private why(): TemplateResult {
    const policy = session.policy;
    return html`<div class="split">
      <div class="field"><label for="order-purpose">${t('record.purpose')}</label><select id="order-purpose" required
        @change=${(event: Event) => this.set({ purpose: (event.target as HTMLSelectElement).value, fields: [] })}>${options(usedPurposes(policy), this.order.purpose, t('form.choose'))}</select></div>
      <div class="field"><label for="order-reason">${t('reason')}</label><select id="order-reason" required
        @change=${(event: Event) => this.set({ reason: (event.target as HTMLSelectElement).value })}>${options(policy?.reasons, this.order.reason, t('form.choose'))}</select></div>
      <div class="field"><label for="order-department">${t('card.department')}</label><select id="order-department"
        @change=${(event: Event) => this.set({ department: (event.target as HTMLSelectElement).value })}>${options(policy?.departments, this.order.department)}</select></div>
    </div>`;
  }

  private what(): TemplateResult {
    const toggle = (list: string[], id: string, on: boolean) => (on ? [...list, id] : list.filter((entry) => entry !== id));
    const fields = this.exportable();
    return html`
      <fieldset class="checks"><legend>${t('order.fields')}</legend>
        ${this.order.purpose ? fields.map((name) => html`<label class="choice"><input type="checkbox" value=${name} data-field=${name} .checked=${this.order.fields.includes(name)}
          @change=${(event: Event) => this.set({ fields: toggle(this.order.fields, name, (event.target as HTMLInputElement).checked) })} />
          <span>${fieldTitle(session.policy, name)} ${levelBadge(this.levelOf(name))}</span></label>`) : html`<p class="muted">${t('order.fields.first')}</p>`}</fieldset>
      <fieldset class="checks"><legend>${t('order.kinds')}</legend>
        ${kinds.map((kind) => html`<label class="choice"><input type="checkbox" .checked=${this.order.kinds.includes(kind)}
          @change=${(event: Event) => this.set({ kinds: toggle(this.order.kinds, kind, (event.target as HTMLInputElement).checked) })} /><span>${coded('kind', kind)}</span></label>`)}</fieldset>`;
  }

  private levelOf(name: string): string {
    const field = session.policy?.fields.find((entry) => entry.name === name);
    return field?.level ?? 'L1';
  }
}
