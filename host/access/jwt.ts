/** Tokens of people: JWTs of an issuer that the operator names, such as Supabase Auth. */
import { createPublicKey } from 'node:crypto';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { type Caller, isRole } from '../api/caller.ts';
import { ApiError } from '../error.ts';
import { isTenant } from '../tenants.ts';
import { algorithmOf } from './pem.ts';

/** Where the keys are, and whose tokens are meant. At least one key must be given. */
export interface JwtOptions {
  /** Of HS256, at least 32 characters. */
  readonly secret: string | null;
  /** PEM (SPKI): an RSA key is for RS256, one on P-256 for ES256. */
  readonly publicKey: string | null;
  /** Address of a key set, for RS256 and ES256. */
  readonly jwksUrl: string | null;
  /** Null: `iss` is not looked at. */
  readonly issuer: string | null;
  readonly audience: string;
  /** How old a fetched key set may be until it is fetched anew, milliseconds. Default 600,000. */
  readonly keySetMs?: number;
}

/** Verifies tokens. */
export interface Jwt {
  /**
   * Who calls with a token; null when it is not good. Throws `FORBIDDEN` when it is, and names neither a tenant nor an
   * administrator; `KEYS_UNAVAILABLE` when its key cannot be fetched.
   */
  callerOf(token: string): Promise<Caller | null>;
}

type Verify = (token: string) => Promise<JWTPayload>;
type Algorithm = 'HS256' | 'RS256' | 'ES256';

const KEY_SET_MS = 600_000;
const FETCH_MS = 5000;
/** Pause after a fetch that failed. */
const RETRY_MS = 10_000;
/** What clocks of two machines may differ by. */
const TOLERANCE_S = 5;
const LONGEST_NAME = 100;

/** Whether a token has the form of a JWT. */
export function isJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** Prepares verification. */
export function createJwt(options: JwtOptions): Jwt {
  const { issuer, audience } = options;
  const ways = waysOf(options, {
    audience,
    ...(issuer !== null && { issuer }),
    requiredClaims: ['exp', 'sub'],
    clockTolerance: TOLERANCE_S,
  });
  return {
    async callerOf(token) {
      // The header only says which of our keys is tried: each is bound to its own algorithm.
      const alg = algorithmIn(token);
      for (const way of ways.filter(({ algorithms }) => algorithms.some((each) => each === alg))) {
        const claims = await judged(way.verify(token));
        if (claims !== null) return callerBy(claims);
      }
      return null;
    },
  };
}

interface Way {
  readonly algorithms: readonly Algorithm[];
  readonly verify: Verify;
}

function waysOf({ secret, publicKey, jwksUrl, keySetMs = KEY_SET_MS }: JwtOptions, rules: JWTVerifyOptions): Way[] {
  const ways: Way[] = [];
  if (secret !== null) {
    const key = new TextEncoder().encode(secret);
    ways.push(way(['HS256'], async (token, options) => (await jwtVerify(token, key, options)).payload, rules));
  }
  const algorithm = publicKey === null ? null : algorithmOf(publicKey);
  if (publicKey !== null && algorithm !== null) {
    const key = createPublicKey(publicKey);
    ways.push(way([algorithm], async (token, options) => (await jwtVerify(token, key, options)).payload, rules));
  }
  if (jwksUrl !== null) {
    const keys = keySet(jwksUrl, keySetMs);
    ways.push(
      way(['RS256', 'ES256'], async (token, options) => (await jwtVerify(token, keys, options)).payload, rules),
    );
  }
  if (ways.length === 0) throw new Error('a JWT cannot be verified without a key');
  return ways;
}

type VerifyWith = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>;

function way(algorithms: Algorithm[], verify: VerifyWith, rules: JWTVerifyOptions): Way {
  return { algorithms, verify: (token) => verify(token, { ...rules, algorithms }) };
}

function algorithmIn(token: string): string | null {
  try {
    return decodeProtectedHeader(token).alg ?? null;
  } catch {
    return null;
  }
}

/** Null for a token that is not good. */
async function judged(verifying: Promise<JWTPayload>): Promise<JWTPayload | null> {
  try {
    return await verifying;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

/**
 * Keys of an address. While it does not answer, those that were fetched go on working; a token with another key is neither let in
 * nor refused for good: `KEYS_UNAVAILABLE`.
 */
function keySet(url: string, keySetMs: number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), { cacheMaxAge: Number.POSITIVE_INFINITY, timeoutDuration: FETCH_MS });
  let dueAt = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  const refresh = async () => {
    dueAt = performance.now() + keySetMs;
    await remote.reload().catch(() => {
      failedAt = performance.now();
      dueAt = Math.min(dueAt, failedAt + RETRY_MS);
    });
  };
  return async (header, token) => {
    if (performance.now() >= dueAt) await refresh();
    if (performance.now() - failedAt < RETRY_MS) {
      // Not asked again for each token.
      const known = remote.jwks();
      if (known === undefined) throw unavailable();
      return createLocalJWKSet(known)(header, token).catch((error: unknown) => {
        throw error instanceof errors.JWKSNoMatchingKey ? unavailable() : error;
      });
    }
    return remote(header, token).catch((error: unknown) => {
      if (JUDGED.some((kind) => error instanceof kind)) throw error;
      failedAt = performance.now();
      throw unavailable();
    });
  };
}

/** What a key set that is there says of a token. Anything else means that it is not there. */
const JUDGED = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

function unavailable(): ApiError {
  return new ApiError('KEYS_UNAVAILABLE', 'the keys of tokens cannot be fetched');
}

/**
 * Only what the issuer wrote counts: `app_metadata`, which in Supabase no user can change (`user_metadata` any user can), or a
 * claim of its own. Supabase's `role` is a role of the database and says nothing here.
 */
function callerBy(claims: JWTPayload): Caller {
  const metadata = claims.app_metadata;
  const own = typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
  const tenant = one('tenant_id', own.tenant_id, claims.tenant_id);
  const role = one('cloister_role', own.cloister_role, claims.cloister_role);
  if (tenant !== null && !isTenant(tenant)) throw refused('tenant_id is not the id of an Organization');
  if (role !== null && !isRole(role)) throw refused('cloister_role is none of the roles');
  if (tenant === null && role !== 'admin') throw refused('the token names no tenant');
  // No end: that of the token is one of the session, and the person signs in again.
  return { kind: 'jwt', name: nameOf(String(claims.sub)), role: role ?? 'viewer', scopes: null, tenant };
}

/** A claim that may stand in two places, where it must not say two things. */
function one(name: string, inMetadata: unknown, atTop: unknown): string | null {
  const [value = null, other] = [...new Set([inMetadata, atTop].filter((each) => each !== undefined && each !== null))];
  if (other !== undefined) throw refused(`${name} stands twice`);
  if (value === null || typeof value === 'string') return value;
  throw refused(`${name} is no text`);
}

/** As log and audit show it. */
const nameOf = (sub: string): string => sub.replace(/[^\x21-\x7e]/g, '?').slice(0, LONGEST_NAME);

function refused(why: string): ApiError {
  return new ApiError('FORBIDDEN', why);
}
