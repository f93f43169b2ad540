// Sign-in: the accounts of a demonstration store where there is one, else the company's identity provider.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { pick, t, type Text } from '../i18n/index';
import { Problem } from '../lib/problem';
import { roleOf } from './bits';
import { session, type Config } from './session';
import type { Issuer } from './oidc';
import { problemBox, Task, View } from './view';

interface Account { subject: string; name: string; role: string; title?: Text | string }

@customElement('kx-sign-in')
export class SignIn extends View {
  /** Why the sign-in that was under way when the page opened came to nothing. */
  @property({ attribute: false }) failed?: Problem;
  private readonly accounts = new Task<Account[]>(this);
  private readonly entry = new Task<void>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    if (session.config?.demonstration) void this.accounts.start(async () => (await session.api.get<{ accounts: Account[] }>('/dev/accounts')).accounts ?? []);
  }

  private enter(subject: string): void {
    void this.entry.start(async () => {
      const { token } = await session.api.post<{ token: string }>('/dev/token', { subject });
      await session.signIn(token, true);
    });
  }

  // leave goes to the issuer. Who was refused by the staff register may want to come as somebody else.
  private leave(): void {
    const fresh = this.failed?.status === 403;
    void this.entry.start(async () => {
      await session.leave(fresh);
      await new Promise(() => {}); // the page is left
    });
  }

  protected override render(): TemplateResult {
    const { config, issuer } = session;
    return html`<section class="sign-in stack">
      <div>${config ? html`<p class="muted" id="company">${pick(config.company)}</p>` : nothing}
        <h1>${t('sign-in.title')}</h1><p class="muted">${t('sign-in.text')}</p></div>
      ${session.ended ? html`<div class="note warn" role="status">${t('sign-in.ended')}</div>` : nothing}
      ${problemBox(this.entry.problem ?? (this.entry.busy ? undefined : this.failed))}
      ${!config ? this.again() : config.demonstration ? this.demo(config) : issuer ? this.issuer(issuer) : nothing}
    </section>`;
  }

  // again: without the configuration nothing can begin.
  private again(): TemplateResult {
    return html`<div><button type="button" class="button" @click=${() => location.reload()}>${t('action.retry')}</button></div>`;
  }

  private demo(_: Config): TemplateResult {
    if (this.accounts.busy) return html`<p class="panel state" role="status"><span class="spinner"></span> ${t('state.loading')}</p>`;
    return html`${problemBox(this.accounts.problem)}<div class="panel stack">
      <div class="note warn"><strong>${t('demo.title')}</strong> ${t('sign-in.demo')}</div>
      <h2>${t('sign-in.accounts')}</h2>
      <ul class="accounts">${(this.accounts.value ?? []).map((account) => html`
        <li><button type="button" data-subject=${account.subject} ?disabled=${this.entry.busy} @click=${() => this.enter(account.subject)}>
          <strong>${account.name}</strong><small>${roleOf(account.role, account.title)}</small>
          <span class="badge">${account.role}</span></button></li>`)}</ul>
    </div>`;
  }

  private issuer(issuer: Issuer): TemplateResult {
    if (!issuer.at(location)) {
      return html`<div class="panel stack" id="elsewhere"><p>${t('sign-in.elsewhere')}</p>
        <p><a class="mono" href=${issuer.config.redirect}>${issuer.config.redirect}</a></p></div>`;
    }
    return html`<div class="panel stack">
      <p>${t('sign-in.issuer.text')}</p>
      <p class="mono small" id="issuer">${new URL(issuer.config.issuer).host}</p>
      <div><button type="button" class="button primary large" id="sign-in-go" ?disabled=${this.entry.busy} @click=${() => this.leave()}>
        ${this.entry.busy ? html`<span class="spinner"></span>` : nothing}${t(this.failed?.status === 403 ? 'sign-in.other' : 'sign-in.go')}</button></div>
      <p class="help">${t('sign-in.issuer.help')}</p>
    </div>`;
  }
}
