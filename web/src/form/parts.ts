// The parts of the form that only show: notice, purposes, fields.
import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { coded, pick, t } from '../i18n/index';
import { hintFor } from '../lib/hints';
import { faultText, type Fault } from '../lib/problem';
import { period } from '../lib/time';
import type { Field, Form, Purpose } from '../lib/types';
import { usable, type Filled } from './state';

/** What the parts need to know of the form that they are in. */
export interface Context {
  filled: Filled;
  faultAt(path: string): Fault | undefined;
  change(edit: (filled: Filled) => void): void;
  /** Names of fields that were left once: hints wait until then. */
  left: Set<string>;
}

/** The whole notice, all parts open: nobody has to click to be informed. */
export function noticeView(form: Form, staff: boolean): TemplateResult {
  return html`
    <section class="panel notice" aria-labelledby="notice-title">
      <p class="step">${t(staff ? 'form.step.notice.staff' : 'form.step.notice')}</p>
      <h2 id="notice-title">${pick(form.notice.title)}</h2>
      <dl class="parts">
        ${form.notice.parts.map(({ part, text }) => html`<div class="part"><dt>${coded('part', part)}</dt><dd>${pick(text)}</dd></div>`)}
      </dl>
      <p class="help">${t('form.notice.version', { version: form.notice.version })}</p>
    </section>`;
}

/** One purpose: a box that starts empty, or plain words where nothing is asked. */
export function purposeView(purpose: Purpose, context: Context): TemplateResult {
  const fault = context.faultAt(`consents.${purpose.id}`);
  const id = `c-${purpose.id}`;
  const about = html`
    <span class="help" id="${id}-about">${pick(purpose.necessity)}${purpose.retention
      ? html` · ${t('form.purpose.retention', { period: period(purpose.retention) })}` : nothing}</span>`;
  if (!purpose.asks) {
    return html`<div class="purpose"><strong>${pick(purpose.title)}</strong>
      <span class="badge">${coded('basis', purpose.basis)}</span><br />${about}</div>`;
  }
  return html`
    <div class="purpose">
      <label class="choice" for=${id}>
        <input type="checkbox" id=${id} .checked=${live(context.filled.consents[purpose.id] === true)}
          aria-describedby="${id}-about ${id}-rule ${fault ? `${id}-error` : ''}" aria-invalid=${ifDefined(fault ? 'true' : undefined)}
          @change=${(event: Event) => context.change((filled) => { filled.consents[purpose.id] = (event.target as HTMLInputElement).checked; })} />
        <span><strong>${t('form.purpose.agree', { purpose: pick(purpose.title) })}</strong>
          ${purpose.mandatory ? html`<span class="required">* ${t('form.required')}</span>` : html`<span class="badge">${t('form.voluntary')}</span>`}
          <br />${about}</span>
      </label>
      <p class="help rule" id="${id}-rule">${t(purpose.mandatory ? 'form.purpose.mandatory' : 'form.purpose.voluntary')}</p>
      ${errorView(id, fault)}
    </div>`;
}

/** One field with its necessity; a sensitive one behind a consent of its own. */
export function fieldView(field: Field, context: Context): TemplateResult {
  return field.separate_consent ? sensitiveView(field, context) : plainView(field, context);
}

function plainView(field: Field, context: Context): TemplateResult {
  const wide = field.type === 'text' || field.name.includes('address');
  return html`<div class="field ${wide ? 'wide' : ''}">${labelView(field)}${inputView(field, context)}</div>`;
}

function sensitiveView(field: Field, context: Context): TemplateResult {
  const id = `s-${field.name}`;
  const fault = context.faultAt(`separate_consents.${field.name}`);
  const agreed = usable(field, context.filled);
  return html`
    <fieldset class="sensitive wide ${agreed ? 'open' : ''}">
      <legend>${pick(field.title)} <span class="badge warn">${t('form.sensitive')}</span></legend>
      <dl class="why" id="${id}-about">
        <div><dt>${t('form.sensitive.necessity')}</dt><dd>${pick(field.necessity)}</dd></div>
        ${pick(field.effect) ? html`<div><dt>${t('form.sensitive.effect')}</dt><dd>${pick(field.effect)}</dd></div>` : nothing}
      </dl>
      <label class="choice" for=${id}>
        <input type="checkbox" id=${id} .checked=${live(agreed)} aria-describedby="${id}-about"
          @change=${(event: Event) => agree(field, (event.target as HTMLInputElement).checked, context)} />
        <span>${t('form.sensitive.agree', { field: pick(field.title) })}</span>
      </label>
      ${errorView(id, fault)}
      <div class="field">${labelView(field)}${inputView(field, context)}</div>
    </fieldset>`;
}

