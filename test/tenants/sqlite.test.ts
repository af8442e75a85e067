// timeout: 600
/** P5 on the embedded database. `TENANTS_ATTEMPTS` and `TENANTS_SEED` change how many calls are tried, and which. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { CANARY, openWorld } from './database.ts';
import { queries, TABLES } from './queries.ts';
import { separate } from './separation.ts';

const test = suite('tenants on SQLite');
const dir = await mkdtemp(join(tmpdir(), 'cloister-tenants-'));

async function open(isFull: boolean) {
  const dbFile = join(dir, isFull ? 'full.sqlite' : 'empty.sqlite');
  const server = await startSupabase({ dbFile, migrations: [dir] });
  const file = new DatabaseSync(dbFile);
  const door = {
    run: async (sql: string) => file.exec(`begin immediate; ${sql} commit`),
    rows: async (sql: string) => file.prepare(sql).all(),
  };
  const { url, anonKey: apikey, jwtSecret } = server;
  const world = openWorld({ url, apikey, jwtSecret }, door, { isFull, empty: 'delete from tasks; delete from notes;' });
  await world.reset?.();
  const close = async () => {
    await world.close();
    file.close();
    await server.close();
  };
  return { world, close };
}

test('P5: thousands of calls after another tenant’s rows read, change, count and hint at none', async () => {
  await writeFile(join(dir, '9000_tables.sql'), TABLES);
  const [full, empty] = [await open(true), await open(false)];
  try {
    await separate({
      name: 'embedded SQLite',
      calls: queries,
      kindOf: ({ kind }) => kind,
      full: full.world,
      empty: empty.world,
      canary: CANARY,
    });
  } finally {
    await Promise.all([full.close(), empty.close()]);
  }
});

test.after(() => rm(dir, { recursive: true, force: true }));

test.run();
