import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../src/i18n/index';
import { Problem } from '../src/lib/problem';
import { policyOf } from '../src/console/policy';
import { session } from '../src/console/session';
import '../src/console/modal';
import '../src/console/dialogs/reveal';
import '../src/console/dialogs/edit';
import type { Edit } from '../src/console/dialogs/edit';
import type { Reveal } from '../src/console/dialogs/reveal';
import { shown, Task, View } from '../src/console/view';
import { answers } from '../dev/answers';

const policy = answers.find(([method, path]) => method === 'GET' && path.test('/v1/policy'))![2](undefined, [])[1];
const SECRET = '11010519491231002X';

beforeEach(() => {
  setLanguage('zh');
  session.policy = policyOf(policy);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); document.body.replaceChildren(); sessionStorage.clear(); });

const settle = async () => { for (let i = 0; i < 6; i += 1) await new Promise((resolve) => { setTimeout(resolve); }); };

interface Sent { path: string; body: Record<string, unknown>; headers: Record<string, string> }

function server(...replies: [number, unknown][]): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal('fetch', vi.fn(async (path: string, init: RequestInit) => {
    sent.push({ path, body: JSON.parse(String(init.body)), headers: init.headers as Record<string, string> });
    const [status, data] = replies[Math.min(sent.length, replies.length) - 1]!;
    return new Response(JSON.stringify(data), { status });
  }));
  return sent;
}

async function reveal(level: string): Promise<Reveal> {
  const dialog = Object.assign(document.createElement('kx-reveal') as Reveal, { customer: 'cus_x', purpose: 'contract_service', field: 'id_number', level });
  document.body.append(dialog);
  await settle();
  const reason = dialog.querySelector<HTMLSelectElement>('#reveal-reason')!;
  reason.value = 'verify_identity';
  reason.dispatchEvent(new Event('change'));
  await settle();
  return dialog;
}

async function ask(dialog: Reveal): Promise<void> {
  dialog.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  await settle();
}

test('a revealed value is shown for its seconds, then nothing of it is left', async () => {
  const sent = server([200, { field: 'id_number', value: SECRET, seconds: 60 }]);
  const dialog = await reveal('L2');
  await ask(dialog);
  expect(sent[0]).toMatchObject({ path: '/v1/customers/cus_x/reveals', body: { field: 'id_number', purpose: 'contract_service', reason: 'verify_identity' } });
  expect(dialog.querySelector('#reveal-value')?.textContent).toBe(SECRET);
  vi.advanceTimersByTime(59_000);
  await settle();
  expect(dialog.querySelector('#reveal-left')?.textContent).toBe('0:01');
  vi.advanceTimersByTime(1_250);
  await settle();
  expect(dialog.innerHTML).not.toContain(SECRET);
  expect(dialog.querySelector('#reveal-over')).toBeTruthy();
  expect(holds(dialog, SECRET)).toBe(false);
});

// holds looks for a text in everything that an object keeps.
function holds(object: object, text: string, seen = new Set<unknown>()): boolean {
  return Reflect.ownKeys(object).some((key) => {
    const value = (object as Record<PropertyKey, unknown>)[key];
    if (value === text) return true;
    if (!value || typeof value !== 'object' || seen.has(value) || value instanceof Node) return false;
    seen.add(value);
    return holds(value, text, seen);
  });
}

test('closing the dialog forgets the value at once', async () => {
  server([200, { field: 'id_number', value: SECRET, seconds: 60 }]);
  const dialog = await reveal('L2');
  await ask(dialog);
  dialog.remove();
  await settle();
  expect(holds(dialog, SECRET)).toBe(false);
});

test('the highest level first asks for an approval, and keeps its number for the next try', async () => {
  const sent = server([202, { approval: 'apr_1' }], [403, { type: '/problems/not-approved' }], [200, { value: SECRET, seconds: 30 }]);
  const dialog = await reveal('L3');
  await ask(dialog);
  expect(dialog.querySelector('#reveal-approval')?.textContent).toBe('apr_1');
  await ask(dialog);
  expect(dialog.querySelector('[role=alert]')?.textContent).toContain('尚未获得批准');
  await ask(dialog);
  expect(sent.map(({ body }) => body.approval)).toEqual([undefined, 'apr_1', 'apr_1']);
  expect(dialog.querySelector('#reveal-value')?.textContent).toBe(SECRET);
  expect(sessionStorage.length).toBe(0);
});

test('an edit sends what changed under the version that was seen, and a stale one keeps what was typed', async () => {
  const sent = server([412, { type: '/problems/precondition-failed' }]);
  const record = { customer: 'cus_x', kind: 'individual', state: 'live', version: 7, purpose: 'contract_service', held: false,
    fields: { name: { value: '周晓', level: 'L1' }, phone: { value: '13900000010', level: 'L1' }, id_number: { masked: '110***02X', level: 'L2' } } };
  const dialog = Object.assign(document.createElement('kx-edit') as Edit, { record, purpose: 'contract_service' });
  const reload = vi.fn();
  dialog.addEventListener('changed', reload);
  document.body.append(dialog);
  await settle();
  const name = () => dialog.querySelector<HTMLInputElement>('#edit-name')!;
  name().value = '周小满';
  name().dispatchEvent(new Event('input'));
  await settle();
  dialog.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  await settle();
  expect(sent[0]).toMatchObject({ body: { purpose: 'contract_service', fields: { name: '周小满' } }, headers: { 'If-Match': '"7"' } });
  dialog.querySelector<HTMLButtonElement>('#stale-reload')!.click();
  await settle();
  expect(reload).toHaveBeenCalledOnce();
  expect(name().value).toBe('周小满');
});

class Probe extends View {
  readonly task = new Task<string[]>(this);
  protected override render(): unknown {
    return shown(this.task, (list) => list.join(), () => {});
  }
}
customElements.define('kx-probe', Probe);

test('what is fetched is awaited, failed or shown; an overtaken answer is dropped', async () => {
  const probe = document.createElement('kx-probe') as Probe;
  document.body.append(probe);
  await settle();
  expect(probe.querySelector('[role=status]')).toBeTruthy();
  let late: (value: string[]) => void = () => {};
  const first = probe.task.start(() => new Promise((resolve) => { late = resolve; }));
  await probe.task.start(async () => ['second']);
  late(['first']);
  await first;
  await settle();
  expect(probe.textContent).toContain('second');
  await probe.task.start(async () => { throw new Problem('gone', 410, ''); });
  await settle();
  expect(probe.querySelector('[role=alert]')?.textContent).toContain('已不存在');
});

test('a demonstration’s token lives in the session storage of the tab only, and not after signing out; another is in no storage', async () => {
  vi.stubGlobal('fetch', vi.fn(async (path: string) => new Response(JSON.stringify(path === '/v1/me' ? { staff: 's', name: 'n', role: 'R2', department: 'service' } : policy))));
  await session.signIn('secret');
  expect([sessionStorage.length, JSON.stringify({ ...localStorage })]).toEqual([0, expect.not.stringContaining('secret')]);
  await session.signIn('tok', true);
  expect([sessionStorage.getItem('kexin.token'), JSON.stringify({ ...localStorage })]).toEqual(['tok', expect.not.stringContaining('tok')]);
  await session.signOut();
  expect([sessionStorage.length, session.token, session.me]).toEqual([0, '', undefined]);
});
