// timeout: 60
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createJwt, type JwtOptions } from '../../host/access/jwt.ts';
import type { Api } from '../../host/api/server.ts';
import { readEnvironment } from '../../host/env.ts';
import { caller } from '../api/call.ts';
import { type ApiStand, apiStand } from '../api/stand.ts';

const SECRET = 'a-secret-of-the-project-with-more-than-32-characters';
const AUDIENCE = 'authenticated';
const ISSUER = 'https://project.example.org/auth/v1';
const NONE = { secret: null, publicKey: null, jwksUrl: null, issuer: ISSUER, audience: AUDIENCE };
const BOUND = { sub: 'user-1', app_metadata: { tenant_id: 'org-1', cloister_role: 'operator' } };

interface Context {
  owned: AsyncDisposableStack;
  stand: ApiStand;
  rsa: GenerateKeyPairResult;
  foreign: GenerateKeyPairResult;
  pem: string;
}
type Claims = JWTPayload & Record<string, unknown>;

const test = suite<Context>('JWTs');

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  context.stand = context.owned.use(await apiStand());
  context.rsa = await generateKeyPair('RS256', { extractable: true });
  context.foreign = await generateKeyPair('RS256', { extractable: true });
  context.pem = await exportSPKI(context.rsa.publicKey);
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

interface Shape {
  readonly alg?: string;
  readonly key?: CryptoKey | Uint8Array;
  readonly aud?: string | null;
  readonly iss?: string | null;
  readonly exp?: number | null;
  readonly kid?: string;
}

const now = () => Math.floor(Date.now() / 1000);
const bytes = (text: string) => new TextEncoder().encode(text);

function sign(claims: Claims, { alg = 'HS256', key = bytes(SECRET), kid, ...rest }: Shape = {}): Promise<string> {
  const { aud = AUDIENCE, iss = ISSUER, exp = now() + 300 } = rest;
  const whole = { ...(aud && { aud }), ...(iss && { iss }), ...(exp && { exp }), ...claims };
  return new SignJWT(whole).setProtectedHeader({ alg, ...(kid && { kid }) }).sign(key);
}

function serve({ stand }: Context, options: Partial<JwtOptions>): Promise<Api> {
  return stand.start({ kind: 'token', jwt: createJwt({ ...NONE, ...options }) });
}

async function outcome({ url }: Api, token: string, path = '/workflows'): Promise<string> {
  const { status, body, headers } = await caller(url).get(path, { authorization: `Bearer ${token}` });
  if (status === 401) assert.is(headers.get('www-authenticate'), 'Bearer');
  return status < 400 ? String(status) : `${status} ${body.code}`;
}

test('ADM-01: expired, unsigned, of another key, issuer or audience, or without an end or a name is 401', async (context) => {
  const api = await serve(context, { secret: SECRET });
  assert.is(await outcome(api, await sign(BOUND)), '200');
  const wrong = {
    expired: await sign(BOUND, { exp: now() - 60 }),
    endless: await sign(BOUND, { exp: null }),
    early: await sign({ ...BOUND, nbf: now() + 60 }),
    nameless: await sign({ ...BOUND, sub: undefined as never }),
    otherKey: await sign(BOUND, { key: bytes(`${SECRET}x`) }),
    otherAudience: await sign(BOUND, { aud: 'somebody' }),
    noAudience: await sign(BOUND, { aud: null }),
    otherIssuer: await sign(BOUND, { iss: 'https://evil.example' }),
    noIssuer: await sign(BOUND, { iss: null }),
    otherAlgorithm: await sign(BOUND, { alg: 'HS512', key: bytes(SECRET.repeat(2)) }),
    none: new UnsecuredJWT({ ...BOUND, aud: AUDIENCE, iss: ISSUER, exp: now() + 300 }).encode(),
    noneSigned: `${(await sign(BOUND)).replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))}`,
    cut: (await sign(BOUND)).slice(0, -4),
    rubbish: 'a.b.c',
  };
  for (const [name, token] of Object.entries(wrong)) assert.is(await outcome(api, token), '401 UNAUTHORIZED', name);
});

test('ADM-01: no tenant and no explicit administrator is 403, and what a user can write himself says nothing', async (context) => {
  const api = await serve(context, { secret: SECRET });
  const refused: Record<string, Claims> = {
    neither: {},
    roleOnly: { app_metadata: { cloister_role: 'developer' } },
    databaseRole: { role: 'admin' },
    serviceRole: { role: 'service_role' },
    users: { user_metadata: { tenant_id: 'org-1', cloister_role: 'admin' } },
    unknownRole: { app_metadata: { tenant_id: 'org-1', cloister_role: 'root' } },
    inherited: { app_metadata: { tenant_id: 'org-1', cloister_role: 'toString' } },
    twoTenants: { tenant_id: 'org-2', app_metadata: { tenant_id: 'org-1' } },
    list: { app_metadata: { tenant_id: ['org-1'] } },
    path: { app_metadata: { tenant_id: '..' } },
    empty: { tenant_id: '' },
  };
  for (const [name, claims] of Object.entries(refused)) {
    assert.is(await outcome(api, await sign({ sub: 'user-1', ...claims })), '403 FORBIDDEN', name);
  }
});

test('claims give a tenant and a role: viewer where none is named, administrator only without a tenant or within it', async () => {
  const jwt = createJwt({ ...NONE, secret: SECRET });
  const who = async (claims: Claims) => {
    const { role, tenant, kind, scopes, name } = (await jwt.callerOf(await sign({ sub: 'user-1', ...claims }))) ?? {};
    assert.equal([kind, scopes, name], ['jwt', null, 'user-1']);
    return [role, tenant];
  };
  assert.equal(await who({ tenant_id: 'org-1' }), ['viewer', 'org-1']);
  assert.equal(await who({ app_metadata: { tenant_id: 'org-1' }, tenant_id: 'org-1' }), ['viewer', 'org-1']);
  assert.equal(await who(BOUND), ['operator', 'org-1']);
  assert.equal(await who({ app_metadata: { cloister_role: 'admin' } }), ['admin', null]);
  assert.equal(await who({ app_metadata: { cloister_role: 'admin', tenant_id: 'org-1' } }), ['admin', 'org-1']);
});

