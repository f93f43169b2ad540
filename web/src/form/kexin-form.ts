// <kexin-form form="service" api="https://…">: the public form as one element that works on any page. Notice first, consent for each
// purpose and each sensitive field, nothing ticked beforehand, and a signed receipt at the end. Colours follow --kexin-accent.
import { html, LitElement, nothing, unsafeCSS, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { coded, language, LanguageController, languageTag, pick, setLanguage, t } from '../i18n/index';
import { Api } from '../lib/api';
import { faultText, Problem, type Fault } from '../lib/problem';
import { Attempt } from '../lib/random';
import type { Form, Received, Submission } from '../lib/types';
import base from '../style/base.css?inline';
import tokens from '../style/tokens.css?inline';
import styles from './form.css?inline';
import { errorView, fieldView, noticeView, purposeView, type Context } from './parts';
import { asked, controlOf, empty, fieldsOf, missing, submissionOf, type Filled } from './state';
import { receivedView } from './received';

/** How a filled form gets to the server; key makes it happen once. */
export type Sender = (submission: Submission, key: string) => Promise<Received>;

@customElement('kexin-form')
export class KexinForm extends LitElement implements Context {
  static override styles = [unsafeCSS(tokens), unsafeCSS(base), unsafeCSS(styles)];

  /** Id of the form. */
  @property({ attribute: 'form' }) formId = 'service';
  /** Origin of the server; empty for the page's own. */
  @property() api = '';
  /** "light" or "dark"; otherwise as the page has it. */
  @property({ reflect: true }) theme = '';
  /** Filled by staff, who tell how the person was informed. */
  @property({ type: Boolean }) staff = false;
  /** Sends instead of the public endpoint. */
  @property({ attribute: false }) sender?: Sender;

  @state() filled: Filled = { kind: '', channel: '', consents: {}, separate: {}, values: {} };
  @state() private form?: Form;
  @state() private loading = true;
  @state() private sending = false;
  @state() private problem?: Problem;
  @state() private faults: Fault[] = [];
  @state() private received?: Received;
  left = new Set<string>();

  private readonly attempt = new Attempt();

  constructor() {
    super();
    new LanguageController(this);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('formId') || changed.has('api')) void this.load();
  }

  private async load(): Promise<void> {
    this.loading = true;
    this.problem = undefined;
    this.form = undefined;
    try {
      const form = await this.client.get<Form>(`/v1/forms/${encodeURIComponent(this.formId)}`);
      this.form = form;
      this.reset();
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem('internal', 0, '');
    }
    this.loading = false;
  }

  private get client(): Api {
    return new Api(this.api.replace(/\/$/, ''));
  }

  /** Empties the form for the next person. */
  reset(): void {
    if (this.form) this.filled = empty(this.form, this.staff);
    this.faults = [];
    this.problem = undefined;
    this.received = undefined;
    this.left = new Set();
    this.attempt.done();
  }

  faultAt(path: string): Fault | undefined {
    return this.faults.find((fault) => fault.field === path);
  }

  change(edit: (filled: Filled) => void): void {
    edit(this.filled);
    this.filled = { ...this.filled };
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const form = this.form;
    if (!form || this.sending) return;
    this.problem = undefined;
    this.faults = missing(form, this.filled).map(({ field, code }) => ({ field, code, message: '' }));
    if (this.faults.length > 0) return this.focusSummary();
    this.sending = true;
    try {
      const submission = submissionOf(form, this.filled, language());
      this.received = await this.send(submission, this.attempt.keyFor([form.id, submission]));
      this.attempt.done();
      this.filled = empty(form, this.staff); // what was typed is not kept in the page
      this.dispatchEvent(new CustomEvent('kexin-received', { detail: { submission: this.received.submission }, bubbles: true, composed: true }));
      await this.focusOn('received');
    } catch (error) {
      this.fail(error);
    } finally {
      this.sending = false;
    }
  }

  private send(submission: Submission, key: string): Promise<Received> {
    if (this.sender) return this.sender(submission, key);
    return this.client.post<Received>(`/v1/forms/${encodeURIComponent(this.formId)}/submissions`, submission, { idempotencyKey: key });
  }

  private fail(error: unknown): void {
    this.problem = error instanceof Problem ? error : new Problem('internal', 0, '');
    this.faults = this.problem.faults;
    void this.focusSummary();
  }

  private focusSummary(): Promise<void> {
    return this.focusOn('summary');
  }

  private async focusOn(id: string): Promise<void> {
    this.requestUpdate();
    await this.updateComplete;
    const target = this.shadowRoot?.getElementById(id) ?? this.querySelector<HTMLElement>(`#${id}`); // what is slotted belongs to the page
    target?.focus();
    target?.scrollIntoView?.({ block: 'center' });
  }

  private async saveKeys(): Promise<string> {
    return (await this.client.ask<unknown>('/v1/keys')).text;
  }

  protected override render(): TemplateResult {
    return html`<div class="form" lang=${languageTag()}>${this.staff ? nothing : this.head()}${this.body()}</div>`;
  }

  private head(): TemplateResult {
    return html`
      <div class="head">
        <div class="languages" role="group" aria-label=${t('language.choose')}>
          ${(['zh', 'en'] as const).map((code) => html`
            <button type="button" class="button small" lang=${code === 'zh' ? 'zh-CN' : 'en'} aria-pressed=${language() === code}
              @click=${() => setLanguage(code)}>${code === 'zh' ? '中文' : 'English'}</button>`)}
        </div>
      </div>`;
  }

  private body(): TemplateResult {
    if (this.loading) return html`<p class="panel state" role="status"><span class="spinner"></span> ${t('state.loading')}</p>`;
    if (this.received) {
      return receivedView({
        received: this.received, form: this.form!, staff: this.staff, again: () => this.reset(), keys: () => this.saveKeys(),
      });
    }
    if (!this.form) return this.unavailable();
    return this.filling(this.form);
  }

  private unavailable(): TemplateResult {
    return html`<div class="panel state" role="alert">
      <h2>${t('form.unavailable')}</h2>
      <p>${this.problem?.text ?? ''}</p>
      <button type="button" class="button" @click=${() => void this.load()}>${t('action.retry')}</button>
    </div>`;
  }

  private filling(form: Form): TemplateResult {
    return html`
      <div class="title">${this.staff ? html`<h2>${pick(form.title)}</h2>` : html`<h1>${pick(form.title)}</h1>`}<p class="muted">${pick(form.intro)}</p></div>
      ${noticeView(form, this.staff)}
      <form id="form" novalidate @submit=${(event: Event) => void this.submit(event)} aria-label=${pick(form.title)}>
        ${this.summary(form)}
        ${this.staff ? this.channel(form) : nothing}
        <section class="panel" aria-labelledby="purposes-title">
          <p class="step">${t('form.step.purposes')}</p>
          <h2 id="purposes-title">${t(this.staff ? 'form.purposes.staff' : 'form.purposes')}</h2>
          <p class="help">${t(this.staff ? 'form.purposes.help.staff' : 'form.purposes.help')}</p>
          ${form.purposes.map((purpose) => purposeView(purpose, this))}
        </section>
        <section class="panel" aria-labelledby="fields-title">
          <p class="step">${t(this.staff ? 'form.step.fields.staff' : 'form.step.fields')}</p>
          <h2 id="fields-title">${t(this.staff ? 'form.fields.staff' : 'form.fields')}</h2>
          ${this.kinds(form)}
          <div class="fields">${fieldsOf(form, this.filled.kind).map((field) => fieldView(field, this))}</div>
        </section>
        <div class="send">
          <button class="button primary large" ?disabled=${this.sending}>
            ${this.sending ? html`<span class="spinner"></span>` : nothing} ${t(this.sending ? 'form.sending' : 'form.submit')}</button>
          <p class="help">${t('form.submit.help', { contact: form.processor.contact })}</p>
        </div>
      </form>`;
  }

  private summary(form: Form): TemplateResult {
    if (!this.problem && this.faults.length === 0) return html`<div aria-live="assertive"></div>`;
    const title = this.problem && this.problem.kind !== 'invalid-field' ? this.problem.text : t('form.faults', { n: this.faults.length });
    return html`
      <div class="note danger" id="summary" role="alert" tabindex="-1">
        <h2>${title}</h2>
        <ul>${this.faults.map((fault) => html`<li><a href="#${controlOf(fault.field)}"
          @click=${(event: Event) => { event.preventDefault(); void this.focusOn(controlOf(fault.field)); }}>${this.titleOf(form, fault.field)}</a>${t('colon')}${faultText(fault)}</li>`)}</ul>
        ${this.problem?.request ? html`<p class="small muted">${t('problem.request', { id: this.problem.request })}</p>` : nothing}
      </div>`;
  }

  private titleOf(form: Form, path: string): string {
    const name = path.slice(path.indexOf('.') + 1);
    const titled = form.fields.find((field) => field.name === name) ?? asked(form).find((purpose) => purpose.id === name);
    return titled ? pick(titled.title) : coded('member', path, path);
  }

  private kinds(form: Form): TemplateResult {
    if (form.kinds.length < 2) return html``;
    return html`
      <fieldset class="kinds" id="kind" tabindex="-1">
        <legend>${t(this.staff ? 'form.kind.staff' : 'form.kind')}</legend>
        ${form.kinds.map((kind) => html`
          <label class="choice"><input type="radio" name="kind" value=${kind} .checked=${this.filled.kind === kind}
            @change=${() => this.change((filled) => { filled.kind = kind; })} /> <span>${coded('kind', kind)}</span></label>`)}
        ${errorView('kind', this.faultAt('kind'))}
      </fieldset>`;
  }

  private channel(form: Form): TemplateResult {
    const channels = form.channels.filter((channel) => !channel.public);
    return html`
      <section class="panel" aria-labelledby="channel-title">
        <h2 id="channel-title">${t('form.channel')}</h2>
        <div class="field">
          <label for="channel">${t('form.channel.label')}</label>
          <select id="channel" @change=${(event: Event) => this.change((filled) => { filled.channel = (event.target as HTMLSelectElement).value; })}>
            ${channels.map((channel) => html`<option value=${channel.id} .selected=${channel.id === this.filled.channel}>${pick(channel.title)}</option>`)}
          </select>
          ${errorView('channel', this.faultAt('channel'))}
        </div>
        <slot name="evidence"></slot>
      </section>`;
  }
}
