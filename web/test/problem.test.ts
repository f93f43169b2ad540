import { afterEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../src/i18n/index';
import { Api } from '../src/lib/api';
import { faultText, Problem, problemOf } from '../src/lib/problem';

afterEach(() => { vi.unstubAllGlobals(); setLanguage('zh'); });

const body = {
  type: '/problems/invalid-field', title: 'Fields', status: 422, instance: 'urn:kexin:request:req_7',
  errors: [{ field: 'body.fields.phone', code: 'bad_phone', message: 'm' }, { field: 'body.consents.marketing', code: 'brand_new', message: 'its text' }],
};

test('problem+json is mapped to the members of the form', () => {
  const problem = problemOf(422, body);
  expect([problem.kind, problem.status, problem.request]).toEqual(['invalid-field', 422, 'req_7']);
  expect(problem.at('fields.phone')?.code).toBe('bad_phone');
  expect(problem.at('fields.email')).toBeUndefined();
  setLanguage('en');
  expect(faultText(problem.faults[0]!)).toBe('No such phone number can exist');
  expect(faultText(problem.faults[1]!)).toBe('its text');
});

test('a denial speaks with the words of its code', () => {
  const problem = problemOf(403, { type: '/problems/forbidden', title: 'no', status: 403, errors: [{ field: 'decision', code: 'no-consent', message: '' }] });
  setLanguage('en');
  expect(problem.code).toBe('no-consent');
  expect(problem.text).toContain('not agreed');
});

test.each([[401, 'unauthorized'], [412, 'precondition-failed'], [500, 'internal'], [502, 'internal'], [418, 'invalid-field']])(
  'an answer %i that is no problem becomes %s', (status, kind) => {
    for (const odd of [undefined, null, 'text', [], { type: 7, errors: 'x' }]) expect(problemOf(status, odd).kind).toBe(kind);
  });

const answer = (status: number, data: unknown, headers: Record<string, string> = {}) =>
  vi.fn(async (_url: string, _init: RequestInit) => new Response(JSON.stringify(data), { status, headers }));

test('requests carry token, language, version and idempotency key, and no cookies', async () => {
  const fetched = answer(200, { ok: true }, { ETag: '"12"' });
  vi.stubGlobal('fetch', fetched);
  const got = await new Api('https://api.example', () => 'tok').ask('/v1/x', { method: 'PATCH', body: { a: 1 }, ifMatch: 11, idempotencyKey: 'k' });
  const [url, init] = fetched.mock.calls[0]!;
  expect(url).toBe('https://api.example/v1/x');
  expect(init.headers).toMatchObject({ Authorization: 'Bearer tok', 'If-Match': '"11"', 'Idempotency-Key': 'k', 'Accept-Language': 'zh-CN' });
  expect([init.credentials, init.cache, init.body]).toEqual(['omit', 'no-store', '{"a":1}']);
  expect([got.version, got.data]).toEqual([12, { ok: true }]);
});

test('a refusal is thrown as a problem, and 401 ends the session', async () => {
  const ended = vi.fn();
  vi.stubGlobal('fetch', answer(401, {}));
  await expect(new Api('', () => 't', ended).get('/v1/me')).rejects.toMatchObject({ kind: 'unauthorized' });
  expect(ended).toHaveBeenCalledOnce();
});

test('no answer at all is a problem of the network', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('failed'); }));
  await expect(new Api().get('/v1/forms')).rejects.toBeInstanceOf(Problem);
  await expect(new Api().get('/v1/forms')).rejects.toMatchObject({ kind: 'network' });
});
