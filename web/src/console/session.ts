// Who is signed in. Tokens of an issuer are in the memory of this tab and nowhere else: closing or reloading it forgets them, and a reload
// asks the issuer again without asking the person. Only the tokens of a demonstration, which anybody there can have, outlive a reload.
import type { Text } from '../i18n/index';
import { Api } from '../lib/api';
import { Problem } from '../lib/problem';
import type { Me } from '../lib/types';
import { answered, Issuer, type SignInConfig, type Tokens } from './oidc';
import { policyOf, type Policy } from './policy';

const DEMO = 'kexin.token';
/** That somebody was signed in in this tab; says neither who nor with what. */
const WAS = 'kexin.signed-in';
/** How long before its end a token is renewed, in seconds; for a short one a fifth of its life. */
const EARLY = 120;

/** What the pages know before anybody has signed in. */
export interface Config {
  demonstration: boolean;
  company: Text;
  pack: { id: string; version: string };
  sign_in?: SignInConfig;
}

/** The person at the console, and what the deployment's policy says. */
export class Session {
  token = '';
  me?: Me;
  policy?: Policy;
  config?: Config;
  issuer?: Issuer;
  /** Why the sign-in page is shown again, if the server ended the session. */
  ended = false;
  /** The token ends soon, and only the person can renew it. */
  ending = false;
  private tokens?: Tokens;
  private readonly timers: ReturnType<typeof setTimeout>[] = [];
  private readonly listeners = new Set<() => void>();
  readonly api = new Api('', () => this.token, () => this.end());

  /** Calls listener at each sign-in and sign-out, and when the sign-in is about to end. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Begins: reads the configuration, takes the issuer's answer out of the address, or takes up what this tab had before a reload. */
  async start(): Promise<void> {
    const parameters = new URLSearchParams(location.search);
    if (answered(parameters)) history.replaceState(null, '', location.pathname + location.hash); // a code is not for the history
    this.config = await this.api.get<Config>('/v1/config');
    if (this.config.sign_in) this.issuer = new Issuer(this.config.sign_in);
    if (!this.issuer) return this.resume();
    if (answered(parameters)) return this.finish(this.issuer, parameters);
    if (sessionStorage.getItem(WAS) && this.issuer.at(location)) {
      sessionStorage.removeItem(WAS);
      await this.issuer.begin(location.hash, 'silent');
      await new Promise(() => {}); // the page is left
    }
  }

  private async finish(issuer: Issuer, parameters: URLSearchParams): Promise<void> {
    const finished = await issuer.finish(parameters);
    if (!finished) return;
    history.replaceState(null, '', location.pathname + finished.back);
    await this.signIn(finished.tokens.token);
    sessionStorage.setItem(WAS, '1');
    this.hold(finished.tokens);
  }

  /** Leaves for the issuer; what is shown now is shown again afterwards. fresh: it shall ask who is there. */
  async leave(fresh = false): Promise<void> {
    await this.issuer?.begin(location.hash, fresh ? 'fresh' : 'usual');
  }

  /** Signs in with a token, or throws the server's refusal. keep: it outlives a reload. */
  async signIn(token: string, keep = false): Promise<void> {
    this.token = token;
    this.ended = false;
    try {
      this.me = await this.api.get<Me>('/v1/me');
      this.policy = policyOf(await this.api.get<unknown>('/v1/policy'));
      if (keep) sessionStorage.setItem(DEMO, this.token);
    } catch (error) {
      this.forget();
      this.ended = false;
      throw error;
    }
    this.tell();
  }

  /** Forgets everything here, and then lets the issuer do the same. */
  async signOut(): Promise<void> {
    const { tokens } = this;
    this.forget();
    this.ended = false;
    this.tell();
    if (tokens) await this.issuer?.end(tokens).catch(() => {}); // here all is forgotten already
  }

  // resume takes up the session of a demonstration.
  private async resume(): Promise<void> {
    const kept = sessionStorage.getItem(DEMO);
    if (kept) await this.signIn(kept, true);
  }

  // hold keeps tokens until they end, and renews them before.
  private hold(tokens: Tokens): void {
    this.release();
    this.tokens = tokens;
    this.token = tokens.token;
    this.ending = false;
    const early = Math.min(EARLY, tokens.life / 5);
    this.timers.push(setTimeout(() => void this.renew(tokens), seconds(tokens.life - early)), setTimeout(() => this.end(), seconds(tokens.life)));
  }

  private async renew(tokens: Tokens): Promise<void> {
    try {
      if (!tokens.refresh || !this.issuer) throw new Problem('sign-in-refused', 0, '');
      const fresh = await this.issuer.renew(tokens);
      if (this.tokens === tokens) this.hold(fresh);
    } catch {
      this.ending = this.tokens === tokens;
    }
    this.tell();
  }

  private release(): void {
    for (const timer of this.timers.splice(0)) clearTimeout(timer);
    this.tokens = undefined;
  }

  // end is the server's word that the token is no longer good, or the clock's.
  private end(): void {
    if (!this.me) return;
    this.forget();
    this.ended = true;
    this.tell();
  }

  private forget(): void {
    this.release();
    this.token = '';
    this.me = undefined;
    this.ending = false;
    sessionStorage.clear();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

// seconds returns milliseconds that a timer can hold.
function seconds(count: number): number {
  return Math.min(Math.max(0, count * 1000), 2 ** 31 - 1);
}

/** The session of this tab. */
export const session = new Session();
