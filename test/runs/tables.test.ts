// timeout: 90
/** The tables of keyed starts and of what scripts logged, on every database there is. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyedStarts, keyedBy } from '../../host/runs/idempotency.ts';
import { RunLogs } from '../../host/runs/logs.ts';
import { type Database, databases } from '../access/database.ts';

const tables = suite<{ owned: AsyncDisposableStack; all: readonly Database[] }>('tables of runs');

tables.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  context.all = await databases(context.owned);
});
tables.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const start = (id: string, createdAt = new Date().toISOString()) => {
  return { id, fingerprint: 'f', workflowId: 'name\u0000"1e3', createdAt };
};

tables('of many that claim one key exactly one gets it, and the first answer stays', async ({ all }) => {
  for (const { store } of all) {
    const id = randomUUID();
    const claims = await Promise.all(Array.from({ length: 6 }, () => store.claimIdempotent(start(id))));
    assert.is(claims.filter(Boolean).length, 1);
    const found = await store.findIdempotent(id);
    assert.equal([found?.workflowId, found?.answer], ['name\u0000"1e3', null]);
    const answers = await Promise.all([1, 2, 3].map((n) => store.answerIdempotent(id, { n })));
    assert.is(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
    assert.equal((await store.findIdempotent(id))?.answer, answers[0]);
    assert.is(await store.findIdempotent(randomUUID()), null);
  }
});

tables('a key is kept for a day, also where nobody tidies up', async ({ all }) => {
  for (const { store } of all) {
    const keys = new KeyedStarts(store, async () => null);
    const old = keyedBy(null, randomUUID(), {});
    await store.claimIdempotent({ ...start(old.id, new Date(Date.now() - 25 * 3_600_000).toISOString()) });
    assert.is(await keys.find(old, null), null);
    assert.is(await store.findIdempotent(old.id), null, 'it was forgotten');
    const attempt = await keys.claim(old, 'anew');
    assert.is(attempt.workflowId, 'anew');
    assert.equal(await keys.claim(old, 'later'), { ...attempt }, 'of the first claim');
    await store.pruneIdempotency(new Date(Date.now() - 1000).toISOString());
    assert.ok(await store.findIdempotent(old.id));
  }
});

tables('lines come back in order, by activity and from a place on, until they are swept away', async ({ all }) => {
  for (const { store } of all) {
    const logs = new RunLogs({ store, log: pino({ level: 'silent' }), gatherMs: 1 });
    const runId = randomUUID();
    for (let n = 0; n < 450; n++) {
      const line = {
        level: 'info',
        message: `1e${n}`,
        data: n % 2 === 0 ? { n } : undefined,
        time: new Date(n).toISOString(),
      };
      logs.write(line as never, { runId, activity: n % 3 === 0 ? 'a' : 'b', attempt: 1 });
    }
    await logs.close();
    const all = await logs.list({ runId, activity: null, after: 0, atMost: 1000 });
    assert.equal(
      all.map(({ message }) => message),
      Array.from({ length: 450 }, (_, n) => `1e${n}`),
    );
    assert.equal([all[1]?.data, all[2]?.data, all[2]?.time], [null, { n: 2 }, '1970-01-01T00:00:00.002Z']);
    const some = await logs.list({ runId, activity: 'a', after: all[100]?.seq ?? 0, atMost: 2 });
    assert.equal(
      some.map(({ message }) => message),
      ['1e102', '1e105'],
    );
    await store.pruneLines(new Date(449).toISOString());
    assert.is((await logs.list({ runId, activity: null, after: 0, atMost: 1000 })).length, 1);
  }
});

tables.run();
