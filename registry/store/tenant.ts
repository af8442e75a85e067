import { CAPABILITIES, LIMIT_NAMES } from '../declaration.ts';
import type { DeclaredLimits } from '../plan.ts';
import { StoreError } from './error.ts';

/** A credential that the host puts into requests to one origin; its value never reaches a script. */
export interface TenantSecret {
  readonly origin: string;
  readonly header: string;
  /** The value itself, or the name of the host's variable that holds it; exactly one of the two is not null. */
  readonly value: string | null;
  readonly env: string | null;
}

/** What a tenant is granted: the keys of a declaration, private ranges, secrets and ceilings. Nothing is granted by default. */
export interface TenantSettings {
  readonly capabilities: readonly ('fhir' | 'db' | 'http' | 'log')[];
  readonly http: { readonly allow: readonly string[]; readonly privateRanges: readonly string[] };
  readonly db: { readonly tables: readonly string[]; readonly functions: readonly string[] };
  readonly env: readonly string[];
  readonly secrets: Readonly<Record<string, TenantSecret>>;
  /** Ceilings; absent: the host's defaults. */
  readonly limits: DeclaredLimits;
}

/** One tenant. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly settings: TenantSettings;
}

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** What says where a request begins and ends, and to whom it goes: no secret's place. */
const FRAMING = new Set('connection content-length host transfer-encoding upgrade'.split(' '));
/** What a header can carry. A line end at its end, as of a file, is no part of a secret. */
const VISIBLE = /^[!-~\u0080-\u00ff](?:[ -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?$/;

/**
 * Settings out of the row of a tenant or a `tenants.yaml`. Missing keys grant nothing; unknown keys are ignored. Throws
 * `TENANT_INVALID` for a key of the wrong shape: half-understood grants are not grants.
 */
export function parseSettings(value: unknown, tenant: string): TenantSettings {
  const at = (key: string) => `tenant ${tenant}: settings.${key}`;
  const settings = record(value, `tenant ${tenant}: settings`);
  const http = record(settings.http, at('http'));
  const db = record(settings.db, at('db'));
  const capabilities = strings(settings.capabilities, at('capabilities'));
  return {
    capabilities: CAPABILITIES.filter((name) => capabilities.includes(name)),
    http: {
      allow: strings(http.allow, at('http.allow')).map((entry) => parseAllowed(entry, at('http.allow'))),
      privateRanges: strings(http.privateRanges, at('http.privateRanges')),
    },
    db: { tables: strings(db.tables, at('db.tables')), functions: strings(db.functions, at('db.functions')) },
    env: strings(settings.env, at('env')),
    secrets: mapValues(record(settings.secrets, at('secrets')), (secret, alias) =>
      parseSecret(secret, at(`secrets.${alias}`)),
    ),
    limits: parseLimits(record(settings.limits, at('limits')), at('limits')),
  };
}

/** New record with every value replaced; keys such as `__proto__` stay plain keys. */
export function mapValues<T, U>(
  from: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value, key)]));
}

/** An entry that allows nothing, or everything, is a mistake that must not wait for a call to show. */
function parseAllowed(entry: string, where: string): string {
  const host = /^https?:\/\/([^/?#@\\]+)\/?$/i.exec(entry)?.[1] ?? '';
  const labels = host.replace(/:\d+$/, '').split('.');
  const plain = labels.filter((label) => !label.includes('*')).length;
  const isKnown = host !== '' && URL.canParse(entry.replaceAll('*', 'star')) && (!host.includes('*') || plain >= 2);
  if (!isKnown)
    throw wrong(where, `origins such as https://*.example.org, found ${JSON.stringify(entry.slice(0, 80))}`);
  return entry;
}

function parseSecret(value: unknown, where: string): TenantSecret {
  const secret = record(value, where);
  const { origin, header } = secret;
  if (typeof origin !== 'string' || typeof header !== 'string') throw wrong(where, 'origin and header, both text');
  if (!TOKEN.test(header) || FRAMING.has(header.toLowerCase()))
    throw wrong(`${where}.header`, 'the name of a header of the request');
  const one = optionalText(secret.value, `${where}.value`);
  if (one !== null && !VISIBLE.test(one)) throw wrong(`${where}.value`, 'text in one line, without spaces around it');
  const other = optionalText(secret.env, `${where}.env`);
  if ((one === null) === (other === null)) throw wrong(where, 'either value or env');
  return { origin, header, value: one, env: other };
}

function parseLimits(limits: Record<string, unknown>, where: string): DeclaredLimits {
  const known = LIMIT_NAMES.filter((name) => limits[name] !== undefined);
  return Object.fromEntries(
    known.map((name) => {
      const limit = limits[name];
      if (!Number.isSafeInteger(limit) || Number(limit) <= 0) throw wrong(`${where}.${name}`, 'a whole number above 0');
      return [name, limit];
    }),
  );
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(where, 'a map');
  return value as Record<string, unknown>;
}

function strings(value: unknown, where: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong(where, 'a list of texts');
  return value;
}

function optionalText(value: unknown, where: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw wrong(where, 'text');
  return value;
}

function wrong(where: string, expected: string): StoreError {
  return new StoreError('TENANT_INVALID', `${where}: expected ${expected}`);
}