// agree takes a separate consent, or takes it back together with what was typed.
function agree(field: Field, given: boolean, context: Context): void {
  context.change((filled) => {
    filled.separate[field.name] = given;
    if (!given) filled.values[field.name] = '';
  });
}

function labelView(field: Field): TemplateResult {
  return html`
    <label for="f-${field.name}">${pick(field.title)}
      ${field.required ? html`<span class="required">* ${t('form.required')}</span>` : html`<span class="optional">${t('form.optional')}</span>`}</label>`;
}

function inputView(field: Field, context: Context): TemplateResult {
  const fault = context.faultAt(`fields.${field.name}`);
  const value = context.filled.values[field.name] ?? '';
  const enabled = usable(field, context.filled);
  const hint = context.left.has(field.name) ? hintFor(field.check, value, field.max_length) : undefined;
  return html`
    ${controlView(field, value, enabled, !!fault, context)}
    ${field.separate_consent ? nothing : html`<span class="help" id="n-${field.name}">${pick(field.necessity)}</span>`}
    ${field.separate_consent && !enabled ? html`<span class="help" id="n-${field.name}">${t('form.sensitive.locked')}</span>` : nothing}
    <span class="hint" id="h-${field.name}" aria-live="polite">${hint && !fault ? t(hint) : nothing}</span>
    ${errorView(`f-${field.name}`, fault)}`;
}

function controlView(field: Field, value: string, enabled: boolean, invalid: boolean, context: Context): TemplateResult {
  const id = `f-${field.name}`;
  const described = `n-${field.name} h-${field.name}${invalid ? ` ${id}-error` : ''}`;
  const typed = (event: Event) => context.change((filled) => { filled.values[field.name] = (event.target as HTMLInputElement).value; });
  const left = () => context.change(() => context.left.add(field.name));
  const isInvalid = ifDefined(invalid ? 'true' : undefined);
  const isRequired = ifDefined(field.required ? 'true' : undefined);
  if (field.options?.length) {
    return html`<select id=${id} aria-describedby=${described} aria-invalid=${isInvalid} aria-required=${isRequired} ?disabled=${!enabled} @change=${typed}>
      <option value="" .selected=${value === ''}>${t('form.choose')}</option>
      ${field.options.map((option) => html`<option value=${option.value} .selected=${value === option.value}>${pick(option.title)}</option>`)}
    </select>`;
  }
  if (field.type === 'text') {
    return html`<textarea id=${id} .value=${live(value)} aria-describedby=${described} aria-invalid=${isInvalid} aria-required=${isRequired}
      ?disabled=${!enabled} @input=${typed} @blur=${left}></textarea>`;
  }
  const look = looks[field.check ?? ''] ?? looks[field.type] ?? {};
  return html`<input id=${id} type=${look.type ?? 'text'} .value=${live(value)} inputmode=${ifDefined(look.inputmode)}
    autocomplete=${(look.autocomplete ?? completions[field.name] ?? 'off') as 'off'} spellcheck="false"
    aria-describedby=${described} aria-invalid=${isInvalid} aria-required=${isRequired} ?disabled=${!enabled} @input=${typed} @blur=${left} />`;
}

interface Look { type?: string; inputmode?: 'tel' | 'email' | 'numeric' | 'text'; autocomplete?: string }

const looks: Record<string, Look> = {
  phone: { type: 'tel', inputmode: 'tel', autocomplete: 'tel' },
  email: { type: 'text', inputmode: 'email', autocomplete: 'email' },
  person_name: { autocomplete: 'name' },
  company_name: { autocomplete: 'organization' },
  date: { type: 'date' },
  int: { inputmode: 'numeric' },
};

const completions: Record<string, string> = { contact_address: 'street-address', home_address: 'off' };

/** What is wrong with a control. */
export function errorView(id: string, fault: Fault | undefined): TemplateResult | typeof nothing {
  return fault ? html`<p class="error" id="${id}-error">${faultText(fault)}</p>` : nothing;
}
