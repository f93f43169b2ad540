// @vitest-environment node
// Signing in as the issuer sees it: what is asked, what is refused, what is kept. The issuer here signs with a real key. The environment is
// Node's, whose cryptography and buffers fit each other; the few things of a page that are needed stand here.
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { setLanguage, t, type Key } from '../src/i18n/index';
import { Issuer, type SignInConfig } from '../src/console/oidc';
import { Session } from '../src/console/session';
import type { Problem } from '../src/lib/problem';

class Kept {
  [name: string]: unknown;
  get length(): number { return Object.keys(this).length; }
  getItem(name: string): string | null { return (this[name] as string | undefined) ?? null; }
  setItem(name: string, value: string): void { this[name] = value; }
  removeItem(name: string): void { delete this[name]; }
  clear(): void { for (const name of Object.keys(this)) delete this[name]; }
}

const page = new URL('https://console.example/console/');
Object.assign(globalThis, { location: page, sessionStorage: new Kept(), localStorage: new Kept(),
  history: { replaceState: (_: unknown, __: string, to: string) => { page.href = new URL(to, page).href; } } });

const ISSUER = 'https://login.example/realm';
const config: SignInConfig = { issuer: ISSUER, client: 'console', scope: 'openid', audience: 'console', token: 'id_token', redirect: `${location.origin}/console/` };
const bytes = (text: string) => new TextEncoder().encode(text);
const base64url = (data: Uint8Array | string) => btoa(String.fromCharCode(...(typeof data === 'string' ? bytes(data) : data))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
const params = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let pair: CryptoKeyPair;
let other: CryptoKeyPair;

beforeAll(async () => {
  pair = await crypto.subtle.generateKey(params, true, ['sign', 'verify']) as CryptoKeyPair;
  other = await crypto.subtle.generateKey(params, true, ['sign', 'verify']) as CryptoKeyPair;
});
beforeEach(() => { setLanguage('zh'); sessionStorage.clear(); });
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); sessionStorage.clear(); history.replaceState(null, '', '/console/'); });

async function signed(claims: object, by = pair): Promise<string> {
  const text = `${base64url(JSON.stringify({ alg: 'ES256', kid: 'one' }))}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign(params, by.privateKey, bytes(text))))}`;
}

const asked: { path: string; body: URLSearchParams }[] = [];

// issuer answers discovery, keys and tokens; claims and key can be others than right.
function issuer(change: { claims?: object; by?: CryptoKeyPair; refresh?: string; life?: number; status?: number } = {}): void {
  asked.length = 0;
  let nonce = '';
  vi.stubGlobal('fetch', vi.fn(async (address: string | URL, init?: RequestInit) => {
    const url = new URL(String(address), location.href);
    asked.push({ path: url.pathname, body: new URLSearchParams(String(init?.body ?? '')) });
    const json = (data: unknown, status = 200) => new Response(JSON.stringify(data), { status, headers: { 'Content-Type': 'application/json' } });
    nonce = JSON.parse(localStorage.getItem('test.begun') ?? '{}').nonce ?? nonce;
    switch (url.pathname) {
      case '/realm/.well-known/openid-configuration': return json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, authorization_endpoint: `${ISSUER}/auth`,
        token_endpoint: `${ISSUER}/token`, end_session_endpoint: `${ISSUER}/logout`, id_token_signing_alg_values_supported: ['ES256'] });
      case '/realm/keys': return json({ keys: [{ ...await crypto.subtle.exportKey('jwk', pair.publicKey), kid: 'one', alg: 'ES256', use: 'sig' }] });
      case '/realm/token': {
        if (change.status) return json({ error: 'invalid_grant', error_description: 'marker' }, change.status);
        const now = Math.floor(Date.now() / 1000);
        const renewal = asked.at(-1)!.body.get('grant_type') === 'refresh_token';
        const id = await signed({ iss: ISSUER, aud: 'console', sub: 's', iat: now, exp: now + (change.life ?? 600), ...(renewal ? {} : { nonce }), ...change.claims }, change.by);
        return json({ token_type: 'Bearer', access_token: 'opaque', id_token: id, expires_in: 600, ...(change.refresh ? { refresh_token: change.refresh } : {}) });
      }
      case '/v1/config': return json({ demonstration: false, company: { zh: '甲', en: 'A' }, pack: { id: 'P06', version: 'P06@x' }, sign_in: config });
      case '/v1/me': return json({ staff: 'st', name: '陈', role: 'R2', department: 'service' });
      default: return json({ purposes: [], fields: [], reasons: [], departments: [], levels: [], forms: [], roles: [], channels: [] });
    }
  }));
}

// begun leaves for the issuer and returns where to; what was kept for the way back is remembered for the issuer's token.
async function begun(at: Issuer, gone: string[], how?: 'silent' | 'fresh'): Promise<URL> {
  await at.begin('#/customers', how);
  localStorage.setItem('test.begun', sessionStorage.getItem('kexin.sign-in')!);
  return new URL(gone.at(-1)!);
}

