// A customer entered by staff at the counter or on the phone: the same form, the notice read out, and the text that was read named.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import type { Form, Received, Refused, Submission } from '../../lib/types';
import { Problem } from '../../lib/problem';
import { options } from '../bits';
import { session } from '../session';
import { Task, View } from '../view';
import '../../form/kexin-form';

interface Created { customer: string; state: string; version: number; refused?: Refused[] }

@customElement('kx-new')
export class NewCustomer extends View {
  @state() private form = session.policy?.forms[0]?.id ?? 'service';
  @state() private read = false;
  @state() private script = '';
  @state() private customer = '';
  private readonly details = new Task<Form>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    this.choose(this.form);
  }

  private choose(form: string): void {
    this.form = form;
    this.read = false;
    this.customer = '';
    void this.details.start(async () => {
      const details = await session.api.get<Form>(`/v1/forms/${encodeURIComponent(form)}`);
      this.script = details.notice.script ?? '';
      return details;
    });
  }

  private send = async (submission: Submission, key: string): Promise<Received> => {
    if (!this.read || !this.script.trim()) {
      throw new Problem('invalid-field', 422, '', [{ field: 'evidence.script', code: 'evidence-required', message: '' }]);
    }
    const body = { form: this.form, ...submission, evidence: { script: this.script.trim() } };
    const created = await session.api.post<Created>('/v1/customers', body, { idempotencyKey: key });
    this.customer = created.customer;
    this.read = false;
    return { submission: created.customer, received: '', refused: created.refused };
  };

  protected override render(): TemplateResult {
    const forms = session.policy?.forms ?? [];
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.new')}</h1><p>${t('new.text')}</p></div></div>
      ${forms.length > 1 ? html`<div class="panel filters"><div class="field"><label for="new-form">${t('new.form')}</label>
        <select id="new-form" @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>${options(forms, this.form)}</select></div></div>` : nothing}
      <kexin-form staff form=${this.form} .sender=${this.send}>
        <div slot="evidence" class="stack tight evidence">
          <label class="choice" for="script-read"><input type="checkbox" id="script-read" .checked=${this.read}
            @change=${(event: Event) => { this.read = (event.target as HTMLInputElement).checked; }} /><span>${t('new.read')}</span></label>
          <div class="field"><label for="script">${t('new.script')}</label>
            <input id="script" class="mono" autocomplete="off" spellcheck="false" .value=${this.script}
              @input=${(event: Event) => { this.script = (event.target as HTMLInputElement).value; }} aria-describedby="script-help" />
            <span class="help" id="script-help">${t('new.script.help')}</span></div>
        </div>
        ${this.customer ? html`<a slot="after" class="button primary" href="#/customers/${this.customer}">${t('new.open')}</a>` : nothing}
      </kexin-form>
    </section>`;
  }
}
