import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startSupabase } from '../../../host/embedded/supabase.ts';
import type { Attack } from '../harness/attack.ts';

const MIGRATIONS = {
  rows: 'create table rows (id text primary key, tenant_id text);',
  peek: 'create view peek as select * from notes;',
};

/** The roles of a real PostgreSQL are in `test/db/role.test.ts`: here there are none. */
export const attack: Attack = {
  claim: 'the embedded database does not start with a table that every tenant would read',
  act: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cloister-open-'));
    for (const [name, sql] of Object.entries(MIGRATIONS)) {
      await writeFile(join(dir, '9000_open.sql'), sql);
      const started = startSupabase({ dbFile: join(dir, `${name}.sqlite`), migrations: [dir] });
      const said = await started.then(
        (db) => db.close(),
        (error: Error) => error.message,
      );
      assert.is(said, `migrations: no row-level security on ${name}`);
    }
    await rm(dir, { recursive: true, force: true });
  },
};
