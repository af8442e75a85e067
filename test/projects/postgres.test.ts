// timeout: 90
/** The migrations over a database that the Workflow Builder has filled before. On a real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { probeDatabase } from '../../host/broker/db.ts';
import type { ProjectStore } from '../../registry/index.ts';
import { PLATFORM, type Rest, serveRest } from '../db/rest.ts';
import { startPostgres } from '../db/server.ts';
import { storeOver } from './stores.ts';

const FOLDER = join(import.meta.dirname, '../../registry/migrations');
const [owner, project, active, workflow] = Array.from({ length: 4 }, () => randomUUID());

/** The builder's own tables, with less than ours, more than ours, and policies of its own. */
const BUILDER = `
create table projects (id uuid primary key default gen_random_uuid(), name text not null, user_id uuid,
  task_queue_name text not null unique, colour text not null default 'red', created_at timestamptz default now());
create table workflow_statuses (id uuid primary key, name text not null unique, label text not null);
create table workflows (id uuid primary key default gen_random_uuid(), project_id uuid references projects (id),
  name text not null, kebab_name text, status_id uuid references workflow_statuses (id), is_active boolean default true,
  definition jsonb, compiled_typescript text);
create table components (id uuid primary key, name text, implementation_code text, is_active boolean);
create table workflow_workers (id uuid primary key default gen_random_uuid(), worker_id text unique not null,
  project_id uuid references projects (id), task_queue_name text not null, status text not null, host text,
  process_id text, started_at timestamptz not null default now(), stopped_at timestamptz, last_heartbeat timestamptz,
  metadata jsonb);
alter table projects enable row level security;
alter table workflows enable row level security;
create policy own on projects for select to authenticated using (auth.uid() = user_id);
create policy own on workflows for select to authenticated
  using (exists (select from projects p where p.id = project_id and p.user_id = (select auth.uid())));
insert into projects (id, name, user_id, task_queue_name) values
  ('${project}', 'Billing Mails', '${owner}', 'abc123-billing-mails-queue');
insert into workflow_statuses (id, name, label) values ('${active}', 'active', 'On');
insert into workflows (id, project_id, name, status_id, compiled_typescript) values
  ('${workflow}', '${project}', 'mails', '${active}', '{"workflow_code":"export function a() {}"}');
`;

const test = suite<{
  undo: AsyncDisposableStack;
  admin: postgres.Sql;
  rest: Rest;
  store: ProjectStore;
}>('a database of the builder');

const server = await startPostgres();
if (typeof server === 'string') console.log(`skipped: ${server}`);
const on = typeof server === 'string' ? test.skip : test;

test.before(async (context) => {
  context.undo = new AsyncDisposableStack();
  if (typeof server === 'string') return;
  context.undo.use(server);
  context.admin = postgres({ ...server.reach('postgres'), max: 1, onnotice: () => {} });
  context.undo.defer(() => context.admin.end());
  await context.admin.unsafe(PLATFORM);
  await context.admin.unsafe(BUILDER);
  await migrate(context.admin);
  context.rest = context.undo.use(await serveRest(server));
  const { options, serviceRoleKey } = context.rest;
  context.store = storeOver('PostgreSQL', options.url, serviceRoleKey, options.apikey).store;
});

test.after(({ undo }) => undo.disposeAsync());

async function migrate(admin: postgres.Sql): Promise<void> {
  const files = await Array.fromAsync(glob('*.sql', { cwd: FOLDER }));
  for (const file of files.sort()) await admin.unsafe(await readFile(join(FOLDER, file), 'utf8'));
}

on('what the builder keeps is left as it is, and is read with what a host adds', async ({ admin, store }) => {
  const [row] = await admin`select name, colour, worker_desired, tenant_id from projects`;
  assert.equal({ ...row }, { name: 'Billing Mails', colour: 'red', worker_desired: 'stopped', tenant_id: null });
  assert.equal(
    [...(await admin`select id, name, label from workflow_statuses`)].map((status) => ({ ...status })),
    [{ id: active, name: 'active', label: 'On' }],
  );
  const read = await store.getProject(String(project));
  assert.equal(
    [read?.taskQueueName, read?.tenant, read?.kebabName, read?.workerSlots, read?.isActive],
    ['abc123-billing-mails-queue', owner, 'billing-mails', 1, true],
  );
  const [loaded] = await store.listActiveWorkflows(String(project));
  assert.equal(
    [loaded?.id, loaded?.status, loaded?.compiledTypescript],
    [workflow, 'active', '{"workflow_code":"export function a() {}"}'],
  );
});

