// timeout: 180 deep
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { workflow } from '../stand/project.ts';
import { openProduction } from './production.ts';

const forced = suite('a production host whose scripts do not end');
const LIMIT_MS = 45_000;
/** Longer than the grace, and over when the next host is up. */
const LASTS_MS = 42_000;

const SLOW = `import { http, run } from 'cloister';
export const description = 'waits';
export async function main(input: { witness: string; until: number }): Promise<unknown> {
  const tell = (phase: string) => http.fetch(input.witness + '/' + phase + '?activity=' + run.activity);
  await tell('start');
  while (Date.now() < input.until) await new Promise((resolve) => setTimeout(resolve, 200));
  await tell('end');
  return {};
}
`;
const params = { witness: '$input.witness', until: '$input.until' };

forced('it cuts them off when the grace is over and ends with 0 within 45 s; the next host does them', async () => {
  await using production = await openProduction({
    'activities/slow.ts': SLOW,
    ...workflow('slow', {
      rootChildren: ['wait'],
      activities: [{ id: 'wait', script: './activities/slow.ts', params, timeout: '3m' }],
    }),
  });
  const { witness, start, run, follow } = production;
  const host = await start();
  const runId = await run('slow', { until: Date.now() + LASTS_MS });
  await witness.seen('start', 'wait');
  const since = performance.now();
  host.process.kill('SIGTERM');
  assert.is(await host.ended, 0);
  assert.ok(performance.now() - since < LIMIT_MS);
  assert.is(witness.count('end', 'wait'), 0, 'it was cut off');
  await start();
  assert.is(await follow(runId, 'slow'), 'completed');
  assert.is(witness.count('start', 'wait'), 2);
  assert.is(witness.count('end', 'wait'), 1);
});

forced.run();
