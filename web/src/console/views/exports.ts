// Exports: what would leave, the request, its way through approval and build, and the one time that its key is handed out.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { coded, t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import { dateTime } from '../../lib/time';
import type { Export } from '../../lib/types';
import { purposeOf, reasonOf, shortId } from '../bits';
import { fieldTitle } from '../policy';
import { offered } from '../roles';
import { session } from '../session';
import { toast } from '../toast';
import { emptiness, problemBox, shown, Task, View } from '../view';
import '../dialogs/order';
import '../dialogs/release';

@customElement('kx-exports')
export class Exports extends View {
  @state() private ordering = false;
  @state() private releasing = '';
  @state() private opening = false;
  @state() private again = false;
  private readonly list = new Task<Export[]>(this);
  private readonly act = new Task<void>(this);
  private readonly attempt = new Attempt();

  override connectedCallback(): void {
    super.connectedCallback();
    this.load();
    addEventListener('kexin-job', this.load);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('kexin-job', this.load);
  }

  private load = (): void => {
    void this.list.start(async () => (await session.api.get<{ exports: Export[] }>('/v1/exports')).exports ?? []);
  };

  private revoke(id: string): void {
    void this.act.start(async () => {
      await session.api.post(`/v1/exports/${encodeURIComponent(id)}/revocations`, undefined, { idempotencyKey: this.attempt.keyFor(['revoke', id]) });
      toast(t('exports.revoked'));
      this.load();
    });
  }

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.exports')}</h1><p>${t('exports.text')}</p></div>
        <div class="row"><button type="button" class="button" id="export-refresh" @click=${this.load}>${t('action.refresh')}</button>
          <button type="button" class="button" id="export-open-file" @click=${() => { this.opening = true; }}>${t('open.title')}</button>
          ${offered(session.me?.role, 'order') ? html`<button type="button" class="button primary" id="export-order" @click=${() => { this.ordering = true; }}>${t('exports.order')}</button>` : nothing}</div></div>
      ${problemBox(this.act.problem)}
      ${shown(this.list, (list) => (list.length ? this.table(list) : emptiness(t('exports.none'), t('exports.none.text'))), this.load)}
      ${this.ordering ? html`<kx-order @closed=${() => { this.ordering = false; }} @changed=${this.load}></kx-order>` : nothing}
      ${this.releasing || this.opening ? html`<kx-release .export=${this.releasing} .again=${this.again} @closed=${() => { this.releasing = ''; this.opening = false; this.again = false; this.load(); }}></kx-release>` : nothing}
    </section>`;
  }

  private table(list: Export[]): TemplateResult {
    return html`<div class="scroll"><table class="cards"><caption class="visually-hidden">${t('nav.exports')}</caption>
      <thead><tr><th scope="col">${t('exports.export')}</th><th scope="col">${t('exports.why')}</th><th scope="col">${t('history.fields')}</th>
        <th scope="col">${t('exports.rows')}</th><th scope="col">${t('exports.state')}</th><th scope="col"><span class="visually-hidden">${t('record.acts')}</span></th></tr></thead>
      <tbody>${list.map((entry) => this.row(entry))}</tbody></table></div>`;
  }

  private row(entry: Export): TemplateResult {
    const waits = entry.state === 'requested';
    const ready = entry.state === 'ready';
    const released = entry.state === 'released';
    const over = ['revoked', 'expired', 'void', 'refused', 'failed'].includes(entry.state);
    const kind = ready || released ? 'ok' : over ? '' : 'warn';
    return html`<tr data-export=${entry.export} data-state=${entry.state}>
      <th scope="row">${shortId(entry.export)}<br /><span class="small muted">${dateTime(entry.created)}</span></th>
      <td data-label=${t('exports.why')}>${purposeOf(entry.purpose)}<br /><span class="small muted">${reasonOf(entry.reason)}</span></td>
      <td data-label=${t('history.fields')}>${(entry.fields ?? []).map((name) => fieldTitle(session.policy, name)).join(t('comma'))}</td>
      <td data-label=${t('exports.rows')}>${ready || released ? entry.rows : '–'}</td>
      <td data-label=${t('exports.state')}><span class="badge ${kind}">${coded('export', entry.state)}</span>
        ${waits && entry.approval ? html`<br /><span class="small muted">${t('exports.waits')} ${shortId(entry.approval)}</span>` : nothing}
        ${entry.expires && (ready || released) ? html`<br /><span class="small muted">${t('exports.until', { at: dateTime(entry.expires) })}</span>` : nothing}</td>
      <td><div class="row">
        ${ready ? html`<button type="button" class="button primary small" data-release @click=${() => { this.releasing = entry.export; }}>${t('release.open')}</button>` : nothing}
        ${released ? html`<button type="button" class="button small" data-again @click=${() => { this.releasing = entry.export; this.again = true; }}>${t('release.again')}</button>` : nothing}
        ${!over && offered(session.me?.role, 'revoke') ? html`<button type="button" class="button danger small" data-revoke ?disabled=${this.act.busy} @click=${() => this.revoke(entry.export)}>${t('exports.revoke')}</button>` : nothing}
      </div></td></tr>`;
  }
}

