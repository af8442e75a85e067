// timeout: 60
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../host/error.ts';
import { Ledger } from '../../host/webhooks/ledger.ts';
import { memoryDeliveries } from '../../host/webhooks/memory.ts';
import { Starter } from '../../host/webhooks/starts.ts';
import type { Delivery, DeliveryStore } from '../../registry/index.ts';
import { databases } from '../access/database.ts';

const test = suite<{ owned: AsyncDisposableStack; stores: [string, DeliveryStore][] }>('deliveries of webhooks');
const log = pino({ level: 'silent' });
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

const delivery = (more: Partial<Delivery> = {}): Delivery => ({
  id: `lab:${randomUUID()}`,
  state: 'claimed',
  claimedAt: ago(0),
  // Text that lite would read as JSON.
  workflowId: '{"a":1}',
  requestId: randomUUID(),
  runId: null,
  ...more,
});

const isInHand = (error: unknown): boolean => error instanceof ApiError && error.code === 'EVENT_IN_HAND';

async function rejects(work: Promise<unknown>, name: string): Promise<void> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(isInHand(error), `${name}: ${error}`);
}

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  const made = (await databases(context.owned)).map(({ name, store }) => [name, store] as [string, DeliveryStore]);
  context.stores = [...made, ['memory', memoryDeliveries()]];
});

test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

test('of several who claim an event at once, one has it', async ({ stores }) => {
  for (const [name, store] of stores) {
    const one = delivery();
    const other = { ...one, requestId: randomUUID() };
    const claims = await Promise.all([store.claimDeliveries([one]), store.claimDeliveries([other, delivery()])]);
    assert.is(claims.filter((ids) => ids.has(one.id)).length, 1, name);
    const [kept] = await store.findDeliveries([one.id]);
    const winner = claims[0]?.has(one.id) ? one : other;
    assert.equal(kept, winner, name);
    await store.settleDeliveries([{ ...winner, state: 'started', runId: 'r-1' }]);
    assert.equal(await store.findDeliveries([one.id]), [{ ...winner, state: 'started', runId: 'r-1' }], name);
    assert.is(await store.reclaimDelivery(delivery({ id: one.id }), one.claimedAt), false, `${name}: settled`);
  }
});

test('an event that is open is taken up by one alone, and old ones are forgotten', async ({ stores }) => {
  for (const [name, store] of stores) {
    const open = delivery({ state: 'open', claimedAt: ago(5_000) });
    const old = delivery({ claimedAt: ago(60_000) });
    await store.claimDeliveries([open, old]);
    const again = { ...open, state: 'claimed' as const };
    const tries = [1, 2].map((n) => store.reclaimDelivery({ ...again, claimedAt: ago(n) }, open.claimedAt));
    assert.is((await Promise.all(tries)).filter(Boolean).length, 1, name);
    await store.pruneDeliveries(ago(30_000));
    assert.equal(
      (await store.findDeliveries([open.id, old.id])).map(({ id }) => id),
      [open.id],
      name,
    );
  }
});

test('while somebody is at an event others wait; after a minute, or a day, they need not', async ({ stores }) => {
  for (const [name, store] of stores) {
    const ledger = new Ledger(store, log);
    const fresh = delivery();
    const stale = delivery({ claimedAt: ago(61_000) });
    const over = delivery({ state: 'started', runId: 'r-1', claimedAt: ago(25 * 60 * 60 * 1000) });
    await store.claimDeliveries([fresh, stale, over]);
    await rejects(ledger.find([fresh.id]), name);
    const known = await ledger.find([stale.id, over.id]);
    assert.equal([...known.keys()], [stale.id], name);
    const [claim] = await ledger.claim([stale], known);
    assert.equal(
      [claim?.workflowId, claim?.requestId, claim?.state],
      [stale.workflowId, stale.requestId, 'claimed'],
      name,
    );
    await rejects(ledger.claim([delivery(), fresh], new Map()), name);
  }
});

test('what was cut off half-way is completed by the next delivery, under the same request ids', async ({ stores }) => {
  for (const [name, store] of stores) {
    const ledger = new Ledger(store, log);
    const asked = new Map<string, string[]>();
    let failing = true;
    // Temporal itself cannot be made to go away between two starts of our choice.
    const runs: Pick<ConstructorParameters<typeof Starter>[0], 'start'> = {
      start: async ({ workflow, branch, attempt, input }) => {
        const { requestId = '', workflowId = '' } = attempt ?? {};
        const event = String(input.n);
        asked.set(event, [...(asked.get(event) ?? []), requestId]);
        if (failing && event === '2') throw new ApiError('TEMPORAL_UNAVAILABLE', 'Temporal does not answer');
        return { workflowId, runId: `run-${requestId}`, workflow, branch, deduplicated: false };
      },
    };
    const starter = new Starter(runs, ledger, log);
    const orders = [0, 1, 2, 3].map((n) => ({
      event: n,
      id: `cut:${randomUUID()}`,
      workflowId: null,
      tenant: null,
      input: { n },
      branch: null,
      pin: { digest: 'd', commit: null, dirty: false },
    }));
    const ids = orders.map(({ id }) => id);
    const common = { trigger: 'cut', workflow: 'w' };
    const first = await starter.start(orders, new Map(), common).catch((error: ApiError) => error.code);
    assert.is(first, 'TEMPORAL_UNAVAILABLE', name);
    failing = false;
    const known = await ledger.find(ids);
    const missing = orders.filter(({ id }) => known.get(id)?.state !== 'started');
    assert.ok(
      missing.some(({ event }) => event === 2),
      name,
    );
    const done = await starter.start(missing, known, common);
    assert.is(done.length, missing.length, name);
    for (const [event, requests] of asked) assert.is(new Set(requests).size, 1, `${name}: ${event}`);
    assert.ok(
      [...(await ledger.find(ids)).values()].every(({ state, runId }) => state === 'started' && runId),
      name,
    );
  }
});

test.run();