test('ADM-01: a public key verifies RS256 only: as the secret of HS256 it opens nothing', async (context) => {
  const { rsa, foreign, pem } = context;
  const api = await serve(context, { publicKey: pem });
  const both = await serve(context, { publicKey: pem, secret: SECRET });
  const good = await sign(BOUND, { alg: 'RS256', key: rsa.privateKey });
  const confused = await sign(BOUND, { key: bytes(pem) });
  const others = await sign(BOUND, { alg: 'RS256', key: foreign.privateKey });
  const padded = await sign(BOUND, { alg: 'PS256', key: await imported(rsa) });
  for (const host of [api, both]) {
    assert.is(await outcome(host, good), '200');
    for (const token of [confused, confused.trim(), others, padded])
      assert.is(await outcome(host, token), '401 UNAUTHORIZED');
  }
  assert.is(await outcome(api, await sign(BOUND)), '401 UNAUTHORIZED', 'HS256 where there is no secret');
  assert.is(await outcome(both, await sign(BOUND)), '200');
});

/** The same private key, for another algorithm. */
async function imported({ privateKey }: GenerateKeyPairResult): Promise<CryptoKey> {
  const raw = await crypto.subtle.exportKey('pkcs8', privateKey);
  return crypto.subtle.importKey('pkcs8', raw, { name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign']);
}

test('a key set that goes down leaves its known keys working; an unknown one is 503 then, and 401 otherwise', async (context) => {
  const { rsa, foreign } = context;
  const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const next = { ...(await exportJWK(foreign.publicKey)), kid: 'two', alg: 'RS256', use: 'sig' };
  let keys: object[] = [jwk];
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  });
  const port = await listen(server, 0);
  const api = await serve(context, { jwksUrl: `http://127.0.0.1:${port}/jwks`, keySetMs: 200 });
  const known = () => sign(BOUND, { alg: 'RS256', key: rsa.privateKey, kid: 'one' });
  const unknown = () => sign(BOUND, { alg: 'RS256', key: foreign.privateKey, kid: 'two' });
  const calm = await serve(context, { jwksUrl: `http://127.0.0.1:${port}/jwks` });
  for (let i = 0; i < 3; i++) assert.is(await outcome(calm, await known()), '200');
  assert.is(asked, 1, 'the set is kept');
  assert.is(await outcome(api, await known()), '200');
  assert.is(await outcome(api, await unknown()), '401 UNAUTHORIZED');
  assert.is(await outcome(api, await sign(BOUND, { key: bytes(JSON.stringify(jwk)), kid: 'one' })), '401 UNAUTHORIZED');
  await close(server);
  await new Promise((resolve) => setTimeout(resolve, 250));
  const before = asked;
  for (let i = 0; i < 3; i++) {
    assert.is(await outcome(api, await known()), '200');
    assert.is(await outcome(api, await unknown()), '503 KEYS_UNAVAILABLE');
  }
  assert.is(asked, before);
  // A host that has never seen the set lets nobody in.
  const fresh = await serve(context, { jwksUrl: `http://127.0.0.1:${port}/jwks` });
  assert.is(await outcome(fresh, await known()), '503 KEYS_UNAVAILABLE');
  // A key that the issuer has taken back is refused once the set was fetched again.
  keys = [next];
  await listen(server, port);
  const third = await serve(context, { jwksUrl: `http://127.0.0.1:${port}/jwks`, keySetMs: 1 });
  assert.is(await outcome(third, await unknown()), '200');
  assert.is(await outcome(third, await known()), '401 UNAUTHORIZED');
  await close(server);
});

test('a key set on the same address by redirect is not followed', async (context) => {
  const server = createServer((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
  const port = await listen(server, 0);
  const api = await serve(context, { jwksUrl: `http://127.0.0.1:${port}/jwks` });
  const token = await sign(BOUND, { alg: 'RS256', key: context.rsa.privateKey });
  assert.is(await outcome(api, token), '503 KEYS_UNAVAILABLE');
  await close(server);
});

test('a caller bound to a tenant by JWT is refused what is about the host as a whole', async (context) => {
  const api = await serve(context, { secret: SECRET });
  const bound = await sign({ sub: 'user-1', app_metadata: { tenant_id: 'org-1', cloister_role: 'admin' } });
  assert.is(await outcome(api, bound, '/tenants'), '403 FORBIDDEN');
  const admin = await sign({ sub: 'user-2', app_metadata: { cloister_role: 'admin' } });
  assert.is(await outcome(api, admin, '/tenants'), '501 NOT_CONFIGURED');
});

test('a public key is read from the environment with its line ends as \\n, and a weak one is none', async ({ pem }) => {
  const { jwtPublicKey } = readEnvironment({ CLOISTER_JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') });
  assert.is(jwtPublicKey, pem.trim());
  const weak = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  );
  for (const value of [await exportSPKI(weak.publicKey), 'no key', SECRET]) {
    assert.throws(() => readEnvironment({ CLOISTER_JWT_PUBLIC_KEY: value }), /CLOISTER_JWT_PUBLIC_KEY/);
  }
  assert.throws(() => readEnvironment({ CLOISTER_JWT_SECRET: 'x'.repeat(31) }), /CLOISTER_JWT_SECRET/);
});

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

test.run();
