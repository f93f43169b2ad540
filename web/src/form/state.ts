// What a person has filled in, and what of it is sent. No page here: this part is tested alone.
import type { Field, Form, Purpose, Submission } from '../lib/types';

/** What has been entered so far. */
export interface Filled {
  kind: string;
  channel: string;
  consents: Record<string, boolean>;
  separate: Record<string, boolean>;
  values: Record<string, string>;
}

/** Something that has to be there and is not; field is the path that the server would name. */
export interface Missing { field: string; code: 'required' | 'consent-required' }

/** An empty form: no box is ticked, ever, before the person ticks it. */
export function empty(form: Form, staff: boolean): Filled {
  const channel = form.channels.find((candidate) => candidate.public !== staff);
  return { kind: form.kinds[0] ?? '', channel: channel?.id ?? '', consents: {}, separate: {}, values: {} };
}

/** The fields that the form asks of a kind of customer. */
export function fieldsOf(form: Form, kind: string): Field[] {
  return form.fields.filter((field) => !field.kinds?.length || field.kinds.includes(kind));
}

/** The purposes that the person is asked about. */
export const asked = (form: Form): Purpose[] => form.purposes.filter((purpose) => purpose.asks);

/** Whether the input of a field may be used: always, except without the consent that the field needs for itself. */
export function usable(field: Field, filled: Filled): boolean {
  return !field.separate_consent || filled.separate[field.name] === true;
}

/** What is sent: every purpose answered, only fields of this kind that hold something and may be used. */
export function submissionOf(form: Form, filled: Filled, language: string): Submission {
  const consents = Object.fromEntries(asked(form).map(({ id }) => [id, filled.consents[id] === true]));
  const fields: Record<string, string> = {};
  const separate: Record<string, boolean> = {};
  for (const field of fieldsOf(form, filled.kind)) {
    const value = (filled.values[field.name] ?? '').trim();
    if (value === '' || !usable(field, filled)) continue;
    fields[field.name] = value;
    if (field.separate_consent) separate[field.name] = true;
  }
  return { kind: filled.kind, channel: filled.channel, notice: form.notice.version, language, consents, separate_consents: separate, fields };
}

/** What is still missing. Whether values are right is for the server to say. */
export function missing(form: Form, filled: Filled): Missing[] {
  const list: Missing[] = [];
  for (const purpose of asked(form)) {
    if (purpose.mandatory && !filled.consents[purpose.id]) list.push({ field: `consents.${purpose.id}`, code: 'consent-required' });
  }
  for (const field of fieldsOf(form, filled.kind)) {
    if (field.required && !(filled.values[field.name] ?? '').trim()) list.push({ field: `fields.${field.name}`, code: 'required' });
  }
  return list;
}

/** The id of the control that a path of the server belongs to; the whole form for anything else. */
export function controlOf(path: string): string {
  const match = /^(fields|consents|separate_consents)\.([a-z0-9_]+)$/.exec(path);
  if (match) return `${{ fields: 'f', consents: 'c', separate_consents: 's' }[match[1]!]}-${match[2]}`;
  return { kind: 'kind', channel: 'channel', 'evidence.script': 'script', evidence: 'script' }[path] ?? 'form';
}
