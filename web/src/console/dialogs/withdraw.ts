// The customer takes back consents. What they alone allowed is destroyed.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { options, purposeOf } from '../bits';
import { fieldTitle } from '../policy';
import { session } from '../session';
import { ChangeDialog } from './change';

@customElement('kx-withdraw')
export class Withdraw extends ChangeDialog {
  @state() private purposes: string[] = [];
  @state() private names: string[] = [];
  @state() private channel = session.policy?.channels.find((channel) => !channel.public)?.id ?? '';

  private given(): string[] {
    return (this.record.consents ?? []).filter(({ live }) => live).map(({ purpose }) => purpose);
  }

  // separate are the sensitive fields that this customer has and that stand on a consent of their own.
  private separate(): string[] {
    const present = new Set([...Object.keys(this.record.fields ?? {}), ...(this.record.hidden ?? [])]);
    return (session.policy?.fields ?? []).filter((field) => field.separate_consent && present.has(field.name)).map((field) => field.name);
  }

  private send(event: Event): void {
    event.preventDefault();
    this.change('POST', '/withdrawals', { purposes: this.purposes, fields: this.names, channel: this.channel }, t('withdraw.done'));
  }

  protected override render(): TemplateResult {
    const box = (id: string, title: string, chosen: string[], set: (list: string[]) => void) => html`<label class="choice"><input type="checkbox" value=${id}
      .checked=${chosen.includes(id)} @change=${(event: Event) => set((event.target as HTMLInputElement).checked ? [...chosen, id] : chosen.filter((entry) => entry !== id))} />
      <span>${title}</span></label>`;
    return html`<kx-modal heading=${t('withdraw.title')} @closed=${() => this.tell('closed')}>
      <form class="stack" @submit=${(event: Event) => this.send(event)}>
        <p class="note warn">${t('withdraw.text')}</p>
        ${this.trouble()}
        <fieldset class="checks"><legend>${t('withdraw.purposes')}</legend>
          ${this.given().map((id) => box(id, purposeOf(id), this.purposes, (list) => { this.purposes = list; }))}
          ${this.given().length ? nothing : html`<p class="muted">${t('withdraw.none')}</p>`}</fieldset>
        ${this.separate().length ? html`<fieldset class="checks"><legend>${t('withdraw.fields')}</legend>
          ${this.separate().map((id) => box(id, fieldTitle(session.policy, id), this.names, (list) => { this.names = list; }))}</fieldset>` : nothing}
        <div class="field"><label for="withdraw-channel">${t('withdraw.channel')}</label>
          <select id="withdraw-channel" @change=${(event: Event) => { this.channel = (event.target as HTMLSelectElement).value; }}>
            ${options(session.policy?.channels, this.channel)}</select></div>
        ${this.buttons(t('withdraw.go'), { danger: true, disabled: this.purposes.length + this.names.length === 0 })}
      </form></kx-modal>`;
  }
}
