// Entries of the audit log about one customer. They hold ids and codes, never values.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { coded, t } from '../../i18n/index';
import { dateTime } from '../../lib/time';
import type { Entry } from '../../lib/types';
import { purposeOf, reasonOf, shortId } from '../bits';
import { fieldTitle } from '../policy';
import { session } from '../session';
import { emptiness, problemBox, shown, Task, View } from '../view';

interface Page { entries: Entry[]; next?: string }

@customElement('kx-history')
export class History extends View {
  @property() customer = '';
  /** Reads the log that auditors see instead of the customer's own history. */
  @property({ type: Boolean }) log = false;
  @state() private entries: Entry[] = [];
  private readonly page = new Task<Page>(this);

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('customer') || changed.has('log')) {
      this.page.clear();
      this.load('');
    }
  }

  private load(cursor: string): void {
    void this.page.start(async () => {
      const query = new URLSearchParams();
      if (this.log && this.customer) query.set('customer', this.customer);
      if (cursor) query.set('cursor', cursor);
      const path = this.log ? '/v1/audit' : `/v1/customers/${encodeURIComponent(this.customer)}/history`;
      const page = await session.api.get<Page>(`${path}${query.size ? `?${query}` : ''}`);
      this.entries = cursor ? [...this.entries, ...(page.entries ?? [])] : page.entries ?? [];
      return page;
    });
  }

  protected override render(): unknown {
    if (this.page.problem && this.entries.length) return html`${this.table()}${problemBox(this.page.problem)}`;
    return shown(this.page, (page) => (this.entries.length === 0 ? emptiness(t('history.none')) : html`${this.table()}
      ${page.next ? html`<div class="row"><button type="button" class="button" ?disabled=${this.page.busy} @click=${() => this.load(page.next!)}>${t('pager.more')}</button></div>` : nothing}`),
    () => this.load(''));
  }

  private table(): TemplateResult {
    return html`<div class="scroll"><table class="cards"><caption class="visually-hidden">${t('record.tab.history')}</caption>
      <thead><tr><th scope="col">${t('history.at')}</th><th scope="col">${t('history.act')}</th><th scope="col">${t('history.who')}</th>
        <th scope="col">${t('history.why')}</th><th scope="col">${t('history.fields')}</th></tr></thead>
      <tbody>${this.entries.map((entry) => html`<tr>
        <td class="nowrap" data-label=${t('history.at')}>${dateTime(entry.at)}</td>
        <td>${coded('action', entry.action)} <span class="badge ${{ allow: 'ok', deny: 'danger' }[entry.verdict] ?? 'info'}">${coded('verdict', entry.verdict)}</span>
          ${entry.code && entry.code !== 'allow' ? html`<br /><span class="small muted">${coded('denied', entry.code)}</span>` : nothing}</td>
        <td data-label=${t('history.who')}>${entry.actor ? shortId(entry.actor) : '–'}${entry.role ? html`<br /><span class="small muted">${coded('role', entry.role)}</span>` : nothing}</td>
        <td data-label=${t('history.why')}>${purposeOf(entry.purpose)}${entry.reason ? html`<br /><span class="small muted">${reasonOf(entry.reason)}</span>` : nothing}</td>
        <td data-label=${t('history.fields')}>${(entry.fields ?? []).map((name) => fieldTitle(session.policy, name)).join(t('comma')) || '–'}</td></tr>`)}</tbody></table></div>`;
  }
}
