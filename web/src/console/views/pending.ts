// Submissions whose phone, e-mail or ID number is already known: the same person, or another one? Both sides masked, side by side.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { coded, t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import { dateTime, day } from '../../lib/time';
import type { Card, Pending } from '../../lib/types';
import { cardName, departmentOf, levelBadge, options, shortId, stateBadge, valueView } from '../bits';
import { fieldTitle } from '../policy';
import { session } from '../session';
import { toast } from '../toast';
import { emptiness, problemBox, shown, Task, View } from '../view';

interface Page { pending: Pending[]; next?: string }

@customElement('kx-pending')
export class PendingView extends View {
  @state() private list: Pending[] = [];
  @state() private into: Record<string, string> = {};
  @state() private refusing = '';
  @state() private reason = '';
  private readonly page = new Task<Page>(this);
  private readonly act = new Task<void>(this);
  private readonly attempt = new Attempt();

  override connectedCallback(): void {
    super.connectedCallback();
    this.load('');
  }

  private load(cursor: string): void {
    void this.page.start(async () => {
      const page = await session.api.get<Page>(`/v1/pending${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
      this.list = cursor ? [...this.list, ...(page.pending ?? [])] : page.pending ?? [];
      return page;
    });
  }

  private send(pending: Pending, path: 'merge' | 'refuse', body: unknown, said: string): void {
    const id = pending.card.customer;
    void this.act.start(async () => {
      await session.api.post(`/v1/pending/${encodeURIComponent(id)}/${path}`, body,
        { idempotencyKey: this.attempt.keyFor([id, path, body]) });
      toast(said);
      this.list = this.list.filter((entry) => entry !== pending);
      this.refusing = '';
    });
  }

  private chosen(pending: Pending): string {
    return this.into[pending.card.customer] ?? pending.matches?.[0]?.customer ?? '';
  }

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.pending')}</h1><p>${t('pending.text')}</p></div></div>
      ${problemBox(this.act.problem)}
      ${shown(this.page, (page) => html`
        ${this.list.length === 0 ? emptiness(t('pending.none'), t('pending.none.text')) : this.list.map((pending) => this.one(pending))}
        ${page.next ? html`<button type="button" class="button" @click=${() => this.load(page.next!)}>${t('pager.more')}</button>` : nothing}`, () => this.load(''))}
    </section>`;
  }

  private one(pending: Pending): TemplateResult {
    const id = pending.card.customer;
    const matches = pending.matches ?? [];
    const target = matches.find((card) => card.customer === this.chosen(pending));
    return html`<article class="panel stack" data-pending=${id} aria-label="${t('pending.new')} ${cardName(pending.card)}">
      <p class="row"><span class="badge">${coded('channel', pending.channel ?? '', '')}</span>
        <span class="muted">${t('pending.received', { at: dateTime(pending.received) })} · ${t('pending.until', { day: day(pending.deadline) })}</span></p>
      ${matches.length > 1 ? html`<div class="field"><label for="into-${id}">${t('pending.choose')}</label>
        <select id="into-${id}" @change=${(event: Event) => { this.into = { ...this.into, [id]: (event.target as HTMLSelectElement).value }; }}>
          ${matches.map((card) => html`<option value=${card.customer} .selected=${card.customer === target?.customer}>${cardName(card)} ${card.customer}</option>`)}</select></div>` : nothing}
      ${compare(pending.card, target)}
      ${pending.ask_again?.length ? html`<p class="help" data-ask-again>${t('pending.askAgain', { fields: pending.ask_again.map((name) => fieldTitle(session.policy, name)).join(', ') })}</p>` : nothing}
      ${this.refusing === id ? this.refusal(pending) : html`<div class="row">
        <button type="button" class="button primary" data-merge ?disabled=${!target || this.act.busy}
          @click=${() => this.send(pending, 'merge', { into: target!.customer, version: target!.version }, t('pending.merged'))}>${t('pending.merge')}</button>
        <button type="button" class="button danger" data-refuse ?disabled=${this.act.busy} @click=${() => { this.refusing = id; this.reason = ''; }}>${t('pending.refuse')}</button></div>`}
    </article>`;
  }

  private refusal(pending: Pending): TemplateResult {
    return html`<div class="stack"><div class="field"><label for="refuse-reason">${t('reason')}</label>
        <select id="refuse-reason" @change=${(event: Event) => { this.reason = (event.target as HTMLSelectElement).value; }}>
          ${options(session.policy?.reasons, this.reason, t('form.choose'))}</select></div>
      <p class="help">${t('pending.refuse.text')}</p>
      <div class="row"><button type="button" class="button" @click=${() => { this.refusing = ''; }}>${t('action.cancel')}</button>
        <button type="button" class="button danger" ?disabled=${!this.reason || this.act.busy}
          @click=${() => this.send(pending, 'refuse', { reason: this.reason }, t('pending.refused'))}>${t('pending.refuse')}</button></div></div>`;
  }
}

// compare puts the fields of both next to each other; what is equal in its mask is marked.
function compare(card: Card, other: Card | undefined): TemplateResult {
  const names = [...new Set([...Object.keys(card.fields ?? {}), ...Object.keys(other?.fields ?? {})])];
  const text = (from: Card | undefined, name: string) => from?.fields?.[name]?.value ?? from?.fields?.[name]?.masked;
  return html`<div class="scroll"><table><caption class="visually-hidden">${t('pending.compare')}</caption>
    <thead><tr><th scope="col">${t('record.field')}</th><th scope="col">${t('pending.new')}</th><th scope="col">${t('pending.known')}</th></tr></thead>
    <tbody>
      <tr><th scope="row">${t('card.customer')}</th><td>${shortId(card.customer)} ${stateBadge(card.state)}</td>
        <td>${other ? html`<a href="#/customers/${other.customer}">${shortId(other.customer)}</a> ${stateBadge(other.state)}` : '–'}</td></tr>
      <tr><th scope="row">${t('card.kind')}</th><td>${coded('kind', card.kind)}</td><td>${other ? coded('kind', other.kind) : '–'}</td></tr>
      <tr><th scope="row">${t('card.department')}</th><td>${departmentOf(card.department)}</td><td>${departmentOf(other?.department)}</td></tr>
      ${names.map((name) => {
        const same = text(card, name) !== undefined && text(card, name) === text(other, name);
        return html`<tr><th scope="row">${fieldTitle(session.policy, name)} ${levelBadge((card.fields[name] ?? other?.fields[name])!.level)}</th>
          <td>${valueView(card.fields[name])}</td><td>${valueView(other?.fields[name])} ${same ? html`<span class="badge ok">${t('pending.same')}</span>` : nothing}</td></tr>`;
      })}
    </tbody></table></div>`;
}
