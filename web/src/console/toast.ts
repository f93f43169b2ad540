// <kx-toasts>: short messages that come and go, read out by screen readers.
import { html, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t } from '../i18n/index';
import { View } from './view';

interface Toast { id: number; text: string; kind: 'ok' | 'danger' }

let say: (text: string, kind: Toast['kind']) => void = () => {};
const LIFE = 7000; // milliseconds

/** Shows a short message. */
export function toast(text: string, kind: Toast['kind'] = 'ok'): void {
  say(text, kind);
}

@customElement('kx-toasts')
export class Toasts extends View {
  @state() private list: Toast[] = [];
  private count = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    say = (text, kind) => this.add(text, kind);
  }

  private add(text: string, kind: Toast['kind']): void {
    const id = ++this.count;
    this.list = [...this.list.slice(-3), { id, text, kind }];
    setTimeout(() => this.drop(id), LIFE);
  }

  private drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  protected override render(): TemplateResult {
    return html`<div class="toasts" role="status" aria-live="polite">${this.list.map((toast) => html`
      <div class="toast ${toast.kind}"><span>${toast.text}</span>
        <button type="button" class="button plain small" aria-label=${t('action.close')} @click=${() => this.drop(toast.id)}>×</button></div>`)}</div>`;
  }
}
