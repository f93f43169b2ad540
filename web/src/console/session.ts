// Who is signed in. The token lives in this tab's sessionStorage and nowhere else; closing the tab ends it.
import { Api } from '../lib/api';
import type { Me } from '../lib/types';
import { policyOf, type Policy } from './policy';

const STORED = 'kexin.token';

/** The person at the console, and what the deployment's policy says. */
export class Session {
  token = read();
  me?: Me;
  policy?: Policy;
  /** Why the sign-in page is shown again, if the server ended the session. */
  ended = false;
  private readonly listeners = new Set<() => void>();
  readonly api = new Api('', () => this.token, () => this.end());

  /** Calls listener at each sign-in and sign-out. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Signs in with a token, or throws the server's refusal. */
  async signIn(token: string): Promise<void> {
    this.token = token.trim();
    this.ended = false;
    try {
      this.me = await this.api.get<Me>('/v1/me');
      this.policy = policyOf(await this.api.get<unknown>('/v1/policy'));
      sessionStorage.setItem(STORED, this.token);
    } catch (error) {
      this.forget();
      this.ended = false;
      throw error;
    }
    this.tell();
  }

  /** Takes up the session of this tab after a reload. */
  async resume(): Promise<void> {
    if (this.token) await this.signIn(this.token);
  }

  signOut(): void {
    this.forget();
    this.ended = false;
    this.tell();
  }

  // end is the server's word that the token is no longer good.
  private end(): void {
    if (!this.me) return;
    this.forget();
    this.ended = true;
    this.tell();
  }

  private forget(): void {
    this.token = '';
    this.me = undefined;
    sessionStorage.clear();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function read(): string {
  try {
    return sessionStorage.getItem(STORED) ?? '';
  } catch {
    return '';
  }
}

/** The session of this tab. */
export const session = new Session();
