/** What a run of a tenant may do: what its project declares, cut down to what the tenant is granted. */
import { readFile } from 'node:fs/promises';
import {
  clamp,
  type DeclaredLimits,
  type EffectiveGrants,
  effectiveGrants,
  type FileTenant,
  type Plan,
  type PlanActivity,
  parseTenants,
  type Store,
  type TenantSettings,
} from '../registry/index.ts';
import { DEFAULT_LIMITS, type Limits } from '../sandbox/index.ts';
import type { Grants } from './broker/capability.ts';

/** What of a plan the rules look at. */
export type Declaring = Pick<Plan, 'declaration'>;

/** What one activity of a run may do. */
export interface Effective {
  readonly grants: Grants;
  readonly limits: Limits;
  /** A sentence for the run's log per limit that is not what was asked for. */
  readonly notes: readonly string[];
}

/** Works out grants and limits of one activity of a run. */
export interface TenantRules {
  effective(tenant: string | null, plan: Declaring, activity: Pick<PlanActivity, 'limits'>): Promise<Effective>;
  /** What a tenant lacks of a declaration: `capability db`, `http https://api.example.org`, `env TOKEN`… */
  refused(tenant: string, plan: Declaring): Promise<readonly string[]>;
}

/** Reads a variable of the host by name; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/** No project gets more than this, whatever it declares, unless the tenant's own settings say so. */
export const CEILINGS: Limits = Object.freeze({
  cpuMs: 10_000,
  wallMs: 10 * 60_000,
  heapMb: 256,
  rssMb: 1024,
  calls: 10_000,
  inFlight: 32,
  argBytes: 4 * 1024 * 1024,
  resultBytes: 1024 * 1024,
  logLines: 10_000,
  concurrentRuns: 32,
});

/** No run gets less: below, a cell could not even hold the isolate, and the script would be blamed for it. */
export const FLOORS = Object.freeze({ heapMb: 8, rssMb: 128 }) satisfies Partial<Limits>;

const TENANT = /^[A-Za-z0-9.-]{1,64}$/;

/** True for the id of an Organization that may stand in a URL. */
export function isTenant(text: string): boolean {
  return TENANT.test(text) && text !== '.' && text !== '..';
}

/**
 * Rules of a development host: a tenant without an entry in the file gets what the project declares. The file is read anew for
 * each run, so that an edit takes effect at once; no file is no entry.
 */
export function developmentTenants(file: string, variables: Variables): TenantRules {
  const settingsOf = async (tenant: string | null): Promise<FileTenant | null> => {
    if (tenant === null) return null;
    return parseTenants(await readIfThere(file)).get(tenant) ?? null;
  };
  return rules(settingsOf, variables, true);
}

/** Rules of a production host: what no row grants is refused. Runs without tenant get FHIR and the log, nothing else. */
export function productionTenants(find: (tenant: string) => Promise<TenantSettings | null>, variables: Variables) {
  return rules((tenant) => (tenant === null ? Promise.resolve(UNSCOPED) : find(tenant)), variables, false);
}

/** Settings out of the table of tenants. */
export function tenantRows(store: Pick<Store, 'getTenant'>): (tenant: string) => Promise<TenantSettings | null> {
  return async (tenant) => (await store.getTenant(tenant))?.settings ?? null;
}

const UNSCOPED: TenantSettings = {
  capabilities: ['fhir', 'log'],
  http: { allow: [], privateRanges: [] },
  db: { tables: [], functions: [] },
  env: [],
  secrets: {},
  limits: {},
};

type FindSettings = (tenant: string | null) => Promise<TenantSettings | FileTenant | null>;

function rules(settingsOf: FindSettings, variables: Variables, development: boolean): TenantRules {
  const grantsOf = async (tenant: string | null, { declaration }: Declaring) =>
    effectiveGrants(declaration, await settingsOf(tenant), { development, ceilings: CEILINGS });
  return {
    refused: async (tenant, plan) => (await grantsOf(tenant, plan)).refused,
    effective: async (tenant, plan, activity) => {
      const { declaration } = plan;
      const effective = await grantsOf(tenant, plan);
      const limits = toLimits(effective, activity.limits);
      const notes = notesOn({ ...declaration.limits, ...activity.limits }, limits);
      return { grants: toGrants(effective, variables), limits, notes };
    },
  };
}

function toGrants({ capabilities, http, db, env, secrets, refused }: EffectiveGrants, variables: Variables): Grants {
  const values = Object.entries(env).flatMap(([name, given]) => {
    const value = given ?? variables(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const known = [...secrets].flatMap(([alias, { origin, header, value, env: name }]) => {
    const text = value ?? (name === null ? undefined : variables(name));
    return text === undefined ? [] : [[alias, { origin, header, value: text }] as const];
  });
  return {
    capabilities: new Set(capabilities),
    http: { ...http, refused: refused.flatMap(originIn), secrets: new Map(known) },
    db,
    env: Object.fromEntries(values),
  };
}

/** Of `http https://api.example.org`, as grants name what is refused. */
const originIn = (refused: string): string[] => (refused.startsWith('http ') ? [refused.slice('http '.length)] : []);

/**
 * The wall limit is the ceiling unless somebody declared less: the activity's own timeout comes first, and the runner takes
 * the smaller one.
 */
function toLimits({ limits, ceilings }: EffectiveGrants, activity: DeclaredLimits): Limits {
  const defaults = { ...DEFAULT_LIMITS, wallMs: CEILINGS.wallMs };
  const clamped = { ...defaults, ...clamp({ ...defaults, ...limits, ...activity }, ceilings) };
  return {
    ...clamped,
    heapMb: Math.max(FLOORS.heapMb, clamped.heapMb),
    rssMb: Math.max(FLOORS.rssMb, clamped.rssMb),
  };
}

/** What was asked for is never refused for being too much or too little, and never cut silently. */
function notesOn(declared: DeclaredLimits, limits: Limits): string[] {
  return Object.entries(declared).flatMap(([name, asked]) => {
    const given = limits[name as keyof Limits];
    if (asked === undefined || asked === given) return [];
    const why = given < asked ? 'the ceiling of the tenant' : 'the least that a cell needs';
    return [
      `limits.${name}: found ${asked}, expected at ${given < asked ? 'most' : 'least'} ${given}, ${why}; ${given} applies`,
    ];
  });
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
