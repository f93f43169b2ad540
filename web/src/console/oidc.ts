// Signing in at the company's identity provider: OpenID Connect, authorization code with PKCE (S256), state and nonce. What is a protocol is
// left to oauth4webapi; here is only which steps are taken and what is kept. Tokens are kept by nobody but the caller, in memory. What must
// outlive the way to the issuer and back (state, nonce, verifier: no token, worth nothing without the code, good for one use) is in this
// tab's sessionStorage until the answer is there.
import * as oauth from 'oauth4webapi';
import { Problem } from '../lib/problem';

/** What /v1/config says of the issuer. */
export interface SignInConfig {
  issuer: string;
  client: string;
  scope: string;
  audience: string;
  token: 'id_token' | 'access_token';
  redirect: string;
}

/** What the issuer gave, for the memory of this tab. */
export interface Tokens {
  /** The one that the API takes. */
  token: string;
  /** Seconds that it lasts from now on. */
  life: number;
  refresh?: string;
  /** Names the session that signing out ends. */
  hint?: string;
}

/** A finished sign-in, and the place in the console that it began at. */
export interface Finished { tokens: Tokens; back: string }

interface Begun { state: string; nonce: string; verifier: string; back: string; silent: boolean }

const BEGUN = 'kexin.sign-in';
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Why a silent sign-in came to nothing: the issuer would have to ask the person. */
const asks = new Set(['login_required', 'interaction_required', 'consent_required', 'account_selection_required']);

/** The issuer as this console knows it. */
export class Issuer {
  private found?: Promise<oauth.AuthorizationServer>;
  private readonly client: oauth.Client;

  constructor(readonly config: SignInConfig, private readonly go: (address: string) => void = (address) => location.assign(address)) {
    this.client = { client_id: config.client };
  }

  /** Whether this page is at the address that the issuer sends people back to. */
  at(page: Pick<Location, 'origin' | 'pathname'>): boolean {
    return page.origin + page.pathname === this.config.redirect;
  }

