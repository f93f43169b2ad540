// Customers: the list of a department, and finding one by a part of an identifier or name.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { coded, t, type Key } from '../../i18n/index';
import type { Card, Field } from '../../lib/types';
import { cardFields, cardName, departmentOf, options, shortId, stateBadge } from '../bits';
import { fieldTitle, formFields } from '../policy';
import { session } from '../session';
import { emptiness, problemBox, shown, Task, View } from '../view';

interface Page { customers: Card[]; next?: string }

const LIMIT = 20;

@customElement('kx-customers')
export class Customers extends View {
  @state() private department = ''; // every department that one may list
  @state() private mine = false;
  @state() private trail: string[] = ['']; // cursors of the pages up to this one
  @state() private field = '';
  @state() private kind = '';
  private readonly list = new Task<Page>(this);
  private readonly search = new Task<Card[]>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    this.chooseField(this.searchable()[0]?.name ?? '');
    this.load();
  }

  private load(): void {
    const query = new URLSearchParams({ limit: String(LIMIT) });
    if (this.department) query.set('department', this.department);
    if (this.mine && session.me) query.set('owner', session.me.staff);
    const cursor = this.trail.at(-1);
    if (cursor) query.set('cursor', cursor);
    void this.list.start(() => session.api.get<Page>(`/v1/customers?${query}`));
  }

  private turn(trail: string[]): void {
    this.trail = trail;
    this.load();
  }

  private searchable(): Field[] {
    return formFields(session.policy).filter((field) => kindsOf(field).length > 0);
  }

  private chooseField(name: string): void {
    this.field = name;
    this.kind = kindsOf(this.searchable().find((field) => field.name === name))[0] ?? '';
  }

  private find(event: Event): void {
    event.preventDefault();
    const text = new FormData(event.target as HTMLFormElement).get('text');
    if (typeof text !== 'string' || !text.trim()) return;
    void this.search.start(async () => {
      const body = { field: this.field, kind: this.kind, text: text.trim() };
      return (await session.api.post<{ customers: Card[] }>('/v1/customers/search', body)).customers ?? [];
    });
  }

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.customers')}</h1><p>${t('customers.text')}</p></div></div>
      ${this.searchPanel()}
      ${this.search.state === 'idle' ? this.listPanel() : this.found()}
    </section>`;
  }

  private searchPanel(): TemplateResult {
    const fields = this.searchable();
    const kinds = kindsOf(fields.find((field) => field.name === this.field));
    return html`<form class="panel stack" id="search" role="search" @submit=${(event: Event) => this.find(event)}>
      <h2>${t('search.title')}</h2>
      <div class="filters">
        <div class="field"><label for="search-field">${t('search.field')}</label>
          <select id="search-field" @change=${(event: Event) => this.chooseField((event.target as HTMLSelectElement).value)}>
            ${fields.map((field) => html`<option value=${field.name} .selected=${field.name === this.field}>${fieldTitle(session.policy, field.name)}</option>`)}</select></div>
        <div class="field"><label for="search-kind">${t('search.kind')}</label>
          <select id="search-kind" @change=${(event: Event) => { this.kind = (event.target as HTMLSelectElement).value; }}>
            ${kinds.map((kind) => html`<option value=${kind} .selected=${kind === this.kind}>${coded('search.kind', kind)}</option>`)}</select></div>
        <div class="field"><label for="search-text">${t('search.text')}</label>
          <input id="search-text" name="text" autocomplete="off" spellcheck="false" required aria-describedby="search-hint" /></div>
        <button class="button primary" ?disabled=${this.search.busy}>${t('search.go')}</button>
      </div>
      <p class="help" id="search-hint">${this.kind ? t(`search.hint.${this.kind}` as Key) : nothing} ${t('search.private')}</p>
    </form>`;
  }

  private found(): TemplateResult {
    return html`<div class="row between"><h2>${t('search.result')}</h2>
        <button type="button" class="button" @click=${() => this.search.clear()}>${t('search.back')}</button></div>
      ${this.search.problem ? problemBox(this.search.problem)
        : shown(this.search, (cards) => (cards.length ? table(cards) : emptiness(t('search.none'), t('search.none.text'))), () => {})}`;
  }

  private listPanel(): TemplateResult {
    return html`<div class="panel filters">
        <div class="field"><label for="department">${t('customers.department')}</label>
          <select id="department" @change=${(event: Event) => { this.department = (event.target as HTMLSelectElement).value; this.turn(['']); }}>
            ${options(session.policy?.departments, this.department, t('customers.anyDepartment'))}</select></div>
        <label class="choice" for="mine"><input type="checkbox" id="mine" .checked=${this.mine}
          @change=${(event: Event) => { this.mine = (event.target as HTMLInputElement).checked; this.turn(['']); }} /><span>${t('customers.mine')}</span></label>
      </div>
      ${shown(this.list, (page) => html`
        ${page.customers?.length ? table(page.customers) : emptiness(t('customers.none'), t('customers.none.text'))}
        ${this.pager(page)}`, () => this.load())}`;
  }

  private pager(page: Page): TemplateResult {
    return html`<nav class="row between" aria-label=${t('pager')}>
      <button type="button" class="button" ?disabled=${this.trail.length < 2 || this.list.busy} @click=${() => this.turn(this.trail.slice(0, -1))}>← ${t('pager.previous')}</button>
      <span class="muted">${t('pager.page', { n: this.trail.length })}</span>
      <button type="button" class="button" ?disabled=${!page.next || this.list.busy} @click=${() => this.turn([...this.trail, page.next!])}>${t('pager.next')} →</button>
    </nav>`;
  }
}

// kindsOf gives the ways in which a field can be searched: by the whole identifier, or as the pack allows.
function kindsOf(field: Field | undefined): string[] {
  return [...(field?.unique ? ['identifier'] : []), ...(field?.search ?? []).filter((kind) => kind !== 'identifier')];
}

function table(cards: Card[]): TemplateResult {
  return html`<div class="scroll"><table class="cards"><caption class="visually-hidden">${t('nav.customers')}</caption>
    <thead><tr><th scope="col">${t('card.customer')}</th><th scope="col">${t('card.data')}</th><th scope="col">${t('card.kind')}</th>
      <th scope="col">${t('card.department')}</th><th scope="col">${t('card.state')}</th></tr></thead>
    <tbody>${cards.map((card) => html`<tr>
      <th scope="row"><a href="#/customers/${card.customer}">${cardName(card)}</a><br />${shortId(card.customer)}</th>
      <td>${cardFields(card)}</td>
      <td data-label=${t('card.kind')}>${coded('kind', card.kind)}</td>
      <td data-label=${t('card.department')}>${departmentOf(card.department)}</td>
      <td data-label=${t('card.state')}>${stateBadge(card.state)}</td></tr>`)}</tbody></table></div>`;
}
