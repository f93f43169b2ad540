// Changing values. Masked ones stay masked: a new value replaces them, an empty input leaves them as they are.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { pick, t } from '../../i18n/index';
import { faultText } from '../../lib/problem';
import type { Field } from '../../lib/types';
import { levelBadge } from '../bits';
import { formFields } from '../policy';
import { session } from '../session';
import { ChangeDialog } from './change';

@customElement('kx-edit')
export class Edit extends ChangeDialog {
  @property() purpose = '';
  @state() private typed: Record<string, string> = {};
  @state() private removed: Record<string, boolean> = {};

  // fields are those that the company's forms ask of this kind of customer, or that this one has, as far as the purpose uses them.
  private fields(): Field[] {
    const present = [...Object.keys(this.record.fields), ...(this.record.hidden ?? [])];
    const known = formFields(session.policy);
    const others = (session.policy?.fields ?? []).filter((field) => present.includes(field.name) && !known.includes(field));
    return [...known, ...others].filter((field) => (!field.kinds?.length || field.kinds.includes(this.record.kind))
      && (!field.purposes?.length || field.purposes.includes(this.purpose)));
  }

  /** Only what differs: a new value, or null for one that is to be removed. */
  private changes(): Record<string, string | null> {
    const changes: Record<string, string | null> = {};
    for (const { name } of this.fields()) {
      const typed = this.typed[name];
      if (this.removed[name]) changes[name] = null;
      else if (typed !== undefined && typed.trim() !== '' && typed !== this.record.fields[name]?.value) changes[name] = typed.trim();
    }
    return changes;
  }

  private save(event: Event): void {
    event.preventDefault();
    this.change('PATCH', '', { purpose: this.purpose, fields: this.changes() }, t('edit.done'));
  }

  protected override render(): TemplateResult {
    return html`<kx-modal heading=${t('edit.title')} @closed=${() => this.tell('closed')}>
      <form class="stack" @submit=${(event: Event) => this.save(event)}>
        <p class="help">${t('edit.text')}</p>
        ${this.trouble()}
        ${this.fields().map((field) => this.row(field))}
        ${this.buttons(t('edit.save'), { disabled: Object.keys(this.changes()).length === 0 })}
      </form></kx-modal>`;
  }

  private row(field: Field): TemplateResult {
    const { name } = field;
    const shown = this.record.fields[name];
    const fault = this.act.problem?.at(`fields.${name}`);
    const value = this.typed[name] ?? shown?.value ?? '';
    const type = (event: Event) => { this.typed = { ...this.typed, [name]: (event.target as HTMLInputElement).value }; };
    const described = `edit-${name}-help`;
    return html`<div class="field"><label for="edit-${name}">${pick(field.title)} ${levelBadge(field.level)}</label>
      ${field.options?.length
        ? html`<select id="edit-${name}" ?disabled=${this.removed[name]} @change=${type} aria-describedby=${described}>
            <option value="" .selected=${value === ''}>${t('form.choose')}</option>
            ${field.options.map((option) => html`<option value=${option.value} .selected=${option.value === value}>${pick(option.title)}</option>`)}</select>`
        : html`<input id="edit-${name}" .value=${value} autocomplete="off" spellcheck="false" ?disabled=${this.removed[name]}
            aria-invalid=${fault ? 'true' : 'false'} @input=${type} aria-describedby=${described} />`}
      <span id=${described}>${shown?.masked ? html`<span class="help">${t('edit.masked', { mask: shown.masked })}</span>` : nothing}
        ${fault ? html`<span class="error">${faultText(fault)}</span>` : nothing}</span>
      ${shown && !field.required ? html`<label class="choice small"><input type="checkbox" .checked=${this.removed[name] === true}
        @change=${(event: Event) => { this.removed = { ...this.removed, [name]: (event.target as HTMLInputElement).checked }; }} /><span>${t('edit.remove')}</span></label>` : nothing}
    </div>`;
  }
}
