import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ensureHistoryTable, listHistory, recordVersion } from '@supabase/lite';
import type { createConnection } from '@supabase/lite/sqlite';
import { unguardedTables } from './unguarded.ts';

/** The SQLite connection of @supabase/lite. */
export type Connection = ReturnType<typeof createConnection>;

interface Migration {
  /** File name without `.sql`; migrations run in the order of names within a folder. */
  readonly name: string;
  readonly sql: string;
}

/**
 * Runs the `*.sql` files of the folders that have not run yet, each in a transaction with its record, then tells the
 * connection the policies of all of them: lite enforces row-level security from that, not from the database. Leaves out
 * `*.postgres.sql`, which is about roles and functions that SQLite does not have.
 *
 * Throws when an applied file has changed, when a statement fails, and when a table with a tenant_id has no row-level security.
 */
export async function migrate(connection: Connection, folders: readonly string[]): Promise<void> {
  await ensureHistoryTable(connection);
  const applied = new Map((await listHistory(connection)).map((row) => [row.version, row.statements[0] ?? '']));
  const wanted = (await Promise.all(folders.map(readFolder))).flat();
  for (const { name, sql } of wanted) {
    const before = applied.get(name);
    if (before !== undefined && before !== sql) {
      throw new Error(`migration ${name}.sql: has changed since it was applied; put changes into a new file`);
    }
    if (before === undefined) await apply(connection, { name, sql });
    // To read and run one is a few milliseconds of this thread: others have their turn between them.
    await setImmediate();
    applied.set(name, sql);
  }
  await describe(connection, [...applied.values()].join('\n'));
}

async function readFolder(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder))
    .filter((file) => file.endsWith('.sql') && !file.endsWith('.postgres.sql'))
    .sort();
  return Promise.all(
    files.map(async (file) => ({ name: file.slice(0, -4), sql: await readFile(path.join(folder, file), 'utf8') })),
  );
}

async function apply(connection: Connection, { name, sql }: Migration): Promise<void> {
  const { ddl } = await connection.translateDdl(sql);
  connection.driver.exec('begin immediate');
  try {
    connection.driver.exec(ddl);
    await recordVersion(connection, { version: name, name, statements: [sql] });
    connection.driver.exec('commit');
  } catch (error) {
    connection.driver.exec('rollback');
    throw new Error(`migration ${name}.sql: ${error instanceof Error ? error.message : 'failed'}`, { cause: error });
  }
}

/** Fails closed: without a description lite itself denies every table whose history says that it has policies. */
async function describe(connection: Connection, sql: string): Promise<void> {
  const { ast, enums, rls, schema, vars, tableConstraints = [], comments = [] } = await connection.translateDdl(sql);
  if (!enums || !rls || !schema || !vars) throw new Error('migrations: @supabase/lite found no schema in them');
  const open = unguardedTables(ast);
  if (open.length > 0) throw new Error(`migrations: no row-level security on ${open.join(', ')}`);
  connection.updateDeparseInfo({ enums, rls, schema, vars, tableConstraints, comments });
}
