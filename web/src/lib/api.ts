// One way to speak to the server: JSON in, JSON out, refusals as Problem. Nothing is cached or logged.
import { languageTag } from '../i18n/index';
import { networkProblem, problemOf } from './problem';

/** What goes with a request. */
export interface Options {
  method?: string;
  body?: unknown;
  /** Version of the customer that is changed. */
  ifMatch?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** An answer with its status, version and exact bytes. */
export interface Answer<T> {
  status: number;
  data: T;
  text: string;
  version?: number;
}

/** Speaks to one server on behalf of whoever token names. */
export class Api {
  constructor(
    private readonly base = '',
    private readonly token: () => string = () => '',
    private readonly signedOut: () => void = () => {},
  ) {}

  /** Answers what the server says, or throws a Problem. */
  async ask<T>(path: string, options: Options = {}): Promise<Answer<T>> {
    const response = await this.send(path, options);
    const text = await response.text().catch(() => '');
    const data = parse(text);
    if (!response.ok) {
      if (response.status === 401) this.signedOut();
      throw problemOf(response.status, data);
    }
    return { status: response.status, data: data as T, text, version: versionOf(response) };
  }

  /** The data alone. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await this.ask<T>(path, { signal })).data;
  }

  /** Sends a body, or nothing, and answers the data alone. */
  async post<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
    return (await this.ask<T>(path, { ...options, method: 'POST', body })).data;
  }

  private async send(path: string, options: Options): Promise<Response> {
    try {
      return await fetch(this.base + path, {
        method: options.method ?? 'GET',
        headers: this.headers(options),
        body: options.body === undefined ? undefined : JSON.stringify(options.body),
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: options.signal,
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw networkProblem();
    }
  }

  private headers(options: Options): Record<string, string> {
    const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': languageTag() };
    const token = this.token();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.ifMatch !== undefined) headers['If-Match'] = `"${options.ifMatch}"`;
    if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey;
    return headers;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function versionOf(response: Response): number | undefined {
  const match = /^"(\d+)"$/.exec(response.headers.get('ETag') ?? '');
  return match ? Number(match[1]) : undefined;
}