const answer = (to: URL, change: Record<string, string> = {}) => new URLSearchParams({ code: 'c', state: to.searchParams.get('state')!, ...change });
const kind = (work: Promise<unknown>) => work.then(() => 'signed in', (problem: Problem) => problem.kind);

test('the issuer is asked for a code with S256, state and nonce, and nothing is kept but what the answer is checked with', async () => {
  issuer();
  const gone: string[] = [];
  const to = await begun(new Issuer(config, (address) => gone.push(address)), gone);
  const q = Object.fromEntries(to.searchParams);
  expect(q).toMatchObject({ response_type: 'code', client_id: 'console', redirect_uri: config.redirect, scope: 'openid', code_challenge_method: 'S256' });
  const kept = JSON.parse(sessionStorage.getItem('kexin.sign-in')!);
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes(kept.verifier))));
  expect([q.code_challenge, q.state, q.nonce, q.prompt]).toEqual([challenge, kept.state, kept.nonce, undefined]);
  expect(kept.verifier.length).toBeGreaterThan(42);
});

test('a good answer gives the ID token, once', async () => {
  issuer();
  const gone: string[] = [];
  const at = new Issuer(config, (address) => gone.push(address));
  const to = await begun(at, gone);
  const finished = await at.finish(answer(to));
  expect([finished?.back, finished?.tokens.life, finished?.tokens.token.split('.').length]).toEqual(['#/customers', 600, 3]);
  expect(asked.find(({ path }) => path.endsWith('/token'))!.body.get('code_verifier')).toBe(JSON.parse(localStorage.getItem('test.begun')!).verifier);
  expect(await kind(at.finish(answer(to)))).toBe('sign-in-state');
  expect(sessionStorage.length).toBe(0);
});

test('what is not for this sign-in is refused, and said in both languages', async () => {
  const cases: [string, Parameters<typeof issuer>[0], Record<string, string>][] = [
    ['sign-in-state', {}, { state: 'another' }], ['sign-in-denied', {}, { error: 'access_denied' }], ['sign-in-issuer', {}, { error: 'server_error' }],
    ['sign-in-refused', { status: 400 }, {}], ['sign-in-issuer', { claims: { nonce: 'another' } }, {}], ['sign-in-issuer', { claims: { aud: 'another' } }, {}],
    ['sign-in-issuer', { claims: { iss: 'https://other.example' } }, {}], ['sign-in-issuer', { claims: { exp: 1000 } }, {}], ['sign-in-issuer', { by: other }, {}],
  ];
  for (const [want, change, parameters] of cases) {
    issuer(change);
    const gone: string[] = [];
    const at = new Issuer(config, (address) => gone.push(address));
    const to = await begun(at, gone);
    expect([want, change, await kind(at.finish(answer(to, parameters)))]).toEqual([want, change, want]);
    for (const language of ['zh', 'en'] as const) {
      setLanguage(language);
      expect(t(`problem.${want}` as Key)).not.toContain('problem.');
    }
  }
});

test('a silent sign-in that would have to ask comes to nothing without a word', async () => {
  issuer();
  const gone: string[] = [];
  const at = new Issuer(config, (address) => gone.push(address));
  const to = await begun(at, gone, 'silent');
  expect(to.searchParams.get('prompt')).toBe('none');
  expect(await at.finish(answer(to, { error: 'login_required' }))).toBeUndefined();
});

async function signedIn(change: Parameters<typeof issuer>[0]): Promise<Session> {
  issuer(change);
  const gone: string[] = [];
  await begun(new Issuer(config, (address) => gone.push(address)), gone);
  history.replaceState(null, '', `/console/?${answer(new URL(gone[0]!))}`);
  const session = new Session();
  await session.start();
  return session;
}

test('a session keeps its token in memory only and takes the code out of the address', async () => {
  const session = await signedIn({});
  expect([session.me?.name, location.search, location.hash]).toEqual(['陈', '', '#/customers']);
  expect({ ...sessionStorage }).toEqual({ 'kexin.signed-in': '1' });
});

test('a token is renewed before it ends where the issuer allows it; else the person is told in time, and then it is over', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const renewed = await signedIn({ refresh: 'r', life: 600 });
  const first = renewed.token;
  asked.length = 0;
  await vi.advanceTimersByTimeAsync(479_000);
  expect(asked.length).toBe(0);
  await vi.advanceTimersByTimeAsync(2000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(renewed.token).not.toBe(first));
  expect([asked[0]!.body.get('grant_type'), asked[0]!.body.get('refresh_token'), renewed.ending]).toEqual(['refresh_token', 'r', false]);
  await renewed.signOut().catch(() => {});

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const told = await signedIn({ life: 600 });
  await vi.advanceTimersByTimeAsync(481_000);
  expect([told.ending, !!told.me]).toEqual([true, true]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect([told.ended, told.me, told.token, sessionStorage.length]).toEqual([true, undefined, '', 0]);
});
