/** Whether the database keeps tenants apart: shown at the start by calls like a script's, and asked of its catalog. */
import type { Capability, RunContext } from '../capability.ts';
import type { DbAnswer } from './answer.ts';

const CHECK = 'cloister_role_check';
const MIGRATIONS = 'run registry/migrations/*.sql';

/** Codes of the function in `registry/migrations/0003_role_check.postgres.sql`. */
const FOUND: Readonly<Record<string, (name: string) => string>> = {
  ROLE_SUPERUSER: (name) => `the role ${name} is a superuser, whom no row-level security binds; expected a plain role`,
  ROLE_BYPASSES: (name) => `the role ${name} has BYPASSRLS; expected a role without it`,
  NO_TIME_LIMIT: (name) => `the role ${name} has no statement_timeout; expected one, such as 8s`,
  RLS_OFF: (name) => `the table ${name} has no row-level security; expected it enabled and forced`,
  RLS_NOT_FORCED: (name) => `the table ${name} belongs to the role of scripts; expected FORCE ROW LEVEL SECURITY`,
  VIEW_AS_OWNER: (name) => `the view ${name} is read with its owner's rights; expected security_invoker`,
  RLS_IMPOSSIBLE: (name) => `${name} can have no row-level security; expected no grant on it for scripts`,
  POLICY_OPEN: (name) => `the policy ${name} does not look at tenant_id; expected one that does`,
};

/**
 * Two tenants that nobody has write, read and meet in `notes`; then the catalog is asked what would void the policies of the
 * other tables. All of it goes through the capability that scripts use. Resolves to what is unsafe or missing, a sentence
 * each; to nothing when tenants are separate. A database that does not answer shows nothing, which is a sentence too.
 */
export async function probeTables(capability: Capability): Promise<readonly string[]> {
  const name = `cloister-probe-${crypto.randomUUID().slice(0, 8)}`;
  try {
    const met = await meet(capability, [`${name}-a`, `${name}-b`]);
    return [...met, ...(await askCatalog(capability, name))];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    return [`it could not be asked whether tenants are separate: ${reason}`];
  }
}

/** What one tenant can do to another's row. */
async function meet(capability: Capability, [one, other]: readonly [string, string]): Promise<string[]> {
  const id = crypto.randomUUID();
  const asOne = caller(capability, one);
  const asOther = caller(capability, other);
  const row = { id, tenant_id: one, body: { probe: true } };
  const key: Pair[] = [['id', `eq.${id}`]];
  try {
    const made = await asOne('POST', { body: row });
    if (made.rows.length !== 1) return [`a tenant cannot write into the table notes (${made.status}); ${MIGRATIONS}`];
    const reached = {
      reads: (await asOther('GET', { query: key })).rows.length > 0,
      changes: (await asOther('PATCH', { query: key, body: { body: { probe: false } } })).rows.length > 0,
      writes: (await asOther('POST', { body: { tenant_id: one }, isSilent: true })).isDone,
      deletes: (await asOther('DELETE', { query: key })).rows.length > 0,
    };
    const verbs = Object.entries(reached).flatMap(([verb, is]) => (is ? [verb] : []));
    if (verbs.length > 0) return [`a tenant ${verbs.join(', ')} rows of another in the table notes`];
    const kept = (await asOne('GET', { query: key })).rows;
    return JSON.stringify(kept).includes('"probe":true') ? [] : ['a tenant cannot read its own row of the table notes'];
  } finally {
    await asOne('DELETE', { query: [['tenant_id', `eq.${one}`]] }).catch(() => null);
  }
}

async function askCatalog(capability: Capability, tenant: string): Promise<string[]> {
  const { status, body } = await send(capability, tenant, { target: { fn: CHECK }, method: 'POST', body: '{}' });
  if (status === 404) return [`the function ${CHECK} is missing; ${MIGRATIONS}, then reload the schema of PostgREST`];
  const found = rowsOf(body);
  if (status !== 200 || found === null) return [`the function ${CHECK} answered with status ${status}`];
  return found.map((row) => {
    const { code, name } = row as { code?: unknown; name?: unknown };
    return FOUND[String(code)]?.(String(name)) ?? `the function ${CHECK} found ${code} ${name}`;
  });
}

type Pair = readonly [name: string, value: string];

interface Sent {
  readonly query?: readonly Pair[];
  readonly body?: object;
  /** Asks for no rows: the answer then depends on the policy for writing alone. */
  readonly isSilent?: boolean;
}

interface Told {
  readonly status: number;
  readonly isDone: boolean;
  readonly rows: readonly unknown[];
}

/** Requests of one tenant to `notes`. */
function caller(capability: Capability, tenant: string) {
  return async (method: string, { query = [], body, isSilent = false }: Sent): Promise<Told> => {
    const headers = { prefer: `return=${isSilent ? 'minimal' : 'representation'}`, 'content-type': 'application/json' };
    const answer = await send(capability, tenant, {
      target: { table: 'notes' },
      method,
      query,
      headers: method === 'GET' ? {} : headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const isDone = answer.status < 300;
    return { status: answer.status, isDone, rows: (isDone && rowsOf(answer.body)) || [] };
  };
}

async function send(capability: Capability, tenant: string, args: object): Promise<DbAnswer> {
  const method = capability.methods.get('db.request');
  if (!method) throw new TypeError('db.request is missing');
  return (await method({ query: [], headers: {}, ...args }, contextOf(tenant))) as DbAnswer;
}

function contextOf(tenant: string): RunContext {
  return {
    tenant,
    runId: 'probe',
    workflow: 'probe',
    activity: 'probe',
    attempt: 1,
    digest: '',
    grants: {
      capabilities: new Set(['db']),
      http: { allow: [], privateRanges: [], secrets: new Map() },
      db: { tables: ['notes'], functions: [CHECK] },
      env: {},
    },
    deadline: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    nextWriteKey: () => 'probe',
  };
}

function rowsOf(body: string): readonly unknown[] | null {
  const value: unknown = body === '' ? [] : JSON.parse(body);
  return Array.isArray(value) ? value : null;
}
