// timeout: 180 deep
/** A worker of Temporal's SDK that Temporal turns away: the SDK gives up after a minute (PW-21, 22). */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { speakForTemporal } from '../../host/log.ts';
import { SharedConnection } from '../../host/projects/connection.ts';
import { DEFAULTS } from '../../host/projects/settings.ts';
import type { Launch } from '../../host/projects/types.ts';
import { runWorker } from '../../host/temporal/running.ts';
import { temporaryFolder } from '../stand/project.ts';
import { openGate } from './gate.ts';
import { newProject, openEmbedded, openHosted, until } from './hosted.ts';

const test = suite('a project worker that Temporal turns away');
const GIVES_UP_MS = 100_000;

test('PW-21, 22 its row has the reason, its answers none of it, and it is started again by itself', async () => {
  speakForTemporal(pino({ level: 'silent' }));
  await using owned = new AsyncDisposableStack();
  const folder = await temporaryFolder('temporal');
  owned.defer(() => folder.remove());
  const dbFile = join(folder.path, 'temporal.db');
  const temporal = await connectOrStart({ environment: readEnvironment(), dbFile, log: () => undefined });
  owned.defer(() => temporal.close());
  const gate = owned.use(await openGate(temporal.address));
  const connection = new SharedConnection(gate.address);
  owned.defer(() => connection.close());
  const { store } = owned.use(await openEmbedded());
  const launch: Launch = async (project) => {
    const { taskQueueName: taskQueue } = project();
    const activities = { nothing: async () => undefined };
    const worker = await Worker.create({ connection: await connection.get(), taskQueue, activities });
    const { ended, stop } = runWorker(worker);
    return { ended, stop: () => stop().catch(() => undefined), stats: () => ({}) };
  };
  const { workers, told } = await openHosted(store, { launch, restart: { ...DEFAULTS.restart, firstMs: 3_000 } });
  owned.defer(() => workers.close());
  const projects = [await newProject(store), await newProject(store)];
  for (const { id } of projects) await workers.start(id);
  assert.is(connection.opened, 1, 'PW-36 one connection for all');
  workers.startMonitoring();
  const [{ id } = { id: '' }] = projects;
  const before = await workers.status(id);
  gate.refuse();
  const isDown = async () => (await workers.status(id)).status === 'failed';
  await until(isDown, 'it fails', GIVES_UP_MS);
  const view = await workers.status(id);
  assert.equal([view.isRunning, view.lastError?.code], [false, 'TEMPORAL_CONNECTION_LOST']);
  assert.not.match(JSON.stringify(view), /node_modules|\.ts:|secret-words/);
  const [crash] = told('worker_crashed').filter(({ projectId }) => projectId === id);
  assert.equal([crash?.level, crash?.code, crash?.workerId], ['error', 'TEMPORAL_CONNECTION_LOST', before.workerId]);
  const rows = await store.listProjectWorkers(id, 9);
  const row = rows.find(({ workerId }) => workerId === before.workerId);
  assert.ok(row?.stoppedAt && row.metadata.error && row.metadata.stack);
  gate.pass();
  await until(async () => (await workers.status(id)).isRunning, 'it runs again', 30_000);
  assert.not.equal((await workers.status(id)).workerId, before.workerId);
});

// The SDK's worker that has failed keeps the process.
test.after(() => {
  setTimeout(() => process.exit(), 1_000).unref();
});

test.run();
