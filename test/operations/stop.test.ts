// timeout: 150
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openProduction, type Production, type ProductionHost } from './production.ts';

const stop = suite('a production host that is told to stop');
let production: Production;

stop.before(async () => {
  production = await openProduction();
});
stop.after(async () => production[Symbol.asyncDispose]());

/** SIGTERM, and what the host says while it drains. */
async function told(host: ProductionHost) {
  const { call } = production;
  host.process.kill('SIGTERM');
  const limit = performance.now() + 5000;
  while ((await call('/ready')).status === 200) {
    assert.ok(performance.now() < limit, 'it does not say that it stops');
    await sleep(20);
  }
  return { ready: await call('/ready'), start: await call('/workflows/chain/run', { method: 'POST', body: '{}' }) };
}

stop(
  'it is not ready at once and starts nothing; a second signal ends it at once, and the next host goes on',
  async () => {
    const { witness, call, start, run, follow } = production;
    const first = await start();
    const { status, checks } = (await call('/ready')).body;
    assert.is(status, 'ready');
    assert.equal(Object.keys(checks as object).sort(), ['database', 'fhir', 'temporal', 'worker']);
    witness.hold('a');
    const runId = await run();
    await witness.seen('start', 'a');
    const refused = await told(first);
    assert.equal([refused.ready.status, refused.ready.body.status], [503, 'stopping']);
    assert.equal([refused.start.status, refused.start.body.code], [503, 'STOPPING']);
    // One Ctrl-C may arrive several times within a second.
    await sleep(1200);
    const since = performance.now();
    first.process.kill('SIGTERM');
    assert.is(await first.ended, 130);
    assert.ok(performance.now() - since < 5000);
    witness.release();

    const second = await start();
    witness.hold('b');
    await witness.seen('start', 'b');
    assert.is(witness.count('start', 'a'), 2, 'what was cut off was done again');
    assert.is((await told(second)).ready.status, 503);
    await sleep(500);
    assert.is(second.process.exitCode, null, 'it waits for what runs');
    witness.release();
    assert.is(await second.ended, 0);
    assert.is(witness.count('end', 'b'), 1, 'what ran was let end');

    await start();
    assert.is(await follow(runId), 'completed');
    assert.is(witness.count('start', 'b'), 1, 'and was not done again');
    assert.is(witness.count('end', 'c'), 1);
  },
);

stop.run();
