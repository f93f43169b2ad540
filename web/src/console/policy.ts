// The policy as the console uses it: lists with titles. The server may give lists or maps; both are read.
import { coded, pick, type Text } from '../i18n/index';
import type { Channel, Field, Form, Purpose, Titled } from '../lib/types';

/** What the pages need to know of the pack. */
export interface Policy {
  pack: string;
  purposes: Purpose[];
  fields: Field[];
  reasons: Titled[];
  departments: Titled[];
  levels: Titled[];
  forms: Form[];
  channels: Channel[];
}

type Raw = Record<string, unknown>;

/** Reads the answer of GET /v1/policy. */
export function policyOf(raw: unknown): Policy {
  const all = (raw ?? {}) as Raw;
  return {
    pack: typeof all.pack === 'string' ? all.pack : String((all.pack as Raw)?.id ?? ''),
    purposes: entries(all.purposes) as unknown as Purpose[],
    fields: entries(all.fields).map((field) => ({ ...field, name: field.name ?? field.id })) as unknown as Field[],
    reasons: titled(all.reasons),
    departments: titled(all.departments),
    levels: titled(all.levels),
    // the fullest form first: it is the one that staff need most
    forms: (entries(all.forms) as unknown as Form[]).sort((a, b) => (b.fields?.length ?? 0) - (a.fields?.length ?? 0)),
    channels: entries(all.channels) as unknown as Channel[],
  };
}

function titled(value: unknown): Titled[] {
  return entries(value).map((entry) => ({ id: String(entry.id), title: (entry.title ?? entry.label ?? entry) as Text }));
}

// entries gives [{id, …}] for a list of objects, a list of names, or a map by id.
function entries(value: unknown): Raw[] {
  if (Array.isArray(value)) {
    return value.map((entry) => (typeof entry === 'string' ? { id: entry, title: { zh: entry, en: entry } }
      : { ...entry, id: entry.id ?? entry.name ?? entry.level ?? entry.code ?? entry.value }));
  }
  if (!value || typeof value !== 'object') return [];
  return Object.entries(value).map(([id, entry]) => (typeof entry === 'string' ? { id, title: { zh: entry, en: entry } } : { ...entry, id }));
}

/** The title of id in a list, or id. */
export function titleIn(list: Titled[] | undefined, id: string | undefined): string {
  if (!id) return '–';
  return pick(list?.find((entry) => entry.id === id)?.title) || id;
}

/** The title of a field. */
export function fieldTitle(policy: Policy | undefined, name: string): string {
  return pick(policy?.fields.find((field) => field.name === name)?.title) || name;
}

/** The purposes that some collected field serves: those for which a record can be opened. */
export function usedPurposes(policy: Policy | undefined): Purpose[] {
  const used = new Set(policy?.fields.flatMap((field) => field.purposes ?? []));
  return (policy?.purposes ?? []).filter(({ id }) => used.size === 0 || used.has(id));
}

/** The fields that the company's forms ask for, in the order of the forms; all collected fields when there is no form. */
export function formFields(policy: Policy | undefined): Field[] {
  const names = [...new Set((policy?.forms ?? []).flatMap((form) => form.fields.map(({ name }) => name)))];
  const fields = names.flatMap((name) => policy?.fields.filter((field) => field.name === name) ?? []);
  return fields.length ? fields : policy?.fields ?? [];
}

/** The purpose for which records are opened most: the one that a form cannot do without. */
export function usualPurpose(policy: Policy | undefined): string {
  return policy?.forms[0]?.purposes.find((purpose) => purpose.mandatory)?.id ?? usedPurposes(policy)[0]?.id ?? '';
}

/** The pack's own label of a level. */
export function levelLabel(policy: Policy | undefined, level: string): string {
  return pick(policy?.levels.find((entry) => entry.id === level)?.title) || coded('level', level);
}
