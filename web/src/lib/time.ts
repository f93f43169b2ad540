// Times and periods as people read them.
import { language, languageTag, t, type Key } from '../i18n/index';

/** A moment of the server: RFC 3339, or Unix seconds. Undefined when there is none. */
export function moment(value: string | number | null | undefined): Date | undefined {
  if (value === null || value === undefined || value === '' || value === 0) return undefined;
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(value);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1 ? undefined : date;
}

/** Day and time, as short as is clear; "–" for none. */
export function dateTime(value: string | number | null | undefined): string {
  return format(value, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The day; "–" for none. */
export function day(value: string | number | null | undefined): string {
  return format(value, { dateStyle: 'medium' });
}

function format(value: string | number | null | undefined, options: Intl.DateTimeFormatOptions): string {
  const date = moment(value);
  return date ? new Intl.DateTimeFormat(language() === 'en' ? 'en-GB' : languageTag(), options).format(date) : '–';
}

const units: Record<string, Key> = { Y: 'time.years', M: 'time.months', W: 'time.weeks', D: 'time.days' };

/** An ISO 8601 period of calendar units such as P3Y or P1Y6M; returned as it is when it is anything else. */
export function period(iso: string): string {
  const parts = [...iso.matchAll(/(\d+)([YMWD])/g)];
  if (parts.length === 0 || `P${parts.map((part) => part[0]).join('')}` !== iso) return iso;
  return parts.map(([, n, unit]) => t(n === '1' ? `${units[unit!]}.one` as Key : units[unit!]!, { n: n! })).join(' ');
}

/** Seconds as m:ss. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/**
 * Counts down from seconds by a clock that nobody can set, and calls tick with what is left until it is 0. Returns how to stop it.
 * The server says how long a value may be seen; its wall clock is not the browser's, so only the duration counts.
 */
export function countdown(seconds: number, tick: (left: number) => void, now: () => number = () => performance.now()): () => void {
  const end = now() + seconds * 1000;
  const step = () => {
    const left = Math.max(0, (end - now()) / 1000);
    if (left <= 0) clearInterval(timer);
    tick(left);
  };
  const timer = setInterval(step, 250);
  tick(seconds);
  return () => clearInterval(timer);
}
