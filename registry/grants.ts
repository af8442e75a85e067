import ipaddr from 'ipaddr.js';
import { CAPABILITIES, LIMIT_NAMES, urlOf } from './declaration.ts';
import type { Declaration, DeclaredLimits } from './plan.ts';
import type { TenantSecret, TenantSettings } from './store/index.ts';
import type { FileTenant } from './tenants.ts';

/** What a run may do: declared and granted. Data only; the host turns it into the `Grants` of its broker. */
export interface EffectiveGrants {
  readonly capabilities: readonly ('fhir' | 'db' | 'http' | 'log')[];
  readonly http: { readonly allow: readonly string[]; readonly privateRanges: readonly string[] };
  readonly db: { readonly tables: readonly string[]; readonly functions: readonly string[] };
  /** Granted variables; null: the host's own variable of that name. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Alias → secret; its value, or the host's variable that holds it. */
  readonly secrets: ReadonlyMap<string, TenantSecret>;
  /** Declared limits, none above its ceiling. */
  readonly limits: DeclaredLimits;
  /** Ceilings for limits that nobody declared. */
  readonly ceilings: DeclaredLimits;
  /** What was declared and not granted: `capability db`, `http https://api.example.org`, `env TOKEN`, `secret claims`… */
  readonly refused: readonly string[];
}

/** Under which rules is granted. */
export interface GrantOptions {
  /** A tenant without settings gets what is declared, loopback and private addresses excepted. Otherwise it gets nothing. */
  readonly development: boolean;
  /** The host's ceilings; those of a tenant's settings go before them. */
  readonly ceilings?: DeclaredLimits;
}

type Settings = TenantSettings & Partial<Pick<FileTenant, 'envValues'>>;

/** Declared ∩ granted. `settings` null: the tenant has none. */
export function effectiveGrants(
  declaration: Declaration,
  settings: Settings | null,
  options: GrantOptions,
): EffectiveGrants {
  const granted = settings ?? (options.development ? asDeclared(declaration) : NOTHING);
  const { capabilities, http, db, env, secrets } = declaration;
  const refused: string[] = [];
  const both = <T extends string>(kind: string, declared: readonly T[], allowed: readonly string[]): readonly T[] =>
    declared.filter((name) => {
      if (allowed.includes(name)) return true;
      refused.push(`${kind} ${name}`);
      return false;
    });
  const aliases = both('secret', secrets, Object.keys(granted.secrets));
  const names = both('env', env, granted.env);
  const allow = http.allow.flatMap((origin) => {
    const common = commonOrigins(origin, granted.http.allow);
    if (common.length === 0) refused.push(`http ${origin}`);
    return common;
  });
  const ceilings = { ...options.ceilings, ...granted.limits };
  return {
    capabilities: both('capability', capabilities, granted.capabilities),
    http: { allow: [...new Set(allow)], privateRanges: granted.http.privateRanges },
    db: {
      tables: both('table', db.tables, granted.db.tables),
      functions: both('function', db.functions, granted.db.functions),
    },
    env: Object.fromEntries(names.map((name) => [name, granted.envValues?.[name] ?? null])),
    secrets: new Map(aliases.flatMap((alias) => entryOf(granted.secrets, alias))),
    limits: clamp(declaration.limits, ceilings),
    ceilings,
    refused,
  };
}

/** Declared limits of an activity under ceilings. */
export function clamp(declared: DeclaredLimits, ceilings: DeclaredLimits): DeclaredLimits {
  const entries = LIMIT_NAMES.flatMap((name) => {
    const value = declared[name];
    return value === undefined ? [] : [[name, Math.min(value, ceilings[name] ?? value)] as const];
  });
  return Object.fromEntries(entries);
}

const NOTHING: Settings = {
  capabilities: [],
  http: { allow: [], privateRanges: [] },
  db: { tables: [], functions: [] },
  env: [],
  secrets: {},
  limits: {},
};

function asDeclared({ http, db, env }: Declaration): Settings {
  const allow = http.allow.filter((origin) => !isPrivate(origin));
  return { ...NOTHING, capabilities: CAPABILITIES, http: { allow, privateRanges: [] }, db, env };
}

function entryOf(secrets: Readonly<Record<string, TenantSecret>>, alias: string): [string, TenantSecret][] {
  const secret = Object.hasOwn(secrets, alias) ? secrets[alias] : undefined;
  return secret === undefined ? [] : [[alias, secret]];
}

/** The narrower of a declared and a granted origin, for each pair of which one covers the other. */
function commonOrigins(declared: string, granted: readonly string[]): readonly string[] {
  if (granted.some((origin) => covers(origin, declared))) return [declared];
  return granted.filter((origin) => covers(declared, origin));
}

/** Whether a pattern allows an origin; `https://*.example.org` stands for one label more. */
function covers(wide: string, narrow: string): boolean {
  const [pattern, origin] = [wide.toLowerCase(), narrow.toLowerCase()];
  if (pattern === origin) return true;
  const [before, after] = pattern.split('*.');
  if (before === undefined || after === undefined || !origin.startsWith(before) || !origin.endsWith(`.${after}`))
    return false;
  return /^[a-z0-9_-]+$/.test(origin.slice(before.length, -after.length - 1));
}

/** Whether an origin names this machine or an address outside the public internet. Names are judged when they are resolved. */
function isPrivate(origin: string): boolean {
  const url = urlOf(origin);
  if (url === null) return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (/(^|\.)localhost\.?$/.test(host)) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() !== 'unicast';
}
