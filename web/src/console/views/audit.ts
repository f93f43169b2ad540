// The audit log for those who supervise: everything about one customer, also after the customer's destruction.
import { html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { emptiness, View } from '../view';
import './history';

@customElement('kx-audit')
export class Audit extends View {
  @property() customer = '';

  private filter(event: Event): void {
    event.preventDefault();
    const value = new FormData(event.target as HTMLFormElement).get('customer');
    location.hash = `#/audit/${encodeURIComponent(String(value ?? '').trim())}`;
  }

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.audit')}</h1><p>${t('audit.text')}</p></div></div>
      <form class="panel filters" @submit=${(event: Event) => this.filter(event)}>
        <div class="field"><label for="audit-customer">${t('audit.customer')}</label>
          <input id="audit-customer" name="customer" class="mono" autocomplete="off" spellcheck="false" placeholder="cus_…" required .value=${this.customer} /></div>
        <button class="button">${t('audit.show')}</button>
      </form>
      ${this.customer ? html`<kx-history log .customer=${this.customer}></kx-history>` : emptiness(t('audit.none'), t('audit.none.text'))}
    </section>`;
  }
}
