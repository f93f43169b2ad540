import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../src/i18n/index';
import '../src/form/kexin-form';
import type { KexinForm } from '../src/form/kexin-form';
import { controlOf, empty, missing, submissionOf } from '../src/form/state';
import type { Form } from '../src/lib/types';
import { answers } from '../dev/answers';

const form = answers.find(([, path]) => path.test('/v1/forms/service'))![2](undefined, [])[1] as Form;

beforeEach(() => setLanguage('zh'));
afterEach(() => { vi.unstubAllGlobals(); document.body.replaceChildren(); });

test('only filled fields of the chosen kind are sent, and every purpose is answered', () => {
  const filled = { ...empty(form, false), consents: { contract_service: true }, values: { name: ' 周晓 ', phone: '13900000010', company_name: '不该送出', email: ' ' } };
  expect(submissionOf(form, filled, 'zh')).toEqual({
    kind: 'individual', channel: 'online_form', notice: 'service/1', language: 'zh',
    consents: { contract_service: true, customer_service: false, marketing: false }, separate_consents: {}, fields: { name: '周晓', phone: '13900000010' },
  });
});

test('a sensitive field leaves the page only with its own consent', () => {
  const filled = { ...empty(form, false), values: { id_number: '11010519491231002X' } };
  expect(submissionOf(form, filled, 'zh').fields).toEqual({});
  const agreed = submissionOf(form, { ...filled, separate: { id_number: true } }, 'zh');
  expect([agreed.fields, agreed.separate_consents]).toEqual([{ id_number: '11010519491231002X' }, { id_number: true }]);
});

test('missing are mandatory consents and required fields of the kind, nothing else', () => {
  expect(missing(form, empty(form, false)).map(({ field }) => field)).toEqual(['consents.contract_service', 'fields.name', 'fields.phone']);
  expect(missing(form, { ...empty(form, false), kind: 'enterprise' }).map(({ field }) => field)).toContain('fields.company_name');
});

test('staff begin with a channel of staff, customers with a public one', () => {
  expect([empty(form, true).channel, empty(form, false).channel]).toEqual(['phone', 'online_form']);
  expect([controlOf('fields.phone'), controlOf('separate_consents.id_number'), controlOf('kind'), controlOf('elsewhere')]).toEqual(['f-phone', 's-id_number', 'kind', 'form']);
});

async function shownForm(answer: (body: unknown, key: string) => [number, unknown]): Promise<KexinForm> {
  vi.stubGlobal('fetch', vi.fn(async (url: string, init: RequestInit) => {
    if (init.method !== 'POST') return new Response(JSON.stringify(form));
    expect(url).toBe('/v1/forms/service/submissions');
    const [status, data] = answer(JSON.parse(String(init.body)), (init.headers as Record<string, string>)['Idempotency-Key']!);
    return new Response(JSON.stringify(data), { status });
  }));
  const element = document.createElement('kexin-form');
  document.body.append(element);
  await settled(element as KexinForm);
  return element as KexinForm;
}

async function settled(element: KexinForm): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    await new Promise((resolve) => { setTimeout(resolve); });
    await element.updateComplete;
  }
}

const inside = <T extends Element>(element: KexinForm, selector: string): T => element.shadowRoot!.querySelector<T>(selector)!;

async function fill(element: KexinForm): Promise<void> {
  inside<HTMLInputElement>(element, '#c-contract_service').click();
  for (const [name, value] of [['name', '周晓'], ['phone', '13900000010']]) {
    const input = inside<HTMLInputElement>(element, `#f-${name}`);
    input.value = value!;
    input.dispatchEvent(new Event('input'));
  }
  await settled(element);
}

async function submit(element: KexinForm): Promise<void> {
  inside<HTMLFormElement>(element, 'form').dispatchEvent(new Event('submit', { cancelable: true }));
  await settled(element);
}

