import { beforeEach, expect, test } from 'vitest';
import { coded, language, languageTag, onLanguage, pick, setLanguage, t } from '../src/i18n/index';
import en from '../src/i18n/en.json';
import zh from '../src/i18n/zh.json';

beforeEach(() => setLanguage('zh'));

test('both languages have the same keys, and no text is empty', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  for (const texts of [zh, en]) expect(Object.entries(texts).filter(([, text]) => text.trim() === '')).toEqual([]);
});

test('both languages fill the same places', () => {
  const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, places(en[key])]).toEqual([key, places(zh[key])]);
});

test('Chinese texts are Chinese, English ones have no Chinese but the name', () => {
  const han = /\p{Script=Han}/u;
  expect(Object.entries(en).filter(([key, text]) => key !== 'brand' && han.test(text))).toEqual([]);
  const plain = Object.entries(zh).filter(([, text]) => !han.test(text) && /[a-z]{3}/i.test(text));
  expect(plain).toEqual([]);
});

test('every text that the sources name exists, and every text is used', () => {
  const files = import.meta.glob<string>('../src/**/*.ts', { query: '?raw', import: 'default', eager: true });
  const source = Object.values(files).join('\n');
  expect(Object.keys(files).length).toBeGreaterThan(30);
  const families = new Set([...source.matchAll(/coded\('([\w.-]+)'/g)].map((match) => match[1]));
  const templates = [...source.matchAll(/[`]([\w.-]+\.)\$\{/g)].map((match) => match[1]!);
  const unused = Object.keys(zh).filter((key) => !source.includes(`'${key}'`)
    && ![...families].some((family) => key.startsWith(`${family}.`)) && !templates.some((start) => key.startsWith(start))
    && !/^time\.\w+\.one$/.test(key) && !/^landing\.\w+(\.\w+)?$/.test(key));
  expect(unused).toEqual([]);
});

test('a chosen language is told and remembered; the server’s texts follow it', () => {
  let told = 0;
  const stop = onLanguage(() => { told += 1; });
  setLanguage('en');
  stop();
  setLanguage('zh');
  setLanguage('en');
  expect([told, language(), languageTag(), localStorage.getItem('kexin.language')]).toEqual([1, 'en', 'en', 'en']);
  expect(pick({ zh: '电话', en: 'Phone' })).toBe('Phone');
  expect(pick({ zh: '电话' })).toBe('电话');
  expect(pick(undefined)).toBe('');
});

test('codes of the server get texts whether written with _ or -, others stay themselves', () => {
  expect(coded('fault', 'bad_check_digit')).toBe(coded('fault', 'bad-check-digit'));
  expect(coded('fault', 'never_heard_of')).toBe('never_heard_of');
  expect(t('form.faults', { n: 3 })).toContain('3');
});
