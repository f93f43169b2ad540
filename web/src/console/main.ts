// The staff console: sign-in, then a header, a menu and one view at a time, chosen by the part of the address after #.
// Addresses hold ids only, never anything that tells about a person.
import '../style/page.css';
import '../style/console.css';
import { html, nothing, render, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { coded, onLanguage, t, type Key } from '../i18n/index';
import { brand, documentLanguage, languageButton, themeButton } from '../lib/chrome';
import { Problem } from '../lib/problem';
import { applyTheme } from '../lib/theme';
import { departmentOf, roleOf } from './bits';
import './demo';
import './modal';
import { menuOf, type Page } from './roles';
import { session } from './session';
import './sign-in';
import './toast';
import { View } from './view';
import './views/approvals';
import './views/audit';
import './views/certificates';
import './views/customers';
import './views/exports';
import './views/new-customer';
import './views/pending';
import './views/record';
import './views/staff';

@customElement('kexin-console')
export class Console extends View {
  @state() private hash = location.hash;
  @state() private starting = true;
  private failed?: Problem;

  override connectedCallback(): void {
    super.connectedCallback();
    session.onChange(() => this.requestUpdate());
    addEventListener('hashchange', () => this.moved());
    void this.start();
  }

  private async start(): Promise<void> {
    try {
      await session.start();
    } catch (error) {
      this.failed = error instanceof Problem ? error : new Problem('internal', 0, '');
    }
    this.hash = location.hash;
    this.starting = false;
  }

  private async moved(): Promise<void> {
    this.hash = location.hash;
    await this.updateComplete;
    this.querySelector<HTMLElement>('main')?.focus();
    scrollTo(0, 0);
  }

  protected override render(): TemplateResult {
    if (this.starting) return html`<main class="door-page" role="status"><p><span class="spinner"></span> ${t('state.loading')}</p></main>`;
    return session.me ? this.inside() : this.outside();
  }

  protected override updated(): void {
    this.querySelector('nav [aria-current]')?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }

  private outside(): TemplateResult {
    documentLanguage(t('page.console'));
    return html`<div class="page">
      <header class="bar">${brand(t('page.console.sub'))}<div class="tools">${languageButton()}${themeButton(() => this.requestUpdate())}</div></header>
      <main class="door-page"><kx-sign-in .failed=${this.failed}></kx-sign-in></main></div>`;
  }

  private inside(): TemplateResult {
    const me = session.me!;
    const [page, id] = this.place();
    documentLanguage(t(`nav.${page}` as Key));
    return html`<a class="button skip" href="#main" @click=${(event: Event) => this.skip(event)}>${t('skip')}</a>
      <div class="console">
        <header class="bar">${brand(t('page.console.sub'))}
          <div class="tools">
            <div class="who"><strong>${me.name}</strong><small>${[...new Set([roleOf(me.role, me.title), departmentOf(me.department)])].join(' · ')}</small></div>
            ${languageButton()}${themeButton(() => this.requestUpdate())}
            <button type="button" class="button small" id="sign-out" @click=${() => void session.signOut()}>${t('sign-out')}</button>
          </div>
        </header>
        ${this.ending()}
        <kx-demo></kx-demo>
        <nav aria-label=${t('nav')}><ul>${menuOf(me.role).map((entry) => html`
          <li><a href="#/${entry}" aria-current=${entry === page ? 'page' : nothing}>${t(`nav.${entry}` as Key)}</a></li>`)}</ul></nav>
        <main id="main" tabindex="-1">${this.view(page, id)}</main>
      </div>`;
  }

  // ending tells in time that the sign-in is about to end, so that nothing typed is lost.
  private ending(): TemplateResult {
    return html`<div role="status">${session.ending ? html`<div class="note warn row" id="ending"><span>${t('sign-in.ending')}</span>
      <button type="button" class="button small" id="renew" @click=${() => void session.leave()}>${t('sign-in.renew')}</button></div>` : nothing}</div>`;
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.querySelector<HTMLElement>('main')?.focus();
  }

  // place reads the address; the first page of the menu for one without a page.
  private place(): [Page, string] {
    const [, page = '', id = ''] = this.hash.split('/');
    const first = menuOf(session.me!.role)[0] ?? 'customers';
    return [(page || first) as Page, decodeURIComponent(id)];
  }

  private view(page: Page, id: string): TemplateResult {
    const views: Record<Page, () => TemplateResult> = {
      customers: () => (id ? html`<kx-record .customer=${id}></kx-record>` : html`<kx-customers></kx-customers>`),
      new: () => html`<kx-new></kx-new>`,
      pending: () => html`<kx-pending></kx-pending>`,
      exports: () => html`<kx-exports></kx-exports>`,
      approvals: () => html`<kx-approvals></kx-approvals>`,
      staff: () => html`<kx-staff></kx-staff>`,
      audit: () => html`<kx-audit .customer=${id}></kx-audit>`,
      certificates: () => html`<kx-certificates .customer=${id}></kx-certificates>`,
    };
    if (menuOf(session.me!.role).length === 0) return this.nothingToDo();
    return (views[page] ?? views.customers)();
  }

  // Some roles, such as IT, work on ciphertext alone.
  private nothingToDo(): TemplateResult {
    return html`<section><div class="panel state"><h1>${t('nothing.title')}</h1>
      <p>${t('nothing.text', { role: coded('role', session.me!.role) })}</p></div></section>`;
  }
}

applyTheme();
render(html`<kexin-console></kexin-console><kx-toasts></kx-toasts>`, document.body);
onLanguage(() => documentLanguage(document.title.split(' · ')[0] ?? ''));
