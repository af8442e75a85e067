import type { Declaration, DeclaredLimits } from './plan.ts';
import type { Fields } from './report/fields.ts';
import { shown } from './report/words.ts';

/** Capabilities that can be declared. */
export const CAPABILITIES = ['fhir', 'db', 'http', 'log'] as const;

/** Limits that can be declared, each a whole number above 0. */
export const LIMIT_NAMES = [
  'cpuMs',
  'wallMs',
  'heapMb',
  'rssMb',
  'calls',
  'inFlight',
  'argBytes',
  'resultBytes',
  'logLines',
  'concurrentRuns',
] as const satisfies readonly (keyof DeclaredLimits)[];

/** Fields of `cloister.yaml`, all of them also allowed at the top of a workflow. */
export const DECLARATION_FIELDS = ['capabilities', 'http', 'db', 'env', 'secrets', 'limits', 'deterministic'] as const;

/** The URL of an origin, or of one of those that a pattern stands for; null when there can be none, as with port 99999. */
export function urlOf(origin: string): URL | null {
  return URL.parse(origin.replace('*.', 'star.'));
}

/** What a project that declares nothing is taken to need. */
export const DEFAULT_DECLARATION: Declaration = Object.freeze({
  capabilities: ['fhir', 'log'] as const,
  http: { allow: [] },
  db: { tables: [], functions: [] },
  env: [],
  secrets: [],
  limits: {},
  deterministic: false,
});

// Path, query and credentials have no place in an allow-list of origins; a star stands for one label.
const ORIGIN = /^https?:\/\/(?:\*\.)?(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Reads the declaration fields of a map over those of `base`: a field that is present replaces the whole field; limits by name. */
export function readDeclaration(fields: Fields, base: Declaration): Declaration {
  const http = fields.fields('http', 'a map with allow');
  const db = fields.fields('db', 'a map with tables and functions');
  http?.known(['allow']);
  db?.known(['tables', 'functions']);
  const tables = db && words(db, 'tables', NAME, 'a list of table names');
  const functions = db && words(db, 'functions', NAME, 'a list of function names');
  return {
    capabilities: readCapabilities(fields) ?? base.capabilities,
    http: {
      allow:
        (http && words(http, 'allow', isOrigin, 'a list of origins such as https://api.example.org')) ??
        base.http.allow,
    },
    db: db === undefined ? base.db : { tables: tables ?? [], functions: functions ?? [] },
    env: words(fields, 'env', NAME, 'a list of variable names') ?? base.env,
    secrets: words(fields, 'secrets', ALIAS, 'a list of secret aliases') ?? base.secrets,
    limits: { ...base.limits, ...readLimits(fields) },
    deterministic: fields.boolean('deterministic') ?? base.deterministic,
  };
}

/** The field `limits`: what is given and right. */
export function readLimits(fields: Fields): DeclaredLimits {
  const limits = fields.fields('limits', `a map with some of ${LIMIT_NAMES.join(', ')}`);
  limits?.known(LIMIT_NAMES);
  const entries = LIMIT_NAMES.flatMap((name) => {
    const node = limits?.get(name);
    if (limits === undefined || node === undefined) return [];
    const value = node.kind === 'scalar' ? node.value : null;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return [[name, value] as const];
    limits.wrongType(name, node, 'a whole number above 0');
    return [];
  });
  return Object.fromEntries(entries);
}

function readCapabilities(fields: Fields): Declaration['capabilities'] | undefined {
  const expected = `a list out of ${CAPABILITIES.join(', ')}`;
  const found = words(fields, 'capabilities', new RegExp(`^(${CAPABILITIES.join('|')})$`), expected);
  return found && CAPABILITIES.filter((capability) => found.includes(capability));
}

/** Forms of what is declared: origins, names of tables, functions and variables, aliases of secrets. */
export const DECLARED = { isOrigin, name: NAME, alias: ALIAS } as const;

type Form = RegExp | ((text: string) => boolean);

function isOrigin(text: string): boolean {
  return ORIGIN.test(text) && urlOf(text) !== null;
}

/** A list of strings of one form, each once, sorted: order means nothing and must not change a digest. */
function words(fields: Fields, name: string, form: Form, expected: string): string[] | undefined {
  const found = fields.strings(name, expected);
  const right = found?.filter(({ text, node }) => {
    if (typeof form === 'function' ? form(text) : form.test(text)) return true;
    fields.problem(name, node, { code: 'FIELD_TYPE', found: shown(node), expected });
    return false;
  });
  return right && [...new Set(right.map(({ text }) => text))].sort();
}
