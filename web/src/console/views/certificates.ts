// Certificates of destruction: proof that a customer's data is gone, which anyone can check with the public keys alone.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { t } from '../../i18n/index';
import { download } from '../../lib/download';
import { dateTime } from '../../lib/time';
import { shortId } from '../bits';
import { destroyed } from '../destroyed';
import { session } from '../session';
import { problemBox, Task, View } from '../view';

interface Certificate { text: string; facts: { recorded?: string; irrecoverable?: string; method?: string; rule?: string; sections?: string[] } }

@customElement('kx-certificates')
export class Certificates extends View {
  @property() customer = '';
  @state() private wanted = '';
  private readonly certificate = new Task<Certificate>(this);

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('customer') && this.customer) this.load(this.customer);
  }

  private ask(event: Event): void {
    event.preventDefault();
    const id = String(new FormData(event.target as HTMLFormElement).get('customer') ?? '').trim();
    if (id) this.load(id);
  }

  private load(id: string): void {
    this.wanted = id;
    void this.certificate.start(async () => {
      const { text, data } = await session.api.ask<Certificate>(`/v1/customers/${encodeURIComponent(id)}/certificate`);
      return { text, facts: data?.facts ?? {} };
    });
  }

  private async keys(): Promise<void> {
    download('keys.json', (await session.api.ask<unknown>('/v1/keys')).text.trimEnd(), 'application/json');
  }

  protected override render(): TemplateResult {
    const known = destroyed();
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.certificates')}</h1><p>${t('certificate.text')}</p></div></div>
      <form class="panel filters" @submit=${(event: Event) => this.ask(event)}>
        <div class="field"><label for="certificate-customer">${t('audit.customer')}</label>
          <input id="certificate-customer" name="customer" class="mono" required autocomplete="off" spellcheck="false" placeholder="cus_…" .value=${this.wanted || this.customer} /></div>
        <button class="button primary" id="certificate-go" ?disabled=${this.certificate.busy}>${t('certificate.go')}</button>
      </form>
      ${known.length ? html`<p class="row"><span class="muted">${t('certificate.recent')}</span>${known.map((id) => html`
        <button type="button" class="button small" @click=${() => this.load(id)}>${shortId(id)}</button>`)}</p>` : nothing}
      ${this.certificate.busy ? html`<p class="panel state" role="status"><span class="spinner"></span> ${t('state.loading')}</p>` : nothing}
      ${problemBox(this.certificate.problem)}
      ${this.certificate.state === 'done' ? this.found(this.certificate.value!) : nothing}
    </section>`;
  }

  private found({ text, facts }: Certificate): TemplateResult {
    const file = `certificate-${this.wanted}.json`;
    const fact = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`<div class="panel stack" id="certificate" role="status">
      <h2>${t('certificate.title')}</h2>
      <dl class="facts">
        ${fact(t('card.customer'), html`<span class="mono">${this.wanted}</span>`)}
        ${fact(t('certificate.recorded'), dateTime(facts.recorded))}
        ${fact(t('certificate.irrecoverable'), dateTime(facts.irrecoverable))}
        ${facts.sections?.length ? fact(t('certificate.sections'), String(facts.sections.length)) : nothing}
      </dl>
      <div class="row"><button type="button" class="button primary" id="certificate-save" @click=${() => download(file, text.trimEnd(), 'application/json')}>${t('certificate.save')}</button>
        <button type="button" class="button" @click=${() => void this.keys()}>${t('received.keys.save')}</button></div>
      <p class="help">${t('certificate.verify')} <code class="mono">kexin verify ${file} --keys keys.json</code></p></div>`;
  }
}
