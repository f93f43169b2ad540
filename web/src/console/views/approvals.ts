// Requests that wait for a second person. Nobody decides on an own request: the server refuses it, and the page does not offer it.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { coded, t } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import { dateTime } from '../../lib/time';
import type { ApprovalRequest } from '../../lib/types';
import { departmentOf, levelBadge, purposeOf, reasonOf, roleOf, shortId } from '../bits';
import { fieldTitle } from '../policy';
import { session } from '../session';
import { toast } from '../toast';
import { emptiness, problemBox, shown, Task, View } from '../view';

@customElement('kx-approvals')
export class Approvals extends View {
  private readonly requests = new Task<ApprovalRequest[]>(this);
  private readonly act = new Task<void>(this);
  private readonly attempt = new Attempt();

  override connectedCallback(): void {
    super.connectedCallback();
    this.load();
  }

  private load(): void {
    void this.requests.start(async () => (await session.api.get<{ requests: ApprovalRequest[] }>('/v1/approvals')).requests ?? []);
  }

  private answer(request: ApprovalRequest, allow: boolean): void {
    void this.act.start(async () => {
      const body = { allow };
      const { given, needed } = await session.api.post<{ given: number; needed: number }>(`/v1/approvals/${encodeURIComponent(request.approval)}`, body,
        { idempotencyKey: this.attempt.keyFor([request.approval, body]) });
      toast(allow ? t('approvals.allowed', { given, needed }) : t('approvals.refused'));
      this.load();
    });
  }

  protected override render(): TemplateResult {
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.approvals')}</h1><p>${t('approvals.text')}</p></div>
        <div class="row"><button type="button" class="button" @click=${() => this.load()}>${t('action.refresh')}</button></div></div>
      ${problemBox(this.act.problem)}
      ${shown(this.requests, (list) => (list.length ? list.map((request) => this.one(request)) : emptiness(t('approvals.none'), t('approvals.none.text'))), () => this.load())}
    </section>`;
  }

  private one(request: ApprovalRequest): TemplateResult {
    const own = request.by === session.me?.staff;
    const open = (request.state ?? 'open') === 'open';
    const fact = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`<article class="panel stack" data-approval=${request.approval} aria-label=${coded('action', request.action)}>
      <div class="row between"><h2>${coded('action', request.action)} ${request.level ? levelBadge(request.level) : nothing}</h2>
        <span class="badge ${{ approved: 'ok', refused: 'danger' }[request.state ?? ''] ?? 'warn'}">${coded('approval', request.state ?? 'open')} · ${t('approvals.given', { given: request.given, needed: request.needed })}</span></div>
      <dl class="facts">
        ${fact(t('approvals.by'), html`${request.name || shortId(request.by)} ${request.role ? html`<span class="muted">${coded('role', request.role)}</span>` : nothing}`)}
        ${request.customer ? fact(t('card.customer'), shortId(request.customer)) : nothing}
        ${request.export ? fact(t('approvals.export'), shortId(request.export)) : nothing}
        ${request.purpose ? fact(t('record.purpose'), purposeOf(request.purpose)) : nothing}
        ${request.reason ? fact(t('reason'), reasonOf(request.reason)) : nothing}
        ${request.fields?.length ? fact(t('history.fields'), request.fields.map((name) => fieldTitle(session.policy, name)).join(t('comma'))) : nothing}
        ${request.change ? fact(t('approvals.change'), html`${request.change.name} · ${roleOf(request.change.role)} (${request.change.role}) · ${departmentOf(request.change.department)}
          · ${t(request.change.active ? 'staff.active' : 'staff.inactive')}`) : nothing}
        ${fact(t('approvals.created'), dateTime(request.created))}
        ${fact(t('approvals.expires'), dateTime(request.expires))}
      </dl>
      ${!open ? nothing : own ? html`<p class="note info">${t('approvals.own')}</p>` : html`<div class="row">
        <button type="button" class="button primary" data-allow ?disabled=${this.act.busy} @click=${() => this.answer(request, true)}>${t('approvals.allow')}</button>
        <button type="button" class="button danger" data-deny ?disabled=${this.act.busy} @click=${() => this.answer(request, false)}>${t('approvals.deny')}</button></div>`}
    </article>`;
  }
}
