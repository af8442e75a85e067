// timeout: 90
// deep
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectOrStart, ensureAttributes } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { Schedules } from '../../host/schedules/index.ts';
import { eventually } from '../api/call.ts';
import { temporaryFolder } from '../stand/project.ts';

const test = suite('times that pass while Temporal is down');

/** Longer than the shortest catch-up window that Temporal takes, which is 10 s. */
const OUTAGE_MS = 13_000;

test('they are made up for within the catch-up window, and missed beyond it', async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await temporaryFolder('outage');
  owned.defer(() => folder.remove());
  const environment = readEnvironment();
  const start = async () => {
    const options = { environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined };
    const temporal = await connectOrStart(options);
    const connection = await Connection.connect({ address: temporal.address });
    await ensureAttributes(connection, temporal.namespace);
    const schedules = new Schedules(new Client({ connection, namespace: temporal.namespace }));
    const close = async () => {
      await connection.close();
      await temporal.close();
    };
    return { schedules, close };
  };
  const before = await start();
  const spec = { intervals: [{ every: '1s' }] };
  const one = { workflow: 'w', branch: null, spec, input: {} };
  const long = { overlap: 'ALLOW_ALL', catchupWindow: '1h' };
  await before.schedules.register({ ...one, id: 'long', policies: long });
  await before.schedules.register({ ...one, id: 'short', policies: { ...long, catchupWindow: '10s' } });
  for (const id of ['long', 'short']) {
    await eventually(async () => ((await before.schedules.get(id)).counts.started > 0 ? true : null));
  }
  const downAt = Date.now();
  await before.close();
  await sleep(OUTAGE_MS);
  const after = await start();
  owned.defer(after.close);
  const { schedules } = after;
  const made = await eventually(async () => {
    const view = await schedules.get('long');
    const late = view.recentRuns.filter(
      ({ scheduledAt, startedAt }) => Date.parse(startedAt) - Date.parse(scheduledAt) > 2000,
    );
    return late.some(({ scheduledAt }) => Date.parse(scheduledAt) > downAt) ? view : null;
  });
  assert.is(made.counts.missed, 0);
  const short = await eventually(async () => {
    const view = await schedules.get('short');
    return view.counts.missed > 0 ? view : null;
  });
  assert.ok(short.counts.missed < OUTAGE_MS / 1000 + 5, JSON.stringify(short.counts));
  for (const id of ['long', 'short']) await schedules.remove(id);
});

test.run();
