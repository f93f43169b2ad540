// Both languages of the pages. Texts are in zh.json and en.json, one entry a text, the same keys in both (a test compares them).
// The choice lives in localStorage; without one the pages are Chinese.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import en from './en.json';
import zh from './zh.json';

/** A language of the pages. */
export type Language = 'zh' | 'en';
/** A text of the server in both languages. */
export type Text = Partial<Record<Language, string>>;
/** The name of a text of the pages. */
export type Key = keyof typeof zh;
/** What replaces {name} in a text. */
export type Values = Record<string, string | number>;

const texts: Record<Language, Record<string, string>> = { zh, en };
const tags: Record<Language, string> = { zh: 'zh-CN', en: 'en' };
const STORED = 'kexin.language';
const listeners = new Set<() => void>();
let current: Language = stored();

function stored(): Language {
  try {
    return globalThis.localStorage?.getItem(STORED) === 'en' ? 'en' : 'zh';
  } catch {
    return 'zh'; // storage may be forbidden, as in a frame of another site
  }
}

/** The language now shown. */
export const language = (): Language => current;

/** The language now shown as a tag for lang attributes, Intl and Accept-Language. */
export const languageTag = (): string => tags[current];

/** Shows another language from now on and remembers it. */
export function setLanguage(next: Language): void {
  current = next;
  try {
    globalThis.localStorage?.setItem(STORED, next);
  } catch { /* not remembered, but shown */ }
  for (const listener of listeners) listener();
}

/** Calls listener at each change of language; returns how to stop that. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The text of key in the language now shown. */
export function t(key: Key, values: Values = {}): string {
  return fill(texts[current][key] ?? key, values);
}

/** The text of "prefix.code" if there is one, else otherwise: for codes that the server may extend. */
export function coded(prefix: string, code: string, otherwise = code): string {
  return texts[current][`${prefix}.${code.replaceAll('_', '-')}`] ?? otherwise;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The text of the server in the language now shown, or in the other when that is all there is. */
export function pick(text: Text | string | undefined | null): string {
  if (text == null || typeof text === 'string') return text ?? '';
  return text[current] || text.zh || text.en || '';
}

/** Renders its host again when the language changes. */
export class LanguageController implements ReactiveController {
  private stop?: () => void;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {
    this.stop = onLanguage(() => this.host.requestUpdate());
  }

  hostDisconnected(): void {
    this.stop?.();
  }
}
