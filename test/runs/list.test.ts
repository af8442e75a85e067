// timeout: 90
/** Lists over Temporal's own index, with runs that end in another order than they began. No host: nothing of these runs runs. */
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FhirHost } from '../../host/broker/fhir.ts';
import { connectOrStart, ensureAttributes } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { Runs } from '../../host/runs/index.ts';
import type { ListRuns } from '../../host/runs/list.ts';
import type { RunSummary } from '../../host/runs/view.ts';
import { eventually } from '../api/call.ts';
import { temporaryFolder } from '../stand/project.ts';

const list = suite('lists of runs');
const owned = new AsyncDisposableStack();
const COUNT = 120;
const ALL: ListRuns = {
  workflow: null,
  branch: null,
  status: null,
  commit: null,
  tenant: null,
  trigger: null,
  from: null,
  to: null,
  limit: 50,
  cursor: null,
};
const NO_FHIR = {} as FhirHost;
/** Newest first. */
const started: string[] = [];
let client: Client;

const fresh = () => new Runs(client, NO_FHIR, { queue: 'nobody' });

list.before(async () => {
  const folder = await temporaryFolder('list');
  owned.defer(() => folder.remove());
  const environment = readEnvironment();
  const temporal = await connectOrStart({ environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined });
  owned.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  client = new Client({ connection, namespace: temporal.namespace });
  await ensureAttributes(connection, temporal.namespace);
  const runs = fresh();
  const open: { workflowId: string; runId: string }[] = [];
  for (let n = 0; n < COUNT; n++) {
    const workflow = n % 4 === 0 ? 'rare' : 'often';
    const trigger = n % 5 === 0 ? ({ type: 'schedule', id: 'nightly' } as const) : undefined;
    const input = { tenantOrganizationId: `org-${n % 3}` };
    const run = await runs.start({ workflow, branch: null, input, ...(trigger && { trigger }) });
    started.unshift(run.runId);
    // Some stay open, some end at once, some long after.
    if (n % 10 !== 0 && n % 2 === 1) await client.workflow.getHandle(run.workflowId, run.runId).terminate();
    else if (n % 10 !== 0) open.push(run);
  }
  for (const run of open) await client.workflow.getHandle(run.workflowId, run.runId).terminate();
  await eventually(async () => {
    const query = "WorkflowType = 'billingWorkflow' AND ExecutionStatus = 'Terminated'";
    const { count } = await client.workflow.count(query);
    return count === COUNT - COUNT / 10 ? true : null;
  });
});
list.after(async () => {
  await owned.disposeAsync();
});

/** All pages of a list. */
async function walk(runs: Runs, filter: Partial<ListRuns>): Promise<RunSummary[]> {
  const seen: RunSummary[] = [];
  for (let cursor: string | null = null, pages = 0; pages === 0 || cursor !== null; pages++) {
    const { limit = 50 } = filter;
    const page = await runs.list({ ...ALL, ...filter, cursor });
    assert.ok(page.runs.length <= limit && pages <= COUNT);
    if (page.nextCursor !== null) assert.is(page.runs.length, limit, 'a page before the last is full');
    seen.push(...page.runs);
    cursor = page.nextCursor;
  }
  return seen;
}

const idsOf = (runs: readonly RunSummary[]) => runs.map(({ runId }) => runId);
/** Run ids of those whose number fits, newest first. */
const those = (fits: (n: number) => boolean) => started.filter((_, at) => fits(COUNT - 1 - at));

list('every run is on one page, newest first across all pages, whatever the size of a page', async () => {
  for (const limit of [200, 50, 7, 1]) {
    const runs = fresh();
    assert.equal(idsOf(await walk(runs, { limit })), started, `limit ${limit}`);
    if (limit > 1) assert.equal(idsOf(await walk(runs, { limit })), started, `limit ${limit}, again`);
  }
});

list('filters keep the order and leave nothing out', async () => {
  const runs = fresh();
  const of = async (filter: Partial<ListRuns>) => idsOf(await walk(runs, { limit: 9, ...filter }));
  assert.equal(
    await of({ workflow: 'rare' }),
    those((n) => n % 4 === 0),
  );
  assert.equal(
    await of({ tenant: 'org-1' }),
    those((n) => n % 3 === 1),
  );
  assert.equal(
    await of({ status: 'in-progress' }),
    those((n) => n % 10 === 0),
  );
  assert.equal(
    await of({ status: 'failed', workflow: 'often' }),
    those((n) => n % 10 !== 0 && n % 4 !== 0),
  );
  assert.equal(await of({ status: 'completed' }), []);
  assert.equal(
    await of({ trigger: { type: 'schedule', id: null } }),
    those((n) => n % 5 === 0),
  );
  assert.equal(
    await of({ trigger: { type: 'schedule', id: 'nightly' } }),
    those((n) => n % 5 === 0),
  );
  assert.equal(await of({ trigger: { type: 'schedule', id: 'night' } }), []);
  assert.equal(
    await of({ trigger: { type: 'manual', id: null } }),
    those((n) => n % 5 !== 0),
  );
  assert.equal(await of({ branch: { name: null } }), started);
  assert.equal(await of({ branch: { name: "o'neil\\" } }), []);
});

list('times bound the start', async () => {
  const runs = fresh();
  const all = await walk(runs, { limit: 200 });
  const [from = '', to = ''] = [all[90]?.executionPeriod.start, all[20]?.executionPeriod.start];
  const expected = all.filter(({ executionPeriod: { start } }) => start >= from && start < to);
  const found = idsOf(await walk(runs, { limit: 13, from, to }));
  // The index knows times more exactly than they are shown.
  assert.equal(found.slice(-expected.length), idsOf(expected));
  assert.ok(found.length - expected.length <= 3);
});

list('runs that begin while one turns pages come on no later page', async () => {
  const runs = fresh();
  const first = await runs.list({ ...ALL, limit: 20 });
  const { workflowId, runId } = await runs.start({ workflow: 'often', branch: null, input: {} });
  await eventually(async () => ((await runs.list({ ...ALL, limit: 1 })).runs[0]?.runId === runId ? true : null));
  const next = await runs.list({ ...ALL, limit: 20, cursor: first.nextCursor });
  assert.equal(idsOf([...first.runs, ...next.runs]), started.slice(0, 40));
  await client.workflow.getHandle(workflowId, runId).terminate();
});

list('a cursor that is none is refused', async () => {
  for (const cursor of ['x', 'AAAA', Buffer.from('123456 0 a').toString('base64url')]) {
    const error = await fresh()
      .list({ ...ALL, cursor })
      .catch((reason: { code?: string }) => reason);
    assert.is((error as { code?: string }).code, 'BODY_INVALID');
  }
});

list.run();
