// What dialogs that change a customer have in common: the version that is changed, one idempotency key an act, and what happens when
// somebody else was faster.
import { html, nothing, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import type { CustomerRecord } from '../../lib/types';
import { session } from '../session';
import { toast } from '../toast';
import { problemBox, Task, View } from '../view';

/** A dialog about one version of a customer. Fires "changed" after an act and "closed" at the end. */
export class ChangeDialog extends View {
  @property({ attribute: false }) record!: CustomerRecord;
  protected readonly act = new Task<unknown>(this);
  private readonly attempt = new Attempt();

  /** Sends the change under the version that the person saw; closes when it took effect. */
  protected change(method: string, path: string, body: unknown, said: string): void {
    const { customer, version } = this.record;
    void this.act.start(async () => {
      await session.api.ask(`/v1/customers/${encodeURIComponent(customer)}${path}`,
        { method, body, ifMatch: version, idempotencyKey: method === 'POST' ? this.attempt.keyFor([path, version, body]) : undefined });
      this.attempt.done();
      toast(said);
      this.tell('changed');
      this.tell('closed');
    });
  }

  protected tell(name: 'changed' | 'closed'): void {
    this.dispatchEvent(new CustomEvent(name));
  }

  /** What went wrong; a stale version can be read again without losing what was typed. */
  protected trouble(): TemplateResult {
    const stale = this.act.problem?.kind === 'precondition-failed' || this.act.problem?.status === 412;
    if (!stale) return problemBox(this.act.problem);
    return html`<div role="alert"><div class="note warn stack tight" id="stale"><p><strong>${t('stale.title')}</strong></p><p>${t('stale.text')}</p>
      <div><button type="button" class="button small" id="stale-reload" @click=${() => { this.act.clear(); this.tell('changed'); }}>${t('stale.reload')}</button></div></div></div>`;
  }

  protected buttons(text: string, options: { disabled?: boolean; danger?: boolean } = {}): TemplateResult {
    return html`<div class="row end"><button type="button" class="button" @click=${() => this.tell('closed')}>${t('action.cancel')}</button>
      <button class="button ${options.danger ? 'danger' : 'primary'}" data-confirm ?disabled=${this.act.busy || options.disabled}>
        ${this.act.busy ? html`<span class="spinner"></span>` : nothing}${text}</button></div>`;
  }
}
