// timeout: 240
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openLog } from '../../host/log.ts';
import { Runs } from '../../host/runs/index.ts';
import type { RunView } from '../../host/runs/view.ts';
import { createScriptHost } from '../../host/scripts.ts';
import { Admission } from '../../host/temporal/admission.ts';
import { startWorker } from '../../host/temporal/worker.ts';
import { developmentTenants } from '../../host/tenants.ts';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const uncached = suite('a worker that keeps one run in memory and has several');
const closing: (() => Promise<unknown>)[] = [];
const QUEUE = 'uncached';
let stand: TestHost;
let runs: Runs;
let client: Client;
let time = 0;
const admission = new Admission({ now: () => time });

const echo = './activities/echo.ts';
const fail = './activities/fail.ts';
const many = Array.from({ length: 12 }, (_, n) => `p${n}`);

const FILES = {
  ...script('echo', 'return input;'),
  ...script('fail', 'throw new Error("no coverage found");'),
  ...workflow('mixed', {
    rootChildren: ['a', 'skipped', 'side', 'sub', 'last'],
    activities: [
      { id: 'a', script: echo, params: { word: '$input.word' }, children: ['b'] },
      { id: 'b', script: echo, params: { from: '$activities.a.output.word' } },
      { id: 'skipped', script: echo, applicability: ['$input.none'] },
      { id: 'side', script: fail, decoupled: true },
      { id: 'sub', childWorkflow: 'wide', params: { word: 'child' } },
      { id: 'last', script: echo },
    ],
  }),
  ...workflow('wide', {
    execution: 'parallel',
    rootChildren: many,
    activities: many.map((id) => ({ id, script: echo, params: { id, word: '$input.word' } })),
  }),
  ...workflow('failing', {
    rootChildren: ['ok', 'bad', 'later'],
    activities: [
      { id: 'ok', script: echo },
      { id: 'bad', script: fail, retries: 1, backoff: { initial: '1s', coefficient: 1, max: '1s' } },
      { id: 'later', script: echo },
    ],
  }),
};

uncached.before(async () => {
  stand = await testHost(FILES);
  closing.push(() => stand.close());
  const { temporal, fhirUrl } = stand.host.stack;
  const address = temporal?.address ?? '';
  const namespace = temporal?.namespace ?? '';
  const log = openLog({ level: 'silent', file: join(stand.dataDir, 'uncached.log') });
  const scripts = createScriptHost({
    fhir: { baseUrl: fhirUrl, mode: 'organization-prefix', auth: null },
    db: null,
    cells: { most: 4, memoryMb: null },
    auditStore: null,
    log,
  });
  closing.push(() => scripts.close());
  const native = await NativeConnection.connect({ address });
  closing.push(() => native.close());
  const connection = await Connection.connect({ address });
  closing.push(() => connection.close());
  const worker = await startWorker({
    connection: native,
    namespace,
    taskQueue: QUEUE,
    // With none at all the SDK puts out a run in the middle of its local activities, and then waits for timeouts of 10 s.
    cachedRuns: 1,
    admission,
    fhir: scripts.fhir.host,
    shelf: stand.host.shelf,
    tenants: developmentTenants(join(stand.dataDir, 'tenants.yaml'), () => undefined),
    runner: scripts.runner,
    ward: null,
    log: () => undefined,
    failed: () => undefined,
    payloadMaxBytes: 1_048_576,
    cacheDir: join(stand.dataDir, 'workflows'),
    graceMs: 1000,
    forceMs: 5000,
  });
  closing.push(() => worker.stop());
  client = new Client({ connection, namespace });
  runs = new Runs(client, scripts.fhir.host, { queue: QUEUE });
});
uncached.after(async () => {
  for (const close of closing.reverse()) await close();
});

async function startUncached(name: string, input: Record<string, unknown>) {
  const { pin, branch } = await stand.host.shelf.check(name, null, input);
  return runs.start({ workflow: name, branch, input, pin });
}

async function runUncached(name: string, input: Record<string, unknown>): Promise<RunView> {
  const started = await startUncached(name, input);
  for await (const view of runs.follow(started)) if (view.status !== 'in-progress') return view;
  throw new Error('the run was not followed to its end');
}

/** What must be the same in two runs of the same workflow with the same input. */
function essence({ status, error, activities, billingWorkflow }: RunView) {
  return {
    status,
    error,
    record: billingWorkflow?.status,
    activities: activities?.map((one) => ({
      ...{ id: one.id, status: one.status, reason: one.reason, attempts: one.attempts },
      ...{ input: one.input, error: one.error, output: one.childRun ? null : one.output },
    })),
  };
}

uncached('comes to the same outcomes as one that keeps them all', async () => {
  const names = ['mixed', 'wide', 'failing', 'mixed', 'failing'];
  const input = { word: 'hi', tenantOrganizationId: 'org-1' };
  const views = await Promise.all(names.map((name) => runUncached(name, input)));
  for (const [n, name] of names.entries()) {
    const view = views[n];
    assert.is(view?.status, name === 'failing' ? 'failed' : 'completed', JSON.stringify(view?.error));
    assert.equal(view && essence(view), essence(await stand.run(name, input)));
  }
});

uncached('leaves runs to Temporal while the starts of others are late, and begins all of them afterwards', async () => {
  const late = Promise.withResolvers<void>();
  // The clock of the admission stands still: whoever began a run has to wait for the next one.
  const start = admission.watch(() => late.promise);
  const started = await Promise.all(many.concat(many).map((id) => startUncached('failing', { id })));
  const lengths = async (): Promise<number[]> => {
    const asked = started.map(({ workflowId, runId }) => client.workflow.getHandle(workflowId, runId).describe());
    return (await Promise.all(asked)).map(({ historyLength }) => historyLength);
  };
  await sleep(3_000);
  // Started, and put into the queue. Those that polls were waiting for were begun.
  const waiting = (await lengths()).filter((length) => length <= 2).length;
  assert.ok(waiting >= 10, `${waiting} of ${started.length}`);
  late.resolve();
  await start;
  time += 10_000;
  while ((await lengths()).some((length) => length <= 2)) await sleep(100);
});

uncached.run();
