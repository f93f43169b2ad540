// <kx-modal>: a dialog over the page. The browser keeps focus inside it and gives it back; Escape closes it.
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { LanguageController, t } from '../i18n/index';

@customElement('kx-modal')
export class Modal extends LitElement {
  static override styles = css`
    dialog {
      width: min(100vw - 1.5rem, var(--modal-width, 34rem));
      max-height: calc(100dvh - 2rem);
      padding: 0;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
      color: var(--ink);
      box-shadow: var(--shadow-raised);
      overflow: hidden auto;
    }
    dialog::backdrop { background: rgb(10 18 24 / 55%); }
    header {
      display: flex; gap: 1rem; align-items: center; justify-content: space-between;
      position: sticky; top: 0; z-index: 1;
      padding: 0.9rem 1.3rem; border-bottom: 1px solid var(--line); background: var(--surface);
    }
    h2 { margin: 0; font-size: 1.1rem; font-weight: 650; line-height: 1.35; }
    h2:focus { outline: none; }
    .body { padding: 1.2rem 1.3rem 1.4rem; }
    button {
      display: grid; place-items: center; width: 2.2rem; height: 2.2rem; border: 0; border-radius: 6px;
      background: transparent; color: var(--muted); font-size: 1.4rem; line-height: 1; cursor: pointer;
    }
    button:hover { background: var(--accent-soft); color: var(--ink); }
    button:focus-visible { outline: 3px solid var(--focus); }
  `;

  /** What the dialog is about. */
  @property() heading = '';
  @query('dialog') private dialog!: HTMLDialogElement;

  constructor() {
    super();
    new LanguageController(this);
  }

  protected override firstUpdated(): void {
    this.dialog.showModal?.();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog aria-labelledby="heading" @close=${() => this.dispatchEvent(new CustomEvent('closed'))}>
        <header><h2 id="heading" tabindex="-1" autofocus>${this.heading}</h2>
          <button type="button" id="close" aria-label=${t('action.close')} @click=${() => this.close()}>×</button></header>
        <div class="body"><slot></slot></div>
      </dialog>`;
  }

  /** Closes the dialog; "closed" follows. */
  close(): void {
    this.dialog.close?.();
  }
}
