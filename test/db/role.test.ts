// timeout: 120
/** DBT-06, P13: a database that does not keep tenants apart is not served. On a real PostgreSQL. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { probeDatabase } from '../../host/broker/db.ts';
import { freePort } from '../../host/embedded/port.ts';
import { EnvironmentError, readEnvironment } from '../../host/env.ts';
import type { Host } from '../../host/host.ts';
import { startProduction } from '../../host/production.ts';
import { temporaryFolder } from '../stand/project.ts';
import { openProject } from './project.ts';
import { type Rest, serveRest } from './rest.ts';

const test = suite('the role of scripts');
const project = await openProject(`
  create table things (id uuid primary key default gen_random_uuid(), tenant_id text not null);
  alter table things enable row level security; alter table things force row level security;
  create policy things_own on things for all to authenticated
    using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
`);
if (typeof project === 'string') console.log(`skipped: ${project}`);
const on = typeof project === 'string' ? test.skip : test;

/** What the probe finds after `change`, which `undo` takes back. */
async function found(change: string, undo: string): Promise<readonly string[]> {
  if (typeof project === 'string') return [];
  await project.admin.unsafe(change);
  try {
    await using rest = await serveRest(project.server);
    return await probeDatabase(rest.options);
  } finally {
    await project.admin.unsafe(undo);
  }
}

const left = async () => (typeof project === 'string' ? [] : project.admin`select * from public.notes`);

on('a plain role behind forced policies is served, and the probe leaves no row', async () => {
  assert.equal(await found('select 1', 'select 1'), []);
  assert.equal([...(await left())], []);
});

const NOTES = /a tenant (reads, changes, writes, deletes|reads, .*) rows of another in the table notes/;
const unsafe: readonly [claim: string, change: string, undo: string, ...expected: RegExp[]][] = [
  [
    'a superuser',
    'alter role authenticated superuser',
    'alter role authenticated nosuperuser',
    NOTES,
    /role authenticated is a superuser/,
  ],
  [
    'a role with BYPASSRLS',
    'alter role authenticated bypassrls',
    'alter role authenticated nobypassrls',
    NOTES,
    /role authenticated has BYPASSRLS/,
  ],
  [
    'the owner of a table without FORCE',
    'alter table notes owner to authenticated; alter table notes no force row level security',
    'alter table notes owner to postgres; alter table notes force row level security; grant all on notes to authenticated',
    NOTES,
    /table public\.notes belongs to the role of scripts/,
  ],
  [
    'the owner of another table without FORCE',
    'alter table things owner to authenticated; alter table things no force row level security',
    'alter table things owner to postgres; alter table things force row level security; grant all on things to authenticated',
    /table public\.things belongs to the role of scripts/,
  ],
  [
    'a member of the role that owns a table without FORCE',
    'create role keeper; grant keeper to authenticated; alter table things owner to keeper; alter table things no force row level security',
    'alter table things owner to postgres; alter table things force row level security; grant all on things to authenticated; drop role keeper',
    /table public\.things belongs to the role of scripts/,
  ],
  [
    'a table of tenants without row-level security',
    'alter table things disable row level security',
    'alter table things enable row level security',
    /table public\.things has no row-level security/,
  ],
  [
    'a policy that lets every tenant in',
    'create policy open on things for select to authenticated using (true)',
    'drop policy open on things',
    /policy public\.things open does not look at tenant_id/,
  ],
  [
    'a view that reads with the rights of its owner',
    'create view peek as select * from things; grant select on peek to authenticated',
    'drop view peek',
    /view public\.peek is read with its owner's rights/,
  ],
  [
    'a materialized view of the rows of tenants',
    'create materialized view copy as select * from things; grant select on copy to authenticated',
    'drop materialized view copy',
    /public\.copy can have no row-level security/,
  ],
  [
    'a database without the check',
    'alter function cloister_role_check() rename to cloister_other_check',
    'alter function cloister_other_check() rename to cloister_role_check',
    /function cloister_role_check is missing; run registry\/migrations/,
  ],
  [
    'a database without the table notes',
    'alter table notes rename to noted',
    'alter table noted rename to notes',
    /cannot write into the table notes \(404\)/,
  ],
];

