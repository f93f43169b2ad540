// What the server says when it refuses (RFC 9457), as the pages show it: a sentence, and what is wrong with which field.
import { coded, t, type Key } from '../i18n/index';

/** What is wrong with one member of a request. */
export interface Fault {
  /** Path of the member without "body.", such as "fields.phone" or "kind". */
  field: string;
  code: string;
  message: string;
}

/** A refusal, or that nobody answered: kinds are those of the server, and "network". */
export class Problem extends Error {
  constructor(
    readonly kind: string,
    readonly status: number,
    readonly title: string,
    readonly faults: Fault[] = [],
    readonly request = '',
    /** The stable code of a decision that denied, where the server tells it. */
    readonly code = '',
  ) {
    super(kind);
    this.name = 'Problem';
  }

  /** The sentence to show. */
  get text(): string {
    const own = this.code ? coded('denied', this.code, '') : '';
    return own || coded('problem', this.kind, '') || this.title || t('problem.internal');
  }

  /** The fault of a member, if it has one. */
  at(field: string): Fault | undefined {
    return this.faults.find((fault) => fault.field === field);
  }
}

/** The sentence to show for a fault. */
export function faultText(fault: Fault): string {
  return coded('fault', fault.code, fault.message || t('fault.invalid'));
}

/** Nobody answered. */
export const networkProblem = (): Problem => new Problem('network', 0, t('problem.network' as Key));

interface Wire {
  type?: unknown;
  title?: unknown;
  instance?: unknown;
  code?: unknown;
  errors?: unknown;
}

/** Reads a refusal; anything that is not problem+json becomes a Problem by its status. */
export function problemOf(status: number, body: unknown): Problem {
  const wire: Wire = typeof body === 'object' && body !== null ? body : {};
  const kind = text(wire.type).replace(/^.*\/problems\//, '') || kindOfStatus(status);
  const faults = Array.isArray(wire.errors) ? wire.errors.map(faultOf) : [];
  const request = text(wire.instance).replace('urn:kexin:request:', '');
  return new Problem(kind, status, text(wire.title), faults, request, text(wire.code) || codeOf(faults));
}

// codeOf finds the code of a decision where the server gives it as a fault without a field.
function codeOf(faults: Fault[]): string {
  return faults.find((fault) => fault.field === '' || fault.field === 'decision')?.code ?? '';
}

function faultOf(raw: Partial<Fault>): Fault {
  return { field: text(raw.field).replace(/^body\./, ''), code: text(raw.code), message: text(raw.message) };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function kindOfStatus(status: number): string {
  const kinds: Record<number, string> = {
    401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 409: 'conflict', 410: 'gone', 412: 'precondition-failed',
    422: 'invalid-field', 429: 'too-many-requests', 503: 'unavailable',
  };
  return kinds[status] ?? (status >= 500 ? 'internal' : 'invalid-field');
}
