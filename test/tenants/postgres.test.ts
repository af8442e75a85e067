// timeout: 600
/** P5 on a real PostgreSQL: role authenticated, forced policies, the tenant set within the transaction. See sqlite.test.ts. */
import { suite } from 'uvu';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';
import { CANARY, openWorld } from './database.ts';
import { queries, TABLES } from './queries.ts';
import { separate } from './separation.ts';

const test = suite('tenants on PostgreSQL');
const open = new AsyncDisposableStack();
const worlds = await openWorlds();
if (typeof worlds === 'string') console.log(`skipped: ${worlds}`);

async function openWorlds() {
  const opened = [];
  for (const isFull of [true, false]) {
    const project = await openProject(TABLES);
    if (typeof project === 'string') return project;
    open.use(project);
    const rest = open.use(await serveRest(project.server, { pool: 12 }));
    const door = {
      run: async (sql: string) => void (await project.admin.unsafe(sql)),
      rows: async (sql: string) => [...(await project.admin.unsafe(sql))],
    };
    const world = openWorld(rest.options, door, { isFull, empty: 'truncate tasks, notes;' });
    open.defer(() => world.close());
    await world.reset?.();
    // The planner's statistics know of the victim's rows, and nobody else may learn from them.
    await project.admin`analyze`;
    opened.push({ ...world, version: project.server.version });
  }
  return opened;
}

const on = typeof worlds === 'string' ? test.skip : test;

on('P5: thousands of calls after another tenant’s rows read, change, count and hint at none', async () => {
  const [full, empty] = typeof worlds === 'string' ? [] : worlds;
  if (!full || !empty) return;
  const name = `PostgreSQL ${full.version}`;
  await separate({ name, calls: queries, kindOf: ({ kind }) => kind, full, empty, canary: CANARY });
});

test.after(() => open.disposeAsync());

test.run();