for (const [claim, change, undo, ...expected] of unsafe) {
  on(`${claim} is refused`, async () => {
    const problems = await found(change, undo);
    assert.is(problems.length, expected.length, problems.join('\n'));
    for (const pattern of expected)
      assert.ok(
        problems.some((each) => pattern.test(each)),
        `${pattern}: ${problems}`,
      );
    assert.equal([...(await left())], []);
  });
}

on("the host's own tables without row-level security are refused, each of them", async () => {
  if (typeof project === 'string') return;
  const tables = await project.admin`select tablename from pg_tables where schemaname = 'public'`;
  assert.ok(tables.length >= 7, 'those of the migrations, and one more');
  for (const { tablename: name } of tables.filter(({ tablename }) => tablename !== 'notes')) {
    const problems = await found(
      `alter table ${name} disable row level security`,
      `alter table ${name} enable row level security`,
    );
    assert.ok(problems.join().includes(`table public.${name} has no row-level security`));
  }
});

on('what is safe for sure is not refused: a view as its invoker, a table that no script reaches', async () => {
  const change = `create view peek with (security_invoker = true) as select * from things;
    create table hidden (tenant_id text); revoke all on hidden from authenticated, anon;
    create schema inner_works; create table inner_works.rows (tenant_id text);`;
  assert.equal(await found(change, 'drop view peek; drop table hidden; drop schema inner_works cascade'), []);
});

on('a role whose statements may run for ever is refused (DBT-08)', async () => {
  if (typeof project === 'string') return;
  await using rest = await serveRest(project.server, { statementMs: 0 });
  assert.match((await probeDatabase(rest.options)).join(), /role authenticated has no statement_timeout/);
});

/** A host as `start` would make it, with everything embedded but this database. */
async function startWith({ options, serviceRoleKey }: Rest, work: (started: Promise<Host>) => Promise<void>) {
  const folder = await temporaryFolder('role');
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(() => folder.remove());
  const projectDir = join(folder.path, 'project');
  await cp(join(import.meta.dirname, '../../docs/examples/billing'), projectDir, { recursive: true });
  const environment = readEnvironment({
    CLOISTER_EMBEDDED: 'true',
    CLOISTER_API_TOKEN: 'a-token-of-the-administrator',
    CLOISTER_DATA_DIR: join(folder.path, 'data'),
    CLOISTER_CACHE_DIR: process.env.CLOISTER_CACHE_DIR,
    TEMPORAL_CLI_PATH: process.env.TEMPORAL_CLI_PATH,
    WORKFLOW_DIR: projectDir,
    WORKER_SERVICE_PORT: String(await freePort()),
    LOG_LEVEL: 'fatal',
    NEXT_PUBLIC_SUPABASE_URL: options.url,
    NEXT_PUBLIC_SUPABASE_ANON_KEY: options.apikey,
    SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
    SUPABASE_JWT_SECRET: options.jwtSecret,
  });
  await work(startProduction({ environment, progress: () => {} }));
}

on('P13: a production host does not start over a role with BYPASSRLS, and says why', async () => {
  if (typeof project === 'string') return;
  await project.admin`alter role authenticated bypassrls`;
  try {
    await using rest = await serveRest(project.server);
    await startWith(rest, async (started) => {
      const error = await started.catch((thrown: unknown) => thrown);
      assert.instance(error, EnvironmentError);
      assert.match((error as EnvironmentError).message, /NEXT_PUBLIC_SUPABASE_URL is .*BYPASSRLS/);
    });
  } finally {
    await project.admin`alter role authenticated nobypassrls`;
  }
});

on('P13: over a plain role the same host starts', async () => {
  if (typeof project === 'string') return;
  await using rest = await serveRest(project.server);
  await startWith(rest, async (started) => (await started).close());
});

test.after(async () => {
  if (typeof project !== 'string') await project[Symbol.asyncDispose]();
});

test.run();
