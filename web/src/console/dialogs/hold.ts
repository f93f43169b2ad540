// Placing or lifting a legal hold: while one stands, nothing of the customer is destroyed.
import { html, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { options } from '../bits';
import { session } from '../session';
import { ChangeDialog } from './change';

@customElement('kx-hold')
export class Hold extends ChangeDialog {
  @state() private reason = '';

  private send(event: Event): void {
    event.preventDefault();
    const place = !this.record.held;
    this.change('POST', '/holds', { place, reason: this.reason }, t(place ? 'hold.placed' : 'hold.lifted'));
  }

  protected override render(): TemplateResult {
    const lift = this.record.held;
    return html`<kx-modal heading=${t(lift ? 'hold.lift' : 'hold.place')} @closed=${() => this.tell('closed')}>
      <form class="stack" @submit=${(event: Event) => this.send(event)}>
        <p>${t(lift ? 'hold.lift.text' : 'hold.place.text')}</p>
        ${this.trouble()}
        <div class="field"><label for="hold-reason">${t('reason')}</label>
          <select id="hold-reason" required @change=${(event: Event) => { this.reason = (event.target as HTMLSelectElement).value; }}>
            ${options(session.policy?.reasons, this.reason, t('form.choose'))}</select></div>
        ${this.buttons(t(lift ? 'hold.lift' : 'hold.place'), { disabled: !this.reason })}
      </form></kx-modal>`;
  }
}