on('a host works with it', async ({ store }) => {
  const id = String(project);
  const changed = await store.changeProject(id, { workerDesired: 'running' });
  assert.is(changed?.workerDesired, 'running');
  const saved = await store.saveProjectWorkflow({
    id: String(workflow),
    projectId: id,
    name: 'mails',
    kebabName: 'mails',
  });
  assert.equal([saved.status, saved.kebabName], ['active', 'mails']);
  const made = await store.saveProjectWorkflow({ projectId: id, name: 'new' });
  assert.is(made.status, null, 'the builder has no status `draft`');
  const component = await store.saveComponent({ projectId: id, name: 'send', code: 'x', version: '1' });
  assert.equal(await store.listProjectComponents(id), [component]);
  const { workerId } = await store.insertWorker({
    workerId: 'w',
    projectId: id,
    taskQueueName: 'q',
    status: 'starting',
    host: 'h',
    processId: '1',
    startedAt: new Date().toISOString(),
    lastHeartbeat: null,
    metadata: {},
    slot: 0,
    leaseFence: 1,
  });
  assert.is((await store.moveWorker(workerId, ['starting'], { status: 'running' }))?.status, 'running');
});

on("the builder's people keep reading their own rows and scripts read none of them", async ({ admin, rest }) => {
  assert.equal(await probeDatabase(rest.options), []);
  const seenBy = (claims: { sub?: string | undefined; tenant_id?: string | undefined }) =>
    admin.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      await sql`select set_config('request.jwt.claim.sub', ${claims.sub ?? ''}, true)`;
      await sql`set local role authenticated`;
      const [row] =
        await sql`select (select count(*)::int from projects) as p, (select count(*)::int from workflows) as w,
        (select count(*)::int from workflow_workers) as l`;
      return { ...row };
    });
  assert.equal(await seenBy({ sub: owner }), { p: 1, w: 2, l: 0 });
  assert.equal(await seenBy({ sub: randomUUID() }), { p: 0, w: 0, l: 0 });
  assert.equal(await seenBy({ tenant_id: owner }), { p: 0, w: 0, l: 0 });
});

on('a policy of the builder that lets everybody in, or people change code, is refused', async ({ admin, rest }) => {
  const open = [
    'create policy open on components for select to authenticated using (true)',
    'create policy open on components for insert to authenticated with check (auth.uid() is not null)',
    'create policy open on components for all to authenticated using (auth.uid() is not null)',
  ];
  for (const policy of open) {
    await admin.unsafe(policy);
    const found = await probeDatabase(rest.options);
    assert.is(found.length, 1, policy);
    assert.match(String(found[0]), /policy public\.components open does not look at tenant_id/);
    await admin.unsafe('drop policy open on components');
  }
});

on(
  'the views for operators tell of running workers and of workflows, to nobody without rights',
  async ({ admin, store }) => {
    const views = join(FOLDER, '../operator/views.postgres.sql');
    for (const _ of ['once', 'and again']) await admin.unsafe(await readFile(views, 'utf8'));
    await store.moveWorker('w', ['running'], { lastHeartbeat: new Date(Date.now() - 90_000).toISOString() });
    const [worker] = await admin`select * from running_workers`;
    assert.equal([worker?.worker_id, worker?.project_id, worker?.status], ['w', project, 'running']);
    assert.ok(Math.abs(Number(worker?.seconds_since_heartbeat) - 90) < 30, String(worker?.seconds_since_heartbeat));
    const [mails] = await admin`select * from project_workflows where id = ${String(workflow)}`;
    assert.equal(
      { ...mails },
      { id: workflow, project_id: project, kebab_name: 'mails', is_active: true, status: 'active' },
    );
    const asStranger = admin.begin(async (sql) => {
      await sql`set local role authenticated`;
      await sql`select from running_workers`;
    });
    assert.is(
      await asStranger.then(
        () => 'read',
        (error: { code: string }) => error.code,
      ),
      '42501',
    );
  },
);

test.run();
