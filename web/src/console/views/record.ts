// One customer for one purpose: what that purpose needs and nothing else, with masks, levels, and the acts that the role may ask for.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { coded, t } from '../../i18n/index';
import { dateTime, day } from '../../lib/time';
import type { CustomerRecord } from '../../lib/types';
import { departmentOf, levelBadge, options, purposeOf, shortId, stateBadge, valueView } from '../bits';
import { fieldTitle, formFields, usedPurposes, usualPurpose } from '../policy';
import { offered } from '../roles';
import { session } from '../session';
import { shown, Task, View } from '../view';
import '../dialogs/destroy';
import '../dialogs/edit';
import '../dialogs/hold';
import '../dialogs/reveal';
import '../dialogs/withdraw';
import './history';

type Act = '' | 'edit' | 'withdraw' | 'hold' | 'destroy';

@customElement('kx-record')
export class Record extends View {
  @property() customer = '';
  @state() private purpose = '';
  @state() private act: Act = '';
  @state() private revealing = '';
  @state() private tab: 'data' | 'history' = 'data';
  private readonly record = new Task<CustomerRecord>(this);

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('customer')) {
      this.act = '';
      this.revealing = '';
      this.tab = 'data';
      this.record.clear();
      this.purpose ||= usualPurpose(session.policy);
      this.load();
    }
  }

  private load(): void {
    void this.record.start(async () => {
      const path = `/v1/customers/${encodeURIComponent(this.customer)}?purpose=${encodeURIComponent(this.purpose)}`;
      const answer = await session.api.ask<CustomerRecord>(path);
      return { ...answer.data, version: answer.version ?? answer.data.version };
    });
  }

  private choosePurpose(purpose: string): void {
    this.purpose = purpose;
    this.record.clear();
    this.load();
  }

  private close = (): void => {
    this.act = '';
    this.revealing = '';
  };

  private changed = (): void => this.load();

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <p class="no-print"><a href="#/customers">← ${t('nav.customers')}</a></p>
      <div class="heading"><div><h1>${t('record.title')} ${shortId(this.customer)}</h1><p>${t('record.text')}</p></div>
        <div class="row"><button type="button" class="button" @click=${() => print()}>${t('record.print')}</button></div></div>
      <div class="panel filters no-print">
        <div class="field"><label for="purpose">${t('record.purpose')}</label>
          <select id="purpose" aria-describedby="purpose-help" @change=${(event: Event) => this.choosePurpose((event.target as HTMLSelectElement).value)}>
            ${options(usedPurposes(session.policy), this.purpose)}</select></div>
        <p class="help" id="purpose-help">${t('record.purpose.help')}</p>
      </div>
      ${this.tabs()}
      ${this.tab === 'history' ? html`<kx-history .customer=${this.customer}></kx-history>`
        : shown(this.record, (record) => this.card(record), () => this.load())}
    </section>`;
  }

  private tabs(): TemplateResult | typeof nothing {
    if (!offered(session.me?.role, 'history')) return nothing;
    const tab = (name: 'data' | 'history') => html`<button type="button" role="tab" id="tab-${name}" aria-selected=${this.tab === name}
      @click=${() => { this.tab = name; }}>${t(`record.tab.${name}`)}</button>`;
    return html`<div class="tabs" role="tablist" aria-label=${t('record.title')}>${tab('data')}${tab('history')}</div>`;
  }

  private card(record: CustomerRecord): TemplateResult {
    return html`<div class="stack" id="card">
      ${this.facts(record)}
      ${this.fields(record)}
      ${this.consents(record)}
      ${this.actions(record)}
      <p class="print-only">${t('record.printed', { name: session.me?.name ?? '', time: dateTime(Date.now() / 1000) })}</p>
      ${this.dialogs(record)}
    </div>`;
  }

  private facts(record: CustomerRecord): TemplateResult {
    const fact = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`<div class="panel"><dl class="facts">
      ${fact(t('card.state'), html`${stateBadge(record.state)} ${record.held ? html`<span class="badge info">${t('record.held')}</span>` : nothing}`)}
      ${fact(t('card.kind'), coded('kind', record.kind))}
      ${record.stage ? fact(t('record.stage'), coded('stage', record.stage)) : nothing}
      ${fact(t('card.department'), departmentOf(record.department))}
      ${fact(t('record.owner'), record.owner ? shortId(record.owner) : t('record.owner.none'))}
      ${fact(t('record.purpose'), purposeOf(record.purpose))}
      ${fact(t('record.deadline'), day(record.deadline))}
      ${fact(t('record.version'), String(record.version))}
    </dl></div>`;
  }

  private fields(record: CustomerRecord): TemplateResult {
    const order = formFields(session.policy).map(({ name }) => name);
    const names = Object.keys(record.fields ?? {}).sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const hidden = (record.hidden ?? []).filter((name) => !names.includes(name));
    if (names.length + hidden.length === 0) return html`<div class="panel state"><h2>${t('record.none')}</h2><p>${t('record.none.text')}</p></div>`;
    return html`<div class="scroll"><table class="cards"><caption class="visually-hidden">${t('record.tab.data')}</caption>
      <thead><tr><th scope="col">${t('record.field')}</th><th scope="col">${t('record.value')}</th><th scope="col">${t('record.level')}</th>
        <th scope="col"><span class="visually-hidden">${t('record.acts')}</span></th></tr></thead>
      <tbody>
        ${names.map((name) => html`<tr data-field=${name}><th scope="row">${fieldTitle(session.policy, name)}</th><td>${valueView(record.fields[name])}</td>
          <td>${levelBadge(record.fields[name]!.level)}</td><td>${record.fields[name]!.value === undefined ? this.revealButton(name) : nothing}</td></tr>`)}
        ${hidden.map((name) => html`<tr data-field=${name}><th scope="row">${fieldTitle(session.policy, name)}</th><td class="muted">${t('record.hidden')}</td>
          <td>${levelBadge(this.levelOf(name))}</td><td>${this.revealButton(name)}</td></tr>`)}
      </tbody></table></div>`;
  }

  private revealButton(name: string): TemplateResult {
    return html`<button type="button" class="button small" data-reveal=${name} @click=${() => { this.revealing = name; }}>${t('reveal.open')}<span
      class="visually-hidden"> ${fieldTitle(session.policy, name)}</span></button>`;
  }

  private levelOf(name: string): string {
    return session.policy?.fields.find((field) => field.name === name)?.level ?? 'L3';
  }

  private consents(record: CustomerRecord): TemplateResult | typeof nothing {
    const consents = record.consents ?? [];
    if (consents.length === 0) return nothing;
    return html`<div class="panel stack tight"><h2>${t('record.consents')}</h2><ul class="card-fields">${consents.map(({ purpose, live }) => html`
      <li><span class="badge ${live ? 'ok' : ''}">${t(live ? 'consent.given' : 'consent.none')}</span> ${purposeOf(purpose)}</li>`)}</ul></div>`;
  }

  private actions(record: CustomerRecord): TemplateResult {
    const role = session.me?.role;
    const button = (act: Act, text: string, kind = '') => html`<button type="button" class="button ${kind}" id="act-${act}" @click=${() => { this.act = act; }}>${text}</button>`;
    return html`<div class="row actions no-print">
      ${offered(role, 'edit') ? button('edit', t('edit.open')) : nothing}
      ${offered(role, 'withdraw') ? button('withdraw', t('withdraw.open')) : nothing}
      ${offered(role, 'hold') ? button('hold', t(record.held ? 'hold.lift' : 'hold.place')) : nothing}
      ${offered(role, 'destroy') ? button('destroy', t('destroy.open'), 'danger') : nothing}
    </div>`;
  }

  private dialogs(record: CustomerRecord): TemplateResult {
    return html`
      ${this.revealing ? html`<kx-reveal .customer=${this.customer} .purpose=${this.purpose} .field=${this.revealing}
        .level=${record.fields[this.revealing]?.level ?? this.levelOf(this.revealing)} @closed=${this.close}></kx-reveal>` : nothing}
      ${this.act === 'edit' ? html`<kx-edit .record=${record} .purpose=${this.purpose} @changed=${this.changed} @closed=${this.close}></kx-edit>` : nothing}
      ${this.act === 'withdraw' ? html`<kx-withdraw .record=${record} @changed=${this.changed} @closed=${this.close}></kx-withdraw>` : nothing}
      ${this.act === 'hold' ? html`<kx-hold .record=${record} @changed=${this.changed} @closed=${this.close}></kx-hold>` : nothing}
      ${this.act === 'destroy' ? html`<kx-destroy .record=${record} @changed=${this.changed} @closed=${this.close}></kx-destroy>` : nothing}`;
  }
}
