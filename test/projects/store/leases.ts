import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Each } from './case.ts';

const SECOND = 1000;
const iso = (ms: number) => new Date(ms).toISOString();

/** Who runs what. */
export function leaseCases(each: Each): void {
  each(
    'PW-30 of many hosts that take a lease at once one has it, when it is new and whenever it is free again',
    async ({ store }) => {
      const resource = `project/${randomUUID()}/0`;
      let now = Date.now();
      const race = () =>
        Promise.all(
          Array.from({ length: 12 }, (_, n) => {
            const claim = {
              resource,
              holder: `host-${n}`,
              host: `h${n}`,
              now: iso(now),
              expiresAt: iso(now + 30 * SECOND),
            };
            return store.acquireLease(claim);
          }),
        ).then((claims) => claims.filter((lease) => lease !== null));

      const [first, ...others] = await race();
      assert.equal([first?.fence, others.length], [1, 0]);
      assert.equal(await race(), [], 'it is held');
      now += 30 * SECOND - 1;
      assert.equal(await race(), [], 'a millisecond before it expires');
      now += 1;
      const [second, ...none] = await race();
      assert.equal([second?.fence, none.length], [2, 0]);
      await store.releaseLease({ resource, holder: String(second?.holder), fence: 2, now: iso(now) });
      const [third, ...nobody] = await race();
      assert.equal([third?.fence, nobody.length], [3, 0]);
      assert.equal(await store.listLeases(`project/${resource.split('/')[1]}/`), [third]);
    },
  );

  each('PW-31 who has lost a lease can neither renew it nor give it back', async ({ store }) => {
    const resource = `project/${randomUUID()}/1`;
    const now = Date.now();
    const take = (holder: string, at: number) =>
      store.acquireLease({ resource, holder, host: 'h', now: iso(at), expiresAt: iso(at + 30 * SECOND) });
    const renew = (holder: string, fence: number, at: number) =>
      store.renewLease({ resource, holder, fence, now: iso(at), expiresAt: iso(at + 30 * SECOND) });
    assert.is((await take('a', now))?.fence, 1);
    assert.is(await renew('a', 1, now + 20 * SECOND), true);
    assert.is(await take('b', now + 40 * SECOND), null, 'renewed in time');
    assert.is((await take('b', now + 50 * SECOND))?.fence, 2);
    assert.is(await renew('a', 1, now + 51 * SECOND), false);
    await store.releaseLease({ resource, holder: 'a', fence: 1, now: iso(now + 51 * SECOND) });
    // The same host a second time, as one that was started anew under its name.
    assert.is((await take('a', now + 90 * SECOND))?.fence, 3);
    assert.is(await renew('a', 1, now + 91 * SECOND), false);
    await store.releaseLease({ resource, holder: 'a', fence: 1, now: iso(now + 91 * SECOND) });
    const [lease] = await store.listLeases(resource);
    assert.equal([lease?.holder, lease?.fence, lease?.expiresAt], ['a', 3, iso(now + 120 * SECOND)]);
  });

  each(
    'PW-30 what others do between a look at a lease and its taking is not overwritten',
    async ({ store, interrupt }) => {
      const now = Date.now();
      const later = now + 30 * SECOND;
      const take = (resource: string, holder: string, at: number) =>
        store.acquireLease({ resource, holder, host: 'h', now: iso(at), expiresAt: iso(at + 30 * SECOND) });
      const others = {
        renew: (resource: string) =>
          store.renewLease({ resource, holder: 'a', fence: 1, now: iso(later), expiresAt: iso(later + 30 * SECOND) }),
        take: (resource: string) => take(resource, 'c', later),
        takeAndRelease: async (resource: string) => {
          await take(resource, 'c', later);
          await store.releaseLease({ resource, holder: 'c', fence: 2, now: iso(later) });
        },
      };
      const left = { renew: ['a', 1], take: ['c', 2], takeAndRelease: [null, 2] };
      for (const deed of ['renew', 'take', 'takeAndRelease'] as const) {
        const resource = `project/${randomUUID()}/0`;
        await take(resource, 'a', now);
        interrupt(() => others[deed](resource));
        assert.is(await take(resource, 'b', later), null, deed);
        const [lease] = await store.listLeases(resource);
        assert.equal([lease?.holder, lease?.fence], left[deed], deed);
      }
    },
  );

  each('the clock of the database is told where it has one, and is no lease', async ({ name, store }) => {
    const time = await store.databaseTime();
    if (name === 'embedded') assert.is(time, null);
    else assert.ok(time !== null && Math.abs(time - Date.now()) < 60_000);
    assert.ok((await store.listLeases('')).every(({ resource }) => resource.startsWith('project/')));
  });
}
