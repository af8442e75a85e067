// timeout: 120
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startApi } from '../../host/api/server.ts';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { startDevelopment } from '../../host/development.ts';
import { startFhirServer } from '../../host/embedded/fhir/index.ts';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { Runs } from '../../host/runs/index.ts';
import type { RunView } from '../../host/runs/view.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { caller, eventually } from './call.ts';

const worker = suite('the API while no worker is up');

const FILES = {
  ...script('echo', 'return input;'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...workflow('wait', {
    rootChildren: ['first', 'wait', 'last'],
    activities: [
      { id: 'first', script: './activities/echo.ts', params: { word: '$input.word' } },
      { id: 'wait', script: './activities/wait.ts' },
      { id: 'last', script: './activities/echo.ts' },
    ],
  }),
};

worker('a run is shown from its history, and one can be started that waits', async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await temporaryFolder('worker');
  owned.defer(() => folder.remove());
  await writeFiles(`${folder.path}/project`, FILES);
  const environment = readEnvironment();
  const temporal = await connectOrStart({ environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined });
  owned.defer(() => temporal.close());
  const host = await startDevelopment({
    environment: { ...environment, temporalAddress: temporal.address },
    projectDir: `${folder.path}/project`,
    dataDir: `${folder.path}/data`,
    port: 0,
    progress: () => undefined,
  });
  let up = true;
  const stop = async () => {
    if (up) await host.close();
    up = false;
  };
  owned.defer(stop);
  const before = caller(host.url);
  const started = (await before.post('/workflows/wait/run', { word: 'hi' })).body;
  const runPath = `/workflows/wait/runs/${started.runId}`;
  await eventually(async () => ((await before.get(runPath)).body.activities?.[1].status === 'running' ? true : null));
  const { shelf } = host;
  await stop();

  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  const client = new Client({ connection, namespace: temporal.namespace });
  const server = await startFhirServer({ dbFile: `${folder.path}/data/fhir.db` });
  owned.defer(() => server.close());
  const fhir = createFhirCapability({ baseUrl: server.url, mode: 'organization-prefix', auth: null });
  owned.defer(async () => fhir.close?.());
  const api = await startApi({
    shelf,
    runs: new Runs(client, fhir.host),
    ward: null,
    plugins: null,
    webhooks: null,
    repository: null,
    access: { kind: 'loopback' },
    address: '127.0.0.1',
    port: 0,
    unscopedRuns: 'allow',
    appSecret: null,
    triggers: null,
    schedules: null,
    chores: null,
    checks: new Map(),
    operations: null,
    limits: null,
    keys: null,
    projects: null,
    projectCode: null,
    projectRuns: null,
    projectQueues: null,
    doctor: null,
    rows: null,
    load: null,
    log: pino({ level: 'silent' }),
  });
  owned.defer(() => api.close());
  const after = caller(api.url);

  const { status, body } = await after.get(runPath);
  const view = body as RunView;
  assert.is(status, 200, JSON.stringify(body));
  assert.is(view.status, 'in-progress');
  assert.equal([view.activities?.[0]?.status, view.activities?.[0]?.output], ['completed', { word: 'hi' }]);
  assert.is(view.activities?.[2]?.status, 'pending');
  assert.equal((await after.get(`/workflows/wait/runs/${started.workflowId}`)).body.runId, started.runId);

  const waiting = await after.post('/workflows/wait/run', { word: 'later' });
  assert.is(waiting.status, 202);
  const shown = (await after.get(`/workflows/wait/runs/${waiting.body.runId}`)).body as RunView;
  assert.is(shown.status, 'in-progress');
  assert.is(shown.activities, null, 'no plan was recorded yet');

  await client.workflow.getHandle(started.workflowId, started.runId).terminate('test');
  const ended = (await after.get(runPath)).body as RunView;
  assert.equal([ended.status, ended.error?.code], ['failed', 'TERMINATED']);
  assert.is(ended.billingWorkflow?.status, 'failed', 'the resource of a terminated run is mended');
});

worker.run();
