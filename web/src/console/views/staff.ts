// The staff register: who may do what, and until when agreement, training and vetting hold. A change needs a second person.
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { t, type Key } from '../../i18n/index';
import { Attempt } from '../../lib/random';
import { moment } from '../../lib/time';
import { faultText } from '../../lib/problem';
import type { Member } from '../../lib/types';
import { clearance, departmentOf, options, roleOf, shortId } from '../bits';
import { offered } from '../roles';
import { session } from '../session';
import { toast } from '../toast';
import { emptiness, problemBox, shown, Task, View } from '../view';

const dates = ['nda', 'training', 'vetting'] as const;
const roles = Array.from({ length: 22 }, (_, i) => `R${i + 2}`);

@customElement('kx-staff')
export class Staff extends View {
  @state() private edited?: Partial<Member>;
  private readonly list = new Task<Member[]>(this);
  private readonly act = new Task<void>(this);
  private readonly attempt = new Attempt();

  override connectedCallback(): void {
    super.connectedCallback();
    this.load();
  }

  private load(): void {
    void this.list.start(async () => (await session.api.get<{ staff: Member[] }>('/v1/staff')).staff ?? []);
  }

  private open(member: Partial<Member>): void {
    this.act.clear();
    this.edited = member;
  }

  private send(event: Event): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const body: Record<string, unknown> = { name: text('name'), role: text('role'), title: { zh: text('title_zh'), en: text('title_en') }, department: text('department'), active: data.get('active') === 'on' };
    for (const name of dates) if (text(name)) body[name] = text(name);
    for (const name of ['issuer', 'subject']) if (text(name)) body[name] = text(name);
    if (this.edited?.staff) body.staff = this.edited.staff;
    void this.act.start(async () => {
      const { approval } = await session.api.post<{ approval: string }>('/v1/staff/changes', body, { idempotencyKey: this.attempt.keyFor(body) });
      this.attempt.done();
      toast(t('staff.sent', { approval }));
      this.edited = undefined;
    });
  }

  protected override render(): TemplateResult {
    const change = offered(session.me?.role, 'register');
    return html`<section class="stack">
      <div class="heading"><div><h1>${t('nav.staff')}</h1><p>${t('staff.text')}</p></div>
        ${change ? html`<div class="row"><button type="button" class="button primary" id="staff-add" @click=${() => this.open({ active: true })}>${t('staff.add')}</button></div>` : nothing}</div>
      ${shown(this.list, (list) => (list.length ? this.table(list, change) : emptiness(t('staff.empty'))), () => this.load())}
      ${this.edited ? this.dialog(this.edited) : nothing}
    </section>`;
  }

  private table(list: Member[], change: boolean): TemplateResult {
    return html`<div class="scroll"><table class="cards"><caption class="visually-hidden">${t('nav.staff')}</caption>
      <thead><tr><th scope="col">${t('staff.name')}</th><th scope="col">${t('staff.role')}</th><th scope="col">${t('card.department')}</th>
        ${dates.map((name) => html`<th scope="col">${t(`staff.${name}` as Key)}</th>`)}<th scope="col">${t('staff.active')}</th>
        ${change ? html`<th scope="col"><span class="visually-hidden">${t('record.acts')}</span></th>` : nothing}</tr></thead>
      <tbody>${list.map((member) => html`<tr>
        <th scope="row">${member.name}<br />${shortId(member.staff)}</th>
        <td data-label=${t('staff.role')}>${roleOf(member.role, member.title)} <span class="badge">${member.role}</span></td>
        <td data-label=${t('card.department')}>${departmentOf(member.department)}</td>
        ${dates.map((name) => html`<td data-label=${t(`staff.${name}` as Key)}>${clearance(member[name])}</td>`)}
        <td data-label=${t('staff.active')}><span class="badge ${member.active ? 'ok' : 'danger'}">${t(member.active ? 'yes' : 'no')}</span></td>
        ${change ? html`<td><button type="button" class="button small" @click=${() => this.open(member)}>${t('staff.change')}<span class="visually-hidden"> ${member.name}</span></button></td>` : nothing}
      </tr>`)}</tbody></table></div>`;
  }

  private dialog(member: Partial<Member>): TemplateResult {
    const input = (name: string, value: string, extra: { type?: string; required?: boolean } = {}) => {
      const fault = this.act.problem?.at(name);
      return html`<div class="field"><label for="staff-${name}">${t(`staff.${name}` as Key)}</label>
        <input id="staff-${name}" name=${name} type=${extra.type ?? 'text'} .value=${value} ?required=${extra.required} autocomplete="off" aria-invalid=${fault ? 'true' : 'false'} />
        ${fault ? html`<span class="error">${faultText(fault)}</span>` : nothing}</div>`;
    };
    return html`<kx-modal heading=${t(member.staff ? 'staff.change' : 'staff.add')} @closed=${() => { this.edited = undefined; }}>
      <form class="stack" @submit=${(event: Event) => this.send(event)}>
        <p class="note info">${t('staff.change.text')}</p>
        ${problemBox(this.act.problem)}
        <div class="split">
          ${input('name', member.name ?? '', { required: true })}
          <div class="field"><label for="staff-role">${t('staff.role')}</label><select id="staff-role" name="role" required>
            ${roles.map((role) => html`<option value=${role} .selected=${role === member.role}>${role} ${roleOf(role)}</option>`)}</select></div>
          ${input('title_zh', member.title?.zh ?? '')}${input('title_en', member.title?.en ?? '')}
          <div class="field"><label for="staff-department">${t('card.department')}</label><select id="staff-department" name="department" required>
            ${options(session.policy?.departments, member.department ?? '')}</select></div>
          ${dates.map((name) => input(name, dateOf(member[name]), { type: 'date' }))}
          ${input('issuer', '', { required: !member.staff })}${input('subject', '', { required: !member.staff })}
        </div>
        <label class="choice"><input type="checkbox" name="active" .checked=${member.active ?? true} /><span>${t('staff.active.text')}</span></label>
        <div class="row end"><button type="button" class="button" @click=${() => { this.edited = undefined; }}>${t('action.cancel')}</button>
          <button class="button primary" ?disabled=${this.act.busy}>${t('staff.send')}</button></div>
      </form></kx-modal>`;
  }
}

// dateOf gives the last day of a clearance that ends at a moment, as date inputs want it.
function dateOf(value: string | null | undefined): string {
  const end = moment(value);
  return end ? new Date(end.getTime() - 1000).toISOString().slice(0, 10) : '';
}

