// Destroying a customer: final, so the person types the end of the id before the button works.
import { html, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { options } from '../bits';
import { remember } from '../destroyed';
import { session } from '../session';
import { ChangeDialog } from './change';

const TYPED = 4; // characters of the id

@customElement('kx-destroy')
export class Destroy extends ChangeDialog {
  @state() private reason = '';
  @state() private typed = '';

  private send(event: Event): void {
    event.preventDefault();
    remember(this.record.customer);
    this.change('POST', '/destructions', { reason: this.reason }, t('destroy.done'));
  }

  protected override render(): TemplateResult {
    const end = this.record.customer.slice(-TYPED);
    return html`<kx-modal heading=${t('destroy.title')} @closed=${() => this.tell('closed')}>
      <form class="stack" @submit=${(event: Event) => this.send(event)}>
        <p class="note danger">${t('destroy.text')}</p>
        ${this.trouble()}
        <div class="field"><label for="destroy-reason">${t('reason')}</label>
          <select id="destroy-reason" required @change=${(event: Event) => { this.reason = (event.target as HTMLSelectElement).value; }}>
            ${options(session.policy?.reasons, this.reason, t('form.choose'))}</select></div>
        <div class="field"><label for="destroy-typed">${t('destroy.type', { end })}</label>
          <input id="destroy-typed" class="mono" autocomplete="off" spellcheck="false" .value=${this.typed}
            @input=${(event: Event) => { this.typed = (event.target as HTMLInputElement).value; }} /></div>
        ${this.buttons(t('destroy.go'), { danger: true, disabled: !this.reason || this.typed.trim() !== end })}
      </form></kx-modal>`;
  }
}
