// Seeing one value: a reason from the closed list, the value for as long as the policy says, then nothing of it remains in the page.
// For the highest level the first request opens an approval; with a second person's yes, the same request shows the value.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import { clock, countdown } from '../../lib/time';
import { levelBadge, options, purposeOf } from '../bits';
import { fieldTitle } from '../policy';
import { session } from '../session';
import { problemBox, Task, View } from '../view';

interface Revealed { field: string; value: string; seconds: number }
interface Answer extends Partial<Revealed> { approval?: string }

@customElement('kx-reveal')
export class Reveal extends View {
  @property() customer = '';
  @property() purpose = '';
  @property() field = '';
  @property() level = '';
  @state() private reason = '';
  @state() private note = '';
  @state() private approval = '';
  @state() private value?: string;
  @state() private left = 0;
  @state() private seconds = 0;
  @state() private over = false;
  private readonly request = new Task<Answer>(this);
  private readonly attempt = new Attempt();
  private stop: () => void = () => {};

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('field')) this.approval = sessionStorage.getItem(this.stored) ?? '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.forget();
  }

  // The approval's id survives a reload of the tab: it names an act, not a person.
  private get stored(): string {
    return `kexin.approval.${this.customer}.${this.purpose}.${this.field}`;
  }

  private ask(event: Event): void {
    event.preventDefault();
    this.over = false;
    void this.request.start(async () => {
      const body = { field: this.field, purpose: this.purpose, reason: this.reason, ...(this.note.trim() ? { note: this.note.trim() } : {}),
        ...(this.approval ? { approval: this.approval } : {}) };
      const answer = await session.api.post<Answer>(`/v1/customers/${encodeURIComponent(this.customer)}/reveals`, body, { idempotencyKey: this.attempt.keyFor(body) });
      this.attempt.done();
      this.take(answer);
      return {}; // the value is kept in one place only, from where it is wiped
    });
  }

  private take(answer: Answer): void {
    if (answer.value === undefined) {
      this.approval = answer.approval ?? '';
      sessionStorage.setItem(this.stored, this.approval);
      return;
    }
    sessionStorage.removeItem(this.stored);
    this.approval = '';
    this.value = answer.value;
    this.seconds = answer.seconds ?? 30;
    this.stop();
    this.stop = countdown(this.seconds, (left) => {
      this.left = left;
      if (left <= 0) this.forget();
    });
  }

  private forget(): void {
    this.stop();
    if (this.value !== undefined) this.over = true;
    this.value = undefined;
    this.left = 0;
  }

  protected override render(): TemplateResult {
    return html`<kx-modal heading=${t('reveal.title', { field: fieldTitle(session.policy, this.field) })} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      ${this.value === undefined ? this.form() : this.secret()}</kx-modal>`;
  }

  private secret(): TemplateResult {
    return html`<div class="secret" id="revealed">
      <output id="reveal-value">${this.value}</output>
      <div class="timer"><progress max=${this.seconds} value=${this.left} aria-label=${t('reveal.left')}></progress><span id="reveal-left">${clock(this.left)}</span></div>
      <p class="small">${t('reveal.shown', { seconds: this.seconds })}</p>
      <div><button type="button" class="button" id="reveal-hide" @click=${() => this.forget()}>${t('reveal.hide')}</button></div></div>`;
  }

  private form(): TemplateResult {
    return html`<form class="stack" @submit=${(event: Event) => this.ask(event)}>
      ${this.over ? html`<p class="note info" role="status" id="reveal-over">${t('reveal.over')}</p>` : nothing}
      <p>${levelBadge(this.level)} <span class="muted">${t('record.purpose')}${t('colon')}${purposeOf(this.purpose)}</span></p>
      <p class="help">${t(this.level === 'L3' ? 'reveal.text.approval' : 'reveal.text')}</p>
      ${problemBox(this.request.problem)}
      ${this.approval ? this.waiting() : nothing}
      <div class="field"><label for="reveal-reason">${t('reason')}</label>
        <select id="reveal-reason" required @change=${(event: Event) => { this.reason = (event.target as HTMLSelectElement).value; }}>
          ${options(session.policy?.reasons, this.reason, t('form.choose'))}</select></div>
      <div class="field"><label for="reveal-note">${t('note')} <span class="muted">${t('optional')}</span></label>
        <textarea id="reveal-note" maxlength="500" .value=${this.note} aria-describedby="reveal-note-help"
          @input=${(event: Event) => { this.note = (event.target as HTMLTextAreaElement).value; }}></textarea>
        <span class="help" id="reveal-note-help">${t('note.help')}</span></div>
      <div class="row end"><button class="button primary" id="reveal-go" ?disabled=${this.request.busy || !this.reason}>
        ${t(this.approval ? 'reveal.again' : this.level === 'L3' ? 'reveal.request' : 'reveal.go')}</button></div>
    </form>`;
  }

  private waiting(): TemplateResult {
    return html`<div class="note warn" role="status" id="reveal-waiting"><p><strong>${t('reveal.waiting')}</strong></p>
      <p>${t('reveal.waiting.text')}</p><p class="mono" id="reveal-approval">${this.approval}</p></div>`;
  }
}
