import type { Connection } from './migrate.ts';

type Query = Parameters<Connection['onPostgrestAST']>[0];

/**
 * Closes three holes in the row-level security of @supabase/lite 0.10.0 on SQLite, for every role but service_role:
 *
 * - an embedded resource (`select=*,other(*)`) is read without `other`'s policies, so embedding is refused;
 * - an upsert checks only the insert policies, so it overwrites a row of another tenant that has the same key. Allowed only
 *   where `tenant_id` is part of the conflict target, or where duplicates are ignored;
 * - a row for another tenant is written before it is checked, and fails otherwise (409 for 403) where that tenant has such a
 *   key, which tells that it exists. So the tenant of a row is looked at first.
 *
 * PostgreSQL enforces both itself; there nothing is refused.
 */
export function guardRows(connection: Connection): void {
  const enforce = connection.onPostgrestAST.bind(connection);
  connection.onPostgrestAST = async (query, vars) => {
    if (roleOf(vars) !== 'service_role') {
      if (embeds(query)) throw refusal('embedding another table is not available on the embedded database');
      if (isForeign(query, vars)) throw refusal('new row violates row-level security policy');
      if (await overwrites(connection, query)) {
        throw refusal('an upsert needs tenant_id in its conflict target on the embedded database');
      }
    }
    return enforce(query, vars);
  };
}

function roleOf(vars: Record<string, unknown> | undefined): unknown {
  const { role } = (vars?.auth ?? {}) as { role?: unknown };
  return role;
}

/** Whether a row to be written names another tenant than the token does. */
function isForeign(query: Query, vars: Record<string, unknown> | undefined): boolean {
  const { jwt } = (vars?.auth ?? {}) as { jwt?: { tenant_id?: unknown } | null };
  const rows = 'values' in query ? [query.values].flat() : [];
  return rows.some((row) => row && 'tenant_id' in row && row.tenant_id !== jwt?.tenant_id);
}

function embeds(query: Query): boolean {
  return 'join' in query && Object.keys(query.join ?? {}).length > 0;
}

async function overwrites(connection: Connection, query: Query): Promise<boolean> {
  // lite knows the type `put` though its declarations do not list it.
  const type: string | undefined = query.type;
  if (type !== 'upsert' && type !== 'put') return false;
  if ('ignoreDuplicates' in query && query.ignoreDuplicates === true) return false;
  const target = 'onConflict' in query && Array.isArray(query.onConflict) ? query.onConflict : [];
  if (type === 'upsert' && target.length > 0) return !target.includes('tenant_id');
  const { primary_keys } = await connection.introspect({ useCache: true });
  return !primary_keys.find((key) => key.table === query.from)?.columns.includes('tenant_id');
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: '42501' });
}
