// Hints while somebody types. They never stop anybody: only the server decides whether a value is right.
import type { Key } from '../i18n/index';

const idWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const checks: Record<string, (value: string) => Key | undefined> = {
  phone: (value) => (/^\+?[\d\s()-]{6,20}$/.test(value) ? undefined : 'hint.phone'),
  email: (value) => (/^\S+@\S+\.\S+$/.test(value) ? undefined : 'hint.email'),
  cn_id: (value) => (idNumberFits(value) ? undefined : 'hint.id'),
  uscc: (value) => (/^[0-9A-HJ-NP-RTUW-Y]{18}$/i.test(value.replace(/[\s-]/g, '')) ? undefined : 'hint.uscc'),
};

/** What looks wrong with value under a check of the pack, or nothing. */
export function hintFor(check: string | undefined, value: string, maxLength?: number): Key | undefined {
  const text = value.trim();
  if (text === '') return undefined;
  if (maxLength && [...text].length > maxLength) return 'hint.long';
  return check ? checks[check]?.(text.normalize('NFKC')) : undefined;
}

function idNumberFits(value: string): boolean {
  const text = value.replace(/[\s-]/g, '').toUpperCase();
  if (!/^\d{17}[\dX]$/.test(text)) return false;
  const sum = idWeights.reduce((total, weight, i) => total + weight * Number(text[i]), 0);
  return '10X98765432'[sum % 11] === text[17];
}
