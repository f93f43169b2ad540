// Taking an export: its key comes once, the archive is ciphertext, and it is opened here in the page. Neither key nor plain text leaves
// the browser except as the files that the person saves. Without an export id the dialog opens an archive that was saved earlier.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { ArchiveError, openArchive } from '../../archive.js';
import { t } from '../../i18n/index';
import { download } from '../../lib/download';
import { localLink } from '../../lib/link';
import { networkProblem, Problem } from '../../lib/problem';
import { idempotencyKey } from '../../lib/random';
import { session } from '../session';
import { problemBox, Task, View } from '../view';

interface Released { key: string; link: string; expires?: string }

@customElement('kx-release')
export class Release extends View {
  @property() export = '';
  /** The key was handed out before and comes from a file. */
  @property({ type: Boolean }) again = false;
  @state() private sealed?: Blob;
  @state() private key = '';
  @state() private zip?: Blob;
  @state() private bytes = 0;
  @state() private saved = false;
  private readonly release = new Task<void>(this);
  private readonly opening = new Task<void>(this);
  private link = '';
  private readonly once = idempotencyKey();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.key = '';
    this.zip = undefined;
    this.sealed = undefined;
  }

  private take(): void {
    void this.release.start(async () => {
      if (!this.key) {
        const released = await session.api.post<Released>(`/v1/exports/${encodeURIComponent(this.export)}/release`, undefined, { idempotencyKey: this.once });
        this.key = released.key;
        this.link = released.link;
      }
      this.sealed = await this.fetchSealed();
      this.open();
    });
  }

  // fetchSealed loads the ciphertext; a link that has expired meanwhile is replaced by a new one.
  private async fetchSealed(): Promise<Blob> {
    const path = `/v1/exports/${encodeURIComponent(this.export)}/file`;
    this.link ||= (await session.api.get<{ link: string }>(path)).link;
    const response = await fetch(localLink(this.link), { credentials: 'omit', cache: 'no-store' }).catch(() => { throw networkProblem(); });
    if (!response.ok) {
      this.link = '';
      throw new Problem('link', response.status, t('release.link'));
    }
    return response.blob();
  }

  private open(): void {
    const sealed = this.sealed;
    if (!sealed) return;
    this.zip = undefined;
    void this.opening.start(async () => {
      try {
        this.zip = await openArchive(sealed, this.key, (bytes) => { this.bytes = bytes; });
      } catch (error) {
        if (error instanceof ArchiveError) throw new Problem(`archive-${error.code}`, 0, '');
        throw error;
      }
    });
  }

  private async openFiles(event: Event): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const archive = data.get('archive');
    const keyFile = data.get('key-file');
    if (!(keyFile instanceof File)) return;
    this.key = (await keyFile.text()).trim();
    void this.release.start(async () => {
      this.sealed = archive instanceof File ? archive : await this.fetchSealed();
      this.open();
    });
  }

  protected override render(): TemplateResult {
    const heading = this.export ? t('release.title') : t('open.title');
    return html`<kx-modal heading=${heading} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <div class="stack">
        ${problemBox(this.release.problem ?? this.opening.problem)}
        ${this.zip ? this.opened(this.zip) : this.opening.busy ? this.progress() : this.export && !this.again ? this.start() : this.files()}
        ${this.key && this.export && !this.again ? this.keyBox() : nothing}
      </div></kx-modal>`;
  }

  private start(): TemplateResult {
    return html`<p class="note warn">${t('release.text')}</p>
      <ol class="steps"><li>${t('release.step.key')}</li><li>${t('release.step.file')}</li><li>${t('release.step.open')}</li></ol>
      <div class="row end"><button type="button" class="button primary" id="release-go" ?disabled=${this.release.busy} @click=${() => this.take()}>
        ${this.release.busy ? html`<span class="spinner"></span>` : nothing}${t(this.key ? 'action.retry' : 'release.go')}</button></div>`;
  }

  private files(): TemplateResult {
    return html`<form class="stack" @submit=${(event: Event) => void this.openFiles(event)}>
      <p>${t(this.again ? 'open.text.again' : 'open.text')}</p>
      ${this.again ? nothing : html`<div class="field"><label for="open-archive">${t('open.archive')}</label><input id="open-archive" name="archive" type="file" accept=".kxa" required /></div>`}
      <div class="field"><label for="open-key">${t('open.key')}</label><input id="open-key" name="key-file" type="file" required /></div>
      <div class="row end"><button class="button primary">${t('open.go')}</button></div></form>`;
  }

  private progress(): TemplateResult {
    const size = this.sealed?.size || 1;
    return html`<p role="status"><span class="spinner"></span> ${t('release.opening')}</p>
      <progress max=${size} value=${this.bytes} aria-label=${t('release.opening')}></progress>`;
  }

  private opened(zip: Blob): TemplateResult {
    const name = this.export || 'export';
    return html`<div class="note ok" role="status" id="release-opened"><p><strong>${t('release.opened')}</strong></p>
        <p>${t('release.opened.text', { kb: Math.max(1, Math.round(zip.size / 1024)) })}</p></div>
      <div class="row"><button type="button" class="button primary" id="release-zip" data-bytes=${zip.size} @click=${() => download(`${name}.zip`, zip)}>${t('release.save.zip')}</button>
        ${this.export && this.sealed ? html`<button type="button" class="button" id="release-sealed" @click=${() => download(`${name}.kxa`, this.sealed!)}>${t('release.save.sealed')}</button>` : nothing}</div>
      <p class="help">${t('release.verify')} <code class="mono">kexin verify ${name}.zip --keys keys.json</code></p>`;
  }

  private keyBox(): TemplateResult {
    return html`<div class="note info stack tight"><h3>${t('release.key')}</h3><p>${t('release.key.text')}</p>
      <div class="row"><button type="button" class="button small" id="release-key" @click=${() => { download(`${this.export}.key`, `${this.key}\n`, 'text/plain'); this.saved = true; }}>${t('release.key.save')}</button>
        ${this.saved ? html`<span class="badge ok">${t('release.key.saved')}</span>` : nothing}</div>
      <p class="help"><code class="mono">kexin open ${this.export}.kxa --key-file ${this.export}.key</code></p></div>`;
  }
}