test('the whole notice stands before the first input, and nothing is ticked', async () => {
  const element = await shownForm(() => [201, {}]);
  const root = element.shadowRoot!;
  expect(root.querySelectorAll('.part')).toHaveLength(9);
  const first = root.querySelector('input, select, textarea')!;
  expect(root.querySelector('.notice')!.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  expect(root.querySelectorAll('input[type=checkbox]:checked')).toHaveLength(0);
  expect([...root.querySelectorAll('input[type=checkbox]')].filter((box) => (box as HTMLInputElement).checked)).toEqual([]);
});

test('a sensitive input opens with its consent and forgets what it held when that is taken back', async () => {
  const element = await shownForm(() => [201, {}]);
  const input = () => inside<HTMLInputElement>(element, '#f-id_number');
  expect(input().disabled).toBe(true);
  inside<HTMLInputElement>(element, '#s-id_number').click();
  await settled(element);
  expect(input().disabled).toBe(false);
  input().value = '11010519491231002X';
  input().dispatchEvent(new Event('input'));
  inside<HTMLInputElement>(element, '#s-id_number').click();
  await settled(element);
  expect([input().disabled, input().value]).toEqual([true, '']);
});

test('what is missing is listed in a summary that gets the focus, without asking the server', async () => {
  const sent = vi.fn<() => [number, unknown]>(() => [201, {}]);
  const element = await shownForm(sent);
  await submit(element);
  expect(sent).not.toHaveBeenCalled();
  expect(element.shadowRoot!.activeElement?.id).toBe('summary');
  expect(inside(element, '#summary').querySelectorAll('li')).toHaveLength(3);
  expect(inside(element, '#f-phone').getAttribute('aria-invalid')).toBe('true');
});

test('the server’s faults land at their fields; a retry of the same keeps its key, a change gets a new one', async () => {
  const keys: string[] = [];
  const element = await shownForm((_body, key) => {
    keys.push(key);
    return keys.length < 4 ? [422, { type: '/problems/invalid-field', errors: [{ field: 'body.fields.phone', code: 'bad_phone', message: '' }] }]
      : [201, { submission: 'sub_x', received: '2026-01-01T00:00:00Z', refused: [], receipt: {} }];
  });
  await fill(element);
  await submit(element);
  expect(inside(element, '#f-phone-error').textContent).toContain('电话号码');
  await submit(element);
  inside<HTMLInputElement>(element, '#c-marketing').click();
  await settled(element);
  await submit(element);
  await submit(element);
  expect([keys[0] === keys[1], keys[1] === keys[2], keys[2] === keys[3]]).toEqual([true, false, true]);
  expect(inside(element, '#received')).toBeTruthy();
});

test('after success the page keeps the number and the receipt, not what was typed', async () => {
  const element = await shownForm(() => [201, { submission: 'sub_abc', received: '2026-01-01T00:00:00Z', refused: [{ field: 'fields.gender', code: 'no_purpose_left' }], receipt: { format: 'x' } }]);
  await fill(element);
  await submit(element);
  const text = element.shadowRoot!.textContent!;
  expect(text).toContain('sub_abc');
  expect(text).toContain('没有保存');
  expect(JSON.stringify(element.filled)).not.toContain('13900000010');
  expect(element.shadowRoot!.activeElement?.id).toBe('received');
});

test('a form that cannot be loaded says so and can be tried again', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('down'); }));
  const element = document.createElement('kexin-form') as KexinForm;
  document.body.append(element);
  await settled(element);
  expect(inside(element, '[role=alert]').textContent).toContain('连接不上');
});

test.each(['zh', 'en'] as const)('no violation of accessibility rules in %s: empty, with errors, received', async (language) => {
  setLanguage(language);
  document.documentElement.lang = language;
  document.title = 'x';
  const element = await shownForm(() => [201, { submission: 'sub_abc', received: '2026-01-01T00:00:00Z', refused: [], receipt: {} }]);
  const check = async () => (await axe.run(element, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } })).violations
    .map((violation) => [violation.id, violation.nodes.map((node) => node.html.slice(0, 120))]);
  expect(await check()).toEqual([]);
  await submit(element);
  expect(await check()).toEqual([]);
  await fill(element);
  await submit(element);
  expect(await check()).toEqual([]);
});