  /** Leaves for the issuer. silent: the issuer must not ask the person anything; fresh: it must, even if it knows who is there. */
  async begin(back: string, how: 'silent' | 'fresh' | 'usual' = 'usual'): Promise<void> {
    const server = await this.server();
    if (!server.authorization_endpoint) throw trouble('issuer');
    const begun: Begun = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier(), back,
      silent: how === 'silent' };
    const address = new URL(server.authorization_endpoint);
    const parameters: Record<string, string> = {
      response_type: 'code', client_id: this.config.client, redirect_uri: this.config.redirect, scope: this.config.scope, state: begun.state,
      nonce: begun.nonce, code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier), code_challenge_method: 'S256',
    };
    if (this.config.token === 'access_token') parameters.audience = this.config.audience;
    if (how !== 'usual') parameters.prompt = how === 'silent' ? 'none' : 'login';
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    sessionStorage.setItem(BEGUN, JSON.stringify(begun));
    this.go(address.href);
  }

  /** Takes the issuer's answer out of the page's address. Undefined: a silent sign-in found that the person must be asked. */
  async finish(answer: URLSearchParams): Promise<Finished | undefined> {
    const begun = taken();
    if (!begun) throw trouble('state'); // nobody of this tab has asked, or the answer comes for the second time
    try {
      const server = await this.server();
      const checked = this.checked(server, answer, begun.state);
      const response = await oauth.authorizationCodeGrantRequest(server, this.client, oauth.None(), checked, this.config.redirect, begun.verifier, this.options());
      const given = await oauth.processAuthorizationCodeResponse(server, this.client, response, { expectedNonce: begun.nonce, requireIdToken: true });
      await oauth.validateApplicationLevelSignature(server, response, this.options());
      return { tokens: this.tokens(given), back: begun.back };
    } catch (error) {
      if (begun.silent && error instanceof oauth.AuthorizationResponseError && asks.has(error.error)) return undefined;
      throw said(error);
    }
  }

  // checked wants the answer to be one to this tab's request: its state, and the issuer that it names.
  private checked(server: oauth.AuthorizationServer, answer: URLSearchParams, state: string): URLSearchParams {
    try {
      return oauth.validateAuthResponse(server, this.client, answer, state);
    } catch (error) {
      throw error instanceof oauth.AuthorizationResponseError ? error : trouble('state');
    }
  }

  /** New tokens for old ones, without the person; only where the issuer gave what that needs. */
  async renew(tokens: Tokens): Promise<Tokens> {
    try {
      const server = await this.server();
      const response = await oauth.refreshTokenGrantRequest(server, this.client, oauth.None(), tokens.refresh ?? '', this.options());
      const given = await oauth.processRefreshTokenResponse(server, this.client, response);
      if (given.id_token) await oauth.validateApplicationLevelSignature(server, response, this.options());
      return { refresh: tokens.refresh, hint: tokens.hint, ...this.tokens(given) };
    } catch (error) {
      throw said(error);
    }
  }

  /** Ends what the issuer knows of this sign-in, and leaves for its page of goodbye where it has one. */
  async end(tokens: Tokens): Promise<void> {
    const server = await this.server();
    if (tokens.refresh && server.revocation_endpoint) {
      await oauth.revocationRequest(server, this.client, oauth.None(), tokens.refresh, this.options()).catch(() => {});
    }
    if (!server.end_session_endpoint) return;
    const address = new URL(server.end_session_endpoint);
    address.searchParams.set('client_id', this.config.client);
    address.searchParams.set('post_logout_redirect_uri', this.config.redirect);
    if (tokens.hint) address.searchParams.set('id_token_hint', tokens.hint);
    this.go(address.href);
  }

  private tokens(given: oauth.TokenEndpointResponse): Tokens {
    const claims = oauth.getValidatedIdTokenClaims(given);
    const own = this.config.token === 'id_token';
    const token = own ? given.id_token : given.access_token;
    if (!token) throw trouble('issuer');
    const life = own || given.expires_in === undefined ? (claims ? claims.exp - claims.iat : 0) : given.expires_in;
    return { token, life, ...(given.refresh_token ? { refresh: given.refresh_token } : {}), ...(given.id_token ? { hint: given.id_token } : {}) };
  }

  // server reads the issuer's own description of itself, once.
  private server(): Promise<oauth.AuthorizationServer> {
    this.found ??= this.discover().catch((error: unknown) => {
      this.found = undefined;
      throw said(error);
    });
    return this.found;
  }

  private async discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.config.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, this.options()));
  }

  // options allow an issuer without TLS on this machine only.
  private options(): { [oauth.allowInsecureRequests]: boolean } {
    const { protocol, hostname } = new URL(this.config.issuer);
    return { [oauth.allowInsecureRequests]: protocol === 'http:' && loopback.has(hostname) };
  }
}

/** Whether a page's address holds an issuer's answer. */
export function answered(parameters: URLSearchParams): boolean {
  return parameters.has('state') && (parameters.has('code') || parameters.has('error'));
}

// taken returns what was begun in this tab, once.
function taken(): Begun | undefined {
  const text = sessionStorage.getItem(BEGUN);
  sessionStorage.removeItem(BEGUN);
  try {
    return text ? JSON.parse(text) as Begun : undefined;
  } catch {
    return undefined;
  }
}

type Trouble = 'state' | 'denied' | 'issuer' | 'refused' | 'unreachable';

const trouble = (what: Trouble): Problem => new Problem(`sign-in-${what}`, 0, '');

// said turns what went wrong into what the person is told. What the issuer wrote is not repeated: it may quote what was sent.
function said(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof oauth.AuthorizationResponseError) return trouble(error.error === 'access_denied' ? 'denied' : 'issuer');
  if (error instanceof oauth.ResponseBodyError) return trouble('refused');
  return trouble(error instanceof TypeError ? 'unreachable' : 'issuer');
}
