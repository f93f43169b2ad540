import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../src/i18n/index';
import { hintFor } from '../src/lib/hints';
import { localLink } from '../src/lib/link';
import { Attempt, idempotencyKey } from '../src/lib/random';
import { clock, countdown, dateTime, day, moment, period } from '../src/lib/time';
import { fieldTitle, levelLabel, policyOf, titleIn, usualPurpose } from '../src/console/policy';
import { menuOf, offered, pages } from '../src/console/roles';
import { reportText } from '../src/console/demo';

beforeEach(() => setLanguage('zh'));
afterEach(() => vi.useRealTimers());

test('idempotency keys are long enough, of the right alphabet, and different', () => {
  const keys = new Set(Array.from({ length: 200 }, idempotencyKey));
  expect(keys.size).toBe(200);
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_-]{24}$/);
});

test('the same body keeps its key until it is done; another body gets another', () => {
  const attempt = new Attempt();
  const first = attempt.keyFor({ a: 1 });
  expect(attempt.keyFor({ a: 1 })).toBe(first);
  const second = attempt.keyFor({ a: 2 });
  expect(second).not.toBe(first);
  attempt.done();
  expect(attempt.keyFor({ a: 2 })).not.toBe(second);
});

test('moments come as text or seconds, and there may be none', () => {
  expect(moment(1_700_000_000)?.toISOString()).toBe('2023-11-14T22:13:20.000Z');
  expect(moment('2026-02-03T00:00:00Z')?.getTime()).toBe(Date.UTC(2026, 1, 3));
  for (const none of [undefined, null, '', 0, 'nonsense', '0001-01-01T00:00:00Z']) expect([moment(none), day(none), dateTime(none)]).toEqual([undefined, '–', '–']);
  expect(day('2026-02-03T12:00:00Z')).toContain('2026');
});

test('periods are words in both languages; what is not one stays as it is', () => {
  expect([period('P3Y'), period('P1Y6M')]).toEqual(['3 年', '1 年 6 个月']);
  setLanguage('en');
  expect([period('P1Y'), period('P15D'), period('PT8H'), period('P3Yx')]).toEqual(['1 year', '15 days', 'PT8H', 'P3Yx']);
});

test('the countdown ends at nothing, once, and can be stopped', () => {
  vi.useFakeTimers();
  let now = 0;
  const ticks: number[] = [];
  countdown(2, (left) => ticks.push(left), () => now);
  now = 1500; vi.advanceTimersByTime(250);
  now = 2000; vi.advanceTimersByTime(250);
  now = 9000; vi.advanceTimersByTime(5000);
  expect(ticks).toEqual([2, 0.5, 0]);
  const stopped: number[] = [];
  countdown(2, (left) => stopped.push(left), () => now)();
  vi.advanceTimersByTime(5000);
  expect(stopped).toEqual([2]);
  expect([clock(61), clock(0.2), clock(-1)]).toEqual(['1:01', '0:01', '0:00']);
});

test('hints see what looks wrong and leave the rest alone', () => {
  expect(hintFor('phone', '13900000010')).toBeUndefined();
  expect(hintFor('phone', '12ab')).toBe('hint.phone');
  expect(hintFor('email', 'zhou@mail.example')).toBeUndefined();
  expect(hintFor('email', 'zhou')).toBe('hint.email');
  expect(hintFor('cn_id', '11010519491231002X')).toBeUndefined();
  expect(hintFor('cn_id', '110105194912310021')).toBe('hint.id');
  expect(hintFor('uscc', '9133010056789012AI')).toBe('hint.uscc');
  expect(hintFor('person_name', '周', 50)).toBeUndefined();
  expect(hintFor(undefined, '𠮷𠮷𠮷', 2)).toBe('hint.long');
  expect(hintFor('phone', '  ')).toBeUndefined();
});

test('a link of the same machine and port stays on the page’s own origin', () => {
  const page = { href: 'http://localhost:8080/console/', hostname: 'localhost', port: '8080' };
  expect(localLink('http://127.0.0.1:8080/objects/a?x=1', page)).toBe('/objects/a?x=1');
  expect(localLink('http://127.0.0.1:9999/objects/a', page)).toBe('http://127.0.0.1:9999/objects/a');
  expect(localLink('https://bucket.example/a', page)).toBe('https://bucket.example/a');
});

test('the policy is read from lists and from maps', () => {
  const asLists = policyOf({ pack: 'P06@1', reasons: [{ id: 'audit', title: { zh: '审计', en: 'Audit' } }], levels: [{ id: 'L2', title: { zh: '敏感' } }],
    fields: [{ name: 'phone', title: { zh: '电话' } }], forms: [{ id: 'service', fields: [], purposes: [{ id: 'a', mandatory: false }, { id: 'b', mandatory: true }] }] });
  expect([titleIn(asLists.reasons, 'audit'), levelLabel(asLists, 'L2'), levelLabel(asLists, 'L3'), fieldTitle(asLists, 'phone'), fieldTitle(asLists, 'x')])
    .toEqual(['审计', '敏感', '高度敏感', '电话', 'x']);
  expect(usualPurpose(asLists)).toBe('b');
  expect(titleIn(policyOf({ departments: { service: { zh: '客服部', en: 'Service' } } }).departments, 'service')).toBe('客服部');
  expect(policyOf(undefined).fields).toEqual([]);
});

test('menus follow the roles; an unknown role sees everything and the server decides', () => {
  expect(menuOf('R2')).toEqual(['customers', 'new']);
  expect(menuOf('R13')).toEqual([]);
  expect(menuOf('R99')).toEqual(pages);
  expect([offered('R10', 'destroy'), offered('R2', 'destroy'), offered(undefined, 'edit')]).toEqual([true, false, false]);
});

test('reports of jobs are read out by name', () => {
  expect(reportText({ built: 2, waiting: 0, list: [1] })).toBe('生成 2 · 等待 0');
  expect([reportText({}), reportText(null)]).toEqual(['完成', '完成']);
});
