// Small pieces that several views show.
import { html, nothing, type TemplateResult } from 'lit';
import { coded, pick, t, type Text } from '../i18n/index';
import { day } from '../lib/time';
import type { Card, Shown, Titled } from '../lib/types';
import { fieldTitle, levelLabel, titleIn } from './policy';
import { session } from './session';

/** The level of a field in the pack's words. */
export function levelBadge(level: string): TemplateResult {
  return html`<span class="badge ${level}" title=${level}>${levelLabel(session.policy, level)}</span>`;
}

/** The state of a customer. */
export function stateBadge(state: string): TemplateResult {
  const kind = { live: 'ok', pending: 'warn', restricted: 'info' }[state] ?? '';
  return html`<span class="badge ${kind}">${coded('state', state)}</span>`;
}

/** An id as short as is useful to a person; whole in the title. */
export function shortId(id: string): TemplateResult {
  return html`<span class="mono nowrap" title=${id}>${id.length > 14 ? `${id.slice(0, 12)}…` : id}</span>`;
}

/** A value or its mask. */
export function valueView(shown: Shown | undefined): TemplateResult {
  if (!shown) return html`<span class="muted">–</span>`;
  if (shown.value !== undefined) return html`<span class="value">${shown.value}</span>`;
  if (!shown.masked) return html`<span class="muted">–</span>`;
  return html`<span class="masked">${shown.masked}<span class="visually-hidden"> ${t('card.masked')}</span></span>`;
}

/** What to call a customer in a list: the masked name. */
export function cardName(card: Card): string {
  for (const name of ['name', 'company_name', 'contact_person_name']) {
    const shown = card.fields?.[name];
    if (shown?.masked || shown?.value) return shown.value ?? shown.masked ?? '';
  }
  return t('card.unnamed');
}

/** The other values of a card, in one line each. */
export function cardFields(card: Card): TemplateResult {
  const names = Object.keys(card.fields ?? {}).filter((name) => !['name', 'company_name'].includes(name));
  return html`<ul class="card-fields">${names.map((name) => html`<li><span class="muted">${fieldTitle(session.policy, name)}</span> ${valueView(card.fields[name])}</li>`)}</ul>`;
}

/** Department by its title. */
export const departmentOf = (id: string | undefined): string => titleIn(session.policy?.departments, id);

/** Purpose by its title. */
export const purposeOf = (id: string | undefined): string => titleIn(session.policy?.purposes as Titled[] | undefined, id);

/** Reason by its title. */
export const reasonOf = (id: string | undefined): string => (id ? titleIn(session.policy?.reasons, id) : '–');

/** A role by its title. */
export function roleOf(role: string | undefined, title?: Text | string): string {
  return pick(title) || coded('role', role ?? '', '–');
}

/** A select of titled things. */
export function options(list: Titled[] | undefined, chosen: string, none = ''): unknown {
  return html`${none ? html`<option value="" .selected=${chosen === ''}>${none}</option>` : nothing}
    ${(list ?? []).map(({ id, title }) => html`<option value=${id} .selected=${id === chosen}>${pick(title)}</option>`)}`;
}

/** Until when a clearance holds. */
export function clearance(value: string | number | null | undefined): TemplateResult {
  return value ? html`<span class="nowrap">${day(value)}</span>` : html`<span class="badge danger">${t('staff.none')}</span>`;
}

