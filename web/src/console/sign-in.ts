// Sign-in: the accounts of a demonstration store where there is one, else a token of the company's identity provider.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { t, type Text } from '../i18n/index';
import { Problem } from '../lib/problem';
import { roleOf } from './bits';
import { session } from './session';
import { problemBox, Task, View } from './view';

interface Account { subject: string; name: string; role: string; title?: Text | string }

@customElement('kx-sign-in')
export class SignIn extends View {
  private readonly accounts = new Task<Account[]>(this);
  private readonly entry = new Task<void>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.accounts.start(async () => (await session.api.get<{ accounts: Account[] }>('/dev/accounts')).accounts ?? []);
  }

  private enter(subject: string): void {
    void this.entry.start(async () => {
      const { token } = await session.api.post<{ token: string }>('/dev/token', { subject });
      await session.signIn(token);
    });
  }

  private paste(event: Event): void {
    event.preventDefault();
    const token = new FormData(event.target as HTMLFormElement).get('token');
    if (typeof token === 'string' && token.trim()) void this.entry.start(() => session.signIn(token));
  }

  protected override render(): TemplateResult {
    const accounts = this.accounts.value ?? [];
    return html`<section class="sign-in stack">
      <div><h1>${t('sign-in.title')}</h1><p class="muted">${t('sign-in.text')}</p></div>
      ${session.ended ? html`<div class="note warn" role="status">${t('sign-in.ended')}</div>` : nothing}
      ${problemBox(this.refusal())}
      ${this.accounts.busy ? html`<p class="panel state" role="status"><span class="spinner"></span> ${t('state.loading')}</p>`
        : accounts.length ? this.demo(accounts) : this.token()}
    </section>`;
  }

  // refusal leaves out that a person is unknown, or known without rights: the server's own words say it.
  private refusal(): Problem | undefined {
    return this.entry.problem;
  }

  private demo(accounts: Account[]): TemplateResult {
    return html`<div class="panel stack">
      <div class="note warn"><strong>${t('demo.title')}</strong> ${t('sign-in.demo')}</div>
      <h2>${t('sign-in.accounts')}</h2>
      <ul class="accounts">${accounts.map((account) => html`
        <li><button type="button" data-subject=${account.subject} ?disabled=${this.entry.busy} @click=${() => this.enter(account.subject)}>
          <strong>${account.name}</strong><small>${roleOf(account.role, account.title)}</small>
          <span class="badge">${account.role}</span></button></li>`)}</ul>
    </div>`;
  }

  private token(): TemplateResult {
    return html`<form class="panel stack" @submit=${(event: Event) => this.paste(event)}>
      <p>${t('sign-in.token.text')}</p>
      <div class="field"><label for="token">${t('sign-in.token')}</label>
        <textarea id="token" name="token" class="mono" autocomplete="off" spellcheck="false" required aria-describedby="token-help"></textarea>
        <span class="help" id="token-help">${t('sign-in.token.help')}</span></div>
      <div><button class="button primary" ?disabled=${this.entry.busy}>${t('sign-in.go')}</button></div>
    </form>`;
  }
}
